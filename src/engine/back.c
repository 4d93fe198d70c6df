#include "engine/back.h"

#include "base/json.h"
#include "base/mem.h"
#include "engine/record.h"

#include <string.h>

static int observe_after(struct run *run, const struct resource_kind *kind, const char *id,
                         const cJSON *hint, cJSON **ret, struct err *e)
{
    autojson cJSON *now = NULL;
    int r = kind->observe(run, id, hint, &now, e);

    if (r == 0) {
        cJSON_Delete(*ret);
        *ret = mem_take(&now);
    }
    return r;
}

/* Moves what is somebody else's aside, and looks again. */
static int clear_place(struct run *run, const struct resource_kind *kind, const char *id,
                       const cJSON *left, cJSON **now, struct err *e)
{
    int r;

    if (!kind->set_aside)
        return 0;
    r = kind->set_aside(run, id, *now, e);
    return r < 0 ? r : observe_after(run, kind, id, left, now, e);
}

int back_to(struct run *run, const struct resource_kind *kind, const char *id, const cJSON *now,
            const cJSON *before, const cJSON *left, cJSON **ret_after, struct err *e)
{
    autojson cJSON *cur = cJSON_Duplicate(now, true);
    int r = 0;

    if (!cur)
        return -ENOMEM;
    if (!resource_same(kind, cur, before)) {
        bool ours = resource_same(kind, cur, left);
        bool taken = kind->take_back && (!ours || kind->shared);

        if (taken)
            r = kind->take_back(run, id, cur, before, left, e);
        else if (!ours)
            r = clear_place(run, kind, id, left, &cur, e);
        if (r == 0 && !taken)
            r = kind->put(run, id, cur, before, e);
        if (r == -ENOTEMPTY) { /* a directory of ours in which somebody put something since */
            run_note(run, "%s: kept, it is not empty", id);
            taken = true;
            r = 0;
        }
        if (r == 0)
            r = observe_after(run, kind, id, left, &cur, e);
        if (r == 0 && !taken && !resource_same(kind, cur, before))
            r = err_set(e, -EIO, EXIT_FAILED, "%s: was put back, but reads otherwise", id);
    }
    if (r == 0 && ret_after)
        *ret_after = mem_take(&cur);
    return r;
}

int back_log_add(struct back_log *log, const struct plan_item *item)
{
    struct back_entry *list = reallocarray(log->list, log->count + 1, sizeof *list);
    cJSON *before;

    if (!list)
        return -ENOMEM;
    log->list = list;
    before = cJSON_Duplicate(item->now, true);
    if (!before)
        return -ENOMEM;
    log->list[log->count++] = (struct back_entry){ .item = item, .before = before };
    return 0;
}

void back_log_after(struct back_log *log, cJSON *after)
{
    log->list[log->count - 1].after = after;
}

static int undo_entry(struct run *run, const struct back_entry *b, struct err *e)
{
    const struct plan_item *item = b->item;
    const cJSON *left = b->after ? b->after : item->want;
    autojson cJSON *now = NULL;
    int r;

    if (item->kind->sweep)
        item->kind->sweep(run, item->id);
    r = item->kind->observe(run, item->id, left, &now, e);
    if (r < 0)
        return r;
    /* A put that failed half-way leaves a state of ours that nobody described. */
    if (!b->after && !resource_same(item->kind, now, b->before))
        return item->kind->put(run, item->id, now, b->before, e);
    return back_to(run, item->kind, item->id, now, b->before, left, NULL, e);
}

static int undo_one(struct run *run, struct back_entry *b, const struct walk_events *ev, int first,
                    struct err *e)
{
    struct err why = { 0 };
    int r;

    if (ev && ev->item)
        ev->item(ev->userdata, b->item, WALK_ROLLBACK);
    r = undo_entry(run, b, &why);
    b->again = r == -EAGAIN && !b->again;
    if (r < 0 && first == 0 && !b->again) {
        first = r;
        *e = why;
    }
    return first;
}

/* What can only be put back once others are (-EAGAIN: a policy in force, whose file comes back
 * later) has a second turn. */
int back_log_undo(struct run *run, struct back_log *log, const struct walk_events *ev,
                  struct err *e)
{
    int first = 0;

    for (size_t i = log->count; i-- > 0;)
        first = undo_one(run, &log->list[i], ev, first, e);
    for (size_t i = log->count; i-- > 0;)
        if (log->list[i].again)
            first = undo_one(run, &log->list[i], ev, first, e);
    return first;
}

int back_log_sync(struct run *run, const struct back_log *log, struct err *e)
{
    for (size_t i = 0; i < log->count; i++) {
        const struct plan_item *item = log->list[i].item;
        int r = item->kind->sync ? item->kind->sync(run, item->id, e) : 0;

        if (r < 0 && !e->status)
            err_set(e, r, EXIT_FAILED, "%s: can't be made durable: %s", item->id, strerror(-r));
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_entry(cJSON *entries, const struct back_entry *b)
{
    autojson cJSON *entry = cJSON_CreateObject();
    const char *type = json_str(b->before, "type");
    bool keep = b->item->keep && type && strcmp(type, "absent") == 0;

    if (!entry || !cJSON_AddStringToObject(entry, "kind", b->item->kind->name) ||
        !cJSON_AddStringToObject(entry, "id", b->item->id) ||
        !cJSON_AddStringToObject(entry, "step", b->item->step) ||
        !cJSON_AddBoolToObject(entry, "keep", keep) ||
        !cJSON_AddItemToObject(entry, "before", cJSON_Duplicate(b->before, true)) ||
        !cJSON_AddItemToObject(entry, "after", cJSON_Duplicate(b->after, true)))
        return -ENOMEM;
    return cJSON_AddItemToArray(entries, mem_take(&entry)) ? 0 : -ENOMEM;
}

static int record_one(cJSON *entries, const struct back_entry *b)
{
    cJSON *entry = record_entry(entries, b->item->kind->name, b->item->id), *after;

    if (b->item->left) {
        cJSON_Delete(entry ? cJSON_DetachItemViaPointer(entries, entry) : NULL);
        return 0;
    }
    if (!entry)
        return add_entry(entries, b);
    after = cJSON_Duplicate(b->after, true);
    if (!after)
        return -ENOMEM;
    if (!cJSON_ReplaceItemInObjectCaseSensitive(entry, "after", after)) {
        cJSON_Delete(after);
        return -ENOMEM;
    }
    return 0;
}

int back_log_record(const struct back_log *log, cJSON *record, const char *run_id, struct err *e)
{
    cJSON *entries = cJSON_GetObjectItemCaseSensitive(record, "entries");
    int r = 0;

    cJSON_DeleteItemFromObjectCaseSensitive(record, "run");
    if (!entries || !cJSON_AddStringToObject(record, "run", run_id))
        r = -ENOMEM;
    for (size_t i = 0; i < log->count && r == 0; i++)
        r = record_one(entries, &log->list[i]);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "record.json: %s", strerror(-r)) : 0;
}

void back_log_done(struct back_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        cJSON_Delete(log->list[i].before);
        cJSON_Delete(log->list[i].after);
    }
    free(log->list);
    *log = (struct back_log){ 0 };
}
