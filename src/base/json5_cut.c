/* Taking out: a member with the parents that it leaves empty, an entry. Taking out what was put in
 * gives the same bytes again. */
#include "base/json5.h"
#include "base/json5_layout.h"
#include "base/mem.h"

#include <string.h>

static size_t skip_blanks(const struct json5 *d, size_t at)
{
    while (at < d->len && layout_is_blank(d->text[at]))
        at++;
    return at;
}

static size_t back_over_blanks(const struct json5 *d, size_t at)
{
    while (at > 0 && layout_is_blank(d->text[at - 1]))
        at--;
    return at;
}

static size_t back_over_newline(const struct json5 *d, size_t at)
{
    if (at > 1 && d->text[at - 1] == '\n' && d->text[at - 2] == '\r')
        return at - 2;
    return at - 1;
}

/* Whether a comment stands between a child and what is before it (which holds nothing else but
 * white space and a comma). Its newline may be the comment's end. */
static bool follows_comment(const struct json5 *d, size_t before, const struct json5_node *n)
{
    return memchr(d->text + before, '/', layout_start(n) - before) != NULL;
}

/* The bytes that go with a member or entry: its line when it has that to itself, else the blanks on
 * one side of it. before: the end of what stands before it. */
static struct splice cut_of(const struct json5 *d, size_t before, const struct json5_node *n)
{
    size_t from = layout_start(n), to = n->comma ? n->comma + 1 : n->end;
    size_t back = back_over_blanks(d, from), after = skip_blanks(d, to);
    bool line_ends = after < d->len && layout_is_newline(d->text[after]);

    if (back > 0 && layout_is_newline(d->text[back - 1])) {
        if (line_ends)
            return (struct splice){ back_over_newline(d, back), after, "" };
        if ((d->text[after] == '}' || d->text[after] == ']') && !follows_comment(d, before, n))
            return (struct splice){ back_over_newline(d, back), to, "" };
        return (struct splice){ from, after, "" };
    }
    if (n->next && !line_ends)
        return (struct splice){ from, after, "" };
    return (struct splice){ back, to, "" };
}

/* White space that is all that a container would keep goes too. */
static struct splice widen(const struct json5 *d, const struct json5_node *container,
                           struct splice s)
{
    size_t from = s.from, to = s.to;

    while (from > container->start + 1 &&
           (layout_is_blank(d->text[from - 1]) || layout_is_newline(d->text[from - 1])))
        from--;
    while (layout_is_blank(d->text[to]) || layout_is_newline(d->text[to]))
        to++;
    if (from == container->start + 1 && to == container->end - 1)
        return (struct splice){ from, to, "" };
    return s;
}

/* Takes one child out of its container. */
static int cut(const struct json5 *d, const struct json5_node *container,
               const struct json5_node *child, struct buf *out, struct err *e)
{
    const struct json5_node *before = NULL;
    struct splice splices[2];
    size_t count = 0;

    for (const struct json5_node *n = json5_child(d, container); n != child; n = json5_next(d, n))
        before = n;
    if (before && !child->next && !child->comma)
        splices[count++] = (struct splice){ before->comma, before->comma + 1, "" };
    splices[count] = cut_of(d, before ? before->end : container->start + 1, child);
    if (!before && !child->next)
        splices[count] = widen(d, container, splices[count]);
    layout_splice(d, splices, count + 1, out);
    return layout_result(d, out, e);
}

static bool is_bare(const struct json5 *d, const struct json5_node *container)
{
    return container->type == JSON5_OBJECT && layout_tail(d, container) == container->start + 1;
}

/* One removal; *ret_bare says whether it left its parent empty. */
static int remove_one(const char *what, const char *text, size_t len, struct json5_path path,
                      struct buf *out, bool *ret_bare, struct err *e)
{
    struct json5_path up = { path.keys, path.depth - 1 };
    autojson5 struct json5 d = { 0 }, after = { 0 };
    const struct json5_node *parent, *child;
    int r = json5_parse(what, text, len, &d, e);

    if (r < 0)
        return r;
    r = json5_find(&d, path, &child, NULL, e);
    if (r < 0)
        return r;
    r = json5_find(&d, up, &parent, NULL, e);
    if (r < 0)
        return r;
    r = cut(&d, parent, child, out, e);
    if (r < 0)
        return r;
    r = json5_parse(what, buf_str(out), out->len, &after, e);
    if (r < 0)
        return r;
    r = json5_find(&after, up, &parent, NULL, e);
    if (r < 0)
        return r;
    *ret_bare = is_bare(&after, parent);
    return 0;
}

int json5_remove(const char *what, const char *text, size_t len, struct json5_path path,
                 size_t keep, struct buf *out, struct err *e)
{
    autobuf struct buf was = { 0 };
    bool bare = true;

    buf_add(&was, text, len);
    for (size_t depth = path.depth; bare && depth > keep && depth > 0; depth--) {
        int r;

        buf_done(out);
        r = remove_one(what, buf_str(&was), was.len, (struct json5_path){ path.keys, depth }, out,
                       &bare, e);
        if (r < 0)
            return r;
        buf_done(&was);
        buf_add(&was, out->data, out->len);
        if (was.failed)
            return err_set(e, was.failed, EXIT_FAILED, "%s: out of memory", what);
    }
    return 0;
}

/* Each entry costs a pass over the text and a copy of it. */
static int remove_entries(const char *what, const char *text, size_t len, struct json5_path path,
                          const char *value, unsigned left, struct buf *out, struct err *e)
{
    autojson5 struct json5 d = { 0 };
    autobuf struct buf once = { 0 };
    const struct json5_node *array, *entry;
    int r = json5_parse(what, text, len, &d, e);

    if (r < 0)
        return r;
    r = json5_find(&d, path, &array, NULL, e);
    if (r < 0)
        return r;
    r = array_check(&d, array, e);
    if (r < 0)
        return r;
    entry = array_entry(&d, array, value);
    if (!entry)
        return -ENOENT;
    if (left == 0)
        return err_set(e, -E2BIG, EXIT_USAGE, "%s: line %u: the list has one entry too often", what,
                       json5_line(&d, entry->start));
    r = cut(&d, array, entry, &once, e);
    if (r < 0)
        return r;
    r = remove_entries(what, buf_str(&once), once.len, path, value, left - 1, out, e);
    if (r != -ENOENT)
        return r;
    buf_add(out, once.data, once.len);
    return layout_result(&d, out, e);
}

int json5_array_remove(const char *what, const char *text, size_t len, struct json5_path path,
                       const char *value, struct buf *out, struct err *e)
{
    return remove_entries(what, text, len, path, value, JSON5_EQUAL_MAX, out, e);
}
