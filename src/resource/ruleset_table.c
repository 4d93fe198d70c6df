/* The rules as data. What is tested and in which order is all here; ruleset_build.c only carries
 * it. */
#include "base/mem.h"
#include "resource/ruleset_rows.h"

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>

#define IN_VETH                                                                                    \
    {                                                                                              \
        F_IIFNAME, EQ, V_VETH                                                                      \
    }
#define NOT_IN_VETH                                                                                \
    {                                                                                              \
        F_IIFNAME, NE, V_VETH                                                                      \
    }
#define OUT_VETH                                                                                   \
    {                                                                                              \
        F_OIFNAME, EQ, V_VETH                                                                      \
    }
#define IPV4                                                                                       \
    {                                                                                              \
        F_NFPROTO, EQ, V_IPV4                                                                      \
    }
#define ETHER_IPV4                                                                                 \
    {                                                                                              \
        F_ETHER, EQ, V_ETHER_IPV4                                                                  \
    }
#define FROM(v)                                                                                    \
    {                                                                                              \
        F_SADDR, EQ, v                                                                             \
    }
#define TO(v)                                                                                      \
    {                                                                                              \
        F_DADDR, EQ, v                                                                             \
    }
#define TCP                                                                                        \
    {                                                                                              \
        F_L4, EQ, V_TCP                                                                            \
    }
#define UDP                                                                                        \
    {                                                                                              \
        F_L4, EQ, V_UDP                                                                            \
    }
#define ICMP                                                                                       \
    {                                                                                              \
        F_L4, EQ, V_ICMP                                                                           \
    }
#define SPORT(v)                                                                                   \
    {                                                                                              \
        F_SPORT, EQ, v                                                                             \
    }
#define DPORT(v)                                                                                   \
    {                                                                                              \
        F_DPORT, EQ, v                                                                             \
    }
#define TYPE(v)                                                                                    \
    {                                                                                              \
        F_ICMP_TYPE, EQ, v                                                                         \
    }

/* In the namespace: the fence that no tool of the host can flush. */
static const struct chain_row inside_chains[] = {
    { "out", "filter", NF_INET_LOCAL_OUT, 0, NF_DROP },
    { "in", "filter", NF_INET_LOCAL_IN, 0, NF_DROP },
};
static const struct rule_row inside_rules[] = {
    { "out", { { F_OIF, EQ, V_LOOPBACK } }, ACT_ACCEPT },
    { "out", { IPV4, TO(V_HOST), TCP, DPORT(V_GATEWAY_PORTS) }, ACT_COUNT_ACCEPT },
    { "out", { IPV4, TO(V_HOST), UDP, DPORT(V_PORT_DNS) }, ACT_COUNT_ACCEPT },
    { "out", { IPV4, TO(V_HOST), TCP, SPORT(V_AGENT_PORT) }, ACT_COUNT_ACCEPT },
    { "out", { IPV4, TO(V_HOST), ICMP, TYPE(V_PING) }, ACT_COUNT_ACCEPT },
    { "out", { { F_NONE } }, ACT_PROHIBIT },
    { "in", { { F_IIF, EQ, V_LOOPBACK } }, ACT_ACCEPT },
    { "in", { IPV4, FROM(V_HOST), TCP, SPORT(V_GATEWAY_PORTS) }, ACT_COUNT_ACCEPT },
    { "in", { IPV4, FROM(V_HOST), UDP, SPORT(V_PORT_DNS) }, ACT_COUNT_ACCEPT },
    { "in", { IPV4, FROM(V_HOST), TCP, DPORT(V_AGENT_PORT) }, ACT_COUNT_ACCEPT },
    { "in", { IPV4, FROM(V_HOST), ICMP, TYPE(V_PING) }, ACT_COUNT_ACCEPT },
    /* What a firewall of the host refuses is told to the program at once, not after its timeout. */
    { "in", { IPV4, FROM(V_HOST), ICMP, TYPE(V_UNREACHABLE) }, ACT_COUNT_ACCEPT },
    { "in", { { F_NONE } }, ACT_DROP },
};

/* Queries to exactly the listed servers go to the gateway's resolver. */
static const struct chain_row dns_chains[] = {
    { "out", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST, NF_ACCEPT },
};
static const struct rule_row dns_rules[] = {
    { "out", { TO(V_SERVERS), UDP, DPORT(V_PORT_DNS) }, ACT_DNAT },
    { "out", { TO(V_SERVERS), TCP, DPORT(V_PORT_DNS) }, ACT_DNAT },
};

/* What comes out of the veth, before conntrack and anybody's NAT; no state, no fragments, no ARP.
 */
static const struct chain_row ingress_chains[] = {
    { "in", "filter", NF_NETDEV_INGRESS, -500, NF_DROP, .on_veth = true },
};
static const struct rule_row ingress_rules[] = {
    { "in", { { F_ETHER, NE, V_ETHER_IPV4 } }, ACT_DROP },
    { "in", { ETHER_IPV4, { F_FRAGMENT, NE, V_ZERO16 } }, ACT_DROP },
    { "in",
      { ETHER_IPV4, FROM(V_SANDBOX), TO(V_HOST), TCP, DPORT(V_GATEWAY_PORTS) },
      ACT_COUNT_ACCEPT },
    { "in", { ETHER_IPV4, FROM(V_SANDBOX), TO(V_HOST), UDP, DPORT(V_PORT_DNS) }, ACT_COUNT_ACCEPT },
    { "in",
      { ETHER_IPV4,
        FROM(V_SANDBOX),
        TO(V_HOST),
        TCP,
        SPORT(V_AGENT_PORT),
        { F_TCP_FLAGS, NE, V_SYN } },
      ACT_COUNT_ACCEPT },
    { "in", { ETHER_IPV4, FROM(V_SANDBOX), TO(V_HOST), ICMP, TYPE(V_PING) }, ACT_COUNT_ACCEPT },
    { "in", { { F_NONE } }, ACT_DROP },
};

/* The rest of the host: out of conntrack and so out of foreign DNAT; nobody else on the gateway's
 * ports; nothing forwarded; the sandbox user has no network outside its namespace. */
static const struct chain_row host_chains[] = {
    { "raw", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW, NF_ACCEPT },
    { "rawout", "filter", NF_INET_LOCAL_OUT, NF_IP_PRI_RAW, NF_ACCEPT },
    { "input", "filter", NF_INET_LOCAL_IN, -10, NF_ACCEPT },
    { "forward", "filter", NF_INET_FORWARD, -10, NF_ACCEPT },
    { "output", "filter", NF_INET_LOCAL_OUT, -10, NF_ACCEPT },
};
static const struct rule_row host_rules[] = {
    { "raw",
      { IN_VETH, IPV4, FROM(V_SANDBOX), TO(V_HOST), TCP, DPORT(V_GATEWAY_PORTS) },
      ACT_NOTRACK },
    { "raw", { IN_VETH, IPV4, FROM(V_SANDBOX), TO(V_HOST), UDP, DPORT(V_PORT_DNS) }, ACT_NOTRACK },
    { "rawout",
      { OUT_VETH, IPV4, FROM(V_HOST), TO(V_SANDBOX), TCP, SPORT(V_GATEWAY_PORTS) },
      ACT_NOTRACK },
    { "rawout",
      { OUT_VETH, IPV4, FROM(V_HOST), TO(V_SANDBOX), UDP, SPORT(V_PORT_DNS) },
      ACT_NOTRACK },
    { "input",
      { NOT_IN_VETH, IPV4, TO(V_HOST), { F_L4, EQ, V_TCP_UDP }, DPORT(V_GATEWAY_PORTS) },
      ACT_REFUSE },
    { "forward", { IN_VETH }, ACT_DROP },
    { "forward", { OUT_VETH }, ACT_DROP },
    { "output", { { F_SKUID, EQ, V_UID } }, ACT_PROHIBIT },
};

#define ROWS(prefix)                                                                               \
    prefix##_chains, N_ELEMENTS(prefix##_chains), prefix##_rules, N_ELEMENTS(prefix##_rules)

const struct table_row ruleset_tables[] = {
    { FENCE_INSIDE, NFPROTO_INET, "defenseclaw", false, false, ROWS(inside) },
    { FENCE_INSIDE, NFPROTO_IPV4, "defenseclaw_dns", false, true, ROWS(dns) },
    { FENCE_HOST, NFPROTO_NETDEV, "defenseclaw_", true, false, ROWS(ingress) },
    { FENCE_HOST, NFPROTO_INET, "defenseclaw_", true, false, ROWS(host) },
};
const size_t ruleset_table_count = N_ELEMENTS(ruleset_tables);
