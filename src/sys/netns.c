#include "sys/netns.h"

#include "base/mem.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define SELF "/proc/thread-self/ns/net"

/* Opens where we are, leaves it by `leave`, runs fn there, comes back. */
static int away(int (*leave)(int), int leave_arg, int (*fn)(void *), void *arg)
{
    autofd int home = open(SELF, O_RDONLY | O_CLOEXEC);
    int r;

    if (home < 0)
        return -errno;
    if (leave(leave_arg) < 0)
        return -errno;
    r = fn(arg);
    if (setns(home, CLONE_NEWNET) < 0)
        abort();
    return r;
}

static int enter(int fd)
{
    return setns(fd, CLONE_NEWNET);
}

int netns_call(int ns_fd, int (*fn)(void *arg), void *arg)
{
    return away(enter, ns_fd, fn, arg);
}

static int open_self(void *arg)
{
    int *fd = arg;

    *fd = open(SELF, O_RDONLY | O_CLOEXEC);
    return *fd < 0 ? -errno : 0;
}

int netns_new(int *ret_fd)
{
    return away(unshare, CLONE_NEWNET, open_self, ret_fd);
}

static void path_of(const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, NETNS_DIR "/%s", name);
}

int netns_open(const char *name, int *ret_fd)
{
    char path[PATH_MAX];
    struct statfs fs;
    autofd int fd = -EBADF;

    path_of(name, path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ELOOP ? -EBADF : -errno;
    if (fstatfs(fd, &fs) < 0)
        return -errno;
    if (fs.f_type != NSFS_MAGIC)
        return -EBADF;
    *ret_fd = fd_take(&fd);
    return 0;
}

/* Names are mounts, and have to be seen in every mount namespace of the machine: the directory is
 * made a shared mount of its own, once, as ip-netns(8) does. */
static int directory_ready(void)
{
    if (mkdir(NETNS_DIR, 0755) < 0 && errno != EEXIST)
        return -errno;
    if (mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) == 0)
        return 0;
    if (errno != EINVAL)
        return -errno;
    if (mount(NETNS_DIR, NETNS_DIR, "none", MS_BIND | MS_REC, NULL) < 0 ||
        mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) < 0)
        return -errno;
    return 0;
}

/* The file that the namespace is mounted on, with the mark in it from its first moment on. */
static int file_make(const char *path, const char *mark)
{
    char proc[64];
    autofd int fd = open(NETNS_DIR, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0400);

    if (fd < 0)
        return -errno;
    if (write(fd, mark, strlen(mark)) != (ssize_t)strlen(mark))
        return -EIO;
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int netns_bind(int ns_fd, const char *name, const char *mark)
{
    char path[PATH_MAX], proc[64];
    int r = directory_ready();

    path_of(name, path);
    if (r == 0)
        r = file_make(path, mark);
    if (r < 0)
        return r;
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", ns_fd);
    if (mount(proc, path, "none", MS_BIND, NULL) == 0)
        return 0;
    r = -errno;
    unlink(path);
    return r;
}

static bool file_marked(const char *path, const char *mark)
{
    char text[128] = "";
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    return len == (ssize_t)strlen(mark) && memcmp(text, mark, (size_t)len) == 0;
}

bool netns_leftover(const char *name, const char *mark)
{
    char path[PATH_MAX];
    autofd int fd = -EBADF;

    path_of(name, path);
    return netns_open(name, &fd) == -EBADF && file_marked(path, mark);
}

int netns_unbind(const char *name, const char *mark)
{
    char path[PATH_MAX];
    autofd int fd = -EBADF;
    int r = netns_open(name, &fd);

    path_of(name, path);
    if (r == -ENOENT || (r < 0 && r != -EBADF))
        return r;
    if (r == 0 && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
        return -errno;
    /* Under the mount lies our marked file, or ip's empty one. */
    if (r == -EBADF && !file_marked(path, mark))
        return -EBADF;
    return unlink(path) < 0 ? -errno : 0;
}
