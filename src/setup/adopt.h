/* Whether the user of the instance's name is one that setup may use: its own, or one that it is
 * told to take over and that brings nothing along. */
#ifndef DEFENSECLAW_SETUP_ADOPT_H
#define DEFENSECLAW_SETUP_ADOPT_H

#include "provision/provision.h"

/* record is the instance's whole record. Sets in->adopt_user when the user was adopted earlier.
 * -EEXIST (EXIT_MACHINE) names what is in the way. */
int adopt_check(struct inputs *in, const cJSON *record, struct err *e);

#endif
