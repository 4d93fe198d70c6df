#include "seed/create.h"

#include "base/mem.h"
#include "seed/child.h"
#include "seed/frame.h"
#include "seed/walk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *ending, *pack;
} packs[] = {
    { ".tar", "none" },  { ".tar.gz", "gzip" }, { ".tgz", "gzip" },
    { ".tar.xz", "xz" }, { ".txz", "xz" },      { ".tar.zst", "zstd" },
};

static const char *pack_of(const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < N_ELEMENTS(packs); i++) {
        size_t end = strlen(packs[i].ending);

        if (len > end && strcmp(path + len - end, packs[i].ending) == 0)
            return packs[i].pack;
    }
    return NULL;
}

/* The manifest first, so that a reader meets it first; then the members by name. */
static int make_stream(struct seed_request *q, const struct seed_files *files, struct buf *stream)
{
    autofree char *text = NULL;

    q->manifest.files = cJSON_CreateObject();
    for (size_t i = 0; i < files->count; i++) {
        char digest[DIGEST512_HEX_LEN + 1];

        digest512_hex(files->items[i].data.data, files->items[i].data.len, digest);
        if (!cJSON_AddStringToObject(q->manifest.files, files->items[i].name, digest))
            return -ENOMEM;
    }
    text = manifest_text(&q->manifest);
    if (!text)
        return -ENOMEM;
    frame_add(stream, FRAME_MEMBER, "manifest.json", text, strlen(text));
    for (size_t i = 0; i < files->count; i++)
        frame_add(stream, FRAME_MEMBER, files->items[i].name, files->items[i].data.data,
                  files->items[i].data.len);
    frame_add(stream, FRAME_END, "", NULL, 0);
    return stream->failed;
}

static int write_whole(int fd, const struct buf *b)
{
    size_t at = 0;

    while (at < b->len) {
        ssize_t n = write(fd, b->data + at, b->len - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += (size_t)n;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int write_output(const char *path, const struct buf *tar, bool secret, struct err *e)
{
    autofree char *temp = malloc(strlen(path) + 8);
    autofd int fd = -EBADF;
    mode_t mask = umask(0);
    int r;

    umask(mask);
    if (!temp)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    memcpy(temp, path, strlen(path));
    memcpy(temp + strlen(path), ".XXXXXX", 8);
    fd = mkostemp(temp, O_CLOEXEC); /* 0600 from the first byte on */
    if (fd < 0)
        return err_set(e, -errno, EXIT_FAILED, "%s: %s", path, strerror(errno));
    r = write_whole(fd, tar);
    if (r == 0 && fchmod(fd, secret ? 0600 : 0666 & ~mask) < 0)
        r = -errno;
    if (r == 0 && rename(temp, path) < 0)
        r = -errno;
    if (r < 0) {
        unlink(temp);
        return err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r));
    }
    return 0;
}

int seed_create(struct seed_request *q, struct seed_bundle **ret, off_t *size, struct err *e)
{
    autosecret struct buf stream = { 0 }, copy = { 0 }, tar = { 0 };
    autoseed struct seed_bundle *b = NULL;
    struct seed_files files = { 0 };
    const char *pack = pack_of(q->output);
    int r;

    if (!pack)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--output: %s: must end with .tar, .tar.gz, .tar.xz or .tar.zst", q->output);
    r = seed_files_read(q->dir, &files, e);
    if (r == 0 && make_stream(q, &files, &stream) < 0)
        r = err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    seed_files_done(&files);
    if (r == 0 && buf_add(&copy, stream.data, stream.len) < 0)
        r = err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    if (r == 0) {
        r = seed_read_frames(&copy, &b, e);
        if (r < 0)
            err_prefix(e, r, "%s", q->dir);
    }
    if (r == 0)
        r = seed_pack(&stream, pack, &tar, e);
    if (r == 0)
        r = write_output(q->output, &tar, b->secrets != NULL, e);
    if (r < 0)
        return r;
    *size = (off_t)tar.len;
    if (ret)
        *ret = mem_take(&b);
    return 0;
}
