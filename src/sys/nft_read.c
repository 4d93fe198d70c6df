/* Opening, and reading tables, chains, sets and rules. */
#include "sys/nft_internal.h"

#include "base/mem.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SET_ELEMENTS_MAX = 1024, DUMP_TRIES = 5, OPS_MAX = 64 };

int nft_open(struct nft **ret)
{
    struct nft *n = calloc(1, sizeof(*n));
    int r;

    if (!n)
        return -ENOMEM;
    n->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!n->nl || mnl_socket_bind(n->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
        r = -errno;
        nft_close(n);
        return r;
    }
    *ret = n;
    return 0;
}

void nft_close(struct nft *n)
{
    if (n && n->nl)
        mnl_socket_close(n->nl);
    free(n);
}

struct reading {
    struct nft_ruleset *rs;
    struct nft_table *table; /* whose sets and rules are read */
    struct nft_set *set;
    size_t elements;
};

static int dump(struct nft *n, struct nlmsghdr *req, mnl_cb_t cb, struct reading *rd)
{
    uint32_t portid = mnl_socket_get_portid(n->nl);
    ssize_t len;
    int r = MNL_CB_OK;

    if (mnl_socket_sendto(n->nl, req, req->nlmsg_len) < 0)
        return -errno;
    while (r > MNL_CB_STOP) {
        len = mnl_socket_recvfrom(n->nl, n->buf, sizeof(n->buf));
        if (len < 0)
            return -errno;
        r = mnl_cb_run(n->buf, (size_t)len, n->seq, portid, cb, rd);
    }
    return r < 0 ? -errno : 0;
}

static struct nlmsghdr *request(struct nft *n, uint16_t type, uint32_t family)
{
    return nftnl_nlmsg_build_hdr(n->buf, type, (uint16_t)family, NLM_F_DUMP, ++n->seq);
}

/* Our own bytes beside a table's comment: {type, length, value}, as libnftnl lays them. */
static int udata_cb(const struct nftnl_udata *attr, void *data)
{
    const struct nftnl_udata **found = data;
    uint8_t type = nftnl_udata_type(attr);

    if (type == NFTNL_UDATA_TABLE_COMMENT)
        found[0] = attr;
    else if (type == NFT_UDATA_PARAMS)
        found[1] = attr;
    return 0;
}

static void table_udata(struct nft_ruleset *rs, struct nft_table *t, const struct nftnl_table *nt)
{
    const struct nftnl_udata *found[2] = { NULL, NULL };
    uint32_t len = 0;
    const void *data = nftnl_table_get_data(nt, NFTNL_TABLE_USERDATA, &len);
    const char *comment;

    if (!data || nftnl_udata_parse(data, len, udata_cb, found) < 0)
        return;
    if (found[0]) {
        comment = nftnl_udata_get(found[0]);
        len = nftnl_udata_len(found[0]);
        if (len > 0 && comment[len - 1] == '\0')
            t->comment = nft_text(rs, comment);
    }
    if (found[1])
        t->params = nft_copy(rs, nftnl_udata_get(found[1]), nftnl_udata_len(found[1]));
}

static int table_cb(const struct nlmsghdr *nlh, void *data)
{
    struct reading *rd = data;
    struct nftnl_table *nt = nftnl_table_alloc();
    struct nft_table *t = NULL;

    if (nt && nftnl_table_nlmsg_parse(nlh, nt) == 0)
        t = nft_table_add(rd->rs, nftnl_table_get_u32(nt, NFTNL_TABLE_FAMILY),
                          nftnl_table_get_str(nt, NFTNL_TABLE_NAME));
    if (t) {
        t->flags = nftnl_table_get_u32(nt, NFTNL_TABLE_FLAGS);
        table_udata(rd->rs, t, nt);
    }
    nftnl_table_free(nt);
    return MNL_CB_OK;
}

static void chain_hook(struct nft_ruleset *rs, struct nft_chain *c, const struct nftnl_chain *nc)
{
    const char *const *devices = nftnl_chain_get(nc, NFTNL_CHAIN_DEVICES);
    const char *dev = nftnl_chain_get_str(nc, NFTNL_CHAIN_DEV);

    c->base = true;
    c->hook = nftnl_chain_get_u32(nc, NFTNL_CHAIN_HOOKNUM);
    c->priority = nftnl_chain_get_s32(nc, NFTNL_CHAIN_PRIO);
    c->policy = nftnl_chain_get_u32(nc, NFTNL_CHAIN_POLICY);
    c->type = nft_text(rs, nftnl_chain_get_str(nc, NFTNL_CHAIN_TYPE));
    c->dev = nft_text(rs, dev ? dev : devices ? devices[0] : NULL);
}

static int chain_cb(const struct nlmsghdr *nlh, void *data)
{
    struct reading *rd = data;
    struct nftnl_chain *nc = nftnl_chain_alloc();
    struct nft_table *t;
    struct nft_chain *c;

    if (nc && nftnl_chain_nlmsg_parse(nlh, nc) == 0) {
        t = nft_table_find(rd->rs, nftnl_chain_get_u32(nc, NFTNL_CHAIN_FAMILY),
                           nftnl_chain_get_str(nc, NFTNL_CHAIN_TABLE));
        c = nft_chain_add(rd->rs, t, nftnl_chain_get_str(nc, NFTNL_CHAIN_NAME));
        if (c && nftnl_chain_is_set(nc, NFTNL_CHAIN_HOOKNUM))
            chain_hook(rd->rs, c, nc);
    }
    nftnl_chain_free(nc);
    return MNL_CB_OK;
}

int nft_read_tables(struct nft *n, struct nft_ruleset *rs)
{
    struct reading rd = { .rs = rs };
    int r = -EINTR;

    for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
        nft_ruleset_forget(rs);
        r = dump(n, request(n, NFT_MSG_GETTABLE, NFPROTO_UNSPEC), table_cb, &rd);
        if (r == 0)
            r = dump(n, request(n, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC), chain_cb, &rd);
    }
    if (r < 0)
        return r;
    return nft_ruleset_failed(rs) ? -ENOMEM : 0;
}

static int set_cb(const struct nlmsghdr *nlh, void *data)
{
    struct reading *rd = data;
    struct nftnl_set *ns = nftnl_set_alloc();
    struct nft_set *s = NULL;

    if (ns && nftnl_set_nlmsg_parse(nlh, ns) == 0 &&
        strcmp(nftnl_set_get_str(ns, NFTNL_SET_TABLE), rd->table->name) == 0)
        s = nft_set_add(rd->rs, rd->table, nftnl_set_get_str(ns, NFTNL_SET_NAME));
    if (s) {
        s->flags = nftnl_set_get_u32(ns, NFTNL_SET_FLAGS);
        s->key_type = nftnl_set_get_u32(ns, NFTNL_SET_KEY_TYPE);
        s->key_len = nftnl_set_get_u32(ns, NFTNL_SET_KEY_LEN);
    }
    nftnl_set_free(ns);
    return MNL_CB_OK;
}

static int elem_cb(struct nftnl_set_elem *ne, void *data)
{
    struct reading *rd = data;
    uint32_t len = 0, end_len = 0;
    const void *key = nftnl_set_elem_get(ne, NFTNL_SET_ELEM_KEY, &len);
    const void *end = nftnl_set_elem_get(ne, NFTNL_SET_ELEM_KEY_END, &end_len);
    struct nft_elem *e;

    if (rd->elements++ >= SET_ELEMENTS_MAX) {
        rd->set->truncated = true;
        return 0;
    }
    e = nft_elem_add(rd->rs, rd->set, key, key ? len : 0);
    if (!e)
        return 0;
    e->key_end = nft_copy(rd->rs, end, end ? end_len : 0);
    if (nftnl_set_elem_is_set(ne, NFTNL_SET_ELEM_FLAGS))
        e->flags = nftnl_set_elem_get_u32(ne, NFTNL_SET_ELEM_FLAGS);
    if (nftnl_set_elem_is_set(ne, NFTNL_SET_ELEM_VERDICT))
        e->verdict = nftnl_set_elem_get_u32(ne, NFTNL_SET_ELEM_VERDICT);
    e->chain = nft_text(rd->rs, nftnl_set_elem_get_str(ne, NFTNL_SET_ELEM_CHAIN));
    return 0;
}

static int elems_cb(const struct nlmsghdr *nlh, void *data)
{
    struct reading *rd = data;
    struct nftnl_set *ns = rd->set->truncated ? NULL : nftnl_set_alloc();

    if (ns && nftnl_set_elems_nlmsg_parse(nlh, ns) == 0)
        nftnl_set_elem_foreach(ns, elem_cb, rd);
    if (ns)
        nftnl_set_free(ns);
    return MNL_CB_OK;
}

struct ops_of {
    struct nft_op *ops;
    size_t count, cap;
};

static int expr_cb(struct nftnl_expr *e, void *data)
{
    struct ops_of *o = data;

    if (o->count == o->cap)
        return -1;
    nft_expr_to_op(e, &o->ops[o->count++]);
    return 0;
}

/* A rule that libnftnl can't read (a newer kernel's) stays one operation that nobody can judge. */
static int rule_cb(const struct nlmsghdr *nlh, void *data)
{
    struct reading *rd = data;
    struct nftnl_rule *nr = nftnl_rule_alloc();
    struct nft_op ops[OPS_MAX];
    struct ops_of o = { ops, 0, N_ELEMENTS(ops) };
    struct nft_op unknown = { .type = NFT_OP_OTHER, .name = "unreadable" };
    const char *table, *chain;
    int parsed;

    if (!nr)
        return MNL_CB_OK;
    parsed = nftnl_rule_nlmsg_parse(nlh, nr);
    if (parsed == 0)
        parsed = nftnl_expr_foreach(nr, expr_cb, &o);
    table = nftnl_rule_get_str(nr, NFTNL_RULE_TABLE);
    chain = nftnl_rule_get_str(nr, NFTNL_RULE_CHAIN);
    if (table && chain && strcmp(table, rd->table->name) == 0)
        nft_rule_add(rd->rs, nft_chain_find(rd->table, chain), parsed == 0 ? ops : &unknown,
                     parsed == 0 ? o.count : 1);
    nftnl_rule_free(nr);
    return MNL_CB_OK;
}

static int read_elements(struct nft *n, struct nft_table *t, struct reading *rd)
{
    struct nftnl_set *ns = nftnl_set_alloc();
    struct nlmsghdr *req;
    int r;

    if (!ns)
        return -ENOMEM;
    rd->elements = 0;
    req = request(n, NFT_MSG_GETSETELEM, t->family);
    nftnl_set_set_str(ns, NFTNL_SET_TABLE, t->name);
    nftnl_set_set_str(ns, NFTNL_SET_NAME, rd->set->name);
    nftnl_set_nlmsg_build_payload(req, ns);
    nftnl_set_free(ns);
    r = dump(n, req, elems_cb, rd);
    return r == -ENOENT ? -EINTR : r;
}

static void table_forget(struct nft_table *t)
{
    t->sets = NULL;
    t->sets_tail = &t->sets;
    for (struct nft_chain *c = t->chains; c; c = c->next) {
        c->rules = NULL;
        c->rules_tail = &c->rules;
    }
}

static int read_rules_once(struct nft *n, struct nft_ruleset *rs, struct nft_table *t)
{
    struct reading rd = { .rs = rs, .table = t };
    struct nlmsghdr *req;
    int r;

    table_forget(t);
    req = request(n, NFT_MSG_GETSET, t->family);
    mnl_attr_put_strz(req, NFTA_SET_TABLE, t->name);
    r = dump(n, req, set_cb, &rd);
    for (rd.set = t->sets; rd.set && r == 0; rd.set = rd.set->next)
        r = read_elements(n, t, &rd);
    if (r < 0)
        return r;
    req = request(n, NFT_MSG_GETRULE, t->family);
    mnl_attr_put_strz(req, NFTA_RULE_TABLE, t->name);
    return dump(n, req, rule_cb, &rd);
}

int nft_read_rules(struct nft *n, struct nft_ruleset *rs, struct nft_table *t)
{
    int r = -EINTR;

    for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++)
        r = read_rules_once(n, rs, t);
    if (r < 0)
        return r;
    return nft_ruleset_failed(rs) ? -ENOMEM : 0;
}
