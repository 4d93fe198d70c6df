/* States: queued (the start job is awaited; a failure here means that the job never ran), running
 * (signals of the unit's properties tell of its end), ended (its last property signal carries how).
 * systemd forgets a transient unit at its end, so how it ended is only in that signal. */
#include "sys/transient.h"

#include "base/mem.h"
#include "sys/bus_internal.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define WATCHES_MAX 8

struct job {
    struct bus *bus;
    bool running; /* has left its first state, which is inactive too */
    bool ended;
    int code;   /* CLD_EXITED, …; 0 while it runs */
    int status; /* exit status or signal */
    bool timed_out;
};

static int append_variant(sd_bus_message *m, const char *name, const char *sig, const cJSON *value)
{
    int r = sd_bus_message_open_container(m, 'r', "sv");

    if (r >= 0)
        r = sd_bus_message_append(m, "s", name);
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'v', sig);
    if (r >= 0)
        r = bus_json_append(m, sig, value);
    if (r >= 0)
        r = sd_bus_message_close_container(m);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_table(sd_bus_message *m, const cJSON *properties)
{
    const cJSON *item;
    int r = 0;

    cJSON_ArrayForEach(item, properties)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
        const cJSON *sig = cJSON_GetObjectItemCaseSensitive(item, "signature");

        if (!name || !sig)
            return -EINVAL;
        r = append_variant(m, name->valuestring, sig->valuestring,
                           cJSON_GetObjectItemCaseSensitive(item, "value"));
        if (r < 0)
            return r;
    }
    return r;
}

static int append_strv(sd_bus_message *m, const char *name, const char *const *strv)
{
    int r = sd_bus_message_open_container(m, 'r', "sv");

    if (r >= 0)
        r = sd_bus_message_append(m, "s", name);
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'v', "as");
    if (r >= 0)
        r = sd_bus_message_append_strv(m, (char **)(uintptr_t)strv);
    if (r >= 0)
        r = sd_bus_message_close_container(m);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

/* ExecStartEx, since ExecStart would put the manager's variables in the place of every $NAME. */
static int append_exec(sd_bus_message *m, char *const *argv)
{
    int r = sd_bus_message_open_container(m, 'r', "sv");

    if (r >= 0)
        r = sd_bus_message_append(m, "s", "ExecStartEx");
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'v', "a(sasas)");
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'a', "(sasas)");
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'r', "sasas");
    if (r >= 0)
        r = sd_bus_message_append(m, "s", argv[0]);
    if (r >= 0)
        r = sd_bus_message_append_strv(m, (char **)(uintptr_t)argv);
    if (r >= 0)
        r = sd_bus_message_append(m, "as", 1, "no-env-expand");
    for (int i = 0; r >= 0 && i < 4; i++)
        r = sd_bus_message_close_container(m);
    return r;
}

static int append_streams(sd_bus_message *m, const struct transient *t)
{
    if (t->tty)
        return sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "StandardInput", "s", "tty",
                                     "StandardOutput", "s", "tty", "StandardError", "s", "tty",
                                     "TTYPath", "s", t->tty);
    return sd_bus_message_append(m, "(sv)(sv)(sv)", "StandardInputFileDescriptor", "h", t->fds[0],
                                 "StandardOutputFileDescriptor", "h", t->fds[1],
                                 "StandardErrorFileDescriptor", "h", t->fds[2]);
}

static int append_properties(sd_bus_message *m, const struct transient *t)
{
    static const char *const on_requires[] = { "BindsTo", "After" };
    int r = sd_bus_message_open_container(m, 'a', "(sv)");

    if (r >= 0)
        r = sd_bus_message_append(m, "(sv)(sv)(sv)", "Description", "s", t->description, "Type",
                                  "s", "exec", "CollectMode", "s", "inactive-or-failed");
    for (size_t i = 0; r >= 0 && i < N_ELEMENTS(on_requires); i++)
        r = append_strv(m, on_requires[i], t->requires);
    if (r >= 0)
        r = append_table(m, t->properties);
    if (r >= 0 && t->env)
        r = append_strv(m, "Environment", t->env);
    if (r >= 0)
        r = append_streams(m, t);
    if (r >= 0)
        r = append_exec(m, t->argv);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static int queue_start(struct bus *b, const struct transient *t, struct err *e)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *m = NULL, *reply = NULL;
    const char *path;
    int r = sd_bus_message_new_method_call(b->bus, &m, BUS_MANAGER, BUS_MANAGER_PATH,
                                           BUS_MANAGER_IFACE, "StartTransientUnit");

    if (r >= 0)
        r = sd_bus_message_append(m, "ss", t->unit, "fail");
    if (r >= 0)
        r = append_properties(m, t);
    if (r >= 0)
        r = sd_bus_message_append(m, "a(sa(sv))", 0);
    if (r >= 0)
        r = sd_bus_call(b->bus, m, 0, &error, &reply);
    if (r >= 0)
        r = sd_bus_message_read(reply, "o", &path);
    if (r >= 0)
        r = bus_job_add(b, path, t->unit);
    if (r < 0)
        bus_error(e, r, &error, t->unit);
    if (sd_bus_error_has_name(&error, BUS_MANAGER ".TransactionIsDestructive"))
        r = -EBUSY;
    sd_bus_message_unref(m);
    sd_bus_message_unref(reply);
    sd_bus_error_free(&error);
    return r < 0 ? r : 0;
}

static int read_change(sd_bus_message *m, struct job *job)
{
    const char *name, *text;
    int r = sd_bus_message_read(m, "s", &name);

    if (r < 0)
        return r;
    if (strcmp(name, "ExecMainCode") == 0)
        return sd_bus_message_read(m, "v", "i", &job->code);
    if (strcmp(name, "ExecMainStatus") == 0)
        return sd_bus_message_read(m, "v", "i", &job->status);
    if (strcmp(name, "ActiveState") != 0)
        return sd_bus_message_skip(m, "v");
    r = sd_bus_message_read(m, "v", "s", &text);
    if (r < 0)
        return r;
    if (strcmp(text, "inactive") != 0 && strcmp(text, "failed") != 0)
        job->running = true;
    else
        job->ended = job->running;
    return r;
}

/* PropertiesChanged of the unit: interface, changed, invalidated. */
static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    struct job *job = userdata;
    int r = sd_bus_message_skip(m, "s");

    (void)error;
    if (r >= 0)
        r = sd_bus_message_enter_container(m, 'a', "{sv}");
    while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
        r = read_change(m, job);
        if (r >= 0)
            r = sd_bus_message_exit_container(m);
    }
    return 0;
}

/* What ended before it could be watched is told by the manager. */
static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    struct job *job = userdata;

    (void)m;
    (void)error;
    job->ended = true;
    return 0;
}

static int watch_unit(struct bus *b, const char *unit, struct job *job, sd_bus_slot **changed,
                      sd_bus_slot **removed)
{
    autofree char *path = NULL;
    char match[512];
    int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

    if (r >= 0)
        r = sd_bus_match_signal(b->bus, changed, NULL, path, "org.freedesktop.DBus.Properties",
                                "PropertiesChanged", on_changed, job);
    if (r < 0)
        return r;
    snprintf(match, sizeof match,
             "type='signal',path='" BUS_MANAGER_PATH "',interface='" BUS_MANAGER_IFACE
             "',member='UnitRemoved',arg0='%s'",
             unit);
    return sd_bus_add_match(b->bus, removed, match, on_removed, job);
}

static uint64_t now_usec(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Waits for the bus or one of the watched descriptors; end is 0 or when to be back. */
static int wait_once(struct bus *b, const struct transient *t, uint64_t end)
{
    struct pollfd p[WATCHES_MAX + 1] = { { .fd = sd_bus_get_fd(b->bus) } };
    uint64_t now = now_usec();
    int events = sd_bus_get_events(b->bus), timeout = -1;

    if (events < 0)
        return events;
    p[0].events = (short)events;
    for (size_t i = 0; i < t->watch_count; i++)
        p[i + 1] = (struct pollfd){ .fd = t->watches[i].fd, .events = t->watches[i].events };
    if (end)
        timeout = end > now ? (int)((end - now) / 1000) + 1 : 0;
    if (poll(p, t->watch_count + 1, timeout) < 0)
        return errno == EINTR ? 0 : -errno;
    for (size_t i = 0; i < t->watch_count; i++)
        if (p[i + 1].revents)
            t->watches[i].ready(&t->watches[i], p[i + 1].revents);
    return 0;
}

static int stop_job(struct bus *b, const char *unit)
{
    return sd_bus_call_method(b->bus, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE, "StopUnit",
                              NULL, NULL, "ss", unit, "replace");
}

static int await_end(struct job *job, const struct transient *t)
{
    uint64_t end = t->timeout ? now_usec() + (uint64_t)t->timeout * 1000000 : 0;

    while (!job->ended) {
        int r = sd_bus_process(job->bus->bus, NULL);

        if (r < 0)
            return r;
        if (r > 0)
            continue;
        if (end && now_usec() >= end) {
            job->timed_out = true;
            end = 0;
            stop_job(job->bus, t->unit);
            continue; /* the call may have read signals, which no poll tells of */
        }
        r = wait_once(job->bus, t, end);
        if (r < 0)
            return r;
    }
    return 0;
}

static int wait_status(const struct job *job)
{
    return job->code == CLD_EXITED || job->code == 0 ? W_EXITCODE(job->status & 0xff, 0)
                                                     : W_EXITCODE(0, job->status & 0x7f);
}

int transient_run(struct bus *b, const struct transient *t, int *ret_status, struct err *e)
{
    struct job job = { .bus = b };
    sd_bus_slot *changed = NULL, *removed = NULL;
    int r =
        t->watch_count > WATCHES_MAX ? -E2BIG : watch_unit(b, t->unit, &job, &changed, &removed);

    if (r < 0)
        err_set(e, r, EXIT_FAILED, "%s: %s", t->unit, strerror(-r));
    if (r >= 0)
        r = queue_start(b, t, e);
    if (r >= 0)
        r = bus_jobs_finish(b, "start", e);
    if (r >= 0) {
        r = await_end(&job, t);
        if (r < 0)
            err_set(e, r, EXIT_FAILED, "%s: waiting for its end: %s", t->unit, strerror(-r));
    }
    sd_bus_slot_unref(changed);
    sd_bus_slot_unref(removed);
    if (r < 0)
        return r;
    *ret_status = wait_status(&job);
    return job.timed_out ? -ETIMEDOUT : 0;
}

int transient_kill(struct bus *b, const char *unit, int signal)
{
    return sd_bus_call_method(b->bus, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE, "KillUnit",
                              NULL, NULL, "ssi", unit, "main", signal);
}
