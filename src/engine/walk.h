/* The engine's one walk over resources, and what is done at each: looking (plan, verify), putting
 * (setup, disable), putting back (rollback, recovery). */
#ifndef DEFENSECLAW_ENGINE_WALK_H
#define DEFENSECLAW_ENGINE_WALK_H

#include "engine/plan.h"
#include "engine/run.h"

enum walk_phase { WALK_PUT, WALK_UNDO, WALK_ROLLBACK };

/* Told before each thing is changed. */
struct walk_events {
    void (*item)(void *userdata, const struct plan_item *item, enum walk_phase phase);
    void *userdata;
};

/* Looks at every item: fills now and change. Changes nothing. */
int walk_observe(struct run *run, struct plan *p, struct err *e);

/* After walk_observe(): asks each kind whether what stands there can become what is wanted. */
int walk_check(const struct plan *p, struct err *e);

/* How many items differ. */
size_t plan_changes(const struct plan *p);

/* Adds what the record holds and the plan no longer wants, as undo items in front. entries must
 * outlive the plan. */
int plan_add_removals(struct plan *p, const cJSON *entries, struct err *e);

/* The undo of everything in the record but what stays (entries with keep), last made first. */
int plan_undo(struct plan *p, const cJSON *entries, struct err *e);

/* Puts a stop in front for every unit that must not run while an item with its name in quiesce
 * changes. After walk_observe(). */
int plan_quiesce(struct plan *p, struct err *e);

/* Carries the plan out under a journal; record is the new record, whose "entries" are brought up to
 * date and which is saved at the end. On any failure everything that this run did is put back, and
 * e names step, cause and fix. Calling it with nothing to change saves the record only. */
int walk_apply(struct run *run, struct plan *p, const char *verb, cJSON *record,
               const struct walk_events *ev, struct err *e);

/* Undoes what a killed run left behind its journal, if there is one; *ret_found says so. A killed
 * undo is not taken back: it left nothing that the next undo or setup doesn't see for itself. */
int walk_recover(struct run *run, bool *ret_found, struct err *e);

#endif
