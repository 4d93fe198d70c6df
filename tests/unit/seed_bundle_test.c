/* What a good bundle is read as, how one is made, and what this machine says to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "seed/create.h"
#include "seed/here.h"
#include "seed/lines.h"
#include "seed_kit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static char dir[] = "/tmp/seed-bundle-XXXXXX";

static const char *in_dir(const char *name)
{
    static char paths[4][96];
    static unsigned at;
    char *path = paths[at++ % N_ELEMENTS(paths)];

    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    struct buf b = { .data = (uint8_t *)(uintptr_t)text, .len = strlen(text) };

    kit_write(in_dir(name), &b);
}

/* Reads bytes as a bundle; fails the test with the reader's line when it won't. */
static struct seed_bundle *must_read(const struct buf *tar)
{
    struct seed_bundle *b = NULL;
    struct err e = { 0 };

    kit_write(in_dir("good.tar"), tar);
    if (seed_read_path(in_dir("good.tar"), &b, &e) < 0)
        fail_msg("%s", e.text);
    return b;
}

static const struct kit_file whole[] = {
    { "flags.json", "{\"policy\":\"strict\",\"openclaw-port\":19000,\"dns\":[\"9.9.9.9\"]}" },
    { "policy/egress.yaml", "network_policies: {}\n" },
    { "policy/guardrail/rules/mine.yaml", "rules: []\n" },
    { "openclaw.json", "// mine\n{gateway: {mode: 'local'}}\n" },
    { "env", "# for the agent\nGREETING=hello = world\nEMPTY=\n" },
    { "secrets", "OPENAI_API_KEY=sk-very-secret\n" },
};

static void a_whole_bundle_is_read_member_by_member(void **state)
{
    autobuf struct buf tar = { 0 };
    autoseed struct seed_bundle *b = NULL;

    (void)state;
    kit_bundle(whole, N_ELEMENTS(whole), &tar);
    b = must_read(&tar);
    assert_int_equal(b->manifest.serial, 7);
    assert_string_equal(b->spec.name, "sandbox");
    assert_int_equal(b->spec.policy, POLICY_STRICT);
    assert_int_equal(b->spec.openclaw_port, 19000);
    assert_int_equal(b->spec.relay_port, 19000);
    assert_int_equal(b->spec.dns_count, 1);
    assert_int_equal(b->policy_count, 2);
    assert_string_equal(b->policy[1].path, "guardrail/rules/mine.yaml");
    assert_string_equal(b->policy[1].data, "rules: []\n");
    assert_string_equal(b->openclaw, whole[3].text);
    assert_string_equal(b->env, whole[4].text);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(b->env_names, "GREETING")->valuestring,
                        "hello = world");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(b->secrets, "OPENAI_API_KEY")->valuestring,
                        "sk-very-secret");
    assert_true(b->options.defaults);
}

static void the_digest_says_what_is_in_a_bundle_and_not_how_it_is_packed(void **state)
{
    static const char *const filters[] = { "gzip", "xz", "zstd" };
    autobuf struct buf tar = { 0 };
    autoseed struct seed_bundle *plain = NULL;

    (void)state;
    kit_bundle(whole, N_ELEMENTS(whole), &tar);
    plain = must_read(&tar);
    for (size_t i = 0; i < N_ELEMENTS(filters); i++) {
        autobuf struct buf packed = { 0 };
        autoseed struct seed_bundle *b = NULL;

        kit_pack(&tar, filters[i], NULL, &packed);
        b = must_read(&packed);
        assert_string_equal(b->digest, plain->digest);
    }
}

static void zeros_behind_the_end_mark_are_a_disk_and_no_garbage(void **state)
{
    static const char zeros[40000];
    autobuf struct buf tar = { 0 };
    autoseed struct seed_bundle *b = NULL;

    (void)state;
    kit_small(&tar);
    buf_add(&tar, zeros, sizeof zeros);
    b = must_read(&tar);
    assert_int_equal(b->count, 2);
}

static void pax_times_and_directories_and_gnu_headers_are_taken(void **state)
{
    autobuf struct buf tar = { 0 }, manifest = { 0 };
    autoseed struct seed_bundle *b = NULL;
    size_t at;

    (void)state;
    kit_manifest(whole, 2, "", &manifest);
    tar_add_pax(&tar, "path", "manifest.json");
    tar_add(&tar, '0', "something", manifest.data, manifest.len);
    tar_add_pax(&tar, "mtime", "1700000000.123456789");
    at = tar.len;
    tar_add(&tar, '0', "flags.json", whole[0].text, strlen(whole[0].text));
    memcpy(tar.data + at + 257, "ustar  ", 8);
    tar_sum(&tar, at);
    tar_add(&tar, '5', "policy/", "", 0);
    tar_add(&tar, '0', "policy/egress.yaml", whole[1].text, strlen(whole[1].text));
    tar_end(&tar);
    b = must_read(&tar);
    assert_int_equal(b->count, 3);
    assert_string_equal(b->members[0].name, "manifest.json");
}

static void four_thousand_and_ninety_six_members_are_taken(void **state)
{
    enum { FILES = 4095 };
    static struct kit_file files[FILES];
    static char names[FILES][40];
    autobuf struct buf tar = { 0 };
    autoseed struct seed_bundle *b = NULL;

    (void)state;
    files[0] = whole[0];
    for (int i = 1; i < FILES; i++) {
        snprintf(names[i], sizeof names[i], "policy/rego/m%d.rego", i);
        files[i] = (struct kit_file){ names[i], "package m\n" };
    }
    kit_bundle(files, FILES, &tar);
    b = must_read(&tar);
    assert_int_equal(b->count, 4096);
}

static void the_best_ordinary_levels_stay_within_the_window(void **state)
{
    autobuf struct buf tar = { 0 }, xz = { 0 }, zstd = { 0 };
    autoseed struct seed_bundle *a = NULL, *b = NULL;

    (void)state;
    kit_small(&tar);
    kit_pack(&tar, "xz", "6", &xz);
    kit_pack(&tar, "zstd", "19", &zstd);
    a = must_read(&xz);
    b = must_read(&zstd);
}

/* -- lines -- */

static void a_value_goes_to_the_end_of_its_line_as_it_stands(void **state)
{
    static const char text[] = "A_1=  two  blanks \n\n#B=no\nC=a=b#c";
    cJSON *lines = NULL;

    (void)state;
    assert_int_equal(lines_parse("env", text, strlen(text), &lines, NULL), 0);
    assert_int_equal(cJSON_GetArraySize(lines), 2);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(lines, "A_1")->valuestring,
                        "  two  blanks ");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(lines, "C")->valuestring, "a=b#c");
    lines_free(lines);
}

/* -- making one -- */

static void make_members(void)
{
    mkdir(in_dir("members"), 0700);
    mkdir(in_dir("members/policy"), 0700);
    put("members/flags.json", "{\"policy\":\"default\"}");
    put("members/policy/egress.yaml", "network_policies: {}\n");
    put("members/env", "A=1\n");
}

static void remove_members(void)
{
    static const char *const names[] = { "members/flags.json", "members/policy/egress.yaml",
                                         "members/env", "members/secrets", "members/x" };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        unlink(in_dir(names[i]));
    rmdir(in_dir("members/policy"));
    rmdir(in_dir("members"));
}

static int create(const char *output, struct seed_bundle **ret, struct err *e)
{
    struct seed_request q = { .dir = in_dir("members"),
                              .output = in_dir(output),
                              .manifest = { .serial = 3, .name = "sandbox" } };
    off_t size = 0;
    int r = seed_create(&q, ret, &size, e);

    manifest_done(&q.manifest);
    return r;
}

static void what_create_writes_is_read_again_in_each_packing(void **state)
{
    static const char *const outputs[] = { "o.tar", "o.tar.gz", "o.tar.xz", "o.tar.zst" };

    (void)state;
    make_members();
    for (size_t i = 0; i < N_ELEMENTS(outputs); i++) {
        autoseed struct seed_bundle *made = NULL, *again = NULL;
        struct err e = { 0 };

        if (create(outputs[i], &made, &e) < 0 || seed_read_path(in_dir(outputs[i]), &again, &e) < 0)
            fail_msg("%s", e.text);
        assert_string_equal(made->digest, again->digest);
        assert_int_equal(again->manifest.serial, 3);
        assert_int_equal(again->count, 4);
        unlink(in_dir(outputs[i]));
    }
    remove_members();
}

static void slurp(const char *name, struct buf *b)
{
    autofd int fd = open(in_dir(name), O_RDONLY | O_CLOEXEC);

    assert_int_equal(buf_read_fd(b, fd, 1u << 20), 0);
}

static void equal_members_give_equal_bytes(void **state)
{
    static const char *const endings[] = { ".tar", ".tar.gz", ".tar.xz", ".tar.zst" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(endings); i++) {
        autobuf struct buf one = { 0 }, two = { 0 };
        struct timespec long_ago[2] = { { 1, 0 }, { 1, 0 } };
        char a[16], b[16];

        snprintf(a, sizeof a, "a%s", endings[i]);
        snprintf(b, sizeof b, "b%s", endings[i]);
        make_members();
        assert_int_equal(create(a, NULL, NULL), 0);
        remove_members();
        make_members();
        utimensat(AT_FDCWD, in_dir("members/env"), long_ago, 0);
        assert_int_equal(create(b, NULL, NULL), 0);
        slurp(a, &one);
        slurp(b, &two);
        assert_int_equal(one.len, two.len);
        assert_memory_equal(one.data, two.data, one.len);
        unlink(in_dir(a));
        unlink(in_dir(b));
    }
    remove_members();
}

static void a_bundle_with_secrets_is_for_its_owner_only(void **state)
{
    struct stat st;

    (void)state;
    make_members();
    assert_int_equal(create("plain.tar", NULL, NULL), 0);
    put("members/secrets", "KEY=sk-very-secret\n");
    assert_int_equal(create("secret.tar", NULL, NULL), 0);
    assert_int_equal(stat(in_dir("secret.tar"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(in_dir("plain.tar"), &st), 0);
    assert_int_not_equal(st.st_mode & 07777, 0600);
    unlink(in_dir("secret.tar"));
    unlink(in_dir("plain.tar"));
    remove_members();
}

static void create_refuses(const char *says)
{
    struct err e = { 0 };

    assert_true(create("o.tar", NULL, &e) < 0);
    assert_int_equal(e.status, EXIT_USAGE);
    if (!strstr(e.text, says))
        fail_msg("%s (wanted: %s)", e.text, says);
    assert_int_equal(access(in_dir("o.tar"), F_OK), -1);
}

static void create_writes_nothing_that_could_not_be_read(void **state)
{
    (void)state;
    make_members();
    put("members/flags.json", "{\"polcy\":1}");
    create_refuses("members: flags.json: --polcy: unknown flag, nearest is --policy");
    put("members/flags.json", "{}");
    put("members/policy/egress.yaml", "nonsense: 1\n");
    create_refuses("policy/egress.yaml: line 1");
    put("members/policy/egress.yaml", "network_policies: {}\n");
    put("members/x", "");
    create_refuses("members/x: a bundle has no such member");
    unlink(in_dir("members/x"));
    assert_int_equal(symlink("env", in_dir("members/secrets")), 0);
    create_refuses("members/secrets: a symbolic link");
    unlink(in_dir("members/secrets"));
    assert_int_equal(mkfifo(in_dir("members/secrets"), 0600), 0);
    create_refuses("members/secrets: a bundle has no such member");
    unlink(in_dir("members/flags.json"));
    unlink(in_dir("members/secrets"));
    create_refuses("flags.json is missing");
    remove_members();
}

static void an_output_needs_an_ending_that_says_how_to_pack(void **state)
{
    struct err e = { 0 };

    (void)state;
    make_members();
    assert_int_equal(create("o.zip", NULL, &e), -EINVAL);
    assert_non_null(strstr(e.text, "must end with .tar"));
    remove_members();
}

static void a_fifo_is_no_bundle_and_blocks_nobody(void **state)
{
    struct seed_bundle *b = NULL;
    struct err e = { 0 };

    (void)state;
    assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
    assert_true(seed_read_path(in_dir("fifo"), &b, &e) < 0);
    assert_non_null(strstr(e.text, "fifo: not a file"));
    unlink(in_dir("fifo"));
}

/* -- this machine -- */

struct here_test {
    struct seed_here here;
    char machine[96], floor[96], trust[96];
};

static void here_begin(struct here_test *h)
{
    snprintf(h->machine, sizeof h->machine, "%s/machine-id", dir);
    snprintf(h->floor, sizeof h->floor, "%s/floor.json", dir);
    snprintf(h->trust, sizeof h->trust, "%s/trust.d", dir);
    h->here = (struct seed_here){ h->machine, h->floor, h->trust, 1800000000 };
    put("machine-id", "0123456789abcdef0123456789abcdef\n");
}

static void here_end(void)
{
    unlink(in_dir("machine-id"));
    unlink(in_dir("floor.json"));
    unlink(in_dir("trust.d/a.pub"));
    rmdir(in_dir("trust.d"));
}

static struct seed_bundle *bundle_with(const char *extra, bool with_signature)
{
    autobuf struct buf tar = { 0 }, manifest = { 0 };

    kit_manifest(whole, 1, extra, &manifest);
    tar_add(&tar, '0', "manifest.json", manifest.data, manifest.len);
    if (with_signature)
        tar_add(&tar, '0', "manifest.minisig", "untrusted comment: x\n", 21);
    tar_add(&tar, '0', "flags.json", whole[0].text, strlen(whole[0].text));
    tar_end(&tar);
    return must_read(&tar);
}

static void expect_here(struct here_test *h, const char *extra, bool with_signature, bool carrier,
                        const char *says)
{
    autoseed struct seed_bundle *b = bundle_with(extra, with_signature);
    struct err e = { 0 };
    const char *note;
    int r = seed_check_here(&h->here, b, carrier, &note, &e);

    if (says ? r >= 0 || !strstr(e.text, says) : r < 0)
        fail_msg("%d: %s (wanted: %s)", r, e.text, says ? says : "to be taken");
}

static void a_bundle_for_another_machine_is_refused(void **state)
{
    struct here_test h;

    (void)state;
    here_begin(&h);
    expect_here(&h, "", false, false, NULL);
    expect_here(&h, ",\"machine\":\"0123456789abcdef0123456789abcdef\"", false, false, NULL);
    expect_here(&h, ",\"machine\":\"ffffffffffffffffffffffffffffffff\"", false, true,
                "it is for machine ffff");
    here_end();
}

static void a_bundle_ends_with_its_last_second(void **state)
{
    struct here_test h;

    (void)state;
    here_begin(&h);
    h.here.now = 1798761600; /* 2027-01-01T00:00:00Z */
    expect_here(&h, ",\"not_after\":\"2027-01-01T00:00:00Z\"", false, false, NULL);
    h.here.now++;
    expect_here(&h, ",\"not_after\":\"2027-01-01T00:00:00Z\"", false, false,
                "it ended at 2027-01-01T00:00:00Z");
    here_end();
}

static void an_image_with_a_floor_takes_nothing_below_it(void **state)
{
    struct here_test h;

    (void)state;
    here_begin(&h);
    put("floor.json", "{\"policy\":\"strict\",\"serial\":7}");
    expect_here(&h, "", false, true, NULL);
    put("floor.json", "{\"serial\":8}");
    expect_here(&h, "", false, true, "serial 7: this image takes 8 at least");
    put("floor.json", "{\"policy\":\"lax\"}");
    expect_here(&h, "", false, true, "floor.json: must be");
    put("floor.json", "{\"polcy\":\"strict\"}");
    expect_here(&h, "", false, true, "floor.json: must be");
    put("floor.json", "");
    expect_here(&h, "", false, true, "floor.json: must be");
    here_end();
}

static void a_weaker_template_than_the_floor_is_refused_also_by_default(void **state)
{
    static const struct kit_file weak = { "flags.json", "{}" };
    autobuf struct buf tar = { 0 };
    autoseed struct seed_bundle *b = NULL;
    struct here_test h;
    struct err e = { 0 };
    const char *note;

    (void)state;
    here_begin(&h);
    put("floor.json", "{\"policy\":\"default\"}");
    kit_bundle(&weak, 1, &tar);
    b = must_read(&tar);
    assert_true(seed_check_here(&h.here, b, true, &note, &e) < 0);
    assert_non_null(strstr(e.text, "--policy: permissive: this image takes default at least"));
    here_end();
}

static void keys_without_a_way_to_check_them_refuse(void **state)
{
    autoseed struct seed_bundle *b = NULL;
    struct here_test h;
    const char *note;

    (void)state;
    here_begin(&h);
    b = bundle_with("", true);
    assert_int_equal(seed_check_here(&h.here, b, false, &note, NULL), 0);
    assert_non_null(strstr(note, "manifest.minisig is ignored"));
    mkdir(in_dir("trust.d"), 0700);
    expect_here(&h, "", false, false, NULL);
    put("trust.d/a.pub", "key\n");
    expect_here(&h, "", false, false, "it is unsigned");
    expect_here(&h, "", false, true, NULL);
    expect_here(&h, "", true, true, "can't check manifest.minisig yet");
    expect_here(&h, "", true, false, "can't check manifest.minisig yet");
    here_end();
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(in_dir("good.tar"));
    return rmdir(dir); /* fails when a test left something */
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_bundle_is_read_member_by_member),
        cmocka_unit_test(the_digest_says_what_is_in_a_bundle_and_not_how_it_is_packed),
        cmocka_unit_test(zeros_behind_the_end_mark_are_a_disk_and_no_garbage),
        cmocka_unit_test(pax_times_and_directories_and_gnu_headers_are_taken),
        cmocka_unit_test(four_thousand_and_ninety_six_members_are_taken),
        cmocka_unit_test(the_best_ordinary_levels_stay_within_the_window),
        cmocka_unit_test(a_value_goes_to_the_end_of_its_line_as_it_stands),
        cmocka_unit_test(what_create_writes_is_read_again_in_each_packing),
        cmocka_unit_test(equal_members_give_equal_bytes),
        cmocka_unit_test(a_bundle_with_secrets_is_for_its_owner_only),
        cmocka_unit_test(create_writes_nothing_that_could_not_be_read),
        cmocka_unit_test(an_output_needs_an_ending_that_says_how_to_pack),
        cmocka_unit_test(a_fifo_is_no_bundle_and_blocks_nobody),
        cmocka_unit_test(a_bundle_for_another_machine_is_refused),
        cmocka_unit_test(a_bundle_ends_with_its_last_second),
        cmocka_unit_test(an_image_with_a_floor_takes_nothing_below_it),
        cmocka_unit_test(a_weaker_template_than_the_floor_is_refused_also_by_default),
        cmocka_unit_test(keys_without_a_way_to_check_them_refuse),
    };

    (void)argc;
    kit_use_built_reader(argv[0]);
    return cmocka_run_group_tests_name("seed bundle", tests, make_dir, remove_dir);
}
