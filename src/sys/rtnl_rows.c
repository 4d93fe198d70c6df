/* Addresses, neighbours and routes. */
#include "sys/rtnl_internal.h"

#include "base/mem.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

void rtnl_rows_done(struct rtnl_rows *rows)
{
    free(rows->rows);
    *rows = (struct rtnl_rows){ 0 };
}

static size_t address_len(uint8_t family)
{
    return family == AF_INET6 ? 16 : 4;
}

static void take(uint8_t *to, size_t size, struct nlattr *from)
{
    if (from && (size_t)nla_len(from) <= size)
        memcpy(to, nla_data(from), (size_t)nla_len(from));
}

static int read_address(struct nlmsghdr *h, struct rtnl_row *row)
{
    struct ifaddrmsg *m = nlmsg_data(h);
    struct nlattr *tb[IFA_MAX + 1];

    if (nlmsg_parse(h, sizeof(*m), tb, IFA_MAX, NULL) < 0)
        return -EPROTO;
    row->index = (int)m->ifa_index;
    row->family = m->ifa_family;
    row->prefix = m->ifa_prefixlen;
    row->scope = m->ifa_scope;
    take(row->addr, sizeof(row->addr), tb[IFA_ADDRESS]);
    take(row->local, sizeof(row->local), tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS]);
    return 0;
}

static int read_neighbour(struct nlmsghdr *h, struct rtnl_row *row)
{
    struct ndmsg *m = nlmsg_data(h);
    struct nlattr *tb[NDA_MAX + 1];

    if (nlmsg_parse(h, sizeof(*m), tb, NDA_MAX, NULL) < 0)
        return -EPROTO;
    row->index = m->ndm_ifindex;
    row->family = m->ndm_family;
    row->state = m->ndm_state;
    take(row->addr, sizeof(row->addr), tb[NDA_DST]);
    take(row->mac, sizeof(row->mac), tb[NDA_LLADDR]);
    return 0;
}

static int read_route(struct nlmsghdr *h, struct rtnl_row *row)
{
    struct rtmsg *m = nlmsg_data(h);
    struct nlattr *tb[RTA_MAX + 1];

    if (nlmsg_parse(h, sizeof(*m), tb, RTA_MAX, NULL) < 0)
        return -EPROTO;
    row->family = m->rtm_family;
    row->prefix = m->rtm_dst_len;
    row->type = m->rtm_type;
    row->scope = m->rtm_scope;
    row->protocol = m->rtm_protocol;
    row->onlink = m->rtm_flags & RTNH_F_ONLINK ? 1 : 0;
    row->table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : m->rtm_table;
    row->index = tb[RTA_OIF] ? (int)nla_get_u32(tb[RTA_OIF]) : 0;
    take(row->addr, sizeof(row->addr), tb[RTA_DST]);
    take(row->local, sizeof(row->local), tb[RTA_PREFSRC]);
    take(row->via, sizeof(row->via), tb[RTA_GATEWAY]);
    return 0;
}

/* What is put in front of a missing address is no address. */
static bool any(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return true;
    return false;
}

static int put(struct nl_msg *msg, int attr, const uint8_t *bytes, size_t len)
{
    return any(bytes, len) ? nla_put(msg, attr, (int)len, bytes) : 0;
}

static struct nl_msg *write_address(int type, int flags, const struct rtnl_row *row)
{
    struct ifaddrmsg m = { .ifa_family = row->family,
                           .ifa_prefixlen = row->prefix,
                           .ifa_flags = row->nodad ? IFA_F_NODAD : 0,
                           .ifa_scope = row->scope,
                           .ifa_index = (unsigned)row->index };
    struct nl_msg *msg = rtnl_message(type, flags, &m, sizeof(m));

    if (msg && (put(msg, IFA_LOCAL, row->local, address_len(row->family)) < 0 ||
                put(msg, IFA_ADDRESS, row->addr, address_len(row->family)) < 0)) {
        nlmsg_free(msg);
        return NULL;
    }
    return msg;
}

static struct nl_msg *write_neighbour(int type, int flags, const struct rtnl_row *row)
{
    struct ndmsg m = { .ndm_family = row->family,
                       .ndm_ifindex = row->index,
                       .ndm_state = row->state };
    struct nl_msg *msg = rtnl_message(type, flags, &m, sizeof(m));

    if (msg && (put(msg, NDA_DST, row->addr, address_len(row->family)) < 0 ||
                put(msg, NDA_LLADDR, row->mac, MAC_LEN) < 0)) {
        nlmsg_free(msg);
        return NULL;
    }
    return msg;
}

static struct nl_msg *write_route(int type, int flags, const struct rtnl_row *row)
{
    struct rtmsg m = { .rtm_family = row->family,
                       .rtm_dst_len = row->prefix,
                       .rtm_table = RT_TABLE_UNSPEC,
                       .rtm_protocol = row->protocol,
                       .rtm_scope = row->scope,
                       .rtm_type = row->type,
                       .rtm_flags = row->onlink ? RTNH_F_ONLINK : 0 };
    struct nl_msg *msg = rtnl_message(type, flags, &m, sizeof(m));
    size_t len = address_len(row->family);

    if (msg && (put(msg, RTA_DST, row->addr, len) < 0 || put(msg, RTA_GATEWAY, row->via, len) < 0 ||
                put(msg, RTA_PREFSRC, row->local, len) < 0 ||
                nla_put_u32(msg, RTA_TABLE, row->table) < 0 ||
                (row->index && nla_put_u32(msg, RTA_OIF, (uint32_t)row->index) < 0))) {
        nlmsg_free(msg);
        return NULL;
    }
    return msg;
}

/* One row a table: its messages, and both directions. */
static const struct table {
    int added, removed, get;
    size_t header;
    int how; /* flags of an addition */
    int (*read)(struct nlmsghdr *h, struct rtnl_row *row);
    struct nl_msg *(*write)(int type, int flags, const struct rtnl_row *row);
} tables[] = {
    [RTNL_ADDRESSES] = { RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR, sizeof(struct ifaddrmsg),
                         NLM_F_CREATE | NLM_F_EXCL, read_address, write_address },
    [RTNL_NEIGHBOURS] = { RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH, sizeof(struct ndmsg),
                          NLM_F_CREATE | NLM_F_REPLACE, read_neighbour, write_neighbour },
    [RTNL_ROUTES] = { RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE, sizeof(struct rtmsg),
                      NLM_F_CREATE | NLM_F_EXCL, read_route, write_route },
};

struct listing {
    const struct table *table;
    struct rtnl_rows *rows;
    rtnl_keep keep;
    void *arg;
};

static int list_row(struct nlmsghdr *h, void *arg)
{
    struct listing *l = arg;
    struct rtnl_rows *rows = l->rows;
    struct rtnl_row row = { 0 }, *grown;
    int r;

    if (h->nlmsg_type != l->table->added)
        return 0;
    r = l->table->read(h, &row);
    if (r < 0 || (row.family != AF_INET && row.family != AF_INET6))
        return r;
    if (l->keep && !l->keep(&row, l->arg))
        return 0;
    if (rows->count == rows->cap) {
        size_t cap = rows->cap ? rows->cap * 2 : 16;

        grown = realloc(rows->rows, cap * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        rows->rows = grown;
        rows->cap = cap;
    }
    rows->rows[rows->count++] = row;
    return 0;
}

#define DUMP_TRIES 5

int rtnl_list(struct rtnl *nl, enum rtnl_table table, rtnl_keep keep, void *arg,
              struct rtnl_rows *rows)
{
    const struct table *t = &tables[table];
    const uint8_t header[16] = { AF_UNSPEC };
    struct listing l = { t, rows, keep, arg };
    size_t before = rows->count;
    int r = -EINTR;

    for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
        struct answer a = { .row = list_row, .arg = &l };
        struct nl_msg *msg = rtnl_message(t->get, NLM_F_DUMP, header, t->header);

        rows->count = before;
        r = msg ? rtnl_talk(nl, msg, &a) : -ENOMEM;
    }
    return r;
}

int rtnl_add(struct rtnl *nl, enum rtnl_table table, const struct rtnl_row *row)
{
    const struct table *t = &tables[table];
    struct nl_msg *msg = t->write(t->added, t->how | NLM_F_ACK, row);

    return msg ? rtnl_finish(nl, msg, 0) : -ENOMEM;
}

int rtnl_del(struct rtnl *nl, enum rtnl_table table, const struct rtnl_row *row)
{
    const struct table *t = &tables[table];
    struct nl_msg *msg = t->write(t->removed, NLM_F_ACK, row);

    return msg ? rtnl_finish(nl, msg, 0) : -ENOMEM;
}
