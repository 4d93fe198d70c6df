#include "probe/exec.h"

#include "base/mem.h"
#include "base/paths.h"
#include "host/parts.h"
#include "provision/confinement.h"
#include "provision/units_text.h"

#include <dirent.h>
#include <string.h>

#define ARGS_MAX 4096

/* The instance's own units have to stand: the job brings no namespace up. */
static int require_running(struct bus *b, const struct instance *in, const struct unit_names *n,
                           struct err *e)
{
    const char *const units[] = { n->unit[UNIT_NETNS], n->unit[UNIT_SOCKET] };
    struct unit_brief brief[N_ELEMENTS(units)];
    int r = bus_units_brief(b, units, N_ELEMENTS(units), brief, e);

    for (size_t i = 0; r >= 0 && i < N_ELEMENTS(units); i++)
        if (strcmp(brief[i].active, "active") != 0) {
            r = err_set(e, -ENOTCONN, EXIT_FAILED, "sandbox %s doesn't run: %s is %s",
                        in->spec.name, units[i], brief[i].active);
            err_fix(e, r, "systemctl start %s", n->unit[UNIT_TARGET]);
        }
    return r;
}

static bool holds_conf(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir))) {
        size_t n = strlen(entry->d_name);

        found = n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
    }
    if (dir)
        closedir(dir);
    return found;
}

/* A drop-in for every service would weaken the job too, and a short job is over before its
 * properties could be read back: so none may be there. */
static int refuse_dropins(struct err *e)
{
    static const char *const dirs[] = {
        "/etc/systemd/system",     "/run/systemd/system",         "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system", "/etc/systemd/system.control", "/run/systemd/system.control",
    };
    static const char *const names[] = { "service.d", "defenseclaw-.service.d",
                                         "defenseclaw-run-.service.d" };
    char path[128];

    for (size_t i = 0; i < N_ELEMENTS(dirs); i++)
        for (size_t k = 0; k < N_ELEMENTS(names); k++) {
            snprintf(path, sizeof path, "%s/%s", dirs[i], names[k]);
            if (!holds_conf(path))
                continue;
            err_set(e, -EBADMSG, EXIT_FAILED, "drop-ins in %s would change the job's walls", path);
            return err_fix(e, -EBADMSG, "move %s away, then systemctl daemon-reload", path);
        }
    return 0;
}

/* The job's properties, from the table and this machine's facts. */
static int job_properties(struct bus *b, const struct instance *in, cJSON **ret, struct err *e)
{
    autofree struct host *h = calloc(1, sizeof *h);
    struct confinement c;
    int r = h ? bus_systemd_version(b, &h->systemd_version, e) : -ENOMEM;

    if (r >= 0)
        r = host_openclaw(&in->spec, h, e);
    if (r < 0)
        return r;
    confinement_of(in, h, &c);
    *ret = confinement_transient(&c);
    return *ret ? 0 : -ENOMEM;
}

/* defenseclaw-launch in front: it brings the sandbox's own .env, and ends with 126 or 127 when
 * there is no such program. A name without a slash is env's to look up, on the PATH inside. */
static char **launch_argv(char *const *argv)
{
    static const char *const plain[] = { DC_LIBEXECDIR "/defenseclaw-launch" };
    static const char *const looked_up[] = { DC_LIBEXECDIR "/defenseclaw-launch", "/usr/bin/env",
                                             "--" };
    bool by_path = strchr(argv[0], '/');
    const char *const *front = by_path ? plain : looked_up;
    size_t before = by_path ? N_ELEMENTS(plain) : N_ELEMENTS(looked_up), count = 0;
    char **all;

    while (argv[count])
        if (++count > ARGS_MAX)
            return NULL;
    all = calloc(before + count + 1, sizeof *all);
    if (!all)
        return NULL;
    memcpy(all, front, before * sizeof *all);
    memcpy(all + before, argv, count * sizeof *all);
    return all;
}

static void name_unit(struct sandbox_job *job)
{
    char uuid[UUID_LEN + 1];

    uuid_make(uuid);
    snprintf(job->unit, sizeof job->unit, "defenseclaw-run-%s-%.8s.service", job->in->spec.name,
             uuid);
}

int sandbox_job_run(struct bus *b, struct sandbox_job *job, int *ret_status, struct err *e)
{
    autofree char **argv = launch_argv(job->argv);
    autojson cJSON *properties = NULL;
    char description[64];
    struct unit_names names;
    int r;

    if (!argv)
        return err_set(e, -E2BIG, EXIT_USAGE, "command: more than %d arguments", ARGS_MAX);
    units_names(job->in->spec.name, &names);
    r = require_running(b, job->in, &names, e);
    if (r >= 0)
        r = refuse_dropins(e);
    if (r >= 0)
        r = job_properties(b, job->in, &properties, e);
    if (r < 0)
        return r;
    name_unit(job);
    snprintf(description, sizeof description, "Job in sandbox %s", job->in->spec.name);
    r = transient_run(b,
                      &(struct transient){
                          .unit = job->unit,
                          .description = description,
                          .properties = properties,
                          .requires = (const char *const[]){ names.unit[UNIT_NETNS],
                                                             names.unit[UNIT_SOCKET], NULL },
                          .argv = argv,
                          .env = job->env,
                          .tty = job->tty,
                          .fds = { job->fds[0], job->fds[1], job->fds[2] },
                          .timeout = job->timeout,
                          .watches = job->watches,
                          .watch_count = job->watch_count,
                      },
                      ret_status, e);
    if (r == -EBUSY) {
        err_set(e, r, EXIT_FAILED, "sandbox %s is being stopped", job->in->spec.name);
        err_fix(e, r, "systemctl start %s", names.unit[UNIT_TARGET]);
    }
    return r;
}

int sandbox_exec(const struct instance *in, char *const argv[], const char *const *env,
                 int *ret_status, struct err *e)
{
    struct sandbox_job job = { .in = in, .argv = argv, .env = env, .fds = { 0, 1, 2 } };
    struct bus *b;
    int r = bus_open(&b, e);

    if (r < 0)
        return r;
    r = sandbox_job_run(b, &job, ret_status, e);
    bus_close(b);
    return r;
}
