#include "base/json.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>
#include <unistr.h>

#define DEPTH_MAX 64
#define EXACT_MAX 9007199254740992.0 /* 2^53: above it a double skips integers */

static unsigned line_of(const char *text, const char *at)
{
    unsigned line = 1;

    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

static int refuse(struct err *e, const char *what, unsigned line, const char *why)
{
    return err_set(e, -EINVAL, EXIT_USAGE, "%s: line %u: %s", what, line, why);
}

/* The texts that cJSON would read otherwise than they stand. */
static int check_text(const char *what, const char *text, size_t len, struct err *e)
{
    const uint8_t *bad = u8_check((const uint8_t *)text, len);
    int depth = 0;
    bool quoted = false;

    if (bad)
        return refuse(e, what, line_of(text, (const char *)bad), "not UTF-8");
    for (const char *p = text; p < text + len; p++) {
        if (*p == '\0')
            return refuse(e, what, line_of(text, p), "a NUL byte");
        if (quoted && *p == '\\') {
            if (p + 5 < text + len && strncmp(p, "\\u0000", 6) == 0)
                return refuse(e, what, line_of(text, p), "\\u0000 is not allowed in a string");
            p++;
        } else if (quoted && (unsigned char)*p < 0x20) {
            return refuse(e, what, line_of(text, p), "a control character in a string");
        } else if (*p == '"') {
            quoted = !quoted;
        } else if (!quoted && (*p == '{' || *p == '[')) {
            if (++depth > DEPTH_MAX)
                return refuse(e, what, line_of(text, p), "nested too deeply");
        } else if (!quoted && (*p == '}' || *p == ']')) {
            depth--;
        }
    }
    return 0;
}

bool json_text_ok(const char *text)
{
    return u8_check((const uint8_t *)text, strlen(text)) == NULL;
}

static int check_tree(const char *what, const cJSON *j, struct err *e)
{
    const cJSON *child, *other;
    int r;

    if (cJSON_IsNumber(j) && !(fabs(j->valuedouble) <= EXACT_MAX))
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: key %s: number out of range", what,
                       j->string ? j->string : "(in a list)");
    cJSON_ArrayForEach(child, j)
    {
        if (cJSON_IsObject(j))
            for (other = child->next; other; other = other->next)
                if (strcmp(child->string, other->string) == 0)
                    return err_set(e, -EINVAL, EXIT_USAGE, "%s: key %s stands twice", what,
                                   child->string);
        r = check_tree(what, child, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int json_parse(const char *what, const void *text, size_t len, cJSON **ret, struct err *e)
{
    autojson cJSON *j = NULL;
    autofree char *copy = NULL;
    const char *end = NULL;
    int r;

    r = check_text(what, text, len, e);
    if (r < 0)
        return r;
    copy = malloc(len + 1); /* cJSON's end check reads the terminator */
    if (!copy)
        return -ENOMEM;
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    j = cJSON_ParseWithLengthOpts(copy, len + 1, &end, true);
    if (!j)
        return refuse(e, what, line_of(copy, end ? end : copy), "not valid JSON");
    r = check_tree(what, j, e);
    if (r < 0)
        return r;
    *ret = j;
    j = NULL;
    return 0;
}

const char *json_str(const cJSON *obj, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(obj, key));
}

int64_t json_int(const cJSON *obj, const char *key, int64_t fallback)
{
    const cJSON *j = cJSON_GetObjectItemCaseSensitive(obj, key);

    return cJSON_IsNumber(j) && j->valuedouble == floor(j->valuedouble) ? (int64_t)j->valuedouble
                                                                        : fallback;
}

bool json_bool(const cJSON *obj, const char *key, bool fallback)
{
    const cJSON *j = cJSON_GetObjectItemCaseSensitive(obj, key);

    return cJSON_IsBool(j) ? cJSON_IsTrue(j) : fallback;
}

static void sort_keys(cJSON *j)
{
    cJSON *sorted = NULL, *tail = NULL, *child;

    cJSON_ArrayForEach(child, j) sort_keys(child);
    if (!cJSON_IsObject(j))
        return;
    while (j->child) { /* selection sort: our objects are small */
        cJSON *least = j->child;

        for (child = least->next; child; child = child->next)
            if (strcmp(child->string, least->string) < 0)
                least = child;
        cJSON_DetachItemViaPointer(j, least);
        least->prev = tail;
        if (tail)
            tail->next = least;
        else
            sorted = least;
        tail = least;
    }
    j->child = sorted;
    if (sorted)
        sorted->prev = tail; /* cJSON keeps the last child here */
}

char *json_canonical(const cJSON *j)
{
    autojson cJSON *copy = cJSON_Duplicate(j, true);

    if (!copy)
        return NULL;
    sort_keys(copy);
    return cJSON_PrintUnformatted(copy);
}

bool json_same(const cJSON *a, const cJSON *b)
{
    autofree char *ta = NULL, *tb = NULL;

    if (!a || !b)
        return a == b;
    ta = json_canonical(a);
    tb = json_canonical(b);
    return ta && tb && strcmp(ta, tb) == 0;
}
