#include "host/packet_machine.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

enum fate { FATE_NONE, FATE_ACCEPT, FATE_DROP };

static enum fate run_chain(struct machine *m, const char *name);

static bool rule_speaks(struct machine *m, const struct nft_rule *r)
{
    memset(m->known, false, sizeof(m->known));
    for (size_t i = 0; i < r->count; i++) {
        enum step s = packet_op(m, &r->ops[i]);

        if (s != STEP_GO_ON)
            return s == STEP_VERDICT;
    }
    return false;
}

static enum fate ended(struct machine *m, const char *chain, enum fate fate)
{
    m->end->chain = chain;
    return fate;
}

/* left: the chain is over without a fate (a return, or a goto that came back). */
static enum fate follow(struct machine *m, const struct nft_chain *c, bool *left)
{
    enum fate f = FATE_NONE;

    switch ((int32_t)m->verdict) {
    case NF_ACCEPT:
        return ended(m, c->name, FATE_ACCEPT);
    case NF_DROP:
        return ended(m, c->name, FATE_DROP);
    case NFT_JUMP:
        return run_chain(m, m->target);
    case NFT_GOTO:
        f = run_chain(m, m->target);
        break;
    case NFT_RETURN:
        break;
    default:
        return FATE_NONE;
    }
    *left = f == FATE_NONE;
    return f;
}

static enum fate run_chain(struct machine *m, const char *name)
{
    const struct nft_chain *c = name ? nft_chain_find(m->table, name) : NULL;
    enum fate f = FATE_NONE;
    bool left = false;

    if (!c || m->depth == DEPTH_MAX)
        return FATE_NONE;
    m->depth++;
    for (const struct nft_rule *r = c->rules; r && f == FATE_NONE && !left; r = r->next)
        if (rule_speaks(m, r))
            f = follow(m, c, &left);
    m->depth--;
    return f;
}

bool packet_dropped(const struct packet *p, const struct nft_table *t, const struct nft_chain *c,
                    struct packet_end *end)
{
    struct machine m = { .p = p, .table = t, .end = end };
    enum fate f = run_chain(&m, c->name);

    if (f == FATE_NONE && c->policy == NF_DROP) {
        *end = (struct packet_end){ .chain = c->name, .policy = true };
        return true;
    }
    end->policy = false;
    return f == FATE_DROP;
}
