/* The egress proxy, port 3128: CONNECT and absolute-form plain HTTP, decided request by request,
 * default deny. Nothing of a request is passed on as it came: it is parsed, decided and written
 * anew.
 *
 * A client's connection:
 *   HEAD --allowed--> OPENING --connected, CONNECT--> tunnel (pump.h), to the end
 *    ^                   |     --connected, HTTP--> EXCHANGE --answer passed on--> HEAD or LINGER
 *    |                   +--failed--+
 *    +--refused, bad, late----------+--> LINGER (answer sent, our side shut, the rest read) -->
 * gone */
#ifndef DEFENSECLAW_GATEWAY_EGRESS_H
#define DEFENSECLAW_GATEWAY_EGRESS_H

#include "base/buf.h"
#include "gateway/audit.h"
#include "gateway/force.h"
#include "gateway/gateway.h"
#include "gateway/http1.h"

struct bufferevent;
struct event;
struct opening;

/* For listener_new. */
void egress_accept(struct gateway *g, int fd);

/* The rest is shared by the proxy's own files. */

enum egress_state { EGRESS_HEAD, EGRESS_OPENING, EGRESS_EXCHANGE, EGRESS_LINGER, EGRESS_TUNNEL };

struct egress {
    struct gateway *g;
    enum egress_state state;
    struct bufferevent *client;   /* NULL in a tunnel: the pump owns it */
    struct bufferevent *upstream; /* EGRESS_EXCHANGE */
    struct event *deadline;
    bool client_ended; /* its end of file was seen */
    bool head_begun;   /* the deadline for a whole head runs */

    /* the request being served */
    struct buf head; /* its bytes; parsed again where it is needed */
    char method[HTTP_METHOD_MAX + 1];
    struct hostname host;
    uint16_t port;
    char *path;  /* with its query, as it is sent; NULL for CONNECT */
    char *route; /* path without its query: what rules see */
    unsigned minor;
    bool keep_alive;
    struct force *force; /* by which it is decided */
    struct opening *opening;
    struct audit_row row;
    int64_t seq, began_ms;
    int64_t up, down;

    /* the exchange */
    struct http_body request, response;
    bool request_done, response_begun, chunk_answer;
};

/* Bytes that wait for one side before the other is not read any more, and below which it is again.
 */
enum { EGRESS_HIGH = 64 << 10, EGRESS_LOW = 16 << 10 };

/* What the request asks of the policy; points into c. */
struct policy_request egress_question(const struct egress *c);

/* Answers with an error of our own and ends the connection after it was read. why is one line;
 * detail (NULL: none) follows in the body. */
void egress_answer(struct egress *c, unsigned status, const char *why, const char *detail);
/* 403 with what is missing and the YAML that would allow it. */
void egress_refuse(struct egress *c, const char *why, const struct address *address);

/* Begins passing the request on to c->upstream, which is connected. */
void egress_exchange(struct egress *c);
/* The answer was passed on whole: next request, or the end. */
void egress_next(struct egress *c, bool keep_alive);
/* More of the request's body may be there, or room for it. */
void egress_request_body(struct egress *c);

/* Nothing more is served: what waits is sent, then the connection ends. */
void egress_linger(struct egress *c);

void egress_set_deadline(struct egress *c, int seconds);
void egress_free(struct egress *c);

#endif
