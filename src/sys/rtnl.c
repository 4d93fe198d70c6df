#include "sys/rtnl_internal.h"

#include "base/mem.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdlib.h>
#include <string.h>

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

int rtnl_talk(struct rtnl *nl, struct nl_msg *msg, struct answer *a)
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

struct nl_msg *rtnl_message(int type, int flags, const void *header, size_t len)
{
    struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

    if (msg && nlmsg_append(msg, (void *)(uintptr_t)header, len, NLMSG_ALIGNTO) < 0) {
        nlmsg_free(msg);
        msg = NULL;
    }
    return msg;
}

int rtnl_finish(struct rtnl *nl, struct nl_msg *msg, int failed)
{
    struct answer a = { 0 };

    if (failed < 0) {
        nlmsg_free(msg);
        return -ENOBUFS;
    }
    return rtnl_talk(nl, msg, &a);
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
    struct nl_msg *msg = rtnl_message(RTM_GETLINK, NLM_F_ACK, &ifi, sizeof(ifi));
    int r;

    if (!msg)
        return -ENOMEM;
    if (nla_put_string(msg, IFLA_IFNAME, name) < 0) {
        nlmsg_free(msg);
        return -ENOBUFS;
    }
    r = rtnl_talk(nl, msg, &a);
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
        rtnl_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &ifi, sizeof(ifi));
    int failed;

    if (!msg)
        return -ENOMEM;
    failed = put_end(msg, here);
    if (failed == 0)
        failed = put_peer(msg, peer, peer_ns_fd);
    return rtnl_finish(nl, msg, failed);
}

int rtnl_link_del(struct rtnl *nl, int index)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    struct nl_msg *msg = rtnl_message(RTM_DELLINK, NLM_F_ACK, &ifi, sizeof(ifi));

    return msg ? rtnl_finish(nl, msg, 0) : -ENOMEM;
}

int rtnl_link_flags(struct rtnl *nl, int index, unsigned flags, unsigned mask)
{
    struct ifinfomsg ifi = {
        .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = flags, .ifi_change = mask
    };
    struct nl_msg *msg = rtnl_message(RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));

    return msg ? rtnl_finish(nl, msg, 0) : -ENOMEM;
}

int rtnl_link_no_ipv6(struct rtnl *nl, int index)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    struct nl_msg *msg = rtnl_message(RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));

    return msg ? rtnl_finish(nl, msg, put_no_ipv6(msg)) : -ENOMEM;
}

int rtnl_link_mtu(struct rtnl *nl, int index, uint32_t mtu)
{
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    struct nl_msg *msg = rtnl_message(RTM_NEWLINK, NLM_F_ACK, &ifi, sizeof(ifi));

    return msg ? rtnl_finish(nl, msg, nla_put_u32(msg, IFLA_MTU, mtu)) : -ENOMEM;
}
