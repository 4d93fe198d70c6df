/* JSON5 as text: where things stand in it, and edits that keep every byte that isn't ours. */
#ifndef DEFENSECLAW_BASE_JSON5_H
#define DEFENSECLAW_BASE_JSON5_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON5_SIZE_MAX (4u << 20) /* bytes of a text */
#define JSON5_DEPTH_MAX 128       /* objects and arrays inside each other */
#define JSON5_NODES_MAX                                                                            \
    (1u << 17) /* values in a text: a bound on memory, since texts are hostile */

#define JSON5_EQUAL_MAX 16 /* equal entries that are taken out of one list */

enum json5_type { JSON5_NULL, JSON5_BOOL, JSON5_NUMBER, JSON5_STRING, JSON5_ARRAY, JSON5_OBJECT };

/* One value, by its place in the text (byte offsets). Indices of nodes: 0 is the root, and "none".
 */
struct json5_node {
    uint32_t start, end;   /* the value */
    uint32_t key, key_end; /* its key as written, quotes included; equal when it has none */
    uint32_t comma;        /* the comma behind it, 0 when none */
    uint32_t child, next;  /* first child, next sibling */
    enum json5_type type;
};

struct json5 {
    const char *what; /* names the text in errors; not owned */
    const char *text; /* not owned; must outlive the document */
    size_t len;
    struct json5_node *nodes;
    size_t count, cap;
};

/* A place in a document: keys of objects from the root down. */
struct json5_path {
    const char *const *keys;
    size_t depth;
};

/* Reads a whole text. Duplicate keys are let through here, as JSON5 does (json5_find() refuses
 * those on its way). 0; -EINVAL with "what: line N: why" (EXIT_USAGE) when it isn't JSON5, isn't
 * UTF-8, holds a NUL or is over a limit; -ENOMEM. Free with json5_done() in any case. */
int json5_parse(const char *what, const char *text, size_t len, struct json5 *ret, struct err *e);
void json5_done(struct json5 *d);
#define autojson5 __attribute__((cleanup(json5_done)))

/* The value at path. 0; -ENOENT when a key isn't there (*ret_found keys are, and *ret is the value
 * of the last of them); -EEXIST when a key on the way stands twice, with both lines in the error;
 * -ENOTDIR when something on the way isn't an object (both EXIT_USAGE). ret_found may be NULL. */
int json5_find(const struct json5 *d, struct json5_path path, const struct json5_node **ret,
               size_t *ret_found, struct err *e);

/* Whether two values say the same: strings unescaped, objects in any order, numbers as doubles. An
 * object with a duplicate key, or with more than 512 members, equals nothing. */
bool json5_equal(const struct json5 *a, const struct json5_node *x, const struct json5 *b,
                 const struct json5_node *y);
/* The same for two texts of one value each; false when one isn't JSON5. */
bool json5_text_equal(const char *a, size_t a_len, const char *b, size_t b_len);

/* The line of an offset, from 1. CR LF counts once. */
unsigned json5_line(const struct json5 *d, size_t at);

/* The members of an object or entries of an array. NULL at the end. */
const struct json5_node *json5_child(const struct json5 *d, const struct json5_node *n);
const struct json5_node *json5_next(const struct json5 *d, const struct json5_node *n);

/* The string that a string node or a key (of n) stands for, appended to out, which holds NULs as
 * they come. Lone surrogates become three bytes each. */
void json5_unescape(const struct json5 *d, uint32_t start, uint32_t end, struct buf *out);

/* The edits append the whole new text to out (empty before). value is the text of one JSON value.
 * Errors are those of json5_parse() and json5_find(); out is then of no use.
 *
 * json5_set() replaces a value, or inserts it with the parents that are missing, in the style of
 * the text (newline, indentation, blanks). json5_remove() takes a member out, and then each parent
 * that is left empty but for the first `keep` keys of the path; -ENOENT when it isn't there.
 * json5_array_add() appends an entry unless an equal one is there; makes the array when absent.
 * json5_array_remove() takes out each equal entry; -ENOENT when none is there,
 * -E2BIG when there are more than JSON5_EQUAL_MAX. */
int json5_set(const char *what, const char *text, size_t len, struct json5_path path,
              const char *value, struct buf *out, struct err *e);
int json5_remove(const char *what, const char *text, size_t len, struct json5_path path,
                 size_t keep, struct buf *out, struct err *e);
int json5_array_add(const char *what, const char *text, size_t len, struct json5_path path,
                    const char *value, struct buf *out, struct err *e);
int json5_array_remove(const char *what, const char *text, size_t len, struct json5_path path,
                       const char *value, struct buf *out, struct err *e);

#endif
