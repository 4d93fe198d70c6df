#include "gateway/listener.h"

#include "base/mem.h"
#include "gateway/log.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#define ACCEPT_AT_ONCE 32 /* then others get their turn */

struct listener {
    struct gateway *g;
    int fd;
    enum peers peers;
    struct slots *slots;
    accept_fn fn;
    const char *full;
    struct event *readable, *resume;
};

void slots_give(struct slots *s)
{
    s->used--;
}

bool peer_is_sandbox(const struct gateway *g, const struct sockaddr_storage *from)
{
    const struct sockaddr_in *a = (const struct sockaddr_in *)(const void *)from;

    return from->ss_family == AF_INET && a->sin_addr.s_addr == g->in.spec.sandbox_ip.s_addr;
}

static bool peer_fits(const struct listener *l, const struct sockaddr_storage *from)
{
    const struct sockaddr_in *a = (const struct sockaddr_in *)(const void *)from;

    switch (l->peers) {
    case PEERS_SANDBOX:
        return peer_is_sandbox(l->g, from);
    case PEERS_LOOPBACK:
        return from->ss_family == AF_INET && ntohl(a->sin_addr.s_addr) >> 24 == 127;
    default:
        return from->ss_family == AF_UNIX;
    }
}

static void take(struct listener *l, int fd, const struct sockaddr_storage *from)
{
    if (!peer_fits(l, from)) {
        l->g->n.strangers++;
        close(fd);
    } else if (l->slots->used >= l->slots->max) {
        l->slots->refused++;
        if (l->full && send(fd, l->full, strlen(l->full), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            errno = 0; /* it was a courtesy */
        close(fd);
    } else {
        l->slots->used++;
        l->fn(l->g, fd);
    }
}

/* Out of descriptors or memory: leave the queue alone for a moment instead of spinning on it. */
static void pause_accepting(struct listener *l)
{
    static const struct timeval moment = { .tv_usec = 100000 };

    log_line("accept: %m: waiting");
    event_del(l->readable);
    evtimer_add(l->resume, &moment);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct listener *l = arg;

    (void)fd;
    (void)what;
    event_add(l->readable, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct listener *l = arg;

    (void)what;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        struct sockaddr_storage from = { 0 };
        socklen_t len = sizeof from;
        int peer =
            accept4(fd, (struct sockaddr *)(void *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (peer >= 0) {
            take(l, peer, &from);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(l);
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

int listener_new(struct gateway *g, int fd, enum peers peers, struct slots *slots, accept_fn fn,
                 const char *full, struct listener **ret)
{
    struct listener *l = calloc(1, sizeof *l);

    if (!l)
        return -ENOMEM;
    *l = (struct listener){
        .g = g, .fd = fd, .peers = peers, .slots = slots, .fn = fn, .full = full
    };
    l->readable = event_new(g->base, fd, EV_READ | EV_PERSIST, on_readable, l);
    l->resume = evtimer_new(g->base, on_resume, l);
    if (!l->readable || !l->resume || event_add(l->readable, NULL) < 0) {
        listener_free(l);
        return -ENOMEM;
    }
    *ret = l;
    return 0;
}

void listener_free(struct listener *l)
{
    if (!l)
        return;
    if (l->readable)
        event_free(l->readable);
    if (l->resume)
        event_free(l->resume);
    free(l);
}
