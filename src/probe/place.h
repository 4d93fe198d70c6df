/* Attempts made from elsewhere: in another network namespace, as another user, by a child process.
 */
#ifndef DEFENSECLAW_PROBE_PLACE_H
#define DEFENSECLAW_PROBE_PLACE_H

#include "probe/attempt.h"

#include <stdbool.h>
#include <sys/types.h>

struct place {
    int ns_fd; /* network namespace; negative: the calling process's */
    uid_t uid;
    gid_t gid;
};

/* Memory that a child's writing shows in; zeroed. NULL with errno set. Give back with
 * shared_free(). */
void *shared_new(size_t size);
void shared_free(void *p, size_t size);

/* Starts a child that goes there, becomes that user without any privilege or further group, makes
 * the attempts and writes their outcomes, which lie in shared memory. It dies with the caller.
 * *ret_pid is waited for by children_wait(). */
int place_start(const struct place *p, struct attempt *attempts, struct outcome *shared,
                size_t count, pid_t *ret_pid);

/* A child that runs fn, which doesn't come back, in a network namespace (negative: this one). */
int child_start(int ns_fd, void (*fn)(void *arg), void *arg, pid_t *ret_pid);

/* Gives up every privilege, for good: groups, ids, and the way back through a program. 0 or
 * negative errno. */
int become(uid_t uid, gid_t gid);

/* Waits for a child at most so long; ends it when that is over or at once with 0. Whether it ended
 * by itself with exit status 0. */
bool child_wait(pid_t pid, int timeout_ms);

#endif
