/* What somebody's chain would do with one packet: nf_tables rules evaluated over neutral
 * operations. What can't be judged (rate limits, unknown extensions) counts as not matching: a
 * chain whose verdict hangs on that alone is left to the live probe. Private to src/host. */
#ifndef DEFENSECLAW_HOST_PACKET_H
#define DEFENSECLAW_HOST_PACKET_H

#include "sys/nft.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum packet_track { TRACK_NEW, TRACK_ESTABLISHED, TRACK_NONE };

struct packet {
    const char *iif, *oif; /* device names, "" for none */
    struct in_addr from, to;
    uint8_t protocol; /* IPPROTO_TCP (a SYN), IPPROTO_UDP */
    uint16_t sport, dport;
    enum packet_track track;
    bool local; /* the destination is one of the host's own addresses */
};

/* Where a packet was dropped. */
struct packet_end {
    const char *chain; /* base chain or one it jumps to */
    bool policy;       /* no rule spoke, and the policy drops */
};

/* Whether a base chain drops or rejects it. */
bool packet_dropped(const struct packet *p, const struct nft_table *t, const struct nft_chain *c,
                    struct packet_end *end);

/* packet_xt.c: an iptables extension; 1 matches, 0 doesn't, -1 can't be judged. */
int packet_xt_match(const struct packet *p, const struct nft_op *op);

/* Bits of a connection's state, as nf_tables counts them. */
uint32_t packet_ct_state(const struct packet *p);

#endif
