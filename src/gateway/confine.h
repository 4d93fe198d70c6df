/* What the gateway must not have, and what it gives up. */
#ifndef DEFENSECLAW_GATEWAY_CONFINE_H
#define DEFENSECLAW_GATEWAY_CONFINE_H

#include "base/err.h"
#include "spec/instance.h"

/* Refuses to go on as root, as the sandbox user, or with any capability; then gives up new
 * privileges and being dumped or traced, and raises the limit of open files to what it may have. 0
 * or negative errno with e set. */
int confine(const struct instance *in, struct err *e);

#endif
