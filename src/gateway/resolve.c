/* One c-ares channel for each look-up: fresh sockets, so a source port that can't be guessed from
 * the last one, and an end that needs no bookkeeping. */
#include "gateway/resolve.h"

#include "base/buf.h"
#include "base/mem.h"
#include "gateway/upstreams.h"

#include <ares.h>
#include <event2/event.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>

#define SOCKETS_MAX 16

struct resolving {
    struct gateway *g;
    ares_channel channel;
    struct {
        ares_socket_t fd;
        struct event *event;
    } sockets[SOCKETS_MAX];
    struct event *timer, *finish;
    struct address list[RESOLVE_MAX];
    size_t count;
    const char *why;
    resolve_fn fn;
    void *arg;
};

static void arm_timer(struct resolving *r)
{
    struct timeval tv, *next = ares_timeout(r->channel, NULL, &tv);

    if (next)
        evtimer_add(r->timer, next);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct resolving *r = arg;

    ares_process_fd(r->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
                    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    arm_timer(r);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct resolving *r = arg;

    (void)fd;
    (void)what;
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_timer(r);
}

/* The place of this socket, else a free one; SOCKETS_MAX when all are taken. */
static size_t place_of(const struct resolving *r, ares_socket_t fd)
{
    size_t free_place = SOCKETS_MAX;

    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if (r->sockets[i].event && r->sockets[i].fd == fd)
            return i;
        if (!r->sockets[i].event && free_place == SOCKETS_MAX)
            free_place = i;
    }
    return free_place;
}

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolving *r = arg;
    size_t at = place_of(r, fd);

    if (at == SOCKETS_MAX)
        return;
    if (r->sockets[at].event)
        event_free(r->sockets[at].event);
    r->sockets[at].event = NULL;
    if (!readable && !writable)
        return;
    r->sockets[at].fd = fd;
    r->sockets[at].event = event_new(
        r->g->base, fd, (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0)),
        on_socket, r);
    if (r->sockets[at].event)
        event_add(r->sockets[at].event, NULL);
}

static void keep(struct resolving *r, const struct ares_addrinfo *found)
{
    for (const struct ares_addrinfo_node *n = found->nodes; n; n = n->ai_next) {
        if (r->count == RESOLVE_MAX) {
            r->why = "the name has more addresses than are looked at";
            r->count = 0;
            return;
        }
        r->count += address_from_sockaddr(n->ai_addr, &r->list[r->count]) == 0;
    }
    if (!r->count)
        r->why = "the name has no address";
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    static const struct timeval now = { 0 };
    struct resolving *r = arg;

    (void)timeouts;
    if (status == ARES_EDESTRUCTION)
        return;
    switch (status) {
    case ARES_SUCCESS:
        keep(r, found);
        break;
    case ARES_ENOTFOUND:
        r->why = "there is no such name";
        break;
    case ARES_ENODATA:
        r->why = "the name has no address";
        break;
    case ARES_ETIMEOUT:
        r->why = "the DNS servers don't answer";
        break;
    default:
        r->why = "the DNS servers can't say";
    }
    ares_freeaddrinfo(found);
    evtimer_add(r->finish, &now); /* not from inside c-ares: fn may free everything */
}

static void on_finish(evutil_socket_t fd, short what, void *arg)
{
    struct resolving *r = arg, copy = *r;

    (void)fd;
    (void)what;
    resolve_cancel(r);
    copy.fn(copy.list, copy.count, copy.why, copy.arg);
}

/* With all of these given c-ares opens no file of the host's. */
static int make_channel(struct resolving *r)
{
    static char lookups[] = "b";
    struct ares_options o = { .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
                              .timeout = 1200,
                              .tries = 2,
                              .ndots = 1,
                              .lookups = lookups,
                              .sock_state_cb = on_socket_state,
                              .sock_state_cb_data = r };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
               ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
               ARES_OPT_SORTLIST;
    autobuf struct buf servers = { 0 };
    const struct upstream *list;
    size_t count;

    list = upstreams_list(r->g->upstreams, &count);
    for (size_t i = 0; i < count; i++) {
        char text[80];

        upstream_text(&list[i], text);
        if (!strchr(text, '%')) /* c-ares knows no scopes */
            buf_printf(&servers, "%s%s", servers.len ? "," : "", text);
    }
    if (!servers.len)
        return -ENOENT;
    if (ares_init_options(&r->channel, &o, mask) != ARES_SUCCESS)
        return -ENOMEM;
    return ares_set_servers_csv(r->channel, buf_str(&servers)) == ARES_SUCCESS ? 0 : -EINVAL;
}

static void init_library(void)
{
    ares_library_init(ARES_LIB_INIT_ALL);
}

struct resolving *resolve_start(struct gateway *g, const char *host, resolve_fn fn, void *arg)
{
    static const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
                                                      .ai_socktype = SOCK_STREAM };
    static const struct timeval now = { 0 };
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct resolving *r = calloc(1, sizeof *r);

    pthread_once(&once, init_library);
    if (!r)
        return NULL;
    r->g = g;
    r->fn = fn;
    r->arg = arg;
    r->timer = evtimer_new(g->base, on_timer, r);
    r->finish = evtimer_new(g->base, on_finish, r);
    if (!r->timer || !r->finish) {
        resolve_cancel(r);
        return NULL;
    }
    if (make_channel(r) < 0) {
        r->why = "no DNS server is known";
        evtimer_add(r->finish, &now);
        return r;
    }
    ares_getaddrinfo(r->channel, host, NULL, &hints, on_answer, r);
    arm_timer(r);
    return r;
}

void resolve_cancel(struct resolving *r)
{
    if (!r)
        return;
    if (r->channel)
        ares_destroy(r->channel);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (r->sockets[i].event)
            event_free(r->sockets[i].event);
    if (r->timer)
        event_free(r->timer);
    if (r->finish)
        event_free(r->finish);
    free(r);
}
