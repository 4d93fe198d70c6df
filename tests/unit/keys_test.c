#include "base/envfile.h"
#include "base/mem.h"
#include "cli/http_client.h"
#include "cli/secret_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void reads_lines_and_passes_over_what_says_nothing(void **state)
{
    static const char text[] = "# a comment\n\nA=1\nB_2= spaced = \nC=";
    static const struct {
        const char *name, *value;
        unsigned number;
    } wanted[] = { { "A", "1", 3 }, { "B_2", " spaced = ", 4 }, { "C", "", 5 } };
    struct env_line line = { 0 };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(wanted); i++) {
        assert_int_equal(env_next(text, strlen(text), &line), 1);
        assert_true(env_name_is(&line, wanted[i].name));
        assert_int_equal(line.value_len, strlen(wanted[i].value));
        assert_memory_equal(line.value, wanted[i].value, line.value_len);
        assert_int_equal(line.number, wanted[i].number);
    }
    assert_int_equal(env_next(text, strlen(text), &line), 0);
}

static void refuses_other_lines_and_names_them(void **state)
{
    static const char *const bad[] = { "a=1",  "A",          "=1",    "1A=2", "A B=1",
                                       " A=1", "export A=1", "A-B=1", "\r" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        struct env_line line = { 0 };
        char text[64];

        snprintf(text, sizeof text, "OK=1\n%s\n", bad[i]);
        assert_int_equal(env_next(text, strlen(text), &line), 1);
        if (env_next(text, strlen(text), &line) != -EINVAL)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(line.number, 2);
    }
}

static void a_nul_in_a_line_is_refused(void **state)
{
    struct env_line line = { 0 };

    (void)state;
    assert_int_equal(env_next("A=x\0y\n", 6, &line), -EINVAL);
}

static void sets_and_unsets_one_line_and_keeps_the_rest(void **state)
{
    static const struct {
        const char *before, *name, *value, *after;
    } cases[] = {
        { "", "A", "1", "A=1\n" },
        { "B=2\n", "A", "1", "B=2\nA=1\n" },
        { "B=2", "A", "1", "B=2\nA=1\n" },
        { "# x\nA=0\nB=2\n", "A", "1", "# x\nA=1\nB=2\n" },
        { "A=0\nB=2\nA=3\n", "A", "1", "A=1\nB=2\n" },
        { "AB=0\n", "A", "1", "AB=0\nA=1\n" },
        { "# x\nA=0\nB=2\n", "A", NULL, "# x\nB=2\n" },
        { "A=0", "A", NULL, "" },
        { "A=0\nB=2\nA=3", "A", NULL, "B=2\n" },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        autobuf struct buf out = { 0 };
        unsigned line = 0;

        assert_int_equal(env_edit(cases[i].before, strlen(cases[i].before), cases[i].name,
                                  cases[i].value, &out, &line),
                         0);
        assert_string_equal(buf_str(&out), cases[i].after);
    }
}

static void says_when_there_is_nothing_to_unset(void **state)
{
    autobuf struct buf out = { 0 };
    unsigned line = 0;

    (void)state;
    assert_int_equal(env_edit("B=1\n", 4, "A", NULL, &out, &line), -ENOENT);
    assert_int_equal(env_edit("B=1\nx\n", 6, "A", "1", &out, &line), -EINVAL);
    assert_int_equal(line, 2);
}

static void names_are_capital_letters_digits_and_underscores(void **state)
{
    (void)state;
    assert_true(env_name_valid("OPENCLAW_GATEWAY_TOKEN"));
    assert_true(env_name_valid("A1"));
    assert_false(env_name_valid(""));
    assert_false(env_name_valid("_A"));
    assert_false(env_name_valid("1A"));
    assert_false(env_name_valid("a"));
    assert_false(env_name_valid("A=B"));
    assert_false(env_name_valid("../A"));
}

static void reads_no_link_and_no_fifo(void **state)
{
    char dir[] = "/tmp/keys_test.XXXXXX", path[64];
    autobuf struct buf out = { 0 };

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/.env", dir);
    assert_int_equal(env_read(path, &out), -ENOENT);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(env_read(path, &out), -ELOOP);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(env_read(path, &out), -EINVAL);
    unlink(path);
    rmdir(dir);
}

static void a_value_loses_its_newline_and_may_hold_no_other(void **state)
{
    static const struct {
        const char *given, *kept;
    } cases[] = { { "x\n", "x" }, { "x\r\n", "x" }, { "x", "x" },
                  { "\n", "" },   { "", "" },       { "a b\t=\n", "a b\t=" } };
    struct err e = { 0 };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        autobuf struct buf b = { 0 };

        buf_puts(&b, cases[i].given);
        assert_int_equal(secret_trim("X", &b, &e), 0);
        assert_string_equal(buf_str(&b), cases[i].kept);
    }
    {
        autobuf struct buf b = { 0 };

        buf_puts(&b, "one\ntwo\n");
        assert_int_equal(secret_trim("X", &b, &e), -EINVAL);
        assert_int_equal(e.status, EXIT_USAGE);
        assert_null(strstr(e.text, "one"));
    }
}

static void an_answer_is_a_status_and_a_body(void **state)
{
    static const char good[] = "HTTP/1.1 401 Unauthorized\r\nA: b\r\n\r\n{\"paired\":false}";
    static const char *const bad[] = { "", "HTTP/1.1 200 OK\r\n", "HTTP/2.0 200 OK\r\n\r\n",
                                       "HTTP/1.1 2x0 OK\r\n\r\n", "nonsense\r\n\r\n" };
    autobuf struct buf body = { 0 };
    int status = 0;

    (void)state;
    assert_int_equal(http_answer(good, strlen(good), &status, &body), 0);
    assert_int_equal(status, 401);
    assert_string_equal(buf_str(&body), "{\"paired\":false}");
    for (size_t i = 0; i < N_ELEMENTS(bad); i++)
        if (http_answer(bad[i], strlen(bad[i]), &status, &body) != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lines_and_passes_over_what_says_nothing),
        cmocka_unit_test(refuses_other_lines_and_names_them),
        cmocka_unit_test(a_nul_in_a_line_is_refused),
        cmocka_unit_test(sets_and_unsets_one_line_and_keeps_the_rest),
        cmocka_unit_test(says_when_there_is_nothing_to_unset),
        cmocka_unit_test(names_are_capital_letters_digits_and_underscores),
        cmocka_unit_test(reads_no_link_and_no_fifo),
        cmocka_unit_test(a_value_loses_its_newline_and_may_hold_no_other),
        cmocka_unit_test(an_answer_is_a_status_and_a_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
