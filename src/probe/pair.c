#include "probe/pair.h"

#include "base/mem.h"
#include "sys/netns.h"
#include "sys/rtnl.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* Between the two ends; only the probes' pair ever has them. */
#define INSIDE6 "fd00:dc::2"
#define OUTSIDE6 "fd00:dc::1"

static const uint8_t inside_mac[MAC_LEN] = { 0x02, 0xdc, 0, 0, 0, 2 };
static const uint8_t outside_mac[MAC_LEN] = { 0x02, 0xdc, 0, 0, 0, 1 };

/* A new namespace may inherit its host's settings; these would break a control. accept_dad, since
 * an address on probation can't be used for a second. */
static const struct {
    const char *path, *value;
} settings[] = {
    { "/proc/sys/net/ipv4/conf/all/rp_filter", "0" },
    { "/proc/sys/net/ipv4/conf/default/rp_filter", "0" },
    { "/proc/sys/net/ipv4/conf/all/arp_ignore", "0" },
    { "/proc/sys/net/ipv4/conf/default/arp_ignore", "0" },
    { "/proc/sys/net/ipv4/icmp_echo_ignore_all", "0" },
    { "/proc/sys/net/ipv6/conf/all/disable_ipv6", "0" },
    { "/proc/sys/net/ipv6/conf/default/disable_ipv6", "0" },
};

/* Runs inside a namespace: settles it and opens a netlink socket there. */
static int enter(void *arg)
{
    for (size_t i = 0; i < N_ELEMENTS(settings); i++) {
        autofd int fd = open(settings[i].path, O_WRONLY | O_CLOEXEC);

        /* Where it can't be set, the control that needs it fails and says so. */
        if (fd >= 0 && write(fd, settings[i].value, 1) < 0)
            continue;
    }
    return rtnl_open(arg);
}

static int up(struct rtnl *nl, const char *name, int *ret_index)
{
    struct rtnl_link link;
    int r = rtnl_link_get(nl, name, &link);

    if (r < 0)
        return r;
    *ret_index = link.index;
    return rtnl_link_flags(nl, link.index, IFF_UP, IFF_UP);
}

static struct rtnl_row row_of(const union endpoint *at, int index)
{
    struct rtnl_row row = { .index = index, .family = (uint8_t)at->sa.sa_family };

    if (row.family == AF_INET6) {
        row.prefix = 128;
        row.nodad = 1;
        memcpy(row.local, &at->in6.sin6_addr, 16);
    } else {
        row.prefix = 32;
        memcpy(row.local, &at->in.sin_addr, 4);
    }
    memcpy(row.addr, row.local, sizeof row.addr);
    return row;
}

static int add_address(struct rtnl *nl, const union endpoint *at, int index)
{
    struct rtnl_row row = row_of(at, index);
    int r = rtnl_add(nl, RTNL_ADDRESSES, &row);

    return r == -EEXIST ? 0 : r;
}

/* A route to one address on the link (via NULL), or the default route by way of via. */
static int add_route(struct rtnl *nl, const union endpoint *to, const union endpoint *via,
                     int index)
{
    struct rtnl_row row = {
        .index = index,
        .family = (uint8_t)(via ? via : to)->sa.sa_family,
        .type = RTN_UNICAST,
        .protocol = RTPROT_STATIC,
        .table = RT_TABLE_MAIN,
        .scope = via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
    };

    if (via) {
        memcpy(row.via, row_of(via, 0).local, sizeof row.via);
    } else {
        memcpy(row.addr, row_of(to, 0).local, sizeof row.addr);
        row.prefix = row_of(to, 0).prefix;
    }
    return rtnl_add(nl, RTNL_ROUTES, &row);
}

struct ends {
    union endpoint here, there; /* IPv4 */
    union endpoint here6, there6;
};

/* One side: its addresses on the link, and how the other side is reached. */
static int settle(struct rtnl *nl, const char *name, const struct ends *ends, int *ret_lo)
{
    int index, r = up(nl, "lo", ret_lo);

    if (r < 0 || (r = up(nl, name, &index)) < 0)
        return r;
    if ((r = add_address(nl, &ends->here, index)) < 0 ||
        (r = add_route(nl, &ends->there, NULL, index)) < 0)
        return r;
    /* A kernel without IPv6 has no IPv6 to probe either: the rows that want it say so. */
    if (add_address(nl, &ends->here6, index) == 0)
        (void)add_route(nl, &ends->there6, NULL, index);
    return 0;
}

static int connect_ends(struct pair *p, const struct ends *in, const union endpoint *targets,
                        size_t count)
{
    const struct ends out = { in->there, in->here, in->there6, in->here6 };
    autortnl struct rtnl *inside = NULL, *outside = NULL;
    struct rtnl_link eth0;
    int lo, r;

    if ((r = netns_call(p->inside, enter, &inside)) < 0 ||
        (r = netns_call(p->outside, enter, &outside)) < 0)
        return r;
    r = rtnl_veth_add(outside, &(struct rtnl_end){ "veth0", outside_mac },
                      &(struct rtnl_end){ "eth0", inside_mac }, p->inside);
    if (r < 0 || (r = settle(outside, "veth0", &out, &lo)) < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        r = add_address(outside, &targets[i], lo);
        if (r < 0 && targets[i].sa.sa_family == AF_INET)
            return r;
    }
    if ((r = settle(inside, "eth0", in, &lo)) < 0 || (r = rtnl_link_get(inside, "eth0", &eth0)) < 0)
        return r;
    (void)add_route(inside, NULL, &in->there6, eth0.index);
    return add_route(inside, NULL, &in->there, eth0.index);
}

int pair_make(struct in_addr sandbox_ip, struct in_addr host_ip, const union endpoint *targets,
              size_t count, struct pair *ret, struct err *e)
{
    struct pair p = { -EBADF, -EBADF };
    struct ends in;
    int r;

    endpoint_set4(&in.here, sandbox_ip, 0);
    endpoint_set4(&in.there, host_ip, 0);
    (void)endpoint_set(&in.here6, INSIDE6, 0);
    (void)endpoint_set(&in.there6, OUTSIDE6, 0);
    if ((r = netns_new(&p.inside)) < 0 || (r = netns_new(&p.outside)) < 0 ||
        (r = connect_ends(&p, &in, targets, count)) < 0) {
        pair_done(&p);
        return err_set(e, r, EXIT_FAILED, "the controls' namespaces: %s", strerror(-r));
    }
    *ret = p;
    return 0;
}

void pair_done(struct pair *p)
{
    fd_closep(&p->inside);
    fd_closep(&p->outside);
}
