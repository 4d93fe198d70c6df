/* HTTP/1 as strangers send it: one strict layer around a parser library that can be replaced (only
 * http1_parse.c includes it). Heads are parsed whole; bodies by a decoder of our own. Nothing that
 * is parsed here is passed on as it came, except by the relay, whose two ends agree by strictness.
 *
 * Refused, whatever the library thinks of it: names that aren't tokens, blanks before the colon,
 * folded lines, bare CR or LF, control characters, versions other than 1.0 and 1.1, more than one
 * Host or Content-Length or Transfer-Encoding, a Content-Length that isn't digits, both lengths at
 * once, a Transfer-Encoding that isn't exactly "chunked", chunk extensions, chunks that don't end
 * where they say. */
#ifndef DEFENSECLAW_GATEWAY_HTTP1_H
#define DEFENSECLAW_GATEWAY_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HTTP_HEAD_MAX 16384 /* bytes of one head, its blank line included */
#define HTTP_HEADERS_MAX 100
#define HTTP_METHOD_MAX 24

struct http_text {
    const char *at; /* into the head's bytes, not terminated */
    size_t len;
};

struct http_header {
    struct http_text name, value; /* value without blanks around it */
};

enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED, HTTP_UNTIL_CLOSE };

struct http_head {
    char method[HTTP_METHOD_MAX + 1]; /* requests */
    struct http_text target;          /* requests: as it stands in the request line */
    unsigned status;                  /* responses */
    unsigned minor;                   /* of the version: 0 or 1 */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t count;
    struct http_text host; /* value of Host; at is NULL without one */
    enum http_framing framing;
    uint64_t length; /* HTTP_LENGTH */
    bool keep_alive; /* what the sender wants, by version and Connection */
    bool upgrade;    /* Upgrade stands there */
    bool expect;     /* Expect: 100-continue */
};

/* How many of the bytes are the first head, its blank line included; 0 when it isn't whole yet.
 * -EBADMSG at the first bare LF, CR or NUL, -EMSGSIZE when it doesn't end within HTTP_HEAD_MAX. */
ssize_t http_head_length(const char *bytes, size_t len);

/* Parse a whole head. The texts in ret point into bytes. 0, or the status to answer with (400, 417,
 * 431, 501, 505), with *why one line of static text. */
int http_parse_request(const char *bytes, size_t len, struct http_head *ret, const char **why);
/* no_body: the answer to HEAD. 0 or 502. */
int http_parse_response(const char *bytes, size_t len, bool no_body, struct http_head *ret,
                        const char **why);

bool http_text_is(struct http_text t, const char *s);    /* whole, case counts */
bool http_text_is_ci(struct http_text t, const char *s); /* whole, case doesn't */
/* The one header of that name: its value, at NULL when there is none or more than one. */
struct http_text http_header(const struct http_head *h, const char *name);
/* Whether the comma-separated list of a header (in all its lines) has the token, in any case. */
bool http_header_has(const struct http_head *h, const char *name, const char *token);
/* Whether the name is one that ends at this hop: Connection and what it names, Keep-Alive, … */
bool http_is_hop_header(const struct http_head *h, struct http_text name);

/* A body being read. */
struct http_body {
    enum http_framing framing;
    uint64_t left; /* of the body, or of the chunk */
    int state;
    unsigned digits, trailer;
};

void http_body_start(struct http_body *b, const struct http_head *h);
/* Reads on: *used bytes were understood, and data of them (NULL when none) is a piece of the body.
 * Call again with the rest while it returns 0 and bytes remain. 1 when the body has ended, -EBADMSG
 * when it isn't well formed. HTTP_UNTIL_CLOSE never returns 1. */
int http_body_read(struct http_body *b, const char *bytes, size_t len, size_t *used,
                   struct http_text *data);

#endif
