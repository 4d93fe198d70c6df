/* Row 2's second half: the namespace with its veth pair and fences, as one resource. It stands
 * behind the unit that makes it (setup may run where a namespace's name wouldn't be seen by others)
 * and before what runs in it. */
#ifndef DEFENSECLAW_PROVISION_NETWORK_H
#define DEFENSECLAW_PROVISION_NETWORK_H

#include "provision/provision.h"

int namespace_wants(const struct inputs *in, struct plan *p, struct err *e);

#endif
