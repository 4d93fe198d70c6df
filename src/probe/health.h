/* The one live probe that setup makes: does the gateway answer the sandbox? */
#ifndef DEFENSECLAW_PROBE_HEALTH_H
#define DEFENSECLAW_PROBE_HEALTH_H

#include "base/err.h"
#include "spec/instance.h"

/* Asks http://HOST-IP:18970/health as the sandbox user from inside its namespace, in a child, with
 * a plain socket; 10 seconds at most. 0 when the answer is 200, else negative errno with e set.
 * Needs root. */
int probe_health(const struct instance *in, struct err *e);

#endif
