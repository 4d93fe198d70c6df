#include "resource/ruleset.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>

#include <stdio.h>
#include <string.h>

/* What a table carries beside its comment, so that a live network can be read back without the
 * spec: form, flags, port, uid, addresses, servers; numbers in network byte order. */
enum { PARAMS_FORM = 1, PARAM_HOST_NETWORKING = 1, PARAM_GUARDRAIL = 2 };

struct params {
    uint8_t form, flags;
    uint16_t agent_port;
    uint32_t uid;
    struct in_addr host_ip, sandbox_ip;
    struct in_addr dns[DNS_MAX];
};

static_assert(sizeof(struct params) <= NFT_PARAMS_MAX, "the kernel bounds a table's user data");

size_t ruleset_params_put(const struct network *n, unsigned char buf[NFT_PARAMS_MAX])
{
    struct params p = {
        .form = PARAMS_FORM,
        .flags = (uint8_t)((n->host_networking ? PARAM_HOST_NETWORKING : 0) |
                           (n->guardrail ? PARAM_GUARDRAIL : 0)),
        .agent_port = htons(n->agent_port),
        .uid = htonl(n->uid),
        .host_ip = n->host_ip,
        .sandbox_ip = n->sandbox_ip,
    };

    memcpy(p.dns, n->dns, n->dns_count * sizeof(p.dns[0]));
    memcpy(buf, &p, sizeof(p));
    return offsetof(struct params, dns) + n->dns_count * sizeof(p.dns[0]);
}

int ruleset_params_get(struct network *n, struct nft_bytes params)
{
    struct params p = { 0 };
    size_t fixed = offsetof(struct params, dns), servers;

    if (params.len < fixed || params.len > sizeof(p) || (params.len - fixed) % sizeof(p.dns[0]))
        return -EINVAL;
    memcpy(&p, params.p, params.len);
    if (p.form != PARAMS_FORM)
        return -EINVAL;
    servers = (params.len - fixed) / sizeof(p.dns[0]);
    n->host_networking = p.flags & PARAM_HOST_NETWORKING;
    n->guardrail = p.flags & PARAM_GUARDRAIL;
    n->agent_port = ntohs(p.agent_port);
    n->uid = ntohl(p.uid);
    n->host_ip = p.host_ip;
    n->sandbox_ip = p.sandbox_ip;
    n->dns_count = servers;
    memcpy(n->dns, p.dns, servers * sizeof(p.dns[0]));
    return 0;
}

static bool ours(const struct nft_table *t, const struct network *n)
{
    char comment[64];

    snprintf(comment, sizeof(comment), "defenseclaw %s", n->uuid);
    return t->comment && strcmp(t->comment, comment) == 0;
}

static int foreign(const struct nft_table *t, struct err *e)
{
    int r = err_set(e, -EEXIST, EXIT_MACHINE, "table %s %s already exists, and isn't ours",
                    ruleset_family(t->family), t->name);

    return err_fix(e, r, "nft delete table %s %s", ruleset_family(t->family), t->name);
}

int ruleset_read(struct nft *nft, const struct network *n, enum fence_side side,
                 struct ruleset_live *ret, struct err *e)
{
    struct ruleset_name names[RULESET_NAMES_MAX];
    size_t count = ruleset_names(n->name, side, names);
    int r;

    *ret = (struct ruleset_live){ .rs = nft_ruleset_new() };
    r = ret->rs ? nft_read_tables(nft, ret->rs) : -ENOMEM;
    for (size_t i = 0; i < count && r == 0; i++) {
        struct nft_table *t = nft_table_find(ret->rs, names[i].family, names[i].name);

        if (!t)
            continue;
        if (!ours(t, n))
            return foreign(t, e);
        ret->tables[i] = t;
        ret->count++;
        r = nft_read_rules(nft, ret->rs, t);
    }
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "nf_tables: the ruleset can't be read: %s", strerror(-r));
    return 0;
}

/* Live and wanted tables of a side, by their places in ruleset_names(). */
struct pair {
    struct ruleset_live live;
    struct nft_ruleset *want_rs;
    struct nft_table *want[RULESET_NAMES_MAX];
};

static void pair_done(struct pair *p)
{
    nft_ruleset_free(p->live.rs);
    nft_ruleset_free(p->want_rs);
}

static int pair_make(struct nft *nft, const struct network *n, enum fence_side side,
                     struct pair *ret, struct err *e)
{
    struct ruleset_name names[RULESET_NAMES_MAX];
    size_t count = ruleset_names(n->name, side, names);
    int r = ruleset_read(nft, n, side, &ret->live, e);

    if (r < 0)
        return r;
    ret->want_rs = nft_ruleset_new();
    r = ret->want_rs ? ruleset_want(n, side, ret->want_rs) : -ENOMEM;
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "out of memory");
    for (size_t i = 0; i < count; i++)
        ret->want[i] = nft_table_find(ret->want_rs, names[i].family, names[i].name);
    return 0;
}

static int pair_compare(const struct pair *p, network_tell tell, void *userdata)
{
    char text[96];
    int count = 0;

    for (size_t i = 0; i < RULESET_NAMES_MAX; i++) {
        const struct nft_table *now = p->live.tables[i], *want = p->want[i];
        const struct nft_table *t = now ? now : want;

        if (now && want) {
            count += ruleset_compare(now, want, tell, userdata);
        } else if (t) {
            snprintf(text, sizeof(text), "table %s %s %s", ruleset_family(t->family), t->name,
                     want ? "is missing" : "is left over");
            tell(userdata, text);
            count++;
        }
    }
    return count;
}

int ruleset_check(struct nft *nft, const struct network *n, enum fence_side side, network_tell tell,
                  void *userdata, struct err *e)
{
    struct pair p = { 0 };
    int r = pair_make(nft, n, side, &p, e);

    if (r == 0)
        r = pair_compare(&p, tell, userdata);
    pair_done(&p);
    return r;
}

/* What a kernel says that lacks an expression, a chain type or a family. */
static bool missing_feature(int r)
{
    return r == -ENOENT || r == -EOPNOTSUPP || r == -EAFNOSUPPORT || r == -EPROTONOSUPPORT;
}

static void silence(void *userdata, const char *difference)
{
    (void)userdata;
    (void)difference;
}

int ruleset_put(struct nft *nft, const struct network *n, enum fence_side side, bool anew,
                struct err *e)
{
    struct pair p = { 0 };
    struct nft_change changes[RULESET_NAMES_MAX] = { 0 };
    int r = pair_make(nft, n, side, &p, e);

    if (r == 0 && (anew || pair_compare(&p, silence, NULL) > 0)) {
        for (size_t i = 0; i < RULESET_NAMES_MAX; i++)
            changes[i] = (struct nft_change){ p.live.tables[i], p.want[i] };
        r = nft_commit(nft, changes, N_ELEMENTS(changes));
        if (r < 0)
            err_set(e, r, missing_feature(r) ? EXIT_MACHINE : EXIT_FAILED,
                    "nf_tables: the %s rules are refused: %s",
                    side == FENCE_HOST ? "host's" : "namespace's", strerror(-r));
    }
    pair_done(&p);
    return r;
}

int ruleset_remove(struct nft *nft, const struct network *n, enum fence_side side, struct err *e)
{
    struct ruleset_live live;
    struct nft_change changes[RULESET_NAMES_MAX] = { 0 };
    int r = ruleset_read(nft, n, side, &live, e);

    if (r == 0 && live.count > 0) {
        for (size_t i = 0; i < RULESET_NAMES_MAX; i++)
            changes[i].remove = live.tables[i];
        r = nft_commit(nft, changes, N_ELEMENTS(changes));
        if (r < 0)
            err_set(e, r, EXIT_FAILED, "nf_tables: our tables can't be removed: %s", strerror(-r));
    }
    nft_ruleset_free(live.rs);
    return r;
}
