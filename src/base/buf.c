#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int reserve(struct buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : 256;
    uint8_t *data;

    if (b->failed)
        return b->failed;
    if (more > SIZE_MAX / 2 - b->len)
        return b->failed = -ENOMEM;
    while (cap < b->len + more + 1)
        cap *= 2;
    if (cap == b->cap)
        return 0;
    data = malloc(cap);
    if (!data)
        return b->failed = -ENOMEM;
    if (b->data) {
        memcpy(data, b->data, b->len);
        explicit_bzero(b->data, b->cap); /* may have been a secret: realloc would leave a copy */
    }
    free(b->data);
    b->data = data;
    b->cap = cap;
    return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    if (reserve(b, len) < 0)
        return b->failed;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_puts(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return b->failed = -EINVAL;
    if (reserve(b, (size_t)n) < 0)
        return b->failed;
    va_start(ap, fmt);
    vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return 0;
}

const char *buf_str(const struct buf *b)
{
    return b->data ? (const char *)b->data : "";
}

void buf_done(struct buf *b)
{
    free(b->data);
    *b = (struct buf){ 0 };
}

void buf_wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->cap);
    buf_done(b);
}

int buf_read_fd(struct buf *b, int fd, size_t max)
{
    for (;;) {
        ssize_t n;

        if (reserve(b, 65536) < 0)
            return b->failed;
        n = read(fd, b->data + b->len, b->cap - b->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        b->len += (size_t)n;
        b->data[b->len] = '\0';
        if (b->len > max)
            return -EFBIG;
        if (n == 0)
            return 0;
    }
}
