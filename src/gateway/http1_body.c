/* A message's body: so many bytes, or chunks, or all until the end. In chunks:
 *   SIZE --digits--> SIZE_LF --> DATA --> DATA_CR --> DATA_LF --> SIZE
 *                      | size 0
 *                      v
 *                    LINE --CR--> LINE_LF --> ENDED           (no trailer, or its end)
 *                      | other
 *                      v
 *                    TRAILER --CR--> TRAILER_LF --> LINE      (read and dropped) */
#include "gateway/http1.h"

#include <errno.h>
#include <string.h>

enum { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, LINE, LINE_LF, TRAILER, TRAILER_LF, ENDED };

#define SIZE_DIGITS_MAX 12
#define TRAILER_MAX 8192

void http_body_start(struct http_body *b, const struct http_head *h)
{
    *b = (struct http_body){ .framing = h->framing };
    if (h->framing == HTTP_LENGTH)
        b->left = h->length;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int on_size(struct http_body *b, char c)
{
    int value = hex_value(c);

    if (value < 0) {
        if (c != '\r' || b->digits == 0)
            return -EBADMSG;
        b->state = SIZE_LF;
        return 0;
    }
    if (++b->digits > SIZE_DIGITS_MAX)
        return -EBADMSG;
    b->left = b->left * 16 + (uint64_t)value;
    return 0;
}

static int expect(struct http_body *b, char c, char wanted, int next)
{
    if (c != wanted)
        return -EBADMSG;
    b->state = next;
    return 0;
}

static int on_trailer(struct http_body *b, char c)
{
    if (++b->trailer > TRAILER_MAX || c == '\n' || c == '\0')
        return -EBADMSG;
    b->state = c != '\r' ? TRAILER : b->state == LINE ? LINE_LF : TRAILER_LF;
    return 0;
}

/* One byte that isn't data. */
static int on_byte(struct http_body *b, char c)
{
    switch (b->state) {
    case SIZE:
        return on_size(b, c);
    case SIZE_LF:
        return expect(b, c, '\n', b->left ? DATA : LINE);
    case DATA_CR:
        return expect(b, c, '\r', DATA_LF);
    case DATA_LF:
        b->digits = 0;
        return expect(b, c, '\n', SIZE);
    case LINE_LF:
        return expect(b, c, '\n', ENDED);
    case TRAILER_LF:
        return expect(b, c, '\n', LINE);
    default:
        return on_trailer(b, c);
    }
}

static void take_data(struct http_body *b, const char *bytes, size_t len, size_t *used,
                      struct http_text *data)
{
    size_t n = len < b->left ? len : (size_t)b->left;

    *data = (struct http_text){ bytes, n };
    *used += n;
    b->left -= n;
}

static int read_chunks(struct http_body *b, const char *bytes, size_t len, size_t *used,
                       struct http_text *data)
{
    while (*used < len && b->state != ENDED) {
        if (b->state == DATA) {
            take_data(b, bytes + *used, len - *used, used, data);
            if (b->left == 0)
                b->state = DATA_CR;
            return 0;
        }
        if (on_byte(b, bytes[(*used)++]) < 0)
            return -EBADMSG;
    }
    return b->state == ENDED;
}

int http_body_read(struct http_body *b, const char *bytes, size_t len, size_t *used,
                   struct http_text *data)
{
    *used = 0;
    *data = (struct http_text){ 0 };
    switch (b->framing) {
    case HTTP_NO_BODY:
        return 1;
    case HTTP_LENGTH:
        if (b->left && len)
            take_data(b, bytes, len, used, data);
        return b->left == 0;
    case HTTP_CHUNKED:
        return read_chunks(b, bytes, len, used, data);
    default:
        if (len)
            *data = (struct http_text){ bytes, len };
        *used = len;
        return 0;
    }
}
