#include "resource/aside.h"

#include "base/mem.h"
#include "sys/beneath.h"

#include <string.h>

#define TRIES 100

int keep_aside(struct run *run, const char *path, const char *why, struct err *e)
{
    autofd int dir = -EBADF;
    const char *base;
    char kept[256];
    int r = beneath_open_parent(path, &dir, &base, e);

    if (r < 0)
        return r;
    for (int i = 0; i < TRIES; i++) {
        snprintf(kept, sizeof kept,
                 i ? "%.200s.kept-by-defenseclaw.%d" : "%.200s.kept-by-defenseclaw", base, i);
        if (renameat2(dir, base, dir, kept, RENAME_NOREPLACE) == 0) {
            run_note(run, "%s: %s; kept beside as %s", path, why, kept);
            return 0;
        }
        if (errno != EEXIST)
            break;
    }
    return err_set(e, -errno, EXIT_FAILED, "%s: can't be kept aside: %s", path, strerror(errno));
}
