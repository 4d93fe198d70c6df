#include "host/fence.h"

#include "base/mem.h"
#include "sys/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool held(const struct listener *l, int protocol, struct in_addr ip, uint16_t port,
                 unsigned device)
{
    return l->protocol == protocol && l->port == port &&
           (l->device == 0 || l->device == (int)device) && (l->any || l->ip.s_addr == ip.s_addr);
}

static const struct listener *find(const struct listeners *all, int protocol, struct in_addr ip,
                                   uint16_t port, unsigned device)
{
    for (size_t i = 0; i < all->count; i++)
        if (held(&all->rows[i], protocol, ip, port, device))
            return &all->rows[i];
    return NULL;
}

static int refuse(const struct listener *l, struct in_addr ip, struct err *e)
{
    char text[INET_ADDRSTRLEN], who[128];

    listener_holder(l, who, sizeof(who));
    inet_ntop(AF_INET, &ip, text, sizeof(text));
    return err_set(e, -EADDRINUSE, EXIT_MACHINE, "port %u (%s) on %s is held by %s%s", l->port,
                   l->protocol == IPPROTO_UDP ? "udp" : "tcp", text, who,
                   l->any ? ", which listens on all addresses" : "");
}

static int gateway_ports(const struct network *n, const struct listeners *all, bool ours_active,
                         struct err *e)
{
    const unsigned device = if_nametoindex(n->link);
    uint16_t ports[4];
    size_t count = network_ports(n, ports);

    for (size_t i = 0; i < count; i++) {
        const struct listener *l = find(all, IPPROTO_TCP, n->host_ip, ports[i], device);
        int r;

        if (!l && ports[i] == PORT_DNS)
            l = find(all, IPPROTO_UDP, n->host_ip, ports[i], device);
        if (!l || (ours_active && !l->any))
            continue; /* on that very address there is nobody but us */
        r = refuse(l, n->host_ip, e);
        return ports[i] == PORT_GUARD
                   ? err_fix(e, r,
                             "stop that process, let it listen on one address, or add "
                             "--no-guardrail")
                   : err_fix(e, r,
                             "stop that process, or let it listen on one address instead of "
                             "all");
    }
    return 0;
}

/* Whether our own relay is the one that holds the port. */
static bool relay_ours(const struct network *n)
{
    struct instance in;

    return instance_load(n->name, &in, NULL) == 0 && in.spec.relay_port == n->relay_port;
}

static int relay_port(const struct network *n, const struct listeners *all, bool ours_active,
                      struct err *e)
{
    const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
    const struct listener *l = find(all, IPPROTO_TCP, loopback, n->relay_port, 1);
    unsigned free_port = n->relay_port;
    int r;

    if (!l || (ours_active && relay_ours(n)))
        return 0;
    r = refuse(l, loopback, e);
    while (free_port < UINT16_MAX && find(all, IPPROTO_TCP, loopback, (uint16_t)free_port, 1))
        free_port++;
    return err_fix(e, r, "defenseclaw sandbox setup --name %s --relay-port %u", n->name, free_port);
}

int network_ports_held(const struct network *n, bool ours_active, struct err *e)
{
    autolisteners struct listeners all = { 0 };
    int r = listeners_read(&all);

    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "the machine's listening sockets can't be read: %s",
                       strerror(-r));
    r = gateway_ports(n, &all, ours_active, e);
    if (r == 0 && n->host_networking)
        r = relay_port(n, &all, ours_active, e);
    return r;
}
