#include "engine/blob.h"

#include "base/mem.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#define BLOB_MAX (64u << 20) /* nothing that setup replaces is near this */

struct blob {
    char digest[DIGEST_HEX_LEN + 1];
    struct buf bytes;
};

struct blobs {
    struct blob *list;
    size_t count, cap;
};

struct blobs *blobs_new(void)
{
    return calloc(1, sizeof(struct blobs));
}

void blobs_free(struct blobs *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++)
        buf_wipe(&b->list[i].bytes);
    free(b->list);
    free(b);
}

static struct blob *find(const struct blobs *b, const char *digest)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->list[i].digest, digest) == 0)
            return &b->list[i];
    return NULL;
}

int blob_add(struct blobs *b, const void *data, size_t len, char digest[DIGEST_HEX_LEN + 1])
{
    struct blob *list, add = { 0 };

    digest_hex(data, len, digest);
    if (find(b, digest))
        return 0;
    if (b->count == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 64;

        list = reallocarray(b->list, cap, sizeof *list);
        if (!list)
            return -ENOMEM;
        b->list = list;
        b->cap = cap;
    }
    if (buf_add(&add.bytes, data, len) < 0)
        return -ENOMEM;
    memcpy(add.digest, digest, sizeof add.digest);
    b->list[b->count++] = add;
    return 0;
}

static int blob_path(char *out, size_t size, const char *digest)
{
    if (strlen(digest) != DIGEST_HEX_LEN || strspn(digest, "0123456789abcdef") != DIGEST_HEX_LEN)
        return -EINVAL;
    snprintf(out, size, "blob/%s", digest);
    return 0;
}

int blob_get(struct blobs *b, int state_dir, const char *digest, struct buf *out)
{
    char path[DIGEST_HEX_LEN + 8], found[DIGEST_HEX_LEN + 1];
    struct blob *known = find(b, digest);
    autobuf struct buf stored = { 0 };
    struct stat st;
    int r;

    if (known)
        return buf_add(out, known->bytes.data ? known->bytes.data : (const uint8_t *)"",
                       known->bytes.len);
    if (state_dir < 0)
        return -ENOENT;
    r = blob_path(path, sizeof path, digest);
    if (r < 0)
        return r;
    r = beneath_read(state_dir, path, BLOB_MAX, &stored, &st);
    if (r < 0)
        return r;
    digest_hex(stored.data ? (const void *)stored.data : "", stored.len, found);
    if (strcmp(found, digest) != 0)
        return -EBADMSG;
    return buf_add(out, stored.data ? (const void *)stored.data : "", stored.len);
}

int blob_store(struct blobs *b, int state_dir, const char *digest)
{
    const struct beneath_attrs root_only = { .mode = 0600 };
    struct blob *known = find(b, digest);
    char path[DIGEST_HEX_LEN + 8];
    autofd int dir = -EBADF;
    int r;

    r = blob_path(path, sizeof path, digest);
    if (r < 0)
        return r;
    if (!known)
        return faccessat(state_dir, path, R_OK, 0) == 0 ? 0 : -ENOENT;
    if (mkdirat(state_dir, "blob", 0700) < 0 && errno != EEXIST)
        return -errno;
    dir = openat(state_dir, "blob", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    if (faccessat(dir, digest, R_OK, 0) == 0)
        return 0;
    return beneath_replace(dir, digest, "store", known->bytes.data ? (void *)known->bytes.data : "",
                           known->bytes.len, &root_only);
}

int blob_sync(int state_dir)
{
    autofd int dir = openat(state_dir, "blob", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (dir < 0)
        return errno == ENOENT ? 0 : -errno;
    return fsync(dir) < 0 ? -errno : 0;
}
