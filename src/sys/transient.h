/* A job as a transient unit: started by systemd with given properties, awaited to its end. */
#ifndef DEFENSECLAW_SYS_TRANSIENT_H
#define DEFENSECLAW_SYS_TRANSIENT_H

#include "base/err.h"
#include "sys/bus.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/* A file descriptor that the caller serves while the job runs. */
struct transient_watch {
    int fd; /* -1: not now */
    short events;
    void (*ready)(struct transient_watch *w, short revents);
    void *userdata;
};

struct transient {
    const char *unit; /* "x.service", not loaded yet */
    const char *description;
    const cJSON *properties; /* [{"name","signature","value"},…]; one that systemd doesn't know
                              * fails the start */
    const char *const
        *requires;          /* units that must be up, NULL-terminated: the job ends with them */
    char *const *argv;      /* argv[0]: an absolute path inside */
    const char *const *env; /* NAME=VALUE on top of the properties' own, NULL-terminated, or NULL */
    const char *tty;        /* path of a terminal for its three streams, or NULL */
    int fds[3];             /* without tty: its three streams; they stay the caller's */
    unsigned timeout;       /* seconds after which it is stopped, 0: never */
    struct transient_watch *watches;
    size_t watch_count;
};

/* Starts the job and returns when it has ended, with nothing of it left. *ret_status is as
 * waitpid() gives it. 0; -ETIMEDOUT when the timeout stopped it (status is set then too); else
 * negative errno with e set, and the job never ran. */
int transient_run(struct bus *b, const struct transient *t, int *ret_status, struct err *e);

/* Sends a signal to the job's main process. */
int transient_kill(struct bus *b, const char *unit, int signal);

#endif
