#include "sys/process.h"

#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define OUTPUT_MAX (1u << 20)

static char *const clean_environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };

/* Input goes through an unnamed file: no pipe to feed while the output is read. */
static int input_file(const void *input, size_t len)
{
    autofd int fd = memfd_create("input", MFD_CLOEXEC);

    if (fd < 0 || (len && write(fd, input, len) != (ssize_t)len) || lseek(fd, 0, SEEK_SET) < 0)
        return errno ? -errno : -EIO;
    return fd_take(&fd);
}

static int spawn(const char *const argv[], int in, int out, int errors, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    int r;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    r = posix_spawn(ret, argv[0], &actions, &attr, (char *const *)(uintptr_t)argv,
                    clean_environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return -r;
}

/* Reads to the end, keeping at most OUTPUT_MAX bytes: a talkative program must not block. */
static int drain(int fd, struct buf *out)
{
    char chunk[4096];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0 && out && out->len + (size_t)n <= OUTPUT_MAX)
            buf_add(out, chunk, (size_t)n);
    }
    explicit_bzero(chunk, sizeof chunk);
    return 0;
}

/* Errors go to the file errors, or with the output when that is negative. */
static int run(const char *const argv[], const void *input, size_t input_len, struct buf *out,
               int errors)
{
    autofd int in = input_file(input, input_len), rd = -EBADF, wr = -EBADF;
    int pipes[2], status, r;
    pid_t pid;

    if (in < 0)
        return in;
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return -errno;
    rd = pipes[0];
    wr = pipes[1];
    r = spawn(argv, in, wr, errors < 0 ? wr : errors, &pid);
    if (r < 0)
        return r;
    fd_closep(&wr);
    r = drain(rd, out);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    if (r < 0)
        return r;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_run(const char *const argv[], const void *input, size_t input_len, struct buf *out)
{
    return run(argv, input, input_len, out, -EBADF);
}

int process_output(const char *const argv[], const void *input, size_t input_len, struct buf *out,
                   struct buf *errors)
{
    autofd int fd = input_file(NULL, 0);
    int r = fd < 0 ? fd : run(argv, input, input_len, out, fd);

    if (r >= 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = -errno;
    if (r >= 0 && drain(fd, errors) < 0)
        r = -EIO;
    return r;
}
