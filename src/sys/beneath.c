#include "sys/beneath.h"

#include "base/ed25519.h"
#include "base/mem.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#define TEMP_TRIES 64

static int open_no_links(const char *path, int *ret)
{
    /* The root directory itself is the anchor: BENEATH keeps "..", links and magic links out. */
    struct open_how how = {
        .flags = O_DIRECTORY | O_RDONLY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    autofd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    long fd;

    if (root < 0)
        return -errno;
    while (*path == '/')
        path++;
    do {
        fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN)); /* EAGAIN: a rename raced with us */
    if (fd < 0)
        return -errno;
    *ret = (int)fd;
    return 0;
}

static int explain(int r, const char *path, struct err *e)
{
    enum exit_status status = r == -ELOOP || r == -ENOTDIR ? EXIT_MACHINE : EXIT_FAILED;

    err_set(e, r, status, "%s: %s", path,
            r == -ELOOP ? "a symbolic link stands on the way, and root does not follow it"
                        : strerror(-r));
    if (r == -ELOOP)
        err_fix(e, r, "look at what `namei -l %s` shows, and put a directory there", path);
    return r;
}

int beneath_open_dir(const char *path, int *ret_dir, struct err *e)
{
    int r = open_no_links(path, ret_dir);

    return r < 0 ? explain(r, path, e) : 0;
}

int beneath_open_parent(const char *path, int *ret_dir, const char **ret_base, struct err *e)
{
    const char *slash = strrchr(path, '/');
    autofree char *parent = NULL;
    int r;

    if (path[0] != '/' || !slash[1])
        return err_set(e, -EINVAL, EXIT_FAILED, "%s: not a canonical absolute path", path);
    parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (!parent)
        return -ENOMEM;
    r = beneath_open_dir(parent, ret_dir, e);
    if (r == 0)
        *ret_base = slash + 1;
    return r;
}

int beneath_read(int dir, const char *base, size_t max, struct buf *out, struct stat *st)
{
    autofd int fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENXIO ? -EINVAL : -errno; /* ENXIO: a socket */
    if (fstat(fd, st) < 0)
        return -errno;
    if (!S_ISREG(st->st_mode))
        return -EINVAL;
    if (st->st_nlink != 1)
        return -EMLINK;
    return buf_read_fd(out, fd, max);
}

void beneath_temp_name(const char *base, const char *tag, char *out, size_t size)
{
    snprintf(out, size, ".%.200s.%.8s.tmp", base, tag);
}

static int write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Makes room for a temporary file. What isn't a leftover of ours is a trap: a directory that holds
 * something is moved away under a name that nobody could guess. */
static void clear_temp(int dir, const char *temp)
{
    char away[256];
    uint32_t random;

    if (unlinkat(dir, temp, 0) == 0 || errno != EISDIR)
        return;
    if (unlinkat(dir, temp, AT_REMOVEDIR) == 0)
        return;
    random_bytes(&random, sizeof random);
    snprintf(away, sizeof away, "%.240s.%08x", temp, random);
    renameat2(dir, temp, dir, away, RENAME_NOREPLACE);
}

int beneath_create(int dir, const char *base, const char *tag, const void *data, size_t len,
                   const struct beneath_attrs *attrs, int *ret_fd)
{
    char temp[256];
    autofd int fd = -EBADF;
    int r;

    beneath_temp_name(base, tag, temp, sizeof temp);
    for (int tries = 0; fd < 0; tries++) {
        fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
            break;
        if (errno != EEXIST || tries == TEMP_TRIES)
            return -errno;
        clear_temp(dir, temp);
    }
    if (fchown(fd, attrs->uid, attrs->gid) < 0 || fchmod(fd, attrs->mode) < 0)
        r = -errno;
    else
        r = write_all(fd, data, len);
    if (r < 0) {
        unlinkat(dir, temp, 0);
        return r;
    }
    *ret_fd = fd_take(&fd);
    return 0;
}

int beneath_commit(int dir, const char *base, const char *tag)
{
    char temp[256];
    int r;

    beneath_temp_name(base, tag, temp, sizeof temp);
    if (renameat(dir, temp, dir, base) == 0)
        return 0;
    r = -errno;
    unlinkat(dir, temp, 0);
    return r;
}

int beneath_replace(int dir, const char *base, const char *tag, const void *data, size_t len,
                    const struct beneath_attrs *attrs)
{
    autofd int fd = -EBADF;
    int r = beneath_create(dir, base, tag, data, len, attrs, &fd);

    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    return r < 0 ? r : beneath_commit(dir, base, tag);
}
