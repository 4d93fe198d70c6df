#include "probe/confined.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"

#include <string.h>

#define NAMES_MAX 96

/* Whether two lists hold the same items, in any order. */
static bool same_set(const cJSON *a, const cJSON *b)
{
    const cJSON *item, *other;

    if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
        return false;
    cJSON_ArrayForEach(item, a)
    {
        bool found = false;

        cJSON_ArrayForEach(other, b)
        {
            found = cJSON_Compare(item, other, true);
            if (found)
                break;
        }
        if (!found)
            return false;
    }
    return true;
}

/* (bas): the flag must be equal, and then the lists. */
static bool same_flagged(const cJSON *want, const cJSON *got)
{
    return cJSON_Compare(want->child, cJSON_GetArrayItem(got, 0), true) &&
           same_set(cJSON_GetArrayItem(want, 1), cJSON_GetArrayItem(got, 1));
}

static bool matches_set(const cJSON *want, const cJSON *got)
{
    return cJSON_IsBool(want->child) ? same_flagged(want, got) : same_set(want, got);
}

static bool matches_exact(const cJSON *want, const cJSON *got)
{
    return cJSON_Compare(want, got, true);
}

/* An allow-list of calls with none of the refused in it. An empty one is no filter at all. */
static bool matches_without(const cJSON *want, const cJSON *got)
{
    const cJSON *list = cJSON_GetArrayItem(got, 1), *call, *allowed;

    if (!cJSON_IsTrue(cJSON_GetArrayItem(got, 0)) || !list || !list->child)
        return false;
    cJSON_ArrayForEach(call, want)
    {
        cJSON_ArrayForEach(allowed, list)
        {
            if (cJSON_IsString(allowed) && strcmp(call->valuestring, allowed->valuestring) == 0)
                return false;
        }
    }
    return true;
}

static const struct {
    const char *how;
    bool (*matches)(const cJSON *want, const cJSON *got);
} comparisons[] = {
    { "exact", matches_exact },
    { "set", matches_set },
    { "without", matches_without },
};

static bool matches(const char *how, const cJSON *want, const cJSON *got)
{
    for (size_t i = 0; i < N_ELEMENTS(comparisons); i++)
        if (strcmp(comparisons[i].how, how) == 0)
            return comparisons[i].matches(want, got);
    return false;
}

int confined_compare(const cJSON *expected, const cJSON *effective, struct err *e)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, expected)
    {
        const char *name = json_str(item, "name");
        const cJSON *want = cJSON_GetObjectItemCaseSensitive(item, "value");
        const cJSON *got = cJSON_GetObjectItemCaseSensitive(effective, name);
        autofree char *was = NULL, *is = NULL;

        if (!got)
            return err_set(e, -EBADMSG, EXIT_FAILED,
                           "property %s: systemd doesn't know it, so it isn't in force", name);
        if (matches(json_str(item, "how"), want, got))
            continue;
        was = cJSON_PrintUnformatted(want);
        is = cJSON_PrintUnformatted(got);
        return err_set(e, -EBADMSG, EXIT_FAILED, "property %s: weakened: wanted %.200s, got %.200s",
                       name, was ? was : "?", is ? is : "?");
    }
    return 0;
}

static int check_source(const char *unit, const cJSON *effective, struct err *e)
{
    const cJSON *dropins = cJSON_GetObjectItemCaseSensitive(effective, "DropInPaths");
    const char *fragment = json_str(effective, "FragmentPath");
    char path[256];

    if (!cJSON_IsArray(dropins))
        return err_set(e, -EBADMSG, EXIT_FAILED, "drop-ins: systemd doesn't name them");
    if (dropins->child) {
        const char *first = cJSON_GetStringValue(dropins->child);

        err_set(e, -EBADMSG, EXIT_FAILED, "drop-in %s: changes the unit, and none is ours", first);
        return err_fix(e, -EBADMSG,
                       "remove %s (or make it not match %s), then systemctl daemon-reload", first,
                       unit);
    }
    snprintf(path, sizeof path, "%s/%s", DC_UNITS, unit);
    if (!fragment || strcmp(fragment, path) != 0)
        return err_set(e, -EBADMSG, EXIT_FAILED, "unit file: systemd uses %s, not ours",
                       fragment && fragment[0] ? fragment : "none");
    return 0;
}

int confinement_check(struct bus *b, const char *unit, const cJSON *expected, struct err *e)
{
    const char *names[NAMES_MAX] = { "DropInPaths", "FragmentPath" };
    autojson cJSON *effective = NULL;
    const cJSON *item;
    size_t count = 2;
    int r;

    cJSON_ArrayForEach(item, expected)
    {
        if (count == NAMES_MAX)
            return -E2BIG;
        names[count++] = json_str(item, "name");
    }
    r = bus_unit_properties(b, unit, names, count, &effective, e);
    if (r < 0)
        return r;
    r = check_source(unit, effective, e);
    if (r >= 0)
        r = confined_compare(expected, effective, e);
    return r < 0 ? err_prefix(e, r, "%s", unit) : 0;
}
