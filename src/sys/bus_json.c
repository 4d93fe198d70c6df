#include "sys/bus_internal.h"

#include "base/mem.h"

#include <string.h>

/* The length of the first complete type of a signature. */
static size_t type_length(const char *sig)
{
    size_t n = 0;
    int depth = 0;

    while (sig[n] == 'a')
        n++;
    do {
        depth += sig[n] == '(';
        depth -= sig[n] == ')';
        n++;
    } while (depth > 0 && sig[n]);
    return n;
}

static int number_of(const cJSON *value, uint64_t *ret)
{
    const char *text = cJSON_GetStringValue(value);

    if (text && strcmp(text, "infinity") == 0)
        *ret = UINT64_MAX;
    else if (cJSON_IsNumber(value))
        *ret = value->valuedouble < 0 ? (uint64_t)(int64_t)value->valuedouble
                                      : (uint64_t)value->valuedouble;
    else
        return -EINVAL;
    return 0;
}

static int append_basic(sd_bus_message *m, char type, const cJSON *value)
{
    uint64_t n = 0;
    uint32_t u;
    uint8_t y;
    int r;

    if (type == 's' || type == 'o')
        return cJSON_IsString(value) ? sd_bus_message_append_basic(m, type, value->valuestring)
                                     : -EINVAL;
    if (type == 'b') {
        int yes = cJSON_IsTrue(value);

        return cJSON_IsBool(value) ? sd_bus_message_append_basic(m, 'b', &yes) : -EINVAL;
    }
    r = number_of(value, &n);
    if (r < 0)
        return r;
    switch (type) {
    case 't':
    case 'x':
        return sd_bus_message_append_basic(m, type, &n);
    case 'u':
    case 'i':
    case 'h':
        u = (uint32_t)n;
        return sd_bus_message_append_basic(m, type, &u);
    case 'y':
        y = (uint8_t)n;
        return sd_bus_message_append_basic(m, 'y', &y);
    default:
        return -EINVAL;
    }
}

static int append_array(sd_bus_message *m, const char *item_sig, const cJSON *value)
{
    const cJSON *item;
    int r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, item_sig);

    if (r < 0)
        return r;
    cJSON_ArrayForEach(item, value)
    {
        r = bus_json_append(m, item_sig, item);
        if (r < 0)
            return r;
    }
    return sd_bus_message_close_container(m);
}

static int append_struct(sd_bus_message *m, const char *fields, const cJSON *value)
{
    const cJSON *item = value->child;
    int r = sd_bus_message_open_container(m, SD_BUS_TYPE_STRUCT, fields);

    for (const char *at = fields; r >= 0 && *at; item = item->next) {
        char sig[32];
        size_t n = type_length(at);

        if (!item || n >= sizeof sig)
            return -EINVAL;
        memcpy(sig, at, n);
        sig[n] = '\0';
        r = bus_json_append(m, sig, item);
        at += n;
    }
    return r < 0 ? r : sd_bus_message_close_container(m);
}

int bus_json_append(sd_bus_message *m, const char *signature, const cJSON *value)
{
    char inner[32];
    size_t n = strlen(signature);

    if (!value || n >= sizeof inner)
        return -EINVAL;
    if (signature[0] == 'a')
        return cJSON_IsArray(value) ? append_array(m, signature + 1, value) : -EINVAL;
    if (signature[0] == '(') {
        if (!cJSON_IsArray(value))
            return -EINVAL;
        memcpy(inner, signature + 1, n - 2);
        inner[n - 2] = '\0';
        return append_struct(m, inner, value);
    }
    return append_basic(m, signature[0], value);
}

static cJSON *number_json(uint64_t n)
{
    return n == UINT64_MAX ? cJSON_CreateString("infinity") : cJSON_CreateNumber((double)n);
}

static int read_basic(sd_bus_message *m, char type, cJSON **ret)
{
    union {
        const char *s;
        int b;
        uint8_t y;
        int16_t n;
        uint16_t q;
        int32_t i;
        uint32_t u;
        int64_t x;
        uint64_t t;
        double d;
    } v = { 0 };
    int r = sd_bus_message_read_basic(m, type, &v);

    if (r < 0)
        return r;
    switch (type) {
    case 'b':
        *ret = cJSON_CreateBool(v.b);
        break;
    case 'y':
        *ret = cJSON_CreateNumber(v.y);
        break;
    case 'n':
        *ret = cJSON_CreateNumber(v.n);
        break;
    case 'q':
        *ret = cJSON_CreateNumber(v.q);
        break;
    case 'i':
        *ret = cJSON_CreateNumber(v.i);
        break;
    case 'u':
        *ret = cJSON_CreateNumber(v.u);
        break;
    case 'x':
        *ret = cJSON_CreateNumber((double)v.x);
        break;
    case 't':
        *ret = number_json(v.t);
        break;
    case 'd':
        *ret = cJSON_CreateNumber(v.d);
        break;
    case 's':
    case 'o':
    case 'g':
        *ret = cJSON_CreateString(v.s);
        break;
    default: /* a file descriptor: no property that we read has one */
        return -EINVAL;
    }
    return *ret ? 0 : -ENOMEM;
}

static int read_container(sd_bus_message *m, char type, const char *contents, cJSON **ret)
{
    autojson cJSON *list = cJSON_CreateArray();
    int r;

    if (!list)
        return -ENOMEM;
    r = sd_bus_message_enter_container(m, type, contents);
    if (r < 0)
        return r;
    while ((r = sd_bus_message_at_end(m, false)) == 0) {
        cJSON *item = NULL;

        r = bus_json_read(m, &item);
        if (r < 0)
            return r;
        cJSON_AddItemToArray(list, item);
    }
    if (r < 0)
        return r;
    r = sd_bus_message_exit_container(m);
    if (r < 0)
        return r;
    *ret = mem_take(&list);
    return 0;
}

int bus_json_read(sd_bus_message *m, cJSON **ret)
{
    const char *contents;
    char type;
    int r = sd_bus_message_peek_type(m, &type, &contents);

    if (r < 0)
        return r;
    if (r == 0)
        return -ENODATA;
    if (type == SD_BUS_TYPE_VARIANT) {
        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, contents);
        if (r >= 0)
            r = bus_json_read(m, ret);
        return r < 0 ? r : sd_bus_message_exit_container(m);
    }
    if (type == SD_BUS_TYPE_ARRAY || type == SD_BUS_TYPE_STRUCT || type == SD_BUS_TYPE_DICT_ENTRY)
        return read_container(m, type, contents, ret);
    return read_basic(m, type, ret);
}
