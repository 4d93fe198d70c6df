#include "gateway/force.h"

#include "base/buf.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>

static int read_file(const char *path, size_t max, struct buf *b, struct err *e)
{
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int r = fd < 0 ? -errno : buf_read_fd(b, fd, max);

    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r));
    return 0;
}

static int load_policy(const char *dir, struct force *f, struct err *e)
{
    autobuf struct buf text = { 0 };
    char path[256];
    int r;

    snprintf(path, sizeof path, "%s/policy/egress.yaml", dir);
    r = read_file(path, POLICY_FILE_MAX, &text, e);
    return r < 0 ? r : policy_load(path, buf_str(&text), text.len, &f->policy, e);
}

static int load_device(const char *dir, struct force *f, struct err *e)
{
    autobuf struct buf text = { 0 };
    char path[256];
    int r;

    snprintf(path, sizeof path, "%s/device.pub", dir);
    r = read_file(path, 256, &text, e);
    if (r == -ENOENT)
        return 0; /* no device was paired yet: POST /pair answers 401 */
    if (r < 0)
        return r;
    if (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    r = base64url_decode(buf_str(&text), text.len, f->device, sizeof f->device);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "%s: not a device's public key in base64url", path);
    f->has_device = true;
    return 0;
}

int force_load(const char *dir, struct force **ret, struct err *e)
{
    struct force *f = calloc(1, sizeof *f);
    int r;

    if (!f)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    f->refs = 1;
    r = load_policy(dir, f, e);
    if (r == 0)
        r = load_device(dir, f, e);
    if (r < 0) {
        force_unref(f);
        return r;
    }
    *ret = f;
    return 0;
}

struct force *force_ref(struct force *f)
{
    f->refs++;
    return f;
}

void force_unref(struct force *f)
{
    if (!f || --f->refs)
        return;
    policy_free(f->policy);
    free(f);
}
