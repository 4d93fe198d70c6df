#include "policy/hostname.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether the last label is all digits or 0x...: then resolvers may take the whole for an address. */
static bool ends_in_number(const char *text)
{
    const char *label = strrchr(text, '.');

    label = label ? label + 1 : text;
    if (label[0] == '0' && label[1] == 'x')
        return true;
    return label[strspn(label, "0123456789")] == '\0';
}

static int check_labels(const char *text)
{
    size_t label = 0;

    for (const char *p = text;; p++) {
        if (*p == '.' || *p == '\0') {
            if (label == 0 || label > 63 || p[-1] == '-')
                return -EINVAL;
            label = 0;
            if (*p == '\0')
                return 0;
        } else if (!is_label_char(*p) || (label == 0 && *p == '-')) {
            return -EINVAL;
        } else {
            label++;
        }
    }
}

static int parse_ipv6(const char *text, size_t len, struct hostname *h)
{
    char inner[INET6_ADDRSTRLEN];
    struct in6_addr a;

    if (len < 4 || text[len - 1] != ']' || len - 2 >= sizeof inner)
        return -EINVAL;
    memcpy(inner, text + 1, len - 2);
    inner[len - 2] = '\0';
    if (strlen(inner) != len - 2 || inet_pton(AF_INET6, inner, &a) != 1)
        return -EINVAL;
    h->kind = HOST_IPV6;
    inet_ntop(AF_INET6, &a, h->text, sizeof h->text);
    return 0;
}

int hostname_parse(const char *text, size_t len, struct hostname *ret)
{
    struct hostname h = { .kind = HOST_NAME };
    struct in_addr a;

    if (len && text[0] == '[') {
        int r = parse_ipv6(text, len, &h);

        if (r == 0)
            *ret = h;
        return r;
    }
    if (len && text[len - 1] == '.')
        len--;
    if (len == 0 || len > HOSTNAME_MAX)
        return -EINVAL;
    for (size_t i = 0; i < len; i++)
        h.text[i] = lower(text[i]);
    if (strlen(h.text) != len || check_labels(h.text) < 0)
        return -EINVAL;
    if (ends_in_number(h.text)) {
        if (inet_pton(AF_INET, h.text, &a) != 1) /* dotted quad only, without leading zeros */
            return -EINVAL;
        h.kind = HOST_IPV4;
    }
    *ret = h;
    return 0;
}

static int parse_port(const char *text, size_t len, uint16_t *ret)
{
    unsigned port = 0;

    if (len == 0 || len > 5 || text[0] == '0')
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return -EINVAL;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    if (port > 65535)
        return -EINVAL;
    *ret = (uint16_t)port;
    return 0;
}

int authority_parse(const char *text, size_t len, uint16_t fallback, struct hostname *host,
                    uint16_t *port)
{
    const char *colon = memrchr(text, ':', len);
    size_t host_len = len;
    uint16_t p = fallback;

    if (colon && !memchr(colon, ']', len - (size_t)(colon - text))) {
        host_len = (size_t)(colon - text);
        if (parse_port(colon + 1, len - host_len - 1, &p) < 0)
            return -EINVAL;
    }
    if (p == 0 || hostname_parse(text, host_len, host) < 0)
        return -EINVAL;
    *port = p;
    return 0;
}
