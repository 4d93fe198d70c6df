/* Every refusal of a seed bundle: exit status 2, one line that begins with the file's name and says
 * why. Each bundle differs from a good one by the one thing that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "seed/bundle.h"
#include "seed_cases.h"
#include "seed_kit.h"

#include <errno.h>
#include <string.h>

static char dir[] = "/tmp/seed-refusals-XXXXXX";

static void check_case(void **state)
{
    const struct bad_seed *c = *state;
    autobuf struct buf tar = { 0 };
    struct seed_bundle *b = NULL;
    struct err e = { 0 };
    char path[64];

    snprintf(path, sizeof path, "%s/bad.tar", dir);
    c->make(&tar);
    kit_write(path, &tar);
    assert_true(seed_read_path(path, &b, &e) < 0);
    assert_null(b);
    if (e.status != EXIT_USAGE || !strstr(e.text, c->says) ||
        strncmp(e.text, path, strlen(path)) != 0 || strchr(e.text, '\n') ||
        strstr(e.text, "very-secret"))
        fail_msg("%s: status %d: %s (wanted: %s)", c->what, e.status, e.text, c->says);
    print_message("%s\n", e.text + strlen(path) + 2);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/bad.tar", dir);
    unlink(path);
    return rmdir(dir);
}

int main(int argc, char **argv)
{
    struct CMUnitTest *tests = calloc(bad_seed_count, sizeof *tests);
    char(*names)[96] = calloc(bad_seed_count, sizeof *names);
    int failed;

    (void)argc;
    kit_use_built_reader(argv[0]);
    for (size_t i = 0; i < bad_seed_count; i++) {
        snprintf(names[i], sizeof *names, "a_bundle_is_refused_for_%s", bad_seeds[i].what);
        tests[i] = (struct CMUnitTest){ names[i], check_case, NULL, NULL,
                                        (void *)(uintptr_t)&bad_seeds[i] };
    }
    failed = _cmocka_run_group_tests("seed refusals", tests, bad_seed_count, make_dir, remove_dir);
    free(tests);
    free(names);
    return failed;
}
