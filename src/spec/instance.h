/* What everybody may know of an instance: /etc/defenseclaw/N/instance.json (root, 0644), written by
 * setup, read by the units' processes, the gateway, verify and status. */
#ifndef DEFENSECLAW_SPEC_INSTANCE_H
#define DEFENSECLAW_SPEC_INSTANCE_H

#include "base/digest.h"
#include "spec/spec.h"

#include <sys/types.h>

struct instance {
    struct spec spec;
    char uuid[UUID_LEN + 1]; /* planted in all that setup makes */
    uid_t uid;               /* the sandbox user */
    gid_t gid;
    uid_t gateway_uid;
    gid_t gateway_gid;
};

/* {"schema":"defenseclaw.instance/1","uuid","uid","gid","gateway_uid","gateway_gid","spec":{…}}. */
cJSON *instance_to_json(const struct instance *in);
int instance_from_json(const cJSON *j, struct instance *in, struct err *e);

/* Reads /etc/defenseclaw/NAME/instance.json. -ENOENT (status EXIT_USAGE, fix: setup) when there is no
 * such instance; refuses a file that isn't root's. */
int instance_load(const char *name, struct instance *in, struct err *e);

/* ^[a-z][a-z0-9]{0,11}$ */
bool name_valid(const char *name);

#endif
