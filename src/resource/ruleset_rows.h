/* The fences' rules as rows of data; private to resource/ruleset_*.c. */
#ifndef DEFENSECLAW_RESOURCE_RULESET_ROWS_H
#define DEFENSECLAW_RESOURCE_RULESET_ROWS_H

#include "resource/ruleset.h"

/* Named values that a rule compares with: what they are depends on the network. */
enum value {
    V_VETH,
    V_LOOPBACK,
    V_HOST,
    V_SANDBOX,
    V_GATEWAY_PORTS,
    V_PORT_DNS,
    V_AGENT_PORT,
    V_UID,
    V_IPV4,
    V_ETHER_IPV4,
    V_TCP,
    V_UDP,
    V_TCP_UDP,
    V_ICMP,
    V_PING,
    V_UNREACHABLE,
    V_ZERO16,
    V_SYN,
    V_SERVERS,
};

/* What of a packet is looked at. */
enum field {
    F_NONE,
    F_IIFNAME,
    F_OIFNAME,
    F_IIF,
    F_OIF,
    F_NFPROTO,
    F_ETHER,
    F_L4,
    F_SKUID,
    F_SADDR,
    F_DADDR,
    F_FRAGMENT,
    F_SPORT,
    F_DPORT,
    F_TCP_FLAGS,
    F_ICMP_TYPE,
    F_COUNT
};

enum op { EQ, NE };

struct match {
    uint8_t field, op, value;
};

enum action {
    ACT_ACCEPT, /* uncounted: loopback */
    ACT_COUNT_ACCEPT,
    ACT_DROP,
    ACT_NOTRACK,
    ACT_PROHIBIT, /* ICMP administratively prohibited: programs fail at once */
    ACT_REFUSE,   /* ICMP port unreachable: as if nothing listened */
    ACT_DNAT,     /* to the host address */
};

struct rule_row {
    const char *chain;
    struct match match[7];
    enum action action;
};

struct chain_row {
    const char *name, *type;
    uint8_t hook;
    int priority;
    uint8_t policy;
    bool on_veth;
};

struct table_row {
    enum fence_side side;
    uint8_t family;
    const char *name;
    bool per_instance; /* the instance's name behind it: the host may have several */
    bool redirects;    /* only where servers are listed */
    const struct chain_row *chains;
    size_t chain_count;
    const struct rule_row *rules;
    size_t rule_count;
};

extern const struct table_row ruleset_tables[];
extern const size_t ruleset_table_count;

#endif
