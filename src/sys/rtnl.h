/* Links, addresses, neighbours and routes over libnl-3, whose headers are included by rtnl*.c only.
 * Addresses are in network byte order. Every call is one synchronous request in the namespace in
 * which the socket was opened; 0 or the kernel's negative errno. */
#ifndef DEFENSECLAW_SYS_RTNL_H
#define DEFENSECLAW_SYS_RTNL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAC_LEN 6

struct rtnl;
int rtnl_open(struct rtnl **ret);
void rtnl_close(struct rtnl *nl);
static inline void rtnl_closep(struct rtnl **nl)
{
    rtnl_close(*nl);
    *nl = NULL;
}
#define autortnl __attribute__((cleanup(rtnl_closep)))

struct rtnl_link {
    int index;
    char name[IFNAMSIZ];
    char kind[16]; /* "veth", "" for hardware */
    uint8_t mac[MAC_LEN];
    unsigned flags; /* IFF_* */
    uint32_t mtu;
};

/* A link by its name; -ENODEV when there is none. */
int rtnl_link_get(struct rtnl *nl, const char *name, struct rtnl_link *ret);

/* A veth pair, both ends down: here in the socket's namespace, peer in that of peer_ns_fd. -EEXIST
 * when a name is taken. */
struct rtnl_end {
    const char *name;
    const uint8_t *mac;
};
int rtnl_veth_add(struct rtnl *nl, const struct rtnl_end *here, const struct rtnl_end *peer,
                  int peer_ns_fd);
int rtnl_link_del(struct rtnl *nl, int index);
/* Sets those flags (IFF_*) that mask names. */
int rtnl_link_flags(struct rtnl *nl, int index, unsigned flags, unsigned mask);
/* The link makes itself no IPv6 address, and so solicits nothing, when it comes up. -EAFNOSUPPORT
 * where the kernel has no IPv6. */
int rtnl_link_no_ipv6(struct rtnl *nl, int index);
int rtnl_link_mtu(struct rtnl *nl, int index, uint32_t mtu);

/* What the three tables hold, in one form: members that a kind of row doesn't have are zero. */
struct rtnl_row {
    int index;            /* of the link; 0 for a route without one */
    uint8_t family;       /* AF_INET, AF_INET6 */
    uint8_t prefix;       /* of addr: bits */
    uint8_t type;         /* route: RTN_* */
    uint8_t scope;        /* RT_SCOPE_* */
    uint8_t protocol;     /* route: RTPROT_* */
    uint8_t onlink;       /* route */
    uint8_t nodad;        /* address to add, IPv6: usable at once, without looking for a twin */
    uint32_t table;       /* route: RT_TABLE_* */
    uint8_t addr[16];     /* address: the peer's or the subnet's; neighbour; route's destination */
    uint8_t local[16];    /* address: ours; route: preferred source */
    uint8_t via[16];      /* route: gateway */
    uint8_t mac[MAC_LEN]; /* neighbour */
    uint16_t state;       /* neighbour: NUD_* */
};

enum rtnl_table { RTNL_ADDRESSES, RTNL_NEIGHBOURS, RTNL_ROUTES };

struct rtnl_rows {
    struct rtnl_row *rows;
    size_t count, cap;
};
void rtnl_rows_done(struct rtnl_rows *rows);
#define autorows __attribute__((cleanup(rtnl_rows_done)))

/* All rows of a table, IPv4 and IPv6, appended to rows; with keep only those for which it says
 * true: a router's table is too long to be held whole. */
typedef bool (*rtnl_keep)(const struct rtnl_row *row, void *arg);
int rtnl_list(struct rtnl *nl, enum rtnl_table table, rtnl_keep keep, void *arg,
              struct rtnl_rows *rows);
/* Adds a row (a neighbour replaces the one that is there), or removes exactly it. */
int rtnl_add(struct rtnl *nl, enum rtnl_table table, const struct rtnl_row *row);
int rtnl_del(struct rtnl *nl, enum rtnl_table table, const struct rtnl_row *row);

#endif
