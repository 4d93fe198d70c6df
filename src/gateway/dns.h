/* The sandbox's resolver, port 53 over UDP and TCP: each query is read, asked anew of the
 * configured servers one after the other, its answer held against it, and recorded. Nothing is
 * filtered yet. */
#ifndef DEFENSECLAW_GATEWAY_DNS_H
#define DEFENSECLAW_GATEWAY_DNS_H

#include "gateway/dns_msg.h"
#include "gateway/gateway.h"

enum {
    DNS_TRY_MS = 700,      /* then the next server is asked too */
    DNS_GIVE_UP_MS = 2000, /* then SERVFAIL */
    DNS_PENDING_MAX = 256, /* UDP queries at once; more are REFUSED */
};

/* Serves the UDP socket fd, which stays the caller's. 0 or -ENOMEM. */
int dns_new(struct gateway *g, int fd, struct dns **ret);
void dns_free(struct dns *d);

/* For listener_new: DNS over TCP. */
void dns_tcp_accept(struct gateway *g, int fd);

/* The row of one query: what became of it, and in which time. */
void dns_record(struct gateway *g, const struct dns_query *q, const char *proto, bool answered,
                const char *reason, size_t up, size_t down, int64_t began_ms);

#endif
