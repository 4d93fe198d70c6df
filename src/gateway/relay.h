/* The host's loopback port to the agent's: for a person's browser. It checks that each request is
 * meant for this port (Host) and comes from a page of this port (Origin), so that a page of
 * somebody else's can't reach the agent by DNS rebinding or across origins. The agent's own token
 * stays in force.
 *
 *   HEAD --first good request--> OPENING --connected--> FLOWING: requests parsed in sequence and
 * passed on as they came, answers untouched; a WebSocket's Upgrade (first request only) --> ASKED
 * --101--> pump.h to the end, other answer --> FLOWING. Bad request --> LINGER. */
#ifndef DEFENSECLAW_GATEWAY_RELAY_H
#define DEFENSECLAW_GATEWAY_RELAY_H

#include "gateway/gateway.h"
#include "gateway/http1.h"

/* For listener_new. */
void relay_accept(struct gateway *g, int fd);

/* NULL when the request may pass, else why not (static text): Host must be 127.0.0.1, localhost or
 * [::1] with any port, Origin absent or exactly "http://" and that Host, the target a path. */
const char *relay_fault(const struct http_head *h);

#endif
