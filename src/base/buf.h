/* A byte buffer that grows; always NUL-terminated behind its length. */
#ifndef DEFENSECLAW_BASE_BUF_H
#define DEFENSECLAW_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *data; /* NULL while empty */
    size_t len;
    size_t cap;
    int failed; /* -ENOMEM once an append failed: check once at the end */
};

/* Appends; on failure sets failed and leaves the contents. Returns failed. */
int buf_add(struct buf *b, const void *data, size_t len);
int buf_puts(struct buf *b, const char *s);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The text, "" when nothing was added. Owned by the buffer. */
const char *buf_str(const struct buf *b);

/* Frees and empties. */
void buf_done(struct buf *b);
/* Wipes with sodium_memzero-like care, then frees: for secrets. */
void buf_wipe(struct buf *b);

#define autobuf __attribute__((cleanup(buf_done)))
#define autosecret __attribute__((cleanup(buf_wipe)))

/* Appends all that fd gives until its end, at most max bytes: -EFBIG when there is more. */
int buf_read_fd(struct buf *b, int fd, size_t max);

#endif
