/* Whether a loaded unit has the walls that its file asks for, by what systemd itself says of it. */
#ifndef DEFENSECLAW_PROBE_CONFINED_H
#define DEFENSECLAW_PROBE_CONFINED_H

#include "base/err.h"
#include "sys/bus.h"

#include <cjson/cJSON.h>

/* Compares properties read back (an object) with what confinement_expected() wants. 0, or -EBADMSG
 * (EXIT_FAILED) naming the first property that is missing or weaker. Pure. */
int confined_compare(const cJSON *expected, const cJSON *effective, struct err *e);

/* Reads a loaded unit's properties and compares them; any drop-in, and any file but the one in
 * /etc/systemd/system, is a finding too (expected may be NULL: then only these). The unit isn't
 * touched. 0, -EBADMSG, -ENOENT when it isn't loaded, or what the bus says. */
int confinement_check(struct bus *b, const char *unit, const cJSON *expected, struct err *e);

#endif
