/* Does the agent answer? Asked when somebody wants to know, by a connection to its port. */
#ifndef DEFENSECLAW_GATEWAY_AGENT_H
#define DEFENSECLAW_GATEWAY_AGENT_H

#include "gateway/gateway.h"

enum state {
    STATE_RUNNING,
    STATE_STARTING,
    STATE_DEGRADED,
    STATE_DISABLED,
    STATE_ABSENT,
    STATE_COUNT
};

extern const char *const state_names[STATE_COUNT];

typedef void (*agent_fn)(enum state state, void *arg);

int agent_new(struct gateway *g, struct agent **ret);
void agent_free(struct agent *a);

/* Calls fn once, now or within 300 ms: absent without an agent, running when its port takes a
 * connection, starting until it did for the first time (two minutes at most), else degraded. An answer of
 * the last second counts. */
void agent_ask(struct agent *a, agent_fn fn, void *arg);

#endif
