/* The sockets that systemd opened for us, told apart by what they are bound to. */
#ifndef DEFENSECLAW_GATEWAY_FDS_H
#define DEFENSECLAW_GATEWAY_FDS_H

#include "base/err.h"

enum fd_role {
    FD_CONTROL, /* UNIX stream */
    FD_API,     /* HOST:18970 */
    FD_EGRESS,  /* HOST:3128 */
    FD_DNS_UDP, /* HOST:53 */
    FD_DNS_TCP,
    FD_RELAY, /* 127.0.0.1:PORT; absent with --no-host-networking */
    FD_COUNT,
};

extern const char *const fd_role_names[FD_COUNT];

struct fds {
    int fd[FD_COUNT]; /* -EBADF where none was given */
};

/* Takes the descriptors that were passed, makes them non-blocking and close-on-exec, and sorts them
 * by getsockname and SO_TYPE (their names are only informational). One that is nothing of ours, one
 * that comes twice and a missing one (but the relay) are errors. Caller closes with fds_done. */
int fds_take(struct fds *ret, struct err *e);
void fds_done(struct fds *f);

#endif
