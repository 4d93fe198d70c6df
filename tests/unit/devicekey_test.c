#include "sys/devicekey.h"

#include "base/json.h"
#include "base/mem.h"
#include "provision/provision.h"
#include "resource/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* Upstream's own form, over the seed 00 01 … 1f. */
static const char known_pem[] = "-----BEGIN ED25519 PRIVATE KEY-----\n"
                                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
                                "-----END ED25519 PRIVATE KEY-----\n";
/* Its public half, as OpenSSL gives it. */
static const char known_pub[] = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";

static void reads_the_form_that_upstream_writes(void **state)
{
    uint8_t seed[ED25519_SEED_BYTES], pub[ED25519_PUBLIC_BYTES];
    char text[64];

    (void)state;
    assert_int_equal(devicekey_parse(known_pem, strlen(known_pem), seed), 0);
    for (size_t i = 0; i < sizeof seed; i++)
        assert_int_equal(seed[i], i);
    ed25519_public(seed, pub);
    base64url_encode(pub, sizeof pub, text);
    assert_string_equal(text, known_pub);
}

static void what_it_makes_it_reads_and_the_halves_match(void **state)
{
    autosecret struct buf pem = { 0 }, other = { 0 };
    uint8_t seed[ED25519_SEED_BYTES], pub[ED25519_PUBLIC_BYTES];
    char text[DEVICEKEY_PUB_LEN + 1], again[DEVICEKEY_PUB_LEN + 1];

    (void)state;
    devicekey_make(&pem, text);
    devicekey_make(&other, again);
    assert_string_not_equal(text, again);
    assert_int_equal(strlen(text), DEVICEKEY_PUB_LEN);
    assert_int_equal(text[DEVICEKEY_PUB_LEN - 1], '\n');
    assert_int_equal(devicekey_parse(buf_str(&pem), pem.len, seed), 0);
    ed25519_public(seed, pub);
    base64url_encode(pub, sizeof pub, again);
    assert_memory_equal(text, again, DEVICEKEY_PUB_LEN - 1);
}

static void refuses_what_is_no_key(void **state)
{
    static const char *const texts[] = {
        "",
        "-----BEGIN ED25519 PRIVATE KEY-----",
        "-----BEGIN ED25519 PRIVATE KEY-----\n-----END ED25519 PRIVATE KEY-----\n",
        "-----BEGIN ED25519 PRIVATE KEY-----\nAAEC\n-----END ED25519 PRIVATE KEY-----\n",
        "-----BEGIN ED25519 PRIVATE KEY-----\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "-----BEGIN PRIVATE KEY-----\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        "-----END PRIVATE KEY-----\n",
        "-----BEGIN ED25519 PRIVATE KEY-----\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        "-----END ED25519 PRIVATE KEY-----\nmore",
        "-----BEGIN ED25519 PRIVATE KEY-----\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==\n"
        "-----END ED25519 PRIVATE KEY-----\n",
        "-----BEGIN ED25519 PRIVATE KEY-----\n!AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        "-----END ED25519 PRIVATE KEY-----\n",
    };
    uint8_t seed[ED25519_SEED_BYTES];

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(texts); i++)
        if (devicekey_parse(texts[i], strlen(texts[i]), seed) != -EINVAL)
            fail_msg("accepted: %s", texts[i]);
}

static void a_link_is_no_key_file(void **state)
{
    char dir[] = "/tmp/devicekey_test.XXXXXX", key[64], link[64], digest[DIGEST_HEX_LEN + 1];
    char pub[DEVICEKEY_PUB_LEN + 1];
    uint8_t seed[ED25519_SEED_BYTES];
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(key, sizeof key, "%s/device.key", dir);
    snprintf(link, sizeof link, "%s/link", dir);
    f = fopen(key, "we");
    assert_non_null(f);
    fputs(known_pem, f);
    fclose(f);
    assert_int_equal(symlink(key, link), 0);
    assert_int_equal(devicekey_load(key, seed), 0);
    assert_int_equal(devicekey_load(link, seed), -ELOOP);
    devicekey_digest(key, digest, pub);
    assert_int_equal(strlen(digest), DIGEST_HEX_LEN);
    assert_int_equal(strlen(pub), DEVICEKEY_PUB_LEN);
    devicekey_digest(link, digest, pub);
    assert_string_equal(digest, "");
    assert_string_equal(pub, "");
    unlink(link);
    unlink(key);
    rmdir(dir);
}

/* ---- row 7 ---- */

#define KEY "/home/sandbox/.defenseclaw/device.key"
#define PUB "/etc/defenseclaw/sandbox/device.pub"
#define ENV "/home/sandbox/.defenseclaw/.env"

static const cJSON *find_want(const struct plan *p, const char *id)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].id, id) == 0)
            return p->items[i].want;
    return NULL;
}

static void plan_identity(struct inputs *in, struct plan *p)
{
    struct err e = { 0 };

    if (!in->in.spec.name[0])
        spec_defaults(&in->in.spec);
    in->in.uid = in->in.gid = 4001;
    if (!in->blobs)
        in->blobs = blobs_new();
    assert_int_equal(identity_wants(in, p, &e), 0);
}

static void bytes_wanted(const struct inputs *in, const struct plan *p, const char *id,
                         struct buf *out)
{
    assert_int_equal(blob_get(in->blobs, -1, json_str(find_want(p, id), "digest"), out), 0);
}

static cJSON *record_of(const struct plan *p)
{
    cJSON *entries = cJSON_CreateArray();

    for (size_t i = 0; i < p->count; i++) {
        cJSON *entry = cJSON_CreateObject();

        cJSON_AddStringToObject(entry, "kind", p->items[i].kind->name);
        cJSON_AddStringToObject(entry, "id", p->items[i].id);
        cJSON_AddItemToObject(entry, "after", cJSON_Duplicate(p->items[i].want, true));
        cJSON_AddItemToArray(entries, entry);
    }
    return entries;
}

static void the_key_is_kept_while_it_is_ours_and_made_anew_when_forged(void **state)
{
    struct inputs in = { 0 };
    struct plan first = { 0 }, same = { 0 }, forged = { 0 };
    autojson cJSON *record = NULL;
    autobuf struct buf pub = { 0 };
    const char *digest;

    (void)state;
    plan_identity(&in, &first);
    digest = json_str(find_want(&first, KEY), "digest");
    bytes_wanted(&in, &first, PUB, &pub);
    snprintf(in.host.device_pub, sizeof in.host.device_pub, "%s", buf_str(&pub));
    blobs_free(in.blobs); /* a later run knows only what it reads */
    in.blobs = NULL;
    assert_string_equal(json_str(find_want(&first, KEY), "mode"), "0600");
    assert_int_equal(json_int(find_want(&first, KEY), "uid", 0), 4001);
    assert_int_equal(json_int(find_want(&first, PUB), "uid", -1), 0);
    record = record_of(&first);
    in.record = record;
    snprintf(in.host.device_key, sizeof in.host.device_key, "%s", digest);
    plan_identity(&in, &same);
    assert_string_equal(json_str(find_want(&same, KEY), "digest"), digest);
    assert_string_equal(json_str(find_want(&same, PUB), "digest"),
                        json_str(find_want(&first, PUB), "digest"));
    buf_done(&pub);
    bytes_wanted(&in, &same, PUB, &pub); /* so that one that is gone can be made again */
    assert_string_equal(buf_str(&pub), in.host.device_pub);
    in.host.device_key[0] ^= 1;
    plan_identity(&in, &forged);
    assert_string_not_equal(json_str(find_want(&forged, KEY), "digest"), digest);
    assert_string_not_equal(json_str(find_want(&forged, PUB), "digest"),
                            json_str(find_want(&first, PUB), "digest"));
    plan_done(&first);
    plan_done(&same);
    plan_done(&forged);
    blobs_free(in.blobs);
}

static void no_auto_pair_writes_neither_half(void **state)
{
    struct inputs in = { 0 };
    struct plan p = { 0 };

    (void)state;
    spec_defaults(&in.in.spec);
    in.in.spec.no_auto_pair = true;
    plan_identity(&in, &p);
    assert_null(find_want(&p, KEY));
    assert_null(find_want(&p, PUB));
    assert_non_null(find_want(&p, ENV));
    plan_done(&p);
    blobs_free(in.blobs);
}

static void the_environment_has_a_token_unless_the_bundle_gives_one(void **state)
{
    struct inputs in = { .env = "FOO=bar" };
    struct plan made = { 0 }, given = { 0 };
    autobuf struct buf text = { 0 };

    (void)state;
    plan_identity(&in, &made);
    bytes_wanted(&in, &made, ENV, &text);
    assert_memory_equal(buf_str(&text), "OPENCLAW_GATEWAY_TOKEN=", 23);
    assert_int_equal(strspn(buf_str(&text) + 23, "0123456789abcdef"), 64);
    assert_string_equal(buf_str(&text) + 23 + 64, "\nFOO=bar\n");
    assert_true(json_bool(find_want(&made, ENV), "seed", false));
    buf_done(&text);
    in.env = "# mine\nOPENCLAW_GATEWAY_TOKEN=theirs\n";
    plan_identity(&in, &given);
    bytes_wanted(&in, &given, ENV, &text);
    assert_string_equal(buf_str(&text), in.env);
    plan_done(&made);
    plan_done(&given);
    blobs_free(in.blobs);
}

static void the_hosts_address_is_one_line(void **state)
{
    struct inputs in = { 0 };
    struct plan p = { 0 };
    autobuf struct buf text = { 0 };

    (void)state;
    plan_identity(&in, &p);
    bytes_wanted(&in, &p, "/home/sandbox/.defenseclaw/.host-ip", &text);
    assert_string_equal(buf_str(&text), "10.200.0.1\n");
    plan_done(&p);
    blobs_free(in.blobs);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_form_that_upstream_writes),
        cmocka_unit_test(what_it_makes_it_reads_and_the_halves_match),
        cmocka_unit_test(refuses_what_is_no_key),
        cmocka_unit_test(a_link_is_no_key_file),
        cmocka_unit_test(the_key_is_kept_while_it_is_ours_and_made_anew_when_forged),
        cmocka_unit_test(no_auto_pair_writes_neither_half),
        cmocka_unit_test(the_environment_has_a_token_unless_the_bundle_gives_one),
        cmocka_unit_test(the_hosts_address_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
