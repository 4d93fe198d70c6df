#include "base/mem.h"
#include "spec/value.h"

#include <arpa/inet.h>
#include <string.h>

struct range {
    uint32_t base;
    unsigned bits;
    const char *what;
};

static const struct range never[] = {
    { 0x00000000, 8, "is in 0.0.0.0/8, which is no host's" },
    { 0x7f000000, 8, "is a loopback address" },
    { 0xe0000000, 4, "is a multicast address" },
    { 0xffffffff, 32, "is the broadcast address" },
    { 0xf0000000, 4, "is in 240.0.0.0/4, which is reserved" },
};

/* NULL when any host may have the address, else why not. */
static const char *never_a_host(struct in_addr a)
{
    for (size_t i = 0; i < N_ELEMENTS(never); i++)
        if ((ntohl(a.s_addr) ^ never[i].base) >> (32 - never[i].bits) == 0)
            return never[i].what;
    return NULL;
}

static int read_address(const struct option *o, const char *text, struct in_addr *ret,
                        struct err *e)
{
    struct in6_addr six;

    if (inet_pton(AF_INET6, text, &six) == 1)
        return value_refuse(o, text, e, "is an IPv6 address, and inside there is only IPv4");
    if (inet_pton(AF_INET, text, ret) != 1)
        return value_refuse(o, text, e,
                            "not an IPv4 address: four decimal numbers, as in 10.200.0.2");
    if (never_a_host(*ret))
        return value_refuse(o, text, e, "%s", never_a_host(*ret));
    return 0;
}

static int parse_address(const struct option *o, const char *text, void *field, struct err *e)
{
    struct in_addr a;
    int r = read_address(o, text, &a, e);
    uint32_t host;

    if (r < 0)
        return r;
    host = ntohl(a.s_addr);
    if (host >> 16 == 0xa9fe)
        return value_refuse(o, text, e, "is link-local, where clouds keep their metadata");
    if ((host & 0xff) == 0 || (host & 0xff) == 0xff)
        return value_refuse(o, text, e, "is a network's or a broadcast address; take .1 to .254");
    *(struct in_addr *)field = a;
    return 0;
}

static cJSON *save_address(const void *field)
{
    char text[INET_ADDRSTRLEN];

    return cJSON_CreateString(inet_ntop(AF_INET, field, text, sizeof text));
}

const struct option_type type_address = { parse_address, save_address };

static int add_server(const struct option *o, const char *text, struct spec *s, struct err *e)
{
    struct in_addr a;
    int r;

    if (strcmp(text, "host") == 0)
        return value_refuse(o, text, e, "host stands alone, not in a list");
    r = read_address(o, text, &a, e);
    if (r < 0)
        return r;
    if (ntohl(a.s_addr) == 0xa9fea9fe)
        return value_refuse(o, text, e,
                            "is the cloud's metadata address; --dns host asks it from the host");
    for (size_t i = 0; i < s->dns_count; i++)
        if (s->dns[i].s_addr == a.s_addr)
            return value_refuse(o, text, e, "stands twice in the list");
    if (s->dns_count == DNS_MAX)
        return value_refuse(o, text, e, "one server too many; at most %d", DNS_MAX);
    s->dns[s->dns_count++] = a;
    return 0;
}

/* The three fields of --dns begin with dns_host. */
static struct spec *spec_of_dns(void *field)
{
    return (struct spec *)((char *)field - offsetof(struct spec, dns_host));
}

static int parse_dns(const struct option *o, const char *text, void *field, struct err *e)
{
    struct spec *s = spec_of_dns(field), found = { .dns_host = strcmp(text, "host") == 0 };
    const char *p = text;
    int r;

    while (!found.dns_host) {
        char one[64];
        size_t len = strcspn(p, ",");

        if (len == 0)
            return value_refuse(o, text, e, "an empty place in the list of servers");
        snprintf(one, sizeof one, "%.*s", (int)len, p);
        r = add_server(o, one, &found, e);
        if (r < 0)
            return r;
        p += len;
        if (*p++ == '\0')
            break;
    }
    s->dns_host = found.dns_host;
    s->dns_count = found.dns_count;
    memcpy(s->dns, found.dns, sizeof s->dns);
    return 0;
}

static cJSON *save_dns(const void *field)
{
    const struct spec *s = spec_of_dns((void *)field);
    autojson cJSON *list = s->dns_host ? NULL : cJSON_CreateArray();

    if (s->dns_host)
        return cJSON_CreateString("host");
    for (size_t i = 0; i < s->dns_count; i++)
        if (!cJSON_AddItemToArray(list, save_address(&s->dns[i])))
            return NULL;
    return mem_take(&list);
}

const struct option_type type_dns = { parse_dns, save_dns };
