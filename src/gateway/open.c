/* RESOLVING --addresses, all fit--> CONNECTING (one after the other) --first that answers--> fn.
 * One address that doesn't fit refuses the name: a name that points both ways is not trusted. */
#include "gateway/open.h"

#include "base/mem.h"
#include "gateway/resolve.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>

#define CONNECT_S 5          /* for one address */
#define ALL_CONNECT_MS 15000 /* for all of them */

struct opening {
    struct gateway *g;
    struct force *force; /* NULL for an address that isn't checked */
    struct hostname host;
    struct policy_request q;
    struct opening **slot;
    open_fn fn;
    void *arg;
    struct resolving *resolving;
    struct address list[RESOLVE_MAX];
    size_t count, next;
    int64_t until_ms;
    int fd;
    struct event *event;
    struct opened result;
};

void open_cancel(struct opening *o)
{
    if (!o)
        return;
    *o->slot = NULL;
    resolve_cancel(o->resolving);
    if (o->event)
        event_free(o->event);
    fd_closep(&o->fd);
    force_unref(o->force);
    free(o);
}

static void finish(struct opening *o)
{
    struct opened result = o->result;
    open_fn fn = o->fn;
    void *arg = o->arg;

    open_cancel(o);
    fn(&result, arg);
}

static void connect_next(struct opening *o);

static void on_connect(evutil_socket_t fd, short what, void *arg)
{
    struct opening *o = arg;
    int error = ETIMEDOUT;
    socklen_t len = sizeof error;

    if (what & EV_WRITE && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    event_free(o->event);
    o->event = NULL;
    if (error) {
        snprintf(o->result.why, sizeof o->result.why, "connect: %s", strerror(error));
        fd_closep(&o->fd);
        connect_next(o);
        return;
    }
    o->result.bev = bufferevent_socket_new(o->g->base, o->fd, BEV_OPT_CLOSE_ON_FREE);
    if (o->result.bev)
        o->fd = -EBADF; /* closed with the bufferevent */
    else
        snprintf(o->result.why, sizeof o->result.why, "out of memory");
    finish(o);
}

/* 0 when the connection is under way. */
static int try_one(struct opening *o, const struct address *a)
{
    static const struct timeval limit = { .tv_sec = CONNECT_S };
    struct sockaddr_storage to;
    socklen_t len = address_to_sockaddr(a, o->q.port, &to);

    o->fd = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (o->fd < 0)
        return -errno;
    if (connect(o->fd, (struct sockaddr *)(void *)&to, len) < 0 && errno != EINPROGRESS)
        return -errno;
    o->event = event_new(o->g->base, o->fd, EV_WRITE, on_connect, o);
    return o->event && event_add(o->event, &limit) == 0 ? 0 : -ENOMEM;
}

static void connect_next(struct opening *o)
{
    while (o->next < o->count && now_ms() < o->until_ms) {
        int r;

        o->result.address = o->list[o->next++];
        r = try_one(o, &o->result.address);
        if (r == 0)
            return;
        snprintf(o->result.why, sizeof o->result.why, "connect: %s", strerror(-r));
        if (o->event)
            event_free(o->event);
        o->event = NULL;
        fd_closep(&o->fd);
    }
    finish(o);
}

static void check_and_connect(struct opening *o)
{
    for (size_t i = 0; i < o->count; i++) {
        const char *what = policy_address_fault(o->force->policy, &o->q, &o->list[i]);
        char text[INET6_ADDRSTRLEN];

        if (!what)
            continue;
        o->result.refused = true;
        o->result.address = o->list[i];
        snprintf(o->result.why, sizeof o->result.why,
                 "%s is a %s address, which no entry lists in allowed_ips",
                 address_text(&o->list[i], text), what);
        finish(o);
        return;
    }
    o->until_ms = now_ms() + ALL_CONNECT_MS;
    connect_next(o);
}

static void on_resolved(const struct address *list, size_t count, const char *why, void *arg)
{
    struct opening *o = arg;

    o->resolving = NULL;
    if (why) {
        snprintf(o->result.why, sizeof o->result.why, "DNS: %s", why);
        finish(o);
        return;
    }
    memcpy(o->list, list, count * sizeof *list);
    o->count = count;
    check_and_connect(o);
}

static struct opening *opening_new(struct gateway *g, struct opening **slot, open_fn fn, void *arg)
{
    static const struct opened failed = { .why = "out of memory" };
    struct opening *o = calloc(1, sizeof *o);

    if (!o) {
        *slot = NULL;
        fn(&failed, arg);
        return NULL;
    }
    o->g = g;
    o->fd = -EBADF;
    o->slot = slot;
    o->fn = fn;
    o->arg = arg;
    *slot = o;
    return o;
}

void open_start(struct gateway *g, struct force *f, const struct policy_request *q,
                struct opening **slot, open_fn fn, void *arg)
{
    struct opening *o = opening_new(g, slot, fn, arg);

    if (!o)
        return;
    o->force = force_ref(f);
    o->host = *q->host;
    o->q = *q;
    o->q.host = &o->host;
    if (o->host.kind != HOST_NAME) {
        address_parse(o->host.text, &o->list[0]);
        o->count = 1;
        check_and_connect(o);
        return;
    }
    o->resolving = resolve_start(g, o->host.text, on_resolved, o);
    if (!o->resolving) {
        snprintf(o->result.why, sizeof o->result.why, "out of memory");
        finish(o);
    }
}

void open_address(struct gateway *g, const struct address *a, uint16_t port, struct opening **slot,
                  open_fn fn, void *arg)
{
    struct opening *o = opening_new(g, slot, fn, arg);

    if (!o)
        return;
    o->q.port = port;
    o->list[0] = *a;
    o->count = 1;
    o->until_ms = now_ms() + ALL_CONNECT_MS;
    connect_next(o);
}
