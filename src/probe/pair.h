/* The controls' place: a throw-away pair of network namespaces with the instance's addresses and
 * the probes' targets in them, and none of our rules. What is refused behind the fence must succeed
 * here, or the refusal proves nothing. */
#ifndef DEFENSECLAW_PROBE_PAIR_H
#define DEFENSECLAW_PROBE_PAIR_H

#include "base/err.h"
#include "probe/attempt.h"

struct pair {
    int inside, outside; /* namespaces; gone with these descriptors */
};

/* Makes both: inside has the sandbox's address on eth0 and a default route (IPv4 and IPv6) to
 * outside, which has the host's address and every target's. 0 or negative errno with e set. */
int pair_make(struct in_addr sandbox_ip, struct in_addr host_ip, const union endpoint *targets,
              size_t count, struct pair *ret, struct err *e);
void pair_done(struct pair *p);

/* Listeners for attempts, opened in the calling process's namespace: one for each endpoint that can
 * be bound here. A response to HTTP is "200 OK", to a datagram the datagram. */
struct responder;
int responder_open(const struct attempt *attempts, size_t count, struct responder **ret);
/* How many listeners there are. */
size_t responder_listeners(const struct responder *r);
/* Serves until the process is killed. */
void responder_serve(struct responder *r) __attribute__((noreturn));
/* Closes the listeners (of this process). */
void responder_close(struct responder *r);

#endif
