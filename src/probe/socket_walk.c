#include "probe/socket_walk.h"

#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>

#define DEPTH_MAX 64

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct walker {
    struct socket_walk *found;
    const struct socket_look *look;
    int64_t end;
    dev_t dev; /* of the directory being walked */
    char path[PATH_MAX];
};

/* Whether the socket name in the current directory can be reached. */
static bool reachable(const char *name)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
    struct sockaddr_un to = { .sun_family = AF_UNIX };

    if (strlen(name) >= sizeof to.sun_path)
        return false; /* nobody could have bound it by that name either */
    strcpy(to.sun_path, name);
    for (size_t i = 0; i < N_ELEMENTS(types); i++) {
        autofd int fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EAGAIN))
            return true;
    }
    return false;
}

static void look_at_socket(struct walker *w, int dir, const char *name)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(st.st_mode) ||
        st.st_uid == w->look->own)
        return;
    w->found->sockets++;
    if (fchdir(dir) < 0 || !reachable(name))
        return;
    w->found->reached++;
    if (!w->found->first[0])
        snprintf(w->found->first, sizeof w->found->first, "%.120s/%.120s", w->path, name);
}

static bool is_kernels(const struct walker *w, const char *name)
{
    return w->path[0] == '\0' && (strcmp(name, "proc") == 0 || strcmp(name, "sys") == 0);
}

/* A tree of programs: bound from the host's disk for reading. */
static bool is_program_tree(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && (fs.f_flags & ST_RDONLY) && fs.f_type != TMPFS_MAGIC &&
           fs.f_type != RAMFS_MAGIC;
}

/* Whether the open directory, just entered, is one to walk. */
static bool to_walk(struct walker *w, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || (w->look->skip && strcmp(w->path, w->look->skip) == 0))
        return false;
    if (w->dev && st.st_dev != w->dev && is_program_tree(fd))
        return false;
    w->dev = st.st_dev;
    return true;
}

static void walk(struct walker *w, int parent, const char *name, int depth);

static void look_at(struct walker *w, int dir, const struct dirent *d, int depth)
{
    size_t len = strlen(w->path);
    struct stat st;
    unsigned char type = d->d_type;

    if (type == DT_UNKNOWN && fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISSOCK(st.st_mode) ? DT_SOCK : DT_REG;
    if (type == DT_SOCK)
        look_at_socket(w, dir, d->d_name);
    if (type != DT_DIR || is_kernels(w, d->d_name))
        return;
    if (depth == DEPTH_MAX || len + strlen(d->d_name) + 2 > sizeof w->path) {
        w->found->error = ENAMETOOLONG;
        return;
    }
    snprintf(w->path + len, sizeof w->path - len, "/%s", d->d_name);
    walk(w, dir, d->d_name, depth + 1);
    w->path[len] = '\0';
}

/* Into the directory name of parent; what can't be read can't be reached by name listing, and is
 * passed over. */
static void walk(struct walker *w, int parent, const char *name, int depth)
{
    autofd int fd =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    const struct dirent *d;
    dev_t dev = w->dev;
    DIR *dir;

    if (fd < 0 || !to_walk(w, fd))
        return;
    dir = fdopendir(fd);
    if (!dir) {
        w->found->error = errno;
        return;
    }
    (void)fd_take(&fd); /* dir has it */
    while (!w->found->error && (d = readdir(dir)) != NULL) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        if ((++w->found->files & 255) == 0 && now_ms() > w->end)
            w->found->error = ETIME;
        look_at(w, dirfd(dir), d, depth);
    }
    closedir(dir);
    w->dev = dev;
}

/* The paths that the kernel lists: many aren't there, seen from here. */
static void look_at_listed(struct walker *w, const char *listed)
{
    while (!w->found->error && *listed) {
        size_t len = strcspn(listed, "\n");
        char path[PATH_MAX];
        autofd int dir = -EBADF;
        char *slash;

        snprintf(path, sizeof path, "%.*s", (int)(len < sizeof path ? len : 0), listed);
        listed += len + (listed[len] == '\n');
        slash = strrchr(path, '/');
        if (!slash)
            continue;
        w->found->files++;
        *slash = '\0';
        dir = open(path[0] ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        snprintf(w->path, sizeof w->path, "%s", path);
        if (dir >= 0)
            look_at_socket(w, dir, slash + 1);
    }
}

int socket_list(struct buf *out)
{
    autofile FILE *in = fopen("/proc/self/net/unix", "re");
    autofree char *line = NULL;
    size_t size = 0;

    if (!in)
        return -errno;
    while (getline(&line, &size, in) > 0) {
        const char *path = strstr(line, " /"); /* the eighth field, when there is one */

        if (path)
            buf_puts(out, path + 1);
    }
    return out->failed;
}

void socket_walk(const char *path, const struct socket_look *look, struct socket_walk *ret)
{
    struct walker w = { .found = ret, .look = look, .end = now_ms() + look->max_ms };

    *ret = (struct socket_walk){ 0 };
    if (strcmp(path, "/") != 0)
        snprintf(w.path, sizeof w.path, "%s", path);
    walk(&w, AT_FDCWD, path, 0);
    if (look->listed)
        look_at_listed(&w, look->listed);
    ret->whole = ret->error == 0;
}
