#include "base/buf.h"
#include "base/mem.h"
#include "setup/templates.h"
#include "sys/beneath.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX (4u << 20)

struct list {
    struct input_file *files;
    size_t count;
};

void files_free(struct input_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(files[i].path);
        free(files[i].data);
    }
    free(files);
}

static int load_file(struct list *l, int dir, const char *name, const char *path)
{
    struct input_file *more = reallocarray(l->files, l->count + 1, sizeof *more);
    struct buf bytes = { 0 };
    struct stat st;
    char *copy;
    int r;

    if (!more)
        return -ENOMEM;
    l->files = more;
    r = beneath_read(dir, name, FILE_MAX, &bytes, &st);
    copy = r < 0 ? NULL : strdup(path);
    if (!copy || buf_puts(&bytes, "") < 0) {
        buf_done(&bytes);
        free(copy);
        return r < 0 ? r : -ENOMEM;
    }
    l->files[l->count++] =
        (struct input_file){ .path = copy, .data = (char *)bytes.data, .len = bytes.len };
    return 0;
}

static int load_dir(struct list *l, int fd, const char *prefix);

static int load_entry(struct list *l, int dir, const char *name, const char *prefix)
{
    char path[512];
    struct stat st;
    int sub;

    if (snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "/" : "", name) >= (int)sizeof path)
        return -ENAMETOOLONG;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISREG(st.st_mode))
        return load_file(l, dir, name, path);
    if (!S_ISDIR(st.st_mode))
        return 0;
    sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return sub < 0 ? -errno : load_dir(l, sub, path);
}

/* Takes fd over. */
static int load_dir(struct list *l, int fd, const char *prefix)
{
    DIR *dir = fdopendir(fd);
    struct dirent *d;
    int r = 0;

    if (!dir) {
        close(fd);
        return -errno;
    }
    while (r == 0 && (d = readdir(dir)))
        if (d->d_name[0] != '.')
            r = load_entry(l, dirfd(dir), d->d_name, prefix);
    closedir(dir);
    return r;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct input_file *)a)->path, ((const struct input_file *)b)->path);
}

int files_load(const char *dir, struct input_file **ret, size_t *ret_count, struct err *e)
{
    struct list l = { 0 };
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -errno : load_dir(&l, fd, "");

    if (r < 0) {
        files_free(l.files, l.count);
        err_set(e, r, EXIT_FAILED, "%s: %s", dir, strerror(-r));
        return err_fix(e, r, "install DefenseClaw whole: its data files belong there");
    }
    if (l.count)
        qsort(l.files, l.count, sizeof *l.files, by_path);
    *ret = l.files;
    *ret_count = l.count;
    return 0;
}
