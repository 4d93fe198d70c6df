/* From rows of data to the tables as they are sent and compared. */
#include "base/mem.h"
#include "resource/ruleset_rows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

enum { ICMP_ADMIN_PROHIBITED = NFT_REJECT_ICMPX_ADMIN_PROHIBITED };
enum { REG = NFT_REG_1, LOOPBACK_INDEX = 1 };
enum { TCP_SYN = 0x02, TCP_SYN_ACK = 0x12 };

/* len: bytes of the comparison; set_type: nft(8)'s number of the type, for sets. */
static const struct {
    uint8_t load, key, offset, len, set_type;
    uint8_t mask[2]; /* all zero: none */
} fields[F_COUNT] = {
    [F_IIFNAME] = { NFT_OP_META, NFT_META_IIFNAME, 0, IFNAMSIZ, 0 },
    [F_OIFNAME] = { NFT_OP_META, NFT_META_OIFNAME, 0, IFNAMSIZ, 0 },
    [F_IIF] = { NFT_OP_META, NFT_META_IIF, 0, 4, 0 },
    [F_OIF] = { NFT_OP_META, NFT_META_OIF, 0, 4, 0 },
    [F_NFPROTO] = { NFT_OP_META, NFT_META_NFPROTO, 0, 1, 0 },
    [F_ETHER] = { NFT_OP_META, NFT_META_PROTOCOL, 0, 2, 0 },
    [F_L4] = { NFT_OP_META, NFT_META_L4PROTO, 0, 1, 12 },
    [F_SKUID] = { NFT_OP_META, NFT_META_SKUID, 0, 4, 0 },
    [F_SADDR] = { NFT_OP_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 7 },
    [F_DADDR] = { NFT_OP_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER, 16, 4, 7 },
    [F_FRAGMENT] = { NFT_OP_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER, 6, 2, 0, { 0x3f, 0xff } },
    [F_SPORT] = { NFT_OP_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, 13 },
    [F_DPORT] = { NFT_OP_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 13 },
    [F_TCP_FLAGS] = { NFT_OP_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1, 0, { TCP_SYN_ACK } },
    [F_ICMP_TYPE] = { NFT_OP_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 14 },
};

/* A value's bytes; more than one alternative becomes an anonymous set. */
struct resolved {
    uint8_t bytes[DNS_MAX][IFNAMSIZ];
    size_t count;
    bool named; /* the set of listed servers */
};

static void one(struct resolved *v, const void *p, size_t len)
{
    memcpy(v->bytes[v->count++], p, len);
}

static void port(struct resolved *v, uint16_t number)
{
    uint16_t be = htons(number);

    one(v, &be, sizeof(be));
}

static void byte(struct resolved *v, uint8_t b)
{
    one(v, &b, 1);
}

static void resolve_ports(const struct network *n, struct resolved *v)
{
    uint16_t ports[4];
    size_t count = network_ports(n, ports);

    for (size_t i = 0; i < count; i++)
        port(v, ports[i]);
}

static void resolve(const struct network *n, enum value value, struct resolved *v)
{
    const uint32_t loopback = LOOPBACK_INDEX, uid = n->uid;
    const uint16_t ether = htons(ETH_P_IP), zero = 0;

    *v = (struct resolved){ 0 };
    switch (value) {
    case V_VETH:
        one(v, n->link, strlen(n->link));
        break;
    case V_LOOPBACK:
        one(v, &loopback, sizeof(loopback));
        break;
    case V_HOST:
        one(v, &n->host_ip, sizeof(n->host_ip));
        break;
    case V_SANDBOX:
        one(v, &n->sandbox_ip, sizeof(n->sandbox_ip));
        break;
    case V_GATEWAY_PORTS:
        resolve_ports(n, v);
        break;
    case V_PORT_DNS:
        port(v, PORT_DNS);
        break;
    case V_AGENT_PORT:
        port(v, n->agent_port);
        break;
    case V_UID:
        one(v, &uid, sizeof(uid));
        break;
    case V_IPV4:
        byte(v, NFPROTO_IPV4);
        break;
    case V_ETHER_IPV4:
        one(v, &ether, sizeof(ether));
        break;
    case V_TCP:
        byte(v, IPPROTO_TCP);
        break;
    case V_UDP:
        byte(v, IPPROTO_UDP);
        break;
    case V_TCP_UDP:
        byte(v, IPPROTO_TCP), byte(v, IPPROTO_UDP);
        break;
    case V_ICMP:
        byte(v, IPPROTO_ICMP);
        break;
    case V_PING:
        byte(v, ICMP_ECHOREPLY), byte(v, ICMP_ECHO);
        break;
    case V_UNREACHABLE:
        byte(v, ICMP_DEST_UNREACH);
        break;
    case V_ZERO16:
        one(v, &zero, sizeof(zero));
        break;
    case V_SYN:
        byte(v, TCP_SYN);
        break;
    case V_SERVERS:
        v->named = true;
        break;
    }
}

struct building {
    const struct network *n;
    struct nft_ruleset *rs;
    struct nft_table *table;
    struct nft_op ops[32];
    size_t count;
    unsigned sets;
    struct resolved values[8]; /* what ops point to, until the rule is copied */
    size_t value_count;
};

static void add_op(struct building *b, struct nft_op op)
{
    b->ops[b->count++] = op;
}

static const char *add_set(struct building *b, const struct resolved *v, enum field f)
{
    char name[16];
    struct nft_set *s;

    snprintf(name, sizeof(name), "__set%u", b->sets++);
    s = nft_set_add(b->rs, b->table, name);
    if (!s)
        return NULL;
    s->flags = NFT_SET_ANONYMOUS | NFT_SET_CONSTANT;
    s->key_type = fields[f].set_type;
    s->key_len = fields[f].len;
    for (size_t i = 0; i < v->count; i++)
        nft_elem_add(b->rs, s, v->bytes[i], fields[f].len);
    return s->name;
}

static void add_mask(struct building *b, enum field f)
{
    static const uint8_t nothing[2];
    const uint8_t len = fields[f].len;

    if (!fields[f].mask[0])
        return;
    add_op(b, (struct nft_op){ .type = NFT_OP_BITWISE,
                               .sreg = REG,
                               .dreg = REG,
                               .len = len,
                               .data = { fields[f].mask, len },
                               .data2 = { nothing, len } });
}

static void add_match(struct building *b, const struct match *m)
{
    struct resolved *v = &b->values[b->value_count++];
    enum field f = m->field;

    add_op(b, (struct nft_op){ .type = fields[f].load,
                               .key = fields[f].key,
                               .dreg = REG,
                               .offset = fields[f].offset,
                               .len = fields[f].load == NFT_OP_PAYLOAD ? fields[f].len : 0 });
    add_mask(b, f);
    resolve(b->n, m->value, v);
    if (v->named || v->count > 1)
        add_op(b, (struct nft_op){ .type = NFT_OP_LOOKUP,
                                   .sreg = REG,
                                   .op = m->op == NE ? NFT_LOOKUP_F_INV : 0,
                                   .name = v->named ? "servers" : add_set(b, v, f) });
    else
        add_op(b, (struct nft_op){ .type = NFT_OP_CMP,
                                   .sreg = REG,
                                   .op = m->op == NE ? NFT_CMP_NEQ : NFT_CMP_EQ,
                                   .data = { v->bytes[0], fields[f].len } });
}

static void add_verdict(struct building *b, uint32_t verdict)
{
    add_op(b, (struct nft_op){ .type = NFT_OP_IMMEDIATE, .key = verdict });
}

static void add_reject(struct building *b, uint32_t type, uint32_t code)
{
    add_op(b, (struct nft_op){ .type = NFT_OP_REJECT, .key = type, .offset = code });
}

static void add_dnat(struct building *b)
{
    add_op(b, (struct nft_op){ .type = NFT_OP_IMMEDIATE,
                               .dreg = REG,
                               .data = { &b->n->host_ip, sizeof(b->n->host_ip) } });
    add_op(b, (struct nft_op){
                  .type = NFT_OP_NAT, .key = NFT_NAT_DNAT, .offset = NFPROTO_IPV4, .sreg = REG });
}

static void add_action(struct building *b, enum action action)
{
    if (action != ACT_ACCEPT)
        add_op(b, (struct nft_op){ .type = NFT_OP_COUNTER });
    switch (action) {
    case ACT_ACCEPT:
    case ACT_COUNT_ACCEPT:
        add_verdict(b, NF_ACCEPT);
        break;
    case ACT_DROP:
        add_verdict(b, NF_DROP);
        break;
    case ACT_NOTRACK:
        add_op(b, (struct nft_op){ .type = NFT_OP_NOTRACK });
        break;
    case ACT_PROHIBIT:
        add_reject(b, NFT_REJECT_ICMPX_UNREACH, ICMP_ADMIN_PROHIBITED);
        break;
    case ACT_REFUSE:
        add_reject(b, NFT_REJECT_ICMP_UNREACH, ICMP_PORT_UNREACH);
        break;
    case ACT_DNAT:
        add_dnat(b);
        break;
    }
}

static void add_rule(struct building *b, const struct rule_row *row)
{
    b->count = b->value_count = 0;
    for (size_t i = 0; i < N_ELEMENTS(row->match) && row->match[i].field; i++)
        add_match(b, &row->match[i]);
    add_action(b, row->action);
    nft_rule_add(b->rs, nft_chain_find(b->table, row->chain), b->ops, b->count);
}

static void add_chain(struct building *b, const struct chain_row *row)
{
    struct nft_chain *c = nft_chain_add(b->rs, b->table, row->name);

    if (!c)
        return;
    c->base = true;
    c->type = row->type;
    c->hook = row->hook;
    c->priority = row->priority;
    c->policy = row->policy;
    if (row->on_veth)
        c->dev = nft_text(b->rs, b->n->link);
}

static void add_servers(struct building *b)
{
    struct nft_set *s = nft_set_add(b->rs, b->table, "servers");

    if (!s)
        return;
    s->key_type = fields[F_DADDR].set_type;
    s->key_len = fields[F_DADDR].len;
    for (size_t i = 0; i < b->n->dns_count; i++)
        nft_elem_add(b->rs, s, &b->n->dns[i], s->key_len);
}

static void table_name(const struct table_row *row, const char *instance, char name[32])
{
    snprintf(name, 32, "%s%s", row->name, row->per_instance ? instance : "");
}

static void add_table(struct building *b, const struct table_row *row)
{
    unsigned char params[NFT_PARAMS_MAX];
    char name[32], comment[64];

    table_name(row, b->n->name, name);
    b->table = nft_table_add(b->rs, row->family, name);
    if (!b->table)
        return;
    snprintf(comment, sizeof(comment), "defenseclaw %s", b->n->uuid);
    b->table->comment = nft_text(b->rs, comment);
    b->table->params = nft_copy(b->rs, params, ruleset_params_put(b->n, params));
    if (row->redirects)
        add_servers(b);
    for (size_t i = 0; i < row->chain_count; i++)
        add_chain(b, &row->chains[i]);
    for (size_t i = 0; i < row->rule_count; i++)
        add_rule(b, &row->rules[i]);
}

size_t ruleset_names(const char *instance, enum fence_side side,
                     struct ruleset_name ret[RULESET_NAMES_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < ruleset_table_count; i++) {
        if (ruleset_tables[i].side != side)
            continue;
        ret[count].family = ruleset_tables[i].family;
        table_name(&ruleset_tables[i], instance, ret[count].name);
        count++;
    }
    return count;
}

int ruleset_want(const struct network *n, enum fence_side side, struct nft_ruleset *rs)
{
    struct building b = { .n = n, .rs = rs };

    for (size_t i = 0; i < ruleset_table_count; i++) {
        const struct table_row *row = &ruleset_tables[i];

        b.sets = 0;
        if (row->side == side && (side == FENCE_INSIDE || n->host_networking) &&
            (!row->redirects || n->dns_count > 0))
            add_table(&b, row);
    }
    return nft_ruleset_failed(rs) ? -ENOMEM : 0;
}
