/* What setup made, against its record. */
#include "base/json.h"
#include "base/mem.h"
#include "engine/resource.h"
#include "probe/rows.h"

#include <string.h>

/* The first member in which two states differ, for a person. */
static void difference(const cJSON *now, const cJSON *want, char *out, size_t size)
{
    const cJSON *w;

    cJSON_ArrayForEach(w, want)
    {
        const cJSON *n = cJSON_GetObjectItemCaseSensitive(now, w->string);
        autofree char *was = NULL, *is = NULL;

        if (json_same(n, w))
            continue;
        was = cJSON_PrintUnformatted(w);
        is = n ? cJSON_PrintUnformatted(n) : NULL;
        snprintf(out, size, "%s is %.160s, was left as %.160s", w->string, is ? is : "missing",
                 was ? was : "?");
        return;
    }
    snprintf(out, size, "has more to it than setup left");
}

/* Kinds that find several faults name them in the state. */
static bool named_differences(const cJSON *now, char *out, size_t size)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(now, "differs"), *item;
    size_t at = 0;

    cJSON_ArrayForEach(item, list) if (cJSON_IsString(item) && at < size) at +=
        (size_t)snprintf(out + at, size - at, "%s%s", at ? "; " : "", item->valuestring);
    return at > 0;
}

/* Of a file whose content became its owner's only the rest counts; of one that many write into (a
 * second instance too), only our line. */
static bool as_left(const struct resource_kind *kind, const cJSON *now, const cJSON *after)
{
    const bool seeded = json_bool(after, "seeded", false);
    const bool line = json_str(after, "line") && json_bool(after, "present", false);
    autojson cJSON *want = NULL;

    if (!seeded && !line)
        return resource_same(kind, now, after);
    want = cJSON_Duplicate(after, true);
    if (line)
        cJSON_DeleteItemFromObjectCaseSensitive(want, "digest");
    if (!want || (seeded && !cJSON_AddTrueToObject(want, "seed")))
        return false;
    return resource_same(kind, now, want);
}

static void row(struct verify *v, const cJSON *entry, struct verify_report *r)
{
    const char *kind_name = json_str(entry, "kind"), *id = json_str(entry, "id");
    const char *step = json_str(entry, "step");
    const cJSON *after = cJSON_GetObjectItemCaseSensitive(entry, "after");
    const struct resource_kind *kind = kind_name ? resource_kind_find(kind_name) : NULL;
    struct check c = { .result = CHECK_FAIL };
    autojson cJSON *now = NULL;
    struct err e = { 0 };

    snprintf(c.name, sizeof c.name, "%s: %s", step ? step : "?", id ? id : "?");
    snprintf(c.tried, sizeof c.tried, "reading back %s %s", kind_name ? kind_name : "?",
             id ? id : "?");
    snprintf(c.expected, sizeof c.expected, "as setup left it");
    if (!kind || !id || !after)
        snprintf(c.got, sizeof c.got, "the record's entry can't be read");
    else if (kind->observe(&v->run, id, after, &now, &e) < 0)
        snprintf(c.got, sizeof c.got, "%.600s", e.text);
    else if (as_left(kind, now, after))
        c.result = CHECK_PASS;
    else if (!named_differences(now, c.got, sizeof c.got))
        difference(now, after, c.got, sizeof c.got);
    if (c.result == CHECK_PASS)
        snprintf(c.got, sizeof c.got, "as setup left it");
    report_add(r, &c);
}

void rows_resources(struct verify *v, struct verify_report *r)
{
    const cJSON *entries = cJSON_GetObjectItemCaseSensitive(v->record, "entries"), *entry;

    cJSON_ArrayForEach(entry, entries)
    {
        const char *kind = json_str(entry, "kind");

        /* Units have rows of their own: they may be at rest for a reason, which those know. */
        if (!kind || strcmp(kind, "unit") != 0)
            row(v, entry, r);
    }
    if (!entries || !entries->child)
        report_addf(r, CHECK_FAIL, "record", "the record's entries", "some", "none");
}
