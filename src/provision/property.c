/* Rows to lines and to JSON; how a text becomes a value of its type is in property_value.c. */
#include "provision/property.h"

#include "base/mem.h"
#include "provision/property_value.h"

#include <stdbool.h>
#include <string.h>

static const char *var_value(const struct property_var *vars, size_t count, const char *name,
                             size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(vars[i].name) == len && memcmp(vars[i].name, name, len) == 0)
            return vars[i].value;
    return NULL;
}

int property_expand(const struct property_var *vars, size_t count, const char *text,
                    struct buf *out)
{
    while (*text) {
        size_t plain = strcspn(text, "{");
        const char *end, *value;

        buf_add(out, text, plain);
        text += plain;
        if (!*text)
            break;
        end = strchr(text, '}');
        value = end ? var_value(vars, count, text + 1, (size_t)(end - text - 1)) : NULL;
        if (!value)
            return -EINVAL;
        buf_puts(out, value);
        text = end + 1;
    }
    return out->failed;
}

static bool holds(const struct property_set *s, const struct property_row *row)
{
    return s->version >= row->since && (!row->until || s->version < row->until);
}

/* Calls fn for each row that holds, with its text filled in. */
static int each_row(const struct property_set *s,
                    int (*fn)(const struct property_row *row, const char *text, void *userdata),
                    void *userdata)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct property_row *row = &s->rows[i];
        autobuf struct buf text = { 0 };
        int r;

        if (!holds(s, row))
            continue;
        r = property_expand(s->vars, s->var_count, row->text, &text);
        if (r >= 0 && (text.len || !row->text[0]))
            r = fn(row, buf_str(&text), userdata);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_line(const struct property_row *row, const char *text, void *userdata)
{
    return buf_printf(userdata, "%s=%s\n", row->key, text);
}

int property_lines(const struct property_set *s, struct buf *out)
{
    return each_row(s, add_line, out);
}

static int add_transient(const struct property_row *row, const char *text, void *userdata)
{
    const struct property_form *form = property_form(row->type);
    autojson cJSON *item = cJSON_CreateObject();
    cJSON *value = form->parse(text);

    if (!item || !value || !cJSON_AddStringToObject(item, "name", row->bus ? row->bus : row->key) ||
        !cJSON_AddStringToObject(item, "signature", form->signature)) {
        cJSON_Delete(value);
        return -EINVAL;
    }
    cJSON_AddItemToObject(item, "value", value);
    cJSON_AddItemToArray(userdata, mem_take(&item));
    return 0;
}

cJSON *property_transient(const struct property_set *s)
{
    autojson cJSON *list = cJSON_CreateArray();

    if (!list || each_row(s, add_transient, list) < 0)
        return NULL;
    return mem_take(&list);
}

static cJSON *find_expected(cJSON *list, const char *name)
{
    cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        const cJSON *had = cJSON_GetObjectItemCaseSensitive(item, "name");

        if (had && strcmp(had->valuestring, name) == 0)
            return cJSON_GetObjectItemCaseSensitive(item, "value");
    }
    return NULL;
}

/* The list in a value: of (bas) it is the second member. */
static cJSON *list_of(cJSON *value)
{
    cJSON *second = cJSON_GetArrayItem(value, 1);

    return cJSON_IsBool(value->child) && cJSON_IsArray(second) ? second : value;
}

static void append_list(cJSON *to, cJSON *from)
{
    cJSON *item;

    while ((item = from->child))
        cJSON_AddItemToArray(to, cJSON_DetachItemViaPointer(from, item));
}

/* Rows of one key add up, as lines of a unit file do. */
static int add_expected(const struct property_row *row, const char *text, void *userdata)
{
    const struct property_form *form = property_form(row->type);
    const char *name = row->bus ? row->bus : row->key;
    autojson cJSON *value = (form->expect ? form->expect : form->parse)(text);
    autojson cJSON *item = NULL;
    cJSON *had = find_expected(userdata, name);

    if (!value)
        return -EINVAL;
    if (had) {
        append_list(list_of(had), list_of(value));
        return 0;
    }
    item = cJSON_CreateObject();
    if (!item || !cJSON_AddStringToObject(item, "name", name) ||
        !cJSON_AddStringToObject(item, "how", form->how))
        return -ENOMEM;
    cJSON_AddItemToObject(item, "value", mem_take(&value));
    cJSON_AddItemToArray(userdata, mem_take(&item));
    return 0;
}

cJSON *property_expected(const struct property_set *s)
{
    autojson cJSON *list = cJSON_CreateArray();

    if (!list || each_row(s, add_expected, list) < 0)
        return NULL;
    return mem_take(&list);
}
