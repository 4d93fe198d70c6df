/* How a JSON5 text is laid out, for the edits that must look as its own (json5_edit.c,
 * json5_cut.c). */
#ifndef DEFENSECLAW_BASE_JSON5_LAYOUT_H
#define DEFENSECLAW_BASE_JSON5_LAYOUT_H

#include "base/json5.h"

#define INDENT_MAX 32 /* deeper indentation is hostile, or no indentation at all */

struct layout_style {
    const char *newline;
    char unit[INDENT_MAX + 1]; /* one level of indentation */
    const char *colon, *comma, *pad;
};

/* Bytes [from, to) of the text give way to text. */
struct splice {
    size_t from, to;
    const char *text;
};

bool layout_is_blank(char c);
bool layout_is_newline(char c);

/* The indentation of the line of an offset: how many blanks at *ret_from. */
size_t layout_indent(const struct json5 *d, size_t at, size_t *ret_from);

/* Where a member (its key) or an entry begins, and whether nothing is before it on its line. */
size_t layout_start(const struct json5_node *n);
bool layout_begins_line(const struct json5 *d, const struct json5_node *n);

/* Whether an object or array has a newline of its own, outside its children. */
bool layout_is_tall(const struct json5 *d, const struct json5_node *container);

/* What a container stands in; the root stands in itself. */
const struct json5_node *layout_parent(const struct json5 *d, const struct json5_node *n);

struct layout_style layout_style(const struct json5 *d);

/* Behind the last byte in a container that isn't white space: a comment counts, and keeps its line.
 */
size_t layout_tail(const struct json5 *d, const struct json5_node *container);

/* Appends the text with splices (in order) made. */
void layout_splice(const struct json5 *d, const struct splice *s, size_t count, struct buf *out);

/* -ENOMEM with e set when out failed, else 0. */
int layout_result(const struct json5 *d, const struct buf *out, struct err *e);

/* The last entry of an array that equals value, NULL when none does. */
const struct json5_node *array_entry(const struct json5 *d, const struct json5_node *array,
                                     const char *value);
/* -ENOTDIR (EXIT_USAGE) when a value is no array. */
int array_check(const struct json5 *d, const struct json5_node *n, struct err *e);

#endif
