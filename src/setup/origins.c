#include "setup/origins.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "engine/record.h"
#include "spec/instance.h"

#include <dirent.h>
#include <string.h>

static bool is(const cJSON *obj, const char *key, const char *text)
{
    const char *t = json_str(obj, key);

    return t && strcmp(t, text) == 0;
}

static int inherit(const struct plan_item *item, const cJSON *before, cJSON *entries)
{
    cJSON *entry = cJSON_CreateObject();

    if (!cJSON_AddItemToArray(entries, entry) ||
        !cJSON_AddStringToObject(entry, "kind", item->kind->name) ||
        !cJSON_AddStringToObject(entry, "id", item->id) ||
        !cJSON_AddStringToObject(entry, "step", item->step) ||
        !cJSON_AddFalseToObject(entry, "keep") ||
        !cJSON_AddItemToObject(entry, "before", cJSON_Duplicate(before, true)) ||
        !cJSON_AddItemToObject(entry, "after", cJSON_Duplicate(item->now, true)))
        return -ENOMEM;
    return 0;
}

/* One other instance's record. */
static int inherit_from(const cJSON *theirs, const struct plan *p, cJSON *entries)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct plan_item *item = &p->items[i];
        const cJSON *entry = item->left ? NULL : record_entry(theirs, item->kind->name, item->id);
        const cJSON *before = cJSON_GetObjectItemCaseSensitive(entry, "before");
        int r;

        if (!is(before, "type", "absent") || json_bool(entry, "keep", false) ||
            record_entry(entries, item->kind->name, item->id))
            continue;
        r = inherit(item, before, entries);
        if (r < 0)
            return r;
    }
    return 0;
}

static int load_active(const char *name, cJSON **ret)
{
    autojson cJSON *record = NULL;
    autofd int dir = -EBADF;
    int r = state_dir_open(name, false, &dir, NULL);

    if (r == 0)
        r = record_load(dir, &record, NULL);
    if (r == 0 && is(record, "state", "active"))
        *ret = mem_take(&record);
    return r;
}

int origins_inherit(const char *name, const struct plan *p, cJSON *record)
{
    cJSON *entries = cJSON_GetObjectItemCaseSensitive(record, "entries");
    DIR *dir = opendir(DC_STATE);
    struct dirent *d;
    int r = 0;

    while (dir && r == 0 && (d = readdir(dir))) {
        autojson cJSON *other = NULL;

        if (name_valid(d->d_name) && strcmp(d->d_name, name) != 0 &&
            load_active(d->d_name, &other) == 0)
            r = inherit_from(cJSON_GetObjectItemCaseSensitive(other, "entries"), p, entries);
    }
    if (dir)
        closedir(dir);
    return r;
}

static const struct plan_item *find_item(const struct plan *p, const cJSON *entry)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->items[i].left && is(entry, "kind", p->items[i].kind->name) &&
            is(entry, "id", p->items[i].id))
            return &p->items[i];
    return NULL;
}

void origins_forget(const struct plan *p, bool active, cJSON *record)
{
    cJSON *entries = cJSON_GetObjectItemCaseSensitive(record, "entries"), *entry, *next;

    for (entry = entries ? entries->child : NULL; entry; entry = next) {
        const struct plan_item *item = find_item(p, entry);
        const cJSON *after = cJSON_GetObjectItemCaseSensitive(entry, "after");

        next = entry->next;
        if (json_bool(entry, "keep", false) &&
            (!item || (!active && !resource_same(item->kind, item->now, after))))
            cJSON_Delete(cJSON_DetachItemViaPointer(entries, entry));
    }
}
