/* YAML as a tree that knows where each value stands. Only what a policy needs: maps with plain
 * keys, lists and scalars; anchors, aliases, tags and a second document are refused. */
#ifndef DEFENSECLAW_POLICY_DOC_H
#define DEFENSECLAW_POLICY_DOC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum doc_kind { DOC_MAP, DOC_LIST, DOC_TEXT };

struct doc {
    enum doc_kind kind;
    bool quoted;           /* a scalar that stood in quotes or in a block */
    unsigned line, column; /* from 1; of a map's member: of its key */
    char *key;             /* name in the map it stands in, else NULL */
    char *text;            /* DOC_TEXT only */
    size_t count;          /* children */
    struct doc *child, *last, *next;
};

/* Reads one whole document; what names it in errors. Caller frees with doc_free. 0; -EINVAL with
 * `what: line L, column C: reason` and status EXIT_USAGE; -ENOMEM. */
int doc_read(const char *what, const void *text, size_t len, struct doc **ret, struct err *e);

/* Frees the tree; NULL is fine. */
void doc_free(struct doc *d);

/* Sets `what: line L, column C: reason` (EXIT_USAGE) for the place of d; returns -EINVAL. */
int doc_error(const char *what, const struct doc *d, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
