/* The instances of this machine. */
#ifndef DEFENSECLAW_PROBE_INSTANCES_H
#define DEFENSECLAW_PROBE_INSTANCES_H

#include "base/err.h"

#include <cjson/cJSON.h>

/* The document defenseclaw.list/1, by name:
 *   {"schema","instances":[{"name","state":"active|disabled|unreadable","policy","sandbox_ip",
 *    "host_ip","relay_port","home"}]}
 * Root sees the records, so disabled ones too; others see those that are set up. The caller's. */
int instances_list(cJSON **ret, struct err *e);

#endif
