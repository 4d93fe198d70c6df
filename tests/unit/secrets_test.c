/* The gateway's secrets as resources: whose, which stay, and that no plain value is among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "provision/provision.h"
#include "setup/secrets.h"

#include <string.h>

#define DIR "/etc/defenseclaw/sandbox/secrets"

struct scene {
    struct inputs in;
    struct plan plan;
};

static void begin(struct scene *s)
{
    *s = (struct scene){ 0 };
    strcpy(s->in.in.spec.name, "sandbox");
    s->in.blobs = blobs_new();
    s->in.quiesce_all = "defenseclaw-sandbox.target";
}

static void end(struct scene *s)
{
    plan_done(&s->plan);
    blobs_free(s->in.blobs);
}

static void plan(struct scene *s)
{
    struct err e = { 0 };

    if (secrets_wants(&s->in, &s->plan, &e) < 0)
        fail_msg("%s", e.text);
}

static void a_sealed_secret_is_a_file_of_roots_alone_in_a_directory_of_roots_alone(void **state)
{
    struct input_file sealed = { .path = (char[]){ "A.cred" }, .data = (char[]){ "xyz" }, 3 };
    struct scene s;

    (void)state;
    begin(&s);
    s.in.sealed = &sealed;
    s.in.sealed_count = 1;
    plan(&s);
    assert_int_equal(s.plan.count, 2);
    assert_string_equal(s.plan.items[0].id, DIR);
    assert_string_equal(json_str(s.plan.items[0].want, "mode"), "0700");
    assert_string_equal(s.plan.items[1].id, DIR "/A.cred");
    assert_string_equal(json_str(s.plan.items[1].want, "mode"), "0600");
    assert_int_equal(json_int(s.plan.items[1].want, "uid", -1), 0);
    assert_string_equal(s.plan.items[1].quiesce, "defenseclaw-sandbox.target");
    assert_false(s.plan.items[1].keep);
    end(&s);
}

static cJSON *recorded(void)
{
    static const char text[] =
        "[{\"kind\":\"file\",\"id\":\"" DIR "\",\"after\":{\"type\":\"directory\"}},"
        "{\"kind\":\"file\",\"id\":\"" DIR "/A.cred\",\"after\":{\"type\":\"file\",\"size\":3}},"
        "{\"kind\":\"file\",\"id\":\"" DIR "-of-another\",\"after\":{\"type\":\"file\"}}]";
    cJSON *j = NULL;

    assert_int_equal(json_parse("record", text, strlen(text), &j, NULL), 0);
    return j;
}

static void a_run_without_a_bundle_keeps_what_is_recorded(void **state)
{
    autojson cJSON *record = recorded();
    struct scene s;

    (void)state;
    begin(&s);
    s.in.record = record;
    s.in.keep_secrets = true;
    plan(&s);
    assert_int_equal(s.plan.count, 2);
    assert_string_equal(s.plan.items[1].id, DIR "/A.cred");
    assert_int_equal(json_int(s.plan.items[1].want, "size", 0), 3);
    end(&s);
}

static void a_bundle_without_secrets_wants_none(void **state)
{
    autojson cJSON *record = recorded();
    struct scene s;

    (void)state;
    begin(&s);
    s.in.record = record;
    plan(&s);
    assert_int_equal(s.plan.count, 0);
    end(&s);
}

/* Without its bytes a wanted file could never be made: setup would fail from then on. */
static void a_secret_that_was_unset_is_wanted_no_more(void **state)
{
    static const char digest[] = "0000000000000000000000000000000000000000000000000000000000000000";
    char kept[DIGEST_HEX_LEN + 1];
    struct run run = { .name = "no-such", .state_dir = -EBADF, .blobs = blobs_new() };
    autojson cJSON *entries = cJSON_CreateArray();

    (void)state;
    assert_int_equal(blob_add(run.blobs, "xyz", 3, kept), 0);
    for (int i = 0; i < 2; i++) {
        cJSON *entry = cJSON_CreateObject(), *after = cJSON_AddObjectToObject(entry, "after");

        cJSON_AddStringToObject(entry, "kind", "file");
        cJSON_AddStringToObject(entry, "id",
                                i ? "/etc/defenseclaw/no-such/secrets/A.cred"
                                  : "/etc/defenseclaw/no-such/secrets/B.cred");
        cJSON_AddStringToObject(after, "digest", i ? kept : digest);
        cJSON_AddItemToArray(entries, entry);
    }
    secrets_forget(&run, entries);
    assert_int_equal(cJSON_GetArraySize(entries), 1);
    assert_string_equal(json_str(entries->child, "id"), "/etc/defenseclaw/no-such/secrets/A.cred");
    blobs_free(run.blobs);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_secret_is_a_file_of_roots_alone_in_a_directory_of_roots_alone),
        cmocka_unit_test(a_run_without_a_bundle_keeps_what_is_recorded),
        cmocka_unit_test(a_bundle_without_secrets_wants_none),
        cmocka_unit_test(a_secret_that_was_unset_is_wanted_no_more),
    };

    return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
