/* Looking for socket files that this process could talk to. */
#ifndef DEFENSECLAW_PROBE_SOCKET_WALK_H
#define DEFENSECLAW_PROBE_SOCKET_WALK_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Plain data, so that it can lie in memory that processes share. */
struct socket_walk {
    size_t files;    /* entries seen */
    size_t sockets;  /* socket files among them that are not own's */
    size_t reached;  /* those that took a connection or a datagram's address */
    char first[256]; /* one that was reached, "" when none was */
    bool whole;      /* the walk came to its end */
    int error;       /* errno of what stopped it */
};

struct socket_look {
    uid_t own;          /* whose sockets don't count: what that user made is its own affair */
    const char *skip;   /* a directory not to walk, NULL */
    const char *listed; /* paths, a line each, to look at without walking, NULL */
    int max_ms;
};

/* The paths of all socket files bound in this network namespace, as whoever bound them named them,
 * a line each; for struct socket_look. 0 or negative errno. */
int socket_list(struct buf *out);

/* Walks what this process can read under the directory at path and tries to connect to every socket
 * file there. Not along symbolic links, not below /proc and /sys; and, since listing those takes
 * seconds on a cold disk, not in look's skip and not in trees mounted read-only (programs): sockets
 * there are those that the kernel lists. */
void socket_walk(const char *path, const struct socket_look *look, struct socket_walk *ret);

#endif
