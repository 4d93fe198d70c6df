/* The state of one evaluation; private to packet.c and packet_ops.c. */
#ifndef DEFENSECLAW_HOST_PACKET_MACHINE_H
#define DEFENSECLAW_HOST_PACKET_MACHINE_H

#include "host/packet.h"

enum { PACKET_REGISTERS = 64 };

/* What an operation comes to. */
enum step { STEP_GO_ON, STEP_BREAK, STEP_VERDICT };

struct machine {
    const struct packet *p;
    const struct nft_table *table;
    struct packet_end *end;
    uint8_t reg[PACKET_REGISTERS];
    bool known[PACKET_REGISTERS]; /* byte by byte */
    uint32_t verdict;
    const char *target;
    int depth;
};

/* Does one operation of a rule. */
enum step packet_op(struct machine *m, const struct nft_op *op);

#endif
