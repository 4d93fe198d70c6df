/* DNS over TCP: a client's queries one after the other, each asked over a connection of its own, of
 * one server after the other until one answers or DNS_GIVE_UP_MS are over. */
#include "base/ed25519.h"
#include "base/mem.h"
#include "gateway/dns.h"
#include "gateway/listener.h"
#include "gateway/upstreams.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>

enum { IDLE_S = 10 };

struct dns_conn {
    struct gateway *g;
    struct bufferevent *client, *server; /* server only while one is asked */
    struct event *deadline;
    struct dns_query query;
    size_t asked_len, next; /* next: the server after the one being asked */
    uint16_t id;
    int64_t began_ms;
    bool asking;
};

static void set_deadline(struct dns_conn *c, int64_t ms)
{
    struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

    evtimer_add(c->deadline, &tv);
}

static void drop_server(struct dns_conn *c)
{
    if (c->server)
        bufferevent_free(c->server);
    c->server = NULL;
}

static void conn_free(struct dns_conn *c)
{
    drop_server(c);
    bufferevent_free(c->client);
    event_free(c->deadline);
    slots_give(&c->g->sandbox);
    free(c);
}

static void write_message(struct bufferevent *bev, const uint8_t *m, size_t len)
{
    uint8_t prefix[2] = { (uint8_t)(len >> 8), (uint8_t)len };

    bufferevent_write(bev, prefix, sizeof prefix);
    bufferevent_write(bev, m, len);
}

/* Waits for the client's next query, which may be there already. */
static void next_query(struct dns_conn *c)
{
    drop_server(c);
    c->asking = false;
    set_deadline(c, IDLE_S * 1000);
    bufferevent_trigger(c->client, EV_READ, BEV_OPT_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
}

/* asked: whether it was passed on, and only the servers didn't answer. */
static void answer_error(struct dns_conn *c, enum dns_rcode rcode, bool asked, const char *reason)
{
    uint8_t out[DNS_QUERY_MAX];
    size_t len = dns_write_answer(&c->query, rcode, false, out);

    write_message(c->client, out, len);
    c->g->n.dns_failed++;
    dns_record(c->g, &c->query, "dns-tcp", asked, reason, c->asked_len, len, c->began_ms);
    next_query(c);
}

static void ask_next(struct dns_conn *c);

/* The whole message that lies at the beginning, without its length; NULL when it isn't there yet.
 */
static uint8_t *whole_message(struct evbuffer *in, size_t *len)
{
    size_t have = evbuffer_get_length(in);
    uint8_t prefix[2];

    if (have < sizeof prefix)
        return NULL;
    evbuffer_copyout(in, prefix, sizeof prefix);
    *len = (size_t)prefix[0] << 8 | prefix[1];
    if (have < sizeof prefix + *len)
        return NULL;
    return evbuffer_pullup(in, (ev_ssize_t)(sizeof prefix + *len)) + sizeof prefix;
}

static void on_server_read(struct bufferevent *bev, void *arg)
{
    struct dns_conn *c = arg;
    char rcode_text[12], reason[40];
    size_t len;
    uint8_t *m = whole_message(bufferevent_get_input(bev), &len);
    int rcode;

    if (!m)
        return;
    rcode = dns_check_answer(&c->query, c->id, m, len);
    if (rcode < 0) {
        ask_next(c);
        return;
    }
    dns_set_id(m, c->query.id);
    write_message(c->client, m, len);
    snprintf(reason, sizeof reason, "%s", dns_rcode_text(rcode, rcode_text));
    dns_record(c->g, &c->query, "dns-tcp", true, reason, c->asked_len, len, c->began_ms);
    next_query(c);
}

static void on_server_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        ask_next(arg);
}

static void ask_next(struct dns_conn *c)
{
    uint8_t out[DNS_QUERY_MAX];
    const struct upstream *list, *server;
    size_t count;

    drop_server(c);
    list = upstreams_list(c->g->upstreams, &count);
    if (c->next >= count) {
        answer_error(c, DNS_SERVFAIL, true, "no server answers");
        return;
    }
    server = &list[c->next++];
    c->server =
        bufferevent_socket_new(c->g->base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!c->server) {
        answer_error(c, DNS_SERVFAIL, true, "out of memory");
        return;
    }
    random_bytes(&c->id, sizeof c->id);
    bufferevent_setcb(c->server, on_server_read, NULL, on_server_event, c);
    bufferevent_setwatermark(c->server, EV_READ, 0, DNS_MESSAGE_MAX + 2);
    write_message(c->server, out, dns_write_query(&c->query, c->id, out));
    bufferevent_enable(c->server, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect(c->server,
                                   (const struct sockaddr *)(const void *)&server->address,
                                   (int)server->len) < 0)
        ask_next(c);
}

static void on_client_read(struct bufferevent *bev, void *arg)
{
    struct dns_conn *c = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    uint8_t *m;
    int r;

    if (c->asking || evbuffer_get_length(bufferevent_get_output(bev)) > DNS_MESSAGE_MAX)
        return; /* who doesn't take its answers gets no more: on_client_write comes back here */
    m = whole_message(in, &c->asked_len);
    if (!m)
        return;
    r = dns_read_query(m, c->asked_len, &c->query);
    evbuffer_drain(in, c->asked_len + 2);
    c->began_ms = now_ms();
    c->asking = true;
    c->next = 0;
    if (r == -EBADMSG) {
        conn_free(c);
    } else if (r > 0) {
        answer_error(c, (enum dns_rcode)r, false, "not a query that is passed on");
    } else if (!gateway_may_decide(c->g)) {
        answer_error(c, DNS_SERVFAIL, false, "the audit log can't be written");
    } else {
        set_deadline(c, DNS_GIVE_UP_MS);
        ask_next(c);
    }
}

static void on_client_write(struct bufferevent *bev, void *arg)
{
    on_client_read(bev, arg);
}

static void on_client_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        conn_free(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct dns_conn *c = arg;

    (void)fd;
    (void)what;
    if (c->asking)
        answer_error(c, DNS_SERVFAIL, true, "no server answers");
    else
        conn_free(c);
}

void dns_tcp_accept(struct gateway *g, int fd)
{
    struct dns_conn *c = calloc(1, sizeof *c);

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
    bufferevent_setcb(c->client, on_client_read, on_client_write, on_client_event, c);
    bufferevent_setwatermark(c->client, EV_READ, 0, DNS_MESSAGE_MAX + 2);
    set_deadline(c, IDLE_S * 1000);
    bufferevent_enable(c->client, EV_READ | EV_WRITE);
}
