/* Places that several instances share (/etc/netns, a line in /etc/cron.deny): what stood there
 * before the first of them is what has to come back with the last. */
#ifndef DEFENSECLAW_SETUP_ORIGINS_H
#define DEFENSECLAW_SETUP_ORIGINS_H

#include "engine/plan.h"

/* Adds to a record an entry for every item of the plan that it lacks and that another instance,
 * which is set up, made where nothing was. 0 or -ENOMEM. */
int origins_inherit(const char *name, const struct plan *p, cJSON *record);

#endif
