#include "engine/plan.h"

#include "base/mem.h"

#include <string.h>

struct plan_item *plan_add(struct plan *p, const char *step, const struct resource_kind *kind,
                           const char *id, cJSON *want)
{
    struct plan_item *items, *item;

    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;

        items = reallocarray(p->items, cap, sizeof *items);
        if (!items)
            goto oom;
        p->items = items;
        p->cap = cap;
    }
    item = &p->items[p->count];
    *item =
        (struct plan_item){ .kind = kind, .step = step, .want = want, .id = strdup(id), .seq = -1 };
    if (!item->id || !want) {
        free(item->id);
        goto oom;
    }
    p->count++;
    return item;
oom:
    cJSON_Delete(want);
    p->failed = -ENOMEM;
    return NULL;
}

struct plan_item *plan_add_first(struct plan *p, const char *step, const struct resource_kind *kind,
                                 const char *id, cJSON *want)
{
    struct plan_item *added = plan_add(p, step, kind, id, want), first;

    if (!added)
        return NULL;
    first = *added;
    memmove(p->items + 1, p->items, (p->count - 1) * sizeof *p->items);
    p->items[0] = first;
    return &p->items[0];
}

int plan_check(const struct plan *p, struct err *e)
{
    return p->failed ? err_set(e, p->failed, EXIT_FAILED, "plan: out of memory") : 0;
}

void plan_done(struct plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].id);
        cJSON_Delete(p->items[i].want);
        cJSON_Delete(p->items[i].now);
    }
    free(p->items);
    *p = (struct plan){ 0 };
}
