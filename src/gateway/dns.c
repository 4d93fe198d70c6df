/* A query over UDP: asked of one server after the other, DNS_TRY_MS apart, each by a fresh socket
 * (so a fresh port) that is connected, so that only that server's datagrams come in. The first good
 * answer wins; after DNS_GIVE_UP_MS it is SERVFAIL. */
#include "gateway/dns.h"

#include "base/ed25519.h"
#include "base/mem.h"
#include "gateway/audit.h"
#include "gateway/listener.h"
#include "gateway/upstreams.h"

#include <event2/event.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum { TRIES_MAX = 3, RECEIVE_AT_ONCE = 32 };

struct pending;

struct attempt {
    struct pending *pending;
    int fd;
    struct event *event;
    uint16_t id;
    struct upstream server;
};

struct pending {
    LIST_ENTRY(pending) next;
    struct dns *dns;
    struct sockaddr_storage from;
    socklen_t from_len;
    struct dns_query query;
    size_t asked_len; /* bytes of the query as it came */
    struct attempt attempts[TRIES_MAX];
    size_t tries;
    struct event *timer;
    int64_t began_ms;
};

struct dns {
    struct gateway *g;
    int fd;
    struct event *readable;
    LIST_HEAD(, pending) pending;
    size_t pending_count;
    uint8_t buffer[DNS_MESSAGE_MAX];
};

void dns_record(struct gateway *g, const struct dns_query *q, const char *proto, bool answered,
                const char *reason, size_t up, size_t down, int64_t began_ms)
{
    struct audit_row row = { .verdict = answered ? AUDIT_ALLOW : AUDIT_REFUSE,
                             .has_end = true,
                             .port = PORT_DNS,
                             .bytes_up = (int64_t)up,
                             .bytes_down = (int64_t)down,
                             .duration_ms = now_ms() - began_ms };
    char type[12];

    snprintf(row.proto, sizeof row.proto, "%s", proto);
    snprintf(row.host, sizeof row.host, "%s", q->name);
    snprintf(row.method, sizeof row.method, "%s", dns_type_text(q->type, type));
    snprintf(row.reason, sizeof row.reason, "%s", reason);
    g->n.dns_queries++;
    audit_add(g->audit, &row);
}

static void attempt_done(struct attempt *a)
{
    if (a->event)
        event_free(a->event);
    a->event = NULL;
    fd_closep(&a->fd);
}

static void pending_free(struct pending *p)
{
    for (size_t i = 0; i < p->tries; i++)
        attempt_done(&p->attempts[i]);
    if (p->timer)
        event_free(p->timer);
    LIST_REMOVE(p, next);
    p->dns->pending_count--;
    free(p);
}

static void send_answer(struct dns *d, const struct pending *p, const uint8_t *m, size_t len)
{
    if (sendto(d->fd, m, len, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)(const void *)&p->from, p->from_len) < 0)
        d->g->n.dns_failed++; /* as lost as any datagram: the client asks again */
}

/* asked: whether it was passed on, and only the servers didn't answer. */
static void answer_error(struct pending *p, enum dns_rcode rcode, bool asked, const char *reason)
{
    uint8_t out[DNS_QUERY_MAX];
    size_t len = dns_write_answer(&p->query, rcode, rcode == DNS_NOERROR, out);

    send_answer(p->dns, p, out, len);
    if (rcode)
        p->dns->g->n.dns_failed++;
    dns_record(p->dns->g, &p->query, "dns", asked, reason, p->asked_len, len, p->began_ms);
    pending_free(p);
}

static bool ask_next(struct pending *p);

/* Whether another server might know better than this answer. */
static bool is_poor(int rcode)
{
    return rcode == DNS_SERVFAIL || rcode == DNS_REFUSED || rcode == DNS_NOTIMP;
}

static bool others_wait(const struct pending *p)
{
    for (size_t i = 0; i < p->tries; i++)
        if (p->attempts[i].event)
            return true;
    return false;
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct attempt *a = arg;
    struct pending *p = a->pending;
    struct dns *d = p->dns;
    ssize_t n = recv(fd, d->buffer, sizeof d->buffer, MSG_DONTWAIT);
    char rcode_text[12], server[80], reason[120];
    int rcode;

    (void)what;
    if (n < 0) { /* the server's host says that nobody listens */
        attempt_done(a);
        if (!ask_next(p) && !others_wait(p))
            answer_error(p, DNS_SERVFAIL, true, "no server answers");
        return;
    }
    rcode = dns_check_answer(&p->query, a->id, d->buffer, (size_t)n);
    if (rcode < 0)
        return; /* not the answer to our question: the true one may still come */
    if (is_poor(rcode)) {
        bool more;

        attempt_done(a);
        more = ask_next(p);
        if (more || others_wait(p))
            return;
    }
    snprintf(reason, sizeof reason, "%s from %s", dns_rcode_text(rcode, rcode_text),
             upstream_text(&a->server, server));
    if ((size_t)n > p->query.udp_size) {
        answer_error(p, DNS_NOERROR, true, reason);
        return;
    }
    dns_set_id(d->buffer, p->query.id);
    send_answer(d, p, d->buffer, (size_t)n);
    dns_record(d->g, &p->query, "dns", true, reason, p->asked_len, (size_t)n, p->began_ms);
    pending_free(p);
}

/* 0 when the server was asked. */
static int ask(struct pending *p, const struct upstream *server)
{
    struct attempt *a = &p->attempts[p->tries];
    uint8_t out[DNS_QUERY_MAX];
    size_t len;

    *a = (struct attempt){ .pending = p, .fd = -EBADF, .server = *server };
    p->tries++;
    random_bytes(&a->id, sizeof a->id);
    len = dns_write_query(&p->query, a->id, out);
    a->fd = socket(server->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (a->fd < 0 ||
        connect(a->fd, (const struct sockaddr *)(const void *)&server->address, server->len) < 0 ||
        send(a->fd, out, len, MSG_NOSIGNAL) < 0) {
        attempt_done(a);
        return -errno;
    }
    a->event = event_new(p->dns->g->base, a->fd, EV_READ | EV_PERSIST, on_answer, a);
    if (!a->event || event_add(a->event, NULL) < 0) {
        attempt_done(a);
        return -ENOMEM;
    }
    return 0;
}

/* Asks one server more; the list is gone through again while tries are left. */
static bool ask_next(struct pending *p)
{
    size_t count;
    const struct upstream *list = upstreams_list(p->dns->g->upstreams, &count);

    while (count && p->tries < TRIES_MAX)
        if (ask(p, &list[p->tries % count]) == 0)
            return true;
    return false;
}

static void arm(struct pending *p)
{
    int64_t left = p->began_ms + DNS_GIVE_UP_MS - now_ms();
    int64_t wait = p->tries < TRIES_MAX && left > DNS_TRY_MS ? DNS_TRY_MS : left > 0 ? left : 0;
    struct timeval tv = { .tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000 };

    evtimer_add(p->timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct pending *p = arg;

    (void)fd;
    (void)what;
    if (now_ms() - p->began_ms >= DNS_GIVE_UP_MS) {
        answer_error(p, DNS_SERVFAIL, true, "no server answers");
        return;
    }
    ask_next(p);
    arm(p);
}

static void on_query(struct dns *d, size_t len, const struct sockaddr_storage *from,
                     socklen_t from_len)
{
    struct pending *p = calloc(1, sizeof *p);
    int r;

    if (!p)
        return;
    p->dns = d;
    p->from = *from;
    p->from_len = from_len;
    p->asked_len = len;
    p->began_ms = now_ms();
    LIST_INSERT_HEAD(&d->pending, p, next);
    d->pending_count++;
    r = dns_read_query(d->buffer, len, &p->query);
    if (r == -EBADMSG) {
        pending_free(p);
    } else if (r > 0) {
        answer_error(p, (enum dns_rcode)r, false, "not a query that is passed on");
    } else if (d->pending_count > DNS_PENDING_MAX) {
        answer_error(p, DNS_REFUSED, false, "too many queries at once");
    } else if (!gateway_may_decide(d->g)) {
        answer_error(p, DNS_SERVFAIL, false, "the audit log can't be written");
    } else if (!(p->timer = evtimer_new(d->g->base, on_timer, p)) || !ask_next(p)) {
        answer_error(p, DNS_SERVFAIL, true, "no server can be asked");
    } else {
        arm(p);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct dns *d = arg;

    (void)what;
    for (int i = 0; i < RECEIVE_AT_ONCE; i++) {
        struct sockaddr_storage from = { 0 };
        socklen_t len = sizeof from;
        ssize_t n = recvfrom(fd, d->buffer, sizeof d->buffer, MSG_DONTWAIT,
                             (struct sockaddr *)(void *)&from, &len);

        if (n < 0)
            return;
        if (peer_is_sandbox(d->g, &from))
            on_query(d, (size_t)n, &from, len);
        else
            d->g->n.strangers++;
    }
}

int dns_new(struct gateway *g, int fd, struct dns **ret)
{
    struct dns *d = calloc(1, sizeof *d);
    int room = 1 << 20;

    if (!d)
        return -ENOMEM;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room,
               sizeof room); /* bursts wait here, as far as allowed */
    d->g = g;
    d->fd = fd;
    LIST_INIT(&d->pending);
    d->readable = event_new(g->base, fd, EV_READ | EV_PERSIST, on_readable, d);
    if (!d->readable || event_add(d->readable, NULL) < 0) {
        dns_free(d);
        return -ENOMEM;
    }
    *ret = d;
    return 0;
}

void dns_free(struct dns *d)
{
    if (!d)
        return;
    while (!LIST_EMPTY(&d->pending))
        pending_free(LIST_FIRST(&d->pending));
    if (d->readable)
        event_free(d->readable);
    free(d);
}
