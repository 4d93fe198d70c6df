#include "engine/lock.h"

#include "base/mem.h"
#include "base/paths.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* The holder's command line with blanks, for the message. */
static void command_of(long pid, char *out, size_t size)
{
    char path[48];
    ssize_t n = 0;

    snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        n = read(fd, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    for (ssize_t i = 0; i + 1 < n; i++)
        if (!out[i])
            out[i] = ' ';
}

static int busy(int fd, const char *name, struct err *e)
{
    char text[32] = "", command[256];
    long pid;

    if (pread(fd, text, sizeof text - 1, 0) < 0)
        text[0] = '\0';
    pid = strtol(text, NULL, 10);
    command_of(pid, command, sizeof command);
    err_set(e, -EBUSY, EXIT_MACHINE, "instance %s is locked: process %ld (%s) is at work on it",
            name, pid, command);
    return err_fix(e, -EBUSY, "wait until process %ld has ended, then run this again", pid);
}

int lock_take(const char *name, int *ret_fd, struct err *e)
{
    char path[64], pid[24];
    autofd int fd = -EBADF;
    int n;

    if (mkdir(DC_RUN, 0755) < 0 && errno != EEXIST)
        return err_set(e, -errno, EXIT_FAILED, "%s: %s", DC_RUN, strerror(errno));
    snprintf(path, sizeof path, "%s/%s.lock", DC_RUN, name);
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(e, -errno, EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK
                   ? busy(fd, name, e)
                   : err_set(e, -errno, EXIT_FAILED, "%s: %s", path, strerror(errno));
    n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) < 0)
        return err_set(e, -errno, EXIT_FAILED, "%s: %s", path, strerror(errno));
    *ret_fd = fd_take(&fd);
    return 0;
}
