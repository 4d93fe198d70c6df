#include "seed/archive/xz.h"

#include "base/mem.h"
#include "seed/archive/pack.h"
#include "seed/member.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { XZ_HEAD = 12, XZ_FOOT = 12, XZ_INDEX_MAX = 1 << 20, XZ_LZMA2 = 0x21 };

struct cursor {
    const uint8_t *p, *end;
    bool failed; /* ran over the end: checked once */
};

static uint8_t take(struct cursor *c)
{
    if (c->p < c->end)
        return *c->p++;
    c->failed = true;
    return 0;
}

static uint64_t take_varint(struct cursor *c)
{
    uint64_t v = 0;

    for (int shift = 0; shift < 63; shift += 7) {
        uint8_t b = take(c);

        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return v;
    }
    c->failed = true;
    return 0;
}

static int damaged(struct err *e)
{
    return err_set(e, -EINVAL, EXIT_USAGE, "truncated or damaged xz stream");
}

static int check_filter(struct cursor *c, struct err *e)
{
    uint64_t id = take_varint(c), props = take_varint(c), window;
    uint8_t bits;

    if (id != XZ_LZMA2 || props != 1)
        return err_set(e, -EINVAL, EXIT_USAGE, "an xz filter other than LZMA2");
    bits = take(c);
    if (c->failed || bits > 40)
        return damaged(e);
    window = bits == 40 ? UINT32_MAX : (uint64_t)(2 | (bits & 1)) << (bits / 2 + 11);
    if (window > MEMBER_WINDOW_MAX)
        return err_set(e, -EINVAL, EXIT_USAGE, "an xz window of %llu MiB: at most 8 MiB (xz -6)",
                       (unsigned long long)(window >> 20));
    return 0;
}

/* The header of the block at an offset: its size, flags, optional lengths, filters. */
static int check_block(int fd, off_t at, struct err *e)
{
    uint8_t head[1024];
    struct cursor c = { head + 2, head, false };
    size_t len;
    int r;

    if (read_at(fd, head, 2, at) < 0 || head[0] == 0)
        return damaged(e);
    len = ((size_t)head[0] + 1) * 4;
    if (read_at(fd, head, len, at) < 0 || (head[1] & 0x3c))
        return damaged(e);
    c.end = head + len - 4;
    if (head[1] & 0x40)
        take_varint(&c);
    if (head[1] & 0x80)
        take_varint(&c);
    for (int i = 0; i <= (head[1] & 3); i++) {
        r = check_filter(&c, e);
        if (r < 0)
            return r;
    }
    return c.failed ? damaged(e) : 0;
}

/* Walks the blocks that the index names; they have to end where the index begins. */
static int check_blocks(int fd, off_t index_at, const uint8_t *index, size_t len, struct err *e)
{
    struct cursor c = { index + 1, index + len, false };
    uint64_t count, at = XZ_HEAD;
    int r;

    count = index[0] == 0 ? take_varint(&c) : UINT64_MAX;
    for (uint64_t i = 0; !c.failed && i < count; i++) {
        uint64_t unpadded = take_varint(&c);

        take_varint(&c);
        if (c.failed || unpadded == 0 || unpadded > (uint64_t)index_at)
            return damaged(e);
        r = check_block(fd, (off_t)at, e);
        if (r < 0)
            return r;
        at += (unpadded + 3) & ~(uint64_t)3;
        if (at > (uint64_t)index_at)
            return damaged(e);
    }
    if (c.failed)
        return damaged(e);
    if (at != (uint64_t)index_at)
        return err_set(e, -EINVAL, EXIT_USAGE, "more than one xz stream, or bytes between them");
    return 0;
}

int xz_check(int fd, off_t size, struct err *e)
{
    autofree uint8_t *index = NULL;
    uint8_t foot[XZ_FOOT];
    uint64_t len;

    if (size < XZ_HEAD + XZ_FOOT + 8 || read_at(fd, foot, sizeof foot, size - XZ_FOOT) < 0)
        return damaged(e);
    if (size % 4 || memcmp(foot + 10, "YZ", 2) != 0)
        return err_set(e, -EINVAL, EXIT_USAGE, "truncated xz stream, or bytes behind its end");
    len = (uint64_t)foot[4] | (uint64_t)foot[5] << 8 | (uint64_t)foot[6] << 16 |
          (uint64_t)foot[7] << 24;
    len = (len + 1) * 4;
    if (len > XZ_INDEX_MAX || len > (uint64_t)(size - XZ_HEAD - XZ_FOOT))
        return damaged(e);
    index = malloc(len);
    if (!index)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    if (read_at(fd, index, len, size - XZ_FOOT - (off_t)len) < 0)
        return damaged(e);
    return check_blocks(fd, size - XZ_FOOT - (off_t)len, index, len, e);
}
