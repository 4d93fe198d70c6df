/* An instance's network: a named namespace, a veth pair and three fences. One function each way,
 * shared by setup, undo, verify and `defenseclaw sandbox network up|down`. */
#ifndef DEFENSECLAW_RESOURCE_NETWORK_H
#define DEFENSECLAW_RESOURCE_NETWORK_H

#include "base/digest.h"
#include "base/err.h"
#include "spec/instance.h"

#include <cjson/cJSON.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_INSIDE "eth0" /* the veth's end in the namespace */
#define NETWORK_MTU 1500

struct network {
    char name[NAME_MAX_LEN + 1]; /* the instance's */
    char link[IFNAMSIZ];         /* NAME0: veth on the host, and the namespace's name */
    char uuid[UUID_LEN + 1];     /* planted in MAC addresses and tables: tells ours from foreign */
    uint8_t host_mac[6], sandbox_mac[6];
    struct in_addr host_ip, sandbox_ip;
    uint16_t agent_port;         /* OpenClaw's, inside */
    uint16_t relay_port;         /* on the host's loopback; not part of the network's state */
    uid_t uid;                   /* the sandbox user, which gets no network outside */
    size_t dns_count;            /* 0: resolv.conf lists the host address */
    struct in_addr dns[DNS_MAX]; /* without duplicates and without the host address */
    bool host_networking;        /* the two tables on the host's side */
    bool guardrail;              /* port 4000 */
};

void network_from_instance(const struct instance *in, struct network *n);

/* Derives link and MAC addresses from name and uuid, which have to be set. -EINVAL for a bad uuid.
 */
int network_identity(struct network *n);

/* The gateway's ports in ascending order; returns how many (at most 4). */
size_t network_ports(const struct network *n, uint16_t ports[4]);

/* Makes it so, in the order that leaves no moment without a fence: the namespace's tables before
 * either end is up, the host's before the veth is. Changes nothing where all is right, and repairs
 * in place what isn't. A link, namespace or table without our uuid is never touched: -EEXIST with
 * EXIT_MACHINE and "NAME0 veth already exists". */
int network_up(const struct network *n, struct err *e);

/* Removes what carries our uuid, and nothing else; nothing there is no error. */
int network_down(const struct network *n, struct err *e);

/* Whether everything is as network_up() leaves it: namespace, links, MTU, addresses, neighbours,
 * routes, IPv6 off, and the live rulesets element by element. Differences are told in words to
 * `tell`; returns how many, or negative errno with e set (-EEXIST: something foreign has the name).
 */
typedef void (*network_tell)(void *userdata, const char *difference);
int network_check(const struct network *n, network_tell tell, void *userdata, struct err *e);

/* The canonical state: {"type":"present","uuid",…} with every member that network_up() looks at.
 * NULL when out of memory. */
cJSON *network_want(const struct network *n);
/* Back from a state. -EINVAL with e set. */
int network_from_state(const char *name, const cJSON *state, struct network *n, struct err *e);

/* Whether a link, namespace or table of our name is somebody else's: what network_up() refuses
 * first. 0 or -EEXIST with e set as there. */
int network_foreign(const struct network *n, struct err *e);

/* What there is under a name, as far as it carries our uuid. */
enum network_found {
    NETWORK_ABSENT,
    NETWORK_FOREIGN, /* nothing of ours, but the name is somebody else's */
    NETWORK_REST,    /* ours, but nothing of it says any more what it was made from */
    NETWORK_KNOWN,   /* ours, and a table carries the values it was made from */
};
/* n: name and identity set; the rest is filled when KNOWN. The state or negative errno. */
int network_find(struct network *n, struct err *e);

/* What stands there now, without asking the spec: {"type":"absent"}, "foreign" or "rest"; or
 * network_want() of the values that it was made from, with "differs":[words…] when it isn't right.
 */
int network_observe(const char *name, const char *uuid, cJSON **ret, struct err *e);

#endif
