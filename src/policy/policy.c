#include "policy/policy.h"

#include "base/mem.h"
#include "policy/entry.h"
#include "policy/pattern.h"

#include <string.h>

static void endpoint_done(struct endpoint *ep)
{
    for (size_t i = 0; i < ep->rule_count; i++) {
        free(ep->rules[i].method);
        free(ep->rules[i].path);
    }
    free(ep->rules);
    free(ep->ports);
    free(ep->allowed);
}

void policy_free(struct egress_policy *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        struct entry *entry = &p->entries[i];

        for (size_t k = 0; k < entry->endpoint_count; k++)
            endpoint_done(&entry->endpoints[k]);
        for (size_t k = 0; k < entry->binary_count; k++)
            free(entry->binaries[k]);
        free(entry->endpoints);
        free(entry->binaries);
        free(entry->name);
    }
    free(p->entries);
    free(p);
}

static bool host_matches(const struct endpoint *ep, const struct hostname *host)
{
    if (ep->wildcard) /* a pattern names names: an address must be written out */
        return host->kind == HOST_NAME && pattern_match(ep->host.text, host->text, '.');
    return ep->host.kind == host->kind && strcmp(ep->host.text, host->text) == 0;
}

static bool port_matches(const struct endpoint *ep, uint16_t port)
{
    for (size_t i = 0; i < ep->port_count; i++)
        if (ep->ports[i] == port)
            return true;
    return false;
}

/* Servers disagree on what these mean, so a rule on the path can't vouch for them. */
static bool path_is_plain(const char *path)
{
    static const char *const odd[] = { "//", "/./", "/../", "\\", "%2e", "%2f", "%5c", "%00", ";" };
    size_t len = strlen(path);

    for (size_t i = 0; i < N_ELEMENTS(odd); i++)
        if (strcasestr(path, odd[i]))
            return false;
    return !(len >= 2 && strcmp(path + len - 2, "/.") == 0) &&
           !(len >= 3 && strcmp(path + len - 3, "/..") == 0);
}

static bool rules_match(const struct endpoint *ep, const struct policy_request *q)
{
    if (!ep->has_rules)
        return true;
    if (!q->method || !q->path || !path_is_plain(q->path))
        return false;
    for (size_t i = 0; i < ep->rule_count; i++) {
        const struct rule *rule = &ep->rules[i];

        if ((strcmp(rule->method, "*") == 0 || strcmp(rule->method, q->method) == 0) &&
            (!rule->path || pattern_match(rule->path, q->path, '/')))
            return true;
    }
    return false;
}

/* How far the best entry went: the refusal names the last hurdle. */
enum reach { NO_HOST, NO_PORT, NO_PROGRAM, NO_RULE, ALLOWED };

static enum reach endpoint_reach(const struct entry *entry, const struct endpoint *ep,
                                 const struct policy_request *q)
{
    if (!host_matches(ep, q->host))
        return NO_HOST;
    if (!port_matches(ep, q->port))
        return NO_PORT;
    if (entry->has_binaries && entry->binary_count == 0)
        return NO_PROGRAM;
    return rules_match(ep, q) ? ALLOWED : NO_RULE;
}

static void explain(struct policy_answer *a, enum reach reach, const char *name,
                    const struct policy_request *q)
{
    const char *host = q->host->text;
    unsigned port = q->port;

    switch (reach) {
    case NO_PORT:
        snprintf(a->reason, sizeof a->reason, "entry %s names %s but not port %u", name, host,
                 port);
        break;
    case NO_PROGRAM:
        snprintf(a->reason, sizeof a->reason, "entry %s names %s:%u for no program (binaries: [])",
                 name, host, port);
        break;
    case NO_RULE:
        if (q->method)
            snprintf(a->reason, sizeof a->reason,
                     "entry %s has no rule for %s on this path of %s:%u", name, q->method, host,
                     port);
        else
            snprintf(a->reason, sizeof a->reason,
                     "entry %s has rules for %s:%u, which can't be checked inside a tunnel", name,
                     host, port);
        break;
    default:
        snprintf(a->reason, sizeof a->reason, "no entry names %s:%u", host, port);
    }
}

void policy_decide(const struct egress_policy *p, const struct policy_request *q,
                   struct policy_answer *ret)
{
    enum reach best = NO_HOST;
    const char *best_name = "";

    *ret = (struct policy_answer){ 0 };
    for (size_t i = 0; i < p->count; i++) {
        const struct entry *entry = &p->entries[i];

        for (size_t k = 0; k < entry->endpoint_count; k++) {
            enum reach reach = endpoint_reach(entry, &entry->endpoints[k], q);

            if (reach == ALLOWED) {
                ret->allowed = true;
                ret->rule = entry->name;
                return;
            }
            if (reach > best) {
                best = reach;
                best_name = entry->name;
            }
        }
    }
    explain(ret, best, best_name, q);
}

static bool listed(const struct endpoint *ep, const struct address *a)
{
    for (size_t i = 0; i < ep->allowed_count; i++)
        if (prefix_has(&ep->allowed[i], a))
            return true;
    return false;
}

const char *policy_address_fault(const struct egress_policy *p, const struct policy_request *q,
                                 const struct address *a)
{
    const char *special = address_special(a);

    if (!special || address_never(a))
        return special;
    for (size_t i = 0; i < p->count; i++) {
        const struct entry *entry = &p->entries[i];

        for (size_t k = 0; k < entry->endpoint_count; k++)
            if (listed(&entry->endpoints[k], a) &&
                endpoint_reach(entry, &entry->endpoints[k], q) == ALLOWED)
                return NULL;
    }
    return special;
}

void policy_suggest(const struct policy_request *q, const struct address *address, char *out,
                    size_t size)
{
    const char *quote = q->host->kind == HOST_IPV6 ? "\"" : "";
    char text[INET6_ADDRSTRLEN];
    int n = snprintf(out, size,
                     "network_policies:\n"
                     "  my_entry:\n"
                     "    endpoints:\n"
                     "      - host: %s%s%s\n"
                     "        ports: [%u]\n",
                     quote, q->host->text, quote, q->port);

    if (address && n > 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, "        allowed_ips: [\"%s\"]\n",
                 address_text(address, text));
}

const char *policy_digest(const struct egress_policy *p)
{
    return p->digest;
}

size_t policy_count(const struct egress_policy *p)
{
    return p->count;
}

size_t policy_program_count(const struct egress_policy *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->count; i++)
        n += p->entries[i].has_binaries;
    return n;
}
