/* What is known of a machine: the parts that read text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "host/parts.h"

#include <string.h>

static void another_system_is_told_in_the_page_s_words(void **state)
{
    struct utsname u = { .sysname = "Darwin" };
    struct err e = { 0 };

    (void)state;
    assert_true(host_check_os(&u, &e) < 0);
    assert_non_null(strstr(e.text, "sandbox mode requires Linux"));
    assert_non_null(strstr(e.fix, "normal init flow"));
    assert_int_equal(e.status, EXIT_MACHINE);
    strcpy(u.sysname, "Linux");
    assert_int_equal(host_check_os(&u, &e), 0);
}

static void the_interpreter_is_found_behind_env(void **state)
{
    static const struct {
        const char *line, *interpreter;
    } cases[] = {
        { "#!/usr/bin/env node", "node" },
        { "#! /usr/bin/env node", "node" },
        { "#!/usr/bin/env -S node --no-warnings", "node" },
        { "#!/usr/bin/env -S A=1 node", "node" },
        { "#!/opt/node/bin/node", "/opt/node/bin/node" },
        { "#!/bin/sh -e", "/bin/sh" },
        { "#!/usr/bin/env", NULL },
        { "\177ELF", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char out[64];
        bool found = script_interpreter(cases[i].line, out, sizeof out);

        assert_int_equal(found, cases[i].interpreter != NULL);
        if (found)
            assert_string_equal(out, cases[i].interpreter);
    }
}

static void a_tree_outside_usr_is_its_first_two_parts(void **state)
{
    static const struct {
        const char *path, *root;
    } cases[] = {
        { "/usr/lib/node_modules/openclaw/openclaw.mjs", "" },
        { "/opt/openclaw/lib/node_modules/openclaw/openclaw.mjs", "/opt/openclaw" },
        { "/opt/openclaw", "/opt/openclaw" },
        { "/openclaw", NULL },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char out[64];

        assert_int_equal(tree_root(cases[i].path, out, sizeof out), cases[i].root != NULL);
        if (cases[i].root)
            assert_string_equal(out, cases[i].root);
    }
}

static void the_last_registry_of_an_npmrc_counts(void **state)
{
    static const struct {
        const char *text, *value;
    } cases[] = {
        { "registry=https://npm.example/\n", "https://npm.example/" },
        { "  registry = \"https://npm.example/\"", "https://npm.example/" },
        { "registry=https://a.example/\nregistry=https://b.example/\n", "https://b.example/" },
        { "registry=https://npm.example/ ; ours\r\n", "https://npm.example/" },
        { "; registry=https://npm.example/\n", NULL },
        { "@scope:registry=https://npm.example/\n", NULL },
        { "registrytoken=x\n", NULL },
        { "registry=\n", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char out[64];
        bool found = npmrc_value(cases[i].text, "registry", out, sizeof out);

        assert_int_equal(found, cases[i].value != NULL);
        if (found)
            assert_string_equal(out, cases[i].value);
    }
}

static void a_path_that_others_can_write_is_refused(void **state)
{
    char dir[] = "/tmp/dc-trusted-XXXXXX";
    struct err e = { 0 };

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(path_trusted("OpenClaw", dir, &e), -EPERM); /* /tmp is everybody's */
    assert_int_equal(e.status, EXIT_MACHINE);
    assert_non_null(strstr(e.text, "/tmp:"));
    rmdir(dir);
    assert_int_equal(path_trusted("sh", "/usr/bin/env", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_system_is_told_in_the_page_s_words),
        cmocka_unit_test(the_interpreter_is_found_behind_env),
        cmocka_unit_test(a_tree_outside_usr_is_its_first_two_parts),
        cmocka_unit_test(the_last_registry_of_an_npmrc_counts),
        cmocka_unit_test(a_path_that_others_can_write_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
