#include "base/mem.h"
#include "policy/doc.h"
#include "policy/entry.h"
#include "policy/pattern.h"

#include <string.h>

enum { PORT_HTTPS = 443 };

struct loader {
    const char *what;
    struct err *e;
};

/* One table for each kind of map: what may stand there, and who reads it. A key without a reader is
 * one of upstream's that we know and don't take: why says what to do. */
struct key {
    const char *name;
    int (*read)(struct loader *l, const struct doc *d, void *into);
    const char *why;
};

static int fault(struct loader *l, const struct doc *d, const char *why)
{
    return doc_error(l->what, d, l->e, "%s", why);
}

static int want(struct loader *l, const struct doc *d, enum doc_kind kind, const char *form)
{
    if (d->kind == kind)
        return 0;
    return doc_error(l->what, d, l->e, "%s must be %s", d->key ? d->key : "an item", form);
}

/* A scalar's text; a variable that setup has left is no value. */
static int read_text(struct loader *l, const struct doc *d, const char **ret)
{
    int r = want(l, d, DOC_TEXT, "one value");

    if (r < 0)
        return r;
    if (strstr(d->text, "${"))
        return doc_error(l->what, d, l->e, "the variable %.64s has no value on this machine",
                         strstr(d->text, "${"));
    if (!d->text[0])
        return doc_error(l->what, d, l->e, "%s is empty", d->key ? d->key : "an item");
    *ret = d->text;
    return 0;
}

static int read_map(struct loader *l, const struct doc *d, const struct key *keys, size_t n,
                    void *into)
{
    int r = want(l, d, DOC_MAP, "a map");

    for (const struct doc *m = d->child; r == 0 && m; m = m->next) {
        const struct key *k = NULL;

        for (size_t i = 0; i < n && !k; i++)
            if (strcmp(keys[i].name, m->key) == 0)
                k = &keys[i];
        if (!k)
            r = doc_error(l->what, m, l->e, "unknown key %s", m->key);
        else if (!k->read)
            r = doc_error(l->what, m, l->e, "%s: %s", k->name, k->why);
        else
            r = k->read(l, m, into);
    }
    return r;
}

static void *new_list(const struct doc *d, size_t size)
{
    return calloc(d->count ? d->count : 1, size);
}

static int read_host(struct loader *l, const struct doc *d, void *into)
{
    struct endpoint *ep = into;
    const char *text = NULL, *why;
    struct hostname literal;
    char bracketed[HOSTNAME_MAX + 3];
    int r = read_text(l, d, &text);

    if (r < 0)
        return r;
    if (strlen(text) > HOSTNAME_MAX)
        return fault(l, d, "host: longer than a host name can be");
    snprintf(bracketed, sizeof bracketed, strchr(text, ':') && text[0] != '[' ? "[%s]" : "%s",
             text);
    if (hostname_parse(bracketed, strlen(bracketed), &literal) == 0) {
        ep->host = literal;
        return 0;
    }
    for (size_t i = 0; text[i]; i++)
        ep->host.text[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    ep->wildcard = strchr(text, '*') != NULL;
    why = pattern_host_fault(ep->host.text);
    if (!why && !ep->wildcard)
        why = "not a host name or an IP address in its usual form";
    return why ? doc_error(l->what, d, l->e, "host %s: %s", text, why) : 0;
}

static int add_port(struct loader *l, const struct doc *d, struct endpoint *ep)
{
    unsigned long port;
    const char *text = NULL;
    int r = read_text(l, d, &text);

    if (r < 0)
        return r;
    port = strlen(text) <= 5 && !text[strspn(text, "0123456789")] ? strtoul(text, NULL, 10) : 0;
    if (d->quoted || text[0] == '0' || port < 1 || port > 65535)
        return doc_error(l->what, d, l->e, "port %s: must be a number from 1 to 65535", text);
    for (size_t i = 0; i < ep->port_count; i++)
        if (ep->ports[i] == port)
            return doc_error(l->what, d, l->e, "port %s stands twice", text);
    ep->ports[ep->port_count++] = (uint16_t)port;
    return 0;
}

static int read_ports(struct loader *l, const struct doc *d, void *into)
{
    struct endpoint *ep = into;
    int r = want(l, d, DOC_LIST, "a list of port numbers");

    if (r < 0)
        return r;
    if (ep->ports)
        return fault(l, d, "port and ports stand side by side: keep one");
    ep->ports = new_list(d, sizeof *ep->ports);
    if (!ep->ports)
        return -ENOMEM;
    for (const struct doc *m = d->child; r == 0 && m; m = m->next)
        r = add_port(l, m, ep);
    return r;
}

static int read_port(struct loader *l, const struct doc *d, void *into)
{
    struct endpoint *ep = into;

    if (ep->ports)
        return fault(l, d, "port and ports stand side by side: keep one");
    ep->ports = calloc(1, sizeof *ep->ports);
    return ep->ports ? add_port(l, d, ep) : -ENOMEM;
}

static int read_tls(struct loader *l, const struct doc *d, void *into)
{
    const char *text = NULL;
    int r = read_text(l, d, &text);

    (void)into;
    if (r < 0 || strcmp(text, "skip") == 0)
        return r;
    return doc_error(
        l->what, d, l->e,
        "tls %s: only skip is taken: the gateway never opens TLS, it passes it through", text);
}

static int read_allowed(struct loader *l, const struct doc *d, void *into)
{
    struct endpoint *ep = into;
    int r = want(l, d, DOC_LIST, "a list of IP addresses or networks");

    if (r < 0)
        return r;
    ep->allowed = new_list(d, sizeof *ep->allowed);
    if (!ep->allowed)
        return -ENOMEM;
    for (const struct doc *m = d->child; m; m = m->next) {
        const char *text = NULL, *why;

        r = read_text(l, m, &text);
        if (r < 0)
            return r;
        why = prefix_parse(text, &ep->allowed[ep->allowed_count++]);
        if (why)
            return doc_error(l->what, m, l->e, "allowed_ips %s: %s", text, why);
    }
    return 0;
}

static int read_method(struct loader *l, const struct doc *d, void *into)
{
    struct rule *rule = into;
    const char *text = NULL;
    int r = read_text(l, d, &text);

    if (r < 0)
        return r;
    if (strcmp(text, "*") != 0 &&
        (strlen(text) > 16 || text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")]))
        return doc_error(l->what, d, l->e, "method %s: must be * or a method in capitals", text);
    rule->method = strdup(text);
    return rule->method ? 0 : -ENOMEM;
}

static int read_path(struct loader *l, const struct doc *d, void *into)
{
    struct rule *rule = into;
    const char *text = NULL;
    int r = read_text(l, d, &text);

    if (r < 0)
        return r;
    if (text[0] != '/' && strcmp(text, "**") != 0)
        return doc_error(l->what, d, l->e, "path %s: must begin with /", text);
    if (strpbrk(text, "?#[]{}\\ "))
        return doc_error(l->what, d, l->e, "path %s: only * and ** are special", text);
    rule->path = strdup(text);
    return rule->path ? 0 : -ENOMEM;
}

static int read_allow(struct loader *l, const struct doc *d, void *into)
{
    static const struct key keys[] = {
        { "method", read_method, NULL },
        { "path", read_path, NULL },
    };
    struct rule *rule = into;
    int r = read_map(l, d, keys, N_ELEMENTS(keys), rule);

    if (r == 0 && !rule->method)
        return fault(l, d, "allow: method is missing");
    return r;
}

static int read_rules(struct loader *l, const struct doc *d, void *into)
{
    static const struct key keys[] = {
        { "allow", read_allow, NULL },
        { "deny", NULL, "is not needed: what no rule allows is refused" },
    };
    struct endpoint *ep = into;
    int r = want(l, d, DOC_LIST, "a list of rules");

    if (r < 0)
        return r;
    ep->rules = new_list(d, sizeof *ep->rules);
    if (!ep->rules)
        return -ENOMEM;
    ep->has_rules = true;
    for (const struct doc *m = d->child; r == 0 && m; m = m->next) {
        struct rule *rule = &ep->rules[ep->rule_count++];

        r = read_map(l, m, keys, N_ELEMENTS(keys), rule);
        if (r == 0 && !rule->method)
            r = fault(l, m, "a rule needs allow");
    }
    return r;
}

static int check_endpoint(struct loader *l, const struct doc *d, const struct endpoint *ep)
{
    const struct doc *rules = d->child;

    if (!ep->host.text[0])
        return fault(l, d,
                     ep->allowed ? "allowed_ips without a host would match every host"
                                 : "host is missing");
    if (!ep->ports)
        return fault(l, d, "ports is missing");
    while (rules && strcmp(rules->key, "rules") != 0)
        rules = rules->next;
    for (size_t i = 0; rules && i < ep->port_count; i++)
        if (ep->ports[i] == PORT_HTTPS)
            return fault(l, rules,
                         "rules can't be checked on port 443, which only CONNECT reaches: "
                         "leave them out, or name the plain HTTP ports in an endpoint of "
                         "their own");
    return 0;
}

static int read_endpoint(struct loader *l, const struct doc *d, struct endpoint *ep)
{
    static const struct key keys[] = {
        { "host", read_host, NULL },
        { "ports", read_ports, NULL },
        { "port", read_port, NULL },
        { "tls", read_tls, NULL },
        { "allowed_ips", read_allowed, NULL },
        { "rules", read_rules, NULL },
        { "protocol", NULL, "leave it out: plain HTTP is always parsed, CONNECT never" },
        { "enforcement", NULL, "leave it out: an entry is always enforced" },
        { "access", NULL, "leave it out: write rules with method and path instead" },
    };
    int r = read_map(l, d, keys, N_ELEMENTS(keys), ep);

    return r < 0 ? r : check_endpoint(l, d, ep);
}

static int read_endpoints(struct loader *l, const struct doc *d, void *into)
{
    struct entry *entry = into;
    int r = want(l, d, DOC_LIST, "a list of endpoints");

    if (r < 0)
        return r;
    entry->endpoints = new_list(d, sizeof *entry->endpoints);
    if (!entry->endpoints)
        return -ENOMEM;
    for (const struct doc *m = d->child; r == 0 && m; m = m->next)
        r = read_endpoint(l, m, &entry->endpoints[entry->endpoint_count++]);
    return r;
}

static int read_binary_path(struct loader *l, const struct doc *d, void *into)
{
    char **path = into;
    const char *text = NULL;
    int r = read_text(l, d, &text);

    if (r < 0)
        return r;
    if (text[0] != '/' && strncmp(text, "**", 2) != 0)
        return doc_error(l->what, d, l->e, "path %s: a program is named by its absolute path",
                         text);
    *path = strdup(text);
    return *path ? 0 : -ENOMEM;
}

static int read_binaries(struct loader *l, const struct doc *d, void *into)
{
    static const struct key keys[] = { { "path", read_binary_path, NULL } };
    struct entry *entry = into;
    int r = want(l, d, DOC_LIST, "a list of programs");

    if (r < 0)
        return r;
    entry->has_binaries = true;
    entry->binaries = new_list(d, sizeof *entry->binaries);
    if (!entry->binaries)
        return -ENOMEM;
    for (const struct doc *m = d->child; r == 0 && m; m = m->next) {
        char **path = &entry->binaries[entry->binary_count++];

        r = read_map(l, m, keys, N_ELEMENTS(keys), path);
        if (r == 0 && !*path)
            r = fault(l, m, "path is missing");
    }
    return r;
}

static int read_entry(struct loader *l, const struct doc *d, struct entry *entry)
{
    static const struct key keys[] = {
        { "binaries", read_binaries, NULL },
        { "endpoints", read_endpoints, NULL },
        { "name", NULL, "leave it out: the entry's key is its name" },
    };
    int r;

    if (!d->key[0] || strlen(d->key) > 64)
        return fault(l, d, "an entry's name has 1 to 64 bytes");
    if (strpbrk(d->key, "\r\n\t\""))
        return fault(l, d, "an entry's name is one line without quotes");
    entry->name = strdup(d->key);
    if (!entry->name)
        return -ENOMEM;
    r = read_map(l, d, keys, N_ELEMENTS(keys), entry);
    if (r == 0 && !entry->endpoints)
        r = fault(l, d, "endpoints is missing");
    return r;
}

static int read_policies(struct loader *l, const struct doc *d, void *into)
{
    struct egress_policy *p = into;
    int r = want(l, d, DOC_MAP, "a map of entries ({} when nothing is allowed)");

    if (r < 0)
        return r;
    p->entries = new_list(d, sizeof *p->entries);
    if (!p->entries)
        return -ENOMEM;
    for (const struct doc *m = d->child; r == 0 && m; m = m->next)
        r = read_entry(l, m, &p->entries[p->count++]);
    return r;
}

static int read_root(struct loader *l, const struct doc *root, struct egress_policy *p)
{
    static const struct key keys[] = {
        { "network_policies", read_policies, NULL },
        { "filesystem_policy", NULL, "is upstream's: the unit's file system is fixed here" },
        { "process", NULL, "is upstream's: the unit's user is the instance's here" },
        { "landlock", NULL, "is upstream's: the unit's file system is fixed here" },
        { "version", NULL, "leave it out" },
    };
    int r;

    if (root->kind != DOC_MAP)
        return fault(l, root, "the file must be a map with network_policies");
    r = read_map(l, root, keys, N_ELEMENTS(keys), p);
    if (r == 0 && !p->entries)
        r = fault(l, root, "network_policies is missing");
    return r;
}

int policy_load(const char *what, const void *yaml, size_t len, struct egress_policy **ret,
                struct err *e)
{
    struct loader l = { .what = what, .e = e };
    struct egress_policy *p = NULL;
    struct doc *root = NULL;
    int r;

    if (len > POLICY_FILE_MAX)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: more than 4 MiB", what);
    r = doc_read(what, yaml, len, &root, e);
    if (r < 0)
        return r;
    p = calloc(1, sizeof *p);
    r = p ? read_root(&l, root, p) : -ENOMEM;
    doc_free(root);
    if (r == -ENOMEM)
        err_set(e, r, EXIT_FAILED, "%s: out of memory", what);
    if (r < 0) {
        policy_free(p);
        return r;
    }
    digest_hex(yaml, len, p->digest);
    *ret = p;
    return 0;
}
