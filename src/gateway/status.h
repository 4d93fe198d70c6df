/* What the gateway says about itself: the four state words for anybody, the whole for its own. */
#ifndef DEFENSECLAW_GATEWAY_STATUS_H
#define DEFENSECLAW_GATEWAY_STATUS_H

#include "gateway/agent.h"
#include "gateway/gateway.h"
#include "gateway/httpd.h"

#define STATUS_SCHEMA "defenseclaw.gateway-status/1"

struct buf;

/* {"gateway":{"state":…},"watcher":…,"guardrail":…,"sandbox":…} and nothing else. */
void status_health(const struct gateway *g, enum state sandbox, struct buf *out);
/* The document of GET /status; without details only schema, instance and the state words. 0,
 * -ENOMEM. */
int status_document(struct gateway *g, enum state sandbox, bool details, struct buf *out);

/* Routes. */
void status_handle_health(struct httpd_conn *c, const struct httpd_request *q);
void status_handle_status(struct httpd_conn *c, const struct httpd_request *q);

#endif
