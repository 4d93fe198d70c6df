/* A connection: READ (head, then body) --whole--> handler --httpd_reply--> WRITE --sent--> closed.
 * Between handler and reply the peer may leave: a deferred connection then waits, without its
 * socket, for the reply that frees it. */
#include "gateway/httpd.h"

#include "base/buf.h"
#include "base/mem.h"
#include "gateway/listener.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>

struct httpd_conn {
    struct gateway *g;
    const struct httpd_service *service;
    struct slots *slots;
    struct bufferevent *bev; /* NULL once the peer left a deferred connection */
    struct event *deadline;  /* for the whole request: trickling doesn't move it */
    struct buf head, body;
    struct http_body reader;
    bool trusted, have_head, deferred, replied;
};

static const struct timeval time_limit = { .tv_sec = 10 };

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    { 200, "OK" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 413, "Content Too Large" },
    { 417, "Expectation Failed" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
};

const char *http_reason(unsigned status)
{
    for (size_t i = 0; i < N_ELEMENTS(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

static void drop_peer(struct httpd_conn *c)
{
    if (!c->bev)
        return;
    bufferevent_free(c->bev);
    event_free(c->deadline);
    c->bev = NULL;
    slots_give(c->slots);
}

static void conn_free(struct httpd_conn *c)
{
    drop_peer(c);
    buf_done(&c->head);
    buf_done(&c->body);
    free(c);
}

static void reply(struct httpd_conn *c, unsigned status, const char *extra, const char *type,
                  const char *body)
{
    struct evbuffer *out;

    c->replied = true;
    if (!c->bev) {
        conn_free(c);
        return;
    }
    out = bufferevent_get_output(c->bev);
    evbuffer_add_printf(out,
                        "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                        "Cache-Control: no-store\r\n%sConnection: close\r\n\r\n%s",
                        status, http_reason(status), type, strlen(body), extra, body);
    bufferevent_disable(c->bev, EV_READ);
    event_add(c->deadline, &time_limit); /* now for the answer to be taken */
}

void httpd_reply(struct httpd_conn *c, unsigned status, const char *type, const char *body)
{
    reply(c, status, "", type, body);
}

void httpd_defer(struct httpd_conn *c)
{
    c->deferred = true;
}

static void refuse(struct httpd_conn *c, unsigned status, const char *why)
{
    char text[256];

    snprintf(text, sizeof text, "%s\n", why);
    httpd_reply(c, status, "text/plain", text);
}

static void dispatch(struct httpd_conn *c, const struct http_head *h)
{
    struct httpd_request q = { .g = c->g, .method = h->method, .trusted = c->trusted };
    char target[1024];
    char *mark;

    if (h->target.len >= sizeof target || h->target.at[0] != '/') {
        refuse(c, 400, "the target must be a path");
        return;
    }
    memcpy(target, h->target.at, h->target.len);
    target[h->target.len] = '\0';
    mark = strchr(target, '?');
    if (mark)
        *mark++ = '\0';
    q.path = target;
    q.query = mark ? mark : "";
    q.body = buf_str(&c->body);
    q.body_len = c->body.len;
    for (size_t i = 0; i < c->service->count; i++) {
        const struct httpd_route *route = &c->service->routes[i];
        char allow[64];

        if (strcmp(route->path, q.path) != 0)
            continue;
        if (strcmp(route->method, q.method) == 0) {
            route->handle(c, &q);
            return;
        }
        snprintf(allow, sizeof allow, "Allow: %s\r\n", route->method);
        reply(c, 405, allow, "text/plain", "another method is wanted here\n");
        return;
    }
    refuse(c, 404, "nothing is here");
}

/* Reads the body from the connection's input: 1 when it has ended. */
static int read_body(struct httpd_conn *c, struct evbuffer *in)
{
    size_t len = evbuffer_get_length(in);
    const char *bytes = (const char *)evbuffer_pullup(in, -1);
    size_t at = 0;
    int r = 0;

    while (r == 0 && (at < len || c->reader.framing != HTTP_CHUNKED)) {
        struct http_text data;
        size_t used;

        r = http_body_read(&c->reader, bytes + at, len - at, &used, &data);
        at += used;
        if (data.len && c->body.len + data.len > HTTPD_BODY_MAX)
            r = -EFBIG;
        else if (data.len && buf_add(&c->body, data.at, data.len) < 0)
            r = -ENOMEM;
        if (used == 0)
            break;
    }
    evbuffer_drain(in, at);
    return r;
}

static void on_head(struct httpd_conn *c, struct evbuffer *in, size_t len)
{
    const char *bytes = (const char *)evbuffer_pullup(in, (ev_ssize_t)len), *why;
    struct http_head h;
    unsigned status;

    status = (unsigned)http_parse_request(bytes, len, &h, &why);
    if (status) {
        refuse(c, status, why);
        return;
    }
    if (h.framing == HTTP_LENGTH && h.length > HTTPD_BODY_MAX) {
        refuse(c, 413, "the body is too large");
        return;
    }
    http_body_start(&c->reader, &h);
    if (buf_add(&c->head, bytes, len) < 0)
        refuse(c, 503, "out of memory");
    else
        c->have_head = true;
    evbuffer_drain(in, len);
    if (h.expect)
        bufferevent_write(c->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct httpd_conn *c = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    struct http_head h;
    const char *why;
    int r;

    if (c->replied || c->deferred) {
        evbuffer_drain(in, evbuffer_get_length(in));
        return;
    }
    if (!c->have_head) {
        size_t have = evbuffer_get_length(in);
        size_t look = have < HTTP_HEAD_MAX ? have : HTTP_HEAD_MAX;
        ssize_t len = http_head_length((const char *)evbuffer_pullup(in, (ev_ssize_t)look), look);

        if (len < 0)
            refuse(c, len == -EMSGSIZE ? 431 : 400, "the request's head is not well formed");
        if (len > 0)
            on_head(c, in, (size_t)len);
        if (!c->have_head || c->replied)
            return;
    }
    r = read_body(c, in);
    if (r < 0) {
        refuse(c, r == -EFBIG ? 413 : 400, "the body is too large or not well formed");
    } else if (r > 0) {
        event_del(c->deadline);
        http_parse_request(buf_str(&c->head), c->head.len, &h, &why); /* it was parsed before */
        dispatch(c, &h);
    }
}

static void on_write(struct bufferevent *bev, void *arg)
{
    struct httpd_conn *c = arg;

    (void)bev;
    if (c->replied)
        conn_free(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct httpd_conn *c = arg;

    (void)bev;
    (void)what;
    if (c->deferred && !c->replied)
        drop_peer(c);
    else
        conn_free(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    conn_free(arg);
}

void httpd_accept(struct gateway *g, int fd, struct slots *slots,
                  const struct httpd_service *service, bool trusted)
{
    struct httpd_conn *c = calloc(1, sizeof *c);

    if (c)
        c->deadline = evtimer_new(g->base, on_deadline, c);
    if (c && c->deadline)
        c->bev = bufferevent_socket_new(g->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!c || !c->bev) {
        if (c && c->deadline)
            event_free(c->deadline);
        free(c);
        close(fd);
        slots_give(slots);
        return;
    }
    c->g = g;
    c->service = service;
    c->slots = slots;
    c->trusted = trusted;
    bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
    bufferevent_setwatermark(c->bev, EV_READ, 0, HTTP_HEAD_MAX + HTTPD_BODY_MAX);
    event_add(c->deadline, &time_limit);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}
