#include "seed/manifest.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "spec/instance.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define SERIAL_MAX 9007199254740991.0

static int refuse(struct err *e, const char *key, const char *why)
{
    return err_set(e, -EINVAL, EXIT_USAGE, "manifest.json: %s: %s", key, why);
}

bool manifest_machine_valid(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("._-", text[i]))
            return false;
    return len > 0 && len <= MANIFEST_MACHINE_MAX;
}

void manifest_time_text(time_t t, char *out)
{
    struct tm tm;

    gmtime_r(&t, &tm);
    if (!strftime(out, MANIFEST_TIME_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &tm))
        out[0] = '\0';
}

int manifest_time_parse(const char *text, time_t *ret)
{
    char again[MANIFEST_TIME_LEN + 1];
    struct tm tm = { 0 };
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    time_t t;

    if (!end || *end)
        return -EINVAL;
    t = timegm(&tm);
    manifest_time_text(t, again); /* strptime takes 31 February */
    if (t <= 0 || strcmp(again, text) != 0)
        return -EINVAL;
    *ret = t;
    return 0;
}

static int read_schema(const cJSON *j, struct manifest *m, struct err *e)
{
    (void)m;
    if (!cJSON_IsString(j) || strcmp(j->valuestring, MANIFEST_SCHEMA) != 0)
        return refuse(e, "schema", "must be \"" MANIFEST_SCHEMA "\"");
    return 0;
}

static int read_serial(const cJSON *j, struct manifest *m, struct err *e)
{
    if (!cJSON_IsNumber(j) || j->valuedouble != floor(j->valuedouble) || j->valuedouble < 1 ||
        j->valuedouble > SERIAL_MAX)
        return refuse(e, "serial", "must be a whole number from 1 on");
    m->serial = (int64_t)j->valuedouble;
    return 0;
}

static int read_name(const cJSON *j, struct manifest *m, struct err *e)
{
    if (!cJSON_IsString(j) || !name_valid(j->valuestring))
        return refuse(e, "name", "must be a small letter, then at most 11 small letters or digits");
    strcpy(m->name, j->valuestring);
    return 0;
}

static bool digest_valid(const cJSON *j)
{
    return cJSON_IsString(j) && strlen(j->valuestring) == DIGEST512_HEX_LEN &&
           strspn(j->valuestring, "0123456789abcdef") == DIGEST512_HEX_LEN;
}

static int read_files(const cJSON *j, struct manifest *m, struct err *e)
{
    const cJSON *f;

    if (!cJSON_IsObject(j))
        return refuse(e, "files", "must be an object of members and their digests");
    cJSON_ArrayForEach(f, j)
    {
        if (!digest_valid(f))
            return refuse(e, f->string, "its digest must be 128 small hex digits (BLAKE2b-512)");
    }
    m->files = cJSON_Duplicate(j, true);
    return m->files ? 0 : -ENOMEM;
}

static int read_machine(const cJSON *j, struct manifest *m, struct err *e)
{
    if (!cJSON_IsString(j) || !manifest_machine_valid(j->valuestring))
        return refuse(e, "machine", "must be a machine-id (1 to 64 letters, digits, . _ -)");
    strcpy(m->machine, j->valuestring);
    return 0;
}

static int read_not_after(const cJSON *j, struct manifest *m, struct err *e)
{
    if (!cJSON_IsString(j) || manifest_time_parse(j->valuestring, &m->not_after) < 0)
        return refuse(e, "not_after", "must be a time like 2027-01-01T00:00:00Z");
    return 0;
}

static const struct {
    const char *name;
    int (*read)(const cJSON *j, struct manifest *m, struct err *e);
    bool required;
} keys[] = {
    { "schema", read_schema, true },    { "serial", read_serial, true },
    { "name", read_name, true },        { "files", read_files, true },
    { "machine", read_machine, false }, { "not_after", read_not_after, false },
};

static int check_known(const cJSON *j, struct err *e)
{
    struct nearest n = { .given = j->string };

    for (size_t i = 0; i < N_ELEMENTS(keys); i++)
        if (strcmp(keys[i].name, j->string) == 0)
            return 0;
    for (size_t i = 0; i < N_ELEMENTS(keys); i++)
        nearest_offer(&n, keys[i].name);
    return err_set(e, -EINVAL, EXIT_USAGE, "manifest.json: %s: unknown key%s%s", j->string,
                   n.best ? ", nearest is " : "", n.best ? n.best : "");
}

int manifest_parse(const void *text, size_t len, struct manifest *ret, struct err *e)
{
    struct manifest m = { 0 };
    autojson cJSON *doc = NULL;
    const cJSON *j;
    int r = json_parse("manifest.json", text, len, &doc, e);

    if (r == 0 && !cJSON_IsObject(doc))
        r = err_set(e, -EINVAL, EXIT_USAGE, "manifest.json: must be one object");
    if (r < 0)
        return r;
    cJSON_ArrayForEach(j, doc)
    {
        r = check_known(j, e);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; r == 0 && i < N_ELEMENTS(keys); i++) {
        j = cJSON_GetObjectItemCaseSensitive(doc, keys[i].name);
        if (j)
            r = keys[i].read(j, &m, e);
        else if (keys[i].required)
            r = refuse(e, keys[i].name, "is missing");
    }
    if (r < 0) {
        manifest_done(&m);
        return r;
    }
    *ret = m;
    return 0;
}

void manifest_done(struct manifest *m)
{
    cJSON_Delete(m->files);
    *m = (struct manifest){ 0 };
}

char *manifest_text(const struct manifest *m)
{
    autojson cJSON *doc = cJSON_CreateObject();
    cJSON *files = cJSON_Duplicate(m->files, true);
    char when[MANIFEST_TIME_LEN + 1];

    if (!doc || !files || !cJSON_AddItemToObject(doc, "files", files)) {
        cJSON_Delete(files);
        return NULL;
    }
    manifest_time_text(m->not_after, when);
    if (!cJSON_AddStringToObject(doc, "schema", MANIFEST_SCHEMA) ||
        !cJSON_AddNumberToObject(doc, "serial", (double)m->serial) ||
        !cJSON_AddStringToObject(doc, "name", m->name) ||
        (m->machine[0] && !cJSON_AddStringToObject(doc, "machine", m->machine)) ||
        (m->not_after && !cJSON_AddStringToObject(doc, "not_after", when)))
        return NULL;
    return json_canonical(doc);
}
