#include "base/buf.h"
#include "base/mem.h"
#include "cli/verbs.h"
#include "spec/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Runs the program with the words of a line; out and err take what it prints. */
static int run(const char *line, struct buf *out, struct buf *err)
{
    int saved[2] = { dup(1), dup(2) }, status, argc = 1;
    char copy[512], *argv[32] = { "defenseclaw" }, *save = NULL;
    FILE *files[2] = { tmpfile(), tmpfile() };
    struct buf *bufs[2] = { out, err };

    snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    fflush(stdout);
    for (int i = 0; i < 2; i++)
        dup2(fileno(files[i]), i + 1);
    status = verbs_main(argc, argv);
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
        if (bufs[i]) {
            lseek(fileno(files[i]), 0, SEEK_SET);
            assert_int_equal(buf_read_fd(bufs[i], fileno(files[i]), 1 << 20), 0);
        }
        fclose(files[i]);
    }
    return status;
}

static void help_of_setup_shows_every_flag_with_its_default(void **state)
{
    autobuf struct buf out = { 0 };

    (void)state;
    assert_int_equal(run("sandbox setup --help", &out, NULL), EXIT_DONE);
    for (size_t i = 0; i < option_table_len; i++) {
        const struct option *o = &option_table[i];
        char text[128];

        snprintf(text, sizeof text, "\n  --%s%s%s", o->name, o->metavar ? " " : "",
                 o->metavar ? o->metavar : "");
        if (!strstr(buf_str(&out), text))
            fail_msg("--%s: not in the help", o->name);
        /* Its words may be wrapped: the first and the default's must be there. */
        snprintf(text, sizeof text, "%.*s", (int)strcspn(o->effect, " "), o->effect);
        assert_non_null(strstr(buf_str(&out), text));
        if (o->metavar && o->default_text && !strstr(buf_str(&out), o->default_text))
            fail_msg("--%s: its default is not in the help", o->name);
    }
}

static void no_line_of_help_is_wider_than_a_terminal(void **state)
{
    (void)state;
    for (size_t i = 0; i < verb_count; i++) {
        autobuf struct buf out = { 0 };
        char line[128];

        snprintf(line, sizeof line, "%s --help", verbs[i].words);
        assert_int_equal(run(line, &out, NULL), EXIT_DONE);
        for (const char *p = buf_str(&out); *p; p += strcspn(p, "\n"), p += *p == '\n')
            assert_true(strcspn(p, "\n") <= 104); /* bytes; an ellipsis has three */
    }
}

static void every_verb_answers_help_and_the_program_lists_it(void **state)
{
    autobuf struct buf all = { 0 };

    (void)state;
    assert_int_equal(run("--help", &all, NULL), EXIT_DONE);
    for (size_t i = 0; i < verb_count; i++) {
        autobuf struct buf out = { 0 };
        char line[128];

        snprintf(line, sizeof line, "%s --help", verbs[i].words);
        assert_int_equal(run(line, &out, NULL), EXIT_DONE);
        assert_non_null(strstr(buf_str(&out), verbs[i].summary));
        snprintf(line, sizeof line, "\n  %s ", verbs[i].words);
        assert_int_equal(strstr(buf_str(&all), line) != NULL, !verbs[i].hidden && verbs[i].fn);
    }
}

static void the_completion_offers_every_flag_and_verb(void **state)
{
    autobuf struct buf out = { 0 };
    const char *setup;

    (void)state;
    assert_int_equal(run("completion bash", &out, NULL), EXIT_DONE);
    setup = strstr(buf_str(&out), "'sandbox setup') echo '");
    assert_non_null(setup);
    for (size_t i = 0; i < option_table_len; i++) {
        char word[64];
        const char *at;

        snprintf(word, sizeof word, " --%s", option_table[i].name);
        at = strstr(setup, word);
        assert_non_null(at);
        assert_true(at < strchr(setup, '\n'));
        if (option_table[i].choices)
            assert_non_null(strstr(buf_str(&out), option_table[i].choices));
    }
    for (size_t i = 0; i < verb_count; i++)
        if (!verbs[i].hidden && verbs[i].fn)
            assert_non_null(strstr(buf_str(&out), verbs[i].words));
}

static void the_completion_works_in_a_real_shell(void **state)
{
    static const char *const cases[][2] = {
        { "COMP_WORDS=(defenseclaw sandbox se); COMP_CWORD=2", "setup\n" },
        { "COMP_WORDS=(defenseclaw sandbox setup --pol); COMP_CWORD=3", "--policy\n" },
        { "COMP_WORDS=(defenseclaw sandbox setup --policy s); COMP_CWORD=4", "strict\n" },
        { "COMP_WORDS=(defenseclaw sandbox setup --policy = s); COMP_CWORD=5", "strict\n" },
        { "COMP_WORDS=(defenseclaw fi); COMP_CWORD=1", "firstboot\n" },
        { "COMP_WORDS=(defenseclaw sandbox verify --ju); COMP_CWORD=3", "--junit\n" },
    };
    autobuf struct buf script = { 0 };
    char path[] = "/tmp/dc-completion.XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(run("completion bash", &script, NULL), EXIT_DONE);
    assert_int_equal(write(fd, script.data, script.len), (ssize_t)script.len);
    close(fd);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char command[512], answer[256] = "";
        FILE *shell;

        snprintf(command, sizeof command,
                 "bash -c '. %s; %s; _defenseclaw; printf \"%%s\\n\" \"${COMPREPLY[@]}\"'", path,
                 cases[i][0]);
        shell = popen(command, "r");
        assert_non_null(shell);
        assert_true(fread(answer, 1, sizeof answer - 1, shell) > 0);
        assert_int_equal(pclose(shell), 0);
        assert_string_equal(answer, cases[i][1]);
    }
    unlink(path);
}

static void the_man_page_lists_every_flag_and_verb(void **state)
{
    autobuf struct buf out = { 0 };

    (void)state;
    assert_int_equal(run("man-options", &out, NULL), EXIT_DONE);
    for (size_t i = 0; i < option_table_len; i++) {
        autobuf struct buf want = { 0 };

        buf_puts(&want, ".TP\n.B \\-\\-");
        for (const char *p = option_table[i].name; *p; p++)
            buf_puts(&want, *p == '-' ? "\\-" : (char[]){ *p, '\0' });
        if (!strstr(buf_str(&out), buf_str(&want)))
            fail_msg("--%s: not in the man page", option_table[i].name);
    }
    for (size_t i = 0; i < verb_count; i++)
        if (!verbs[i].hidden && verbs[i].fn)
            assert_non_null(strstr(buf_str(&out), verbs[i].words));
    assert_null(strstr(buf_str(&out), "\n'")); /* roff would take it for a request */
}

static void what_is_mistyped_gets_the_nearest_name(void **state)
{
    static const char *const cases[][2] = {
        { "sandbox stup", "sandbox stup: unknown command, nearest is sandbox setup" },
        { "sandbox verfy", "nearest is sandbox verify" },
        { "firstbot", "firstbot: unknown command, nearest is firstboot" },
        { "status", "status: unknown command, nearest is sandbox status" },
        { "setup --disable", "setup: unknown command, nearest is sandbox setup" },
        { "sandbox status --nam x", "--nam: unknown flag, nearest is --name" },
        { "sandbox list --jsno", "--jsno: unknown flag, nearest is --json" },
        { "sandbox status --json --json", "--json: given twice" },
        { "sandbox status --json=1", "--json: takes no value" },
        { "sandbox status --name", "--name: needs a value" },
        { "sandbox status -n x", "-n: flags begin with two dashes" },
        { "sandbox status box", "box: status takes flags only" },
        { "sandbox status --name ../x", "--name: ../x: must be a small letter" },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        autobuf struct buf out = { 0 }, err = { 0 };

        assert_int_equal(run(cases[i][0], &out, &err), EXIT_USAGE);
        if (!strstr(buf_str(&err), cases[i][1]))
            fail_msg("%s: says %s", cases[i][0], buf_str(&err));
        assert_int_equal(out.len, 0);
    }
}

static void verbs_that_come_later_say_with_what(void **state)
{
    static const char *const later[] = { "policy check", "audit tail", "sandbox reset" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(later); i++) {
        autobuf struct buf err = { 0 };

        assert_int_equal(run(later[i], NULL, &err), EXIT_USAGE);
        assert_non_null(strstr(buf_str(&err), "comes with the"));
    }
}

static void help_behind_two_dashes_belongs_to_the_job(void **state)
{
    autobuf struct buf out = { 0 };

    (void)state;
    (void)run("sandbox run --name nosuchbox -- ls --help", &out, NULL);
    assert_null(strstr(buf_str(&out), "usage: defenseclaw"));
}

static void an_instance_that_is_not_there_has_no_status(void **state)
{
    autobuf struct buf err = { 0 };

    (void)state;
    assert_int_equal(run("sandbox status --name nosuchbox", NULL, &err), EXIT_FAILED);
    assert_non_null(strstr(buf_str(&err), "fix: sudo defenseclaw sandbox setup --name nosuchbox"));
}

static void the_version_and_an_empty_line(void **state)
{
    autobuf struct buf out = { 0 }, err = { 0 };

    (void)state;
    assert_int_equal(run("--version", &out, NULL), EXIT_DONE);
    assert_string_equal(buf_str(&out), "defenseclaw " DEFENSECLAW_VERSION "\n");
    assert_int_equal(run("", NULL, &err), EXIT_USAGE);
    assert_non_null(strstr(buf_str(&err), "usage: defenseclaw"));
}

static void arguments_keep_their_order_around_flags(void **state)
{
    char *argv[] = { "run", "a", "--name", "box", "b", "--", "--json", "-x", NULL };
    const char *name = NULL;
    bool json = false;
    const struct arg args[] = { { "name", .value = &name }, { "json", .flag = &json } };
    struct err e = { 0 };

    (void)state;
    assert_int_equal(args_parse(8, argv, args, 2, &e), 4);
    assert_string_equal(name, "box");
    assert_false(json);
    assert_string_equal(argv[1], "a");
    assert_string_equal(argv[2], "b");
    assert_string_equal(argv[3], "--json");
    assert_string_equal(argv[4], "-x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_of_setup_shows_every_flag_with_its_default),
        cmocka_unit_test(no_line_of_help_is_wider_than_a_terminal),
        cmocka_unit_test(every_verb_answers_help_and_the_program_lists_it),
        cmocka_unit_test(the_completion_offers_every_flag_and_verb),
        cmocka_unit_test(the_completion_works_in_a_real_shell),
        cmocka_unit_test(the_man_page_lists_every_flag_and_verb),
        cmocka_unit_test(what_is_mistyped_gets_the_nearest_name),
        cmocka_unit_test(verbs_that_come_later_say_with_what),
        cmocka_unit_test(help_behind_two_dashes_belongs_to_the_job),
        cmocka_unit_test(an_instance_that_is_not_there_has_no_status),
        cmocka_unit_test(the_version_and_an_empty_line),
        cmocka_unit_test(arguments_keep_their_order_around_flags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
