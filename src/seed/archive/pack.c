#include "seed/archive/pack.h"

#include "base/mem.h"
#include "seed/archive/xz.h"
#include "seed/archive/zstd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *const pack_names[PACK_COUNT] = {
    [PACK_NONE] = "none",
    [PACK_GZIP] = "gzip",
    [PACK_XZ] = "xz",
    [PACK_ZSTD] = "zstd",
};

static const struct {
    const char *magic;
    size_t len;
    enum pack pack;
} magics[] = {
    { "\x1f\x8b", 2, PACK_GZIP },
    { "\xfd"
      "7zXZ\0",
      6, PACK_XZ },
    { "\x28\xb5\x2f\xfd", 4, PACK_ZSTD },
};

int read_at(int fd, void *data, size_t len, off_t at)
{
    uint8_t *p = data;

    while (len) {
        ssize_t n = pread(fd, p, len, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -ENODATA;
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int pack_detect(int fd, enum pack *ret, struct err *e)
{
    uint8_t head[6] = { 0 };
    int r = read_at(fd, head, sizeof head, 0);

    if (r < 0)
        return err_set(e, r, EXIT_USAGE, r == -ENODATA ? "empty or truncated" : "cannot be read");
    *ret = PACK_NONE;
    for (size_t i = 0; i < N_ELEMENTS(magics); i++)
        if (memcmp(head, magics[i].magic, magics[i].len) == 0)
            *ret = magics[i].pack;
    return 0;
}

int pack_check(int fd, off_t size, enum pack pack, struct err *e)
{
    if (pack == PACK_XZ)
        return xz_check(fd, size, e);
    if (pack == PACK_ZSTD)
        return zstd_check(fd, size, e);
    return 0;
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int gzip_tail(int fd, off_t size, uint32_t *ret_crc, uint32_t *ret_len, struct err *e)
{
    uint8_t tail[8];

    if (size < 18 || read_at(fd, tail, sizeof tail, size - 8) < 0)
        return err_set(e, -EINVAL, EXIT_USAGE, "truncated gzip stream");
    *ret_crc = le32(tail);
    *ret_len = le32(tail + 4);
    return 0;
}
