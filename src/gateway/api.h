/* The sandbox's port 18970 and the control socket: the same little server, other routes. */
#ifndef DEFENSECLAW_GATEWAY_API_H
#define DEFENSECLAW_GATEWAY_API_H

#include "gateway/gateway.h"

/* For listener_new: GET /health, GET /pair/challenge, POST /pair. */
void api_accept(struct gateway *g, int fd);
/* For listener_new: GET /health, GET /status; who asks is looked at by SO_PEERCRED. */
void control_accept(struct gateway *g, int fd);

#endif
