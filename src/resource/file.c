/* Kind file: a regular file, a directory or a symbolic link with its bytes, owner, mode and
 * extended attributes (access control lists are two of them). */
#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "resource/aside.h"
#include "resource/kinds.h"
#include "resource/xattrs.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (64u << 20)

static bool type_is(const cJSON *state, const char *type)
{
    const char *t = json_str(state, "type");

    return t && strcmp(t, type) == 0;
}

static cJSON *state_of(const char *type, const struct stat *st)
{
    autojson cJSON *j = cJSON_CreateObject();
    char mode[8];

    if (!j || !cJSON_AddStringToObject(j, "type", type))
        return NULL;
    if (!st)
        return mem_take(&j);
    snprintf(mode, sizeof mode, "%04o", st->st_mode & 07777);
    if ((!S_ISLNK(st->st_mode) && !cJSON_AddStringToObject(j, "mode", mode)) ||
        !cJSON_AddNumberToObject(j, "uid", st->st_uid) ||
        !cJSON_AddNumberToObject(j, "gid", st->st_gid))
        return NULL;
    return mem_take(&j);
}

static struct stat stat_of(mode_t mode, uid_t uid, gid_t gid)
{
    return (struct stat){ .st_mode = mode, .st_uid = uid, .st_gid = gid };
}

static cJSON *add_bytes(cJSON *j, struct blobs *b, const void *data, size_t len)
{
    char digest[DIGEST_HEX_LEN + 1];

    if (j && blob_add(b, data ? data : "", len, digest) == 0 &&
        cJSON_AddNumberToObject(j, "size", (double)len) &&
        cJSON_AddStringToObject(j, "digest", digest))
        return j;
    cJSON_Delete(j);
    return NULL;
}

cJSON *want_file(struct blobs *b, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid)
{
    struct stat st = stat_of(S_IFREG | mode, uid, gid);

    return add_bytes(state_of("file", &st), b, data, len);
}

cJSON *want_seed_file(struct blobs *b, const void *data, size_t len, mode_t mode, uid_t uid,
                      gid_t gid)
{
    cJSON *j = want_file(b, data, len, mode, uid, gid);

    if (j && !cJSON_AddTrueToObject(j, "seed")) {
        cJSON_Delete(j);
        return NULL;
    }
    return j;
}

cJSON *want_directory(mode_t mode, uid_t uid, gid_t gid)
{
    struct stat st = stat_of(S_IFDIR | mode, uid, gid);

    return state_of("directory", &st);
}

cJSON *want_link(const char *target)
{
    struct stat st = stat_of(S_IFLNK, 0, 0);
    autojson cJSON *j = state_of("link", &st);

    if (!j || !cJSON_AddStringToObject(j, "target", target))
        return NULL;
    return mem_take(&j);
}

cJSON *want_absent(void)
{
    return state_of("absent", NULL);
}

static int observe_regular(struct run *run, int dir, const char *base, cJSON **ret)
{
    autobuf struct buf bytes = { 0 };
    autojson cJSON *j = NULL;
    autofd int fd = -EBADF;
    struct stat st;
    int r;

    r = beneath_read(dir, base, FILE_MAX, &bytes, &st);
    if (r < 0)
        return r;
    j = add_bytes(state_of("file", &st), run->blobs, bytes.data, bytes.len);
    if (!j)
        return -ENOMEM;
    fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    r = fd < 0 ? -errno : xattrs_read(fd, j);
    if (r == 0)
        *ret = mem_take(&j);
    return r;
}

static int observe_directory(int dir, const char *base, const struct stat *st, cJSON **ret)
{
    autofd int fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    autojson cJSON *j = state_of("directory", st);
    int r;

    if (fd < 0)
        return -errno;
    r = j ? xattrs_read(fd, j) : -ENOMEM;
    if (r == 0)
        *ret = mem_take(&j);
    return r;
}

/* Never opened: a device, a FIFO, a socket, a file that has another name elsewhere or is larger
 * than anything of ours (its attributes count), a link whose target no record could hold. */
static int observe_other(const struct stat *st, cJSON **ret)
{
    *ret = state_of("other", st);
    return *ret ? 0 : -ENOMEM;
}

static int observe_link(int dir, const char *base, const struct stat *st, cJSON **ret)
{
    autojson cJSON *j = state_of("link", st);
    char target[4096];
    ssize_t n = readlinkat(dir, base, target, sizeof target - 1);

    if (n < 0)
        return -errno;
    target[n] = '\0';
    if (!json_text_ok(target))
        return observe_other(st, ret);
    if (!j || !cJSON_AddStringToObject(j, "target", target))
        return -ENOMEM;
    *ret = mem_take(&j);
    return 0;
}

static int observe_at(struct run *run, int dir, const char *base, cJSON **ret)
{
    struct stat st;

    if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            return -errno;
        *ret = want_absent();
        return *ret ? 0 : -ENOMEM;
    }
    if (S_ISDIR(st.st_mode))
        return observe_directory(dir, base, &st, ret);
    if (S_ISLNK(st.st_mode))
        return observe_link(dir, base, &st, ret);
    if (S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_size <= FILE_MAX) {
        int r = observe_regular(run, dir, base, ret);

        if (r != -E2BIG)
            return r;
    }
    return observe_other(&st, ret);
}

static int file_observe(struct run *run, const char *id, const cJSON *want, cJSON **ret,
                        struct err *e)
{
    struct err why = { 0 };
    autofd int dir = -EBADF;
    const char *base;
    int r;

    r = beneath_open_parent(id, &dir, &base, &why);
    if (r == -ENOENT) {
        *ret = want_absent();
        return *ret ? 0 : -ENOMEM;
    }
    if (r < 0) {
        if (e)
            *e = why;
        return r;
    }
    for (int tries = 0;; tries++) {
        r = observe_at(run, dir, base, ret);
        /* The thing changed its kind between two looks: look again, a few times. */
        if ((r != -ENOENT && r != -ELOOP && r != -EINVAL && r != -EMLINK && r != -EFBIG) ||
            tries == 8)
            break;
    }
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "%s: can't be read: %s", id, strerror(-r));
    /* For who reads the record: what it holds later is its owner's business. */
    if (json_bool(want, "seed", false) && !cJSON_AddTrueToObject(*ret, "seeded"))
        return -ENOMEM;
    return 0;
}

static bool same_key(const cJSON *a, const cJSON *b, const char *key)
{
    return json_same(cJSON_GetObjectItemCaseSensitive(a, key),
                     cJSON_GetObjectItemCaseSensitive(b, key));
}

static bool file_same(const cJSON *now, const cJSON *want)
{
    bool directory = type_is(want, "directory");
    bool said = cJSON_HasObjectItem(want, "xattrs");

    if (!same_key(now, want, "type") || !same_key(now, want, "mode") ||
        !same_key(now, want, "uid") || !same_key(now, want, "gid") ||
        !same_key(now, want, "target"))
        return false;
    if (json_bool(want, "seed", false))
        return true;
    /* A directory that stood there keeps its attributes unless somebody said which. */
    return same_key(now, want, "digest") && ((directory && !said) || same_key(now, want, "xattrs"));
}

static int set_attrs(int fd, const cJSON *state)
{
    const char *mode = json_str(state, "mode");
    uid_t uid = (uid_t)json_int(state, "uid", 0);
    gid_t gid = (gid_t)json_int(state, "gid", 0);

    if (fchown(fd, uid, gid) < 0 || fchmod(fd, (mode_t)strtoul(mode ? mode : "0", NULL, 8)) < 0)
        return -errno;
    return xattrs_write(fd, state);
}

static int put_bytes(struct run *run, int dir, const char *base, const cJSON *state)
{
    const char *digest = json_str(state, "digest"), *mode = json_str(state, "mode");
    autosecret struct buf bytes = { 0 };
    autofd int fd = -EBADF;
    struct beneath_attrs attrs = { .uid = (uid_t)json_int(state, "uid", 0),
                                   .gid = (gid_t)json_int(state, "gid", 0) };
    int r;

    if (!digest || !mode)
        return -EBADMSG;
    attrs.mode = (mode_t)strtoul(mode, NULL, 8);
    r = blob_get(run->blobs, run->state_dir, digest, &bytes);
    if (r == 0)
        r = beneath_create(dir, base, run->uuid, bytes.data ? bytes.data : (const uint8_t *)"",
                           bytes.len, &attrs, &fd);
    if (r == 0)
        r = xattrs_write(fd, state);
    return r < 0 ? r : beneath_commit(dir, base, run->uuid);
}

static int put_file(struct run *run, int dir, const char *base, const cJSON *now,
                    const cJSON *state)
{
    autofd int fd = -EBADF;
    struct stat st;

    if (type_is(now, "directory") || type_is(now, "other"))
        return -EEXIST;
    if (!json_bool(state, "seed", false) || !type_is(now, "file"))
        return put_bytes(run, dir, base, state);
    /* What is in it is its owner's business by now. */
    fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return -EEXIST; /* swapped since the look: its owner must not become the sandbox user */
    return set_attrs(fd, state);
}

static int put_directory(struct run *run, int dir, const char *base, const cJSON *now,
                         const cJSON *state)
{
    autofd int fd = -EBADF;

    (void)run;
    if (type_is(now, "absent") && mkdirat(dir, base, 0700) < 0 && errno != EEXIST)
        return -errno;
    fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOTDIR || errno == ELOOP ? -EEXIST : -errno;
    return set_attrs(fd, state);
}

static int put_link(struct run *run, int dir, const char *base, const cJSON *now,
                    const cJSON *state)
{
    const char *target = json_str(state, "target");
    char temp[256];

    if (type_is(now, "directory") || type_is(now, "other"))
        return -EEXIST;
    if (!target)
        return -EBADMSG;
    beneath_temp_name(base, run->uuid, temp, sizeof temp);
    for (int tries = 0; symlinkat(target, dir, temp) < 0; tries++) {
        if (errno != EEXIST || tries == 8)
            return -errno;
        unlinkat(dir, temp, 0); /* a leftover, or hostile */
    }
    if (fchownat(dir, temp, (uid_t)json_int(state, "uid", 0), (gid_t)json_int(state, "gid", 0),
                 AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return beneath_commit(dir, base, run->uuid);
}

static int put_absent(struct run *run, int dir, const char *base, const cJSON *now,
                      const cJSON *state)
{
    (void)run;
    (void)state;
    if (type_is(now, "absent"))
        return 0;
    if (unlinkat(dir, base, type_is(now, "directory") ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT)
        return 0;
    return errno == EEXIST ? -ENOTEMPTY : -errno; /* POSIX lets rmdir say either */
}

static const struct {
    const char *type;
    int (*put)(struct run *, int dir, const char *base, const cJSON *now, const cJSON *state);
} putters[] = {
    { "file", put_file },
    { "directory", put_directory },
    { "link", put_link },
    { "absent", put_absent },
};

static int explain_put(struct err *e, int r, const char *id, const cJSON *now)
{
    const char *type = json_str(now, "type");

    if (r == -ENOTEMPTY)
        return r;
    if (r == -EEXIST) {
        err_set(e, r, EXIT_MACHINE, "%s: %s stands there, and it is not ours", id,
                type && strcmp(type, "other") == 0 ? "a special, huge or multiply linked file"
                                                   : "something of another kind");
        return err_fix(e, r, "look at it with `ls -ld %s`, move it away, then run this again", id);
    }
    err_set(e, r, EXIT_FAILED, "%s: %s", id, strerror(-r));
    if (r == -ENOSPC || r == -EDQUOT)
        err_fix(e, r, "make room on the file system of %s, then run this again", id);
    else if (r == -EROFS)
        err_fix(e, r, "mount the file system of %s writable, then run this again", id);
    return r;
}

/* Nothing of another kind is ever replaced: it would be lost, or is a trap. */
static int file_check(const char *id, const cJSON *now, const cJSON *want, struct err *e)
{
    bool other = type_is(now, "other"), directory = type_is(now, "directory");

    if (type_is(want, "directory") ? !directory && !type_is(now, "absent") : other || directory)
        return explain_put(e, -EEXIST, id, now);
    return 0;
}

static int file_put(struct run *run, const char *id, const cJSON *now, const cJSON *state,
                    struct err *e)
{
    autofd int dir = -EBADF;
    const char *base;
    int r;

    if (type_is(now, "absent") && type_is(state, "absent"))
        return 0; /* its parent may be gone too */
    r = beneath_open_parent(id, &dir, &base, e);
    if (r < 0)
        return r;
    if (strncmp(id, DC_UNITS "/", sizeof DC_UNITS) == 0)
        run->units_changed = true;
    r = -EBADMSG;
    for (size_t i = 0; i < N_ELEMENTS(putters); i++)
        if (type_is(state, putters[i].type))
            r = putters[i].put(run, dir, base, now, state);
    return r < 0 ? explain_put(e, r, id, now) : 0;
}

static int file_set_aside(struct run *run, const char *id, const cJSON *now, struct err *e)
{
    if (type_is(now, "absent") || type_is(now, "directory"))
        return 0; /* a directory's own attributes are simply put back */
    if (type_is(now, "file") && json_int(now, "size", -1) == 0)
        return 0; /* what a power cut leaves of a new file: nothing to keep */
    return keep_aside(run, id, "changed since setup", e);
}

static void file_sweep(struct run *run, const char *id)
{
    autofd int dir = -EBADF;
    const char *base;
    char temp[256];

    if (beneath_open_parent(id, &dir, &base, NULL) < 0)
        return;
    beneath_temp_name(base, run->uuid, temp, sizeof temp);
    unlinkat(dir, temp, 0);
}

/* The file first, then the directory that names it; both are cheap when they are clean. */
static int file_sync(struct run *run, const char *id, struct err *e)
{
    autofd int dir = -EBADF, fd = -EBADF;
    const char *base;

    (void)run;
    (void)e;
    if (beneath_open_parent(id, &dir, &base, NULL) < 0)
        return 0; /* its directory was removed as well */
    fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && fsync(fd) < 0 && errno != EINVAL)
        return -errno;
    return fsync(dir) < 0 ? -errno : 0;
}

const struct resource_kind kind_file = {
    .name = "file",
    .observe = file_observe,
    .same = file_same,
    .check = file_check,
    .put = file_put,
    .set_aside = file_set_aside,
    .sweep = file_sweep,
    .sync = file_sync,
};
