#include "gateway/relay.h"

#include "base/mem.h"
#include "gateway/audit.h"
#include "gateway/httpd.h"
#include "gateway/listener.h"
#include "gateway/open.h"
#include "gateway/pump.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

enum { IDLE_S = 600, HEAD_S = 10, LINGER_S = 2 };

enum relay_state { HEAD, OPENING, FLOWING, ASKED, LINGER, TUNNEL };

struct relay {
    struct gateway *g;
    enum relay_state state;
    struct bufferevent *client, *agent;
    struct opening *opening;
    struct event *deadline;
    bool in_body, head_begun, client_ended;
    bool recorded;         /* a row of this connection waits for its end */
    unsigned passed;       /* requests passed on so far */
    struct http_body body; /* of the request being passed on */
    int64_t seq, began_ms, up, down;
};

static void set_deadline(struct relay *r, int seconds)
{
    struct timeval tv = { .tv_sec = seconds };

    event_add(r->deadline, &tv);
}

static void relay_free(struct relay *r)
{
    if (r->recorded)
        audit_end(r->g->audit, r->seq, r->up, r->down, now_ms() - r->began_ms, NULL);
    open_cancel(r->opening);
    if (r->client)
        bufferevent_free(r->client);
    if (r->agent)
        bufferevent_free(r->agent);
    event_free(r->deadline);
    slots_give(&r->g->relay);
    free(r);
}

static int64_t add_row(const struct relay *r, const struct http_head *h, const char *why)
{
    struct audit_row row = { .verdict = why ? AUDIT_REFUSE : AUDIT_ALLOW,
                             .has_end = why != NULL,
                             .port = r->g->in.spec.openclaw_port,
                             .proto = "relay" };
    struct address agent = { .family = AF_INET, .v4 = r->g->in.spec.sandbox_ip };

    address_text(&agent, row.address);
    snprintf(row.method, sizeof row.method, "%s", h->method);
    snprintf(row.host, sizeof row.host, "%.*s", (int)h->host.len, h->host.at ? h->host.at : "");
    snprintf(row.reason, sizeof row.reason, "%s", why ? why : "");
    return audit_add(r->g->audit, &row);
}

static void answer(struct relay *r, unsigned status, const char *why)
{
    evbuffer_add_printf(bufferevent_get_output(r->client),
                        "HTTP/1.1 %u %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\n\r\nDefenseClaw: %s\n",
                        status, http_reason(status), strlen(why) + 14, why);
    r->state = LINGER;
    bufferevent_setwatermark(r->client, EV_WRITE, 0, 0);
    set_deadline(r, HEAD_S);
}

/* Refuses a request, with what is known of it in its row. */
static void reject(struct relay *r, const struct http_head *h, unsigned status, const char *why)
{
    r->g->n.relay_refused++;
    add_row(r, h, why);
    answer(r, status, why);
}

/* The client has said its last: the agent is told once all of it was sent. */
static void pass_end(struct relay *r)
{
    if (r->client_ended && r->state == FLOWING &&
        !evbuffer_get_length(bufferevent_get_output(r->agent)))
        shutdown(bufferevent_getfd(r->agent), SHUT_WR);
}

static void read_requests(struct relay *r);

static void on_tunnel_end(const struct pump_total *total, void *arg)
{
    struct relay *r = arg;

    r->up += total->forth;
    r->down += total->back;
    relay_free(r);
}

/* The agent took the WebSocket: from here on it is bytes. */
static void start_tunnel(struct relay *r)
{
    struct bufferevent *client = r->client, *agent = r->agent;

    r->client = r->agent = NULL;
    r->state = TUNNEL;
    event_del(r->deadline);
    if (pump_start(client, agent, r->client_ended, on_tunnel_end, r) < 0)
        relay_free(r);
}

static void pass_answer(struct relay *r)
{
    struct evbuffer *in = bufferevent_get_input(r->agent);

    r->down += (int64_t)evbuffer_get_length(in);
    bufferevent_write_buffer(r->client, in);
    if (evbuffer_get_length(bufferevent_get_output(r->client)) > PUMP_HIGH)
        bufferevent_disable(r->agent, EV_READ);
}

static void on_agent_read(struct bufferevent *bev, void *arg)
{
    struct relay *r = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    char line[12];

    set_deadline(r, IDLE_S);
    if (r->state == LINGER) {
        evbuffer_drain(in, evbuffer_get_length(in));
        return;
    }
    if (r->state == ASKED) {
        if (evbuffer_copyout(in, line, sizeof line) < (ev_ssize_t)sizeof line)
            return;
        if (memcmp(line, "HTTP/1.1 101", sizeof line) == 0) {
            start_tunnel(r);
            return;
        }
        r->state = FLOWING;
        pass_answer(r);
        read_requests(r); /* what was held back */
        return;
    }
    pass_answer(r);
}

/* Room for more of the requests, or their end to pass on. */
static void on_agent_write(struct bufferevent *bev, void *arg)
{
    struct relay *r = arg;

    (void)bev;
    if (r->state == FLOWING)
        read_requests(r);
    pass_end(r);
}

static void on_agent_event(struct bufferevent *bev, short what, void *arg)
{
    struct relay *r = arg;

    (void)bev;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
        return;
    if (r->state == ASKED)
        pass_answer(r);
    bufferevent_free(r->agent);
    r->agent = NULL;
    r->state = LINGER;
    bufferevent_setwatermark(r->client, EV_WRITE, 0, 0);
    set_deadline(r, HEAD_S);
    bufferevent_trigger(r->client, EV_WRITE, BEV_OPT_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
}

static void on_opened(const struct opened *o, void *arg)
{
    struct relay *r = arg;

    if (!o->bev) {
        r->recorded = false;
        audit_end(r->g->audit, r->seq, 0, 0, now_ms() - r->began_ms, o->why);
        answer(r, 502, "the agent doesn't answer");
        return;
    }
    r->agent = o->bev;
    pump_tune(r->agent);
    bufferevent_setcb(r->agent, on_agent_read, on_agent_write, on_agent_event, r);
    bufferevent_enable(r->agent, EV_READ | EV_WRITE);
    r->g->n.relayed++;
    r->state = FLOWING;
    set_deadline(r, IDLE_S);
    read_requests(r);
}

static void open_agent(struct relay *r)
{
    struct address agent = { .family = AF_INET, .v4 = r->g->in.spec.sandbox_ip };

    r->state = OPENING;
    set_deadline(r, IDLE_S);
    open_address(r->g, &agent, r->g->in.spec.openclaw_port, &r->opening, on_opened, r);
}

/* 0 when the request may go on, else what it is answered with. */
static unsigned check(struct relay *r, const char *bytes, size_t len, struct http_head *h,
                      const char **why)
{
    unsigned status = (unsigned)http_parse_request(bytes, len, h, why);

    if (status)
        return status;
    *why = relay_fault(h);
    if (*why)
        return 403;
    if (h->upgrade && (r->passed || h->framing != HTTP_NO_BODY ||
                       !http_text_is_ci(http_header(h, "Upgrade"), "websocket"))) {
        *why = "only a WebSocket is upgraded to, by the first request of its connection";
        return 400;
    }
    if (!gateway_may_decide(r->g)) {
        *why = "the audit log can't be written";
        return 503;
    }
    return 0;
}

/* A whole head lies at the beginning of the input. The first one opens the connection to the agent
 * and is looked at again, and passed on, when that stands. */
static void on_head(struct relay *r, size_t len)
{
    struct evbuffer *in = bufferevent_get_input(r->client);
    const char *bytes = (const char *)evbuffer_pullup(in, (ev_ssize_t)len), *why;
    struct http_head h;
    unsigned status = check(r, bytes, len, &h, &why);

    if (status) {
        reject(r, &h, status, why);
        return;
    }
    if (r->state == HEAD) {
        r->seq = add_row(r, &h, NULL);
        r->recorded = true;
        r->began_ms = now_ms();
        open_agent(r);
        return;
    }
    http_body_start(&r->body, &h);
    r->in_body = true;
    r->passed++;
    r->up += (int64_t)len;
    if (h.upgrade)
        r->state = ASKED;
    evbuffer_remove_buffer(in, bufferevent_get_output(r->agent), len);
}

/* False when there is nothing more to do for now. */
static bool read_head(struct relay *r)
{
    static const struct http_head unread; /* nothing is known of it */
    struct evbuffer *in = bufferevent_get_input(r->client);
    size_t have = evbuffer_get_length(in), look = have < HTTP_HEAD_MAX ? have : HTTP_HEAD_MAX;
    ssize_t len;

    if (!have)
        return false;
    len = http_head_length((const char *)evbuffer_pullup(in, (ev_ssize_t)look), look);
    if (len == 0 && !r->head_begun)
        set_deadline(r, HEAD_S);
    r->head_begun = len == 0;
    if (len == 0)
        return false;
    if (len < 0) {
        reject(r, &unread, len == -EMSGSIZE ? 431 : 400, "the request's head is not well formed");
        return false;
    }
    on_head(r, (size_t)len);
    return r->state == FLOWING;
}

/* Passes the body's bytes on as they came, so far as they are understood. */
static bool read_body(struct relay *r)
{
    struct evbuffer *in = bufferevent_get_input(r->client);
    size_t len = evbuffer_get_contiguous_space(in), used;
    struct http_text data;
    int rc = http_body_read(&r->body, (const char *)evbuffer_pullup(in, (ev_ssize_t)len), len,
                            &used, &data);

    evbuffer_remove_buffer(in, bufferevent_get_output(r->agent), used);
    r->up += (int64_t)used;
    if (rc < 0) {
        answer(r, 400, "the request's body is not well formed");
        return false;
    }
    r->in_body = rc == 0;
    return rc > 0 || used > 0;
}

static void read_requests(struct relay *r)
{
    struct evbuffer *out = r->agent ? bufferevent_get_output(r->agent) : NULL;
    bool more = r->state == HEAD || r->state == FLOWING;

    while (more && (!out || evbuffer_get_length(out) < PUMP_HIGH))
        more = r->in_body ? read_body(r) : read_head(r);
}

static void on_client_read(struct bufferevent *bev, void *arg)
{
    struct relay *r = arg;

    if (r->state == LINGER) {
        evbuffer_drain(bufferevent_get_input(bev), evbuffer_get_length(bufferevent_get_input(bev)));
    } else if (r->state == HEAD || r->state == FLOWING) {
        if (r->state == FLOWING)
            set_deadline(r, IDLE_S);
        read_requests(r);
    }
}

static void on_client_write(struct bufferevent *bev, void *arg)
{
    struct relay *r = arg;

    if (r->agent)
        bufferevent_enable(r->agent, EV_READ);
    if (r->state != LINGER || evbuffer_get_length(bufferevent_get_output(bev)))
        return;
    if (r->client_ended) {
        relay_free(r);
        return;
    }
    shutdown(bufferevent_getfd(bev), SHUT_WR);
    set_deadline(r, LINGER_S);
}

static void on_client_event(struct bufferevent *bev, short what, void *arg)
{
    struct relay *r = arg;

    (void)bev;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
        return;
    r->client_ended = true; /* maybe only half: an answer may still be wanted */
    if (what & BEV_EVENT_ERROR || r->state == HEAD ||
        (r->state == LINGER && !evbuffer_get_length(bufferevent_get_output(bev))))
        relay_free(r);
    else
        pass_end(r);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct relay *r = arg;

    (void)fd;
    (void)what;
    relay_free(r);
}

void relay_accept(struct gateway *g, int fd)
{
    struct relay *r = calloc(1, sizeof *r);

    if (r)
        r->deadline = evtimer_new(g->base, on_deadline, r);
    if (r && r->deadline)
        r->client = bufferevent_socket_new(g->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!r || !r->client) {
        if (r && r->deadline)
            event_free(r->deadline);
        free(r);
        close(fd);
        slots_give(&g->relay);
        return;
    }
    r->g = g;
    pump_tune(r->client);
    bufferevent_setcb(r->client, on_client_read, on_client_write, on_client_event, r);
    bufferevent_setwatermark(r->client, EV_READ, 0, PUMP_HIGH);
    bufferevent_setwatermark(r->client, EV_WRITE, PUMP_LOW, 0);
    set_deadline(r, HEAD_S); /* any user of the host may connect: silence holds no slot for long */
    bufferevent_enable(r->client, EV_READ | EV_WRITE);
}
