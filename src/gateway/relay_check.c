#include "gateway/relay.h"
#include "policy/hostname.h"

#include <string.h>
#include <strings.h>

static bool is_local(struct http_text value)
{
    struct hostname host;
    uint16_t port;

    if (!value.at || authority_parse(value.at, value.len, 80, &host, &port) < 0)
        return false;
    return strcmp(host.text, "127.0.0.1") == 0 || strcmp(host.text, "localhost") == 0 ||
           strcmp(host.text, "::1") == 0;
}

static bool same_origin(struct http_text origin, struct http_text host)
{
    return origin.len == host.len + 7 && strncasecmp(origin.at, "http://", 7) == 0 &&
           strncasecmp(origin.at + 7, host.at, host.len) == 0;
}

const char *relay_fault(const struct http_head *h)
{
    if (h->target.at[0] != '/')
        return "the target must be a path";
    if (!is_local(h->host))
        return "Host is not this machine's loopback";
    for (size_t i = 0; i < h->count; i++)
        if (http_text_is_ci(h->headers[i].name, "Origin") &&
            !same_origin(h->headers[i].value, h->host))
            return "Origin is another page's";
    return NULL;
}
