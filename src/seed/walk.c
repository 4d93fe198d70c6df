#include "seed/walk.h"

#include "base/mem.h"
#include "seed/member.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
    struct seed_files *files;
    const char *dir; /* as given, for messages */
    struct err *e;
};

static int refuse(const struct walk *w, const char *name, const char *why)
{
    return err_set(w->e, -EINVAL, EXIT_USAGE, "%s/%s: %s", w->dir, name, why);
}

static int failed(const struct walk *w, const char *name, int r)
{
    return err_set(w->e, r, EXIT_USAGE, "%s/%s: %s", w->dir, name, strerror(-r));
}

static struct seed_file *next_item(struct seed_files *f)
{
    if (f->count == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 16;
        struct seed_file *more = realloc(f->items, cap * sizeof *more);

        if (!more)
            return NULL;
        f->items = more;
        f->cap = cap;
    }
    f->items[f->count] = (struct seed_file){ 0 };
    return &f->items[f->count++];
}

static int add_file(const struct walk *w, const char *name, int fd)
{
    struct seed_file *item;
    int r;

    if (member_type(name) == MEMBER_UNKNOWN || member_type(name) == MEMBER_SIGNATURE)
        return refuse(w, name, "a bundle has no such member");
    if (member_type(name) == MEMBER_MANIFEST)
        return refuse(w, name, "is made here; take it out of the directory");
    item = next_item(w->files);
    if (!item || !(item->name = strdup(name)))
        return failed(w, name, -ENOMEM);
    r = buf_read_fd(&item->data, fd, MEMBER_BYTES_MAX - w->files->bytes);
    if (r == -EFBIG)
        return refuse(w, name, "more than 64 MiB in all");
    w->files->bytes += item->data.len;
    return r < 0 ? failed(w, name, r) : 0;
}

static int walk_dir(const struct walk *w, int fd, const char *prefix);

static int walk_entry(const struct walk *w, int dir, const char *prefix, const char *base)
{
    char name[MEMBER_NAME_MAX + NAME_MAX + 2];
    autofd int fd = openat(dir, base, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    int opened = fd < 0 ? -errno : 0;
    struct stat st;

    snprintf(name, sizeof name, "%s%s", prefix, base);
    if (opened == -ELOOP)
        return refuse(w, name, "a symbolic link; a bundle holds regular files");
    if (opened < 0 || fstat(fd, &st) < 0)
        return failed(w, name, opened < 0 ? opened : -errno);
    if (S_ISREG(st.st_mode))
        return add_file(w, name, fd);
    if (!S_ISDIR(st.st_mode) || !member_directory(name))
        return refuse(w, name, "a bundle has no such member");
    strncat(name, "/", sizeof name - strlen(name) - 1);
    return walk_dir(w, fd_take(&fd), name);
}

/* Takes fd over. The depth is bounded by the directories that a bundle knows. */
static int walk_dir(const struct walk *w, int fd, const char *prefix)
{
    DIR *dir = fdopendir(fd);
    const struct dirent *d;
    int r = 0;

    if (!dir) {
        r = -errno;
        close(fd);
        return failed(w, prefix, r);
    }
    while (r == 0 && (d = readdir(dir)))
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            r = walk_entry(w, dirfd(dir), prefix, d->d_name);
    closedir(dir);
    return r;
}

static int by_name(const void *a, const void *b)
{
    const struct seed_file *x = a, *y = b;

    return strcmp(x->name, y->name);
}

int seed_files_read(const char *dir, struct seed_files *ret, struct err *e)
{
    struct walk w = { ret, dir, e };
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r;

    if (fd < 0)
        return err_set(e, -errno, EXIT_USAGE, "%s: %s", dir, strerror(errno));
    r = walk_dir(&w, fd, "");
    if (r == 0 && ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, by_name);
    return r;
}

void seed_files_done(struct seed_files *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->items[i].name);
        buf_wipe(&f->items[i].data);
    }
    free(f->items);
    *f = (struct seed_files){ 0 };
}
