/* Looking for socket files that this process could talk to. */
#ifndef DEFENSECLAW_PROBE_SOCKET_WALK_H
#define DEFENSECLAW_PROBE_SOCKET_WALK_H

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

/* Walks everything under the directory at path that this process can read, but not below /proc and
 * /sys, and not along symbolic links, and tries to connect to every socket file whose owner isn't
 * own: what that user made is its own affair. At most max_ms. */
void socket_walk(const char *path, uid_t own, int max_ms, struct socket_walk *ret);

#endif
