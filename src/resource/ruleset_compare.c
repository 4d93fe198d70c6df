/* A live table against the wanted one, element by element. Counters' values, handles and the
 * kernel's numbering of anonymous sets are no difference; everything else is. */
#include "base/buf.h"
#include "base/mem.h"
#include "resource/ruleset.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct comparison {
    const struct nft_table *now, *want;
    network_tell tell;
    void *userdata;
    int count;
};

const char *ruleset_family(uint32_t family)
{
    static const char *const names[] = {
        [NFPROTO_INET] = "inet",     [NFPROTO_IPV4] = "ip",       [NFPROTO_ARP] = "arp",
        [NFPROTO_NETDEV] = "netdev", [NFPROTO_BRIDGE] = "bridge", [NFPROTO_IPV6] = "ip6"
    };

    return family < N_ELEMENTS(names) && names[family] ? names[family] : "?";
}

static void differ(struct comparison *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void differ(struct comparison *c, const char *fmt, ...)
{
    char text[512];
    int len = snprintf(text, sizeof(text), "table %s %s: ", ruleset_family(c->want->family),
                       c->want->name);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, ap);
    va_end(ap);
    c->count++;
    c->tell(c->userdata, text);
}

static bool bytes_same(struct nft_bytes a, struct nft_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static bool text_same(const char *a, const char *b)
{
    return (!a || !b) ? a == b : strcmp(a, b) == 0;
}

static const struct nft_elem *elem_like(const struct nft_set *s, const struct nft_elem *e)
{
    for (const struct nft_elem *i = s->elems; i; i = i->next)
        if (bytes_same(i->key, e->key) && bytes_same(i->key_end, e->key_end) &&
            i->flags == e->flags)
            return i;
    return NULL;
}

/* Elements have no order, and no element stands twice. */
static bool sets_same(const struct nft_set *a, const struct nft_set *b)
{
    size_t na = 0, nb = 0;

    if (a->flags != b->flags || a->key_len != b->key_len || a->truncated)
        return false;
    for (const struct nft_elem *e = a->elems; e; e = e->next, na++)
        if (!elem_like(b, e))
            return false;
    for (const struct nft_elem *e = b->elems; e; e = e->next)
        nb++;
    return na == nb;
}

static bool lookups_same(const struct comparison *c, const char *now, const char *want)
{
    const struct nft_set *a = nft_set_find(c->now, now), *b = nft_set_find(c->want, want);

    if (!a || !b || (!(b->flags & NFT_SET_ANONYMOUS) && strcmp(now, want) != 0))
        return false;
    return sets_same(a, b);
}

static bool ops_same(const struct comparison *c, const struct nft_op *now,
                     const struct nft_op *want)
{
    if (now->type != want->type || now->sreg != want->sreg || now->dreg != want->dreg ||
        now->key != want->key || now->op != want->op || now->offset != want->offset ||
        now->len != want->len || now->type == NFT_OP_OTHER)
        return false;
    if (!bytes_same(now->data, want->data) || !bytes_same(now->data2, want->data2))
        return false;
    return now->type == NFT_OP_LOOKUP ? lookups_same(c, now->name, want->name)
                                      : text_same(now->name, want->name);
}

static bool rules_same(const struct comparison *c, const struct nft_rule *now,
                       const struct nft_rule *want)
{
    if (now->count != want->count)
        return false;
    for (size_t i = 0; i < now->count; i++)
        if (!ops_same(c, &now->ops[i], &want->ops[i]))
            return false;
    return true;
}

static void rule_differs(struct comparison *c, const struct nft_chain *chain, unsigned at,
                         const char *how, const struct nft_table *t, const struct nft_rule *r)
{
    autobuf struct buf text = { 0 };

    ruleset_rule_text(t, r, &text);
    differ(c, "chain %s: rule %u %s: %s", chain->name, at, how, buf_str(&text));
}

static void compare_rules(struct comparison *c, const struct nft_chain *now,
                          const struct nft_chain *want)
{
    const struct nft_rule *a = now->rules, *b = want->rules;
    unsigned at = 1;

    while (a && b && rules_same(c, a, b))
        a = a->next, b = b->next, at++;
    if (a)
        rule_differs(c, want, at, "isn't ours", c->now, a);
    if (b)
        rule_differs(c, want, at, "is missing", c->want, b);
}

static void compare_chain(struct comparison *c, const struct nft_chain *want)
{
    const struct nft_chain *now = nft_chain_find(c->now, want->name);

    if (!now) {
        differ(c, "chain %s is missing", want->name);
        return;
    }
    if (now->base != want->base || now->hook != want->hook || now->priority != want->priority ||
        !text_same(now->type, want->type) || !text_same(now->dev, want->dev))
        differ(c, "chain %s: it hangs on another hook", want->name);
    if (now->policy != want->policy)
        differ(c, "chain %s: policy %s, not %s", want->name, now->policy ? "accept" : "drop",
               want->policy ? "accept" : "drop");
    compare_rules(c, now, want);
}

static void compare_sets(struct comparison *c)
{
    for (const struct nft_set *s = c->want->sets; s; s = s->next) {
        const struct nft_set *now = nft_set_find(c->now, s->name);

        if (s->flags & NFT_SET_ANONYMOUS)
            continue;
        if (!now)
            differ(c, "set %s is missing", s->name);
        else if (!sets_same(now, s))
            differ(c, "set %s: other elements", s->name);
    }
    for (const struct nft_set *s = c->now->sets; s; s = s->next)
        if (!(s->flags & NFT_SET_ANONYMOUS) && !nft_set_find(c->want, s->name))
            differ(c, "set %s isn't ours", s->name);
}

int ruleset_compare(const struct nft_table *now, const struct nft_table *want, network_tell tell,
                    void *userdata)
{
    struct comparison c = { now, want, tell, userdata, 0 };

    if (now->flags & NFT_TABLE_F_DORMANT)
        differ(&c, "it is switched off (dormant)");
    if (!text_same(now->comment, want->comment) || !bytes_same(now->params, want->params))
        differ(&c, "it was made from other values");
    for (const struct nft_chain *i = want->chains; i; i = i->next)
        compare_chain(&c, i);
    for (const struct nft_chain *i = now->chains; i; i = i->next)
        if (!nft_chain_find(want, i->name))
            differ(&c, "chain %s isn't ours", i->name);
    compare_sets(&c);
    return c.count;
}
