#include "sys/rtnl.h"

#include "base/mem.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

struct rtnl {
    struct nl_sock *sock;
};

/* libnl folds the kernel's errnos into its own; only the callbacks still see them. */
struct answer {
    int error;  /* the kernel's, negative */
    bool ended; /* acknowledged, or the dump is over */
    int (*row)(struct nlmsghdr *h, void *arg);
    void *arg;
};

static int error_cb(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
    struct answer *a = arg;

    (void)from;
    a->error = err->error;
    return NL_STOP;
}

static int row_cb(struct nl_msg *msg, void *arg)
{
    struct answer *a = arg;
    int r = a->row ? a->row(nlmsg_hdr(msg), a->arg) : 0;

    if (r == 0)
        return NL_OK;
    a->error = r;
    return NL_STOP;
}

static int end_cb(struct nl_msg *msg, void *arg)
{
    struct answer *a = arg;

    (void)msg;
    a->ended = true;
    return NL_STOP;
}

int rtnl_open(struct rtnl **ret)
{
    struct rtnl *nl = calloc(1, sizeof(*nl));

    if (!nl)
        return -ENOMEM;
    nl->sock = nl_socket_alloc();
    if (!nl->sock || nl_connect(nl->sock, NETLINK_ROUTE) < 0) {
        rtnl_close(nl);
        return -EPROTO;
    }
    *ret = nl;
    return 0;
}

void rtnl_close(struct rtnl *nl)
{
    if (nl && nl->sock)
        nl_socket_free(nl->sock);
    free(nl);
}

void rtnl_rows_done(struct rtnl_rows *rows)
{
    free(rows->rows);
    *rows = (struct rtnl_rows){ 0 };
}

static int receive(struct rtnl *nl, struct answer *a)
{
    struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
    int r;

    if (!cb)
        return -ENOMEM;
    nl_cb_err(cb, NL_CB_CUSTOM, error_cb, a);
    nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, row_cb, a);
    nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, end_cb, a);
    nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, end_cb, a);
    r = nl_recvmsgs(nl->sock, cb);
    nl_cb_put(cb);
    if (a->error < 0)
        return a->error;
    return r == -NLE_DUMP_INTR ? -EINTR : r < 0 ? -EPROTO : 0;
}

/* Sends a request (freed here), and waits for its acknowledgement or for the end of its dump. */
static int talk(struct rtnl *nl, struct nl_msg *msg, struct answer *a)
{
    int r = nl_send_auto(nl->sock, msg);

    nlmsg_free(msg);
    if (r < 0)
        return -EPROTO;
    do
        r = receive(nl, a);
    while (r == 0 && !a->ended);
    return r;
}

static struct nl_msg *message(int type, int flags, const void *header, size_t len)
{
    struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

    if (msg && nlmsg_append(msg, (void *)(uintptr_t)header, len, NLMSG_ALIGNTO) < 0) {
        nlmsg_free(msg);
        msg = NULL;
    }
    return msg;
}

static int finish(struct rtnl *nl, struct nl_msg *msg, int failed)
{
    struct answer a = { 0 };

    if (failed < 0) {
        nlmsg_free(msg);
        return -ENOBUFS;
    }
    return talk(nl, msg, &a);
}

/* ---- links ------------------------------------------------------------------------------ */

static void link_kind(struct nlattr *info, struct rtnl_link *l)
{
    struct nlattr *kind = info ? nla_find(nla_data(info), nla_len(info), IFLA_INFO_KIND) : NULL;

    if (kind)
        nla_strlcpy(l->kind, kind, sizeof(l->kind));
}

static int link_row(struct nlmsghdr *h, void *arg)
{
    struct rtnl_link *l = arg;
    struct ifinfomsg *ifi = nlmsg_data(h);
    struct nlattr *tb[IFLA_MAX + 1];

    if (h->nlmsg_type != RTM_NEWLINK || nlmsg_parse(h, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
        return -EPROTO;
    l->index = ifi->ifi_index;
    l->flags = ifi->ifi_flags;
    if (tb[IFLA_IFNAME])
        nla_strlcpy(l->name, tb[IFLA_IFNAME], sizeof(l->name));
    if (tb[IFLA_MTU])
        l->mtu = nla_get_u32(tb[IFLA_MTU]);
    if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == MAC_LEN)
        memcpy(l->mac, nla_data(tb[IFLA_ADDRESS]), MAC_LEN);
    link_kind(tb[IFLA_LINKINFO], l);
    return 0;
}

int rtnl_link_get(struct rtnl *nl, const char *name, struct rtnl_link *ret)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
    struct rtnl_link found = { 0 };
    struct answer a = { .row = link_row, .arg = &found };
    struct nl_msg *msg = message(RTM_GETLINK, NLM_F_ACK, &ifi, sizeof(ifi));
    int r;

    if (!msg)
        return -ENOMEM;
    if (nla_put_string(msg, IFLA_IFNAME, name) < 0) {
        nlmsg_free(msg);
        return -ENOBUFS;
    }
    r = talk(nl, msg, &a);
    if (r == 0)
        *ret = found;
    return r;
}

static int put_no_ipv6(struct nl_msg *msg)
{
    struct nlattr *af = nla_nest_start(msg, IFLA_AF_SPEC);
    struct nlattr *inet6 = af ? nla_nest_start(msg, AF_INET6) : NULL;

    if (!inet6 || nla_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0)
        return -1;
    nla_nest_end(msg, inet6);
    nla_nest_end(msg, af);
    return 0;
}

static int put_end(struct nl_msg *msg, const struct rtnl_end *end)
{
    if (nla_put_string(msg, IFLA_IFNAME, end->name) < 0)
        return -1;
    return nla_put(msg, IFLA_ADDRESS, MAC_LEN, end->mac) < 0 ? -1 : 0;
}

static int put_peer(struct nl_msg *msg, const struct rtnl_end *peer, int ns_fd)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
    struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
    struct nlattr *data, *end;

    if (!info || nla_put_string(msg, IFLA_INFO_KIND, "veth") < 0)
        return -1;
    data = nla_nest_start(msg, IFLA_INFO_DATA);
    end = data ? nla_nest_start(msg, VETH_INFO_PEER) : NULL;
    if (!end || nlmsg_append(msg, &ifi, sizeof(ifi), 0) < 0 || put_end(msg, peer) < 0 ||
        nla_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)ns_fd) < 0)
        return -1;
    nla_nest_end(msg, end);
    nla_nest_end(msg, data);
    nla_nest_end(msg, info);
    return 0;
}

int rtnl_veth_add(struct rtnl *nl, const struct rtnl_end *here, const struct rtnl_end *peer,
                  int peer_ns_fd)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
    struct nl_msg *msg =
        message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &ifi, sizeof(ifi));
    int failed;

    if (!msg)
        return -ENOMEM;
    failed = put_end(msg, here);
    if (failed == 0)
        failed = put_peer(msg, peer, peer_ns_fd);
    return finish(nl, msg, failed);
}

int rtnl_link_del(struct rtnl *nl, int index)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    struct nl_msg *msg = message(RTM_DELLINK, NLM_F_ACK, &ifi, sizeof(ifi));

    return msg ? finish(nl, msg, 0) : -ENOMEM;
}

int rtnl_link_flags(struct rtnl *nl, int index, unsigned flags, unsigned mask)
{
    struct ifinfomsg ifi = {
        .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = flags, .ifi_change = mask
    };
    struct nl_msg *msg = message(RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));

    return msg ? finish(nl, msg, 0) : -ENOMEM;
}

int rtnl_link_no_ipv6(struct rtnl *nl, int index)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    struct nl_msg *msg = message(RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));

    return msg ? finish(nl, msg, put_no_ipv6(msg)) : -ENOMEM;
}

int rtnl_link_mtu(struct rtnl *nl, int index, uint32_t mtu)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    struct nl_msg *msg = message(RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));

    return msg ? finish(nl, msg, nla_put_u32(msg, IFLA_MTU, mtu)) : -ENOMEM;
}

/* ---- addresses, neighbours, routes -------------------------------------------------------- */

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
    struct nl_msg *msg = message(type, flags, &m, sizeof(m));

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
    struct nl_msg *msg = message(type, flags, &m, sizeof(m));

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
    struct nl_msg *msg = message(type, flags, &m, sizeof(m));
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
        struct nl_msg *msg = message(t->get, NLM_F_DUMP, header, t->header);

        rows->count = before;
        r = msg ? talk(nl, msg, &a) : -ENOMEM;
    }
    return r;
}

int rtnl_add(struct rtnl *nl, enum rtnl_table table, const struct rtnl_row *row)
{
    const struct table *t = &tables[table];
    struct nl_msg *msg = t->write(t->added, t->how | NLM_F_ACK, row);

    return msg ? finish(nl, msg, 0) : -ENOMEM;
}

int rtnl_del(struct rtnl *nl, enum rtnl_table table, const struct rtnl_row *row)
{
    const struct table *t = &tables[table];
    struct nl_msg *msg = t->write(t->removed, NLM_F_ACK, row);

    return msg ? finish(nl, msg, 0) : -ENOMEM;
}
