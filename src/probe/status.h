/* `sandbox status`: what runs, told by systemd and by the gateway. */
#ifndef DEFENSECLAW_PROBE_STATUS_H
#define DEFENSECLAW_PROBE_STATUS_H

#include "base/err.h"

#include <cjson/cJSON.h>

enum status_overall { STATUS_RUNNING, STATUS_PARTLY, STATUS_SILENT };

/* The document defenseclaw.status/1 of an instance that is set up:
 *   {"schema","instance","state":"running|partly|silent",
 *    "units":[{"name","active"}], "gateway":{"gateway":{"state"},…} or null,
 *    "policy":"…","sandbox_ip","host_ip","openclaw_port","relay_port"}
 * The caller's. Whoever may not ask systemd sees its units as "unknown". -ENOENT when there is no
 * such instance; negative errno with e set. */
int status_gather(const char *name, enum status_overall *ret_overall, cJSON **ret, struct err *e);

#endif
