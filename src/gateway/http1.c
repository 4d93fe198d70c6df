#include "gateway/http1.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

ssize_t http_head_length(const char *bytes, size_t len)
{
    size_t max = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX;

    for (size_t i = 0; i < max; i++) {
        if (bytes[i] == '\0' || (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')))
            return -EBADMSG;
        if (i && bytes[i - 1] == '\r' && bytes[i] != '\n')
            return -EBADMSG;
        if (bytes[i] == '\n' && i >= 3 && bytes[i - 2] == '\n')
            return (ssize_t)i + 1;
    }
    return len >= HTTP_HEAD_MAX ? -EMSGSIZE : 0;
}

bool http_text_is(struct http_text t, const char *s)
{
    return t.at && t.len == strlen(s) && memcmp(t.at, s, t.len) == 0;
}

bool http_text_is_ci(struct http_text t, const char *s)
{
    return t.at && t.len == strlen(s) && strncasecmp(t.at, s, t.len) == 0;
}

struct http_text http_header(const struct http_head *h, const char *name)
{
    struct http_text found = { 0 };

    for (size_t i = 0; i < h->count; i++)
        if (http_text_is_ci(h->headers[i].name, name)) {
            if (found.at)
                return (struct http_text){ 0 };
            found = h->headers[i].value;
        }
    return found;
}

static bool list_has(struct http_text list, struct http_text token)
{
    const char *p = list.at, *end = list.at + list.len;

    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma ? comma : end, *last = stop;

        while (p < last && (*p == ' ' || *p == '\t'))
            p++;
        while (last > p && (last[-1] == ' ' || last[-1] == '\t'))
            last--;
        if ((size_t)(last - p) == token.len && strncasecmp(p, token.at, token.len) == 0)
            return true;
        p = stop + 1;
    }
    return false;
}

static bool headers_have(const struct http_head *h, const char *name, struct http_text token)
{
    for (size_t i = 0; i < h->count; i++)
        if (http_text_is_ci(h->headers[i].name, name) && list_has(h->headers[i].value, token))
            return true;
    return false;
}

bool http_header_has(const struct http_head *h, const char *name, const char *token)
{
    return headers_have(h, name, (struct http_text){ token, strlen(token) });
}

bool http_is_hop_header(const struct http_head *h, struct http_text name)
{
    static const char *const hop[] = {
        "Connection", "Keep-Alive",        "Proxy-Connection",   "Proxy-Authorization",
        "TE",         "Trailer",           "Proxy-Authenticate", "Proxy-Authentication-Info",
        "Upgrade",    "Transfer-Encoding",
    };

    for (size_t i = 0; i < sizeof hop / sizeof hop[0]; i++)
        if (http_text_is_ci(name, hop[i]))
            return true;
    return headers_have(h, "Connection", name);
}
