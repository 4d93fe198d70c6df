#include "sys/nft_internal.h"

#include "base/mem.h"

#include <assert.h>
#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* The kernel's names. */
static const char *const names[NFT_OP_COUNT] = {
    [NFT_OP_META] = "meta",       [NFT_OP_PAYLOAD] = "payload", [NFT_OP_CT] = "ct",
    [NFT_OP_FIB] = "fib",         [NFT_OP_BITWISE] = "bitwise", [NFT_OP_CMP] = "cmp",
    [NFT_OP_RANGE] = "range",     [NFT_OP_LOOKUP] = "lookup",   [NFT_OP_IMMEDIATE] = "immediate",
    [NFT_OP_COUNTER] = "counter", [NFT_OP_REJECT] = "reject",   [NFT_OP_NOTRACK] = "notrack",
    [NFT_OP_NAT] = "nat",         [NFT_OP_XT_MATCH] = "match",  [NFT_OP_XT_TARGET] = "target",
};

enum form { FORM_U8, FORM_U32, FORM_STR, FORM_BYTES };

#define U32(member) FORM_U32, offsetof(struct nft_op, member)
#define U8(member) FORM_U8, offsetof(struct nft_op, member)
#define STR(member) FORM_STR, offsetof(struct nft_op, member)
#define BYTES(member) FORM_BYTES, offsetof(struct nft_op, member)

/* Which attribute of an expression is which member of an operation: read in both directions. */
static const struct attr {
    uint8_t type;
    uint16_t attr;
    uint8_t form;
    uint8_t member;
} attrs[] = {
    { NFT_OP_META, NFTNL_EXPR_META_KEY, U32(key) },
    { NFT_OP_META, NFTNL_EXPR_META_DREG, U32(dreg) },
    { NFT_OP_PAYLOAD, NFTNL_EXPR_PAYLOAD_BASE, U32(key) },
    { NFT_OP_PAYLOAD, NFTNL_EXPR_PAYLOAD_OFFSET, U32(offset) },
    { NFT_OP_PAYLOAD, NFTNL_EXPR_PAYLOAD_LEN, U32(len) },
    { NFT_OP_PAYLOAD, NFTNL_EXPR_PAYLOAD_DREG, U32(dreg) },
    { NFT_OP_CT, NFTNL_EXPR_CT_KEY, U32(key) },
    { NFT_OP_CT, NFTNL_EXPR_CT_DREG, U32(dreg) },
    { NFT_OP_FIB, NFTNL_EXPR_FIB_RESULT, U32(key) },
    { NFT_OP_FIB, NFTNL_EXPR_FIB_FLAGS, U32(offset) },
    { NFT_OP_FIB, NFTNL_EXPR_FIB_DREG, U32(dreg) },
    { NFT_OP_BITWISE, NFTNL_EXPR_BITWISE_SREG, U32(sreg) },
    { NFT_OP_BITWISE, NFTNL_EXPR_BITWISE_DREG, U32(dreg) },
    { NFT_OP_BITWISE, NFTNL_EXPR_BITWISE_LEN, U32(len) },
    { NFT_OP_BITWISE, NFTNL_EXPR_BITWISE_MASK, BYTES(data) },
    { NFT_OP_BITWISE, NFTNL_EXPR_BITWISE_XOR, BYTES(data2) },
    { NFT_OP_CMP, NFTNL_EXPR_CMP_SREG, U32(sreg) },
    { NFT_OP_CMP, NFTNL_EXPR_CMP_OP, U32(op) },
    { NFT_OP_CMP, NFTNL_EXPR_CMP_DATA, BYTES(data) },
    { NFT_OP_RANGE, NFTNL_EXPR_RANGE_SREG, U32(sreg) },
    { NFT_OP_RANGE, NFTNL_EXPR_RANGE_OP, U32(op) },
    { NFT_OP_RANGE, NFTNL_EXPR_RANGE_FROM_DATA, BYTES(data) },
    { NFT_OP_RANGE, NFTNL_EXPR_RANGE_TO_DATA, BYTES(data2) },
    { NFT_OP_LOOKUP, NFTNL_EXPR_LOOKUP_SREG, U32(sreg) },
    { NFT_OP_LOOKUP, NFTNL_EXPR_LOOKUP_DREG, U32(dreg) },
    { NFT_OP_LOOKUP, NFTNL_EXPR_LOOKUP_FLAGS, U32(op) },
    { NFT_OP_LOOKUP, NFTNL_EXPR_LOOKUP_SET, STR(name) },
    { NFT_OP_IMMEDIATE, NFTNL_EXPR_IMM_DREG, U32(dreg) },
    { NFT_OP_IMMEDIATE, NFTNL_EXPR_IMM_VERDICT, U32(key) },
    { NFT_OP_IMMEDIATE, NFTNL_EXPR_IMM_CHAIN, STR(name) },
    { NFT_OP_IMMEDIATE, NFTNL_EXPR_IMM_DATA, BYTES(data) },
    { NFT_OP_REJECT, NFTNL_EXPR_REJECT_TYPE, U32(key) },
    { NFT_OP_REJECT, NFTNL_EXPR_REJECT_CODE, U8(offset) },
    { NFT_OP_NAT, NFTNL_EXPR_NAT_TYPE, U32(key) },
    { NFT_OP_NAT, NFTNL_EXPR_NAT_FAMILY, U32(offset) },
    { NFT_OP_NAT, NFTNL_EXPR_NAT_REG_ADDR_MIN, U32(sreg) },
    { NFT_OP_NAT, NFTNL_EXPR_NAT_REG_PROTO_MIN, U32(len) },
    { NFT_OP_XT_MATCH, NFTNL_EXPR_MT_NAME, STR(name) },
    { NFT_OP_XT_MATCH, NFTNL_EXPR_MT_REV, U32(key) },
    { NFT_OP_XT_MATCH, NFTNL_EXPR_MT_INFO, BYTES(data) },
    { NFT_OP_XT_TARGET, NFTNL_EXPR_TG_NAME, STR(name) },
    { NFT_OP_XT_TARGET, NFTNL_EXPR_TG_REV, U32(key) },
    { NFT_OP_XT_TARGET, NFTNL_EXPR_TG_INFO, BYTES(data) },
};

static_assert(sizeof(struct nft_op) < 256, "a member's offset has to fit a byte");

/* Whether an attribute says something for this operation: what is left at zero isn't sent. A
 * verdict is told from a value by the register alone. */
static bool attr_wanted(const struct attr *a, const struct nft_op *op)
{
    if (a->type == NFT_OP_IMMEDIATE && a->attr == NFTNL_EXPR_IMM_VERDICT)
        return op->dreg == 0;
    if (a->attr == NFTNL_EXPR_LOOKUP_DREG && a->type == NFT_OP_LOOKUP)
        return op->dreg != 0;
    if (a->attr == NFTNL_EXPR_NAT_REG_PROTO_MIN && a->type == NFT_OP_NAT)
        return op->len != 0;
    return true;
}

static void attr_put(struct nftnl_expr *e, const struct attr *a, const struct nft_op *op)
{
    const void *member = (const char *)op + a->member;

    if (a->form == FORM_U8) {
        nftnl_expr_set_u8(e, a->attr, (uint8_t) * (const uint32_t *)member);
    } else if (a->form == FORM_U32) {
        nftnl_expr_set_u32(e, a->attr, *(const uint32_t *)member);
    } else if (a->form == FORM_STR) {
        const char *str = *(const char *const *)member;

        if (str)
            nftnl_expr_set_str(e, a->attr, str);
    } else {
        const struct nft_bytes *bytes = member;

        if (bytes->len)
            nftnl_expr_set(e, a->attr, bytes->p, bytes->len);
    }
}

struct nftnl_expr *nft_expr_from_op(const struct nft_op *op, const struct nft_set *set)
{
    struct nftnl_expr *e = names[op->type] ? nftnl_expr_alloc(names[op->type]) : NULL;
    struct nft_op named = *op;

    if (!e)
        return NULL;
    if (set)
        named.name = nft_set_kernel_name(set);
    for (size_t i = 0; i < N_ELEMENTS(attrs); i++)
        if (attrs[i].type == op->type && attr_wanted(&attrs[i], op))
            attr_put(e, &attrs[i], &named);
    if (set)
        nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, set->id);
    return e;
}

const char *nft_set_kernel_name(const struct nft_set *s)
{
    return s->flags & NFT_SET_ANONYMOUS ? "__set%d" : s->name;
}

static void attr_get(const struct nftnl_expr *e, const struct attr *a, struct nft_op *op)
{
    void *member = (char *)op + a->member;

    if (a->form == FORM_U8) {
        *(uint32_t *)member = nftnl_expr_get_u8(e, a->attr);
    } else if (a->form == FORM_U32) {
        *(uint32_t *)member = nftnl_expr_get_u32(e, a->attr);
    } else if (a->form == FORM_STR) {
        *(const char **)member = nftnl_expr_get_str(e, a->attr);
    } else {
        struct nft_bytes *bytes = member;

        bytes->p = nftnl_expr_get(e, a->attr, &bytes->len);
    }
}

static uint32_t type_of(const char *name)
{
    for (uint32_t t = 0; t < NFT_OP_COUNT; t++)
        if (names[t] && name && strcmp(names[t], name) == 0)
            return t;
    return NFT_OP_OTHER;
}

void nft_expr_to_op(const struct nftnl_expr *e, struct nft_op *op)
{
    const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);

    *op = (struct nft_op){ .type = type_of(name) };
    if (op->type == NFT_OP_OTHER)
        op->name = name;
    for (size_t i = 0; i < N_ELEMENTS(attrs); i++)
        if (attrs[i].type == op->type && nftnl_expr_is_set(e, attrs[i].attr))
            attr_get(e, &attrs[i], op);
}
