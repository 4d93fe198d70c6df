/* `serve`: everything is checked and loaded first; READY=1 is said when all ports are listened to
 * and the policy is in force; then there is only the event loop. */
#include "base/mem.h"
#include "base/paths.h"
#include "gateway/agent.h"
#include "gateway/api.h"
#include "gateway/audit.h"
#include "gateway/confine.h"
#include "gateway/dns.h"
#include "gateway/egress.h"
#include "gateway/force.h"
#include "gateway/listener.h"
#include "gateway/log.h"
#include "gateway/pair.h"
#include "gateway/relay.h"
#include "gateway/reload.h"
#include "gateway/upstreams.h"
#include "gateway/verbs.h"

#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

struct server {
    struct gateway g;
    struct fds fds;
    struct event *signals[3], *watchdog;
    int status;
};

static int64_t clock_ms(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

bool gateway_may_decide(const struct gateway *g)
{
    return g->in.spec.policy == POLICY_PERMISSIVE || !audit_fault(g->audit);
}

static void stop(struct server *s, int status)
{
    s->status = status;
    event_base_loopbreak(s->g.base);
}

static void on_stop(evutil_socket_t sig, short what, void *arg)
{
    (void)sig;
    (void)what;
    sd_notify(0, "STOPPING=1");
    stop(arg, EXIT_DONE);
}

static void on_reload(evutil_socket_t sig, short what, void *arg)
{
    struct server *s = arg;

    (void)sig;
    (void)what;
    reload(&s->g);
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    sd_notify(0, "WATCHDOG=1");
}

static void on_audit_gone(void *arg)
{
    log_line("ERROR: audit: the writer process has ended");
    stop(arg, EXIT_FAILED); /* the unit starts both again */
}

static int add_signals(struct server *s)
{
    static const struct {
        int number;
        event_callback_fn fn;
    } all[] = { { SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGHUP, on_reload } };

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < N_ELEMENTS(all); i++) {
        s->signals[i] = evsignal_new(s->g.base, all[i].number, all[i].fn, s);
        if (!s->signals[i] || evsignal_add(s->signals[i], NULL) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int add_watchdog(struct server *s)
{
    uint64_t usec = 0;
    struct timeval half;

    if (sd_watchdog_enabled(0, &usec) <= 0)
        return 0;
    half = (struct timeval){ .tv_sec = (time_t)(usec / 2000000),
                             .tv_usec = (suseconds_t)(usec / 2 % 1000000) };
    s->watchdog = event_new(s->g.base, -1, EV_PERSIST, on_watchdog, s);
    return s->watchdog && event_add(s->watchdog, &half) == 0 ? 0 : -ENOMEM;
}

static const char full[] = "HTTP/1.1 503 Too many connections\r\nContent-Length: 0\r\n"
                           "Connection: close\r\n\r\n";

static int add_listeners(struct server *s)
{
    struct gateway *g = &s->g;
    const struct {
        enum fd_role role;
        enum peers peers;
        struct slots *slots;
        accept_fn fn;
        const char *full;
    } all[] = {
        { FD_CONTROL, PEERS_LOCAL, &g->control, control_accept, full },
        { FD_API, PEERS_SANDBOX, &g->sandbox, api_accept, full },
        { FD_EGRESS, PEERS_SANDBOX, &g->sandbox, egress_accept, full },
        { FD_DNS_TCP, PEERS_SANDBOX, &g->sandbox, dns_tcp_accept, NULL },
        { FD_RELAY, PEERS_LOOPBACK, &g->relay, relay_accept, full },
    };

    for (size_t i = 0; i < N_ELEMENTS(all); i++) {
        int r = s->fds.fd[all[i].role] < 0
                    ? 0
                    : listener_new(g, s->fds.fd[all[i].role], all[i].peers, all[i].slots, all[i].fn,
                                   all[i].full, &g->listeners[all[i].role]);

        if (r < 0)
            return r;
    }
    return 0;
}

/* Fewer connections when the limit of open files doesn't hold two sockets for each. */
static void set_limits(struct gateway *g)
{
    long files = sysconf(_SC_OPEN_MAX);
    long pairs = files > 0 ? (files - 256) / 2 - RELAY_SLOTS - CONTROL_SLOTS : 16;

    g->sandbox.max = pairs >= SANDBOX_SLOTS ? SANDBOX_SLOTS : pairs > 16 ? (unsigned)pairs : 16;
    g->relay.max = RELAY_SLOTS;
    g->control.max = CONTROL_SLOTS;
}

static int set_up(struct server *s)
{
    struct gateway *g = &s->g;
    int r;

    g->base = event_base_new();
    if (!g->base)
        return -ENOMEM;
    set_limits(g);
    r = audit_attach(g->audit, g->base, on_audit_gone, s);
    if (r == 0)
        r = upstreams_new(&g->in.spec, &g->upstreams);
    if (r == 0)
        r = agent_new(g, &g->agent);
    if (r == 0)
        r = pair_new(&g->pair);
    if (r == 0)
        r = dns_new(g, s->fds.fd[FD_DNS_UDP], &g->dns);
    if (r == 0)
        r = add_signals(s);
    if (r == 0)
        r = add_watchdog(s);
    return r < 0 ? r : add_listeners(s);
}

static void tear_down(struct server *s)
{
    struct gateway *g = &s->g;

    for (size_t i = 0; i < FD_COUNT; i++)
        listener_free(g->listeners[i]);
    for (size_t i = 0; i < N_ELEMENTS(s->signals); i++)
        if (s->signals[i])
            event_free(s->signals[i]);
    if (s->watchdog)
        event_free(s->watchdog);
    dns_free(g->dns);
    pair_free(g->pair);
    agent_free(g->agent);
    upstreams_free(g->upstreams);
    audit_stop(g->audit);
    force_unref(g->force);
    if (g->base)
        event_base_free(g->base);
    fds_done(&s->fds);
}

/* What can be refused before anything is started. */
static int prepare(struct server *s, const char *name, struct err *e)
{
    const char *state = getenv("STATE_DIRECTORY");
    char dir[128];
    int r = instance_load(name, &s->g.in, e);

    if (r == 0)
        r = confine(&s->g.in, e);
    if (r == 0)
        r = fds_take(&s->fds, e);
    snprintf(dir, sizeof dir, DC_ETC "/%s", name);
    if (r == 0)
        r = force_load(dir, &s->g.force, e);
    snprintf(dir, sizeof dir, DC_GATEWAY_STATE "/%s", name);
    if (r == 0)
        r = audit_start(state && *state ? state : dir, name, &s->g.audit, e);
    return r;
}

int verb_serve(const struct verb_args *args)
{
    struct server s = { .status = EXIT_FAILED };
    struct err e = { 0 };

    for (size_t i = 0; i < FD_COUNT; i++)
        s.fds.fd[i] = -EBADF;
    if (prepare(&s, args->name, &e) < 0) {
        log_err(&e);
        tear_down(&s);
        return EXIT_FAILED;
    }
    if (set_up(&s) < 0) {
        log_line("ERROR: can't start: out of memory or descriptors");
        tear_down(&s);
        return EXIT_FAILED;
    }
    s.g.started_ms = now_ms();
    log_line("policy %s: %zu entries", policy_digest(s.g.force->policy),
             policy_count(s.g.force->policy));
    reload_notify(&s.g);
    event_base_dispatch(s.g.base);
    tear_down(&s);
    return s.status;
}
