/* What sys/nft*.c share: the socket, and the way between neutral operations (sys/nft.h) and
 * libnftnl's expressions. */
#ifndef DEFENSECLAW_SYS_NFT_INTERNAL_H
#define DEFENSECLAW_SYS_NFT_INTERNAL_H

#include "sys/nft.h"

#include <libmnl/libmnl.h>

#define NFT_BUFFER_SIZE 32768 /* the largest message that the kernel puts a dump into */

struct nft {
    struct mnl_socket *nl;
    uint32_t seq;
    char buf[NFT_BUFFER_SIZE];
};

/* Beside a table's comment: nft(8) passes over what it doesn't know. */
enum { NFT_UDATA_PARAMS = 0xdc };

/* Drops all tables, so that they can be read anew. */
void nft_ruleset_forget(struct nft_ruleset *rs);

struct nftnl_expr;

/* A new expression, the caller's (a rule takes it over). set: what a LOOKUP names, else NULL.
 * NULL when out of memory or when the operation is one that this program never writes. */
struct nftnl_expr *nft_expr_from_op(const struct nft_op *op, const struct nft_set *set);

/* The name to write: the kernel numbers anonymous sets itself, and finds them by their id. */
const char *nft_set_kernel_name(const struct nft_set *s);

/* Fills op with what e says; what it points to belongs to e. A kind that isn't known comes out as
 * NFT_OP_OTHER with its name. */
void nft_expr_to_op(const struct nftnl_expr *e, struct nft_op *op);

#endif
