/* `defenseclaw seed inspect`: what a bundle is, and whether this machine would take it. */
#include "base/json.h"
#include "base/mem.h"
#include "cli/seed.h"
#include "cli/verbs.h"
#include "seed/here.h"

#include <inttypes.h>

static cJSON *names_of(const cJSON *lines)
{
    cJSON *names = cJSON_CreateArray();
    const cJSON *l;

    cJSON_ArrayForEach(l, lines) cJSON_AddItemToArray(names, cJSON_CreateString(l->string));
    return names;
}

static cJSON *describe_members(const struct seed_bundle *b)
{
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < b->count; i++) {
        cJSON *m = cJSON_CreateObject();
        const cJSON *digest =
            cJSON_GetObjectItemCaseSensitive(b->manifest.files, b->members[i].name);

        cJSON_AddStringToObject(m, "name", b->members[i].name);
        cJSON_AddNumberToObject(m, "size", (double)b->members[i].len);
        if (digest)
            cJSON_AddStringToObject(m, "digest", digest->valuestring);
        cJSON_AddItemToArray(list, m);
    }
    return list;
}

static void describe_manifest(const struct seed_bundle *b, cJSON *doc)
{
    char when[MANIFEST_TIME_LEN + 1];

    cJSON_AddNumberToObject(doc, "serial", (double)b->manifest.serial);
    cJSON_AddStringToObject(doc, "name", b->manifest.name);
    cJSON_AddStringToObject(doc, "digest", b->digest);
    if (b->manifest.machine[0])
        cJSON_AddStringToObject(doc, "machine", b->manifest.machine);
    manifest_time_text(b->manifest.not_after, when);
    if (b->manifest.not_after)
        cJSON_AddStringToObject(doc, "not_after", when);
    cJSON_AddStringToObject(doc, "signature", b->is_signed ? "present, not checked" : "none");
}

/* What a bundle is, without a single secret value. here: why this machine refuses it, NULL when it
 * takes it. */
static cJSON *describe(const char *path, const struct seed_bundle *b, const char *here)
{
    cJSON *doc = cJSON_CreateObject();

    cJSON_AddStringToObject(doc, "schema", "defenseclaw.seed/1");
    cJSON_AddStringToObject(doc, "file", path);
    describe_manifest(b, doc);
    cJSON_AddItemToObject(doc, "flags", cJSON_Duplicate(b->flags, true));
    cJSON_AddItemToObject(doc, "spec", spec_to_json(&b->spec));
    cJSON_AddItemToObject(doc, "members", describe_members(b));
    cJSON_AddItemToObject(doc, "env", names_of(b->env_names));
    cJSON_AddItemToObject(doc, "secrets", names_of(b->secrets));
    cJSON_AddItemToObject(doc, "refused_here",
                          here ? cJSON_CreateString(here) : cJSON_CreateNull());
    return doc;
}

static void print_names(const char *title, const cJSON *lines)
{
    const cJSON *l;

    if (!lines || !lines->child)
        return;
    printf("%-11s", title);
    cJSON_ArrayForEach(l, lines) printf("%s%s", l == lines->child ? "" : ", ", l->string);
    putchar('\n');
}

static void print_bundle(const struct seed_bundle *b, const char *here)
{
    autofree char *flags = cJSON_PrintUnformatted(b->flags);
    char when[MANIFEST_TIME_LEN + 1];

    printf("serial     %" PRId64 "\ninstance   %s\ndigest     %s\n", b->manifest.serial,
           b->manifest.name, b->digest);
    if (b->manifest.machine[0])
        printf("machine    %s\n", b->manifest.machine);
    manifest_time_text(b->manifest.not_after, when);
    if (b->manifest.not_after)
        printf("not after  %s\n", when);
    printf("signature  %s\nflags      %s\n", b->is_signed ? "present, not checked" : "none",
           flags ? flags : "?");
    for (size_t i = 0; i < b->count; i++)
        printf("%-11s%8zu  %s\n", i ? "" : "members", b->members[i].len, b->members[i].name);
    print_names("env", b->env_names);
    print_names("secrets", b->secrets);
    printf("here       %s%s\n", here ? "would be refused: " : "would be taken", here ? here : "");
}

int seed_verb_inspect(int argc, char **argv, struct err *e)
{
    autoseed struct seed_bundle *b = NULL;
    autojson cJSON *doc = NULL;
    autofree char *text = NULL;
    struct seed_here here;
    struct err why = { 0 };
    const char *note;
    bool json = false, taken;
    const struct arg args[] = { { "json", &json, NULL } };
    int r = args_parse(argc, argv, args, N_ELEMENTS(args), e);

    if (r < 0)
        return r;
    if (r != 1)
        return seed_usage(e, "inspect FILE [--json]");
    r = seed_read_path(argv[1], &b, e);
    if (r < 0)
        return r;
    seed_here_init(&here);
    taken = seed_check_here(&here, b, true, &note, &why) == 0;
    if (!json) {
        print_bundle(b, taken ? NULL : why.text);
        return 0;
    }
    doc = describe(argv[1], b, taken ? NULL : why.text);
    text = cJSON_Print(doc);
    if (!text)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    puts(text);
    return 0;
}
