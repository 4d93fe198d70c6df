#include "provision/tree.h"

#include "base/mem.h"
#include "resource/kinds.h"

#include <stdarg.h>
#include <string.h>

char *path_join(const char *base, const char *fmt, ...)
{
    autofree char *rest = NULL;
    char *path;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vasprintf(&rest, fmt, ap);
    va_end(ap);
    if (n < 0) {
        rest = NULL;
        return NULL;
    }
    return asprintf(&path, "%s/%s", base, rest) < 0 ? NULL : path;
}

static bool planned(const struct plan *p, const char *path)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].id, path) == 0)
            return true;
    return false;
}

/* The directories between dir and the file, once each. */
static void add_parents(struct plan *p, const char *step, const char *dir, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        autofree char *sub = path_join(dir, "%.*s", (int)(slash - path), path);

        if (!sub)
            p->failed = -ENOMEM;
        else if (!planned(p, sub))
            plan_add(p, step, &kind_file, sub, want_directory(0755, 0, 0));
    }
}

int tree_wants(const struct inputs *in, struct plan *p, const char *step, const char *dir,
               const struct input_file *files, size_t count, struct err *e)
{
    plan_add(p, step, &kind_file, dir, want_directory(0755, 0, 0));
    for (size_t i = 0; i < count; i++) {
        autofree char *path = path_join(dir, "%s", files[i].path);

        add_parents(p, step, dir, files[i].path);
        if (!path)
            p->failed = -ENOMEM;
        else
            plan_add(p, step, &kind_file, path,
                     want_file(in->blobs, files[i].data, files[i].len, 0644, 0, 0));
    }
    return plan_check(p, e);
}
