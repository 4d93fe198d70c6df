/* First boot's order, and that it fails closed at every arrow of it. Setup and verify are stand-ins
 * that note when they are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "seed/firstboot.h"
#include "seed_kit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static char dir[] = "/tmp/seed-firstboot-XXXXXX";

struct scene {
    struct firstboot f;
    char provisioned[96], credentials[96], cmdline[96], run[96], machine[96], none[96];
    const char *fail; /* the step that fails: "hold", "start", "walls", "agent" */
    char log[256];    /* steps, a word each */
};

static char *path(char *out, const char *name)
{
    snprintf(out, 96, "%s/%s", dir, name);
    return out;
}

static int step(struct scene *s, const char *word, struct err *e)
{
    strcat(s->log, s->log[0] ? " " : "");
    strcat(s->log, word);
    return s->fail && strcmp(s->fail, word) == 0 ? err_set(e, -EIO, EXIT_RED, "%s failed", word)
                                                 : 0;
}

static int provision(void *userdata, const struct seed_bundle *b, bool hold_agent, struct err *e)
{
    (void)b;
    return step(userdata, hold_agent ? "hold" : "start", e);
}

static int verify(void *userdata, const struct seed_bundle *b, bool with_agent, struct err *e)
{
    (void)b;
    return step(userdata, with_agent ? "agent" : "walls", e);
}

static void begin(struct scene *s)
{
    *s = (struct scene){ 0 };
    path(s->credentials, "credentials");
    s->f = (struct firstboot){
        .provisioned = path(s->provisioned, "provisioned.json"),
        .places = { .cmdline = path(s->cmdline, "cmdline"),
                    .run = path(s->run, "seed.tar"),
                    .secure_boot = path(s->none, "none") },
        .here = { path(s->machine, "machine-id"), s->none, s->none, 1800000000 },
        .steps = { provision, verify, NULL, s },
    };
}

/* A bundle of a serial and a policy at dir/name. */
static void put_bundle(const char *name, int serial, const char *flags)
{
    const struct kit_file file = { "flags.json", flags };
    autobuf struct buf tar = { 0 }, manifest = { 0 };
    char at[96], number[16];
    char *serial_at;

    kit_manifest(&file, 1, "", &manifest);
    snprintf(number, sizeof number, "%d", serial);
    serial_at = strstr((char *)manifest.data, "\"serial\":7");
    assert_true(serial < 10);
    serial_at[9] = number[0];
    tar_add(&tar, '0', "manifest.json", manifest.data, manifest.len);
    tar_add(&tar, '0', "flags.json", flags, strlen(flags));
    tar_end(&tar);
    kit_write(path(at, name), &tar);
}

static void put_text(const char *name, const char *text)
{
    struct buf b = { .data = (uint8_t *)(uintptr_t)text, .len = strlen(text) };
    char at[96];

    kit_write(path(at, name), &b);
}

static void end(void)
{
    static const char *const names[] = { "provisioned.json", "credentials/defenseclaw.seed",
                                         "cmdline",          "seed.tar",
                                         "machine-id",       "given.tar",
                                         "other.tar" };
    char at[96];

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        unlink(path(at, names[i]));
    rmdir(path(at, "credentials"));
}

static struct firstboot_result must_run(struct scene *s)
{
    struct firstboot_result result;
    struct err e = { 0 };

    if (firstboot_run(&s->f, &result, &e) < 0)
        fail_msg("%s", e.text);
    return result;
}

static void must_fail(struct scene *s, enum exit_status status, const char *says)
{
    struct firstboot_result result;
    struct err e = { 0 };

    assert_true(firstboot_run(&s->f, &result, &e) < 0);
    if (e.status != (int)status || !strstr(e.text, says))
        fail_msg("%d: %s (wanted %d: %s)", e.status, e.text, status, says);
}

static bool is_provisioned(const struct scene *s)
{
    return access(s->provisioned, F_OK) == 0;
}

static void the_agent_starts_only_after_the_walls_are_verified(void **state)
{
    struct scene s;
    struct firstboot_result result;

    (void)state;
    begin(&s);
    put_bundle("seed.tar", 7, "{\"policy\":\"strict\"}");
    result = must_run(&s);
    assert_string_equal(s.log, "hold walls start agent");
    assert_int_equal(result.outcome, FIRSTBOOT_DONE);
    assert_int_equal(result.rank, SEED_RUN);
    assert_int_equal(result.taken.serial, 7);
    assert_true(is_provisioned(&s));
    end();
}

static void the_bundle_in_run_is_removed_after_use(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    put_bundle("seed.tar", 7, "{}");
    s.fail = "walls";
    must_fail(&s, EXIT_RED, "walls failed");
    assert_int_equal(access(s.run, F_OK), 0); /* a second try is possible */
    s.fail = NULL;
    must_run(&s);
    assert_int_equal(access(s.run, F_OK), -1);
    end();
}

static void a_failed_setup_stops_everything(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    put_bundle("seed.tar", 7, "{}");
    s.fail = "hold";
    must_fail(&s, EXIT_RED, "hold failed");
    assert_string_equal(s.log, "hold");
    assert_false(is_provisioned(&s));
    end();
}

static void red_walls_keep_the_agent_down(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    put_bundle("seed.tar", 7, "{}");
    s.fail = "walls";
    must_fail(&s, EXIT_RED, "walls failed");
    assert_string_equal(s.log, "hold walls");
    assert_false(is_provisioned(&s));
    end();
}

static void a_red_agent_is_stopped_again(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    put_bundle("seed.tar", 7, "{}");
    s.fail = "agent";
    must_fail(&s, EXIT_RED, "agent failed");
    assert_string_equal(s.log, "hold walls start agent hold");
    assert_false(is_provisioned(&s));
    end();
}

static void no_bundle_is_no_failure(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    assert_int_equal(must_run(&s).outcome, FIRSTBOOT_NOTHING);
    assert_string_equal(s.log, "");
    assert_false(is_provisioned(&s));
    end();
}

static void a_provisioned_machine_opens_no_source(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    put_bundle("seed.tar", 7, "{}");
    must_run(&s);
    put_text("seed.tar", "not even a tar");
    s.log[0] = '\0';
    assert_int_equal(must_run(&s).outcome, FIRSTBOOT_ALREADY);
    assert_string_equal(s.log, "");
    end();
}

static void a_record_that_is_not_understood_counts_as_provisioned(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    put_bundle("seed.tar", 7, "{}");
    put_text("provisioned.json", "{}");
    must_fail(&s, EXIT_MACHINE, "counts as provisioned");
    put_text("provisioned.json", "");
    must_fail(&s, EXIT_MACHINE, "counts as provisioned");
    assert_string_equal(s.log, "");
    end();
}

static void another_bundle_needs_reprovision_and_a_higher_serial(void **state)
{
    struct scene s;
    char given[96];

    (void)state;
    begin(&s);
    put_bundle("seed.tar", 7, "{}");
    must_run(&s);
    s.log[0] = '\0';
    s.f.seed = path(given, "given.tar");
    put_bundle("given.tar", 8, "{}");
    must_fail(&s, EXIT_USAGE, "is provisioned already (serial 7)");
    s.f.reprovision = true;
    put_bundle("given.tar", 7, "{\"policy\":\"strict\"}");
    must_fail(&s, EXIT_USAGE, "serial 7 isn't higher than 7");
    put_bundle("given.tar", 6, "{}");
    must_fail(&s, EXIT_USAGE, "serial 6 isn't higher than 7");
    assert_string_equal(s.log, "");
    put_bundle("given.tar", 8, "{}");
    assert_int_equal(must_run(&s).taken.serial, 8);
    assert_string_equal(s.log, "hold walls start agent");
    assert_int_equal(access(given, F_OK), 0); /* a person's file stays */
    end();
}

static void the_first_rank_that_has_a_bundle_wins(void **state)
{
    struct scene s;
    char credentials[96], text[128];

    (void)state;
    begin(&s);
    s.f.places.credentials = s.credentials;
    mkdir(path(credentials, "credentials"), 0700);
    put_bundle("seed.tar", 1, "{}");
    put_bundle("given.tar", 2, "{}");
    snprintf(text, sizeof text, "quiet defenseclaw.seed=%s/given.tar rw\n", dir);
    put_text("cmdline", text);
    put_bundle("credentials/defenseclaw.seed", 3, "{}");
    assert_int_equal(must_run(&s).taken.serial, 3);
    unlink(s.provisioned);
    path(credentials, "credentials/defenseclaw.seed");
    unlink(credentials);
    assert_int_equal(must_run(&s).taken.serial, 2);
    unlink(s.provisioned);
    put_text("cmdline", "quiet rw");
    assert_int_equal(must_run(&s).taken.serial, 1);
    end();
}

static void a_broken_bundle_of_a_higher_rank_is_not_passed_over(void **state)
{
    struct scene s;
    char credentials[96];

    (void)state;
    begin(&s);
    s.f.places.credentials = s.credentials;
    mkdir(path(credentials, "credentials"), 0700);
    put_text("credentials/defenseclaw.seed", "junk, and a line of it");
    put_bundle("seed.tar", 1, "{}");
    must_fail(&s, EXIT_USAGE, "credentials/defenseclaw.seed: ");
    assert_string_equal(s.log, "");
    end();
}

static void two_bundles_of_a_rank_must_be_the_same(void **state)
{
    struct scene s;
    char text[256];

    (void)state;
    begin(&s);
    put_bundle("given.tar", 1, "{}");
    put_bundle("other.tar", 1, "{}");
    /* nspawn hands words over with NULs between them */
    snprintf(text, sizeof text, "init defenseclaw.seed=%s/given.tar defenseclaw.seed=%s/other.tar",
             dir, dir);
    put_text("cmdline", text);
    assert_int_equal(must_run(&s).taken.serial, 1);
    unlink(s.provisioned);
    put_bundle("other.tar", 1, "{\"policy\":\"strict\"}");
    must_fail(&s, EXIT_USAGE, "and they differ");
    end();
}

static void the_kernel_command_line_names_an_absolute_path(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    put_text("cmdline", "defenseclaw.seed=seed.tar");
    must_fail(&s, EXIT_USAGE, "must be an absolute path");
    put_text("cmdline", "defenseclaw.seed=/nowhere/seed.tar");
    must_fail(&s, EXIT_USAGE, "/nowhere/seed.tar: No such file");
    end();
}

static void secure_boot_wants_a_signature_on_the_command_line(void **state)
{
    struct buf on = { .data = (uint8_t[]){ 6, 0, 0, 0, 1 }, .len = 5 };
    char text[128], given[96];
    struct scene s;

    (void)state;
    begin(&s);
    put_bundle("given.tar", 1, "{}");
    snprintf(text, sizeof text, "defenseclaw.seed=%s/given.tar", dir);
    put_text("cmdline", text);
    kit_write(path(given, "other.tar"), &on);
    s.f.places.secure_boot = given;
    must_fail(&s, EXIT_USAGE, "Secure Boot");
    end();
}

static void a_bundle_in_run_that_others_can_write_is_refused(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    put_bundle("seed.tar", 1, "{}");
    assert_int_equal(chmod(s.run, 0666), 0);
    must_fail(&s, EXIT_USAGE, "writable by nobody else");
    unlink(s.run);
    assert_int_equal(symlink("given.tar", s.run), 0);
    put_bundle("given.tar", 1, "{}");
    must_fail(&s, EXIT_USAGE, "writable by nobody else");
    end();
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_agent_starts_only_after_the_walls_are_verified),
        cmocka_unit_test(the_bundle_in_run_is_removed_after_use),
        cmocka_unit_test(a_failed_setup_stops_everything),
        cmocka_unit_test(red_walls_keep_the_agent_down),
        cmocka_unit_test(a_red_agent_is_stopped_again),
        cmocka_unit_test(no_bundle_is_no_failure),
        cmocka_unit_test(a_provisioned_machine_opens_no_source),
        cmocka_unit_test(a_record_that_is_not_understood_counts_as_provisioned),
        cmocka_unit_test(another_bundle_needs_reprovision_and_a_higher_serial),
        cmocka_unit_test(the_first_rank_that_has_a_bundle_wins),
        cmocka_unit_test(a_broken_bundle_of_a_higher_rank_is_not_passed_over),
        cmocka_unit_test(two_bundles_of_a_rank_must_be_the_same),
        cmocka_unit_test(the_kernel_command_line_names_an_absolute_path),
        cmocka_unit_test(secure_boot_wants_a_signature_on_the_command_line),
        cmocka_unit_test(a_bundle_in_run_that_others_can_write_is_refused),
    };

    (void)argc;
    kit_use_built_reader(argv[0]);
    return cmocka_run_group_tests_name("first boot", tests, make_dir, remove_dir);
}
