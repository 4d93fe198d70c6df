#include "gateway/egress.h"

#include "base/mem.h"
#include "gateway/listener.h"
#include "gateway/open.h"
#include "gateway/pump.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

enum { IDLE_S = 75, HEAD_S = 10, OPENING_S = 30, ANSWER_S = 15 };

void egress_set_deadline(struct egress *c, int seconds)
{
    struct timeval tv = { .tv_sec = seconds };

    event_add(c->deadline, &tv);
}

static void forget_request(struct egress *c)
{
    open_cancel(c->opening);
    if (c->upstream)
        bufferevent_free(c->upstream);
    c->upstream = NULL;
    force_unref(c->force);
    c->force = NULL;
    buf_done(&c->head);
    free(c->path);
    free(c->route);
    c->path = c->route = NULL;
}

void egress_free(struct egress *c)
{
    forget_request(c);
    if (c->client)
        bufferevent_free(c->client);
    event_free(c->deadline);
    slots_give(&c->g->sandbox);
    free(c);
}

struct policy_request egress_question(const struct egress *c)
{
    return (struct policy_request){
        .host = &c->host, .port = c->port, .method = c->path ? c->method : NULL, .path = c->route
    };
}

/* The row of the request's decision; the method of a tunnel is CONNECT. */
static void begin_row(struct egress *c)
{
    struct audit_row *row = &c->row;

    *row = (struct audit_row){ .port = c->port };
    snprintf(row->proto, sizeof row->proto, "%s",
             strcmp(c->method, "CONNECT") == 0 ? "connect" : "http");
    snprintf(row->method, sizeof row->method, "%s", c->method);
    snprintf(row->host, sizeof row->host, "%s", c->host.text);
}

static void add_row(struct egress *c, enum audit_verdict verdict, const char *reason, bool end)
{
    c->row.verdict = verdict;
    c->row.has_end = end;
    snprintf(c->row.reason, sizeof c->row.reason, "%.*s", (int)sizeof c->row.reason - 1, reason);
    c->seq = audit_add(c->g->audit, &c->row);
}

/* A request that isn't one is refused before it can be decided; what is known of it is recorded. */
static void reject(struct egress *c, unsigned status, const char *why)
{
    begin_row(c);
    c->g->n.refused++;
    add_row(c, AUDIT_REFUSE, why, true);
    egress_answer(c, status, why, NULL);
}

static void on_tunnel_end(const struct pump_total *total, void *arg)
{
    struct egress *c = arg;
    struct gateway *g = c->g;

    g->n.bytes_up += (uint64_t)total->forth;
    g->n.bytes_down += (uint64_t)total->back;
    audit_end(g->audit, c->seq, total->forth, total->back, now_ms() - c->began_ms,
              total->broken ? "ended by an error" : NULL);
    egress_free(c);
}

static void start_tunnel(struct egress *c, struct bufferevent *upstream)
{
    struct bufferevent *client = c->client;

    c->client = NULL;
    c->state = EGRESS_TUNNEL;
    forget_request(c);
    event_del(c->deadline);
    bufferevent_write(client, "HTTP/1.1 200 Connection established\r\n\r\n", 39);
    if (pump_start(client, upstream, c->client_ended, on_tunnel_end, c) < 0) {
        audit_end(c->g->audit, c->seq, 0, 0, 0, "out of memory");
        egress_free(c);
    }
}

static const char no_audit[] = "the audit log can't be written, so nothing is let out";

static void on_opened(const struct opened *o, void *arg)
{
    struct egress *c = arg;
    char text[INET6_ADDRSTRLEN], why[512];

    if (o->address.family)
        snprintf(c->row.address, sizeof c->row.address, "%s", address_text(&o->address, text));
    if (o->refused) {
        c->g->n.refused++;
        add_row(c, AUDIT_REFUSE, o->why, true);
        egress_refuse(c, o->why, &o->address);
    } else if (!o->bev) {
        c->g->n.failed++;
        add_row(c, AUDIT_ALLOW, o->why, true);
        snprintf(why, sizeof why, "%s:%u: %s", c->host.text, c->port, o->why);
        egress_answer(c, 502, why, NULL);
    } else if (!gateway_may_decide(c->g)) { /* it may have begun to fail since it was asked */
        bufferevent_free(o->bev);
        reject(c, 503, no_audit);
    } else {
        c->g->n.allowed++;
        add_row(c, AUDIT_ALLOW, "", false);
        if (!c->path) {
            start_tunnel(c, o->bev);
            return;
        }
        c->upstream = o->bev;
        c->state = EGRESS_EXCHANGE;
        egress_exchange(c);
    }
}

static void decide(struct egress *c)
{
    struct policy_request q = egress_question(c);
    struct policy_answer a;

    c->began_ms = now_ms();
    begin_row(c);
    if (!gateway_may_decide(c->g)) {
        reject(c, 503, no_audit); /* its row is written when that is possible again */
        return;
    }
    c->force = force_ref(c->g->force);
    policy_decide(c->force->policy, &q, &a);
    if (!a.allowed) {
        c->g->n.refused++;
        add_row(c, AUDIT_REFUSE, a.reason, true);
        egress_refuse(c, a.reason, NULL);
        return;
    }
    snprintf(c->row.rule, sizeof c->row.rule, "%s", a.rule);
    c->state = EGRESS_OPENING;
    egress_set_deadline(c, OPENING_S);
    open_start(c->g, c->force, &q, &c->opening, on_opened, c);
}

/* Host must name what the request line names: whoever reads the other one would be fooled. */
static bool host_agrees(const struct egress *c, const struct http_head *h, uint16_t fallback)
{
    struct hostname host;
    uint16_t port;

    if (!h->host.at) /* HTTP/1.0 */
        return true;
    return authority_parse(h->host.at, h->host.len, fallback, &host, &port) == 0 &&
           port == c->port && host.kind == c->host.kind && strcmp(host.text, c->host.text) == 0;
}

/* NULL, or why the target can't be served. */
static const char *read_connect(struct egress *c, const struct http_head *h)
{
    if (authority_parse(h->target.at, h->target.len, 0, &c->host, &c->port) < 0)
        return "CONNECT wants HOST:PORT, the host as a name or an address in its usual form";
    if (h->framing != HTTP_NO_BODY || h->upgrade)
        return "CONNECT has neither a body nor an Upgrade";
    return host_agrees(c, h, c->port) ? NULL : "Host is not the target's";
}

static const char *read_absolute(struct egress *c, const struct http_head *h)
{
    const char *authority = h->target.at + 7, *end = h->target.at + h->target.len,
               *path = authority;

    if (h->target.len <= 7 || strncasecmp(h->target.at, "http://", 7) != 0)
        return "this is a proxy: it wants http://HOST/PATH, or CONNECT HOST:PORT for https";
    if (memchr(h->target.at, '#', h->target.len))
        return "a fragment in the target";
    if (h->upgrade)
        return "Upgrade is not passed on: use CONNECT";
    while (path < end && *path != '/' && *path != '?')
        path++;
    if (authority_parse(authority, (size_t)(path - authority), 80, &c->host, &c->port) < 0)
        return "the target's host is neither a name nor an address in its usual form";
    if (asprintf(&c->path, "%s%.*s", path < end && *path == '/' ? "" : "/", (int)(end - path),
                 path) < 0) {
        c->path = NULL;
        return "out of memory";
    }
    c->route = strndup(c->path, strcspn(c->path, "?"));
    if (!c->route)
        return "out of memory";
    return host_agrees(c, h, 80) ? NULL : "Host is not the target's";
}

static void on_head(struct egress *c, const char *bytes, size_t len)
{
    struct http_head h;
    const char *why;
    int status = http_parse_request(bytes, len, &h, &why);

    if (status) {
        reject(c, (unsigned)status, why);
        return;
    }
    snprintf(c->method, sizeof c->method, "%s", h.method);
    c->minor = h.minor;
    c->keep_alive = h.keep_alive;
    http_body_start(&c->request, &h);
    why = strcmp(h.method, "CONNECT") == 0 ? read_connect(c, &h) : read_absolute(c, &h);
    if (!why && buf_add(&c->head, bytes, len) < 0)
        why = "out of memory";
    if (why)
        reject(c, 400, why);
    else
        decide(c);
}

static void read_head(struct egress *c)
{
    struct evbuffer *in = bufferevent_get_input(c->client);
    size_t have = evbuffer_get_length(in), look = have < HTTP_HEAD_MAX ? have : HTTP_HEAD_MAX;
    autofree char *copy = NULL;
    ssize_t len;

    if (!have || evbuffer_get_length(bufferevent_get_output(c->client)) > EGRESS_HIGH)
        return; /* who doesn't take its answers is not served on: on_write comes back here */
    if (!c->head_begun) {
        c->head_begun = true;
        egress_set_deadline(c, HEAD_S);
    }
    len = http_head_length((const char *)evbuffer_pullup(in, (ev_ssize_t)look), look);
    if (len == 0 && !c->client_ended)
        return;
    if (len <= 0) {
        reject(c, len == -EMSGSIZE ? 431 : 400, "the request's head is not well formed");
        return;
    }
    copy = malloc((size_t)len);
    if (!copy) {
        egress_free(c);
        return;
    }
    evbuffer_remove(in, copy, (size_t)len);
    on_head(c, copy, (size_t)len);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct egress *c = arg;
    struct evbuffer *in = bufferevent_get_input(bev);

    if (c->state == EGRESS_HEAD)
        read_head(c);
    else if (c->state == EGRESS_EXCHANGE)
        egress_request_body(c);
    else if (c->state == EGRESS_LINGER)
        evbuffer_drain(in, evbuffer_get_length(in));
}

/* Less than EGRESS_LOW waits for the client: the upstream is read again, or the end is passed on.
 */
static void on_write(struct bufferevent *bev, void *arg)
{
    struct egress *c = arg;

    if (c->state == EGRESS_HEAD) {
        read_head(c);
        return;
    }
    if (c->state == EGRESS_EXCHANGE && c->upstream)
        bufferevent_enable(c->upstream, EV_READ);
    if (c->state != EGRESS_LINGER || evbuffer_get_length(bufferevent_get_output(bev)))
        return;
    if (c->client_ended) {
        egress_free(c);
        return;
    }
    shutdown(bufferevent_getfd(bev), SHUT_WR);
    egress_set_deadline(c, 2); /* the answer is read before the connection is torn down */
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct egress *c = arg;
    bool waits = evbuffer_get_length(bufferevent_get_output(bev)) > 0;

    if (what & BEV_EVENT_ERROR) {
        if (c->state == EGRESS_OPENING)
            add_row(c, AUDIT_ALLOW, "the client went away", true);
        if (c->state == EGRESS_EXCHANGE)
            audit_end(c->g->audit, c->seq, c->up, c->down, now_ms() - c->began_ms,
                      "the client went away");
        egress_free(c);
    } else if (what & BEV_EVENT_EOF) {
        c->client_ended = true;
        if (c->state == EGRESS_HEAD || (c->state == EGRESS_LINGER && !waits))
            egress_free(c);
        else if (c->state == EGRESS_EXCHANGE)
            egress_request_body(c);
    }
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct egress *c = arg;

    (void)fd;
    (void)what;
    if (c->state == EGRESS_HEAD && c->head_begun) {
        reject(c, 408, "the request's head took too long");
        return;
    }
    if (c->state == EGRESS_OPENING) {
        open_cancel(c->opening);
        c->g->n.failed++;
        add_row(c, AUDIT_ALLOW, "took too long to connect", true);
        egress_answer(c, 504, "took too long to connect", NULL);
        return;
    }
    if (c->state == EGRESS_EXCHANGE)
        audit_end(c->g->audit, c->seq, c->up, c->down, now_ms() - c->began_ms,
                  "nothing moved for too long");
    egress_free(c);
}

void egress_linger(struct egress *c)
{
    c->state = EGRESS_LINGER;
    egress_set_deadline(c, ANSWER_S);
    bufferevent_setwatermark(c->client, EV_WRITE, 0, 0);
    bufferevent_enable(c->client, EV_READ);
    bufferevent_trigger(c->client, EV_WRITE, BEV_OPT_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
}

void egress_next(struct egress *c, bool keep_alive)
{
    c->g->n.bytes_up += (uint64_t)c->up;
    c->g->n.bytes_down += (uint64_t)c->down;
    audit_end(c->g->audit, c->seq, c->up, c->down, now_ms() - c->began_ms, NULL);
    forget_request(c);
    if (!keep_alive || c->client_ended) {
        egress_linger(c);
        return;
    }
    c->state = EGRESS_HEAD;
    c->head_begun = false;
    c->up = c->down = 0;
    c->method[0] = '\0';
    c->host = (struct hostname){ 0 };
    c->port = 0;
    c->request_done = c->response_begun = c->chunk_answer = false;
    egress_set_deadline(c, IDLE_S);
    bufferevent_enable(c->client, EV_READ);
    bufferevent_trigger(c->client, EV_READ, BEV_OPT_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
}

void egress_accept(struct gateway *g, int fd)
{
    struct egress *c = calloc(1, sizeof *c);

    if (c)
        c->deadline = evtimer_new(g->base, on_deadline, c);
    if (c && c->deadline)
        c->client = bufferevent_socket_new(g->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!c || !c->client) {
        if (c && c->deadline)
            event_free(c->deadline);
        free(c);
        close(fd);
        slots_give(&g->sandbox);
        return;
    }
    c->g = g;
    pump_tune(c->client);
    bufferevent_setcb(c->client, on_read, on_write, on_event, c);
    bufferevent_setwatermark(c->client, EV_READ, 0, EGRESS_HIGH);
    bufferevent_setwatermark(c->client, EV_WRITE, EGRESS_LOW, 0);
    egress_set_deadline(c, IDLE_S);
    bufferevent_enable(c->client, EV_READ | EV_WRITE);
}
