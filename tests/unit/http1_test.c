/* The strict HTTP layer: what is taken, and every way of smuggling that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "gateway/http1.h"
#include "gateway/relay.h"

#include <stdlib.h>
#include <string.h>

#define GET "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"
#define POST "POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"

struct text {
    const char *bytes;
    size_t len;
};
#define T(s)                                                                                       \
    {                                                                                              \
        (s), sizeof(s) - 1                                                                         \
    }

/* The status that a request's head is answered with: 0 when it is taken. */
static int judge(const char *bytes, size_t len, struct http_head *h)
{
    const char *why = NULL;
    ssize_t head = http_head_length(bytes, len);
    int status;

    if (head < 0)
        return head == -EMSGSIZE ? 431 : 400;
    if (head == 0)
        return -1;
    status = http_parse_request(bytes, (size_t)head, h, &why);
    assert_true(status == 0 || (why && *why));
    return status;
}

static void good_requests_are_taken(void **state)
{
    static const struct {
        struct text bytes;
        enum http_framing framing;
        uint64_t length;
        bool keep_alive;
    } cases[] = {
        { T(GET "\r\n"), HTTP_NO_BODY, 0, true },
        { T("GET http://a.example/ HTTP/1.0\r\n\r\n"), HTTP_NO_BODY, 0, false },
        { T("GET http://a.example/ HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), HTTP_NO_BODY, 0,
          true },
        { T(GET "Connection: close\r\n\r\n"), HTTP_NO_BODY, 0, false },
        { T(GET "Connection: a, CLOSE ,b\r\n\r\n"), HTTP_NO_BODY, 0, false },
        { T(POST "Content-Length: 0\r\n\r\n"), HTTP_LENGTH, 0, true },
        { T(POST "content-length:3\r\n\r\nabc"), HTTP_LENGTH, 3, true },
        { T(POST "Content-Length:   12  \r\n\r\n"), HTTP_LENGTH, 12, true },
        { T(POST "Transfer-Encoding: chunked\r\n\r\n"), HTTP_CHUNKED, 0, true },
        { T(POST "transfer-encoding: Chunked\r\n\r\n"), HTTP_CHUNKED, 0, true },
        { T(GET "X-Empty:\r\n\r\n"), HTTP_NO_BODY, 0, true },
        { T(GET "X-Utf8: \xc3\xbc\r\n\r\n"), HTTP_NO_BODY, 0, true },
        { T(GET "!#$%&'*+-.^_`|~: ok\r\n\r\n"), HTTP_NO_BODY, 0, true },
        { T("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"), HTTP_NO_BODY, 0,
          true },
        { T("CONNECT [2001:db8::1]:443 HTTP/1.0\r\n\r\n"), HTTP_NO_BODY, 0, false },
        { T("OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n"), HTTP_NO_BODY, 0, true },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct http_head h;
        int status = judge(cases[i].bytes.bytes, cases[i].bytes.len, &h);

        if (status || h.framing != cases[i].framing || h.length != cases[i].length ||
            h.keep_alive != cases[i].keep_alive)
            fail_msg("%s: %d, framing %d, length %llu, keep-alive %d", cases[i].bytes.bytes, status,
                     h.framing, (unsigned long long)h.length, h.keep_alive);
    }
}

static void every_smuggling_vector_is_refused(void **state)
{
    static const struct {
        struct text bytes;
        int status;
    } cases[] = {
        /* two lengths */
        { T(POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"), 400 },
        { T(POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"), 400 },
        { T(POST "Content-Length: 3\r\nContent-Length: 5\r\n\r\n"), 400 },
        { T(POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n"), 400 },
        { T(POST "Content-Length: 3, 3\r\n\r\n"), 400 },
        { T(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400 },
        /* lengths that aren't numbers */
        { T(POST "Content-Length: +3\r\n\r\n"), 400 },
        { T(POST "Content-Length: -3\r\n\r\n"), 400 },
        { T(POST "Content-Length: 0x3\r\n\r\n"), 400 },
        { T(POST "Content-Length: 3 4\r\n\r\n"), 400 },
        { T(POST "Content-Length: 3;\r\n\r\n"), 400 },
        { T(POST "Content-Length:\r\n\r\n"), 400 },
        { T(POST "Content-Length: 99999999999999999999\r\n\r\n"), 400 },
        { T(POST "Content-Length: 18446744073709551616\r\n\r\n"), 400 },
        /* codings */
        { T(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501 },
        { T(POST "Transfer-Encoding: chunked, identity\r\n\r\n"), 501 },
        { T(POST "Transfer-Encoding: identity\r\n\r\n"), 501 },
        { T(POST "Transfer-Encoding: xchunked\r\n\r\n"), 501 },
        { T(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), 501 },
        { T(POST "Transfer-Encoding: \x0b"
                 "chunked\r\n\r\n"),
          400 },
        { T(POST "Transfer-Encoding:\r\n\r\n"), 501 },
        { T("POST http://a.example/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400 },
        /* header lines */
        { T(POST "Content-Length : 3\r\n\r\n"), 400 },
        { T(POST "Content-Length\t: 3\r\n\r\n"), 400 },
        { T(POST " Content-Length: 3\r\n\r\n"), 400 },
        { T(POST "X: a\r\n b\r\n\r\n"), 400 },
        { T(POST "X: a\r\n\tContent-Length: 3\r\n\r\n"), 400 },
        { T(POST "NoColon\r\n\r\n"), 400 },
        { T(POST ": empty\r\n\r\n"), 400 },
        { T(POST "Na me: x\r\n\r\n"), 400 },
        { T(POST "Na\x7fme: x\r\n\r\n"), 400 },
        { T(POST "N\xc3\xa4me: x\r\n\r\n"), 400 },
        { T(POST "X: a\x01"
                 "b\r\n\r\n"),
          400 },
        { T(POST "X: a\0b\r\n\r\n"), 400 },
        { T(POST "X\0Y: b\r\n\r\n"), 400 },
        /* line ends */
        { T("GET http://a.example/ HTTP/1.1\nHost: a.example\n\n"), 400 },
        { T(GET "X: a\nY: b\r\n\r\n"), 400 },
        { T(GET "X: a\rContent-Length: 3\r\n\r\n"), 400 },
        { T(GET "X: a\r\r\n\r\n"), 400 },
        { T("\r\n" GET "\r\n"), 400 },
        { T("\n" GET "\r\n"), 400 },
        /* Host */
        { T("GET http://a.example/ HTTP/1.1\r\n\r\n"), 400 },
        { T(GET "Host: a.example\r\n\r\n"), 400 },
        { T(GET "host: b.example\r\n\r\n"), 400 },
        /* request line */
        { T("GET  http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400 },
        { T("GET http://a.example/ x HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400 },
        { T("GET http://a.example/\tHTTP/1.1\r\nHost: a.example\r\n\r\n"), 400 },
        { T("GET http://a.example/\r\nHost: a.example\r\n\r\n"), 400 },
        { T("GET http://a.example/ HTTP/1.2\r\nHost: a.example\r\n\r\n"), 505 },
        { T("GET http://a.example/ HTTP/2.0\r\nHost: a.example\r\n\r\n"), 505 },
        { T("GET http://a.example/ HTTP/0.9\r\nHost: a.example\r\n\r\n"), 505 },
        { T("GET http://a.example/ HTTP/1.10\r\nHost: a.example\r\n\r\n"), 505 },
        { T("GET http://a.example/ http/1.1\r\nHost: a.example\r\n\r\n"), 400 },
        { T("GET http://a.example/ HTTP/1.1 \r\nHost: a.example\r\n\r\n"), 505 },
        { T("GET http://a.ex\xc3\xa4mple/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400 },
        { T("G@T http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400 },
        { T("FOO http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400 },
        { T("get http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400 },
        { T("PRI * HTTP/2.0\r\n\r\n"), 505 },
        { T(" GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"), 400 },
        /* expectations */
        { T(POST "Expect: 200-ok\r\n\r\n"), 417 },
        { T(POST "Expect: 100-continue, x\r\n\r\n"), 417 },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct http_head h;
        int status = judge(cases[i].bytes.bytes, cases[i].bytes.len, &h);

        if (status != cases[i].status)
            fail_msg("case %zu gave %d instead of %d: %s", i, status, cases[i].status,
                     cases[i].bytes.bytes);
    }
}

static void a_head_that_is_too_long_is_refused(void **state)
{
    autofree char *bytes = malloc(HTTP_HEAD_MAX + 100);
    struct http_head h;

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'a', HTTP_HEAD_MAX + 100);
    memcpy(bytes, GET "X: ", strlen(GET "X: "));
    assert_int_equal(judge(bytes, HTTP_HEAD_MAX + 100, &h), 431);
    assert_int_equal(judge(bytes, HTTP_HEAD_MAX - 1, &h), -1);
    memcpy(bytes + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
    assert_int_equal(judge(bytes, HTTP_HEAD_MAX, &h), 0);
}

static void too_many_headers_are_refused(void **state)
{
    autobuf struct buf b = { 0 };
    struct http_head h;

    (void)state;
    buf_puts(&b, GET);
    for (int i = 0; i < HTTP_HEADERS_MAX; i++)
        buf_printf(&b, "X%d: y\r\n", i);
    buf_puts(&b, "\r\n");
    assert_int_equal(judge(buf_str(&b), b.len, &h), 431);
}

static void a_head_is_found_however_it_arrives(void **state)
{
    static const char request[] = GET "Accept: */*\r\n\r\nrest";
    size_t whole = sizeof request - 5;

    (void)state;
    for (size_t len = 0; len < whole; len++)
        assert_int_equal(http_head_length(request, len), 0);
    assert_int_equal(http_head_length(request, sizeof request - 1), whole);
}

static void hop_headers_end_here(void **state)
{
    static const char request[] =
        GET "Connection: X-Mine, close\r\nX-Mine: 1\r\nX-Other: 2\r\n"
            "Proxy-Authorization: secret\r\nKeep-Alive: 1\r\nTE: trailers\r\n\r\n";
    static const bool hops[] = { false, true, true, false, true, true, true };
    struct http_head h;

    (void)state;
    assert_int_equal(judge(request, sizeof request - 1, &h), 0);
    assert_int_equal(h.count, N_ELEMENTS(hops));
    for (size_t i = 0; i < h.count; i++)
        assert_int_equal(http_is_hop_header(&h, h.headers[i].name), hops[i]);
}

static void answers_are_read_as_strictly(void **state)
{
    static const struct {
        struct text bytes;
        bool head;
        int status; /* of the verdict */
        enum http_framing framing;
    } cases[] = {
        { T("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), false, 0, HTTP_LENGTH },
        { T("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), false, 0, HTTP_CHUNKED },
        { T("HTTP/1.1 200 OK\r\n\r\n"), false, 0, HTTP_UNTIL_CLOSE },
        { T("HTTP/1.0 200\r\n\r\n"), false, 0, HTTP_UNTIL_CLOSE },
        { T("HTTP/1.1 204 No Content\r\n\r\n"), false, 0, HTTP_NO_BODY },
        { T("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), false, 0, HTTP_NO_BODY },
        { T("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), true, 0, HTTP_NO_BODY },
        { T("HTTP/1.1 100 Continue\r\n\r\n"), false, 0, HTTP_NO_BODY },
        { T("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), false,
          502, 0 },
        { T("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), false, 502, 0 },
        { T("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), false, 502, 0 },
        { T("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), false, 502, 0 },
        { T("HTTP/1.1 200 OK\r\nX : y\r\n\r\n"), false, 502, 0 },
        { T("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n"), false, 502, 0 },
        { T("HTTP/1.1 20 OK\r\n\r\n"), false, 502, 0 },
        { T("HTTP/1.1 2000 OK\r\n\r\n"), false, 502, 0 },
        { T("HTTP/1.1 099 Low\r\n\r\n"), false, 502, 0 },
        { T("HTTP/2.0 200 OK\r\n\r\n"), false, 502, 0 },
        { T("ICY 200 OK\r\n\r\n"), false, 502, 0 },
        { T("HTTP/1.1 200 O\x01K\r\n\r\n"), false, 502, 0 },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const char *why;
        struct http_head h;
        int status =
            http_parse_response(cases[i].bytes.bytes, cases[i].bytes.len, cases[i].head, &h, &why);

        if (status != cases[i].status || (!status && h.framing != cases[i].framing))
            fail_msg("case %zu gave %d, framing %d", i, status, h.framing);
    }
}

/* Reads a body in pieces of at most step bytes: 1 ended, 0 not yet, -1 refused. */
static int read_all(struct http_body *b, struct text in, size_t step, struct buf *out, size_t *rest)
{
    size_t at = 0;
    int r = 0;

    while (r == 0 && at < in.len) {
        size_t len = in.len - at < step ? in.len - at : step, used;
        struct http_text data;

        r = http_body_read(b, in.bytes + at, len, &used, &data);
        assert_true(used <= len);
        if (data.len)
            buf_add(out, data.at, data.len);
        at += used;
    }
    *rest = in.len - at;
    return r < 0 ? -1 : r;
}

static void chunked_bodies_are_read_to_the_byte(void **state)
{
    static const struct {
        struct text in;
        int result;
        const char *body;
        size_t rest;
    } cases[] = {
        { T("0\r\n\r\n"), 1, "", 0 },
        { T("3\r\nabc\r\n0\r\n\r\nGET "), 1, "abc", 4 },
        { T("A\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n"), 1, "0123456789x", 0 },
        { T("003\r\nabc\r\n000\r\n\r\n"), 1, "abc", 0 },
        { T("3\r\nabc\r\n0\r\nX: y\r\nZ: w\r\n\r\nrest"), 1, "abc", 4 },
        { T("3\r\nab"), 0, "ab", 0 },
        { T("3\r\nabc\r\n0\r\n"), 0, "abc", 0 },
        { T("3\r\nabcXX0\r\n\r\n"), -1, "abc", 0 },
        { T("3\r\nabc\n0\r\n\r\n"), -1, "abc", 0 },
        { T("3\nabc\r\n0\r\n\r\n"), -1, "", 0 },
        { T("3 \r\nabc\r\n0\r\n\r\n"), -1, "", 0 },
        { T(" 3\r\nabc\r\n0\r\n\r\n"), -1, "", 0 },
        { T("3;ext=1\r\nabc\r\n0\r\n\r\n"), -1, "", 0 },
        { T("0x3\r\nabc\r\n0\r\n\r\n"), -1, "", 0 },
        { T("+3\r\nabc\r\n0\r\n\r\n"), -1, "", 0 },
        { T("-1\r\nabc\r\n0\r\n\r\n"), -1, "", 0 },
        { T("\r\nabc\r\n0\r\n\r\n"), -1, "", 0 },
        { T("g\r\nabc\r\n0\r\n\r\n"), -1, "", 0 },
        { T("ffffffffffffffff\r\nabc"), -1, "", 0 },
        { T("3\r\nabc\r\n0\r\nX: y\nZ: w\r\n\r\n"), -1, "abc", 0 },
        { T("3\r\nabc\r\n0\r\nX\0: y\r\n\r\n"), -1, "abc", 0 },
        { T("3\r\nabc\r\n0\r\n\rX"), -1, "abc", 0 },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        for (size_t step = 1; step <= cases[i].in.len; step++) {
            autobuf struct buf out = { 0 };
            struct http_body b = { .framing = HTTP_CHUNKED };
            size_t rest;
            int r = read_all(&b, cases[i].in, step, &out, &rest);

            if (r != cases[i].result || strcmp(buf_str(&out), cases[i].body) != 0 ||
                (r == 1 && rest != cases[i].rest))
                fail_msg("case %zu by %zu: %d, \"%s\", %zu left", i, step, r, buf_str(&out), rest);
        }
}

static void a_body_of_a_length_ends_at_it(void **state)
{
    static const struct text in = T("abcdeGET ");
    autobuf struct buf out = { 0 };
    struct http_body b = { .framing = HTTP_LENGTH, .left = 5 };
    size_t rest, used;
    struct http_text data;

    (void)state;
    assert_int_equal(read_all(&b, in, 2, &out, &rest), 1);
    assert_string_equal(buf_str(&out), "abcde");
    assert_int_equal(rest, 4);
    b = (struct http_body){ .framing = HTTP_LENGTH };
    assert_int_equal(http_body_read(&b, NULL, 0, &used, &data), 1);
    b = (struct http_body){ .framing = HTTP_NO_BODY };
    assert_int_equal(http_body_read(&b, "x", 1, &used, &data), 1);
    assert_int_equal(used, 0);
}

static void the_relay_takes_only_requests_meant_for_it(void **state)
{
    static const struct {
        const char *headers;
        bool passes;
    } cases[] = {
        { "Host: 127.0.0.1:18789\r\n", true },
        { "Host: 127.0.0.1\r\n", true },
        { "Host: localhost:18789\r\n", true },
        { "Host: LOCALHOST\r\n", true },
        { "Host: [::1]:18789\r\n", true },
        { "Host: localhost:1\r\nOrigin: http://localhost:1\r\n", true },
        { "Host: localhost:1\r\nOrigin: HTTP://LOCALHOST:1\r\n", true },
        { "Host: evil.test\r\n", false },
        { "Host: localhost.evil.test\r\n", false },
        { "Host: 127.0.0.1.evil.test\r\n", false },
        { "Host: evil.test:18789\r\n", false },
        { "Host: 127.0.0.2\r\n", false },
        { "Host: 127.1\r\n", false },
        { "Host: 0x7f.0.0.1\r\n", false },
        { "Host: 2130706433\r\n", false },
        { "Host: 0.0.0.0\r\n", false },
        { "Host: [::ffff:127.0.0.1]\r\n", false },
        { "Host: localhost@evil.test\r\n", false },
        { "Host:\r\n", false },
        { "Host: localhost:1\r\nOrigin: null\r\n", false },
        { "Host: localhost:1\r\nOrigin: http://evil.test\r\n", false },
        { "Host: localhost:1\r\nOrigin: http://localhost:2\r\n", false },
        { "Host: localhost:1\r\nOrigin: http://localhost\r\n", false },
        { "Host: localhost:1\r\nOrigin: https://localhost:1\r\n", false },
        { "Host: localhost:1\r\nOrigin: http://127.0.0.1:1\r\n", false },
        { "Host: localhost:1\r\nOrigin: http://localhost:1\r\nOrigin: http://evil.test\r\n",
          false },
        { "Host: localhost:1\r\nOrigin: http://evil.test\r\nOrigin: http://localhost:1\r\n",
          false },
        { "Host: localhost:1\r\nOrigin: http://localhost:1/\r\n", false },
        { "Host: localhost:1\r\nOrigin:\r\n", false },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        autobuf struct buf b = { 0 };
        struct http_head h;

        buf_printf(&b, "GET / HTTP/1.1\r\n%s\r\n", cases[i].headers);
        assert_int_equal(judge(buf_str(&b), b.len, &h), 0);
        if (!relay_fault(&h) != cases[i].passes)
            fail_msg("%s", cases[i].headers);
    }
}

static void the_relay_takes_no_target_but_a_path(void **state)
{
    static const char *const targets[] = { "http://localhost/", "*", "localhost:1" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(targets); i++) {
        autobuf struct buf b = { 0 };
        struct http_head h;

        buf_printf(&b, "%s %s HTTP/1.1\r\nHost: localhost:1\r\n\r\n",
                   i == 2 ? "CONNECT" : "OPTIONS", targets[i]);
        assert_int_equal(judge(buf_str(&b), b.len, &h), 0);
        assert_non_null(relay_fault(&h));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_requests_are_taken),
        cmocka_unit_test(every_smuggling_vector_is_refused),
        cmocka_unit_test(a_head_that_is_too_long_is_refused),
        cmocka_unit_test(too_many_headers_are_refused),
        cmocka_unit_test(a_head_is_found_however_it_arrives),
        cmocka_unit_test(hop_headers_end_here),
        cmocka_unit_test(answers_are_read_as_strictly),
        cmocka_unit_test(chunked_bodies_are_read_to_the_byte),
        cmocka_unit_test(a_body_of_a_length_ends_at_it),
        cmocka_unit_test(the_relay_takes_only_requests_meant_for_it),
        cmocka_unit_test(the_relay_takes_no_target_but_a_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
