/* From a host that the policy allows to a connection: resolved once, every address checked, and the
 * checked address is the one connected to. */
#ifndef DEFENSECLAW_GATEWAY_OPEN_H
#define DEFENSECLAW_GATEWAY_OPEN_H

#include "gateway/force.h"
#include "gateway/gateway.h"

struct bufferevent;
struct opening;

struct opened {
    struct bufferevent *bev; /* the callee's; NULL when it failed */
    struct address address;  /* connected to, tried last, or refused; family 0 when there is none */
    bool refused;            /* by what an address is, see why */
    char why[200];           /* one line when bev is NULL */
};

typedef void (*open_fn)(const struct opened *o, void *arg);

/* q must have been allowed by f's policy; its host is copied, method and path must live until fn is
 * called. *slot is set while it goes on and NULL before fn is called, which may be before this
 * returns. */
void open_start(struct gateway *g, struct force *f, const struct policy_request *q,
                struct opening **slot, open_fn fn, void *arg);
/* fn is not called any more. NULL is fine. */
void open_cancel(struct opening *o);

/* A connection to one given address and port, without any check: for the relay to the agent. */
void open_address(struct gateway *g, const struct address *a, uint16_t port, struct opening **slot,
                  open_fn fn, void *arg);

#endif
