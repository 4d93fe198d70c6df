/* A very small HTTP server for the API port and the control socket: one request a connection,
 * bodies up to 8 KiB, ten seconds for everything. */
#ifndef DEFENSECLAW_GATEWAY_HTTPD_H
#define DEFENSECLAW_GATEWAY_HTTPD_H

#include "gateway/gateway.h"
#include "gateway/http1.h"

#define HTTPD_BODY_MAX 8192

struct httpd_conn;

struct httpd_request {
    struct gateway *g;
    const char *method, *path, *query; /* query is "" without one */
    const char *body;                  /* terminated */
    size_t body_len;
    bool trusted; /* control socket only: root, the sandbox user or the gateway's own user asks */
};

struct httpd_route {
    const char *path;
    const char *method; /* others get 405 with this one in Allow */
    /* Answers now or later with httpd_reply, exactly once; the request is gone after this returns.
     */
    void (*handle)(struct httpd_conn *c, const struct httpd_request *q);
};

/* What one socket serves. */
struct httpd_service {
    const struct httpd_route *routes;
    size_t count;
};

/* Takes over fd and its slot; trusted goes into each request. */
void httpd_accept(struct gateway *g, int fd, struct slots *slots,
                  const struct httpd_service *service, bool trusted);

/* Sends status and a body of this type, and closes. The connection may be gone already: then
 * nothing happens. */
void httpd_reply(struct httpd_conn *c, unsigned status, const char *type, const char *body);

/* For an answer that comes later: keeps the handle valid until httpd_reply, though the peer may
 * leave. */
void httpd_defer(struct httpd_conn *c);

/* The standard reason phrase; "" for one that isn't used here. */
const char *http_reason(unsigned status);

#endif
