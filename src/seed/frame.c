#include "seed/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistr.h>

void frame_head(uint8_t out[FRAME_HEAD_LEN], enum frame_type type, size_t name_len, size_t len)
{
    out[0] = (uint8_t)type;
    out[1] = 0;
    out[2] = (uint8_t)(name_len >> 8);
    out[3] = (uint8_t)name_len;
    for (int i = 0; i < 4; i++)
        out[4 + i] = (uint8_t)(len >> (24 - 8 * i));
}

void frame_add(struct buf *b, enum frame_type type, const char *name, const void *data, size_t len)
{
    uint8_t head[FRAME_HEAD_LEN];

    frame_head(head, type, strlen(name), len);
    buf_add(b, head, sizeof head);
    buf_add(b, name, strlen(name) + 1);
    buf_add(b, data, len);
    buf_add(b, "", 1);
}

static bool type_known(uint8_t type)
{
    return type == FRAME_MEMBER || type == FRAME_ERROR || type == FRAME_END;
}

int frame_next(const uint8_t *stream, size_t len, size_t *at, struct frame *ret)
{
    const uint8_t *p = stream + *at;
    size_t left = len - *at, name_len, data_len;

    if (*at > len || left < FRAME_HEAD_LEN || !type_known(p[0]) || p[1] != 0)
        return -EPROTO;
    name_len = (size_t)p[2] << 8 | p[3];
    data_len = (size_t)p[4] << 24 | (size_t)p[5] << 16 | (size_t)p[6] << 8 | p[7];
    left -= FRAME_HEAD_LEN;
    if (data_len > FRAME_DATA_MAX || left < name_len + data_len + 2)
        return -EPROTO;
    p += FRAME_HEAD_LEN;
    if (memchr(p, 0, name_len + 1) != p + name_len || p[name_len + 1 + data_len] != 0)
        return -EPROTO;
    *ret = (struct frame){ .type = stream[*at],
                           .name = (const char *)p,
                           .data = p + name_len + 1,
                           .name_len = name_len,
                           .len = data_len };
    *at += FRAME_HEAD_LEN + name_len + data_len + 2;
    return 0;
}

/* The partner's line; bytes that a terminal could misread are left out. */
static int say_error(const struct frame *f, struct err *e)
{
    char line[900];
    size_t len = f->len < sizeof line - 1 ? f->len : sizeof line - 1;

    memcpy(line, f->data, len);
    line[len] = '\0';
    if (u8_check((const uint8_t *)line, len))
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)line[i] >= 0x80)
                line[i] = '?';
    return err_set(e, -EBADMSG, EXIT_USAGE, "%s", line);
}

int frame_check(const uint8_t *stream, size_t len, struct err *e)
{
    struct frame f;
    size_t at = 0;

    do {
        int r = frame_next(stream, len, &at, &f);

        if (r < 0)
            return r;
        if (f.type == FRAME_ERROR)
            return say_error(&f, e);
    } while (f.type == FRAME_MEMBER);
    return at == len ? 0 : -EPROTO;
}
