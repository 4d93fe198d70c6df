#include "seed/child.h"

#include "base/mem.h"
#include "base/paths.h"
#include "seed/frame.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define STREAM_MAX (2u * FRAME_DATA_MAX)

const char *seed_archive_program = DC_LIBEXECDIR "/defenseclaw-seed-archive";

/* Input at 0, output at 1, nothing else open, no environment. */
static int spawn(const char *const *argv, int in, int out, pid_t *ret)
{
    static char *const no_environment[] = { NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attrs;
    sigset_t all;
    int r = posix_spawn_file_actions_init(&files);

    if (r)
        return -r;
    r = posix_spawnattr_init(&attrs);
    if (r == 0) {
        sigfillset(&all);
        posix_spawnattr_setflags(&attrs, POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigdefault(&attrs, &all);
        if ((r = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO)) == 0 &&
            (r = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO)) == 0 &&
            (r = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY,
                                                  0)) == 0 &&
            (r = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1)) == 0)
            r = posix_spawn(ret, argv[0], &files, &attrs, (char *const *)argv, no_environment);
        posix_spawnattr_destroy(&attrs);
    }
    posix_spawn_file_actions_destroy(&files);
    return -r;
}

static int wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return status;
}

static int broken(int status, struct err *e)
{
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        return err_set(e, -EBADMSG, EXIT_USAGE, "takes too long to unpack");
    if (WIFSIGNALED(status))
        return err_set(e, -EBADMSG, EXIT_USAGE, "made the archive reader fail (signal %d)",
                       WTERMSIG(status));
    return err_set(e, -EPROTO, EXIT_FAILED, "%s: broken: it ended with status %d",
                   seed_archive_program, WEXITSTATUS(status));
}

/* Runs it to its end; out gets all that it writes. *ret is its wait status. */
static int run(const char *const *argv, int in, struct buf *out, int *ret, struct err *e)
{
    autofd int from = -EBADF, to = -EBADF;
    int pipes[2], r, status;
    pid_t pid;

    if (pipe2(pipes, O_CLOEXEC) < 0)
        return err_set(e, -errno, EXIT_FAILED, "pipe: %s", strerror(errno));
    from = pipes[0];
    to = pipes[1];
    r = spawn(argv, in, to, &pid);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "%s: can't be started: %s", argv[0], strerror(-r));
    close(fd_take(&to));
    r = buf_read_fd(out, from, STREAM_MAX);
    close(fd_take(&from)); /* one that writes on gets SIGPIPE */
    status = wait_for(pid);
    if (r < 0 || status < 0)
        return err_set(e, r < 0 ? r : status, EXIT_FAILED, "%s: %s", argv[0],
                       strerror(r < 0 ? -r : -status));
    *ret = status;
    return 0;
}

int seed_unpack(int fd, struct buf *frames, struct err *e)
{
    const char *const argv[] = { seed_archive_program, "read", NULL };
    int status, r = run(argv, fd, frames, &status, e);

    if (r < 0)
        return r;
    r = frame_check(frames->data, frames->len, e);
    if (r == -EBADMSG) { /* its own failures aren't the bundle's */
        if (e && status == W_EXITCODE(EXIT_FAILED, 0))
            e->status = EXIT_FAILED;
        return r;
    }
    return r < 0 || status != 0 ? broken(status, e) : 0;
}

static int memory_file(const struct buf *b, int *ret)
{
    autofd int fd = memfd_create("seed", MFD_CLOEXEC);
    size_t at = 0;

    if (fd < 0)
        return -errno;
    while (at < b->len) {
        ssize_t n = write(fd, b->data + at, b->len - at);

        if (n < 0)
            return -errno;
        at += (size_t)n;
    }
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    *ret = fd_take(&fd);
    return 0;
}

int seed_pack(const struct buf *frames, const char *pack, struct buf *tar, struct err *e)
{
    const char *const argv[] = { seed_archive_program, "write", pack, NULL };
    autofd int in = -EBADF;
    int status, r = memory_file(frames, &in);

    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "memory: %s", strerror(-r));
    r = run(argv, in, tar, &status, e);
    return r < 0 || status == 0 ? r : broken(status, e);
}
