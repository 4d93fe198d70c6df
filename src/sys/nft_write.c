/* One transaction: tables out, tables in. */
#include "sys/nft_internal.h"

#include <errno.h>
#include <libnftnl/batch.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    BATCH_SIZE = 32768, /* our largest transaction is a quarter of it */
    MESSAGE_MAX = 8192,
};

struct batch {
    struct nftnl_batch *b;
    uint32_t seq;
    struct nlmsghdr *last;
    int failed;
};

static struct nlmsghdr *message(struct batch *b, uint16_t type, uint32_t family, uint16_t flags)
{
    b->last =
        nftnl_nlmsg_build_hdr(nftnl_batch_buffer(b->b), type, (uint16_t)family, flags, b->seq++);
    return b->last;
}

static void message_done(struct batch *b)
{
    if (nftnl_batch_update(b->b) < 0)
        b->failed = -ENOMEM;
}

static void batch_table(struct batch *b, const struct nft_table *t, uint16_t type)
{
    struct nftnl_table *nt = nftnl_table_alloc();
    struct nftnl_udata_buf *ud = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
    uint16_t flags = type == NFT_MSG_NEWTABLE ? NLM_F_CREATE | NLM_F_EXCL : 0;

    if (nt && ud) {
        nftnl_table_set_u32(nt, NFTNL_TABLE_FAMILY, t->family);
        nftnl_table_set_str(nt, NFTNL_TABLE_NAME, t->name);
        if (type == NFT_MSG_NEWTABLE && t->comment) {
            nftnl_udata_put_strz(ud, NFTNL_UDATA_TABLE_COMMENT, t->comment);
            if (t->params.len)
                nftnl_udata_put(ud, NFT_UDATA_PARAMS, t->params.len, t->params.p);
            nftnl_table_set_data(nt, NFTNL_TABLE_USERDATA, nftnl_udata_buf_data(ud),
                                 nftnl_udata_buf_len(ud));
        }
        nftnl_table_nlmsg_build_payload(message(b, type, t->family, flags), nt);
        message_done(b);
    } else {
        b->failed = -ENOMEM;
    }
    nftnl_udata_buf_free(ud);
    nftnl_table_free(nt);
}

static void batch_chain(struct batch *b, const struct nft_table *t, const struct nft_chain *c)
{
    struct nftnl_chain *nc = nftnl_chain_alloc();

    if (!nc) {
        b->failed = -ENOMEM;
        return;
    }
    nftnl_chain_set_str(nc, NFTNL_CHAIN_TABLE, t->name);
    nftnl_chain_set_str(nc, NFTNL_CHAIN_NAME, c->name);
    if (c->base) {
        nftnl_chain_set_str(nc, NFTNL_CHAIN_TYPE, c->type);
        nftnl_chain_set_u32(nc, NFTNL_CHAIN_HOOKNUM, c->hook);
        nftnl_chain_set_s32(nc, NFTNL_CHAIN_PRIO, c->priority);
        nftnl_chain_set_u32(nc, NFTNL_CHAIN_POLICY, c->policy);
        if (c->dev)
            nftnl_chain_set_str(nc, NFTNL_CHAIN_DEV, c->dev);
    }
    nftnl_chain_nlmsg_build_payload(
        message(b, NFT_MSG_NEWCHAIN, t->family, NLM_F_CREATE | NLM_F_EXCL), nc);
    message_done(b);
    nftnl_chain_free(nc);
}

static void batch_set(struct batch *b, const struct nft_table *t, const struct nft_set *s)
{
    struct nftnl_set *ns = nftnl_set_alloc();

    if (!ns) {
        b->failed = -ENOMEM;
        return;
    }
    nftnl_set_set_str(ns, NFTNL_SET_TABLE, t->name);
    nftnl_set_set_str(ns, NFTNL_SET_NAME, nft_set_kernel_name(s));
    nftnl_set_set_u32(ns, NFTNL_SET_FLAGS, s->flags);
    nftnl_set_set_u32(ns, NFTNL_SET_KEY_TYPE, s->key_type);
    nftnl_set_set_u32(ns, NFTNL_SET_KEY_LEN, s->key_len);
    nftnl_set_set_u32(ns, NFTNL_SET_ID, s->id);
    for (const struct nft_elem *e = s->elems; e; e = e->next) {
        struct nftnl_set_elem *ne = nftnl_set_elem_alloc();

        if (ne) {
            nftnl_set_elem_set(ne, NFTNL_SET_ELEM_KEY, e->key.p, e->key.len);
            nftnl_set_elem_add(ns, ne);
        } else {
            b->failed = -ENOMEM;
        }
    }
    nftnl_set_nlmsg_build_payload(message(b, NFT_MSG_NEWSET, t->family, NLM_F_CREATE | NLM_F_EXCL),
                                  ns);
    message_done(b);
    nftnl_set_elems_nlmsg_build_payload(message(b, NFT_MSG_NEWSETELEM, t->family, NLM_F_CREATE),
                                        ns);
    message_done(b);
    nftnl_set_free(ns);
}

static void batch_rule(struct batch *b, const struct nft_table *t, const struct nft_chain *c,
                       const struct nft_rule *rule)
{
    struct nftnl_rule *nr = nftnl_rule_alloc();

    if (!nr) {
        b->failed = -ENOMEM;
        return;
    }
    nftnl_rule_set_str(nr, NFTNL_RULE_TABLE, t->name);
    nftnl_rule_set_str(nr, NFTNL_RULE_CHAIN, c->name);
    for (size_t i = 0; i < rule->count; i++) {
        const struct nft_op *op = &rule->ops[i];
        const struct nft_set *set = op->type == NFT_OP_LOOKUP ? nft_set_find(t, op->name) : NULL;
        struct nftnl_expr *e = nft_expr_from_op(op, set);

        if (e)
            nftnl_rule_add_expr(nr, e);
        else
            b->failed = -ENOMEM;
    }
    nftnl_rule_nlmsg_build_payload(
        message(b, NFT_MSG_NEWRULE, t->family, NLM_F_CREATE | NLM_F_APPEND), nr);
    message_done(b);
    nftnl_rule_free(nr);
}

static void batch_add(struct batch *b, const struct nft_table *t)
{
    batch_table(b, t, NFT_MSG_NEWTABLE);
    for (const struct nft_set *s = t->sets; s; s = s->next)
        batch_set(b, t, s);
    for (const struct nft_chain *c = t->chains; c; c = c->next)
        batch_chain(b, t, c);
    for (const struct nft_chain *c = t->chains; c; c = c->next)
        for (const struct nft_rule *rule = c->rules; rule; rule = rule->next)
            batch_rule(b, t, c, rule);
}

/* The kernel has answered before sendmsg() returns: an acknowledgement of the last change, and an
 * error for each that it refused. Nothing at all would mean that the end wasn't reached. */
static int answers(struct nft *n)
{
    int r = -EIO;
    ssize_t len;

    while ((len = recv(mnl_socket_get_fd(n->nl), n->buf, sizeof(n->buf), MSG_DONTWAIT)) > 0) {
        int left = (int)len;

        for (struct nlmsghdr *h = (void *)n->buf; mnl_nlmsg_ok(h, left);
             h = mnl_nlmsg_next(h, &left)) {
            const struct nlmsgerr *err = mnl_nlmsg_get_payload(h);

            if (h->nlmsg_type != NLMSG_ERROR)
                continue;
            if (err->error < 0)
                return err->error;
            r = 0;
        }
    }
    return r;
}

static int batch_send(struct nft *n, struct batch *b)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    struct iovec iov;
    struct msghdr msg = {
        .msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = &iov, .msg_iovlen = 1
    };

    if (nftnl_batch_iovec_len(b->b) != 1) /* then b->last may have been moved */
        return -E2BIG;
    nftnl_batch_iovec(b->b, &iov, 1);
    if (sendmsg(mnl_socket_get_fd(n->nl), &msg, 0) < 0)
        return -errno;
    return answers(n);
}

int nft_commit(struct nft *n, const struct nft_change *changes, size_t count)
{
    struct batch b = { .b = nftnl_batch_alloc(BATCH_SIZE, MESSAGE_MAX), .seq = n->seq + 1 };
    int r;

    if (!b.b)
        return -ENOMEM;
    nftnl_batch_begin(nftnl_batch_buffer(b.b), b.seq++);
    message_done(&b);
    for (size_t i = 0; i < count; i++)
        if (changes[i].remove)
            batch_table(&b, changes[i].remove, NFT_MSG_DELTABLE);
    for (size_t i = 0; i < count; i++)
        if (changes[i].add)
            batch_add(&b, changes[i].add);
    if (b.last)
        b.last->nlmsg_flags |= NLM_F_ACK;
    nftnl_batch_end(nftnl_batch_buffer(b.b), b.seq++);
    message_done(&b);
    n->seq = b.seq;
    r = b.failed ? b.failed : b.last ? batch_send(n, &b) : 0;
    nftnl_batch_free(b.b);
    return r;
}
