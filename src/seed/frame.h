/* What defenseclaw-seed-archive and the program that started it say to each other through pipes: a
 * run of frames, each a head of eight bytes, a name and its NUL, data and its NUL. A stream that is
 * whole ends with one FRAME_END, or with one FRAME_ERROR whose data is a line for the operator. */
#ifndef DEFENSECLAW_SEED_FRAME_H
#define DEFENSECLAW_SEED_FRAME_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define FRAME_HEAD_LEN 8
#define FRAME_DATA_MAX (64u << 20)

enum frame_type { FRAME_MEMBER = 'M', FRAME_ERROR = 'E', FRAME_END = 'Z' };

/* Points into the stream that frame_next() was given; both texts are NUL-terminated there. */
struct frame {
    enum frame_type type;
    const char *name;
    const uint8_t *data;
    size_t name_len, len;
};

/* Writes the head of a frame. name_len below 65536, len at most FRAME_DATA_MAX. */
void frame_head(uint8_t out[FRAME_HEAD_LEN], enum frame_type type, size_t name_len, size_t len);

/* Appends a whole frame. Failure shows in b->failed. */
void frame_add(struct buf *b, enum frame_type type, const char *name, const void *data, size_t len);

/* The frame at *at, which moves behind it. 0, or -EPROTO for what no healthy partner writes: an
 * unknown type, a length beyond the stream, a NUL inside a name or missing behind a text. */
int frame_next(const uint8_t *stream, size_t len, size_t *at, struct frame *ret);

/* Whether the stream is nothing but members and one FRAME_END at its end. 0; -EBADMSG with the
 * partner's own words in e for a FRAME_ERROR; -EPROTO for anything else. */
int frame_check(const uint8_t *stream, size_t len, struct err *e);

#endif
