#include "resource/link.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOPBACK = 1, ROWS_MAX = 2 + DNS_MAX };
#define WAIT_STEP_NS 50000L
#define WAIT_STEPS 40000 /* two seconds */

static const char *side_name(const struct link_side *s)
{
    return s->inside ? NETWORK_INSIDE : s->n->link;
}

static const uint8_t *side_mac(const struct link_side *s)
{
    return s->inside ? s->n->sandbox_mac : s->n->host_mac;
}

int link_find(struct link_side *s)
{
    struct rtnl_link l;
    int r = rtnl_link_get(s->nl, side_name(s), &l);

    s->link = (struct rtnl_link){ 0 };
    if (r == -ENODEV)
        return 0;
    if (r < 0)
        return r;
    if (strcmp(l.kind, "veth") != 0 || memcmp(l.mac, side_mac(s), MAC_LEN) != 0)
        return -EEXIST;
    s->link = l;
    return 0;
}

static int failed(const struct link_side *s, int r, const char *what, struct err *e)
{
    return err_set(e, r, EXIT_FAILED, "%s%s: %s: %s", side_name(s),
                   s->inside ? " in the namespace" : "", what, strerror(-r));
}

int link_make(struct link_side *host, struct link_side *inside, int ns_fd, struct err *e)
{
    const struct rtnl_end here = { side_name(host), side_mac(host) };
    const struct rtnl_end peer = { side_name(inside), side_mac(inside) };
    int r = rtnl_veth_add(host->nl, &here, &peer, ns_fd);

    if (r == 0)
        r = link_find(host);
    if (r == 0)
        r = link_find(inside);
    if (r == 0 && rtnl_link_no_ipv6(host->nl, host->link.index) == -EPERM)
        r = -EPERM; /* any other answer means a kernel without IPv6 */
    return r < 0 ? failed(host, r, "the veth pair can't be made", e) : 0;
}

/* ---- what is wanted ------------------------------------------------------------------------ */

static void wanted_addresses(const struct link_side *s, struct rtnl_rows *w)
{
    const struct in_addr *own = s->inside ? &s->n->sandbox_ip : &s->n->host_ip;
    const struct in_addr *other = s->inside ? &s->n->host_ip : &s->n->sandbox_ip;
    struct rtnl_row row = { .index = s->link.index, .family = AF_INET, .prefix = 32 };

    memcpy(row.local, own, sizeof(*own));
    memcpy(row.addr, other, sizeof(*other));
    w->rows[w->count++] = row;
}

static void wanted_neighbours(const struct link_side *s, struct rtnl_rows *w)
{
    const struct in_addr *other = s->inside ? &s->n->host_ip : &s->n->sandbox_ip;
    struct rtnl_row row = { .index = s->link.index, .family = AF_INET, .state = NUD_PERMANENT };

    memcpy(row.addr, other, sizeof(*other));
    memcpy(row.mac, s->inside ? s->n->host_mac : s->n->sandbox_mac, MAC_LEN);
    w->rows[w->count++] = row;
}

/* The first two are the kernel's own for a point-to-point address. */
static void wanted_routes(const struct link_side *s, struct rtnl_rows *w)
{
    const struct in_addr *own = s->inside ? &s->n->sandbox_ip : &s->n->host_ip;
    const struct in_addr *other = s->inside ? &s->n->host_ip : &s->n->sandbox_ip;
    struct rtnl_row row = { .index = s->link.index, .family = AF_INET, .prefix = 32 };
    struct rtnl_row link = row, local = row, server = row;

    link.type = RTN_UNICAST, link.scope = RT_SCOPE_LINK, link.protocol = RTPROT_KERNEL;
    link.table = RT_TABLE_MAIN;
    memcpy(link.addr, other, sizeof(*other));
    memcpy(link.local, own, sizeof(*own));
    local.type = RTN_LOCAL, local.scope = RT_SCOPE_HOST, local.protocol = RTPROT_KERNEL;
    local.table = RT_TABLE_LOCAL;
    memcpy(local.addr, own, sizeof(*own));
    memcpy(local.local, own, sizeof(*own));
    w->rows[w->count++] = link;
    w->rows[w->count++] = local;
    server.type = RTN_UNICAST, server.protocol = RTPROT_STATIC, server.onlink = 1;
    server.table = RT_TABLE_MAIN;
    memcpy(server.via, other, sizeof(*other));
    for (size_t i = 0; s->inside && i < s->n->dns_count; i++) {
        memcpy(server.addr, &s->n->dns[i], sizeof(s->n->dns[i]));
        w->rows[w->count++] = server;
    }
}

/* ---- what there is ------------------------------------------------------------------------- */

/* What the kernel gives the loopback by itself. */
static bool loopback_row(const struct rtnl_row *row)
{
    static const uint8_t one[16] = { [15] = 1 };

    if (row->index != LOOPBACK)
        return false;
    return row->family == AF_INET ? row->addr[0] == 127 : memcmp(row->addr, one, 16) == 0;
}

/* On the host only what hangs on our link is ours to judge, and of that only IPv4: the ingress
 * fence lets nothing else in. Inside all counts. */
static bool counts(const struct rtnl_row *row, void *arg)
{
    const struct link_side *s = arg;

    if (row->state && !(row->state & NUD_PERMANENT)) /* a neighbour that was found out */
        return false;
    if (s->inside)
        return !loopback_row(row);
    return row->index == s->link.index && row->family == AF_INET;
}

static bool rows_same(const struct rtnl_row *a, const struct rtnl_row *b)
{
    return a->index == b->index && a->family == b->family && a->prefix == b->prefix &&
           a->type == b->type && a->scope == b->scope && a->protocol == b->protocol &&
           a->onlink == b->onlink && a->table == b->table && a->state == b->state &&
           memcmp(a->addr, b->addr, sizeof(a->addr)) == 0 &&
           memcmp(a->local, b->local, sizeof(a->local)) == 0 &&
           memcmp(a->via, b->via, sizeof(a->via)) == 0 && memcmp(a->mac, b->mac, MAC_LEN) == 0;
}

static bool rows_have(const struct rtnl_rows *rows, const struct rtnl_row *row)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows_same(&rows->rows[i], row))
            return true;
    return false;
}

static const struct {
    const char *word;
    void (*wanted)(const struct link_side *s, struct rtnl_rows *w);
} tables[] = {
    [RTNL_ADDRESSES] = { "address", wanted_addresses },
    [RTNL_NEIGHBOURS] = { "neighbour", wanted_neighbours },
    [RTNL_ROUTES] = { "route", wanted_routes },
};

/* Calls extra for every row that shouldn't be there, then missing for every one that should. */
typedef int (*row_fn)(struct link_side *s, enum rtnl_table table, const struct rtnl_row *row,
                      void *arg);

static int compare(struct link_side *s, enum rtnl_table table, row_fn extra, row_fn missing,
                   void *arg)
{
    struct rtnl_row storage[ROWS_MAX];
    struct rtnl_rows want = { .rows = storage };
    autorows struct rtnl_rows now = { 0 };
    int r = rtnl_list(s->nl, table, counts, s, &now);

    tables[table].wanted(s, &want);
    for (size_t i = 0; i < now.count && r == 0; i++)
        if (!rows_have(&want, &now.rows[i]))
            r = extra(s, table, &now.rows[i], arg);
    for (size_t i = 0; i < want.count && r == 0; i++)
        if (!rows_have(&now, &want.rows[i]))
            r = missing(s, table, &want.rows[i], arg);
    return r;
}

/* ---- making it so -------------------------------------------------------------------------- */

static int row_remove(struct link_side *s, enum rtnl_table table, const struct rtnl_row *row,
                      void *arg)
{
    int r = rtnl_del(s->nl, table, row);

    (void)arg;
    return r == -ESRCH || r == -ENOENT || r == -EADDRNOTAVAIL ? 0 : r; /* it went by itself */
}

static int row_add(struct link_side *s, enum rtnl_table table, const struct rtnl_row *row,
                   void *arg)
{
    (void)arg;
    return rtnl_add(s->nl, table, row);
}

static int converge(struct link_side *s, enum rtnl_table table, struct err *e)
{
    int r = compare(s, table, row_remove, row_add, NULL);

    return r < 0 ? failed(s, r, tables[table].word, e) : 0;
}

int link_address(struct link_side *s, struct err *e)
{
    int r = 0;

    if (s->link.mtu != NETWORK_MTU)
        r = rtnl_link_mtu(s->nl, s->link.index, NETWORK_MTU);
    return r < 0 ? failed(s, r, "MTU", e) : converge(s, RTNL_ADDRESSES, e);
}

int link_raise(struct link_side *s, struct err *e)
{
    const unsigned flags = IFF_UP | IFF_NOARP;
    int r = s->inside ? rtnl_link_flags(s->nl, LOOPBACK, IFF_UP, IFF_UP) : 0;

    if (r == 0 && (s->link.flags & flags) != flags)
        r = rtnl_link_flags(s->nl, s->link.index, flags, flags);
    return r < 0 ? failed(s, r, "it can't be brought up", e) : 0;
}

int link_route(struct link_side *s, struct err *e)
{
    int r = converge(s, RTNL_NEIGHBOURS, e);

    return r < 0 ? r : converge(s, RTNL_ROUTES, e);
}

/* Running means more than carrier: before it a packet would meet the queue that drops everything.
 */
static bool running(struct link_side *s)
{
    struct rtnl_link l;

    return rtnl_link_get(s->nl, side_name(s), &l) == 0 && (l.flags & IFF_RUNNING);
}

int link_wait(struct link_side *host, struct link_side *inside, struct err *e)
{
    const struct timespec step = { .tv_nsec = WAIT_STEP_NS };

    for (int i = 0; i < WAIT_STEPS; i++) {
        if (running(host) && running(inside))
            return 0;
        nanosleep(&step, NULL);
    }
    return failed(host, -ETIMEDOUT, "no carrier", e);
}

/* ---- looking ------------------------------------------------------------------------------- */

struct checking {
    network_tell tell;
    void *userdata;
    int count;
};

static void differ(struct link_side *s, struct checking *c, const char *what, const char *detail)
{
    char text[192];

    snprintf(text, sizeof(text), "%s%s: %s%s", side_name(s), s->inside ? " in the namespace" : "",
             what, detail);
    c->count++;
    c->tell(c->userdata, text);
}

static void row_differs(struct link_side *s, enum rtnl_table table, const struct rtnl_row *row,
                        struct checking *c, const char *how)
{
    char ip[INET6_ADDRSTRLEN] = "?", text[128], bits[8] = "";
    const uint8_t *shown = table == RTNL_ADDRESSES ? row->local : row->addr;

    inet_ntop(row->family, shown, ip, sizeof(ip));
    if (table != RTNL_NEIGHBOURS)
        snprintf(bits, sizeof(bits), "/%u", row->prefix);
    snprintf(text, sizeof(text), "%s %s%s ", tables[table].word, ip, bits);
    differ(s, c, text, how);
}

static int tell_extra(struct link_side *s, enum rtnl_table table, const struct rtnl_row *row,
                      void *arg)
{
    row_differs(s, table, row, arg, "isn't ours");
    return 0;
}

static int tell_missing(struct link_side *s, enum rtnl_table table, const struct rtnl_row *row,
                        void *arg)
{
    row_differs(s, table, row, arg, "is missing");
    return 0;
}

static void check_loopback(struct link_side *s, struct checking *c)
{
    struct rtnl_link lo;

    if (rtnl_link_get(s->nl, "lo", &lo) < 0 || !(lo.flags & IFF_UP))
        differ(s, c, "the loopback is down", "");
}

int link_check(struct link_side *s, network_tell tell, void *userdata)
{
    struct checking c = { tell, userdata, 0 };
    int r = 0;

    if (s->link.index == 0) {
        differ(s, &c, "there is no such link", "");
        return c.count;
    }
    if (!(s->link.flags & IFF_UP) || !(s->link.flags & IFF_RUNNING))
        differ(s, &c, "it isn't up", "");
    if (!(s->link.flags & IFF_NOARP))
        differ(s, &c, "it answers ARP", "");
    if (s->link.mtu != NETWORK_MTU)
        differ(s, &c, "another MTU", "");
    if (s->inside)
        check_loopback(s, &c);
    for (size_t t = 0; t < N_ELEMENTS(tables) && r == 0; t++)
        r = compare(s, (enum rtnl_table)t, tell_extra, tell_missing, &c);
    return r < 0 ? r : c.count;
}
