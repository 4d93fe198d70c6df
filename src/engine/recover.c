#include "base/json.h"
#include "base/mem.h"
#include "engine/back.h"
#include "engine/journal.h"
#include "engine/record.h"

#include <string.h>

/* Whether the record already names this run: then it was finished, and only its journal stayed. A
 * record that can't be read leaves it open, and nothing is undone on a guess. */
static int committed(int state_dir, const char *run_id, bool *ret, struct err *e)
{
    autojson cJSON *record = NULL;
    int r = record_load(state_dir, &record, e);
    const char *last = r < 0 ? NULL : json_str(record, "run");

    *ret = last && strcmp(last, run_id) == 0;
    return r == -ENOENT ? 0 : r;
}

/* One intent of a killed run. started: the kill may have come after its put began. */
static int recover_entry(struct run *run, const struct journal_entry *j, bool started,
                         struct err *e)
{
    const char *name = json_str(j->intent, "kind"), *id = json_str(j->intent, "id");
    const cJSON *before = cJSON_GetObjectItemCaseSensitive(j->intent, "before");
    const cJSON *want = cJSON_GetObjectItemCaseSensitive(j->intent, "want");
    const struct resource_kind *kind = name ? resource_kind_find(name) : NULL;
    const cJSON *left = j->after ? j->after : want;
    autojson cJSON *now = NULL;
    int r;

    if (!kind || !id || !before || !want)
        return err_set(e, -EBADMSG, EXIT_FAILED, "journal: an entry is not understood");
    if (kind->sweep)
        kind->sweep(run, id);
    r = kind->observe(run, id, left, &now, e);
    if (r < 0)
        return r;
    if (!started && !resource_same(kind, now, left))
        return 0; /* never touched by us */
    return back_to(run, kind, id, now, before, left, NULL, e);
}

static void sweep_all(struct run *run, const struct journal_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        const char *name = json_str(log->entries[i].intent, "kind");
        const struct resource_kind *kind = name ? resource_kind_find(name) : NULL;

        if (kind && kind->sweep)
            kind->sweep(run, json_str(log->entries[i].intent, "id"));
    }
}

/* One way back through the journal; *again: something has to wait for what comes after it. */
static int recover_turn(struct run *run, const struct journal_log *log, size_t reached, bool *again,
                        struct err *e)
{
    int first = 0;

    *again = false;
    for (size_t i = log->count; i-- > 0;) {
        struct err why = { 0 };
        int r = recover_entry(run, &log->entries[i], i <= reached, &why);

        *again = *again || r == -EAGAIN;
        if (r < 0 && first == 0) {
            first = r;
            *e = why;
        }
    }
    return first;
}

static int recover_log(struct run *run, const struct journal_log *log, struct err *e)
{
    size_t reached = 0; /* the first intent without an end: the one that was in progress */
    bool again;
    int r;

    while (reached < log->count && log->entries[reached].after)
        reached++;
    r = recover_turn(run, log, reached, &again, e);
    return again ? recover_turn(run, log, reached, &again, e) : r;
}

int walk_recover(struct run *run, bool *ret_found, struct err *e)
{
    struct journal left = { .fd = -EBADF, .dir = run->state_dir };
    struct journal_log log = { 0 };
    bool done = false, undo;
    int r = journal_read(run->state_dir, &log, e);

    *ret_found = r != -ENOENT;
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    /* What the killed run made carries its uuid, and a first run left no other record of it. */
    snprintf(run->uuid, sizeof run->uuid, "%.*s", UUID_LEN, log.uuid);
    sweep_all(run, &log);
    r = committed(run->state_dir, log.run_id, &done, e);
    if (!done) /* what systemd has read of our files, and when, nobody knows any more */
        run->units_changed = run->units_loaded = true;
    undo = !done && strcmp(log.verb, "disable") == 0;
    if (r == 0 && !done && !undo)
        r = recover_log(run, &log, e);
    journal_log_done(&log);
    if (r < 0)
        return err_prefix(e, r, "an interrupted run can't be undone");
    r = journal_finish(&left);
    if (r == 0 && !undo) /* half an undo: setup may want what it removed, a sealed secret, say */
        record_sweep_saved(run->state_dir);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "journal: %s", strerror(-r)) : 0;
}
