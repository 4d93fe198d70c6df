/* HTTP/1 as a stranger sends it. The first byte says what of: a request, a response, a chunked
 * body. What is taken keeps the strict layer's promises; a body is the same however it is cut. */
#include "base/buf.h"
#include "base/mem.h"
#include "gateway/http1.h"
#include "gateway/relay.h"

#include <string.h>

#define CHECK(ok) ((ok) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_inside(struct http_text t, const char *bytes, size_t len)
{
    CHECK(t.at >= bytes && t.at + t.len <= bytes + len);
    CHECK(!memchr(t.at, '\r', t.len) && !memchr(t.at, '\n', t.len) && !memchr(t.at, '\0', t.len));
}

static void check_head(const struct http_head *h, const char *bytes, size_t len)
{
    size_t hosts = 0, lengths = 0;

    CHECK(h->count <= HTTP_HEADERS_MAX && h->minor <= 1);
    for (size_t i = 0; i < h->count; i++) {
        const struct http_header *header = &h->headers[i];

        check_inside(header->name, bytes, len);
        check_inside(header->value, bytes, len);
        CHECK(header->name.len && !memchr(header->name.at, ' ', header->name.len));
        hosts += http_text_is_ci(header->name, "Host");
        lengths += http_text_is_ci(header->name, "Content-Length") ||
                   http_text_is_ci(header->name, "Transfer-Encoding");
        http_is_hop_header(h, header->name);
    }
    CHECK(hosts <= 1 && lengths <= 1);
}

static void heads(const char *bytes, size_t len, bool response)
{
    ssize_t head = http_head_length(bytes, len);
    const char *why = NULL;
    struct http_head h;

    CHECK(head <= (ssize_t)len && head <= HTTP_HEAD_MAX);
    if (head <= 0)
        return;
    if (response) {
        if (http_parse_response(bytes, (size_t)head, false, &h, &why) == 0)
            check_head(&h, bytes, (size_t)head);
        return;
    }
    if (http_parse_request(bytes, (size_t)head, &h, &why) != 0) {
        CHECK(why && *why);
        return;
    }
    check_head(&h, bytes, (size_t)head);
    check_inside(h.target, bytes, (size_t)head);
    CHECK(h.minor == 0 || h.host.at);
    CHECK(h.framing != HTTP_UNTIL_CLOSE);
    relay_fault(&h);
}

static int read_body(const char *bytes, size_t len, size_t step, struct buf *out, size_t *end)
{
    struct http_body b = { .framing = HTTP_CHUNKED };
    size_t at = 0;
    int r = 0;

    while (r == 0 && at < len) {
        size_t n = len - at < step ? len - at : step, used;
        struct http_text data;

        r = http_body_read(&b, bytes + at, n, &used, &data);
        CHECK(used <= n && (r != 0 || used > 0));
        if (data.len)
            buf_add(out, data.at, data.len);
        at += used;
    }
    *end = at;
    return r;
}

static void bodies(const char *bytes, size_t len)
{
    autobuf struct buf whole = { 0 }, cut = { 0 };
    size_t whole_end, cut_end;
    int a = read_body(bytes, len, len ? len : 1, &whole, &whole_end);
    int b = read_body(bytes, len, 3, &cut, &cut_end);

    CHECK(a == b && whole_end == cut_end && whole.len == cut.len);
    CHECK(!whole.len || memcmp(whole.data, cut.data, whole.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    if (data[0] % 3 == 2)
        bodies((const char *)data + 1, len - 1);
    else
        heads((const char *)data + 1, len - 1, data[0] % 3 == 1);
    return 0;
}
