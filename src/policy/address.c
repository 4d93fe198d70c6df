#include "policy/address.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <string.h>

struct special {
    const char *prefix;
    const char *what;
    bool never;
};

/* First match counts. IANA's special-purpose registries, plus the addresses at which clouds serve
 * credentials. */
static const struct special specials[] = {
    { "0.0.0.0/8", "unspecified", true },
    { "127.0.0.0/8", "loopback", false },
    { "169.254.169.254/32", "metadata", false },
    { "169.254.170.2/32", "metadata", false },
    { "100.100.100.200/32", "metadata", false },
    { "168.63.129.16/32", "metadata", false },
    { "192.0.0.192/32", "metadata", false },
    { "169.254.0.0/16", "link-local", false },
    { "10.0.0.0/8", "private", false },
    { "172.16.0.0/12", "private", false },
    { "192.168.0.0/16", "private", false },
    { "100.64.0.0/10", "shared (CGNAT)", false },
    { "192.0.0.0/24", "reserved", false },
    { "192.0.2.0/24", "documentation", false },
    { "198.51.100.0/24", "documentation", false },
    { "203.0.113.0/24", "documentation", false },
    { "192.88.99.0/24", "6to4 relay", false },
    { "198.18.0.0/15", "benchmarking", false },
    { "224.0.0.0/4", "multicast", true },
    { "255.255.255.255/32", "broadcast", true },
    { "240.0.0.0/4", "reserved", false },
    { "::/128", "unspecified", true },
    { "::1/128", "loopback", false },
    { "::ffff:0:0/96", "IPv4-mapped", false },
    { "::ffff:0:0:0/96", "IPv4-translated", false },
    { "::/96", "IPv4-compatible", false },
    { "64:ff9b::/96", "NAT64", false },
    { "64:ff9b:1::/48", "NAT64", false },
    { "100::/64", "discard", false },
    { "2001::/32", "Teredo", false },
    { "2001:db8::/32", "documentation", false },
    { "2001::/23", "reserved", false },
    { "2002::/16", "6to4", false },
    { "3fff::/20", "documentation", false },
    { "5f00::/16", "reserved", false },
    { "fd00:ec2::254/128", "metadata", false },
    { "fd20:ce::254/128", "metadata", false },
    { "fc00::/7", "unique local", false },
    { "fe80::/10", "link-local", false },
    { "fec0::/10", "site-local", false },
    { "ff00::/8", "multicast", true },
};

static struct prefix parsed[N_ELEMENTS(specials)];

__attribute__((constructor)) static void parse_specials(void)
{
    for (size_t i = 0; i < N_ELEMENTS(specials); i++) {
        char text[64];
        char *slash;

        strncpy(text, specials[i].prefix, sizeof text - 1);
        text[sizeof text - 1] = '\0';
        slash = strchr(text, '/');
        *slash = '\0';
        address_parse(text, &parsed[i].address);
        parsed[i].bits = (unsigned)strtoul(slash + 1, NULL, 10);
    }
}

static const struct special *find_special(const struct address *a)
{
    for (size_t i = 0; i < N_ELEMENTS(specials); i++)
        if (prefix_has(&parsed[i], a))
            return &specials[i];
    return NULL;
}

const char *address_special(const struct address *a)
{
    const struct special *s = find_special(a);

    if (s)
        return s->what;
    if (a->family == AF_INET6 && (a->bytes[0] & 0xe0) != 0x20)
        return "not global unicast"; /* only 2000::/3 is handed out */
    return NULL;
}

bool address_never(const struct address *a)
{
    const struct special *s = find_special(a);

    return s && s->never;
}

bool prefix_has(const struct prefix *p, const struct address *a)
{
    unsigned whole = p->bits / 8, rest = p->bits % 8;

    if (p->address.family != a->family || memcmp(p->address.bytes, a->bytes, whole) != 0)
        return false;
    return !rest || ((p->address.bytes[whole] ^ a->bytes[whole]) >> (8 - rest)) == 0;
}

static bool bits_behind(const struct prefix *p)
{
    unsigned size = p->address.family == AF_INET ? 32 : 128;

    for (unsigned i = p->bits; i < size; i++)
        if (p->address.bytes[i / 8] & (0x80 >> (i % 8)))
            return true;
    return false;
}

const char *prefix_parse(const char *text, struct prefix *ret)
{
    struct prefix p = { 0 };
    char host[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "/");
    const char *bits = text[len] ? text + len + 1 : NULL;
    unsigned size;

    if (len >= sizeof host)
        return "not an IP address";
    memcpy(host, text, len);
    host[len] = '\0';
    if (address_parse(host, &p.address) < 0)
        return "not an IP address or network (10.0.0.5, 10.0.0.0/8, fd00::/8)";
    size = p.address.family == AF_INET ? 32 : 128;
    p.bits = size;
    if (bits) {
        if (!*bits || strlen(bits) > 3 || bits[strspn(bits, "0123456789")] ||
            (p.bits = (unsigned)strtoul(bits, NULL, 10)) > size)
            return "not a prefix length";
    }
    if (bits_behind(&p))
        return "bits are set behind the prefix";
    if (p.bits < (p.address.family == AF_INET ? 8 : 16))
        return "a network that wide would name everything";
    *ret = p;
    return NULL;
}

const char *address_text(const struct address *a, char *out)
{
    if (!inet_ntop(a->family, a->bytes, out, INET6_ADDRSTRLEN))
        out[0] = '\0';
    return out;
}

int address_parse(const char *text, struct address *ret)
{
    struct address a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

    if (inet_pton(a.family, text, a.bytes) != 1)
        return -EINVAL;
    *ret = a;
    return 0;
}

int address_from_sockaddr(const struct sockaddr *sa, struct address *ret)
{
    *ret = (struct address){ .family = sa->sa_family };
    if (sa->sa_family == AF_INET)
        ret->v4 = ((const struct sockaddr_in *)(const void *)sa)->sin_addr;
    else if (sa->sa_family == AF_INET6)
        ret->v6 = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
    else
        return -EAFNOSUPPORT;
    return 0;
}

socklen_t address_to_sockaddr(const struct address *a, uint16_t port, struct sockaddr_storage *ret)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)ret;

    memset(ret, 0, sizeof *ret);
    ret->ss_family = (sa_family_t)a->family;
    if (a->family == AF_INET) {
        v4->sin_addr = a->v4;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    v6->sin6_addr = a->v6;
    v6->sin6_port = htons(port);
    return sizeof *v6;
}
