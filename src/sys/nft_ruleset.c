#include "sys/nft_internal.h"

#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 8192

/* Everything of a ruleset lives until all of it goes, so it is laid end to end in a few chunks. */
struct chunk {
    struct chunk *next;
    size_t used, cap;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct nft_ruleset {
    struct chunk *chunks;
    struct nft_table *tables, **tail;
    uint32_t next_id;
    bool failed;
};

struct nft_ruleset *nft_ruleset_new(void)
{
    struct nft_ruleset *rs = calloc(1, sizeof(*rs));

    if (rs)
        rs->tail = &rs->tables;
    return rs;
}

void nft_ruleset_free(struct nft_ruleset *rs)
{
    struct chunk *c = rs ? rs->chunks : NULL;

    while (c) {
        struct chunk *next = c->next;

        free(c);
        c = next;
    }
    free(rs);
}

void nft_ruleset_forget(struct nft_ruleset *rs)
{
    rs->tables = NULL;
    rs->tail = &rs->tables;
}

static struct chunk *chunk_add(struct nft_ruleset *rs, size_t size)
{
    size_t cap = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct chunk *c = calloc(1, sizeof(*c) + cap);

    if (!c) {
        rs->failed = true;
        return NULL;
    }
    c->cap = cap;
    c->next = rs->chunks;
    rs->chunks = c;
    return c;
}

/* Zeroed memory that lives as long as the ruleset. */
static void *ruleset_alloc(struct nft_ruleset *rs, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    struct chunk *c = rs->chunks;
    void *p;

    size = (size + align - 1) / align * align;
    if (!c || c->cap - c->used < size)
        c = chunk_add(rs, size);
    if (!c)
        return NULL;
    p = c->bytes + c->used;
    c->used += size;
    return p;
}

struct nft_bytes nft_copy(struct nft_ruleset *rs, const void *p, size_t len)
{
    void *to = len ? ruleset_alloc(rs, len) : NULL;

    if (!to)
        return (struct nft_bytes){ 0 };
    memcpy(to, p, len);
    return (struct nft_bytes){ .p = to, .len = (uint32_t)len };
}

const char *nft_text(struct nft_ruleset *rs, const char *s)
{
    return s ? nft_copy(rs, s, strlen(s) + 1).p : NULL;
}

bool nft_ruleset_failed(const struct nft_ruleset *rs)
{
    return rs->failed;
}

struct nft_table *nft_ruleset_tables(const struct nft_ruleset *rs)
{
    return rs->tables;
}

struct nft_table *nft_table_add(struct nft_ruleset *rs, uint32_t family, const char *name)
{
    struct nft_table *t = ruleset_alloc(rs, sizeof(*t));

    if (!t)
        return NULL;
    t->family = family;
    t->name = nft_text(rs, name);
    t->chains_tail = &t->chains;
    t->sets_tail = &t->sets;
    *rs->tail = t;
    rs->tail = &t->next;
    return t;
}

struct nft_chain *nft_chain_add(struct nft_ruleset *rs, struct nft_table *t, const char *name)
{
    struct nft_chain *c = t ? ruleset_alloc(rs, sizeof(*c)) : NULL;

    if (!c)
        return NULL;
    c->name = nft_text(rs, name);
    c->rules_tail = &c->rules;
    *t->chains_tail = c;
    t->chains_tail = &c->next;
    return c;
}

struct nft_set *nft_set_add(struct nft_ruleset *rs, struct nft_table *t, const char *name)
{
    struct nft_set *s = t ? ruleset_alloc(rs, sizeof(*s)) : NULL;

    if (!s)
        return NULL;
    s->name = nft_text(rs, name);
    s->id = ++rs->next_id;
    *t->sets_tail = s;
    t->sets_tail = &s->next;
    return s;
}

struct nft_elem *nft_elem_add(struct nft_ruleset *rs, struct nft_set *s, const void *key,
                              size_t len)
{
    struct nft_elem *e = s ? ruleset_alloc(rs, sizeof(*e)) : NULL;

    if (!e)
        return NULL;
    e->key = nft_copy(rs, key, len);
    e->next = s->elems;
    s->elems = e;
    return e;
}

struct nft_rule *nft_rule_add(struct nft_ruleset *rs, struct nft_chain *c, const struct nft_op *ops,
                              size_t count)
{
    struct nft_rule *r = c ? ruleset_alloc(rs, sizeof(*r)) : NULL;

    if (!r)
        return NULL;
    r->ops = ruleset_alloc(rs, count * sizeof(*ops));
    if (!r->ops)
        return NULL;
    r->count = count;
    for (size_t i = 0; i < count; i++) {
        r->ops[i] = ops[i];
        r->ops[i].data = nft_copy(rs, ops[i].data.p, ops[i].data.len);
        r->ops[i].data2 = nft_copy(rs, ops[i].data2.p, ops[i].data2.len);
        r->ops[i].name = nft_text(rs, ops[i].name);
    }
    *c->rules_tail = r;
    c->rules_tail = &r->next;
    return r;
}

struct nft_table *nft_table_find(const struct nft_ruleset *rs, uint32_t family, const char *name)
{
    for (struct nft_table *t = rs->tables; t; t = t->next)
        if (t->family == family && strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

struct nft_chain *nft_chain_find(const struct nft_table *t, const char *name)
{
    for (struct nft_chain *c = t->chains; c; c = c->next)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

struct nft_set *nft_set_find(const struct nft_table *t, const char *name)
{
    for (struct nft_set *s = t->sets; s; s = s->next)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}
