/* What a run leaves of its state directory, on a machine whose /etc, /run and /var/lib are thrown
 * away afterwards. Needs root. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "resource/kinds.h"
#include "setup/origins.h"
#include "setup/session.h"

#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define STATE DC_STATE "/t"

static const struct setup_request request;

static int fresh_machine(void **state)
{
    static const char *const places[] = { "/etc", "/run", "/var/lib" };

    (void)state;
    assert_int_equal(unshare(CLONE_NEWNS), 0);
    assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    for (size_t i = 0; i < N_ELEMENTS(places); i++)
        assert_int_equal(mount("none", places[i], "tmpfs", 0, NULL), 0);
    return 0;
}

static void write_text(const char *path, const char *text)
{
    autofile FILE *f = fopen(path, "we");

    assert_non_null(f);
    fputs(text, f);
}

static bool there(const char *path)
{
    return access(path, F_OK) == 0;
}

static int mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static int open_it(struct session *s)
{
    struct err e = { 0 };

    return session_open(s, "t", true, &request, &e);
}

static void a_first_run_that_fails_leaves_nothing(void **state)
{
    struct session s;

    (void)state;
    assert_int_equal(open_it(&s), 0);
    assert_true(there(STATE));
    session_close(&s, true);
    assert_false(there(DC_STATE));
    assert_false(there(DC_ETC));
}

static void a_record_of_a_newer_version_survives_a_run_that_cannot_read_it(void **state)
{
    struct session s;

    (void)state;
    assert_int_equal(open_it(&s), 0);
    write_text(STATE "/record.json", "{\"schema\":\"defenseclaw.record/2\"}");
    session_close(&s, false);
    assert_int_equal(open_it(&s), -EBADMSG);
    session_close(&s, true);
    assert_true(there(STATE "/record.json"));
    assert_int_equal(unlink(STATE "/record.json"), 0);
}

static void the_journal_of_a_rollback_that_failed_survives(void **state)
{
    struct session s;

    (void)state;
    assert_int_equal(open_it(&s), 0);
    write_text(STATE "/journal", "9 0000000000000000 {\"seq\":0}\n");
    assert_int_equal(mkdir(STATE "/blob", 0700), 0);
    write_text(STATE "/blob/bytes", "what stood there before");
    session_close(&s, true);
    assert_true(there(STATE "/journal"));
    assert_true(there(STATE "/blob/bytes"));
    assert_int_not_equal(open_it(&s), 0); /* nor does one that can't make sense of it */
    session_close(&s, true);
    assert_true(there(STATE "/journal"));
    assert_true(there(STATE "/blob/bytes"));
    unlink(STATE "/journal");
    unlink(STATE "/blob/bytes");
}

static void an_admins_umask_hides_nothing_that_others_read(void **state)
{
    struct session s;

    (void)state;
    unlink(DC_RUN "/t.lock");
    rmdir(DC_RUN);
    umask(0077);
    assert_int_equal(open_it(&s), 0);
    assert_int_equal(mode_of(DC_RUN), 0755);
    assert_int_equal(mode_of(DC_ETC), 0755);
    assert_int_equal(mode_of(DC_STATE), 0700);
    session_close(&s, true);
}

/* What the record of another instance, in a state, makes of a place that it found in another. */
static int inherited(const char *other_state, const char *other_before, bool keep)
{
    autojson cJSON *record = cJSON_CreateObject();
    struct plan p = { 0 };
    struct plan_item *item;
    char text[512];
    int count;

    mkdir(DC_STATE, 0700);
    mkdir(DC_STATE "/other", 0700);
    snprintf(
        text, sizeof text,
        "{\"schema\":\"defenseclaw.record/1\",\"state\":\"%s\",\"entries\":[{\"kind\":\"file\","
        "\"id\":\"/etc/netns\",\"keep\":%s,\"before\":{\"type\":\"%s\"},\"after\":{}}]}",
        other_state, keep ? "true" : "false", other_before);
    write_text(DC_STATE "/other/record.json", text);
    cJSON_AddArrayToObject(record, "entries");
    item = plan_add(&p, "network", &kind_file, "/etc/netns", want_directory(0755, 0, 0));
    item->now = want_directory(0755, 0, 0);
    assert_int_equal(origins_inherit("t", &p, record), 0);
    assert_int_equal(origins_inherit("t", &p, record), 0); /* once is enough */
    count = cJSON_GetArraySize(cJSON_GetObjectItem(record, "entries"));
    assert_int_equal(origins_inherit("other", &p, record), 0); /* nothing from itself */
    assert_int_equal(count, cJSON_GetArraySize(cJSON_GetObjectItem(record, "entries")));
    plan_done(&p);
    unlink(DC_STATE "/other/record.json");
    rmdir(DC_STATE "/other");
    return count;
}

static void what_another_instance_made_where_nothing_was_is_nobodys(void **state)
{
    (void)state;
    assert_int_equal(inherited("active", "absent", false), 1);
    assert_int_equal(inherited("active", "directory", false), 0);
    assert_int_equal(inherited("active", "absent", true), 0);
    assert_int_equal(inherited("disabled", "absent", false), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_run_that_fails_leaves_nothing),
        cmocka_unit_test(a_record_of_a_newer_version_survives_a_run_that_cannot_read_it),
        cmocka_unit_test(the_journal_of_a_rollback_that_failed_survives),
        cmocka_unit_test(an_admins_umask_hides_nothing_that_others_read),
        cmocka_unit_test(what_another_instance_made_where_nothing_was_is_nobodys),
    };

    return cmocka_run_group_tests_name("session", tests, fresh_machine, NULL);
}
