#include "probe/fence.h"

#include "base/mem.h"
#include "probe/pair.h"
#include "probe/place.h"
#include "sys/netns.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#define LONG_PATIENCE_MS 3000 /* for what should be answered: a busy machine is no fault */
#define NOBODY 65534
#define PORT_TRIES 16

/* A port that is free now on the loopback; our listeners try it on all their addresses. */
static uint16_t free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    autofd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        return 0;
    return ntohs(at.sin_port);
}

static void serve(void *arg)
{
    responder_serve(arg);
}

/* Our own listeners on the host, for what must not reach them. */
static int start_real_responder(struct fence *f)
{
    struct attempt attempts[FENCE_PLACE_COUNT * FENCE_MAX];
    struct responder *r = NULL;
    size_t n = 0;
    int ret;

    for (size_t g = 0; g < FENCE_PLACE_COUNT; g++)
        for (size_t i = 0; i < f->groups[g].count; i++)
            if (f->groups[g].probes[i].listen && !f->groups[g].probes[i].skipped)
                attempts[n++] = f->groups[g].attempts[i];
    ret = responder_open(attempts, n, &r);
    if (ret == 0 && responder_listeners(r) < n)
        ret = -EADDRINUSE;
    if (ret == 0)
        ret = child_start(-1, serve, r, &f->real_responder);
    responder_close(r);
    return ret;
}

struct opening {
    const struct fence *fence;
    struct responder *responder;
};

/* Runs in the outer of the controls' namespaces. */
static int open_control_responder(void *arg)
{
    struct opening *o = arg;
    struct attempt attempts[FENCE_PLACE_COUNT * FENCE_MAX];
    size_t n = 0;

    for (size_t g = 0; g < FENCE_PLACE_COUNT; g++) {
        const struct fence_group *group = &o->fence->groups[g];

        memcpy(attempts + n, group->attempts, group->count * sizeof *attempts);
        n += group->count;
    }
    return responder_open(attempts, n, &o->responder);
}

static int make_pair(const struct fence *f, struct pair *pair, struct err *e)
{
    const struct fence_group *inside = &f->groups[FENCE_INSIDE];
    union endpoint targets[FENCE_MAX];

    for (size_t i = 0; i < inside->count; i++)
        targets[i] = inside->attempts[i].to;
    return pair_make(f->in.spec.sandbox_ip, f->in.spec.host_ip, targets, inside->count, pair, e);
}

static bool wants_answer(const struct fence_probe *p)
{
    return p->expect != EXPECT_REFUSED && p->expect != EXPECT_LET;
}

/* Leaves those that are skipped out of both runs. */
static void mark_skipped(struct fence_group *g, struct outcome *o)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->probes[i].skipped)
            o[i].kind = OUTCOME_SILENT;
}

static int start_group(struct fence_group *g, const struct place *place, bool control,
                       struct outcome **outcomes, pid_t *pid)
{
    for (size_t i = 0; i < g->count; i++)
        g->attempts[i].patience_ms =
            control || wants_answer(&g->probes[i]) ? LONG_PATIENCE_MS : FENCE_PATIENCE_MS;
    *outcomes = shared_new(FENCE_MAX * sizeof **outcomes);
    if (!*outcomes)
        return -errno;
    mark_skipped(g, *outcomes);
    return place_start(place, g->attempts, *outcomes, g->count, pid);
}

static void place_user(const struct fence *f, enum fence_place where, struct place *p)
{
    p->uid = where == FENCE_OTHER ? NOBODY : f->in.uid;
    p->gid = where == FENCE_OTHER ? NOBODY : f->in.gid;
}

static int start_controls(struct fence *f, struct err *e)
{
    struct pair pair = { -EBADF, -EBADF };
    struct opening o = { .fence = f };
    int r = make_pair(f, &pair, e);

    if (r < 0)
        return r;
    r = netns_call(pair.outside, open_control_responder, &o);
    if (r == 0)
        r = child_start(pair.outside, serve, o.responder, &f->control_responder);
    responder_close(o.responder);
    for (size_t g = 0; r == 0 && g < FENCE_PLACE_COUNT; g++) {
        struct place p = { .ns_fd = g == FENCE_INSIDE ? pair.inside : pair.outside };

        place_user(f, g, &p);
        r = start_group(&f->groups[g], &p, true, &f->groups[g].control, &f->groups[g].control_pid);
    }
    pair_done(&pair);
    return r < 0 && !e->text[0] ? err_set(e, r, EXIT_FAILED, "the controls: %s", strerror(-r)) : r;
}

static int start_real(struct fence *f, struct err *e)
{
    autofd int ns = -EBADF;
    char name[NAME_MAX_LEN + 2];
    int r;

    snprintf(name, sizeof name, "%s0", f->in.spec.name);
    r = netns_open(name, &ns);
    if (r < 0)
        return err_set(e, r, EXIT_RED, "namespace %s: %s", name, strerror(-r));
    for (size_t g = 0; r == 0 && g < FENCE_PLACE_COUNT; g++) {
        struct place p = { .ns_fd = g == FENCE_INSIDE ? ns : -EBADF };

        place_user(f, g, &p);
        r = start_group(&f->groups[g], &p, false, &f->groups[g].real, &f->groups[g].real_pid);
    }
    return r < 0 ? err_set(e, r, EXIT_FAILED, "the probes: %s", strerror(-r)) : 0;
}

/* The list, with listeners of our own on a port that is free on every address that it names. */
static int prepare(struct fence *f, struct err *e)
{
    int r = -EADDRINUSE;

    for (int i = 0; i < PORT_TRIES && r == -EADDRINUSE; i++) {
        memset(f->groups, 0, sizeof f->groups);
        f->port = free_port();
        r = fence_list(f, e);
        if (r < 0)
            return r;
        r = start_real_responder(f);
    }
    if (r < 0)
        return err_set(e, r, EXIT_RED, "listeners for the probes on the host address: %s",
                       strerror(-r));
    return 0;
}

static void end_child(pid_t pid)
{
    if (pid > 0)
        (void)child_wait(pid, 0);
}

static void fence_free(struct fence *f)
{
    for (size_t g = 0; g < FENCE_PLACE_COUNT; g++) {
        end_child(f->groups[g].real_pid);
        end_child(f->groups[g].control_pid);
        shared_free(f->groups[g].real, FENCE_MAX * sizeof(struct outcome));
        shared_free(f->groups[g].control, FENCE_MAX * sizeof(struct outcome));
    }
    end_child(f->real_responder);
    end_child(f->control_responder);
    free(f);
}

int fence_start(const struct instance *in, struct fence **ret, struct err *e)
{
    struct fence *f = calloc(1, sizeof *f);
    struct err control = { 0 };
    int r;

    if (!f)
        return -ENOMEM;
    f->in = *in;
    r = prepare(f, e);
    if (r == 0)
        r = start_real(f, e);
    if (r < 0) {
        fence_free(f);
        return r;
    }
    /* Without controls the probes still run; none of their refusals is green then. */
    if (start_controls(f, &control) < 0)
        snprintf(f->control_fault, sizeof f->control_fault, "%.223s", control.text);
    *ret = f;
    return 0;
}

void fence_finish(struct fence *f, struct verify_report *r)
{
    for (size_t g = 0; g < FENCE_PLACE_COUNT; g++) {
        struct fence_group *group = &f->groups[g];

        (void)child_wait(group->real_pid,
                         2 * LONG_PATIENCE_MS); /* its outcomes tell how far it came */
        group->real_pid = 0;
        if (group->control_pid > 0)
            (void)child_wait(group->control_pid, 2 * LONG_PATIENCE_MS);
        group->control_pid = 0;
        for (size_t i = 0; i < group->count; i++)
            fence_report(f, g, i, r);
    }
    fence_free(f);
}
