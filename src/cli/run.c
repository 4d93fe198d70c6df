/* `defenseclaw sandbox run`: a job with the agent's walls. Its status is the job's own, 128 + n
 * after a signal, 124 when --timeout ended it, 126 and 127 as env gives them, 125 when it never
 * ran. */
#include "base/json.h"
#include "base/mem.h"
#include "cli/streams.h"
#include "cli/verbs.h"
#include "probe/exec.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum { STATUS_TIMEOUT = 124, STATUS_OWN_FAILURE = 125 };

struct request {
    const char *name, *timeout_text;
    bool json;
    unsigned timeout;
    char **argv; /* the command */
};

/* Options that a later version brings must not be taken for mistakes, and still less be ignored. */
static int refuse_later(int argc, char **argv, struct err *e)
{
    static const char *const later[] = { "--ephemeral", "--fail-on-deny" };

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        for (size_t k = 0; k < N_ELEMENTS(later); k++)
            if (strcmp(argv[i], later[k]) == 0)
                return err_set(e, -EINVAL, EXIT_USAGE,
                               "%s: comes with the CI runner issue, and isn't here yet", later[k]);
    return 0;
}

static int read_timeout(struct request *q, struct err *e)
{
    char *end;
    uintmax_t n;

    if (!q->timeout_text)
        return 0;
    n = strtoumax(q->timeout_text, &end, 10);
    if (*end || end == q->timeout_text || q->timeout_text[0] == '-' || n < 1 || n > 604800)
        return err_set(e, -EINVAL, EXIT_USAGE, "--timeout: %s: must be seconds, 1 to 604800",
                       q->timeout_text);
    q->timeout = (unsigned)n;
    return 0;
}

static int parse(int argc, char **argv, struct request *q, struct err *e)
{
    const struct arg args[] = {
        { .name = "name", .value = &q->name },
        { .name = "timeout", .value = &q->timeout_text },
        { .name = "json", .flag = &q->json },
    };
    int n = refuse_later(argc, argv, e);

    if (n == 0)
        n = args_parse(argc, argv, args, N_ELEMENTS(args), e);
    if (n < 0)
        return n;
    if (n == 0)
        return err_fix(e, err_set(e, -EINVAL, EXIT_USAGE, "sandbox run: no command"),
                       "defenseclaw sandbox run -- COMMAND");
    q->argv = argv + 1;
    argv[n + 1] = NULL;
    q->name = args_name(q->name, e);
    return q->name ? read_timeout(q, e) : -EINVAL;
}

struct watcher {
    struct bus *bus;
    const struct streams *streams;
    const struct sandbox_job *job;
};

/* A signal to us is one to the job; the job's end then is ours. */
static void on_signal(struct transient_watch *w, short revents)
{
    const struct watcher *self = w->userdata;
    struct signalfd_siginfo info;

    (void)revents;
    if (read(w->fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo == SIGWINCH)
        streams_resize(self->streams);
    else
        (void)transient_kill(self->bus, self->job->unit, (int)info.ssi_signo);
}

static int catch_signals(void)
{
    static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
    sigset_t set;
    int fd;

    sigemptyset(&set);
    for (size_t i = 0; i < N_ELEMENTS(caught); i++)
        sigaddset(&set, caught[i]);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

static int run_job(const struct request *q, const struct instance *in, int *ret_status,
                   struct err *e)
{
    autofd int signals = catch_signals();
    struct streams s;
    struct sandbox_job job = { .in = in, .argv = q->argv, .timeout = q->timeout };
    struct watcher self = { .streams = &s, .job = &job };
    int r = signals < 0 ? signals : bus_open(&self.bus, e);

    if (r < 0)
        return r;
    r = streams_open(&s, 0, q->json ? 2 : 1, 2);
    if (r == 0) {
        s.watches[s.watch_count++] = (struct transient_watch){ signals, POLLIN, on_signal, &self };
        job.tty = s.tty[0] ? s.tty : NULL;
        memcpy(job.fds, s.fds, sizeof job.fds);
        job.watches = s.watches;
        job.watch_count = s.watch_count;
        r = sandbox_job_run(self.bus, &job, ret_status, e);
        streams_close(&s);
    } else {
        err_set(e, r, EXIT_FAILED, "standard streams: %s", strerror(-r));
    }
    bus_close(self.bus);
    return r;
}

static int exit_of(int r, int status)
{
    if (r == -ETIMEDOUT)
        return STATUS_TIMEOUT;
    if (r < 0)
        return STATUS_OWN_FAILURE;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void print_json(const struct request *q, int r, int status, const struct err *e)
{
    const char *how = r == -ETIMEDOUT       ? "timeout"
                      : r < 0               ? "failed"
                      : WIFSIGNALED(status) ? "signal"
                                            : "exited";
    autojson cJSON *j = cJSON_CreateObject();
    autofree char *text = NULL;

    cJSON_AddStringToObject(j, "schema", "defenseclaw.run/1");
    cJSON_AddStringToObject(j, "instance", q->name);
    cJSON_AddStringToObject(j, "result", how);
    cJSON_AddNumberToObject(j, "status", exit_of(r, status));
    cJSON_AddStringToObject(j, "reason", r < 0 && r != -ETIMEDOUT ? e->text : "");
    text = j ? cJSON_PrintUnformatted(j) : NULL;
    puts(text ? text : "{}");
}

int verb_run(int argc, char **argv)
{
    struct request q = { 0 };
    struct instance in;
    struct err e = { 0 };
    int status = 0, r = parse(argc, argv, &q, &e);

    if (r < 0)
        return err_print(&e);
    r = instance_load(q.name, &in, &e);
    if (r >= 0 && geteuid() != 0)
        r = err_fix(&e, err_set(&e, -EPERM, EXIT_MACHINE, "sandbox run: not root"),
                    "sudo defenseclaw sandbox run …");
    if (r >= 0)
        r = run_job(&q, &in, &status, &e);
    if (q.json)
        print_json(&q, r, status, &e);
    else if (r < 0 && r != -ETIMEDOUT)
        err_print(&e);
    return exit_of(r, status);
}
