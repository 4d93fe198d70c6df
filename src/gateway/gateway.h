/* One running gateway: what its ports share. Everything runs on one event loop and is used from it
 * alone; only the audit writer is a process of its own. */
#ifndef DEFENSECLAW_GATEWAY_GATEWAY_H
#define DEFENSECLAW_GATEWAY_GATEWAY_H

#include "gateway/fds.h"
#include "spec/instance.h"

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct audit;
struct force;
struct listener;
struct agent;
struct pair;
struct upstreams;
struct dns;

enum { /* connections at once */
       SANDBOX_SLOTS = 1024,
       RELAY_SLOTS = 128,
       CONTROL_SLOTS = 32,
};

/* How many connections of one kind of peer there are, and may be. */
struct slots {
    unsigned used, max;
    uint64_t refused; /* turned away because it was full */
};

struct counters {
    uint64_t allowed, refused,
        failed; /* egress decisions; failed: allowed, but upstream didn't answer */
    uint64_t dns_queries, dns_failed;
    uint64_t relayed, relay_refused;
    uint64_t strangers; /* peers closed at accept */
    uint64_t bytes_up, bytes_down;
};

struct gateway {
    struct instance in;
    struct event_base *base;
    struct force *force;         /* policy and device key in force; never NULL while serving */
    struct upstreams *upstreams; /* the DNS servers that are asked */
    struct audit *audit;
    struct agent *agent; /* is the agent's port open? */
    struct pair *pair;   /* nonces handed out */
    struct dns *dns;
    struct listener *listeners[FD_COUNT];
    struct slots sandbox, relay, control;
    struct counters n;
    int64_t started_ms;      /* now_ms() */
    struct err reload_error; /* status 0 when the last reload was taken */
};

/* Milliseconds of the monotonic clock; of the wall clock since 1970. */
int64_t now_ms(void);
int64_t wall_ms(void);

/* Whether a new decision may be answered: false while audit can't be written and the template says
 * refuse (strict and default). */
bool gateway_may_decide(const struct gateway *g);

#endif
