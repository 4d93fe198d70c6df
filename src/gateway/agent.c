#include "gateway/agent.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/event.h>
#include <sys/socket.h>

#define FRESH_MS 1000
#define START_MS 120000 /* an agent that isn't up by then isn't starting: it takes 12 to 22 s */
#define WAITING_MAX 64

const char *const state_names[] = {
    [STATE_RUNNING] = "running",   [STATE_STARTING] = "starting", [STATE_DEGRADED] = "degraded",
    [STATE_DISABLED] = "disabled", [STATE_ABSENT] = "absent",
};
static_assert(N_ELEMENTS(state_names) == STATE_COUNT, "name every state");

struct agent {
    struct gateway *g;
    bool seen, up;
    int64_t began_ms;
    int64_t asked_ms; /* of the last answer; 0 before the first */
    int fd;           /* of the connection being tried */
    struct event *event;
    struct {
        agent_fn fn;
        void *arg;
    } waiting[WAITING_MAX];
    size_t waiting_count;
};

static enum state state_of(const struct agent *a)
{
    if (a->up)
        return STATE_RUNNING;
    return a->seen || now_ms() - a->began_ms > START_MS ? STATE_DEGRADED : STATE_STARTING;
}

static void answer(struct agent *a, bool up)
{
    size_t n = a->waiting_count;

    fd_closep(&a->fd);
    a->up = up;
    a->seen |= up;
    a->asked_ms = now_ms();
    a->waiting_count = 0;
    for (size_t i = 0; i < n; i++)
        a->waiting[i].fn(state_of(a), a->waiting[i].arg);
}

static void on_connect(evutil_socket_t fd, short what, void *arg)
{
    struct agent *a = arg;
    int error = ETIMEDOUT;
    socklen_t len = sizeof error;

    if (what & EV_WRITE && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    event_free(a->event);
    a->event = NULL;
    answer(a, error == 0);
}

static void try_connect(struct agent *a)
{
    static const struct timeval limit = { .tv_usec = 300000 };
    const struct spec *s = &a->g->in.spec;
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr = s->sandbox_ip,
                              .sin_port = htons(s->openclaw_port) };

    a->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (a->fd < 0) {
        answer(a, false);
        return;
    }
    if (connect(a->fd, (struct sockaddr *)(void *)&to, sizeof to) == 0) {
        answer(a, true);
        return;
    }
    if (errno != EINPROGRESS) {
        answer(a, false);
        return;
    }
    a->event = event_new(a->g->base, a->fd, EV_WRITE, on_connect, a);
    if (a->event && event_add(a->event, &limit) == 0)
        return;
    if (a->event)
        event_free(a->event);
    a->event = NULL;
    answer(a, false);
}

void agent_ask(struct agent *a, agent_fn fn, void *arg)
{
    if (a->g->in.spec.no_agent) {
        fn(STATE_ABSENT, arg);
        return;
    }
    if ((a->asked_ms && now_ms() - a->asked_ms < FRESH_MS) || a->waiting_count == WAITING_MAX) {
        fn(state_of(a), arg);
        return;
    }
    a->waiting[a->waiting_count].fn = fn;
    a->waiting[a->waiting_count++].arg = arg;
    if (a->waiting_count == 1)
        try_connect(a);
}

int agent_new(struct gateway *g, struct agent **ret)
{
    struct agent *a = calloc(1, sizeof *a);

    if (!a)
        return -ENOMEM;
    a->g = g;
    a->began_ms = now_ms();
    a->fd = -EBADF;
    *ret = a;
    return 0;
}

void agent_free(struct agent *a)
{
    if (!a)
        return;
    if (a->event)
        event_free(a->event);
    fd_closep(&a->fd);
    free(a);
}
