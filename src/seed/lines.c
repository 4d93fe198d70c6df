#include "seed/lines.h"

#include "base/mem.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define NAME_LEN_MAX 64u
#define VALUE_LEN_MAX 65536u

static const char *name_fault(const char *name, size_t len)
{
    if (len == 0 || len > NAME_LEN_MAX || name[0] < 'A' || name[0] > 'Z')
        return "a name begins with A to Z";
    for (size_t i = 1; i < len; i++)
        if (!(name[i] >= 'A' && name[i] <= 'Z') && !(name[i] >= '0' && name[i] <= '9') &&
            name[i] != '_')
            return "a name holds only A to Z, 0 to 9 and _";
    return NULL;
}

static const char *value_fault(const char *value, size_t len)
{
    if (len > VALUE_LEN_MAX)
        return "the value is too long";
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
            return value[i] == '\r' ? "the line ends with a carriage return"
                                    : "a control character in the value";
    return NULL;
}

static int add(cJSON *lines, const char *name, size_t name_len, const char *value, size_t len)
{
    autofree char *key = strndup(name, name_len);
    char *copy = strndup(value, len);
    cJSON *item = copy ? cJSON_CreateString(copy) : NULL;

    if (copy)
        sodium_memzero(copy, len);
    free(copy);
    if (!key || !item || !cJSON_AddItemToObject(lines, key, item)) {
        cJSON_Delete(item);
        return -ENOMEM;
    }
    return 0;
}

static bool known(const cJSON *lines, const char *name, size_t len)
{
    const cJSON *l;

    cJSON_ArrayForEach(l, lines)
    {
        if (strlen(l->string) == len && memcmp(l->string, name, len) == 0)
            return true;
    }
    return false;
}

/* *fault is set, to words without the value, when the line is no good. */
static int take_line(cJSON *lines, const char *line, size_t len, const char **fault)
{
    const char *equals = memchr(line, '=', len);
    size_t name_len = equals ? (size_t)(equals - line) : 0, value_len = len - name_len - 1;

    if (len == 0 || line[0] == '#')
        return 0;
    if (!equals)
        *fault = "no NAME=VALUE";
    else if (!(*fault = name_fault(line, name_len)))
        *fault = value_fault(equals + 1, value_len);
    if (!*fault && known(lines, line, name_len))
        *fault = "its name stands twice";
    return *fault ? -EINVAL : add(lines, line, name_len, equals + 1, value_len);
}

int lines_parse(const char *what, const char *text, size_t len, cJSON **ret, struct err *e)
{
    cJSON *lines = cJSON_CreateObject();
    const char *fault = NULL;
    unsigned number = 1;
    int r = lines ? 0 : -ENOMEM;

    for (size_t at = 0; r == 0 && at < len; number++) {
        const char *newline = memchr(text + at, '\n', len - at);
        size_t end = newline ? (size_t)(newline - text) : len;

        r = take_line(lines, text + at, end - at, &fault);
        if (fault)
            err_set(e, r, EXIT_USAGE, "%s: line %u: %s", what, number, fault);
        at = end + 1;
    }
    if (r < 0) {
        lines_free(lines);
        return fault ? r : err_set(e, r, EXIT_FAILED, "%s: out of memory", what);
    }
    *ret = lines;
    return 0;
}

void lines_free(cJSON *lines)
{
    cJSON *l;

    cJSON_ArrayForEach(l, lines)
    {
        if (l->valuestring)
            sodium_memzero(l->valuestring, strlen(l->valuestring));
    }
    cJSON_Delete(lines);
}
