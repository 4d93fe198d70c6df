/* defenseclaw-launch itself, run as nobody in a home made for each test. */
#include "base/buf.h"
#include "base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define NOBODY 65534

struct home {
    char dir[64], env[96], program[4096];
    char said[4096]; /* both streams of the last run */
};

/* The build's own: this test lies in BUILD/tests/unit. */
static void find_program(struct home *h)
{
    ssize_t n = readlink("/proc/self/exe", h->program, sizeof h->program - 64);

    assert_true(n > 0);
    h->program[n] = '\0';
    for (int i = 0; i < 3; i++)
        *strrchr(h->program, '/') = '\0';
    strcat(h->program, "/defenseclaw-launch");
    assert_int_equal(access(h->program, X_OK), 0);
}

static int home_new(void **state)
{
    struct home *h = calloc(1, sizeof *h);
    char dot[80];

    find_program(h);
    strcpy(h->dir, "/tmp/launch_test.XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    snprintf(dot, sizeof dot, "%s/.defenseclaw", h->dir);
    assert_int_equal(mkdir(dot, 0700), 0);
    snprintf(h->env, sizeof h->env, "%s/.env", dot);
    assert_int_equal(chown(h->dir, NOBODY, NOBODY), 0);
    assert_int_equal(chown(dot, NOBODY, NOBODY), 0);
    *state = h;
    return 0;
}

static int home_gone(void **state)
{
    struct home *h = *state;

    unlink(h->env);
    *strrchr(h->env, '/') = '\0';
    rmdir(h->env);
    rmdir(h->dir);
    free(h);
    return 0;
}

static void write_env(const struct home *h, const char *text)
{
    autofd int fd = open(h->env, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(fchown(fd, NOBODY, NOBODY), 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Runs the launcher as a user with one variable set already; its exit status. */
static int launch(struct home *h, uid_t uid, const char *command, const char *argument)
{
    char home[80];
    const char *const argv[] = { h->program, command, argument, NULL };
    const char *const env[] = { home, "SET=already", NULL };
    autobuf struct buf said = { 0 };
    int pipes[2], status;
    pid_t pid;

    snprintf(home, sizeof home, "HOME=%s", h->dir);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        dup2(pipes[1], 1);
        dup2(pipes[1], 2);
        if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
            _exit(99);
        execve(h->program, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
        _exit(98);
    }
    close(pipes[1]);
    assert_int_equal(buf_read_fd(&said, pipes[0], sizeof h->said - 1), 0);
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    snprintf(h->said, sizeof h->said, "%s", buf_str(&said));
    return WEXITSTATUS(status);
}

static void assert_said(const struct home *h, const char *text)
{
    if (!strstr(h->said, text))
        fail_msg("said: %s\nnot: %s", h->said, text);
}

static void puts_the_lines_in_the_commands_environment(void **state)
{
    struct home *h = *state;

    write_env(h, "# the agent's\nONE=1\nTWO= with blanks = \n");
    assert_int_equal(launch(h, NOBODY, "/usr/bin/env", NULL), 0);
    assert_said(h, "\nONE=1\n");
    assert_said(h, "\nTWO= with blanks = \n");
}

static void what_is_set_already_stays(void **state)
{
    struct home *h = *state;

    write_env(h, "SET=anew\n");
    assert_int_equal(launch(h, NOBODY, "/usr/bin/env", NULL), 0);
    assert_said(h, "SET=already\n");
    assert_null(strstr(h->said, "anew"));
}

static void no_file_is_no_error(void **state)
{
    assert_int_equal(launch(*state, NOBODY, "/bin/true", NULL), 0);
}

static void a_bad_line_is_named_without_its_value(void **state)
{
    struct home *h = *state;

    write_env(h, "ONE=1\nsecret stuff\n");
    assert_int_equal(launch(h, NOBODY, "/bin/true", NULL), 125);
    assert_said(h, ".env: line 2: not NAME=VALUE");
    assert_null(strstr(h->said, "stuff"));
}

static void names_that_change_the_agents_code_are_refused(void **state)
{
    static const char *const lines[] = { "LD_PRELOAD=/x", "NODE_OPTIONS=-r /x", "PATH=/x",
                                         "OPENCLAW_CONFIG_PATH=/x", "BASH_ENV=/x" };
    struct home *h = *state;

    for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
        write_env(h, lines[i]);
        assert_int_equal(launch(h, NOBODY, "/bin/true", NULL), 125);
        assert_said(h, "line 1");
        assert_said(h, "may not be set here");
    }
}

static void follows_no_link_and_waits_for_no_fifo(void **state)
{
    struct home *h = *state;

    assert_int_equal(symlink("/etc/environment", h->env), 0);
    assert_int_equal(launch(h, NOBODY, "/bin/true", NULL), 125);
    unlink(h->env);
    assert_int_equal(mkfifo(h->env, 0644), 0);
    assert_int_equal(chown(h->env, NOBODY, NOBODY), 0);
    assert_int_equal(launch(h, NOBODY, "/bin/true", NULL), 125);
    assert_said(h, "not a regular file");
}

static void a_huge_file_is_refused(void **state)
{
    struct home *h = *state;

    write_env(h, "A=1\n");
    assert_int_equal(truncate(h->env, 1 << 20), 0);
    assert_int_equal(launch(h, NOBODY, "/bin/true", NULL), 125);
}

static void does_not_run_as_root(void **state)
{
    struct home *h = *state;

    assert_int_equal(launch(h, 0, "/bin/true", NULL), 125);
    assert_said(h, "does not run as root");
}

static void wants_an_absolute_command_and_passes_its_status_on(void **state)
{
    struct home *h = *state;

    assert_int_equal(launch(h, NOBODY, "true", NULL), 125);
    assert_int_equal(launch(h, NOBODY, "/bin/false", NULL), 1);
    assert_int_equal(launch(h, NOBODY, "/nonexistent/x", NULL), 127);
    assert_int_equal(launch(h, NOBODY, "/etc/hostname", NULL), 126);
}

int main(void)
{
#define AT_HOME(test) cmocka_unit_test_setup_teardown(test, home_new, home_gone)
    static const struct CMUnitTest tests[] = {
        AT_HOME(puts_the_lines_in_the_commands_environment),
        AT_HOME(what_is_set_already_stays),
        AT_HOME(no_file_is_no_error),
        AT_HOME(a_bad_line_is_named_without_its_value),
        AT_HOME(names_that_change_the_agents_code_are_refused),
        AT_HOME(follows_no_link_and_waits_for_no_fifo),
        AT_HOME(a_huge_file_is_refused),
        AT_HOME(does_not_run_as_root),
        AT_HOME(wants_an_absolute_command_and_passes_its_status_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
