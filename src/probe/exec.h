/* A program inside a sandbox: a transient unit in the instance's namespace, with the agent's walls.
 */
#ifndef DEFENSECLAW_PROBE_EXEC_H
#define DEFENSECLAW_PROBE_EXEC_H

#include "base/err.h"
#include "spec/instance.h"
#include "sys/transient.h"

struct sandbox_job {
    const struct instance *in;
    char *const *argv;      /* looked up on the sandbox's own PATH when there is no slash in it */
    const char *const *env; /* NAME=VALUE on top of what the agent has; NULL-terminated, or NULL */
    const char *tty;        /* see struct transient, as are the rest */
    int fds[3];
    unsigned timeout;
    struct transient_watch *watches;
    size_t watch_count;
    char unit[64]; /* out: the transient unit's name, set before it starts */
};

/* Runs the job to its end; *ret_status is as waitpid() gives it (127 << 8: no such program). 0;
 * -ETIMEDOUT when the timeout ended it; else negative errno with e set: the instance doesn't run,
 * the unit could not be walled in, … */
int sandbox_job_run(struct bus *b, struct sandbox_job *job, int *ret_status, struct err *e);

/* The same with the caller's own three streams and a connection of its own. */
int sandbox_exec(const struct instance *in, char *const argv[], const char *const *env,
                 int *ret_status, struct err *e);

#endif
