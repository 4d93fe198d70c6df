#include "probe/verify.h"

#include "base/json.h"
#include "base/mem.h"
#include "engine/record.h"
#include "probe/fence.h"
#include "probe/rows.h"

#include <string.h>

static int open_verify(struct verify *v, const char *name, struct err *e)
{
    int r = instance_load(name, &v->in, e);

    if (r < 0)
        return r;
    snprintf(v->run.name, sizeof v->run.name, "%s", name);
    memcpy(v->run.uuid, v->in.uuid, sizeof v->run.uuid);
    v->run.blobs = blobs_new();
    if (!v->run.blobs)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    r = state_dir_open(name, false, &v->run.state_dir, e);
    if (r == 0)
        r = record_load(v->run.state_dir, &v->record, e);
    if (r == -ENOENT)
        return err_set(e, r, EXIT_FAILED, "%s: there is no record of what setup made", name);
    return r < 0 ? r : bus_get(&v->run, &v->bus, e);
}

static void close_verify(struct verify *v)
{
    cJSON_Delete(v->record);
    bus_close(v->run.bus);
    blobs_free(v->run.blobs);
    fd_closep(&v->run.state_dir);
}

/* The record is root's own; instance.json is what everybody may read. They must tell the same. */
static void row_instance(struct verify *v, struct verify_report *r)
{
    const char *uuid = json_str(v->record, "uuid"), *state = json_str(v->record, "state");
    bool same = uuid && strcmp(uuid, v->in.uuid) == 0 && state && strcmp(state, "active") == 0;

    report_addf(r, same ? CHECK_PASS : CHECK_FAIL, "instance", "record.json beside instance.json",
                "the same instance, active", "%s, %s", same ? "the same" : "another uuid or state",
                state ? state : "no state");
}

static void rows_skipped_by_flags(struct verify *v, struct verify_report *r)
{
    if (v->in.spec.no_guardrail)
        report_addf(r, CHECK_SKIPPED, "guardrail", "the guardrail's port", "its answer",
                    "switched off by --no-guardrail");
}

/* The fence's probes and the look for sockets run in children, and the rest meanwhile. */
static void run_without_agent(struct verify *v, struct verify_report *r)
{
    struct fence *fence = NULL;
    struct err e = { 0 };
    struct sockets *sockets = rows_sockets_start(v);
    int started = fence_start(&v->in, &fence, &e);

    row_instance(v, r);
    rows_resources(v, r);
    rows_units(v, r);
    rows_device(v, r);
    rows_skipped_by_flags(v, r);
    rows_sockets_finish(sockets, v, r);
    if (started == 0)
        fence_finish(fence, r);
    else
        report_addf(r, CHECK_FAIL, "fence", "the live probes from inside", "to be run",
                    "could not be run: %s", e.text[0] ? e.text : strerror(-started));
}

int verify_run(const char *name, const struct verify_options *o, struct verify_report *ret,
               struct err *e)
{
    struct verify v = { .options = o, .run = { .state_dir = -EBADF } };
    struct verify_report r = { 0 };
    int ok;

    if (geteuid() != 0) {
        err_set(e, -EPERM, EXIT_MACHINE, "verify: needs root, to look from inside the sandbox");
        return err_fix(e, -EPERM, "sudo defenseclaw sandbox verify%s%s",
                       strcmp(name, "sandbox") == 0 ? "" : " --name ",
                       strcmp(name, "sandbox") == 0 ? "" : name);
    }
    ok = open_verify(&v, name, e);
    if (ok == 0) {
        snprintf(r.instance, sizeof r.instance, "%s", name);
        if (o->part != VERIFY_AGENT)
            run_without_agent(&v, &r);
        if (o->part == VERIFY_AGENT)
            rows_units(&v, &r);
        if (o->part != VERIFY_WITHOUT_AGENT)
            rows_agent(&v, &r);
        *ret = r;
    }
    close_verify(&v);
    return ok;
}
