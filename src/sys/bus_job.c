/* Jobs: started by a method call that answers with the job's path, ended by a JobRemoved signal
 * with that path. A job that some other unit's failure ended says only "dependency"; so the first
 * unit whose own job failed meanwhile is kept, and the journal asked about that one. */
#include "sys/bus_internal.h"

#include "base/mem.h"
#include "sys/journal_tail.h"

#include <string.h>
#include <time.h>

#define JOB_SECONDS 120 /* above the start and stop limits of all our units together */

static bool end_job(struct bus_job *job, const char *path, const char *result)
{
    if (strcmp(job->path, path) != 0)
        return false;
    job->path[0] = '\0';
    snprintf(job->result, sizeof job->result, "%s", result);
    return true;
}

int bus_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    struct bus *b = userdata;
    const char *path, *unit, *result;
    uint32_t id;

    (void)error;
    if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
        return 0;
    if (end_job(&b->later, path, result))
        return 0; /* nobody's culprit but its own */
    for (size_t i = 0; i < b->job_count; i++)
        end_job(&b->jobs[i], path, result);
    if (!b->culprit[0] && strcmp(result, "done") != 0 && strcmp(result, "dependency") != 0 &&
        strcmp(result, "canceled") != 0 && strcmp(result, "skipped") != 0) {
        snprintf(b->culprit, sizeof b->culprit, "%s", unit);
        snprintf(b->culprit_result, sizeof b->culprit_result, "%s", result);
    }
    return 0;
}

static uint64_t now_usec(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static bool jobs_left(const struct bus *b)
{
    for (size_t i = 0; i < b->job_count; i++)
        if (b->jobs[i].path[0])
            return true;
    return false;
}

int bus_jobs_wait(struct bus *b, unsigned seconds)
{
    uint64_t end = now_usec() + (uint64_t)seconds * 1000000;

    while (jobs_left(b)) {
        uint64_t now = now_usec();
        int r = sd_bus_process(b->bus, NULL);

        if (r < 0)
            return r;
        if (r > 0)
            continue;
        if (now >= end)
            return -ETIMEDOUT;
        r = sd_bus_wait(b->bus, end - now);
        if (r < 0 && r != -EINTR)
            return r;
    }
    return 0;
}

int bus_pause(struct bus *b, unsigned milliseconds)
{
    uint64_t end = now_usec() + (uint64_t)milliseconds * 1000;

    for (;;) {
        uint64_t now = now_usec();
        int r = sd_bus_process(b->bus, NULL);

        if (r < 0)
            return r;
        if (r > 0)
            continue;
        if (now >= end)
            return 0;
        r = sd_bus_wait(b->bus, end - now);
        if (r != 0)
            return r == -EINTR || r > 0 ? 0 : r;
    }
}

/* Says why a unit's job failed: what systemd says of it, and what the unit itself said last. */
static int job_failed(struct bus *b, const char *verb, const char *unit, const char *result,
                      struct err *e)
{
    const char *culprit = b->culprit[0] ? b->culprit : unit;
    struct unit_state st = { 0 };
    char last[384] = "";

    (void)bus_unit_state(b, culprit, &st, NULL);
    (void)journal_tail(culprit, last, sizeof last);
    err_set(e, -EIO, EXIT_FAILED, "%s: %s failed: job %s%s%s%s%s", culprit, verb,
            b->culprit[0] ? b->culprit_result : result,
            st.result[0] && strcmp(st.result, "success") != 0 ? ", result " : "",
            st.result[0] && strcmp(st.result, "success") != 0 ? st.result : "", last[0] ? ": " : "",
            last);
    if (strcmp(culprit, unit) != 0)
        err_prefix(e, 0, "%s", unit);
    return err_fix(e, -EIO, "journalctl -u %s", culprit);
}

static int job_start(struct bus *b, const char *method, const char *unit, struct err *e)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    const char *path;
    int r = sd_bus_call_method(b->bus, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE, method,
                               &error, &reply, "ss", unit, "replace");

    if (r >= 0)
        r = sd_bus_message_read(reply, "o", &path);
    if (r >= 0)
        r = bus_job_add(b, path, unit);
    if (r < 0 && sd_bus_error_has_name(&error, BUS_MANAGER ".NoSuchUnit") &&
        strcmp(method, "StopUnit") == 0) {
        r = 0; /* what isn't loaded doesn't run */
    } else if (r < 0) {
        bus_error(e, r, &error, unit);
        err_fix(e, r, "systemctl status %s", unit);
    }
    sd_bus_message_unref(reply);
    sd_bus_error_free(&error);
    return r < 0 ? r : 0;
}

static void jobs_clear(struct bus *b)
{
    b->job_count = 0;
    b->culprit[0] = '\0';
}

static const char *verb_of(const char *method)
{
    return strcmp(method, "StopUnit") == 0      ? "stop"
           : strcmp(method, "RestartUnit") == 0 ? "restart"
           : strcmp(method, "ReloadUnit") == 0  ? "reload"
                                                : "start";
}

int bus_job_add(struct bus *b, const char *path, const char *unit)
{
    struct bus_job *job = &b->jobs[b->job_count];

    if (b->job_count == BUS_JOBS_MAX)
        return -E2BIG;
    snprintf(job->path, sizeof job->path, "%s", path);
    job->result[0] = '\0';
    job->unit = unit;
    b->job_count++;
    return 0;
}

int bus_jobs_finish(struct bus *b, const char *verb, struct err *e)
{
    int r = bus_jobs_wait(b, JOB_SECONDS);

    if (r < 0)
        err_set(e, r, EXIT_FAILED, "%s: %s: %s", b->jobs[0].unit, verb, strerror(-r));
    for (size_t i = 0; r >= 0 && i < b->job_count; i++)
        if (strcmp(b->jobs[i].result, "done") != 0)
            r = job_failed(b, verb, b->jobs[i].unit, b->jobs[i].result, e);
    jobs_clear(b);
    return r;
}

int bus_units_job(struct bus *b, const char *method, const char *const *units, size_t count,
                  struct err *e)
{
    int r = 0;

    jobs_clear(b);
    for (size_t i = 0; r >= 0 && i < count; i++)
        r = job_start(b, method, units[i], e);
    if (r < 0) {
        jobs_clear(b);
        return r;
    }
    return bus_jobs_finish(b, verb_of(method), e);
}

int bus_unit_job(struct bus *b, const char *method, const char *unit, struct err *e)
{
    return bus_units_job(b, method, &unit, 1, e);
}

int bus_unit_job_later(struct bus *b, const char *method, const char *unit, struct err *e)
{
    int r = bus_later_finish(b, e);

    jobs_clear(b);
    if (r >= 0)
        r = job_start(b, method, unit, e);
    if (r >= 0 && b->job_count)
        b->later = b->jobs[0];
    jobs_clear(b);
    return r;
}

int bus_later_finish(struct bus *b, struct err *e)
{
    if (!b->later.unit)
        return 0;
    b->jobs[0] = b->later;
    b->job_count = 1;
    b->later = (struct bus_job){ 0 };
    return bus_jobs_finish(b, "reload", e);
}

int bus_daemon_reload(struct bus *b, struct err *e)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = 0;

    /* From 253 on reloads may be rate limited (ReloadLimitIntervalSec=): wait for a turn. */
    for (int attempt = 0; attempt < 20; attempt++) {
        sd_bus_error_free(&error);
        r = sd_bus_call_method(b->bus, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE, "Reload",
                               &error, NULL, NULL);
        if (r >= 0 || !sd_bus_error_has_name(&error, SD_BUS_ERROR_LIMITS_EXCEEDED))
            break;
        bus_pause(b, 500);
    }
    if (r < 0)
        bus_error(e, r, &error, "systemd: reload");
    sd_bus_error_free(&error);
    return r < 0 ? r : 0;
}

int bus_reset_failed(struct bus *b, const char *unit)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = sd_bus_call_method(b->bus, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE,
                               "ResetFailedUnit", &error, NULL, "s", unit);

    if (sd_bus_error_has_name(&error, BUS_MANAGER ".NoSuchUnit"))
        r = 0;
    sd_bus_error_free(&error);
    return r < 0 ? r : 0;
}
