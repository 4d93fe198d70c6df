/* Other people's base chains. A drop in any of them is final, whatever we accept, so each that an
 * IPv4 packet of ours passes is asked what it would do with every kind of packet that has to get
 * through; who refuses one is named with the command of the tool whose rules they are. */
#include "host/fence.h"

#include "base/buf.h"
#include "base/mem.h"
#include "host/packet.h"
#include "resource/ruleset.h"
#include "sys/iptables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

enum { CLIENT_PORT = 40000, TUPLES_MAX = 12 };

/* One kind of packet that has to get through. */
struct tuple {
    uint8_t protocol;
    uint16_t port;
    bool out; /* from the host to the sandbox */
};

/* Whose rules a table holds, and so who is asked to let us in. */
enum owner { OWNER_FIREWALLD, OWNER_UFW, OWNER_IPTABLES, OWNER_LEGACY, OWNER_NFT };

/* A chain that refuses, and what it refuses. */
struct finding {
    const struct network *n;
    const struct nft_table *table;
    const struct nft_chain *chain;
    struct packet_end end;
    struct tuple refused[TUPLES_MAX];
    size_t count;
    bool out, legacy; /* legacy: a table of the kernel's older filter */
};

/* ---- what has to get through
 * ---------------------------------------------------------------------- */

static struct packet packet_of(const struct network *n, const struct tuple *t)
{
    struct packet p = { .iif = "", .oif = "", .protocol = t->protocol };

    if (!t->out) {
        p.iif = n->link;
        p.from = n->sandbox_ip;
        p.to = n->host_ip;
        p.sport = CLIENT_PORT;
        p.dport = t->port;
        p.local = true;
        p.track = n->host_networking ? TRACK_NONE : TRACK_NEW;
        return p;
    }
    p.oif = n->link;
    p.from = n->host_ip;
    p.to = n->sandbox_ip;
    if (t->port == n->agent_port) { /* the relay, on its way in */
        p.sport = CLIENT_PORT;
        p.dport = t->port;
        p.track = TRACK_NEW;
    } else {
        p.sport = t->port;
        p.dport = CLIENT_PORT;
        p.track = n->host_networking ? TRACK_NONE : TRACK_ESTABLISHED;
    }
    return p;
}

static size_t tuples_of(const struct network *n, struct tuple all[TUPLES_MAX])
{
    uint16_t ports[4];
    size_t count = network_ports(n, ports), used = 0;

    for (int out = 0; out <= 1; out++) {
        for (size_t i = 0; i < count; i++)
            all[used++] = (struct tuple){ IPPROTO_TCP, ports[i], out };
        all[used++] = (struct tuple){ IPPROTO_UDP, PORT_DNS, out };
    }
    if (n->host_networking)
        all[used++] = (struct tuple){ IPPROTO_TCP, n->agent_port, true };
    return used;
}

/* ---- whose it is, and what to type
 * ------------------------------------------------------------------ */

static bool jumps_to(const struct nft_chain *c, const char *chain)
{
    for (const struct nft_rule *r = c->rules; r; r = r->next)
        for (size_t i = 0; i < r->count; i++)
            if (r->ops[i].type == NFT_OP_IMMEDIATE && r->ops[i].name &&
                strcmp(r->ops[i].name, chain) == 0)
                return true;
    return false;
}

static enum owner owner_of(const struct finding *f)
{
    static const char *const chains[] = { "INPUT", "OUTPUT", "PREROUTING", "POSTROUTING" };
    const bool ip = f->table->family == NFPROTO_IPV4;

    if (strcmp(f->table->name, "firewalld") == 0)
        return OWNER_FIREWALLD;
    if (ip && jumps_to(f->chain, f->out ? "ufw-before-output" : "ufw-before-input"))
        return OWNER_UFW;
    if (f->legacy)
        return OWNER_LEGACY;
    for (size_t i = 0; ip && i < N_ELEMENTS(chains); i++)
        if (strcmp(f->chain->name, chains[i]) == 0)
            return OWNER_IPTABLES;
    return OWNER_NFT;
}

/* Addresses in the direction that is refused. */
struct ends {
    char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];
};

static struct ends ends_of(const struct finding *f)
{
    struct ends e;

    inet_ntop(AF_INET, f->out ? &f->n->host_ip : &f->n->sandbox_ip, e.from, sizeof(e.from));
    inet_ntop(AF_INET, f->out ? &f->n->sandbox_ip : &f->n->host_ip, e.to, sizeof(e.to));
    return e;
}

static void fix_firewalld(const struct finding *f, struct buf *out)
{
    buf_printf(out,
               "firewall-cmd --zone=trusted --change-interface=%s && "
               "firewall-cmd --permanent --zone=trusted --change-interface=%s",
               f->n->link, f->n->link);
}

/* A rule of the admin's that refuses us stands before an appended one. */
static void fix_ufw(const struct finding *f, struct buf *out)
{
    const struct ends e = ends_of(f);
    const char *verb =
        !f->end.policy && strncmp(f->end.chain, "ufw-user", 8) == 0 ? "prepend allow" : "allow";

    if (f->out) {
        buf_printf(out, "ufw %s out on %s from %s to %s", verb, f->n->link, e.from, e.to);
        return;
    }
    for (size_t i = 0; i < f->count; i++)
        buf_printf(out, "%sufw %s in on %s from %s to %s port %u proto %s", i ? " && " : "", verb,
                   f->n->link, e.from, e.to, f->refused[i].port,
                   f->refused[i].protocol == IPPROTO_UDP ? "udp" : "tcp");
}

/* The refused ports of a protocol, between commas; returns how many. */
static size_t ports_of(const struct finding *f, uint8_t protocol, struct buf *out)
{
    size_t count = 0;

    for (size_t i = 0; i < f->count; i++)
        if (f->refused[i].protocol == protocol)
            buf_printf(out, "%s%u", count++ ? "," : "", f->refused[i].port);
    return count;
}

static void each_protocol(const struct finding *f, struct buf *out,
                          void (*line)(const struct finding *, const char *protocol,
                                       const char *ports, struct buf *))
{
    static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
    bool some = false;

    for (size_t i = 0; i < N_ELEMENTS(protocols); i++) {
        autobuf struct buf ports = { 0 };

        if (ports_of(f, protocols[i], &ports) == 0)
            continue;
        buf_puts(out, some ? " && " : "");
        line(f, protocols[i] == IPPROTO_UDP ? "udp" : "tcp", buf_str(&ports), out);
        some = true;
    }
}

static void line_iptables(const struct finding *f, const char *protocol, const char *ports,
                          struct buf *out)
{
    const struct ends e = ends_of(f);

    buf_printf(out, "%s -t %s -I %s -i %s -s %s -d %s -p %s -m multiport --dports %s -j ACCEPT",
               f->legacy ? "iptables-legacy" : "iptables", f->table->name, f->chain->name,
               f->n->link, e.from, e.to, protocol, ports);
}

static void fix_iptables(const struct finding *f, struct buf *out)
{
    const struct ends e = ends_of(f);

    if (f->out)
        buf_printf(out, "%s -t %s -I %s -o %s -s %s -d %s -j ACCEPT",
                   f->legacy ? "iptables-legacy" : "iptables", f->table->name, f->chain->name,
                   f->n->link, e.from, e.to);
    else
        each_protocol(f, out, line_iptables);
}

static void line_nft(const struct finding *f, const char *protocol, const char *ports,
                     struct buf *out)
{
    const struct ends e = ends_of(f);

    buf_printf(out,
               "nft insert rule %s %s %s iifname %s ip saddr %s ip daddr %s %s dport '{ %s }' "
               "accept",
               ruleset_family(f->table->family), f->table->name, f->chain->name, f->n->link, e.from,
               e.to, protocol, ports);
}

static void fix_nft(const struct finding *f, struct buf *out)
{
    const struct ends e = ends_of(f);

    if (f->out)
        buf_printf(out, "nft insert rule %s %s %s oifname %s ip saddr %s ip daddr %s accept",
                   ruleset_family(f->table->family), f->table->name, f->chain->name, f->n->link,
                   e.from, e.to);
    else
        each_protocol(f, out, line_nft);
    buf_puts(out, "   # and the same in /etc/nftables.conf, for the next boot");
}

static const struct {
    const char *whose;
    void (*fix)(const struct finding *f, struct buf *out);
} owners[] = {
    [OWNER_FIREWALLD] = { "firewalld's ", fix_firewalld },
    [OWNER_UFW] = { "ufw's ", fix_ufw },
    [OWNER_IPTABLES] = { "iptables' ", fix_iptables },
    [OWNER_LEGACY] = { "iptables-legacy's ", fix_iptables },
    [OWNER_NFT] = { "", fix_nft },
};

static int refuse(const struct finding *f, struct err *e)
{
    autobuf struct buf fix = { 0 }, tcp = { 0 }, udp = { 0 };
    const enum owner o = owner_of(f);
    int r;

    ports_of(f, IPPROTO_TCP, &tcp);
    ports_of(f, IPPROTO_UDP, &udp);
    owners[o].fix(f, &fix);
    r = err_set(e, -EACCES, EXIT_MACHINE,
                "%stable %s %s, chain %s drops what goes %s the sandbox (%s%s%s%s%s), %s %s",
                owners[o].whose, ruleset_family(f->table->family), f->table->name, f->chain->name,
                f->out ? "to" : "out of", tcp.len ? "tcp " : "", buf_str(&tcp),
                tcp.len && udp.len ? ", " : "", udp.len ? "udp " : "", buf_str(&udp),
                f->end.policy ? "by the policy of" : "by a rule in", f->end.chain);
    return err_fix(e, r, "%s", buf_str(&fix));
}

/* ---- looking
 * ------------------------------------------------------------------------------------------ */

/* Chains that our packets pass on the host: of type nat only a connection's first packet comes by,
 * and nothing is dropped there. */
static bool passed(const struct nft_table *t, const struct nft_chain *c)
{
    if (t->family != NFPROTO_IPV4 && t->family != NFPROTO_INET)
        return false;
    return c->base && c->type && strcmp(c->type, "nat") != 0 &&
           (c->hook == NF_INET_PRE_ROUTING || c->hook == NF_INET_LOCAL_IN ||
            c->hook == NF_INET_LOCAL_OUT || c->hook == NF_INET_POST_ROUTING);
}

static bool ours(const struct network *n, const struct nft_table *t)
{
    struct ruleset_name names[RULESET_NAMES_MAX];
    size_t count = ruleset_names(n->name, FENCE_HOST, names);

    for (size_t i = 0; i < count; i++)
        if (names[i].family == t->family && strcmp(names[i].name, t->name) == 0)
            return true;
    return false;
}

static bool interesting(const struct network *n, const struct nft_table *t)
{
    for (const struct nft_chain *c = t->chains; c; c = c->next)
        if (passed(t, c))
            return !(t->flags & NFT_TABLE_F_DORMANT) && !ours(n, t);
    return false;
}

static int ask(const struct network *n, const struct nft_table *t, const struct nft_chain *c,
               bool legacy, struct err *e)
{
    struct finding f = { .n = n, .table = t, .chain = c, .legacy = legacy };
    struct tuple all[TUPLES_MAX];
    size_t count = tuples_of(n, all);

    f.out = c->hook == NF_INET_LOCAL_OUT || c->hook == NF_INET_POST_ROUTING;
    for (size_t i = 0; i < count; i++) {
        const struct packet p = packet_of(n, &all[i]);
        struct packet_end end;

        if (all[i].out != f.out || !packet_dropped(&p, t, c, &end))
            continue;
        f.end = end;
        f.refused[f.count++] = all[i];
    }
    return f.count ? refuse(&f, e) : 0;
}

static int ask_table(const struct network *n, const struct nft_table *t, bool legacy, struct err *e)
{
    int r = 0;

    for (const struct nft_chain *c = t->chains; c && r == 0; c = c->next)
        if (passed(t, c))
            r = ask(n, t, c, legacy, e);
    return r;
}

static int ask_legacy(const struct network *n, struct nft_ruleset *rs, struct err *e)
{
    static const char *const names[] = { "raw", "mangle", "filter", "security" };
    int r = 0;

    for (size_t i = 0; i < N_ELEMENTS(names) && r == 0; i++) {
        struct nft_table *t;

        r = iptables_read(rs, names[i], &t);
        if (r == 0 && t)
            r = ask_table(n, t, true, e);
    }
    return r;
}

int network_fenced(const struct network *n, struct err *e)
{
    autoruleset struct nft_ruleset *rs = nft_ruleset_new();
    autonft struct nft *nft = NULL;
    int r = rs ? nft_open(&nft) : -ENOMEM;

    if (r == 0)
        r = nft_read_tables(nft, rs);
    for (struct nft_table *t = rs ? nft_ruleset_tables(rs) : NULL; t && r == 0; t = t->next) {
        if (!interesting(n, t))
            continue;
        r = nft_read_rules(nft, rs, t);
        if (r == 0)
            r = ask_table(n, t, false, e);
    }
    if (r == 0)
        r = ask_legacy(n, rs, e);
    if (r < 0 && r != -EACCES)
        return err_set(e, r, EXIT_MACHINE, "the packet filter's rules can't be read: %s",
                       strerror(-r));
    return r;
}

int network_preflight(const struct network *n, bool ours_active, struct err *e)
{
    int r = network_taken(n, e);

    if (r == 0)
        r = network_clash(n, e);
    if (r == 0)
        r = network_ports_held(n, ours_active, e);
    return r < 0 ? r : network_fenced(n, e);
}
