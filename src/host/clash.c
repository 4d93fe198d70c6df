#include "host/fence.h"

#include "base/mem.h"
#include "base/paths.h"
#include "sys/rtnl.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

/* ---- the host's own routes and addresses
 * --------------------------------------------------------- */

static bool covers(const struct rtnl_row *row, const uint8_t net[16], struct in_addr ip)
{
    uint32_t mask = row->prefix ? htonl(UINT32_MAX << (32 - row->prefix)) : 0, addr;

    memcpy(&addr, net, sizeof(addr));
    return ((addr ^ ip.s_addr) & mask) == 0;
}

/* A default route covers everything, and is no clash; nor is our own veth. */
static bool route_clashes(const struct rtnl_row *row, int own, struct in_addr ip)
{
    return row->family == AF_INET && row->prefix > 0 && (own == 0 || row->index != own) &&
           covers(row, row->addr, ip);
}

/* Of a link that is down there are addresses and no routes. */
static bool address_clashes(const struct rtnl_row *row, int own, struct in_addr ip)
{
    return row->family == AF_INET && (own == 0 || row->index != own) &&
           (covers(row, row->addr, ip) || memcmp(row->local, &ip, sizeof(ip)) == 0);
}

struct machine_rows {
    struct rtnl_rows addresses, routes;
    int own; /* our veth's index, 0 when there is none */
};

static void rows_done(struct machine_rows *m)
{
    rtnl_rows_done(&m->addresses);
    rtnl_rows_done(&m->routes);
}

/* A router's table may have a million rows: only those that touch one of ours are kept, unless a
 * free pair is looked for. */
struct keeping {
    const struct network *n;
    bool all;
};

static bool touches(const struct rtnl_row *row, void *arg)
{
    const struct keeping *k = arg;

    return row->family == AF_INET &&
           (k->all || covers(row, row->addr, k->n->host_ip) ||
            covers(row, row->addr, k->n->sandbox_ip) ||
            memcmp(row->local, &k->n->host_ip, sizeof(k->n->host_ip)) == 0 ||
            memcmp(row->local, &k->n->sandbox_ip, sizeof(k->n->sandbox_ip)) == 0);
}

static int rows_read(const struct network *n, bool all, struct machine_rows *m)
{
    autortnl struct rtnl *nl = NULL;
    struct keeping k = { n, all };
    struct rtnl_link own;
    int r = rtnl_open(&nl);

    rows_done(m);
    if (r == 0)
        r = rtnl_list(nl, RTNL_ADDRESSES, touches, &k, &m->addresses);
    if (r == 0)
        r = rtnl_list(nl, RTNL_ROUTES, touches, &k, &m->routes);
    if (r == 0 && rtnl_link_get(nl, n->link, &own) == 0)
        m->own = own.index;
    return r;
}

static const struct rtnl_row *find(const struct machine_rows *m, struct in_addr ip,
                                   const char **what)
{
    *what = "address";
    for (size_t i = 0; i < m->addresses.count; i++)
        if (address_clashes(&m->addresses.rows[i], m->own, ip))
            return &m->addresses.rows[i];
    *what = "route";
    for (size_t i = 0; i < m->routes.count; i++)
        if (route_clashes(&m->routes.rows[i], m->own, ip))
            return &m->routes.rows[i];
    return NULL;
}

/* ---- other instances
 * -------------------------------------------------------------------------------- */

/* Calls fn for every other instance of this machine until it returns something but 0. */
static int each_other(const struct network *n, int (*fn)(const struct instance *other, void *arg),
                      void *arg)
{
    DIR *dir = opendir(DC_ETC);
    struct dirent *entry;
    struct instance other;
    int r = 0;

    while (dir && r == 0 && (entry = readdir(dir)))
        if (name_valid(entry->d_name) && strcmp(entry->d_name, n->name) != 0 &&
            instance_load(entry->d_name, &other, NULL) == 0)
            r = fn(&other, arg);
    if (dir)
        closedir(dir);
    return r;
}

struct address_use {
    struct in_addr a, b;
};

static int uses_address(const struct instance *other, void *arg)
{
    const struct address_use *u = arg;
    const in_addr_t host = other->spec.host_ip.s_addr, inside = other->spec.sandbox_ip.s_addr;

    return host == u->a.s_addr || host == u->b.s_addr || inside == u->a.s_addr ||
           inside == u->b.s_addr;
}

/* Where a free pair is looked for, each in steps of four addresses: beside the wanted one first. */
enum { PAIR_STEPS = 1024 };

static bool free_pair_in(const struct network *n, const struct machine_rows *m, uint32_t base,
                         struct address_use *u)
{
    const char *what;

    for (uint32_t i = 1; i <= PAIR_STEPS; i++) {
        u->a.s_addr = htonl(base + i * 4 + 1);
        u->b.s_addr = htonl(base + i * 4 + 2);
        if (!find(m, u->a, &what) && !find(m, u->b, &what) && !each_other(n, uses_address, u))
            return true;
    }
    return false;
}

static bool free_pair(const struct network *n, const struct machine_rows *m, struct address_use *u)
{
    const uint32_t bases[] = { ntohl(n->host_ip.s_addr) & ~3u, 0x0ac80000, 0x0a000000, 0xac1f0000,
                               0xc0a8c800 }; /* 10.200, 10.0, 172.31, 192.168.200 */

    for (size_t i = 0; i < N_ELEMENTS(bases); i++)
        if (free_pair_in(n, m, bases[i], u))
            return true;
    return false;
}

static int fix_addresses(const struct network *n, struct machine_rows *m, int r, struct err *e)
{
    char a[INET_ADDRSTRLEN], b[INET_ADDRSTRLEN];
    struct address_use u;

    if (rows_read(n, true, m) < 0 || !free_pair(n, m, &u))
        return err_fix(e, r, "choose other addresses with --host-ip and --sandbox-ip");
    return err_fix(e, r, "defenseclaw sandbox setup --name %s --host-ip %s --sandbox-ip %s",
                   n->name, inet_ntop(AF_INET, &u.a, a, sizeof(a)),
                   inet_ntop(AF_INET, &u.b, b, sizeof(b)));
}

static int refuse(const struct network *n, struct machine_rows *m, const char *flag,
                  struct in_addr ip, struct err *e)
{
    const char *what;
    const struct rtnl_row *row = find(m, ip, &what);
    char text[INET_ADDRSTRLEN], net[INET_ADDRSTRLEN], dev[IFNAMSIZ] = "";
    int r;

    if (!row)
        return 0;
    if (row->index)
        if_indextoname((unsigned)row->index, dev);
    r = err_set(e, -EADDRINUSE, EXIT_USAGE, "%s %s: the host's %s %s/%u%s%s covers it", flag,
                inet_ntop(AF_INET, &ip, text, sizeof(text)), what,
                inet_ntop(AF_INET, row->addr, net, sizeof(net)), row->prefix, dev[0] ? " on " : "",
                dev);
    return fix_addresses(n, m, r, e);
}

int network_clash(const struct network *n, struct err *e)
{
    struct machine_rows m = { 0 };
    int r = network_foreign(n, e);

    if (r < 0)
        return r;
    r = rows_read(n, false, &m);
    if (r < 0)
        err_set(e, r, EXIT_FAILED, "the machine's routes can't be read: %s", strerror(-r));
    if (r == 0)
        r = refuse(n, &m, "--host-ip", n->host_ip, e);
    if (r == 0)
        r = refuse(n, &m, "--sandbox-ip", n->sandbox_ip, e);
    rows_done(&m);
    return r;
}

struct taking {
    const struct network *n;
    struct err *e;
    unsigned relay; /* for the search of a free port */
};

static int takes(const struct instance *other, void *arg)
{
    const struct taking *t = arg;
    struct address_use u = { t->n->host_ip, t->n->sandbox_ip };
    const struct spec *s = &other->spec;

    if (uses_address(other, &u))
        return err_set(t->e, -EADDRINUSE, EXIT_MACHINE,
                       "the addresses of --host-ip and --sandbox-ip are taken by the instance %s",
                       s->name);
    if (t->n->host_networking && !s->no_host_networking && s->relay_port == t->n->relay_port)
        return err_set(t->e, -EEXIST, EXIT_MACHINE, "port %u is taken by the instance %s's relay",
                       t->n->relay_port, s->name);
    return 0;
}

static int uses_relay(const struct instance *other, void *arg)
{
    const struct taking *t = arg;

    return other->spec.relay_port == t->relay;
}

int network_taken(const struct network *n, struct err *e)
{
    struct taking t = { n, e, n->relay_port };
    struct machine_rows m = { 0 };
    int r = each_other(n, takes, &t);

    if (r == -EADDRINUSE)
        fix_addresses(n, &m, r, e);
    rows_done(&m);
    if (r != -EEXIST)
        return r;
    while (t.relay < UINT16_MAX && each_other(n, uses_relay, &t))
        t.relay++;
    return err_fix(e, -EADDRINUSE, "defenseclaw sandbox setup --name %s --relay-port %u", n->name,
                   t.relay);
}
