/* The wanted resources of an instance in the order in which they are made; undo walks it backwards.
 */
#ifndef DEFENSECLAW_ENGINE_PLAN_H
#define DEFENSECLAW_ENGINE_PLAN_H

#include "engine/resource.h"

#include <stddef.h>

enum plan_change { PLAN_KEEP, PLAN_CREATE, PLAN_CHANGE, PLAN_REMOVE };

struct plan_item {
    const struct resource_kind *kind;
    const char *step; /* the page's row, static: what a person sees */
    char *id;         /* owned */
    cJSON *want;      /* owned */
    cJSON *now;       /* owned, filled by plan_observe() */
    enum plan_change change;
    bool keep; /* made by us, stays at --disable (user, home, profile): a rollback removes it, and
                * what stood there before us is put back all the same */
    const char *quiesce; /* unit to stop before this changes while it runs, static or NULL */

    /* A live proof after the thing was put and read back; failing it fails the run. May be NULL. */
    int (*proof)(struct run *run, void *userdata, struct err *e);
    void *userdata; /* of proof; not owned */

    /* For an undo (want is then what stood there before us): the state in which the record says
     * that we left the thing. Not owned, NULL for an ordinary wanted thing. */
    const cJSON *left;
    int seq; /* number in the journal, -1 while it isn't there */
};

struct plan {
    struct plan_item *items;
    size_t count, cap;
    int failed; /* -ENOMEM: checked once by plan_check() */
};

/* Adds a resource; takes ownership of want. The returned item may be adorned (keep, quiesce, proof)
 * until the next call. NULL when out of memory (failed is set, want freed). */
struct plan_item *plan_add(struct plan *p, const char *step, const struct resource_kind *kind,
                           const char *id, cJSON *want);
/* The same at the front: made first, undone last. */
struct plan_item *plan_add_first(struct plan *p, const char *step, const struct resource_kind *kind,
                                 const char *id, cJSON *want);
int plan_check(const struct plan *p, struct err *e);
void plan_done(struct plan *p);

#endif
