/* `defenseclaw seed create` and `defenseclaw seed inspect`; the other verbs come with signatures.
 */
#include "base/json.h"
#include "base/mem.h"
#include "cli/verbs.h"
#include "seed/create.h"
#include "seed/here.h"
#include "spec/instance.h"

#include <inttypes.h>
#include <string.h>

static int usage(struct err *e, const char *words)
{
    return err_fix(e, err_set(e, -EINVAL, EXIT_USAGE, "seed: usage: defenseclaw seed %s", words),
                   "defenseclaw seed --help");
}

/* -- create -- */

static int read_serial(const char *text, int64_t *ret, struct err *e)
{
    char *end;
    intmax_t n;

    *ret = 1;
    if (!text)
        return 0;
    errno = 0;
    n = strtoimax(text, &end, 10);
    if (errno || *end || end == text || *text == '+' || n < 1 || n > INT64_C(9007199254740991))
        return err_set(e, -EINVAL, EXIT_USAGE, "--serial: %s: must be a whole number from 1 on",
                       text);
    *ret = n;
    return 0;
}

static int fill_manifest(struct manifest *m, const char *serial, const char *name, const char *host,
                         const char *until, struct err *e)
{
    int r = read_serial(serial, &m->serial, e);

    if (r < 0)
        return r;
    name = args_name(name, e);
    if (!name)
        return -EINVAL;
    strcpy(m->name, name);
    if (host && !manifest_machine_valid(host))
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--for-host: %s: must be a machine-id (1 to 64 letters, digits, . _ -)",
                       host);
    snprintf(m->machine, sizeof m->machine, "%s", host ? host : "");
    if (until && manifest_time_parse(until, &m->not_after) < 0)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--not-after: %s: must be a time like 2027-01-01T00:00:00Z", until);
    return 0;
}

static void say_created(const struct seed_request *q, const struct seed_bundle *b, off_t size)
{
    printf("%s: serial %" PRId64 " for %s, %zu members, %lld bytes%s\n", q->output,
           b->manifest.serial, b->manifest.name, b->count, (long long)size,
           b->secrets ? ", with secrets (mode 0600)" : "");
    if (size > (off_t)SEED_CREDENTIAL_MAX)
        printf("note: over the %u KiB that systemd takes as credentials of a service; deliver it "
               "as /run/defenseclaw/seed.tar or by defenseclaw.seed=PATH on the kernel command "
               "line\n",
               SEED_CREDENTIAL_MAX >> 10);
}

static int create(int argc, char **argv, struct err *e)
{
    const char *serial = NULL, *name = NULL, *host = NULL, *until = NULL;
    struct seed_request q = { 0 };
    autoseed struct seed_bundle *b = NULL;
    const struct arg args[] = { { "serial", NULL, &serial },
                                { "name", NULL, &name },
                                { "for-host", NULL, &host },
                                { "not-after", NULL, &until },
                                { "output", NULL, &q.output } };
    int r = args_parse(argc, argv, args, N_ELEMENTS(args), e);
    off_t size;

    if (r < 0)
        return r;
    if (r != 1 || !q.output)
        return usage(e, "create [--serial N] [--name NAME] [--for-host ID] [--not-after TIME] "
                        "--output FILE DIR");
    q.dir = argv[1];
    r = fill_manifest(&q.manifest, serial, name, host, until, e);
    if (r == 0)
        r = seed_create(&q, &b, &size, e);
    if (r == 0)
        say_created(&q, b, size);
    manifest_done(&q.manifest);
    return r;
}

/* -- inspect -- */

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

static int inspect(int argc, char **argv, struct err *e)
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
        return usage(e, "inspect FILE [--json]");
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

/* -- the verb -- */

static const struct {
    const char *word;
    int (*fn)(int argc, char **argv, struct err *e); /* NULL: comes later */
} words[] = {
    { "create", create }, { "inspect", inspect }, { "verify", NULL },
    { "sign", NULL },     { "keygen", NULL },     { "cloud-init", NULL },
};

int verb_seed(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    struct err e = { 0 };

    for (size_t i = 0; i < N_ELEMENTS(words); i++) {
        if (strcmp(words[i].word, word) != 0)
            continue;
        if (words[i].fn)
            return words[i].fn(argc - 1, argv + 1, &e) == 0 ? EXIT_DONE : err_print(&e);
        err_set(&e, -ENOSYS, EXIT_USAGE, "seed %s: comes with the image issue", word);
        return err_print(&e);
    }
    usage(&e, "create|inspect …");
    return err_print(&e);
}
