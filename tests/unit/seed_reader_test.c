/* The reader itself: what it has given away while it works, and how much memory a bundle can cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "seed/bundle.h"
#include "seed/child.h"
#include "seed_kit.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char dir[] = "/tmp/seed-reader-XXXXXX";
static const char *self;

/* -- confinement -- */

/* The value of a line of /proc/PID/status. */
static void status_of(pid_t pid, const char *key, char *out, size_t size)
{
    autobuf struct buf text = { 0 };
    autofd int fd = -EBADF;
    char path[64];
    const char *at;

    out[0] = '\0';
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || buf_read_fd(&text, fd, 65536) < 0)
        return;
    at = strstr(buf_str(&text), key);
    if (at) {
        at += strlen(key);
        at += strspn(at, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
    }
}

/* Starts the reader's other mode, whose confinement is the same, on a pipe that gives nothing: it
 * stands still after it has confined itself. */
static pid_t start_waiting(int *ret_pipe)
{
    int in[2];
    pid_t pid;

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1);
        execl(seed_archive_program, seed_archive_program, "write", "none", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    *ret_pipe = in[1];
    return pid;
}

static void wait_until_confined(pid_t pid)
{
    const struct timespec pause = { 0, 2000000 };
    char value[64];

    for (int i = 0; i < 2500; i++) {
        status_of(pid, "NoNewPrivs:", value, sizeof value);
        if (strcmp(value, "1") == 0) {
#ifdef __SANITIZE_ADDRESS__ /* no filter under it */
            return;
#else
            status_of(pid, "\nSeccomp:", value, sizeof value);
            if (strcmp(value, "2") == 0)
                return;
#endif
        }
        nanosleep(&pause, NULL);
    }
    fail_msg("the reader did not confine itself");
}

static void the_reader_gives_root_files_and_system_calls_away(void **state)
{
    char uid[64], groups[64], caps[64];
    int status, pipe_end;
    pid_t pid = start_waiting(&pipe_end);

    (void)state;
    wait_until_confined(pid);
    status_of(pid, "Uid:", uid, sizeof uid);
    status_of(pid, "Groups:", groups, sizeof groups);
    status_of(pid, "CapPrm:", caps, sizeof caps);
    if (geteuid() == 0) {
        assert_string_equal(uid, "65534\t65534\t65534\t65534");
        assert_string_equal(groups, "");
    }
    assert_string_equal(caps, "0000000000000000");
    close(pipe_end);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* A stand-in for the reader that notes what it was given. */
static void the_reader_gets_no_descriptor_and_no_environment_but_its_own(void **state)
{
    const char *was = seed_archive_program;
    autobuf struct buf script = { 0 }, tar = { 0 }, said = { 0 };
    char program[64], bundle[64], note[64];
    struct seed_bundle *b = NULL;
    autofd int fd = -EBADF;
    int leaked = open("/dev/null", O_RDONLY); /* of somebody who forgot the flag */

    (void)state;
    snprintf(program, sizeof program, "%s/fake", dir);
    snprintf(bundle, sizeof bundle, "%s/good.tar", dir);
    snprintf(note, sizeof note, "%s/note", dir);
    buf_printf(&script, "#!/bin/sh\n{ /bin/ls /proc/self/fd; /usr/bin/env; } >%s\n", note);
    kit_write(program, &script);
    assert_int_equal(chmod(program, 0700), 0);
    kit_small(&tar);
    kit_write(bundle, &tar);
    setenv("SEED_TEST_SECRET", "1", 1);
    seed_archive_program = program;
    assert_true(seed_read_path(bundle, &b, NULL) < 0);
    seed_archive_program = was;
    fd = open(note, O_RDONLY | O_CLOEXEC);
    assert_int_equal(buf_read_fd(&said, fd, 65536), 0);
    if (strncmp(buf_str(&said), "0\n1\n2\n3\nPWD=", 12) != 0 ||
        strstr(buf_str(&said), "SEED_TEST_SECRET"))
        fail_msg("%s", buf_str(&said)); /* 3 is the directory that ls reads */
    close(leaked);
    unlink(program);
    unlink(bundle);
    unlink(note);
}

static void a_reader_that_is_not_there_is_no_fault_of_the_bundle(void **state)
{
    const char *was = seed_archive_program;
    autobuf struct buf tar = { 0 };
    struct seed_bundle *b = NULL;
    struct err e = { 0 };
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/good.tar", dir);
    kit_small(&tar);
    kit_write(path, &tar);
    seed_archive_program = "/nowhere/defenseclaw-seed-archive";
    assert_true(seed_read_path(path, &b, &e) < 0);
    assert_int_equal(e.status, EXIT_FAILED);
    seed_archive_program = "/bin/true"; /* says nothing at all */
    assert_true(seed_read_path(path, &b, &e) < 0);
    assert_int_equal(e.status, EXIT_FAILED);
    seed_archive_program = was;
    unlink(path);
}

/* -- memory -- */

#ifndef __SANITIZE_ADDRESS__
/* What `self measure PATH` does: reads the bundle and prints the peaks of parent and reader. */
static int measure(const char *path)
{
    struct seed_bundle *b = NULL;
    struct rusage own, child;
    struct err e = { 0 };

    if (seed_read_path(path, &b, &e) == 0)
        seed_bundle_free(b);
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &child);
    printf("%ld\n", own.ru_maxrss + child.ru_maxrss);
    return 0;
}

static long kib_for(const struct buf *tar)
{
    char path[64], command[256];
    long kib = 0;
    FILE *p;

    snprintf(path, sizeof path, "%s/measured.tar", dir);
    kit_write(path, tar);
    snprintf(command, sizeof command, "%s measure %s", self, path);
    p = popen(command, "re");
    assert_non_null(p);
    assert_int_equal(fscanf(p, "%ld", &kib), 1);
    pclose(p);
    unlink(path);
    assert_true(kib > 0);
    return kib;
}

/* One GiB of zeros that says it is env, packed to about a MiB. */
static void make_bomb(const char *filter, struct buf *out)
{
    enum { PIECE = 32 << 20 };
    autobuf struct buf t = { 0 };
    autofree char *zeros = calloc(1, PIECE);

    tar_add_sized(&t, '0', "env", 1ull << 30, "", 0);
    for (int i = 0; i < 8; i++) /* a quarter of it: the kit holds all in memory */
        buf_add(&t, zeros, PIECE);
    kit_pack(&t, filter, "1", out);
}

static void a_bomb_costs_reader_and_parent_under_24_mib(void **state)
{
    static const char *const filters[] = { "gzip", "xz", "zstd" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(filters); i++) {
        autobuf struct buf bomb = { 0 };
        long kib;

        make_bomb(filters[i], &bomb);
        kib = kib_for(&bomb);
        print_message("%s: %ld KiB\n", filters[i], kib);
        assert_true(kib < 24 << 10);
    }
}

/* Text that doesn't pack well, so that the whole window fills. */
static void make_large(struct buf *t, size_t len)
{
    struct kit_file files[2] = { { "flags.json", "{}" }, { "policy/rego/large.rego", NULL } };
    autofree char *text = malloc(len + 1);
    uint32_t x = 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        text[i] = (char)('a' + (x >> 24) % 26);
    }
    text[len] = '\0';
    files[1].text = text;
    kit_bundle(files, 2, t);
}

static void the_largest_window_costs_reader_and_parent_under_24_mib(void **state)
{
    static const char *const filters[][2] = { { "xz", "6" }, { "zstd", "19" } };
    autobuf struct buf tar = { 0 };

    (void)state;
    make_large(&tar, 3 << 20);
    for (size_t i = 0; i < N_ELEMENTS(filters); i++) {
        autobuf struct buf packed = { 0 };
        long kib;

        kit_pack(&tar, filters[i][0], filters[i][1], &packed);
        kib = kib_for(&packed);
        print_message("%s: %ld KiB\n", filters[i][0], kib);
        assert_true(kib < 24 << 10);
    }
}
#endif

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
        cmocka_unit_test(the_reader_gives_root_files_and_system_calls_away),
        cmocka_unit_test(the_reader_gets_no_descriptor_and_no_environment_but_its_own),
        cmocka_unit_test(a_reader_that_is_not_there_is_no_fault_of_the_bundle),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(a_bomb_costs_reader_and_parent_under_24_mib),
        cmocka_unit_test(the_largest_window_costs_reader_and_parent_under_24_mib),
#endif
    };

    self = argv[0];
    kit_use_built_reader(argv[0]);
#ifndef __SANITIZE_ADDRESS__
    if (argc == 3 && strcmp(argv[1], "measure") == 0)
        return measure(argv[2]);
#else
    (void)argc;
#endif
    return cmocka_run_group_tests_name("seed reader", tests, make_dir, remove_dir);
}
