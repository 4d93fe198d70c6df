/* What is tried, from where, and what should come of it. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/paths.h"
#include "policy/policy.h"
#include "probe/fence.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#define OUTSIDE "192.0.2.1"    /* TEST-NET-1: nobody's */
#define OUTSIDE6 "2001:db8::1" /* documentation */
#define INTERNET "1.1.1.1"
#define METADATA "169.254.169.254"
#define METADATA6 "fd00:ec2::254"
#define DENIED_HOST "refused.defenseclaw.test"

static struct fence_probe *add(struct fence_group *g, const char *name, enum fence_expect expect,
                               enum attempt_type type, const union endpoint *to)
{
    struct fence_probe *p = &g->probes[g->count];

    p->name = name;
    p->expect = expect;
    g->attempts[g->count] = (struct attempt){ .type = type, .to = *to, .fd = -EBADF };
    if (type == ATTEMPT_HTTP)
        g->attempts[g->count].request = p->request;
    g->count++;
    return p;
}

static struct fence_probe *add_text(struct fence_group *g, const char *name, enum attempt_type type,
                                    const char *address, uint16_t port)
{
    union endpoint to;

    (void)endpoint_set(&to, address, port); /* our own literals, and texts that inet_ntop made */
    return add(g, name, EXPECT_REFUSED, type, &to);
}

/* -- from inside, refused -- */

static void list_outside(struct fence_group *g)
{
    static const struct {
        const char *name, *address;
        enum attempt_type type;
        uint16_t port;
    } targets[] = {
        { "tcp-outside", OUTSIDE, ATTEMPT_TCP, 443 },
        { "udp-outside", OUTSIDE, ATTEMPT_UDP, 443 },
        { "icmp-outside", OUTSIDE, ATTEMPT_ICMP, 0 },
        { "tcp-internet", INTERNET, ATTEMPT_TCP, 443 },
        { "udp-internet", INTERNET, ATTEMPT_UDP, 443 },
        { "icmp-internet", INTERNET, ATTEMPT_ICMP, 0 },
        { "metadata", METADATA, ATTEMPT_TCP, 80 },
    };

    for (size_t i = 0; i < N_ELEMENTS(targets); i++)
        add_text(g, targets[i].name, targets[i].type, targets[i].address, targets[i].port);
}

static void list_ipv6(struct fence_group *g)
{
    autofd int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const char *none = fd < 0 && errno == EAFNOSUPPORT ? "this kernel has no IPv6" : NULL;

    add_text(g, "ipv6-tcp", ATTEMPT_TCP, OUTSIDE6, 443)->skipped = none;
    add_text(g, "ipv6-udp", ATTEMPT_UDP, OUTSIDE6, 443)->skipped = none;
    add_text(g, "ipv6-metadata", ATTEMPT_TCP, METADATA6, 80)->skipped = none;
}

static bool is_listed(const struct spec *s, const char *server)
{
    for (size_t i = 0; i < s->dns_count; i++)
        if (s->dns[i].s_addr == inet_addr(server))
            return true;
    return false;
}

static void list_resolvers(struct fence_group *g, const struct spec *s)
{
    static const char *const others[] = { "9.9.9.9",        "149.112.112.112", "208.67.222.222",
                                          "208.67.220.220", "4.2.2.1",         "4.2.2.2",
                                          "64.6.64.6",      "64.6.65.6",       "77.88.8.8" };
    union endpoint listed;
    size_t i = 0;

    while (is_listed(s, others[i])) /* at most DNS_MAX are, and there is one more here */
        i++;
    add_text(g, "other-resolver-udp", ATTEMPT_UDP, others[i], 53);
    add_text(g, "other-resolver-tcp", ATTEMPT_TCP, others[i], 53);
    if (s->dns_host || s->dns_count == 0)
        return;
    endpoint_set4(&listed, s->dns[0], 853);
    add(g, "listed-resolver-other-port", EXPECT_REFUSED, ATTEMPT_TCP, &listed);
}

/* Another address of the host than the veth's: what a route through the host would reach. */
static bool host_address(const struct spec *s, struct in_addr *ret)
{
    struct ifaddrs *all, *a;
    bool found = false;

    if (getifaddrs(&all) < 0)
        return false;
    for (a = all; a && !found; a = a->ifa_next) {
        if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || (a->ifa_flags & IFF_LOOPBACK) ||
            !(a->ifa_flags & IFF_UP))
            continue;
        *ret = ((struct sockaddr_in *)(void *)a->ifa_addr)->sin_addr;
        found = ret->s_addr != s->host_ip.s_addr && ret->s_addr != s->sandbox_ip.s_addr;
    }
    freeifaddrs(all);
    return found;
}

static void listened(struct fence_probe *p)
{
    p->alive = p->listen = true;
}

static void list_host_ports(struct fence_group *g, const struct spec *s, uint16_t port)
{
    union endpoint to;
    struct in_addr other;

    endpoint_set4(&to, s->host_ip, port);
    listened(add(g, "host-port-tcp", EXPECT_REFUSED, ATTEMPT_TCP, &to));
    listened(add(g, "host-port-udp", EXPECT_REFUSED, ATTEMPT_UDP, &to));
    endpoint_set4(&to, s->host_ip, 22);
    add(g, "host-ssh", EXPECT_REFUSED, ATTEMPT_TCP, &to);
    if (!host_address(s, &other))
        return;
    endpoint_set4(&to, other, port);
    listened(add(g, "host-other-address", EXPECT_REFUSED, ATTEMPT_TCP, &to));
}

/* -- from inside, answered -- */

static void list_gateway(struct fence_group *g, const struct spec *s)
{
    char host[INET_ADDRSTRLEN];
    struct fence_probe *p;
    union endpoint to;

    inet_ntop(AF_INET, &s->host_ip, host, sizeof host);
    endpoint_set4(&to, s->host_ip, PORT_API);
    p = add(g, "health", EXPECT_HEALTH, ATTEMPT_HTTP, &to);
    snprintf(p->request, sizeof p->request,
             "GET /health HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n", host, PORT_API);
    endpoint_set4(&to, s->host_ip, 0);
    add(g, "ping-host-ip", EXPECT_ANSWER, ATTEMPT_ICMP, &to);
    endpoint_set4(&to, s->dns_host ? s->host_ip : s->dns[0], PORT_DNS);
    add(g, "listed-resolver", EXPECT_ANSWER, ATTEMPT_TCP, &to);
}

static struct fence_probe *add_tunnel(struct fence_group *g, const struct spec *s, const char *name,
                                      enum fence_expect expect, const char *host, unsigned port)
{
    struct fence_probe *p;
    union endpoint to;

    endpoint_set4(&to, s->host_ip, PORT_EGRESS);
    p = add(g, name, expect, ATTEMPT_HTTP, &to);
    snprintf(p->request, sizeof p->request, "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n", host,
             port, host, port);
    return p;
}

static int load_policy(const struct spec *s, struct egress_policy **ret, struct err *e)
{
    autobuf struct buf yaml = { 0 };
    autofd int fd = -EBADF;
    char path[96];
    int r;

    snprintf(path, sizeof path, DC_ETC "/%s/policy/egress.yaml", s->name);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    r = fd < 0 ? -errno : buf_read_fd(&yaml, fd, POLICY_FILE_MAX);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r));
    return policy_load(path, yaml.data, yaml.len, ret, e);
}

static int list_proxy(struct fence_group *g, const struct spec *s, struct err *e)
{
    struct egress_policy *policy;
    struct hostname host;
    uint16_t port = 443;
    int r = load_policy(s, &policy, e);

    if (r < 0)
        return r;
    add_tunnel(g, s, "proxy-refuses", EXPECT_FORBIDDEN, DENIED_HOST, 443);
    if (policy_sample(policy, &host, &port))
        add_tunnel(g, s, "proxy-allows", EXPECT_LET, host.text, port);
    else
        add_tunnel(g, s, "proxy-allows", EXPECT_LET, "nobody", 443)->skipped =
            "the policy lets no host out";
    policy_free(policy);
    return 0;
}

/* -- from the host -- */

static void list_user(struct fence_group *g, uint16_t port, const char *skipped)
{
    static const struct {
        const char *name, *address;
        enum attempt_type type;
    } targets[] = {
        { "user-outside-tcp", "127.0.0.1", ATTEMPT_TCP },
        { "user-outside-udp", "127.0.0.1", ATTEMPT_UDP },
        { "user-outside-ipv6", "::1", ATTEMPT_TCP },
    };

    for (size_t i = 0; i < N_ELEMENTS(targets); i++) {
        struct fence_probe *p =
            add_text(g, targets[i].name, targets[i].type, targets[i].address, port);

        listened(p);
        p->skipped = skipped;
    }
}

static void list_other(struct fence_group *g, const struct spec *s, const char *skipped)
{
    static const struct {
        const char *name;
        uint16_t port;
    } ports[] = {
        { "gateway-api-from-host", PORT_API },
        { "gateway-egress-from-host", PORT_EGRESS },
        { "gateway-dns-from-host", PORT_DNS },
    };

    for (size_t i = 0; i < N_ELEMENTS(ports); i++) {
        struct fence_probe *p;
        union endpoint to;

        endpoint_set4(&to, s->host_ip, ports[i].port);
        p = add(g, ports[i].name, EXPECT_REFUSED, ATTEMPT_TCP, &to);
        p->alive = true; /* it answers inside, which other rows show */
        p->skipped = skipped;
    }
}

/* Whether the loopback has its IPv6 address. */
static bool has_loopback6(void)
{
    union endpoint at;
    autofd int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd >= 0 && endpoint_set(&at, "::1", 0) == 0 && bind(fd, &at.sa, sizeof at.in6) == 0;
}

int fence_list(struct fence *f, struct err *e)
{
    const struct spec *s = &f->in.spec;
    const char *skipped = s->no_host_networking ? "switched off by --no-host-networking" : NULL;
    struct fence_group *inside = &f->groups[FENCE_INSIDE], *user = &f->groups[FENCE_USER];

    list_gateway(inside, s);
    int r = list_proxy(inside, s, e);

    if (r < 0)
        return r;
    list_outside(inside);
    list_resolvers(inside, s);
    list_ipv6(inside);
    list_host_ports(inside, s, f->port);
    list_user(user, f->port, skipped);
    if (!has_loopback6())
        user->probes[user->count - 1].skipped = "this host has no IPv6 loopback address";
    list_other(&f->groups[FENCE_OTHER], s, skipped);
    return 0;
}
