/* One plain HTTP exchange: the request written anew to a connection of its own, the response read,
 * checked and written anew to the client. */
#include "base/mem.h"
#include "gateway/egress.h"
#include "gateway/pump.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>

#define QUIET_S 300 /* without a byte in any direction */

static void add_chunk(struct evbuffer *out, struct http_text data)
{
    evbuffer_add_printf(out, "%zx\r\n", data.len);
    evbuffer_add(out, data.at, data.len);
    evbuffer_add(out, "\r\n", 2);
}

/* All headers that pass this hop but those that are written anew. */
static void copy_headers(struct evbuffer *out, const struct http_head *h)
{
    static const char *const ours[] = { "Host", "Content-Length", "Expect" };

    for (size_t i = 0; i < h->count; i++) {
        const struct http_header *header = &h->headers[i];
        bool skip = http_is_hop_header(h, header->name);

        for (size_t k = 0; k < N_ELEMENTS(ours) && !skip; k++)
            skip = http_text_is_ci(header->name, ours[k]);
        if (skip)
            continue;
        evbuffer_add(out, header->name.at, header->name.len);
        evbuffer_add(out, ": ", 2);
        evbuffer_add(out, header->value.at, header->value.len);
        evbuffer_add(out, "\r\n", 2);
    }
}

static void write_request_head(struct egress *c, const struct http_head *h)
{
    struct evbuffer *out = bufferevent_get_output(c->upstream);
    bool v6 = c->host.kind == HOST_IPV6;

    evbuffer_add_printf(out, "%s %s HTTP/1.1\r\nHost: %s%s%s", c->method, c->path, v6 ? "[" : "",
                        c->host.text, v6 ? "]" : "");
    if (c->port != 80)
        evbuffer_add_printf(out, ":%u", c->port);
    evbuffer_add(out, "\r\n", 2);
    copy_headers(out, h);
    if (h->framing == HTTP_LENGTH)
        evbuffer_add_printf(out, "Content-Length: %llu\r\n", (unsigned long long)h->length);
    else if (h->framing == HTTP_CHUNKED)
        evbuffer_add_printf(out, "Transfer-Encoding: chunked\r\n");
    evbuffer_add_printf(out, "Connection: close\r\nVia: 1.%u defenseclaw\r\n\r\n", h->minor);
    c->up += (int64_t)evbuffer_get_length(out);
}

/* The exchange can't go on. What of an answer was passed on already is cut off, so that nobody
 * takes it for whole. */
static void broken(struct egress *c, const char *why)
{
    audit_end(c->g->audit, c->seq, c->up, c->down, now_ms() - c->began_ms, why);
    c->g->n.failed++;
    bufferevent_free(c->upstream);
    c->upstream = NULL;
    if (c->response_begun)
        egress_linger(c);
    else
        egress_answer(c, 502, why, NULL);
}

void egress_request_body(struct egress *c)
{
    struct evbuffer *in = bufferevent_get_input(c->client),
                    *out = bufferevent_get_output(c->upstream);

    while (!c->request_done && evbuffer_get_length(out) < EGRESS_HIGH) {
        size_t len = evbuffer_get_contiguous_space(in), used, was = evbuffer_get_length(out);
        struct http_text data;
        int r = http_body_read(&c->request, (const char *)evbuffer_pullup(in, (ev_ssize_t)len), len,
                               &used, &data);

        if (r < 0) {
            broken(c, "the request's body is not well formed");
            return;
        }
        if (data.len && c->request.framing == HTTP_CHUNKED)
            add_chunk(out, data);
        else if (data.len)
            evbuffer_add(out, data.at, data.len);
        if (r > 0 && c->request.framing == HTTP_CHUNKED)
            evbuffer_add(out, "0\r\n\r\n", 5);
        c->up += (int64_t)(evbuffer_get_length(out) - was);
        evbuffer_drain(in, used);
        c->request_done = r > 0;
        if (used)
            egress_set_deadline(c, QUIET_S);
        if (r == 0 && !used)
            break;
    }
    if (c->client_ended && !c->request_done && !evbuffer_get_length(in))
        broken(c, "the client ended in the middle of its request");
}

static void write_response_head(struct egress *c, const struct http_head *h, struct http_text line)
{
    struct evbuffer *out = bufferevent_get_output(c->client);
    struct http_text length = http_header(h, "Content-Length");

    c->chunk_answer =
        c->minor == 1 && (h->framing == HTTP_CHUNKED || h->framing == HTTP_UNTIL_CLOSE);
    c->keep_alive &= c->minor == 1 || h->framing == HTTP_LENGTH || h->framing == HTTP_NO_BODY;
    evbuffer_add_printf(out, "HTTP/1.1 %u", h->status);
    evbuffer_add(out, line.at, line.len); /* its reason, checked by the parser */
    evbuffer_add(out, "\r\n", 2);
    copy_headers(out, h);
    if (length.at && (h->framing == HTTP_LENGTH || strcmp(c->method, "HEAD") == 0))
        evbuffer_add_printf(out, "Content-Length: %.*s\r\n", (int)length.len, length.at);
    if (c->chunk_answer)
        evbuffer_add_printf(out, "Transfer-Encoding: chunked\r\n");
    evbuffer_add_printf(out, "Connection: %s\r\n\r\n", c->keep_alive ? "keep-alive" : "close");
}

/* 1 when the answer's head was passed on, 0 when more is needed, -1 when c is gone. */
static int read_response_head(struct egress *c)
{
    struct evbuffer *in = bufferevent_get_input(c->upstream);
    bool head_only = strcmp(c->method, "HEAD") == 0;

    for (;;) {
        size_t have = evbuffer_get_length(in), look = have < HTTP_HEAD_MAX ? have : HTTP_HEAD_MAX;
        const char *bytes = (const char *)evbuffer_pullup(in, (ev_ssize_t)look), *why;
        ssize_t len = http_head_length(bytes, look);
        struct http_head h;

        if (len == 0)
            return 0;
        why = "the answer's head is not well formed";
        if (len < 0 || http_parse_response(bytes, (size_t)len, head_only, &h, &why)) {
            broken(c, why);
            return -1;
        }
        if (h.status == 101) {
            broken(c, "the server switched protocols, which nobody asked for");
            return -1;
        }
        if (h.status >= 200) {
            struct http_text reason = {
                bytes + 12, (size_t)((const char *)memchr(bytes, '\r', (size_t)len) - bytes) - 12
            };

            c->response_begun = true;
            c->down += len;
            http_body_start(&c->response, &h);
            write_response_head(c, &h, reason);
            evbuffer_drain(in, (size_t)len);
            return 1;
        }
        evbuffer_drain(in, (size_t)len); /* 1xx: the client was answered by us where it asked */
    }
}

static void response_done(struct egress *c)
{
    if (c->chunk_answer)
        bufferevent_write(c->client, "0\r\n\r\n", 5);
    egress_next(c, c->keep_alive && c->request_done);
}

/* Returns false when c is gone or serves its next request. */
static bool pass_response(struct egress *c)
{
    struct evbuffer *in = bufferevent_get_input(c->upstream),
                    *out = bufferevent_get_output(c->client);

    for (;;) {
        size_t len = evbuffer_get_contiguous_space(in), used;
        struct http_text data;
        int r = http_body_read(&c->response, (const char *)evbuffer_pullup(in, (ev_ssize_t)len),
                               len, &used, &data);

        if (r < 0) {
            broken(c, "the answer's body is not well formed");
            return false;
        }
        if (data.len && c->chunk_answer)
            add_chunk(out, data);
        else if (data.len)
            evbuffer_add(out, data.at, data.len);
        c->down += (int64_t)used;
        evbuffer_drain(in, used);
        if (r > 0) {
            response_done(c);
            return false;
        }
        if (!used)
            break;
    }
    if (evbuffer_get_length(out) > EGRESS_HIGH)
        bufferevent_disable(c->upstream, EV_READ);
    return true;
}

static void on_upstream_read(struct bufferevent *bev, void *arg)
{
    struct egress *c = arg;

    (void)bev;
    egress_set_deadline(c, QUIET_S);
    if (!c->response_begun && read_response_head(c) <= 0)
        return;
    pass_response(c);
}

static void on_upstream_write(struct bufferevent *bev, void *arg)
{
    (void)bev;
    egress_request_body(arg);
}

static void on_upstream_event(struct bufferevent *bev, short what, void *arg)
{
    struct egress *c = arg;

    (void)bev;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
        return;
    if (what & BEV_EVENT_EOF && c->response_begun && c->response.framing == HTTP_UNTIL_CLOSE)
        response_done(c);
    else
        broken(c, c->response_begun ? "the server ended in the middle of its answer"
                                    : "the server ended without an answer");
}

void egress_exchange(struct egress *c)
{
    struct http_head h;
    const char *why;

    http_parse_request(buf_str(&c->head), c->head.len, &h, &why); /* it was parsed before */
    pump_tune(c->upstream);
    bufferevent_setcb(c->upstream, on_upstream_read, on_upstream_write, on_upstream_event, c);
    bufferevent_setwatermark(c->upstream, EV_WRITE, EGRESS_LOW, 0);
    write_request_head(c, &h);
    if (h.expect)
        bufferevent_write(c->client, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    bufferevent_enable(c->upstream, EV_READ | EV_WRITE);
    egress_set_deadline(c, QUIET_S);
    egress_request_body(c);
}
