#include "spec/value.h"

#include "base/mem.h"
#include "base/nearest.h"
#include "spec/instance.h"

#include <arpa/inet.h>
#include <string.h>

int value_refuse(const struct option *o, const char *text, struct err *e, const char *fmt, ...)
{
    char why[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return err_set(e, -EINVAL, EXIT_USAGE, "--%s: %s: %s", o->name,
                   text && *text ? text : "(empty)", why);
}

/* -- words -- */

static int find_word(const struct option *o, const char *text, const char *const *words,
                     size_t count, struct err *e)
{
    struct nearest n = { .given = text };

    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], text) == 0)
            return (int)i;
    for (size_t i = 0; i < count; i++)
        nearest_offer(&n, words[i]);
    return value_refuse(o, text, e, "must be one of %s%s%s", o->choices,
                        n.best ? "; nearest is " : "", n.best ? n.best : "");
}

static int parse_policy(const struct option *o, const char *text, void *field, struct err *e)
{
    int r = find_word(o, text, policy_names, POLICY_COUNT, e);

    if (r < 0)
        return r;
    *(enum policy *)field = (enum policy)r;
    return 0;
}

static cJSON *save_policy(const void *field)
{
    return cJSON_CreateString(policy_names[*(const enum policy *)field]);
}

const struct option_type type_policy = { parse_policy, save_policy };

static const char *const dns_filter_names[] = {
    [DNS_FILTER_TEMPLATE] = "template",
    [DNS_FILTER_NONE] = "none",
    [DNS_FILTER_POLICY] = "policy",
};

static int parse_dns_filter(const struct option *o, const char *text, void *field, struct err *e)
{
    int r = find_word(o, text, dns_filter_names, N_ELEMENTS(dns_filter_names), e);

    if (r < 0)
        return r;
    if (r == DNS_FILTER_TEMPLATE)
        return value_refuse(o, text, e, "must be one of %s; leave it out for the template's",
                            o->choices);
    *(enum dns_filter *)field = (enum dns_filter)r;
    return 0;
}

static cJSON *save_dns_filter(const void *field)
{
    enum dns_filter f = *(const enum dns_filter *)field;

    return f == DNS_FILTER_TEMPLATE ? NULL : cJSON_CreateString(dns_filter_names[f]);
}

const struct option_type type_dns_filter = { parse_dns_filter, save_dns_filter };

/* -- numbers -- */

static int parse_port(const struct option *o, const char *text, void *field, struct err *e)
{
    unsigned port = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9' && port <= 65535; p++)
        port = port * 10 + (unsigned)(*p - '0');
    if (*p || text[0] == '\0' || text[0] == '0' || port > 65535)
        return value_refuse(o, text, e, "must be a port, 1 to 65535");
    *(uint16_t *)field = (uint16_t)port;
    return 0;
}

static cJSON *save_port(const void *field)
{
    return cJSON_CreateNumber(*(const uint16_t *)field);
}

const struct option_type type_port = { parse_port, save_port };

/* -- addresses -- */

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

/* -- names -- */

static cJSON *save_text(const void *field)
{
    return *(const char *)field ? cJSON_CreateString(field) : NULL;
}

/* N names the user, and N0 the link: neither may be somebody's already on every machine. */
static const char *const taken_names[] = {
    "root",    "daemon",  "bin",     "sys",    "sync",       "games",       "man",    "lp",
    "mail",    "news",    "uucp",    "proxy",  "backup",     "list",        "irc",    "nobody",
    "nogroup", "adm",     "tty",     "disk",   "sudo",       "staff",       "users",  "shadow",
    "sshd",    "polkitd", "tcpdump", "docker", "messagebus", "defenseclaw", "wheel",  "input",
    "eth",     "wlan",    "ens",     "eno",    "enp",        "bond",        "br",     "dummy",
    "tun",     "tap",     "veth",    "virbr",  "wg",         "team",        "vnet",   "lxcbr",
    "gre",     "sit",     "ip6tnl",  "ifb",    "tunl",       "erspan",      "gretap", "teql",
};

static int parse_name(const struct option *o, const char *text, void *field, struct err *e)
{
    if (!name_valid(text))
        return value_refuse(o, text, e,
                            "must be a small letter, then at most 11 small letters or digits");
    for (size_t i = 0; i < N_ELEMENTS(taken_names); i++)
        if (strcmp(taken_names[i], text) == 0)
            return value_refuse(o, text, e, "is the name of a system's own user, group or link");
    strcpy(field, text); /* name_valid() bounds it */
    return 0;
}

const struct option_type type_name = { parse_name, save_text };

static int parse_gateway_user(const struct option *o, const char *text, void *field, struct err *e)
{
    size_t len = strlen(text);

    if (len == 0 || len > 32 || !strchr("abcdefghijklmnopqrstuvwxyz_", text[0]) ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789-.") != len)
        return value_refuse(o, text, e, "not a user's name");
    if (strcmp(text, "root") == 0)
        return value_refuse(o, text, e, "the gateway never runs as root; name another user");
    memcpy(field, text, len + 1);
    return 0;
}

const struct option_type type_gateway_user = { parse_gateway_user, save_text };

/* -- paths -- */

/* NULL when path is absolute, canonical and plain, else why not. */
static const char *path_wrong(const char *path)
{
    if (path[0] != '/')
        return "must be an absolute path";
    if (strlen(path) > 255)
        return "is longer than 255 bytes";
    for (const char *p = path; *p; p++)
        if (*p <= ' ' || *p == 0x7f || strchr("\"'\\%$:*?[];|&<>`(){}~#", *p))
            return "must be plain: no blanks, quotes, or characters that shells and units read";
    if (strstr(path, "//") || path[strlen(path) - 1] == '/')
        return "must not have an empty part or a slash at its end";
    if (strstr(path, "/./") || strstr(path, "/../") || strcmp(strrchr(path, '/'), "/.") == 0 ||
        strcmp(strrchr(path, '/'), "/..") == 0)
        return "must not have . or .. in it";
    return NULL;
}

static int parse_program(const struct option *o, const char *text, void *field, struct err *e)
{
    if (path_wrong(text))
        return value_refuse(o, text, e, "%s", path_wrong(text));
    strcpy(field, text); /* path_wrong() bounds it */
    return 0;
}

const struct option_type type_program = { parse_program, save_text };

static const char *const system_dirs[] = {
    "/bin",        "/boot", "/dev",  "/efi", "/etc",  "/lib", "/lib32", "/lib64", "/libx32",
    "/lost+found", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp",   "/usr",   "/var",
};

/* Directories that hold homes: fine as a parent, never as the home itself. */
static const char *const parents[] = { "/home", "/srv", "/opt", "/mnt", "/media" };

static bool is_under(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static int parse_home(const struct option *o, const char *text, void *field, struct err *e)
{
    if (path_wrong(text))
        return value_refuse(o, text, e, "%s", path_wrong(text));
    for (size_t i = 0; i < N_ELEMENTS(system_dirs); i++)
        if (is_under(text, system_dirs[i]))
            return value_refuse(o, text, e, "is a directory of the system's (%s)", system_dirs[i]);
    for (size_t i = 0; i < N_ELEMENTS(parents); i++)
        if (strcmp(text, parents[i]) == 0)
            return value_refuse(o, text, e, "is where homes lie; name a directory in it");
    if (is_under(text, "/home") && strchr(text + sizeof "/home", '/'))
        return value_refuse(o, text, e, "lies in somebody's home");
    strcpy(field, text); /* path_wrong() bounds it */
    return 0;
}

const struct option_type type_home = { parse_home, save_text };
