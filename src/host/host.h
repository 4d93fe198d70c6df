/* What is known of the machine before anything is planned: gathered once, so that provision/ stays
 * free of system calls. */
#ifndef DEFENSECLAW_HOST_HOST_H
#define DEFENSECLAW_HOST_HOST_H

#include "base/err.h"
#include "engine/run.h"
#include "spec/spec.h"
#include "sys/devicekey.h"

#include <stdbool.h>
#include <sys/types.h>

#define GATEWAY_USER "defenseclaw" /* made by setup where nobody else was named */

struct host {
    int systemd_version; /* 252, 257, … */
    uid_t uid;           /* N's, existing or chosen for useradd */
    gid_t gid;
    bool user_exists;
    uid_t gateway_uid; /* of gateway_user, existing or chosen */
    gid_t gateway_gid;
    char gateway_user[33]; /* --gateway-user, else SUDO_USER, else "defenseclaw" */
    bool gateway_user_exists;
    char openclaw[4096];      /* "" when there is none; the path found, absolute */
    char openclaw_root[4096]; /* tree outside /usr to bind read-only into the unit, "" when none */
    char interpreter[4096];   /* node's real path, "" when openclaw is a native program */
    char interpreter_root[4096]; /* its tree when that lies outside /usr, "" when not */
    char device_key[DIGEST_HEX_LEN +
                    1];     /* digest of ~N/.defenseclaw/device.key, "" when it holds none */
    char device_pub[DEVICEKEY_PUB_LEN + 1]; /* its public half as device.pub holds it */
    char npm_registry[512]; /* npm's own configuration on this machine, "" when there is none */
    bool has_at_deny;       /* without the file, at is root's alone, and making it would open it */
    bool has_cron, has_at, has_sshd, has_dbus, has_networkd, has_networkmanager;
};

/* Whether this is Linux and we are root: asked before anything else. 0, or negative errno with
 * status EXIT_MACHINE. */
int host_check(struct err *e);

/* Fills h for a spec. Status EXIT_MACHINE when this machine can't (no systemd, …). Reads only. */
int host_gather(struct run *run, const struct spec *s, struct host *h, struct err *e);

#endif
