/* The fences: one table of rules from which the transactions and the expected dumps are made. */
#ifndef DEFENSECLAW_RESOURCE_RULESET_H
#define DEFENSECLAW_RESOURCE_RULESET_H

#include "base/buf.h"
#include "resource/network.h"
#include "sys/nft.h"

enum fence_side { FENCE_INSIDE, FENCE_HOST };

/* The tables wanted on a side, appended to rs. 0 or -ENOMEM. */
int ruleset_want(const struct network *n, enum fence_side side, struct nft_ruleset *rs);

/* Every table that this program may ever make on a side, wanted now or not. */
struct ruleset_name {
    uint32_t family;
    char name[32];
};
#define RULESET_NAMES_MAX 2
size_t ruleset_names(const char *instance, enum fence_side side,
                     struct ruleset_name ret[RULESET_NAMES_MAX]);

/* A side's live tables; those that aren't there are NULL. */
struct ruleset_live {
    struct nft_ruleset *rs;
    struct nft_table *tables[RULESET_NAMES_MAX];
    size_t count; /* of those that are there */
};

/* Reads them. -EEXIST with e set when one doesn't carry our uuid. ret is the caller's to free with
 * nft_ruleset_free(ret->rs), also after an error. */
int ruleset_read(struct nft *nft, const struct network *n, enum fence_side side,
                 struct ruleset_live *ret, struct err *e);

/* Makes a side's tables so in one transaction. Does nothing when they are so already, unless the
 * veth has been made anew: a chain of the old device's may look right and see nothing. -EEXIST with
 * e set when a table of our name isn't ours. */
int ruleset_put(struct nft *nft, const struct network *n, enum fence_side side, bool anew,
                struct err *e);

/* Removes a side's tables in one transaction, those of our uuid. */
int ruleset_remove(struct nft *nft, const struct network *n, enum fence_side side, struct err *e);

/* Tells every difference between the live tables of a side and the wanted ones; returns how many,
 * or negative errno (-EEXIST with e set: foreign). */
int ruleset_check(struct nft *nft, const struct network *n, enum fence_side side, network_tell tell,
                  void *userdata, struct err *e);

/* The values of a network as the bytes that each of its tables carries, and back (-EINVAL for other
 * bytes; name, uuid, link and MAC addresses stay as they are). */
size_t ruleset_params_put(const struct network *n, unsigned char buf[NFT_PARAMS_MAX]);
int ruleset_params_get(struct network *n, struct nft_bytes params);

/* ruleset_compare.c: tells each difference of a live table from the wanted one; returns how many.
 */
int ruleset_compare(const struct nft_table *now, const struct nft_table *want, network_tell tell,
                    void *userdata);

/* ruleset_text.c: a rule in words like nft(8)'s, appended. */
void ruleset_rule_text(const struct nft_table *t, const struct nft_rule *r, struct buf *out);

/* "inet", "ip", …; "?" for a family that isn't known. */
const char *ruleset_family(uint32_t family);

#endif
