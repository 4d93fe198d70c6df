/* OpenClaw's own word that it is ready. */
#include "base/mem.h"
#include "probe/place.h"
#include "probe/rows.h"
#include "provision/units_text.h"
#include "sys/netns.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#define ASK_MS 1000
#define PAUSE_MS 100
#define SECONDS 30
#define NOBODY 65534

struct ask {
    struct place place;
    struct attempt attempt;
    char request[160];
};

static void prepare(struct ask *a, struct in_addr address, uint16_t port)
{
    char text[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &address, text, sizeof text);
    snprintf(a->request, sizeof a->request,
             "GET /readyz HTTP/1.1\r\nHost: %s:%u\r\nConnection: close\r\n\r\n", text, port);
    a->attempt = (struct attempt){
        .type = ATTEMPT_HTTP, .request = a->request, .patience_ms = ASK_MS, .fd = -EBADF
    };
    endpoint_set4(&a->attempt.to, address, port);
}

static int ask_once(struct ask *a, struct outcome *shared)
{
    pid_t pid;
    int r;

    memset(shared, 0, sizeof *shared);
    a->attempt.sent = 0;
    r = place_start(&a->place, &a->attempt, shared, 1, &pid);
    if (r == 0)
        (void)child_wait(pid, 2 * ASK_MS); /* the outcome tells */
    return r;
}

static bool is_ready(const struct outcome *o)
{
    return o->kind == OUTCOME_ANSWERED && o->status == 200;
}

static bool is_starting(struct verify *v)
{
    struct unit_names names;
    struct unit_state st;

    units_names(v->in.spec.name, &names);
    return bus_unit_state(v->bus, names.unit[UNIT_AGENT], &st, NULL) == 0 &&
           (strcmp(st.active, "active") == 0 || strcmp(st.active, "activating") == 0);
}

/* Asks until it is ready, as long as its unit runs and the time isn't over. Returns the seconds
 * that took. */
static unsigned ask_until_ready(struct verify *v, struct ask *a, struct outcome *shared)
{
    unsigned limit = v->options->agent_seconds ? v->options->agent_seconds : SECONDS;
    time_t start = time(NULL);

    for (bool first = true;; first = false) {
        if (ask_once(a, shared) < 0 || is_ready(shared) || time(NULL) - start >= (time_t)limit ||
            !is_starting(v))
            break;
        if (first && v->options->tell)
            v->options->tell(v->options->userdata, "waiting for the agent, which is starting");
        nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
    }
    return (unsigned)(time(NULL) - start);
}

static void add(struct verify_report *r, const char *name, const struct ask *a,
                const struct outcome *o, const char *more)
{
    char tried[128], to[80], got[128];

    endpoint_text(&a->attempt.to, to, sizeof to);
    snprintf(tried, sizeof tried, "GET /readyz from %s", to);
    outcome_text(o, got, sizeof got);
    report_addf(r, is_ready(o) ? CHECK_PASS : CHECK_FAIL, name, tried, "HTTP 200", "%s%s", got,
                more);
}

static void row_inside(struct verify *v, struct outcome *shared, struct verify_report *r)
{
    struct ask a = { .place = { .uid = v->in.uid, .gid = v->in.gid } };
    autofd int ns = -EBADF;
    char name[NAME_MAX_LEN + 2], waited[64] = "";
    unsigned seconds;

    snprintf(name, sizeof name, "%s0", v->in.spec.name);
    prepare(&a, v->in.spec.sandbox_ip, v->in.spec.openclaw_port);
    if (netns_open(name, &ns) < 0) {
        report_addf(r, CHECK_FAIL, "agent ready", "GET /readyz inside", "HTTP 200",
                    "there is no namespace %s", name);
        return;
    }
    a.place.ns_fd = ns;
    seconds = ask_until_ready(v, &a, shared);
    if (seconds)
        snprintf(waited, sizeof waited, " after a wait of %u s", seconds);
    add(r, "agent ready", &a, shared, waited);
}

static void row_relay(struct verify *v, struct outcome *shared, struct verify_report *r)
{
    struct ask a = { .place = { .ns_fd = -EBADF, .uid = NOBODY, .gid = NOBODY } };

    prepare(&a, (struct in_addr){ htonl(INADDR_LOOPBACK) }, v->in.spec.relay_port);
    if (v->in.spec.no_host_networking) {
        report_addf(r, CHECK_SKIPPED, "agent through the relay", "GET /readyz on the host",
                    "HTTP 200", "switched off by --no-host-networking");
        return;
    }
    (void)ask_once(&a, shared); /* a failure leaves an outcome that isn't ready */
    add(r, "agent through the relay", &a, shared, "");
}

void rows_agent(struct verify *v, struct verify_report *r)
{
    struct outcome *shared;

    if (v->in.spec.no_agent) {
        report_addf(r, CHECK_SKIPPED, "agent ready", "GET /readyz inside", "HTTP 200",
                    "switched off by --no-agent");
        return;
    }
    shared = shared_new(sizeof *shared);
    if (!shared) {
        r->failed = -ENOMEM;
        return;
    }
    row_inside(v, shared, r);
    row_relay(v, shared, r);
    shared_free(shared, sizeof *shared);
}
