/* Whose account is removed: only setup's own. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/json.h"
#include "base/mem.h"
#include "resource/kinds.h"

#include <string.h>

#define UUID "0b1c2d3e-4f50-4162-8384-95a6b7c8d9ea"
#define USER "nosuchuser"

static unsigned notes;

static void take_note(void *userdata, const char *text)
{
    (void)userdata;
    (void)text;
    notes++;
}

/* A run was killed before it made the user; then an admin made one of that name. */
static void an_account_that_somebody_made_after_a_kill_stays(void **state)
{
    struct run run = { .uuid = UUID, .state_dir = -EBADF, .note = take_note };
    autojson cJSON *before = want_absent();
    autojson cJSON *left = want_account(USER, 990, 990, "/home/x", "DefenseClaw id=" UUID);
    autojson cJSON *now = want_account(USER, 990, 990, "/home/x", "Somebody");
    struct err e = { 0 };

    (void)state;
    assert_int_equal(kind_account.take_back(&run, USER, now, before, left, &e), 0);
    assert_int_equal(notes, 1);
    assert_int_equal(kind_account.put(&run, USER, now, before, &e), -EEXIST);
    assert_int_equal(e.status, EXIT_MACHINE);
}

static void a_group_with_another_number_stays(void **state)
{
    struct run run = { .uuid = UUID, .state_dir = -EBADF, .note = take_note };
    autojson cJSON *before = want_absent();
    autojson cJSON *left = want_account(USER, 990, 990, "/home/x", "DefenseClaw id=" UUID);
    autojson cJSON *now = want_absent();
    struct err e = { 0 };

    (void)state;
    notes = 0;
    cJSON_AddNumberToObject(now, "gid", 1990);
    assert_int_equal(kind_account.take_back(&run, USER, now, before, left, &e), 0);
    assert_int_equal(notes, 1);
}

/* What was made and then changed is still setup's: removing it is tried. */
static void an_account_with_our_mark_is_removed(void **state)
{
    struct run run = { .uuid = UUID, .state_dir = -EBADF, .note = take_note };
    autojson cJSON *before = want_absent();
    autojson cJSON *left = want_account(USER, 990, 990, "/home/x", "DefenseClaw id=" UUID);
    autojson cJSON *now = want_account(USER, 990, 990, "/home/y", "DefenseClaw id=" UUID);
    struct err e = { 0 };

    (void)state;
    assert_int_equal(kind_account.take_back(&run, USER, now, before, left, &e), -EIO);
    assert_non_null(strstr(e.text, "userdel"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_that_somebody_made_after_a_kill_stays),
        cmocka_unit_test(a_group_with_another_number_stays),
        cmocka_unit_test(an_account_with_our_mark_is_removed),
    };

    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
