/* Linked into the fault build of defenseclaw (Makefile, `defenseclaw-fault`): nothing of this is in
 * the program that is installed. The linker's --wrap puts it between the engine and what the kinds
 * call.
 *
 *   DEFENSECLAW_FAIL_ITEM=N   the Nth thing that is put or put back fails: the first call that
 * would change the machine on its behalf ends with EIO. Written to DEFENSECLAW_FAULT_LOG when it
 * strikes. DEFENSECLAW_KILL_LINE=N   SIGKILL before the Nth line of the journal is written
 *   DEFENSECLAW_KILL_AFTER=1  … after it was written instead */
#include "engine/back.h"
#include "engine/journal.h"
#include "sys/bus.h"
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool armed;
static char item_name[256];

static int number(const char *name)
{
    const char *text = getenv(name);

    return text ? atoi(text) : -1;
}

static void tell(const char *suffix, const char *text)
{
    const char *log = getenv("DEFENSECLAW_FAULT_LOG");
    char path[512];
    FILE *f;

    if (!log)
        return;
    snprintf(path, sizeof path, "%s%s", log, suffix);
    f = fopen(path, "we");
    if (f) {
        fprintf(f, "%s\n", text);
        fclose(f);
    }
}

/* Whether this call is the one that fails. */
static bool strikes(const char *call)
{
    char text[512];

    if (!armed)
        return false;
    armed = false;
    snprintf(text, sizeof text, "%s: %s", item_name, call);
    tell("", text);
    errno = EIO;
    return true;
}

int __real_back_log_add(struct back_log *log, const struct plan_item *item);
int __wrap_back_log_add(struct back_log *log, const struct plan_item *item);
int __wrap_back_log_add(struct back_log *log, const struct plan_item *item)
{
    static int items;
    char count[16];

    snprintf(count, sizeof count, "%d", items + 1);
    tell(".items", count);
    snprintf(item_name, sizeof item_name, "%s %s", item->kind->name, item->id);
    armed = ++items == number("DEFENSECLAW_FAIL_ITEM");
    return __real_back_log_add(log, item);
}

/* Armed no longer once the thing was put: a thing that changes nothing can't fail. */
void __real_back_log_after(struct back_log *log, cJSON *after);
void __wrap_back_log_after(struct back_log *log, cJSON *after);
void __wrap_back_log_after(struct back_log *log, cJSON *after)
{
    armed = false;
    __real_back_log_after(log, after);
}

int __real_journal_append(struct journal *j, const cJSON *line);
int __wrap_journal_append(struct journal *j, const cJSON *line);
int __wrap_journal_append(struct journal *j, const cJSON *line)
{
    static int lines;
    bool last = ++lines == number("DEFENSECLAW_KILL_LINE"),
         after = getenv("DEFENSECLAW_KILL_AFTER");
    int r;

    if (last && !after)
        raise(SIGKILL);
    r = __real_journal_append(j, line);
    if (last)
        raise(SIGKILL);
    return r;
}

#define WRAP(name, params, args)                                                                   \
    int __real_##name params;                                                                      \
    int __wrap_##name params;                                                                      \
    int __wrap_##name params                                                                       \
    {                                                                                              \
        if (strikes(#name))                                                                        \
            return -1;                                                                             \
        return __real_##name args;                                                                 \
    }

WRAP(renameat, (int from, const char *old, int to, const char *new), (from, old, to, new))
WRAP(mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
WRAP(unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
WRAP(symlinkat, (const char *target, int dir, const char *path), (target, dir, path))
WRAP(fchmod, (int fd, mode_t mode), (fd, mode))

#define WRAP_ERRNO(name, params, args)                                                             \
    int __real_##name params;                                                                      \
    int __wrap_##name params;                                                                      \
    int __wrap_##name params                                                                       \
    {                                                                                              \
        if (strikes(#name))                                                                        \
            return err_set(e, -EIO, EXIT_FAILED, #name ": %s", strerror(EIO));                     \
        return __real_##name args;                                                                 \
    }

WRAP_ERRNO(bus_unit_job, (struct bus * b, const char *method, const char *unit, struct err *e),
           (b, method, unit, e))
WRAP_ERRNO(bus_units_job,
           (struct bus * b, const char *method, const char *const *units, size_t count,
            struct err *e),
           (b, method, units, count, e))
WRAP_ERRNO(bus_daemon_reload, (struct bus * b, struct err *e), (b, e))

int __real_process_run(const char *const argv[], const void *input, size_t len, struct buf *out);
int __wrap_process_run(const char *const argv[], const void *input, size_t len, struct buf *out);
int __wrap_process_run(const char *const argv[], const void *input, size_t len, struct buf *out)
{
    return strikes("process_run") ? -EIO : __real_process_run(argv, input, len, out);
}
