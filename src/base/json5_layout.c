#include "base/json5_layout.h"

#include "base/mem.h"

#include <string.h>

bool layout_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool layout_is_newline(char c)
{
    return c == '\n' || c == '\r';
}

/* Where the line of an offset begins. */
static size_t line_start(const struct json5 *d, size_t at)
{
    while (at > 0 && !layout_is_newline(d->text[at - 1]))
        at--;
    if (at == 0 && d->len >= 3 && memcmp(d->text, "\xef\xbb\xbf", 3) == 0)
        return 3;
    return at;
}

/* The indentation of the line of an offset: the length of its blanks at *ret_from. */
size_t layout_indent(const struct json5 *d, size_t at, size_t *ret_from)
{
    size_t n = 0;

    *ret_from = line_start(d, at);
    while (*ret_from + n < at && layout_is_blank(d->text[*ret_from + n]))
        n++;
    return n < INDENT_MAX * 4 ? n : INDENT_MAX * 4;
}

/* Where a member (its key) or an entry begins. */
size_t layout_start(const struct json5_node *n)
{
    return n->key_end > n->key ? n->key : n->start;
}

bool layout_begins_line(const struct json5 *d, const struct json5_node *n)
{
    size_t from, at = layout_start(n);

    return layout_indent(d, at, &from) == at - from && from > 0 &&
           layout_is_newline(d->text[from - 1]);
}

static bool has_newline(const struct json5 *d, size_t from, size_t to)
{
    return memchr(d->text + from, '\n', to - from) || memchr(d->text + from, '\r', to - from);
}

/* Whether an object or array has a newline of its own, outside its children. */
bool layout_is_tall(const struct json5 *d, const struct json5_node *container)
{
    size_t from = container->start;

    for (const struct json5_node *n = json5_child(d, container); n; n = json5_next(d, n)) {
        if (has_newline(d, from, layout_start(n)))
            return true;
        from = n->end;
    }
    return has_newline(d, from, container->end);
}

/* What a container stands in; the root stands in itself. */
const struct json5_node *layout_parent(const struct json5 *d, const struct json5_node *n)
{
    for (size_t i = 0; i < d->count; i++)
        for (const struct json5_node *c = json5_child(d, &d->nodes[i]); c; c = json5_next(d, c))
            if (c == n)
                return &d->nodes[i];
    return n;
}

static const char *find_newline(const struct json5 *d)
{
    const char *lf = memchr(d->text, '\n', d->len);

    if (lf)
        return lf > d->text && lf[-1] == '\r' ? "\r\n" : "\n";
    return memchr(d->text, '\r', d->len) ? "\r" : "\n";
}

/* One level of indentation: that of the root's first member, two blanks when it shows none. */
static void find_unit(const struct json5 *d, char unit[INDENT_MAX + 1])
{
    const struct json5_node *first = json5_child(d, &d->nodes[0]);
    size_t from, outer, n;

    memcpy(unit, "  ", 3);
    if (!first || !layout_begins_line(d, first))
        return;
    outer = layout_indent(d, d->nodes[0].start, &from);
    n = layout_indent(d, layout_start(first), &from);
    if (n < outer || n - outer > INDENT_MAX)
        return;
    memcpy(unit, d->text + from + outer, n - outer);
    unit[n - outer] = '\0';
}

struct layout_style layout_style(const struct json5 *d)
{
    const struct json5_node *root = &d->nodes[0], *first = json5_child(d, root);
    bool tall = layout_is_tall(d, root), colon_blank, comma_blank;
    struct layout_style s = { .newline = find_newline(d) };

    colon_blank =
        first && first->key_end > first->key ? layout_is_blank(d->text[first->start - 1]) : tall;
    comma_blank = first && first->comma ? layout_is_blank(d->text[first->comma + 1]) : colon_blank;
    s.colon = colon_blank ? ": " : ":";
    s.comma = comma_blank || (tall && colon_blank) ? ", " : ",";
    s.pad = !tall && layout_is_blank(d->text[root->start + 1]) ? " " : "";
    find_unit(d, s.unit);
    return s;
}

/* Behind the last byte in a container that isn't white space: a comment counts, and keeps its line.
 */
size_t layout_tail(const struct json5 *d, const struct json5_node *container)
{
    size_t at = container->end - 1;

    while (at > container->start + 1 &&
           (layout_is_blank(d->text[at - 1]) || layout_is_newline(d->text[at - 1])))
        at--;
    return at;
}

void layout_splice(const struct json5 *d, const struct splice *s, size_t count, struct buf *out)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        buf_add(out, d->text + at, s[i].from - at);
        buf_puts(out, s[i].text);
        at = s[i].to;
    }
    buf_add(out, d->text + at, d->len - at);
}

int layout_result(const struct json5 *d, const struct buf *out, struct err *e)
{
    return out->failed ? err_set(e, out->failed, EXIT_FAILED, "%s: out of memory", d->what) : 0;
}

/* The last entry of an array that equals value, NULL when none does. */
const struct json5_node *array_entry(const struct json5 *d, const struct json5_node *array,
                                     const char *value)
{
    const struct json5_node *found = NULL;

    for (const struct json5_node *n = json5_child(d, array); n; n = json5_next(d, n))
        if (json5_text_equal(d->text + n->start, n->end - n->start, value, strlen(value)))
            found = n;
    return found;
}

int array_check(const struct json5 *d, const struct json5_node *n, struct err *e)
{
    if (n->type == JSON5_ARRAY)
        return 0;
    return err_set(e, -ENOTDIR, EXIT_USAGE, "%s: line %u: a list was expected", d->what,
                   json5_line(d, n->start));
}
