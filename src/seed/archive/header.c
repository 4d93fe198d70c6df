#include "seed/archive/header.h"

#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Where ustar has its fields. */
enum {
    AT_NAME = 0,
    AT_SIZE = 124,
    AT_SUM = 148,
    AT_TYPE = 156,
    AT_MAGIC = 257,
    AT_PREFIX = 345,
    LEN_NAME = 100,
    LEN_SIZE = 12,
    LEN_SUM = 8,
    LEN_PREFIX = 155,
};

static const struct {
    char flag;
    const char *word;
} refused[] = {
    { '1', "a hard link" },
    { '2', "a symbolic link" },
    { '3', "a character device" },
    { '4', "a block device" },
    { '6', "a FIFO" },
    { '7', "a contiguous file" },
    { 'A', "a Solaris ACL" },
    { 'D', "a dump directory" },
    { 'K', "a GNU long link name" },
    { 'L', "a GNU long name" },
    { 'M', "a part of another volume" },
    { 'N', "an old GNU long name" },
    { 'S', "a sparse file" },
    { 'V', "a volume label" },
    { 'X', "an old pax header" },
    { 'g', "a global pax header" },
};

static int refuse(struct err *e, const char *name, const char *why)
{
    return err_set(e, -EINVAL, EXIT_USAGE, "%s%s%s", name, *name ? ": " : "", why);
}

/* Octal digits, then spaces or NULs. Base 256 means sizes that we refuse anyhow. */
static int octal(const uint8_t *p, size_t len, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i = 0, digits = 0;

    while (i < len && p[i] == ' ')
        i++;
    for (; i < len && p[i] >= '0' && p[i] <= '7'; i++, digits++)
        v = v << 3 | (uint64_t)(p[i] - '0');
    for (; i < len; i++)
        if (p[i] != ' ' && p[i] != 0)
            return -EINVAL;
    if (!digits)
        return -EINVAL;
    *ret = v;
    return 0;
}

static bool sum_matches(const uint8_t *block)
{
    uint64_t said, sum = 0;

    for (int i = 0; i < TAR_BLOCK; i++)
        sum += i >= AT_SUM && i < AT_SUM + LEN_SUM ? ' ' : block[i];
    return octal(block + AT_SUM, LEN_SUM, &said) == 0 && said == sum;
}

static int type_of(uint8_t flag, const char *name, enum tar_type *ret, struct err *e)
{
    if (flag == '0' || flag == 0 || flag == '5' || flag == 'x') {
        *ret = flag == '5' ? TAR_DIRECTORY : flag == 'x' ? TAR_PAX : TAR_FILE;
        return 0;
    }
    for (size_t i = 0; i < N_ELEMENTS(refused); i++)
        if ((uint8_t)refused[i].flag == flag)
            return err_set(e, -EINVAL, EXIT_USAGE, "%s: %s; a bundle holds regular files", name,
                           refused[i].word);
    return refuse(e, name, "is no regular file");
}

int tar_header_parse(const uint8_t block[TAR_BLOCK], struct tar_header *ret, struct err *e)
{
    const char *name = (const char *)block + AT_NAME, *prefix = (const char *)block + AT_PREFIX;
    bool posix = memcmp(block + AT_MAGIC,
                        "ustar\0"
                        "00",
                        8) == 0;
    bool gnu = memcmp(block + AT_MAGIC, "ustar  ", 8) == 0;
    struct tar_header h = { 0 };
    int r;

    if (!posix && !gnu)
        return refuse(e, "", "not a tar (ustar, pax or GNU; plain, gzip, xz or zstd)");
    if (!sum_matches(block))
        return refuse(e, "", "damaged tar header: its checksum is wrong");
    if (posix && prefix[0])
        snprintf(h.name, sizeof h.name, "%.*s/%.*s", LEN_PREFIX, prefix, LEN_NAME, name);
    else
        snprintf(h.name, sizeof h.name, "%.*s", LEN_NAME, name);
    r = type_of(block[AT_TYPE], h.name, &h.type, e);
    if (r < 0)
        return r;
    if (octal(block + AT_SIZE, LEN_SIZE, &h.size) < 0)
        return refuse(e, h.name, "its size is no octal number");
    *ret = h;
    return 0;
}

static bool keyword_is(const char *key, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(key, word, len) == 0;
}

static int take_keyword(const char *key, size_t key_len, const char *value, size_t len, char *path,
                        struct err *e)
{
    static const char *const skipped[] = {
        "mtime", "atime", "ctime", "uid", "gid", "uname", "gname"
    };

    for (size_t i = 0; i < N_ELEMENTS(skipped); i++)
        if (keyword_is(key, key_len, skipped[i]))
            return 0;
    if (!keyword_is(key, key_len, "path"))
        return err_set(e, -EINVAL, EXIT_USAGE, "pax keyword %.*s is not taken in a bundle",
                       key_len < 64 ? (int)key_len : 64, key);
    if (len == 0 || len > MEMBER_NAME_MAX + 1 || memchr(value, 0, len))
        return err_set(e, -EINVAL, EXIT_USAGE, "pax path is empty, too long, or holds a NUL");
    memcpy(path, value, len);
    path[len] = '\0';
    return 0;
}

/* "LENGTH KEY=VALUE\n", the length counting itself. */
int pax_parse(const char *data, size_t len, char *path, struct err *e)
{
    int r;

    while (len) {
        size_t n = 0, i = 0;
        const char *equals;

        for (; i < len && i < 6 && isdigit((unsigned char)data[i]); i++)
            n = n * 10 + (size_t)(data[i] - '0');
        if (i == 0 || i >= len || data[i] != ' ' || n > len || n < i + 4 || data[n - 1] != '\n')
            return err_set(e, -EINVAL, EXIT_USAGE, "damaged pax header");
        i++;
        equals = memchr(data + i, '=', n - 1 - i);
        if (!equals || equals == data + i)
            return err_set(e, -EINVAL, EXIT_USAGE, "damaged pax header");
        r = take_keyword(data + i, (size_t)(equals - data) - i, equals + 1,
                         (size_t)(data + n - 1 - (equals + 1)), path, e);
        if (r < 0)
            return r;
        data += n;
        len -= n;
    }
    return 0;
}
