/* The way back: one function that puts a thing to what stood there before, used by undo, by
 * rollback and by recovery after a kill; and the list of what a run has done. */
#ifndef DEFENSECLAW_ENGINE_BACK_H
#define DEFENSECLAW_ENGINE_BACK_H

#include "engine/walk.h"

/* Decides by looking: already as before: nothing. As we left it: put back. Neither: it is
 * somebody's change, which is taken apart (take_back) or moved aside (set_aside) and reported. now
 * is what observe just said; *ret_after (may be NULL) gets what stands there afterwards. */
int back_to(struct run *run, const struct resource_kind *kind, const char *id, const cJSON *now,
            const cJSON *before, const cJSON *left, cJSON **ret_after, struct err *e);

struct back_entry {
    const struct plan_item *item;
    cJSON *before; /* owned */
    cJSON *after;  /* owned; NULL while in progress */
    bool again;    /* waits for others to be put back */
};

struct back_log {
    struct back_entry *list;
    size_t count;
};

/* Notes that an item is about to be put; its before is copied. */
int back_log_add(struct back_log *log, const struct plan_item *item);
/* Notes what the last one added reads back as; owns after. */
void back_log_after(struct back_log *log, cJSON *after);
/* Puts everything back in reverse; goes on past failures and returns the first. */
int back_log_undo(struct run *run, struct back_log *log, const struct walk_events *ev,
                  struct err *e);
/* Makes everything done durable. */
int back_log_sync(struct run *run, const struct back_log *log, struct err *e);
/* Brings the record's entries up to date with what was done, and names the run in it. */
int back_log_record(const struct back_log *log, cJSON *record, const char *run_id, struct err *e);
void back_log_done(struct back_log *log);

#endif
