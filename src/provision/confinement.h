/* The walls of the sandbox's processes: one table, from which come the agent's unit file, the
 * transient units of `sandbox run`, and what is read back from systemd to see that the walls stand.
 * A property that systemd doesn't know is ignored in a file, so only reading back shows it. */
#ifndef DEFENSECLAW_PROVISION_CONFINEMENT_H
#define DEFENSECLAW_PROVISION_CONFINEMENT_H

#include "base/buf.h"
#include "host/host.h"
#include "spec/instance.h"

#include <cjson/cJSON.h>

#define CONFINEMENT_VARS 8

/* What the table's variables stand for, in text. */
struct confinement {
    int version; /* systemd's */
    char name[NAME_MAX_LEN + 1];
    char home[256];
    char host_ip[INET_ADDRSTRLEN];
    char peers[(DNS_MAX + 1) * INET_ADDRSTRLEN]; /* addresses that answer it */
    char trees[3 * 4096];                        /* programs outside /usr, to bind */
    char config[512];                            /* environment under strict, else "" */
    char gateway_user[33];
};

enum confined { CONFINED_AGENT, CONFINED_GATEWAY };

/* Of h: systemd_version, openclaw_root, interpreter_root and gateway_user count. */
void confinement_of(const struct instance *in, const struct host *h, struct confinement *ret);

/* Appends the table's lines for a [Service] section. 0 or negative errno. */
int confinement_lines(const struct confinement *c, enum confined who, struct buf *out);

/* The agent's walls for StartTransientUnit, and what either unit has to read back: see
 * provision/property.h. The caller's; NULL when out of memory. */
cJSON *confinement_transient(const struct confinement *c);
cJSON *confinement_expected(const struct confinement *c, enum confined who);

#endif
