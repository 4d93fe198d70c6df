#include "engine/walk.h"

#include "base/json.h"
#include "base/mem.h"
#include "engine/back.h"
#include "engine/journal.h"
#include "engine/record.h"

#include <string.h>

bool resource_same(const struct resource_kind *kind, const cJSON *now, const cJSON *want)
{
    if (!now || !want)
        return false;
    return kind->same ? kind->same(now, want) : json_same(now, want);
}

static enum plan_change change_of(const struct plan_item *item)
{
    const char *type = json_str(item->now, "type");

    if (resource_same(item->kind, item->now, item->want))
        return PLAN_KEEP;
    if (item->left)
        return PLAN_REMOVE;
    return type && strcmp(type, "absent") == 0 ? PLAN_CREATE : PLAN_CHANGE;
}

static int observe_item(struct run *run, struct plan_item *item, struct err *e)
{
    autojson cJSON *now = NULL;
    int r = item->kind->observe(run, item->id, item->left ? item->left : item->want, &now, e);

    if (r < 0)
        return err_prefix(e, r, "%s", item->step);
    cJSON_Delete(item->now);
    item->now = mem_take(&now);
    item->change = change_of(item);
    return 0;
}

int walk_observe(struct run *run, struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->count; i++) {
        int r = observe_item(run, &p->items[i], e);

        if (r < 0)
            return r;
    }
    return 0;
}

int walk_check(const struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct plan_item *item = &p->items[i];
        int r = 0;

        if (item->kind->check && !item->left && item->change != PLAN_KEEP)
            r = item->kind->check(item->id, item->now, item->want, e);
        if (r < 0)
            return r;
    }
    return 0;
}

size_t plan_changes(const struct plan *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->count; i++)
        n += p->items[i].change != PLAN_KEEP;
    return n;
}

static bool planned(const struct plan *p, const char *kind, const char *id)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].kind->name, kind) == 0 && strcmp(p->items[i].id, id) == 0)
            return true;
    return false;
}

/* An undo item for a record's entry. */
static int fill_undo(struct plan *p, const cJSON *entry, bool first, struct err *e)
{
    const char *name = json_str(entry, "kind"), *id = json_str(entry, "id");
    const struct resource_kind *kind = name ? resource_kind_find(name) : NULL;
    cJSON *before = cJSON_GetObjectItemCaseSensitive(entry, "before");
    cJSON *after = cJSON_GetObjectItemCaseSensitive(entry, "after");
    const char *step = json_str(entry, "step");
    struct plan_item *item;

    if (!kind || !id || !before || !after)
        return err_set(e, -EBADMSG, EXIT_FAILED,
                       "record.json: an entry of kind %s is not understood",
                       name ? name : "(none)");
    item = (first ? plan_add_first : plan_add)(p, step ? step : "undo", kind, id,
                                               cJSON_Duplicate(before, true));
    if (!item)
        return plan_check(p, e);
    item->left = after;
    return 0;
}

int plan_add_removals(struct plan *p, const cJSON *entries, struct err *e)
{
    const cJSON *entry;

    cJSON_ArrayForEach(entry, entries)
    {
        const char *kind = json_str(entry, "kind"), *id = json_str(entry, "id");
        int r;

        if (!kind || !id || json_bool(entry, "keep", false) || planned(p, kind, id))
            continue;
        r = fill_undo(p, entry, true,
                      e); /* each in front of the one before: last made, first undone */
        if (r < 0)
            return r;
    }
    return 0;
}

int plan_undo(struct plan *p, const cJSON *entries, struct err *e)
{
    for (int i = cJSON_GetArraySize(entries) - 1; i >= 0; i--) {
        const cJSON *entry = cJSON_GetArrayItem(entries, i);
        int r = json_bool(entry, "keep", false) ? 0 : fill_undo(p, entry, false, e);

        if (r < 0)
            return r;
    }
    return 0;
}

static struct plan_item *find_unit(struct plan *p, const char *unit)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].kind->name, "unit") == 0 && strcmp(p->items[i].id, unit) == 0)
            return &p->items[i];
    return NULL;
}

/* Also when only some of it runs. */
static bool runs(const cJSON *now)
{
    return json_bool(now, "active", false) || json_bool(now, "partly", false);
}

static int add_stop(struct plan *p, const struct plan_item *unit, struct err *e)
{
    const struct resource_kind *kind = unit->kind;
    autofree char *id = strdup(unit->id);
    cJSON *want = cJSON_Duplicate(unit->want, true), *now = cJSON_Duplicate(unit->now, true);
    struct plan_item *stop;

    if (want)
        cJSON_ReplaceItemInObjectCaseSensitive(want, "active", cJSON_CreateFalse());
    stop = id ? plan_add_first(p, "stop", kind, id, want) : NULL;
    if (!stop) {
        cJSON_Delete(now);
        return plan_check(p, e);
    }
    stop->now = now;
    stop->change = PLAN_CHANGE;
    return 0;
}

int plan_quiesce(struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->count; i++) {
        const char *name = p->items[i].quiesce;
        struct plan_item *unit;
        int r;

        if (!name || p->items[i].change == PLAN_KEEP)
            continue;
        unit = find_unit(p, name);
        if (!unit || strcmp(unit->step, "stop") == 0 || !runs(unit->now))
            continue;
        r = add_stop(p, unit, e);
        if (r < 0)
            return r;
        i++; /* everything moved one place on */
    }
    return 0;
}

/* Stored bytes that a state names, wherever it names them. */
static int store_bytes(struct run *run, const cJSON *state)
{
    const cJSON *child;
    int r = 0;

    cJSON_ArrayForEach(child, state)
    {
        if (cJSON_IsString(child) && child->string && strcmp(child->string, "digest") == 0)
            r = blob_store(run->blobs, run->state_dir, child->valuestring);
        else if (cJSON_IsObject(child) || cJSON_IsArray(child))
            r = store_bytes(run, child);
        if (r < 0)
            return r;
    }
    return 0;
}

/* What one run knows of itself. */
struct apply {
    struct run *run;
    struct plan *plan;
    struct journal journal;
    const struct walk_events *ev;
    bool keep_bytes; /* what changes is stored first, for a recovery after a kill */
    int seqs;
    struct back_log done; /* what was changed, in order: rollback walks it backwards */
};

static int journal_intent(struct apply *a, struct plan_item *item)
{
    int seq = a->seqs++;
    autojson cJSON *line = cJSON_CreateObject();
    int r;

    if (!line || !cJSON_AddNumberToObject(line, "seq", seq) ||
        !cJSON_AddStringToObject(line, "kind", item->kind->name) ||
        !cJSON_AddStringToObject(line, "id", item->id) ||
        !cJSON_AddStringToObject(line, "step", item->step) ||
        !cJSON_AddBoolToObject(line, "keep", item->keep) ||
        !cJSON_AddItemReferenceToObject(line, "before", item->now) ||
        !cJSON_AddItemReferenceToObject(line, "want", item->want))
        return -ENOMEM;
    r = a->keep_bytes ? store_bytes(a->run, item->now) : 0;
    if (r == 0)
        r = journal_append(&a->journal, line);
    if (r == 0)
        item->seq = seq;
    return r;
}

static int journal_done(struct journal *j, const struct plan_item *item, const cJSON *after)
{
    autojson cJSON *line = cJSON_CreateObject();

    if (!line || !cJSON_AddNumberToObject(line, "done", item->seq) ||
        !cJSON_AddItemReferenceToObject(line, "after", (cJSON *)(uintptr_t)after))
        return -ENOMEM;
    return journal_append(j, line);
}

static int journal_plan(struct apply *a, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < a->plan->count && r == 0; i++)
        if (a->plan->items[i].change != PLAN_KEEP)
            r = journal_intent(a, &a->plan->items[i]);
    if (r == 0)
        r = blob_sync(a->run->state_dir);
    if (r == 0)
        r = journal_sync(&a->journal);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "journal: %s", strerror(-r)) : 0;
}

/* A thing that other changes may have moved is looked at again when its turn comes. When one of
 * ours made it so already, what stood there before is what the plan saw; what is new is journaled.
 */
static int refresh(struct apply *a, struct plan_item *item, bool *ret_stands, struct err *e)
{
    autojson cJSON *planned = cJSON_Duplicate(item->now, true);
    int r = planned ? observe_item(a->run, item, e) : -ENOMEM;

    if (r < 0)
        return r;
    if (item->seq >= 0) {
        *ret_stands = item->change == PLAN_KEEP;
        if (*ret_stands) {
            cJSON_Delete(item->now);
            item->now = mem_take(&planned);
        }
        return 0;
    }
    if (item->change == PLAN_KEEP)
        return 0;
    r = journal_intent(a, item);
    if (r == 0)
        r = journal_sync(&a->journal);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "journal: %s", strerror(-r)) : 0;
}

/* stands: it is already so, by another of our changes. */
static int put_item(struct apply *a, struct plan_item *item, bool stands, cJSON **ret_after,
                    struct err *e)
{
    int r;

    if (item->left && !stands)
        return back_to(a->run, item->kind, item->id, item->now, item->want, item->left, ret_after,
                       e);
    r = stands ? 0 : item->kind->put(a->run, item->id, item->now, item->want, e);
    if (r == 0)
        r = item->kind->observe(a->run, item->id, item->left ? item->left : item->want, ret_after,
                                e);
    if (r < 0)
        return r;
    if (!resource_same(item->kind, *ret_after, item->want))
        return err_set(e, -EIO, EXIT_FAILED, "%s: was written, but reads back otherwise", item->id);
    return item->proof ? item->proof(a->run, item->userdata, e) : 0;
}

static int apply_item(struct apply *a, struct plan_item *item, struct err *e)
{
    autojson cJSON *after = NULL;
    bool stands = false;
    int r = 0;

    if (item->kind->live)
        r = refresh(a, item, &stands, e);
    if (r < 0 || (item->change == PLAN_KEEP && item->seq < 0))
        return r;
    if (a->run->cancelled && a->run->cancelled())
        return err_set(e, -ECANCELED, EXIT_FAILED, "interrupted");
    if (a->ev && a->ev->item)
        a->ev->item(a->ev->userdata, item, item->left ? WALK_UNDO : WALK_PUT);
    r = back_log_add(&a->done, item);
    if (r == 0)
        r = put_item(a, item, stands, &after, e);
    if (r == 0)
        r = journal_done(&a->journal, item, after);
    if (r < 0 && !e->status)
        err_set(e, r, EXIT_FAILED, "%s: %s", item->id, strerror(-r));
    if (r == 0)
        back_log_after(&a->done, mem_take(&after));
    return r < 0 ? err_prefix(e, r, "%s", item->step) : 0;
}

static void roll_back(struct apply *a, struct err *e)
{
    struct err why = { 0 };
    int r = back_log_undo(a->run, &a->done, a->ev, &why);

    if (r == 0)
        r = journal_finish(&a->journal);
    if (r == 0) {
        record_sweep_saved(a->run->state_dir);
        return;
    }
    journal_close(&a->journal);
    err_prefix(e, r, "rolling back failed too (%s)", why.text[0] ? why.text : strerror(-r));
    err_fix(e, r,
            "run the same command again: it resumes from the journal in /var/lib/defenseclaw/%s",
            a->run->name);
}

/* Of the failures that nobody nearer to the cause has a word for. */
static void suggest(int r, struct err *e)
{
    static const struct {
        int r;
        const char *fix;
    } fixes[] = {
        { -ENOSPC, "make room on the file system, then run the same command again" },
        { -EDQUOT, "raise the quota, then run the same command again" },
        { -EROFS, "mount the file system writable, then run the same command again" },
        { -EIO, "look for the device's errors with `dmesg`, then run the same command again" },
        { -ECANCELED, "run the same command again when you want it done" },
    };
    const char *fix = "remove the cause, then run the same command again";

    for (size_t i = 0; i < N_ELEMENTS(fixes); i++)
        if (fixes[i].r == r)
            fix = fixes[i].fix;
    if (!e->fix[0])
        err_fix(e, r, "%s", fix);
}

int walk_apply(struct run *run, struct plan *p, const char *verb, cJSON *record,
               const struct walk_events *ev, struct err *e)
{
    struct apply a = { .run = run, .plan = p, .ev = ev, .journal = { .fd = -EBADF } };
    char run_id[UUID_LEN + 1];
    int r;

    if (plan_changes(p) == 0)
        return record_save(run->state_dir, record, e);
    a.keep_bytes = strcmp(verb, "disable") != 0; /* a killed undo is not taken back */
    uuid_make(run_id);
    r = journal_start(&a.journal, run->state_dir, run_id, verb, run->uuid);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "journal: %s", strerror(-r));
    r = journal_plan(&a, e);
    for (size_t i = 0; i < p->count && r == 0; i++)
        r = apply_item(&a, &p->items[i], e);
    if (r == 0)
        r = back_log_sync(run, &a.done, e);
    if (r == 0)
        r = back_log_record(&a.done, record, run_id, e);
    if (r == 0)
        r = record_save(run->state_dir, record, e);
    if (r < 0) {
        roll_back(&a, e);
        suggest(r, e);
    } else
        journal_finish(&a.journal); /* the record names this run: a journal that stays is history */
    back_log_done(&a.done);
    if (r == 0)
        record_sweep_blobs(run->state_dir, record);
    return r;
}
