/* The seam: a strict scan of our own, then the library as a second opinion on what was scanned.
 * Both must take the head and must count the same headers. */
#include "gateway/http1.h"

#include <errno.h>
#include <http_parser.h>
#include <string.h>

struct opinion {
    size_t headers;
    bool complete;
};

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct http_text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (!is_token_char(t.at[i]))
            return false;
    return t.len > 0;
}

static bool is_value(struct http_text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (((unsigned char)t.at[i] < 0x20 && t.at[i] != '\t') || t.at[i] == 0x7f)
            return false;
    return true;
}

static struct http_text trim(struct http_text t)
{
    while (t.len && (*t.at == ' ' || *t.at == '\t')) {
        t.at++;
        t.len--;
    }
    while (t.len && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t'))
        t.len--;
    return t;
}

/* One line without its CRLF; rest is moved behind it. False when there is no whole line. */
static bool next_line(struct http_text *rest, struct http_text *line)
{
    const char *end = memmem(rest->at, rest->len, "\r\n", 2);

    if (!end)
        return false;
    *line = (struct http_text){ rest->at, (size_t)(end - rest->at) };
    rest->len -= line->len + 2;
    rest->at = end + 2;
    return true;
}

static int scan_header(struct http_text line, struct http_head *h, const char **why)
{
    const char *colon = memchr(line.at, ':', line.len);
    struct http_header *header;

    if (h->count == HTTP_HEADERS_MAX) {
        *why = "too many header lines";
        return 431;
    }
    if (*line.at == ' ' || *line.at == '\t') {
        *why = "a folded header line";
        return 400;
    }
    if (!colon) {
        *why = "a header line without a colon";
        return 400;
    }
    header = &h->headers[h->count];
    header->name = (struct http_text){ line.at, (size_t)(colon - line.at) };
    header->value = trim((struct http_text){ colon + 1, line.len - header->name.len - 1 });
    if (!is_token(header->name) || !is_value(header->value)) {
        *why = "a header that isn't NAME: VALUE (blank before the colon, control character)";
        return 400;
    }
    h->count++;
    return 0;
}

static int scan_headers(struct http_text rest, struct http_head *h, const char **why)
{
    struct http_text line;

    while (next_line(&rest, &line)) {
        int status;

        if (line.len == 0)
            return rest.len == 0 ? 0 : 400;
        status = scan_header(line, h, why);
        if (status)
            return status;
    }
    *why = "a head without an end";
    return 400;
}

static int scan_version(struct http_text t, struct http_head *h, const char **why)
{
    if (http_text_is(t, "HTTP/1.1"))
        h->minor = 1;
    else if (!http_text_is(t, "HTTP/1.0")) {
        *why = "only HTTP/1.0 and HTTP/1.1 are spoken here";
        return t.len > 5 && memcmp(t.at, "HTTP/", 5) == 0 ? 505 : 400;
    }
    return 0;
}

static int scan_request_line(struct http_text line, struct http_head *h, const char **why)
{
    const char *first = memchr(line.at, ' ', line.len), *second = NULL;
    struct http_text method;

    *why = "the request line isn't METHOD TARGET VERSION";
    if (first)
        second = memchr(first + 1, ' ', line.len - (size_t)(first + 1 - line.at));
    if (!second)
        return 400;
    method = (struct http_text){ line.at, (size_t)(first - line.at) };
    h->target = (struct http_text){ first + 1, (size_t)(second - first - 1) };
    if (!is_token(method) || method.len > HTTP_METHOD_MAX || h->target.len == 0)
        return 400;
    for (size_t i = 0; i < h->target.len; i++)
        if ((unsigned char)h->target.at[i] <= 0x20 || (unsigned char)h->target.at[i] >= 0x7f)
            return 400;
    memcpy(h->method, method.at, method.len);
    return scan_version((struct http_text){ second + 1, line.len - (size_t)(second + 1 - line.at) },
                        h, why);
}

static int scan_status_line(struct http_text line, struct http_head *h, const char **why)
{
    struct http_text version = { line.at, line.len < 8 ? line.len : 8 };
    const char *code = line.at + 9;

    *why = "the status line isn't VERSION CODE REASON";
    if (line.len < 12 || line.at[8] != ' ' || (line.len > 12 && line.at[12] != ' '))
        return 502;
    for (int i = 0; i < 3; i++)
        if (code[i] < '0' || code[i] > '9')
            return 502;
    h->status = (unsigned)((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
    if (h->status < 100 || !is_value((struct http_text){ line.at + 12, line.len - 12 }))
        return 502;
    return scan_version(version, h, why);
}

static int parse_length(struct http_text t, uint64_t *ret)
{
    uint64_t n = 0;

    if (t.len == 0 || t.len > 18)
        return -EINVAL;
    for (size_t i = 0; i < t.len; i++) {
        if (t.at[i] < '0' || t.at[i] > '9')
            return -EINVAL;
        n = n * 10 + (uint64_t)(t.at[i] - '0');
    }
    *ret = n;
    return 0;
}

/* What of the headers decides where the message ends, and who it is for. */
static int read_framing(struct http_head *h, const char **why)
{
    size_t hosts = 0, lengths = 0, codings = 0;

    for (size_t i = 0; i < h->count; i++) {
        const struct http_header *header = &h->headers[i];

        if (http_text_is_ci(header->name, "Host")) {
            hosts++;
            h->host = header->value;
        } else if (http_text_is_ci(header->name, "Content-Length")) {
            lengths++;
            h->framing = HTTP_LENGTH;
            if (parse_length(header->value, &h->length) < 0) {
                *why = "a Content-Length that isn't a number";
                return 400;
            }
        } else if (http_text_is_ci(header->name, "Transfer-Encoding")) {
            codings++;
            h->framing = HTTP_CHUNKED;
            if (!http_text_is_ci(header->value, "chunked")) {
                *why = "a Transfer-Encoding other than chunked";
                return 501;
            }
        } else if (http_text_is_ci(header->name, "Upgrade")) {
            h->upgrade = true;
        }
    }
    *why = hosts > 1 ? "more than one Host" : "more than one length (Content-Length, chunked)";
    if (hosts > 1 || lengths + codings > 1)
        return 400;
    if (codings && h->minor == 0) {
        *why = "chunked in HTTP/1.0";
        return 400;
    }
    h->keep_alive = h->minor ? !http_header_has(h, "Connection", "close")
                             : http_header_has(h, "Connection", "keep-alive");
    return 0;
}

static int on_field(http_parser *p, const char *at, size_t len)
{
    struct opinion *o = p->data;

    (void)at;
    (void)len;
    o->headers++;
    return 0;
}

static int on_complete(http_parser *p)
{
    struct opinion *o = p->data;

    o->complete = true;
    return 1; /* the body is ours */
}

/* Whether the library reads the head as we did. */
static bool agrees(const char *bytes, size_t len, enum http_parser_type type,
                   const struct http_head *h)
{
    static const http_parser_settings settings = { .on_header_field = on_field,
                                                   .on_headers_complete = on_complete };
    struct opinion o = { 0 };
    http_parser p;

    http_parser_init(&p, type);
    p.data = &o;
    http_parser_execute(&p, &settings, bytes, len);
    if (HTTP_PARSER_ERRNO(&p) != HPE_OK || !o.complete || o.headers != h->count ||
        p.http_major != 1 || p.http_minor != h->minor)
        return false;
    if (type == HTTP_RESPONSE)
        return p.status_code == h->status;
    return strcmp(http_method_str((enum http_method)p.method), h->method) == 0;
}

static int check_request(struct http_head *h, const char **why)
{
    struct http_text expect = http_header(h, "Expect");

    if (h->minor == 1 && !h->host.at) {
        *why = "no Host";
        return 400;
    }
    if (expect.at && !http_text_is_ci(expect, "100-continue")) {
        *why = "an Expect other than 100-continue";
        return 417;
    }
    h->expect = expect.at && h->minor == 1 && h->framing != HTTP_NO_BODY;
    return 0;
}

int http_parse_request(const char *bytes, size_t len, struct http_head *ret, const char **why)
{
    struct http_text rest = { bytes, len }, line;
    int status;

    *ret = (struct http_head){ .framing = HTTP_NO_BODY };
    *why = "not an HTTP request";
    if (!next_line(&rest, &line))
        return 400;
    status = scan_request_line(line, ret, why);
    if (!status)
        status = scan_headers(rest, ret, why);
    if (!status)
        status = read_framing(ret, why);
    if (!status)
        status = check_request(ret, why);
    if (!status && !agrees(bytes, len, HTTP_REQUEST, ret)) {
        *why = "a request that two parsers read differently (unknown method?)";
        status = 400;
    }
    return status;
}

static bool status_has_no_body(unsigned status)
{
    return status < 200 || status == 204 || status == 304;
}

int http_parse_response(const char *bytes, size_t len, bool no_body, struct http_head *ret,
                        const char **why)
{
    struct http_text rest = { bytes, len }, line;

    *ret = (struct http_head){ .framing = HTTP_UNTIL_CLOSE };
    *why = "not an HTTP response";
    if (!next_line(&rest, &line) || scan_status_line(line, ret, why) ||
        scan_headers(rest, ret, why) || read_framing(ret, why))
        return 502;
    if (!agrees(bytes, len, HTTP_RESPONSE, ret)) {
        *why = "a response that two parsers read differently";
        return 502;
    }
    if (no_body || status_has_no_body(ret->status))
        ret->framing = HTTP_NO_BODY;
    return 0;
}
