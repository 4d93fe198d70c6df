#include "setup/setup.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "engine/record.h"
#include "host/fence.h"
#include "resource/network.h"
#include "setup/adopt.h"
#include "setup/origins.h"
#include "setup/overlay.h"
#include "setup/secrets.h"
#include "setup/session.h"
#include "setup/templates.h"
#include "sys/beneath.h"

#include <string.h>

/* Everything that a plan points into, for as long as the plan lives. */
struct work {
    struct session session;
    struct inputs in;
    struct spec previous;
    struct plan plan;
    struct input_file *overlay; /* a former bundle's policy files */
    size_t overlay_count;
    char target[64], agent[64]; /* unit names */
    struct setup_result result;
};

static void work_done(struct work *w)
{
    plan_done(&w->plan);
    files_free(w->overlay, w->overlay_count);
    files_free(w->in.policy, w->in.policy_count);
    files_free(w->in.skill, w->in.skill_count);
    files_free(w->in.plugin, w->in.plugin_count);
    files_free(w->in.sealed, w->in.sealed_count);
}

/* The spec that is meant now, and the one that was in force. */
static int resolve_spec(struct work *w, const struct setup_request *rq, struct err *e)
{
    const cJSON *recorded = cJSON_GetObjectItemCaseSensitive(w->session.record, "spec");
    bool active = session_active(&w->session);
    int r = 0;

    if (recorded)
        r = spec_from_json(recorded, &w->previous, e);
    if (r < 0)
        return err_prefix(e, r, "record.json");
    w->result.first = !active;
    if (active)
        w->in.previous = &w->previous;
    return options_resolve(rq->options, active ? &w->previous : NULL, &w->in.in.spec, e);
}

static void take_ids(struct work *w)
{
    struct instance *in = &w->in.in;
    const struct host *h = &w->in.host;

    memcpy(in->uuid, w->session.run.uuid, sizeof in->uuid);
    in->uid = h->uid;
    in->gid = h->gid;
    in->gateway_uid = h->gateway_uid;
    in->gateway_gid = h->gateway_gid;
    snprintf(w->target, sizeof w->target, "defenseclaw-%s.target", in->spec.name);
    snprintf(w->agent, sizeof w->agent, "openshell-%s.service", in->spec.name);
    w->in.quiesce_all = w->target;
    w->in.quiesce_agent = w->agent;
}

static int load_files(struct work *w, const struct setup_request *rq, struct err *e)
{
    struct inputs *in = &w->in;
    int r = 0;

    if (!rq->bundle && !rq->options->defaults && session_active(&w->session))
        r = overlay_load(&w->session.run, w->session.record, &w->overlay, &w->overlay_count, e);
    if (r == 0)
        r = policy_inputs(in->in.spec.policy, rq->bundle ? rq->policy : w->overlay,
                          rq->bundle ? rq->policy_count : w->overlay_count, in->host.npm_registry,
                          &in->policy, &in->policy_count, e);
    if (r == 0)
        r = files_load(DC_DATADIR "/skill/codeguard", &in->skill, &in->skill_count, e);
    if (r == 0)
        r = files_load(DC_DATADIR "/plugin/defenseclaw", &in->plugin, &in->plugin_count, e);
    if (r == 0)
        r = secrets_seal(in->in.spec.name, rq->secrets, &in->sealed, &in->sealed_count, e);
    return r;
}

/* The home is made; what it is made in has to be there. */
static int check_home(const struct spec *s, struct err *e)
{
    autofd int dir = -EBADF;
    const char *base;
    int r = beneath_open_parent(s->home, &dir, &base, e);

    if (r != -ENOENT)
        return r;
    err_set(e, r, EXIT_USAGE, "--sandbox-home %s: its parent directory doesn't exist", s->home);
    return err_fix(e, r, "mkdir -p %.*s", (int)(strrchr(s->home, '/') - s->home), s->home);
}

static int gather(struct work *w, const struct setup_request *rq, struct err *e)
{
    struct inputs *in = &w->in;
    struct network net;
    int r;

    in->record = session_entries(&w->session);
    in->adopt_user = rq->options->adopt_user;
    in->hold_agent = rq->hold_agent;
    in->profile = rq->profile;
    in->env = rq->env;
    in->secrets = rq->secrets;
    in->keep_secrets = !rq->bundle;
    if (in->keep_secrets)
        secrets_forget(&w->session.run, session_entries(&w->session));
    in->blobs = w->session.run.blobs;
    r = host_gather(&w->session.run, &in->in.spec, &in->host, e);
    if (r < 0)
        return r;
    take_ids(w);
    r = adopt_check(in, w->session.record, e);
    if (r == 0)
        r = check_home(&in->in.spec, e);
    if (r < 0)
        return r;
    network_from_instance(&in->in, &net);
    r = network_preflight(&net, session_active(&w->session), e);
    return r < 0 ? r : load_files(w, rq, e);
}

static int make_plan(struct work *w, struct err *e)
{
    struct run *run = &w->session.run;
    int r = provision_plan(&w->in, &w->plan, e);

    if (r == 0 && session_active(&w->session))
        r = plan_add_removals(&w->plan, session_entries(&w->session), e);
    if (r == 0)
        r = walk_observe(run, &w->plan, e);
    if (r == 0)
        r = walk_check(&w->plan, e);
    return r < 0 ? r : plan_quiesce(&w->plan, e);
}

static void note_widened(void *userdata, const char *sentence)
{
    run_note(userdata, "%s", sentence);
}

/* The record as it will stand; a duplicate, so that a failed run leaves the loaded one alone. */
static int new_record(struct work *w, const char *state, cJSON **ret, struct err *e)
{
    autojson cJSON *record = cJSON_Duplicate(w->session.record, true);
    cJSON *spec = w->in.in.spec.name[0] ? spec_to_json(&w->in.in.spec) : NULL;

    if (!record)
        return err_set(e, -ENOMEM, EXIT_FAILED, "record.json: out of memory");
    cJSON_DeleteItemFromObjectCaseSensitive(record, "state");
    if (!cJSON_AddStringToObject(record, "state", state))
        return err_set(e, -ENOMEM, EXIT_FAILED, "record.json: out of memory");
    if (spec) {
        cJSON_DeleteItemFromObjectCaseSensitive(record, "spec");
        cJSON_AddItemToObject(record, "spec", spec);
    }
    *ret = mem_take(&record);
    return 0;
}

/* So that a later run knows its user, also one that it didn't make. */
static int record_user(const struct work *w, cJSON *record)
{
    cJSON *user = cJSON_CreateObject();

    cJSON_DeleteItemFromObjectCaseSensitive(record, "user");
    if (!cJSON_AddItemToObject(record, "user", user) ||
        !cJSON_AddNumberToObject(user, "uid", w->in.in.uid) ||
        !cJSON_AddBoolToObject(user, "adopted", w->in.adopt_user))
        return -ENOMEM;
    return 0;
}

static int ask(const struct work *w, const struct setup_request *rq)
{
    const struct setup_preview preview = { .spec = &w->in.in.spec,
                                           .plan = &w->plan,
                                           .first = w->result.first };

    return rq->confirm ? rq->confirm(rq->userdata, &preview) : 0;
}

/* Carries the plan out. A run that changes nothing leaves even the record alone. */
static int carry_out(struct work *w, const struct setup_request *rq, const char *verb,
                     const char *state, struct err *e)
{
    const struct walk_events ev = { .item = rq->item, .userdata = rq->userdata };
    autojson cJSON *record = NULL;
    int r;

    w->result.changes = plan_changes(&w->plan);
    w->result.spec = w->in.in.spec;
    w->result.recovered = w->session.recovered;
    r = new_record(w, state, &record, e);
    if (r == 0)
        r = record_user(w, record);
    if (r == 0)
        r = origins_inherit(w->session.run.name, &w->plan, record);
    if (r == 0) {
        origins_forget(&w->plan, session_active(&w->session), record);
        r = overlay_save(&w->session.run, record, rq->bundle ? rq->policy : w->overlay,
                         rq->bundle ? rq->policy_count : w->overlay_count, e);
    }
    if (r < 0 || (w->result.changes == 0 && json_same(record, w->session.record)))
        return r;
    return walk_apply(&w->session.run, &w->plan, verb, record, &ev, e);
}

static int setup_steps(struct work *w, const struct setup_request *rq, struct err *e)
{
    int r;

    r = resolve_spec(w, rq, e);
    if (r == 0)
        r = gather(w, rq, e);
    if (r == 0)
        r = make_plan(w, e);
    if (r == 0)
        r = ask(w, rq);
    if (r < 0)
        return r;
    if (w->in.previous)
        spec_widens(&w->previous, &w->in.in.spec, note_widened, &w->session.run);
    return carry_out(w, rq, "setup", "active", e);
}

int setup_run(const struct setup_request *rq, struct setup_result *ret, struct err *e)
{
    struct work w = { 0 };
    bool write = !rq->options->dry_run;
    int r;

    r = session_open(&w.session, rq->options->spec.name, write, rq, e);
    if (r == 0)
        r = setup_steps(&w, rq, e);
    work_done(&w);
    session_close(&w.session, r < 0);
    if (r == 0)
        *ret = w.result;
    return r;
}

/* What is undone: nothing when the instance isn't set up. */
static int plan_disable(struct work *w, struct err *e)
{
    const cJSON *spec = cJSON_GetObjectItemCaseSensitive(w->session.record, "spec");
    int r = 0;

    if (spec)
        r = spec_from_json(spec, &w->in.in.spec, e);
    if (r == 0)
        r = plan_undo(&w->plan, session_entries(&w->session), e);
    return r < 0 ? r : walk_observe(&w->session.run, &w->plan, e);
}

/* Entries whose thing is as before already need no change, and must leave the record all the same.
 */
static void forget_undone(cJSON *record)
{
    cJSON *entries = cJSON_GetObjectItemCaseSensitive(record, "entries"), *entry, *next;

    for (entry = entries->child; entry; entry = next) {
        next = entry->next;
        if (!json_bool(entry, "keep", false))
            cJSON_Delete(cJSON_DetachItemViaPointer(entries, entry));
    }
}

static int disable_steps(struct work *w, const struct setup_request *rq, struct err *e)
{
    const struct walk_events ev = { .item = rq->item, .userdata = rq->userdata };
    autojson cJSON *record = NULL;
    int r;

    if (!session_active(&w->session)) {
        w->result.recovered = w->session.recovered;
        return 0;
    }
    r = plan_disable(w, e);
    if (r == 0)
        r = ask(w, rq);
    if (r == 0)
        r = new_record(w, "disabled", &record, e);
    if (r < 0)
        return r;
    forget_undone(record);
    w->result.changes = plan_changes(&w->plan) + 1; /* the record itself is one */
    w->result.spec = w->in.in.spec;
    w->result.adopted =
        json_bool(cJSON_GetObjectItemCaseSensitive(record, "user"), "adopted", false);
    return walk_apply(&w->session.run, &w->plan, "disable", record, &ev, e);
}

int setup_disable(const struct setup_request *rq, struct setup_result *ret, struct err *e)
{
    struct work w = { 0 };
    int r;

    r = session_open(&w.session, rq->options->spec.name, !rq->options->dry_run, rq, e);
    if (r == 0)
        r = disable_steps(&w, rq, e);
    work_done(&w);
    session_close(&w.session, true);
    if (r == 0)
        *ret = w.result;
    return r;
}
