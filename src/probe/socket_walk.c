#include "probe/socket_walk.h"

#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
    uid_t own;
    int64_t end;
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
        st.st_uid == w->own)
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
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *d;

    if (!dir)
        return;
    (void)fd_take(&fd); /* dir has it */
    while (!w->found->error && (d = readdir(dir)) != NULL) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        if ((++w->found->files & 255) == 0 && now_ms() > w->end)
            w->found->error = ETIME;
        look_at(w, dirfd(dir), d, depth);
    }
    closedir(dir);
}

void socket_walk(const char *path, uid_t own, int max_ms, struct socket_walk *ret)
{
    struct walker w = { .found = ret, .own = own, .end = now_ms() + max_ms };

    *ret = (struct socket_walk){ 0 };
    if (strcmp(path, "/") != 0)
        snprintf(w.path, sizeof w.path, "%s", path);
    walk(&w, AT_FDCWD, path, 0);
    ret->whole = ret->error == 0;
}
