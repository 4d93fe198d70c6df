/* What each operation of a rule sees of a packet. */
#include "base/mem.h"
#include "host/packet_machine.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

enum { HEADER = 20, TCP_FLAGS_AT = 13, TCP_SYN = 2 };

/* ---- registers ------------------------------------------------------------------------------ */

/* The kernel numbers the same 64 bytes twice: four of sixteen, and sixteen of four. */
static size_t at(uint32_t reg)
{
    if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
        return (reg - NFT_REG_1) * 16u;
    if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
        return (reg - NFT_REG32_00) * 4u;
    return PACKET_REGISTERS;
}

static void store(struct machine *m, uint32_t reg, const void *p, size_t len)
{
    size_t to = at(reg), whole = (len + 3) / 4 * 4;

    if (to + whole > PACKET_REGISTERS)
        return;
    memset(m->reg + to, 0, whole);
    memcpy(m->reg + to, p, len);
    memset(m->known + to, true, whole);
}

static void forget(struct machine *m, uint32_t reg, size_t len)
{
    size_t to = at(reg), whole = (len + 3) / 4 * 4;

    if (to + whole <= PACKET_REGISTERS)
        memset(m->known + to, false, whole);
}

/* The bytes of a register, NULL when they aren't known. */
static const uint8_t *load(const struct machine *m, uint32_t reg, size_t len)
{
    size_t from = at(reg);

    if (from + len > PACKET_REGISTERS)
        return NULL;
    for (size_t i = 0; i < len; i++)
        if (!m->known[from + i])
            return NULL;
    return m->reg + from;
}

/* ---- what is looked at ------------------------------------------------------------------------
 */

static void store32(struct machine *m, uint32_t reg, uint32_t value)
{
    store(m, reg, &value, sizeof(value));
}

static void store_name(struct machine *m, uint32_t reg, const char *name)
{
    char padded[IFNAMSIZ] = "";

    memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
    store(m, reg, padded, sizeof(padded));
}

static enum step eval_meta(struct machine *m, const struct nft_op *op)
{
    const struct packet *p = m->p;
    const uint16_t ether = htons(ETH_P_IP);

    switch (op->key) {
    case NFT_META_IIFNAME:
        store_name(m, op->dreg, p->iif);
        break;
    case NFT_META_OIFNAME:
        store_name(m, op->dreg, p->oif);
        break;
    case NFT_META_NFPROTO:
        store(m, op->dreg, &(uint8_t){ NFPROTO_IPV4 }, 1);
        break;
    case NFT_META_L4PROTO:
        store(m, op->dreg, &p->protocol, 1);
        break;
    case NFT_META_PROTOCOL:
        store(m, op->dreg, &ether, sizeof(ether));
        break;
    case NFT_META_IIFTYPE:
    case NFT_META_OIFTYPE:
        store(m, op->dreg, &(uint16_t){ ARPHRD_ETHER }, 2);
        break;
    case NFT_META_PKTTYPE:
    case NFT_META_IIFGROUP:
    case NFT_META_OIFGROUP:
    case NFT_META_MARK:
        store32(m, op->dreg, 0);
        break;
    /* A device that isn't there yet has no index that a rule could know. */
    case NFT_META_IIF:
        store32(m, op->dreg, if_nametoindex(p->iif));
        break;
    case NFT_META_OIF:
        store32(m, op->dreg, if_nametoindex(p->oif));
        break;
    default:
        forget(m, op->dreg, 16);
        break;
    }
    return STEP_GO_ON;
}

static void header_of(const struct packet *p, uint32_t base, uint8_t header[HEADER])
{
    const uint16_t ports[] = { htons(p->sport), htons(p->dport) };

    memset(header, 0, HEADER);
    if (base == NFT_PAYLOAD_TRANSPORT_HEADER) {
        memcpy(header, ports, sizeof(ports));
        if (p->protocol == IPPROTO_TCP)
            header[TCP_FLAGS_AT] = p->track == TRACK_ESTABLISHED ? 0x10 : TCP_SYN;
        return;
    }
    header[0] = 0x45;
    header[8] = 64;
    header[9] = p->protocol;
    memcpy(header + 12, &p->from, 4);
    memcpy(header + 16, &p->to, 4);
}

static enum step eval_payload(struct machine *m, const struct nft_op *op)
{
    uint8_t header[HEADER];

    if (op->dreg == 0) /* it writes into the packet */
        return STEP_GO_ON;
    if (op->key > NFT_PAYLOAD_TRANSPORT_HEADER || op->key == NFT_PAYLOAD_LL_HEADER ||
        op->offset + op->len > HEADER) {
        forget(m, op->dreg, op->len);
        return STEP_GO_ON;
    }
    header_of(m->p, op->key, header);
    store(m, op->dreg, header + op->offset, op->len);
    return STEP_GO_ON;
}

uint32_t packet_ct_state(const struct packet *p)
{
    static const uint32_t bits[] = { [TRACK_NEW] = NF_CT_STATE_BIT(IP_CT_NEW),
                                     [TRACK_ESTABLISHED] = NF_CT_STATE_BIT(IP_CT_ESTABLISHED),
                                     [TRACK_NONE] = NF_CT_STATE_UNTRACKED_BIT };

    return bits[p->track];
}

static enum step eval_ct(struct machine *m, const struct nft_op *op)
{
    if (op->dreg == 0) /* it sets a mark or the like */
        return STEP_GO_ON;
    if (op->key == NFT_CT_STATE) {
        store32(m, op->dreg, packet_ct_state(m->p));
        return STEP_GO_ON;
    }
    if (m->p->track == TRACK_NONE) /* nothing to ask */
        return STEP_BREAK;
    if (op->key == NFT_CT_STATUS || op->key == NFT_CT_MARK || op->key == NFT_CT_DIRECTION)
        store32(m, op->dreg, 0);
    else
        forget(m, op->dreg, 16);
    return STEP_GO_ON;
}

static enum step eval_fib(struct machine *m, const struct nft_op *op)
{
    if (op->key == NFT_FIB_RESULT_ADDRTYPE && (op->offset & NFTA_FIB_F_DADDR))
        store32(m, op->dreg, m->p->local ? RTN_LOCAL : RTN_UNICAST);
    else if (op->key == NFT_FIB_RESULT_ADDRTYPE)
        store32(m, op->dreg, m->p->local ? RTN_UNICAST : RTN_LOCAL);
    else if (op->offset & NFTA_FIB_F_PRESENT)
        store(m, op->dreg, &(uint8_t){ 1 }, 1); /* each end has its route */
    else
        forget(m, op->dreg, 16);
    return STEP_GO_ON;
}

static enum step eval_bitwise(struct machine *m, const struct nft_op *op)
{
    const uint8_t *from = load(m, op->sreg, op->len);
    uint8_t result[16];

    if (!from || op->len > sizeof(result) || op->data.len < op->len || op->data2.len < op->len) {
        forget(m, op->dreg, op->len);
        return STEP_GO_ON;
    }
    for (size_t i = 0; i < op->len; i++)
        result[i] = (uint8_t)((from[i] & ((const uint8_t *)op->data.p)[i]) ^
                              ((const uint8_t *)op->data2.p)[i]);
    store(m, op->dreg, result, op->len);
    return STEP_GO_ON;
}

/* ---- tests -------------------------------------------------------------------------------------
 */

static enum step eval_cmp(struct machine *m, const struct nft_op *op)
{
    const uint8_t *now = load(m, op->sreg, op->data.len);
    int d;
    bool match;

    if (!now)
        return STEP_BREAK;
    d = memcmp(now, op->data.p, op->data.len);
    switch (op->op) {
    case NFT_CMP_EQ:
        match = d == 0;
        break;
    case NFT_CMP_NEQ:
        match = d != 0;
        break;
    case NFT_CMP_LT:
        match = d < 0;
        break;
    case NFT_CMP_LTE:
        match = d <= 0;
        break;
    case NFT_CMP_GT:
        match = d > 0;
        break;
    case NFT_CMP_GTE:
        match = d >= 0;
        break;
    default:
        match = false;
    }
    return match ? STEP_GO_ON : STEP_BREAK;
}

static enum step eval_range(struct machine *m, const struct nft_op *op)
{
    const uint8_t *now = load(m, op->sreg, op->data.len);
    bool inside;

    if (!now || op->data.len != op->data2.len)
        return STEP_BREAK;
    inside =
        memcmp(now, op->data.p, op->data.len) >= 0 && memcmp(now, op->data2.p, op->data.len) <= 0;
    return inside == (op->op == NFT_RANGE_EQ) ? STEP_GO_ON : STEP_BREAK;
}

/* The element that a value meets. In a set of intervals each has a start and an end, in no order:
 * the nearest one below the value tells whether it lies inside. */
static const struct nft_elem *find_elem(const struct nft_set *s, const uint8_t *key)
{
    const struct nft_elem *best = NULL, *any = NULL;

    for (const struct nft_elem *e = s->elems; e; e = e->next) {
        if (e->flags & NFT_SET_ELEM_CATCHALL) {
            any = e;
            continue;
        }
        if (e->key.len < s->key_len || e->key_end.len)
            continue;
        if (!(s->flags & NFT_SET_INTERVAL)) {
            if (memcmp(e->key.p, key, s->key_len) == 0)
                return e;
            continue;
        }
        if (memcmp(e->key.p, key, s->key_len) > 0)
            continue;
        if (best) {
            int d = memcmp(e->key.p, best->key.p, s->key_len);

            if (d < 0 || (d == 0 && (e->flags & NFT_SET_ELEM_INTERVAL_END)))
                continue;
        }
        best = e;
    }
    return best && !(best->flags & NFT_SET_ELEM_INTERVAL_END) ? best : any;
}

/* Sets of several fields with ranges, and sets too long to be read, can't be judged. */
static bool judgeable(const struct nft_set *s)
{
    for (const struct nft_elem *e = s ? s->elems : NULL; e; e = e->next)
        if (e->key_end.len)
            return false;
    return s && !s->truncated;
}

static enum step eval_lookup(struct machine *m, const struct nft_op *op)
{
    const struct nft_set *s = nft_set_find(m->table, op->name);
    const uint8_t *key = judgeable(s) ? load(m, op->sreg, s->key_len) : NULL;
    const struct nft_elem *e = key ? find_elem(s, key) : NULL;

    if (!key)
        return STEP_BREAK;
    if (!(s->flags & NFT_SET_MAP))
        return (e != NULL) != ((op->op & NFT_LOOKUP_F_INV) != 0) ? STEP_GO_ON : STEP_BREAK;
    if (!e)
        return STEP_BREAK;
    if (op->dreg != NFT_REG_VERDICT) {
        forget(m, op->dreg, 16);
        return STEP_GO_ON;
    }
    m->verdict = e->verdict;
    m->target = e->chain;
    return STEP_VERDICT;
}

static enum step eval_immediate(struct machine *m, const struct nft_op *op)
{
    if (op->dreg != NFT_REG_VERDICT) {
        store(m, op->dreg, op->data.p, op->data.len);
        return STEP_GO_ON;
    }
    m->verdict = op->key;
    m->target = op->name;
    return STEP_VERDICT;
}

static enum step drop(struct machine *m, const struct nft_op *op)
{
    (void)op;
    m->verdict = NF_DROP;
    return STEP_VERDICT;
}

static enum step go_on(struct machine *m, const struct nft_op *op)
{
    (void)m;
    (void)op;
    return STEP_GO_ON;
}

static bool listed(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (name && strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static enum step eval_other(struct machine *m, const struct nft_op *op)
{
    static const char *const harmless[] = { "log", "objref", "last", "dynset", "tproxy" };

    (void)m;
    return listed(op->name, harmless, N_ELEMENTS(harmless)) ? STEP_GO_ON : STEP_BREAK;
}

static enum step eval_xt_match(struct machine *m, const struct nft_op *op)
{
    return packet_xt_match(m->p, op) == 1 ? STEP_GO_ON : STEP_BREAK;
}

static enum step eval_xt_target(struct machine *m, const struct nft_op *op)
{
    static const char *const drops[] = { "REJECT", "DROP", "TARPIT" };
    static const char *const harmless[] = { "LOG",   "NFLOG",  "MARK", "CONNMARK", "AUDIT",
                                            "TRACE", "TCPMSS", "TOS",  "DSCP",     "CT" };

    if (listed(op->name, drops, N_ELEMENTS(drops)))
        return drop(m, op);
    return listed(op->name, harmless, N_ELEMENTS(harmless)) ? STEP_GO_ON : STEP_BREAK;
}

static enum step (*const evals[NFT_OP_COUNT])(struct machine *m, const struct nft_op *op) = {
    [NFT_OP_OTHER] = eval_other,       [NFT_OP_META] = eval_meta,
    [NFT_OP_PAYLOAD] = eval_payload,   [NFT_OP_CT] = eval_ct,
    [NFT_OP_FIB] = eval_fib,           [NFT_OP_BITWISE] = eval_bitwise,
    [NFT_OP_CMP] = eval_cmp,           [NFT_OP_RANGE] = eval_range,
    [NFT_OP_LOOKUP] = eval_lookup,     [NFT_OP_IMMEDIATE] = eval_immediate,
    [NFT_OP_COUNTER] = go_on,          [NFT_OP_REJECT] = drop,
    [NFT_OP_NOTRACK] = go_on,          [NFT_OP_NAT] = go_on,
    [NFT_OP_XT_MATCH] = eval_xt_match, [NFT_OP_XT_TARGET] = eval_xt_target,
};

enum step packet_op(struct machine *m, const struct nft_op *op)
{
    return evals[op->type](m, op);
}
