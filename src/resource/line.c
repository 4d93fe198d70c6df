/* Kind line: one exact line in a file that others own too (cron.deny, at.deny). The rest of the
 * file is never ours: undo takes the line out, and gives the very bytes back where nothing else
 * changed. */
#include "base/json.h"
#include "base/mem.h"
#include "resource/kinds.h"
#include "resource/xattrs.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <string.h>

#define LINES_MAX (1u << 20)

cJSON *want_line(const char *line)
{
    autojson cJSON *j = cJSON_CreateObject();

    if (!j || !cJSON_AddStringToObject(j, "type", "line") ||
        !cJSON_AddStringToObject(j, "line", line) || !cJSON_AddTrueToObject(j, "present"))
        return NULL;
    return mem_take(&j);
}

/* Where the line stands in the text, SIZE_MAX when it doesn't. */
static size_t find_line(const struct buf *text, const char *line)
{
    const char *p = buf_str(text), *end = p + text->len;
    size_t len = strlen(line);

    for (const char *at = p; at < end;) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((nl ? nl : end) - at);

        if (n == len && memcmp(at, line, len) == 0)
            return (size_t)(at - p);
        at += n + 1;
    }
    return SIZE_MAX;
}

static int read_file(const char *id, struct buf *text, struct stat *st, int *ret_dir,
                     const char **ret_base, struct err *e)
{
    int r = beneath_open_parent(id, ret_dir, ret_base, e);

    if (r < 0)
        return r;
    r = beneath_read(*ret_dir, *ret_base, LINES_MAX, text, st);
    if (r < 0 && r != -ENOENT)
        err_set(e, r, EXIT_MACHINE, "%s: not a plain file: %s", id, strerror(-r));
    return r;
}

static int describe(struct run *run, cJSON *j, const struct buf *text, const struct stat *st,
                    int dir, const char *base)
{
    autofd int fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char digest[DIGEST_HEX_LEN + 1], mode[8];

    if (fd < 0)
        return -errno;
    snprintf(mode, sizeof mode, "%04o", st->st_mode & 07777);
    if (blob_add(run->blobs, buf_str(text), text->len, digest) < 0 ||
        !cJSON_AddStringToObject(j, "digest", digest) ||
        !cJSON_AddStringToObject(j, "mode", mode) ||
        !cJSON_AddNumberToObject(j, "uid", st->st_uid) ||
        !cJSON_AddNumberToObject(j, "gid", st->st_gid))
        return -ENOMEM;
    return xattrs_read(fd, j);
}

static int line_observe(struct run *run, const char *id, const cJSON *want, cJSON **ret,
                        struct err *e)
{
    const char *line = want ? json_str(want, "line") : NULL, *base;
    autojson cJSON *j = cJSON_CreateObject();
    autobuf struct buf text = { 0 };
    autofd int dir = -EBADF;
    struct stat st;
    int r;

    if (!line)
        return err_set(e, -EINVAL, EXIT_FAILED, "%s: no line is named", id);
    r = read_file(id, &text, &st, &dir, &base, e);
    if (r < 0 && r != -ENOENT)
        return r;
    if (!j || !cJSON_AddStringToObject(j, "type", r == 0 ? "line" : "absent") ||
        !cJSON_AddStringToObject(j, "line", line) ||
        !cJSON_AddBoolToObject(j, "present", r == 0 && find_line(&text, line) != SIZE_MAX))
        return -ENOMEM;
    if (r == 0)
        r = describe(run, j, &text, &st, dir, base);
    else
        r = 0;
    if (r == 0)
        *ret = mem_take(&j);
    return r;
}

/* A wanted line is there or not; an observed file is those very bytes. Where there was no file, one
 * without our line is others' (a second instance's, say). */
static bool line_same(const cJSON *now, const cJSON *want)
{
    if (!json_str(want, "digest"))
        return json_bool(now, "present", false) == json_bool(want, "present", false);
    return json_same(now, want);
}

static int write_text(struct run *run, const char *id, const struct buf *text,
                      const cJSON *attrs_of)
{
    const char *mode = json_str(attrs_of, "mode"), *base;
    struct beneath_attrs attrs = { .mode = mode ? (mode_t)strtoul(mode, NULL, 8) : 0644,
                                   .uid = (uid_t)json_int(attrs_of, "uid", 0),
                                   .gid = (gid_t)json_int(attrs_of, "gid", 0) };
    autofd int dir = -EBADF, fd = -EBADF;
    int r;

    r = beneath_open_parent(id, &dir, &base, NULL);
    if (r == 0)
        r = beneath_create(dir, base, run->uuid, buf_str(text), text->len, &attrs, &fd);
    if (r == 0)
        r = xattrs_write(fd, attrs_of);
    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    return r < 0 ? r : beneath_commit(dir, base, run->uuid);
}

static int add_line(struct buf *text, const char *line)
{
    if (text->len && text->data[text->len - 1] != '\n')
        buf_puts(text, "\n");
    return buf_printf(text, "%s\n", line);
}

static int remove_file(const char *id)
{
    autofd int dir = -EBADF;
    const char *base;
    int r = beneath_open_parent(id, &dir, &base, NULL);

    return r == 0 && unlinkat(dir, base, 0) < 0 && errno != ENOENT ? -errno : r;
}

/* Takes the line out of what stands there; made is whether the file was made for such lines, and
 * goes with the last of them. */
static int take_out(struct run *run, const char *id, const cJSON *now, const char *line, bool made)
{
    const char *digest = json_str(now, "digest");
    autobuf struct buf text = { 0 };
    int r = digest ? blob_get(run->blobs, run->state_dir, digest, &text) : 0;
    size_t at, end;

    if (r < 0 || !digest || (at = find_line(&text, line)) == SIZE_MAX)
        return r;
    end = at + strlen(line);
    end += end < text.len; /* its newline */
    memmove(text.data + at, text.data + end, text.len - end);
    text.len -= end - at;
    return made && text.len == 0 ? remove_file(id) : write_text(run, id, &text, now);
}

static int put_back(struct run *run, const char *id, const cJSON *now, const cJSON *state)
{
    const char *digest = json_str(state, "digest"), *line = json_str(now, "line");
    autobuf struct buf text = { 0 };
    int r;

    if (!digest) /* there was no such file */
        return line ? take_out(run, id, now, line, true) : -EBADMSG;
    r = blob_get(run->blobs, run->state_dir, digest, &text);
    return r < 0 ? r : write_text(run, id, &text, state);
}

static int line_put(struct run *run, const char *id, const cJSON *now, const cJSON *state,
                    struct err *e)
{
    const char *digest = json_str(now, "digest"), *line = json_str(state, "line");
    autobuf struct buf text = { 0 };
    int r = 0;

    if (json_str(state, "digest") || !json_bool(state, "present", false))
        r = put_back(run, id, now, state);
    else if (!line)
        r = -EBADMSG;
    else {
        if (digest)
            r = blob_get(run->blobs, run->state_dir, digest, &text);
        if (r == 0)
            r = add_line(&text, line);
        if (r == 0)
            r = write_text(run, id, &text, now);
    }
    return r < 0 ? err_set(e, r, EXIT_FAILED, "%s: %s", id, strerror(-r)) : 0;
}

/* Whether the text is what we made of the former bytes: then those come back as they were. */
static bool only_ours(struct run *run, const struct buf *text, const cJSON *before,
                      const char *line)
{
    const char *digest = json_str(before, "digest");
    autobuf struct buf made = { 0 };

    if (digest && blob_get(run->blobs, run->state_dir, digest, &made) < 0)
        return false;
    if (add_line(&made, line) < 0)
        return false;
    return made.len == text->len && memcmp(made.data, text->data, made.len) == 0;
}

static int line_take_back(struct run *run, const char *id, const cJSON *now, const cJSON *before,
                          const cJSON *left, struct err *e)
{
    const char *line = json_str(left, "line"), *digest = json_str(now, "digest");
    autobuf struct buf text = { 0 };
    int r = 0;

    if (!line || !digest || json_bool(before, "present", false))
        return 0; /* the file is gone, or the line was there before us */
    r = blob_get(run->blobs, run->state_dir, digest, &text);
    if (r == 0 && only_ours(run, &text, before, line))
        r = put_back(run, id, now, before);
    else if (r == 0 && find_line(&text, line) != SIZE_MAX) {
        r = take_out(run, id, now, line, !json_str(before, "digest"));
        run_note(run, "%s: changed since setup; only our line was taken out", id);
    }
    return r < 0 ? err_set(e, r, EXIT_FAILED, "%s: %s", id, strerror(-r)) : 0;
}

static void line_sweep(struct run *run, const char *id)
{
    kind_file.sweep(run, id);
}

static int line_sync(struct run *run, const char *id, struct err *e)
{
    return kind_file.sync(run, id, e);
}

const struct resource_kind kind_line = {
    .name = "line",
    .observe = line_observe,
    .same = line_same,
    .put = line_put,
    .take_back = line_take_back,
    .sweep = line_sweep,
    .sync = line_sync,
};
