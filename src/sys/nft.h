/* nf_tables over libnftnl and libmnl: their only includer. Rules are seen as short lists of neutral
 * operations, so that one form serves to write our tables, to compare them with what the kernel
 * holds, and to read other people's chains. */
#ifndef DEFENSECLAW_SYS_NFT_H
#define DEFENSECLAW_SYS_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Registers, keys, verdicts and hooks carry the kernel's own numbers (linux/netfilter/nf_tables.h).
 */
enum nft_op_type {
    NFT_OP_OTHER, /* something that this program never writes and can't judge */
    NFT_OP_META,
    NFT_OP_PAYLOAD,
    NFT_OP_CT,
    NFT_OP_FIB,
    NFT_OP_BITWISE,
    NFT_OP_CMP,
    NFT_OP_RANGE,
    NFT_OP_LOOKUP,
    NFT_OP_IMMEDIATE, /* dreg 0: a verdict in key, and the chain of a jump in name */
    NFT_OP_COUNTER,
    NFT_OP_REJECT,
    NFT_OP_NOTRACK,
    NFT_OP_NAT,
    NFT_OP_XT_MATCH, /* iptables-nft's compatibility: name, revision in key, data */
    NFT_OP_XT_TARGET,
    NFT_OP_COUNT
};

struct nft_bytes {
    const void *p;
    uint32_t len;
};

struct nft_op {
    uint32_t type; /* enum nft_op_type */
    uint32_t sreg; /* NAT: register of the address */
    uint32_t dreg;
    uint32_t key;    /* META, CT: key; PAYLOAD: base; FIB: result; REJECT, NAT: type; verdict */
    uint32_t op;     /* CMP, RANGE: operator; LOOKUP: flags (1 = not in the set) */
    uint32_t offset; /* PAYLOAD: offset; FIB: flags; REJECT: code; NAT: family */
    uint32_t len;    /* PAYLOAD, BITWISE: bytes; NAT: register of the port, 0 for none */
    struct nft_bytes data;  /* CMP, IMMEDIATE: value; BITWISE: mask; RANGE: from; XT: blob */
    struct nft_bytes data2; /* BITWISE: xor; RANGE: to */
    const char *name;       /* LOOKUP: set; verdict: chain; XT: extension; OTHER: its name */
};

struct nft_elem {
    struct nft_elem *next;
    struct nft_bytes key, key_end; /* key_end.len 0 when there is none */
    uint32_t flags;                /* 1: end of an interval, 2: matches whatever no other does */
    uint32_t verdict;              /* of a verdict map */
    const char *chain;
};

struct nft_set {
    struct nft_set *next;
    const char *name;
    uint32_t flags; /* NFT_SET_* */
    uint32_t key_type, key_len;
    uint32_t id;    /* names an anonymous set inside one transaction */
    bool truncated; /* more elements than were read */
    struct nft_elem *elems;
};

struct nft_rule {
    struct nft_rule *next;
    struct nft_op *ops;
    size_t count;
};

struct nft_chain {
    struct nft_chain *next;
    const char *name;
    bool base;
    uint32_t hook;
    int32_t priority;
    uint32_t policy;  /* 0 drop, 1 accept */
    const char *type; /* "filter", "nat", "route" */
    const char *dev;  /* netdev family, first device; NULL */
    struct nft_rule *rules, **rules_tail;
};

#define NFT_PARAMS_MAX 128

struct nft_table {
    struct nft_table *next;
    uint32_t family; /* NFPROTO_* */
    const char *name;
    uint32_t flags;          /* NFT_TABLE_F_* */
    const char *comment;     /* NULL when there is none */
    struct nft_bytes params; /* bytes of ours beside the comment */
    struct nft_chain *chains, **chains_tail;
    struct nft_set *sets, **sets_tail;
};

/* Tables, with all that hangs on them; everything is owned by the ruleset. */
struct nft_ruleset;
struct nft_ruleset *nft_ruleset_new(void); /* NULL when out of memory */
void nft_ruleset_free(struct nft_ruleset *rs);
static inline void nft_ruleset_freep(struct nft_ruleset **rs)
{
    nft_ruleset_free(*rs);
    *rs = NULL;
}
#define autoruleset __attribute__((cleanup(nft_ruleset_freep)))

/* Builders: each copies what it is given and hangs it on its parent's end. They give NULL when out
 * of memory and take a NULL parent, so that one nft_ruleset_failed() at the end is enough. */
struct nft_table *nft_table_add(struct nft_ruleset *rs, uint32_t family, const char *name);
struct nft_chain *nft_chain_add(struct nft_ruleset *rs, struct nft_table *t, const char *name);
struct nft_set *nft_set_add(struct nft_ruleset *rs, struct nft_table *t, const char *name);
struct nft_elem *nft_elem_add(struct nft_ruleset *rs, struct nft_set *s, const void *key,
                              size_t len);
struct nft_rule *nft_rule_add(struct nft_ruleset *rs, struct nft_chain *c, const struct nft_op *ops,
                              size_t count);
const char *nft_text(struct nft_ruleset *rs, const char *s);
struct nft_bytes nft_copy(struct nft_ruleset *rs, const void *p, size_t len);
bool nft_ruleset_failed(const struct nft_ruleset *rs);

struct nft_table *nft_ruleset_tables(const struct nft_ruleset *rs);
struct nft_table *nft_table_find(const struct nft_ruleset *rs, uint32_t family, const char *name);
struct nft_chain *nft_chain_find(const struct nft_table *t, const char *name);
struct nft_set *nft_set_find(const struct nft_table *t, const char *name);

/* A socket to nf_tables of the network namespace in which it is opened. 0 or negative errno. */
struct nft;
int nft_open(struct nft **ret);
void nft_close(struct nft *n);
static inline void nft_closep(struct nft **n)
{
    nft_close(*n);
    *n = NULL;
}
#define autonft __attribute__((cleanup(nft_closep)))

/* Reads all tables and all chains without their rules. 0, -EINTR when the ruleset changed five
 * times while it was read, or negative errno. rs has what was read so far, and is the caller's to
 * free. */
int nft_read_tables(struct nft *n, struct nft_ruleset *rs);
/* Reads a table's sets and rules on top: at most 1,024 elements a set (then truncated is set). */
int nft_read_rules(struct nft *n, struct nft_ruleset *rs, struct nft_table *t);

struct nft_change {
    const struct nft_table *remove; /* a table that is there, or NULL */
    const struct nft_table *add;    /* or NULL */
};

/* One transaction: all of it or nothing. 0 or the first negative errno that the kernel gave. */
int nft_commit(struct nft *n, const struct nft_change *changes, size_t count);

#endif
