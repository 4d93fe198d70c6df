/* A resource is one thing on the machine in a wanted state. Its kind knows how to look at it and
 * how to put it into a state; the engine knows kinds only through this table.
 *
 * A state is a small JSON object that says everything needed to make the thing so again without
 * this version's code ({"type":"absent"} is a state like any other). Bytes too long for JSON are
 * named by their digest and kept by the run's blob store (engine/blob.h): in memory when wanted, in
 * root's own directory when they stood there before.
 *
 * The rules every kind keeps:
 *  - observe changes nothing, and reports the state canonically: two equal things give equal JSON
 *    (or the kind supplies `same`);
 *  - put is idempotent, atomic where the system lets it be, and never trusts an exit status: the
 *    engine observes again afterwards and compares;
 *  - what the sandbox user can write is hostile. */
#ifndef DEFENSECLAW_ENGINE_RESOURCE_H
#define DEFENSECLAW_ENGINE_RESOURCE_H

#include "base/err.h"
#include "engine/run.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct resource_kind {
    const char *name;

    /* What stands there now. want is what a plan or a record wants there (a hint only: which keys
     * to look at); it may be NULL. *ret is the caller's. 0, or negative errno with e set. */
    int (*observe)(struct run *run, const char *id, const cJSON *want, cJSON **ret, struct err *e);

    /* Whether what was observed satisfies the wanted state. NULL: json_same(). */
    bool (*same)(const cJSON *now, const cJSON *want);

    /* Makes it so; now is what observe just said. */
    int (*put)(struct run *run, const char *id, const cJSON *now, const cJSON *state,
               struct err *e);

    /* Undo of a thing that is neither as we left it (after) nor as it was (before): takes back what
     * is ours and leaves what is theirs, with a note to the run for the report. NULL: the kind has
     * no such middle way, and the engine calls set_aside (if any) and then put(before). */
    int (*take_back)(struct run *run, const char *id, const cJSON *now, const cJSON *before,
                     const cJSON *after, struct err *e);

    /* Whether put() could make the wanted state of what was observed; asked for all things before
     * the first is changed. 0, or negative errno with e set. NULL: always. */
    int (*check)(const char *id, const cJSON *now, const cJSON *want, struct err *e);

    /* A wanted state says less than an observed one: what satisfies it may hold other people's
     * changes as well, so undo always goes through take_back. */
    bool shared;

    /* Moves a foreign thing out of the way beside itself and notes it. NULL: nothing to move. */
    int (*set_aside)(struct run *run, const char *id, const cJSON *now, struct err *e);

    /* Removes what a killed put may have left beside the thing (temporary files). NULL: nothing. */
    void (*sweep)(struct run *run, const char *id);

    /* Makes what was put durable; asked once at the end of a run, before the record names it. NULL:
     * nothing to sync. */
    int (*sync)(struct run *run, const char *id, struct err *e);

    /* Whether putting other things may change this one (a unit that others pull in): it is observed
     * again when its turn comes. */
    bool live;
};

/* kind->same(), or json_same() where the kind has none. NULL equals nothing. */
bool resource_same(const struct resource_kind *kind, const cJSON *now, const cJSON *want);

/* The kinds, by the name that journal and record carry. NULL when unknown. */
const struct resource_kind *resource_kind_find(const char *name);

#endif
