/* Kind copy: the readable copy of OpenClaw's profile as it stood before setup, beside it, in a
 * directory that the sandbox user owns. It is for people: nothing is ever read back from it.
 *
 *   want {"of":PATH,"original":DIGEST,"mode","uid","gid"}; original names the bytes when the record
 *   has them, else they are read from the path, which setup has not edited yet. */
#include "base/json.h"
#include "base/mem.h"
#include "resource/kinds.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define PROFILE_MAX (4u << 20)

static bool type_is(const cJSON *state, const char *type)
{
    const char *t = json_str(state, "type");

    return t && strcmp(t, type) == 0;
}

static bool exists(const char *path)
{
    autofd int dir = -EBADF;
    const char *base;
    struct stat st;

    return beneath_open_parent(path, &dir, &base, NULL) == 0 &&
           fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int copy_observe(struct run *run, const char *id, const cJSON *want, cJSON **ret,
                        struct err *e)
{
    const char *of = json_str(want, "of");
    autojson cJSON *j = NULL;
    struct err why = { 0 };
    int r = kind_file.observe(run, id, want, &j, &why);

    if (r == -ELOOP || r == -ENOTDIR) { /* what stands in the directory's place is somebody's */
        j = want_absent();
        r = j ? 0 : -ENOMEM;
    }
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "%s", why.text);
    if (of && !cJSON_HasObjectItem(want, "original") && !exists(of) &&
        !cJSON_AddTrueToObject(j, "needless"))
        return -ENOMEM;
    *ret = mem_take(&j);
    return 0;
}

/* Its owner may do with it what he likes, but an empty place is no copy of what there was. */
static bool copy_same(const cJSON *now, const cJSON *want)
{
    if (cJSON_HasObjectItem(want, "type"))
        return kind_file.same(now, want);
    return json_bool(now, "needless", false) || !type_is(now, "absent");
}

static int read_source(const char *path, struct buf *out, struct err *e)
{
    autofd int dir = -EBADF;
    const char *base;
    struct stat st;
    int r = beneath_open_parent(path, &dir, &base, e);

    if (r < 0)
        return r;
    r = beneath_read(dir, base, PROFILE_MAX, out, &st);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r)) : 0;
}

static int copy_put(struct run *run, const char *id, const cJSON *now, const cJSON *state,
                    struct err *e)
{
    const char *of = json_str(state, "of"), *original = json_str(state, "original");
    const char *mode = json_str(state, "mode");
    autosecret struct buf bytes = { 0 };
    autojson cJSON *file = NULL;
    int r;

    if (cJSON_HasObjectItem(state, "type"))
        return kind_file.put(run, id, now, state, e);
    if (!of || !mode)
        return -EBADMSG;
    r = original ? blob_get(run->blobs, run->state_dir, original, &bytes)
                 : read_source(of, &bytes, e);
    if (r < 0)
        return r;
    file = want_file(run->blobs, bytes.data, bytes.len, (mode_t)strtoul(mode, NULL, 8),
                     (uid_t)json_int(state, "uid", 0), (gid_t)json_int(state, "gid", 0));
    return file ? kind_file.put(run, id, now, file, e) : -ENOMEM;
}

/* What its owner wrote into it since stays beside, unless it is only gone. */
static int copy_set_aside(struct run *run, const char *id, const cJSON *now, struct err *e)
{
    return kind_file.set_aside(run, id, now, e);
}

static void copy_sweep(struct run *run, const char *id)
{
    kind_file.sweep(run, id);
}

static int copy_sync(struct run *run, const char *id, struct err *e)
{
    return kind_file.sync(run, id, e);
}

const struct resource_kind kind_copy = {
    .name = "copy",
    .observe = copy_observe,
    .same = copy_same,
    .put = copy_put,
    .set_aside = copy_set_aside,
    .sweep = copy_sweep,
    .sync = copy_sync,
};
