#include "sys/iptables.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NAMES "/proc/net/ip_tables_names"

static const char *const hooks[NF_INET_NUMHOOKS] = {
    [NF_INET_PRE_ROUTING] = "PREROUTING",   [NF_INET_LOCAL_IN] = "INPUT",
    [NF_INET_FORWARD] = "FORWARD",          [NF_INET_LOCAL_OUT] = "OUTPUT",
    [NF_INET_POST_ROUTING] = "POSTROUTING",
};

static bool in_use(const char *name)
{
    char names[256] = "", *save = NULL;
    autofd int fd = open(NAMES, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, names, sizeof(names) - 1);

    for (char *n = len > 0 ? strtok_r(names, "\n", &save) : NULL; n;
         n = strtok_r(NULL, "\n", &save))
        if (strcmp(n, name) == 0)
            return true;
    return false;
}

struct reading {
    struct nft_ruleset *rs;
    struct nft_table *table;
    const struct ipt_getinfo *info;
    const uint8_t *blob;
    struct nft_op ops[64]; /* of the rule being read */
    size_t count;
    uint8_t values[5][IFNAMSIZ]; /* what its comparisons point to */
    size_t value_count;
};

/* ---- one rule ----------------------------------------------------------------------------------
 */

static void add(struct reading *rd, struct nft_op op)
{
    if (rd->count < N_ELEMENTS(rd->ops))
        rd->ops[rd->count++] = op;
}

/* Masked and compared, as every address and device name of an entry is. */
static void add_masked(struct reading *rd, struct nft_op load, const void *value, const void *mask,
                       uint32_t len, bool invert)
{
    static const uint8_t zero[IFNAMSIZ];
    uint8_t *masked = rd->values[rd->value_count];

    if (memcmp(mask, zero, len) == 0 || rd->value_count == N_ELEMENTS(rd->values))
        return;
    rd->value_count++;
    for (uint32_t i = 0; i < len; i++) /* "sand+" carries its plus, outside of its mask */
        masked[i] = ((const uint8_t *)value)[i] & ((const uint8_t *)mask)[i];
    load.dreg = NFT_REG_1;
    add(rd, load);
    add(rd, (struct nft_op){ .type = NFT_OP_BITWISE,
                             .sreg = NFT_REG_1,
                             .dreg = NFT_REG_1,
                             .len = len,
                             .data = { mask, len },
                             .data2 = { zero, len } });
    add(rd, (struct nft_op){ .type = NFT_OP_CMP,
                             .sreg = NFT_REG_1,
                             .op = invert ? NFT_CMP_NEQ : NFT_CMP_EQ,
                             .data = { masked, len } });
}

static void add_header(struct reading *rd, const struct ipt_ip *ip)
{
    const struct nft_op iif = { .type = NFT_OP_META, .key = NFT_META_IIFNAME };
    const struct nft_op oif = { .type = NFT_OP_META, .key = NFT_META_OIFNAME };
    struct nft_op address = {
        .type = NFT_OP_PAYLOAD, .key = NFT_PAYLOAD_NETWORK_HEADER, .offset = 12, .len = 4
    };
    static const uint8_t all = 0xff;
    const uint8_t proto = (uint8_t)ip->proto;

    add_masked(rd, iif, ip->iniface, ip->iniface_mask, IFNAMSIZ, ip->invflags & IPT_INV_VIA_IN);
    add_masked(rd, oif, ip->outiface, ip->outiface_mask, IFNAMSIZ, ip->invflags & IPT_INV_VIA_OUT);
    add_masked(rd, address, &ip->src, &ip->smsk, 4, ip->invflags & IPT_INV_SRCIP);
    address.offset = 16;
    add_masked(rd, address, &ip->dst, &ip->dmsk, 4, ip->invflags & IPT_INV_DSTIP);
    if (ip->proto)
        add_masked(rd, (struct nft_op){ .type = NFT_OP_META, .key = NFT_META_L4PROTO }, &proto,
                   &all, 1, ip->invflags & IPT_INV_PROTO);
    if (ip->flags & IPT_F_FRAG) /* later fragments only: never one of ours */
        add(rd, (struct nft_op){ .type = NFT_OP_OTHER, .name = "fragment" });
}

static void add_matches(struct reading *rd, const struct ipt_entry *e)
{
    const uint8_t *end = (const uint8_t *)e + e->target_offset;
    const uint8_t *at = e->elems;

    while (at + sizeof(struct xt_entry_match) <= end) {
        const struct xt_entry_match *m = (const void *)at;

        if (m->u.match_size < sizeof(*m) || at + m->u.match_size > end)
            return;
        add(rd, (struct nft_op){ .type = NFT_OP_XT_MATCH,
                                 .key = m->u.user.revision,
                                 .data = { m->data, m->u.match_size - (uint32_t)sizeof(*m) },
                                 .name = m->u.user.name });
        at += m->u.match_size;
    }
}

static const struct xt_entry_target *target_of(const struct ipt_entry *e)
{
    return (const void *)((const uint8_t *)e + e->target_offset);
}

/* The chain that starts behind an entry of target ERROR; NULL for other entries. */
static const char *chain_head(const struct ipt_entry *e)
{
    const struct xt_error_target *t = (const void *)target_of(e);

    return strcmp(t->target.u.user.name, XT_ERROR_TARGET) == 0 ? t->errorname : NULL;
}

/* The name of the chain that a jump leads to: offsets are what the kernel knows chains by. */
static const char *chain_at(const struct reading *rd, uint32_t offset)
{
    uint32_t at = 0;

    while (at + sizeof(struct ipt_entry) <= rd->info->size) {
        const struct ipt_entry *e = (const void *)(rd->blob + at);

        if (e->next_offset < sizeof(*e))
            return NULL;
        at += e->next_offset;
        if (at == offset)
            return chain_head(e);
    }
    return NULL;
}

static void add_target(struct reading *rd, const struct ipt_entry *e, uint32_t offset)
{
    const struct xt_entry_target *t = target_of(e);
    const int verdict = ((const struct xt_standard_target *)(const void *)t)->verdict;
    struct nft_op op = { .type = NFT_OP_IMMEDIATE };

    if (t->u.user.name[0]) {
        add(rd, (struct nft_op){ .type = NFT_OP_XT_TARGET, .name = t->u.user.name });
        return;
    }
    if (verdict >= 0 && (uint32_t)verdict == offset + e->next_offset)
        return; /* no target: the entry only counts */
    if (verdict >= 0) {
        op.key = (uint32_t)(e->ip.flags & IPT_F_GOTO ? NFT_GOTO : NFT_JUMP);
        op.name = chain_at(rd, (uint32_t)verdict);
    } else {
        op.key = verdict == XT_RETURN ? (uint32_t)NFT_RETURN : (uint32_t)(-verdict - 1);
    }
    add(rd, op);
}

/* ---- the table
 * ----------------------------------------------------------------------------------- */

/* The hook whose chain starts (or whose policy stands) at an offset; -1 for none. */
static int hook_at(const struct reading *rd, const uint32_t *offsets, uint32_t offset)
{
    for (int h = 0; h < NF_INET_NUMHOOKS; h++)
        if ((rd->info->valid_hooks & 1u << h) && offsets[h] == offset)
            return h;
    return -1;
}

static struct nft_chain *base_chain(struct reading *rd, int hook)
{
    struct nft_chain *c = nft_chain_add(rd->rs, rd->table, hooks[hook]);

    if (!c)
        return NULL;
    c->base = true;
    c->type = "filter";
    c->hook = (uint32_t)hook;
    c->policy = NF_ACCEPT;
    return c;
}

static void read_entry(struct reading *rd, const struct ipt_entry *e, uint32_t offset,
                       struct nft_chain *c)
{
    const struct xt_standard_target *t = (const void *)target_of(e);

    if (hook_at(rd, rd->info->underflow, offset) >= 0 && c && c->base) {
        c->policy = (uint32_t)(-t->verdict - 1);
        return;
    }
    rd->count = rd->value_count = 0;
    add_header(rd, &e->ip);
    add_matches(rd, e);
    add_target(rd, e, offset);
    if (rd->count)
        nft_rule_add(rd->rs, c, rd->ops, rd->count);
}

static void read_entries(struct reading *rd)
{
    struct nft_chain *c = NULL;
    uint32_t at = 0;

    while (at + sizeof(struct ipt_entry) <= rd->info->size) {
        const struct ipt_entry *e = (const void *)(rd->blob + at);
        const int hook = hook_at(rd, rd->info->hook_entry, at);

        if (e->next_offset < sizeof(*e) || e->target_offset > e->next_offset)
            return;
        if (hook >= 0)
            c = base_chain(rd, hook);
        if (chain_head(e))
            c = nft_chain_add(rd->rs, rd->table, chain_head(e));
        else
            read_entry(rd, e, at, c);
        at += e->next_offset;
    }
}

int iptables_read(struct nft_ruleset *rs, const char *name, struct nft_table **ret)
{
    autofd int fd = -EBADF;
    struct ipt_getinfo info = { 0 };
    autofree struct ipt_get_entries *entries = NULL;
    socklen_t len = sizeof(info);
    struct reading rd = { .rs = rs, .info = &info };

    *ret = NULL;
    if (!in_use(name))
        return 0;
    strncpy(info.name, name, sizeof(info.name) - 1);
    fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (fd < 0 || getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &len) < 0)
        return -errno;
    len = (socklen_t)(sizeof(*entries) + info.size);
    entries = calloc(1, len);
    if (!entries)
        return -ENOMEM;
    memcpy(entries->name, info.name, sizeof(entries->name));
    entries->size = info.size;
    if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, entries, &len) < 0)
        return errno == EAGAIN ? -EINTR : -errno;
    rd.blob = (const uint8_t *)entries->entrytable;
    rd.table = *ret = nft_table_add(rs, NFPROTO_IPV4, name);
    if (*ret)
        read_entries(&rd);
    return nft_ruleset_failed(rs) ? -ENOMEM : 0;
}
