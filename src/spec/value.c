#include "spec/value.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "spec/instance.h"

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
    if (!json_text_ok(path))
        return "must be UTF-8";
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
