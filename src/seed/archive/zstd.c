#include "seed/archive/zstd.h"

#include "seed/archive/pack.h"
#include "seed/member.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { ZSTD_BLOCK_MAX = 128 << 10 };

static int damaged(struct err *e)
{
    return err_set(e, -EINVAL, EXIT_USAGE, "truncated or damaged zstd stream");
}

struct head {
    size_t len; /* with the magic */
    uint64_t window;
    int checksum; /* bytes of it behind the last block */
};

static int parse_head(int fd, off_t size, struct head *ret, struct err *e)
{
    static const size_t content_len[] = { 0, 2, 4, 8 };
    uint8_t d[18] = { 0 };
    size_t have = size < (off_t)sizeof d ? (size_t)size : sizeof d, at = 5, n;

    if (have < 9 || read_at(fd, d, have, 0) < 0 || (d[4] & 0x08))
        return damaged(e);
    n = content_len[d[4] >> 6];
    if ((d[4] & 0x20) && n == 0)
        n = 1;
    if (d[4] & 3)
        return err_set(e, -EINVAL, EXIT_USAGE, "a zstd stream that wants a dictionary");
    ret->window = 0;
    if (!(d[4] & 0x20)) {
        uint64_t base = UINT64_C(1) << (10 + (d[5] >> 3));

        ret->window = base + base / 8 * (d[5] & 7);
        at++;
    }
    if (at + n > have)
        return damaged(e);
    if (d[4] & 0x20) /* one segment: the window is the content */
        for (size_t i = n; i > 0; i--)
            ret->window = ret->window << 8 | d[at + i - 1];
    ret->len = at + n;
    ret->checksum = d[4] & 4 ? 4 : 0;
    return 0;
}

int zstd_check(int fd, off_t size, struct err *e)
{
    struct head head = { 0 };
    uint8_t d[3];
    off_t at;
    int r, last = 0;

    r = parse_head(fd, size, &head, e);
    if (r < 0)
        return r;
    if (head.window > MEMBER_WINDOW_MAX)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "a zstd window of %llu MiB: at most 8 MiB (zstd -19, without --long)",
                       (unsigned long long)(head.window >> 20));
    for (at = (off_t)head.len; !last;) {
        uint32_t block, len;

        if (read_at(fd, d, sizeof d, at) < 0)
            return damaged(e);
        block = (uint32_t)d[0] | (uint32_t)d[1] << 8 | (uint32_t)d[2] << 16;
        last = block & 1;
        len = block >> 3;
        if ((block >> 1 & 3) == 3 || len > ZSTD_BLOCK_MAX)
            return damaged(e);
        at += 3 + ((block >> 1 & 3) == 1 ? 1 : (off_t)len); /* a run is one byte, repeated */
    }
    at += head.checksum;
    if (at > size)
        return damaged(e);
    if (at < size)
        return err_set(e, -EINVAL, EXIT_USAGE, "bytes behind the end of the zstd stream");
    return 0;
}
