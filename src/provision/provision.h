/* What is wanted: one file per row of the page, each a pure function from the spec and the
 * machine's facts to resources. No system calls here but reading our own data files through struct
 * inputs, so that its tests need no root. */
#ifndef DEFENSECLAW_PROVISION_PROVISION_H
#define DEFENSECLAW_PROVISION_PROVISION_H

#include "engine/plan.h"
#include "host/host.h"
#include "spec/instance.h"

/* A file of a template or of a bundle, path relative to the policy directory. */
struct input_file {
    char *path;
    char *data; /* owned */
    size_t len;
};

struct inputs {
    struct instance in; /* spec with uuid and ids */
    struct host host;
    const cJSON *record; /* the record's entries from the last good run, NULL on a first one */
    const struct spec *previous; /* the spec of the last good run while it is set up, else NULL */
    const char *quiesce_all;     /* the target's name, which stops everything of the instance */
    const char *quiesce_agent;   /* the agent's unit; both live as long as the plan */
    bool adopt_user;             /* --adopt-user */
    bool hold_agent;             /* first boot: provision all, start the agent only after verify */
    struct input_file *policy, *skill,
        *plugin; /* policy: template with the bundle's files on top */
    size_t policy_count, skill_count, plugin_count;
    const char *profile;       /* openclaw.json of a bundle, NULL when none */
    const char *env;           /* lines NAME=VALUE of a bundle for the sandbox, NULL */
    const cJSON *secrets;      /* {NAME: value} for the gateway's store, NULL */
    struct input_file *sealed; /* the same as NAME.cred, sealed for this machine */
    size_t sealed_count;
    bool keep_secrets;   /* no bundle: those of the last one stay */
    struct blobs *blobs; /* wanted bytes go here */
};

/* The state that a record's entry of this kind and id was left in; NULL when there is none. */
const cJSON *inputs_recorded(const struct inputs *in, const char *kind, const char *id);

/* Each adds its row's resources. 0 or negative errno with e set. */
typedef int (*wants_fn)(const struct inputs *in, struct plan *p, struct err *e);
int account_wants(const struct inputs *in, struct plan *p, struct err *e); /* 1 account.c */
int isolation_wants(const struct inputs *in, struct plan *p,
                    struct err *e); /* 1 cron, at, sshd, dbus */
int network_wants(const struct inputs *in, struct plan *p, struct err *e);   /* 2 network.c */
int policy_wants(const struct inputs *in, struct plan *p, struct err *e);    /* 3 policy.c */
int openclaw_wants(const struct inputs *in, struct plan *p, struct err *e);  /* 4 openclaw.c */
int identity_wants(const struct inputs *in, struct plan *p, struct err *e);  /* 7 identity.c */
int extras_wants(const struct inputs *in, struct plan *p, struct err *e);    /* 8 extras.c */
int secrets_wants(const struct inputs *in, struct plan *p, struct err *e);   /* secrets.c */
int launchers_wants(const struct inputs *in, struct plan *p, struct err *e); /* 6 launchers.c */
int units_wants(const struct inputs *in, struct plan *p, struct err *e);     /* 5 units.c */

int instance_wants(const struct inputs *in, struct plan *p, struct err *e); /* instance.json */

/* All rows in the order in which they are made. */
int provision_plan(const struct inputs *in, struct plan *p, struct err *e);

#endif
