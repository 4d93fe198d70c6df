/* A rule in nft(8)'s words, near enough to be found in a listing: for what verify says. */
#include "base/mem.h"
#include "resource/ruleset.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

enum form { FORM_NUMBER, FORM_NETWORK, FORM_IP, FORM_NAME };

static const struct field {
    uint8_t load, key, offset;
    enum form form;
    const char *name;
} fields[] = {
    { NFT_OP_META, NFT_META_IIFNAME, 0, FORM_NAME, "iifname" },
    { NFT_OP_META, NFT_META_OIFNAME, 0, FORM_NAME, "oifname" },
    { NFT_OP_META, NFT_META_IIF, 0, FORM_NUMBER, "iif" },
    { NFT_OP_META, NFT_META_OIF, 0, FORM_NUMBER, "oif" },
    { NFT_OP_META, NFT_META_NFPROTO, 0, FORM_NUMBER, "nfproto" },
    { NFT_OP_META, NFT_META_PROTOCOL, 0, FORM_NETWORK, "protocol" },
    { NFT_OP_META, NFT_META_L4PROTO, 0, FORM_NUMBER, "l4proto" },
    { NFT_OP_META, NFT_META_SKUID, 0, FORM_NUMBER, "skuid" },
    { NFT_OP_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER, 6, FORM_NETWORK, "frag-off" },
    { NFT_OP_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER, 12, FORM_IP, "saddr" },
    { NFT_OP_PAYLOAD, NFT_PAYLOAD_NETWORK_HEADER, 16, FORM_IP, "daddr" },
    { NFT_OP_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, 0, FORM_NETWORK, "sport" },
    { NFT_OP_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, 2, FORM_NETWORK, "dport" },
    { NFT_OP_PAYLOAD, NFT_PAYLOAD_TRANSPORT_HEADER, 13, FORM_NETWORK, "flags" },
};

static const struct field *field_of(const struct nft_op *op)
{
    for (size_t i = 0; i < N_ELEMENTS(fields); i++)
        if (fields[i].load == op->type && fields[i].key == op->key &&
            (op->type == NFT_OP_META || fields[i].offset == op->offset))
            return &fields[i];
    return NULL;
}

static void put_value(struct buf *out, const struct field *f, struct nft_bytes v)
{
    const uint8_t *p = v.p;
    char ip[INET_ADDRSTRLEN];
    uint32_t number = 0;

    if (f && f->form == FORM_NAME) {
        buf_printf(out, "%.*s", (int)strnlen(v.p, v.len), (const char *)v.p);
        return;
    }
    if (f && f->form == FORM_IP && v.len == 4) {
        buf_puts(out, inet_ntop(AF_INET, v.p, ip, sizeof(ip)));
        return;
    }
    if (f && f->form == FORM_NUMBER && v.len == sizeof(number))
        memcpy(&number, p, sizeof(number));
    else
        for (uint32_t i = 0; i < v.len && i < sizeof(number); i++)
            number = number << 8 | p[i];
    buf_printf(out, "%u", number);
}

static void put_set(struct buf *out, const struct nft_table *t, const struct field *f,
                    const char *name)
{
    const struct nft_set *s = nft_set_find(t, name);

    if (!s || !(s->flags & NFT_SET_ANONYMOUS)) {
        buf_printf(out, "@%s", name);
        return;
    }
    buf_puts(out, "{");
    for (const struct nft_elem *e = s->elems; e; e = e->next) {
        buf_puts(out, e == s->elems ? " " : ", ");
        put_value(out, f, e->key);
    }
    buf_puts(out, " }");
}

static void put_end(struct buf *out, const struct nft_op *op)
{
    switch (op->type) {
    case NFT_OP_REJECT:
        buf_puts(out, "reject");
        break;
    case NFT_OP_NOTRACK:
        buf_puts(out, "notrack");
        break;
    case NFT_OP_NAT:
        buf_puts(out, "dnat");
        break;
    case NFT_OP_IMMEDIATE:
        if (op->dreg == NFT_REG_VERDICT)
            buf_puts(out, op->key == NF_ACCEPT ? "accept" : op->key == NF_DROP ? "drop" : "jump");
        break;
    default:
        break;
    }
}

void ruleset_rule_text(const struct nft_table *t, const struct nft_rule *r, struct buf *out)
{
    const struct field *f = NULL;

    for (size_t i = 0; i < r->count; i++) {
        const struct nft_op *op = &r->ops[i];

        if (op->type == NFT_OP_META || op->type == NFT_OP_PAYLOAD) {
            f = field_of(op);
            buf_printf(out, "%s ", f ? f->name : "?");
        } else if (op->type == NFT_OP_CMP) {
            buf_puts(out, op->op == NFT_CMP_NEQ ? "!= " : "");
            put_value(out, f, op->data);
            buf_puts(out, " ");
        } else if (op->type == NFT_OP_LOOKUP) {
            put_set(out, t, f, op->name);
            buf_puts(out, " ");
        } else {
            put_end(out, op);
        }
    }
}
