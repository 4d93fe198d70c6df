/* Accepts connections from the peers that a port is for, and closes all others at once. */
#ifndef DEFENSECLAW_GATEWAY_LISTENER_H
#define DEFENSECLAW_GATEWAY_LISTENER_H

#include "gateway/gateway.h"

enum peers {
    PEERS_SANDBOX,  /* the sandbox's address: BindToDevice doesn't keep users of the host out */
    PEERS_LOOPBACK, /* 127.0.0.0/8 */
    PEERS_LOCAL,    /* a UNIX socket: who asks is looked at by SO_PEERCRED */
};

/* Owns fd (non-blocking), for which a slot is taken. The callee gives the slot back with slots_give
 * when it closes fd. */
typedef void (*accept_fn)(struct gateway *g, int fd);

/* Listens on fd, which stays the caller's. When all slots are taken, full (NULL: nothing) is sent
 * to a new peer before it is closed. 0, -ENOMEM. */
int listener_new(struct gateway *g, int fd, enum peers peers, struct slots *slots, accept_fn fn,
                 const char *full, struct listener **ret);
void listener_free(struct listener *l);

void slots_give(struct slots *s);

/* Whether an IPv4 datagram's sender is the sandbox. */
struct sockaddr_storage;
bool peer_is_sandbox(const struct gateway *g, const struct sockaddr_storage *from);

#endif
