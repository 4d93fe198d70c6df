/* The writer: a few bytes put in or taken out, all others copied. What is put in follows the text
 * round it: its newline, its indentation, its blanks. Taking out what was put in gives the same
 * bytes again. */
#include "base/json5.h"
#include "base/mem.h"

#include <string.h>

#define INDENT_MAX 32 /* deeper indentation is hostile, or no indentation at all */

struct style {
    const char *newline;
    char unit[INDENT_MAX + 1]; /* one level of indentation */
    const char *colon, *comma, *pad;
    bool tall; /* the document's root spreads over lines */
};

/* Bytes [from, to) of the text give way to text. */
struct splice {
    size_t from, to;
    const char *text;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r';
}

/* Where the line of an offset begins. */
static size_t line_start(const struct json5 *d, size_t at)
{
    while (at > 0 && !is_newline(d->text[at - 1]))
        at--;
    if (at == 0 && d->len >= 3 && memcmp(d->text, "\xef\xbb\xbf", 3) == 0)
        return 3;
    return at;
}

/* The indentation of the line of an offset: the length of its blanks at *ret_from. */
static size_t indent_of(const struct json5 *d, size_t at, size_t *ret_from)
{
    size_t n = 0;

    *ret_from = line_start(d, at);
    while (*ret_from + n < at && is_blank(d->text[*ret_from + n]))
        n++;
    return n < INDENT_MAX * 4 ? n : INDENT_MAX * 4;
}

/* Where a member (its key) or an entry begins. */
static size_t entry_start(const struct json5_node *n)
{
    return n->key_end > n->key ? n->key : n->start;
}

static bool begins_line(const struct json5 *d, const struct json5_node *n)
{
    size_t from, at = entry_start(n);

    return indent_of(d, at, &from) == at - from && from > 0 && is_newline(d->text[from - 1]);
}

static bool has_newline(const struct json5 *d, size_t from, size_t to)
{
    return memchr(d->text + from, '\n', to - from) || memchr(d->text + from, '\r', to - from);
}

/* Whether an object or array has a newline of its own, outside its children. */
static bool is_tall(const struct json5 *d, const struct json5_node *container)
{
    size_t from = container->start;

    for (const struct json5_node *n = json5_child(d, container); n; n = json5_next(d, n)) {
        if (has_newline(d, from, entry_start(n)))
            return true;
        from = n->end;
    }
    return has_newline(d, from, container->end);
}

/* What a container stands in; the root stands in itself. */
static const struct json5_node *parent_of(const struct json5 *d, const struct json5_node *n)
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

    strcpy(unit, "  ");
    if (!first || !begins_line(d, first))
        return;
    outer = indent_of(d, d->nodes[0].start, &from);
    n = indent_of(d, entry_start(first), &from);
    if (n < outer || n - outer > INDENT_MAX)
        return;
    memcpy(unit, d->text + from + outer, n - outer);
    unit[n - outer] = '\0';
}

static struct style find_style(const struct json5 *d)
{
    const struct json5_node *root = &d->nodes[0], *first = json5_child(d, root);
    bool tall = is_tall(d, root), colon_blank, comma_blank;
    struct style s = { .newline = find_newline(d), .tall = tall };

    colon_blank = first && first->key_end > first->key ? is_blank(d->text[first->start - 1]) : tall;
    comma_blank = first && first->comma ? is_blank(d->text[first->comma + 1]) : colon_blank;
    s.colon = colon_blank ? ": " : ":";
    s.comma = comma_blank || (tall && colon_blank) ? ", " : ",";
    s.pad = !tall && is_blank(d->text[root->start + 1]) ? " " : "";
    find_unit(d, s.unit);
    return s;
}

static void copy_spliced(const struct json5 *d, const struct splice *s, size_t count,
                         struct buf *out)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        buf_add(out, d->text + at, s[i].from - at);
        buf_puts(out, s[i].text);
        at = s[i].to;
    }
    buf_add(out, d->text + at, d->len - at);
}

static int result(const struct json5 *d, const struct buf *out, struct err *e)
{
    return out->failed ? err_set(e, out->failed, EXIT_FAILED, "%s: out of memory", d->what) : 0;
}

static void put_key(const char *key, struct buf *out)
{
    buf_puts(out, "\"");
    for (; *key; key++) {
        if (*key == '"' || *key == '\\' || (unsigned char)*key < 0x20)
            buf_printf(out, "\\u%04x", (unsigned)*key);
        else
            buf_add(out, key, 1);
    }
    buf_puts(out, "\"");
}

/* "a": {"b": value} for what is missing of a path, spread over lines when tall. */
static void put_member(const struct style *s, struct json5_path path, const char *value, bool tall,
                       const char *indent, struct buf *out)
{
    autobuf struct buf inner = { 0 };

    put_key(path.keys[0], out);
    buf_puts(out, s->colon);
    if (path.depth == 1) {
        buf_puts(out, value);
        return;
    }
    buf_printf(&inner, "%s%s", indent, s->unit);
    buf_puts(out, "{");
    if (tall)
        buf_printf(out, "%s%s", s->newline, buf_str(&inner));
    else
        buf_puts(out, s->pad);
    put_member(s, (struct json5_path){ path.keys + 1, path.depth - 1 }, value, tall,
               buf_str(&inner), out);
    if (tall)
        buf_printf(out, "%s%s", s->newline, indent);
    else
        buf_puts(out, s->pad);
    buf_puts(out, "}");
    if (inner.failed)
        out->failed = inner.failed;
}

static const struct json5_node *last_child(const struct json5 *d, const struct json5_node *n)
{
    const struct json5_node *last = NULL;

    for (const struct json5_node *c = json5_child(d, n); c; c = json5_next(d, c))
        last = c;
    return last;
}

/* The indentation that a new child of a tall container gets. */
static void child_indent(const struct json5 *d, const struct style *s,
                         const struct json5_node *container, struct buf *out)
{
    const struct json5_node *lined = NULL;
    size_t from, n;

    for (const struct json5_node *c = json5_child(d, container); c; c = json5_next(d, c))
        if (begins_line(d, c))
            lined = c;
    n = indent_of(d, lined ? entry_start(lined) : container->start, &from);
    buf_add(out, d->text + from, n);
    if (!lined)
        buf_puts(out, s->unit);
}

/* Behind the last byte in a container that isn't white space: a comment counts, and keeps its line.
 */
static size_t tail_of(const struct json5 *d, const struct json5_node *container)
{
    size_t at = container->end - 1;

    while (at > container->start + 1 && (is_blank(d->text[at - 1]) || is_newline(d->text[at - 1])))
        at--;
    return at;
}

/* Puts what put_member() or a plain value gives at the end of a container. path.depth 0: an array's
 * entry. */
static int insert(const struct json5 *d, const struct json5_node *container, struct json5_path path,
                  const char *value, struct buf *out, struct err *e)
{
    struct style s = find_style(d);
    const struct json5_node *last = last_child(d, container);
    size_t tail = tail_of(d, container), close = container->end - 1;
    bool empty = tail == container->start + 1;
    bool tall = is_tall(d, container) || (empty && is_tall(d, parent_of(d, container)));
    autobuf struct buf indent = { 0 }, text = { 0 };
    struct splice splices[2];
    size_t count = 0;

    child_indent(d, &s, container, &indent);
    if (tall)
        buf_printf(&text, "%s%s", s.newline, buf_str(&indent));
    else
        buf_puts(&text, last ? s.comma + 1 : s.pad);
    if (path.depth)
        put_member(&s, path, value, tall, buf_str(&indent), &text);
    else
        buf_puts(&text, value);
    if (last && last->comma)
        buf_puts(&text, ",");
    if (empty && tall) {
        size_t from, n = indent_of(d, container->start, &from);

        buf_puts(&text, s.newline);
        buf_add(&text, d->text + from, n);
    } else if (empty) {
        buf_puts(&text, s.pad);
    }
    if (indent.failed || text.failed)
        return err_set(e, -ENOMEM, EXIT_FAILED, "%s: out of memory", d->what);
    if (last && !last->comma)
        splices[count++] = (struct splice){ last->end, last->end, "," };
    splices[count++] = (struct splice){ tail, empty ? close : tail, buf_str(&text) };
    copy_spliced(d, splices, count, out);
    return result(d, out, e);
}

int json5_set(const char *what, const char *text, size_t len, struct json5_path path,
              const char *value, struct buf *out, struct err *e)
{
    autojson5 struct json5 d = { 0 };
    const struct json5_node *at;
    size_t found;
    int r = json5_parse(what, text, len, &d, e);

    if (r < 0)
        return r;
    r = json5_find(&d, path, &at, &found, e);
    if (r == -ENOENT)
        return insert(&d, at, (struct json5_path){ path.keys + found, path.depth - found }, value,
                      out, e);
    if (r < 0)
        return r;
    copy_spliced(&d, &(struct splice){ at->start, at->end, value }, 1, out);
    return result(&d, out, e);
}

static size_t skip_blanks(const struct json5 *d, size_t at)
{
    while (at < d->len && is_blank(d->text[at]))
        at++;
    return at;
}

static size_t back_over_blanks(const struct json5 *d, size_t at)
{
    while (at > 0 && is_blank(d->text[at - 1]))
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
    return memchr(d->text + before, '/', entry_start(n) - before) != NULL;
}

/* The bytes that go with a member or entry: its line when it has that to itself, else the blanks on
 * one side of it. before: the end of what stands before it. */
static struct splice cut_of(const struct json5 *d, size_t before, const struct json5_node *n)
{
    size_t from = entry_start(n), to = n->comma ? n->comma + 1 : n->end;
    size_t back = back_over_blanks(d, from), after = skip_blanks(d, to);
    bool line_ends = after < d->len && is_newline(d->text[after]);

    if (back > 0 && is_newline(d->text[back - 1])) {
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
           (is_blank(d->text[from - 1]) || is_newline(d->text[from - 1])))
        from--;
    while (is_blank(d->text[to]) || is_newline(d->text[to]))
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
    copy_spliced(d, splices, count + 1, out);
    return result(d, out, e);
}

static bool is_bare(const struct json5 *d, const struct json5_node *container)
{
    return container->type == JSON5_OBJECT && tail_of(d, container) == container->start + 1;
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

/* The last entry of an array that equals value, NULL when none does. */
static const struct json5_node *find_entry(const struct json5 *d, const struct json5_node *array,
                                           const char *value)
{
    const struct json5_node *found = NULL;

    for (const struct json5_node *n = json5_child(d, array); n; n = json5_next(d, n))
        if (json5_text_equal(d->text + n->start, n->end - n->start, value, strlen(value)))
            found = n;
    return found;
}

static int check_array(const struct json5 *d, const struct json5_node *n, struct err *e)
{
    if (n->type == JSON5_ARRAY)
        return 0;
    return err_set(e, -ENOTDIR, EXIT_USAGE, "%s: line %u: a list was expected", d->what,
                   json5_line(d, n->start));
}

int json5_array_add(const char *what, const char *text, size_t len, struct json5_path path,
                    const char *value, struct buf *out, struct err *e)
{
    autojson5 struct json5 d = { 0 };
    autobuf struct buf made = { 0 };
    const struct json5_node *array;
    int r = json5_parse(what, text, len, &d, e);

    if (r < 0)
        return r;
    r = json5_find(&d, path, &array, NULL, e);
    if (r == -ENOENT) {
        r = json5_set(what, text, len, path, "[]", &made, e);
        return r < 0 ? r : json5_array_add(what, buf_str(&made), made.len, path, value, out, e);
    }
    if (r < 0)
        return r;
    r = check_array(&d, array, e);
    if (r < 0)
        return r;
    if (find_entry(&d, array, value)) {
        buf_add(out, text, len);
        return result(&d, out, e);
    }
    return insert(&d, array, (struct json5_path){ NULL, 0 }, value, out, e);
}

int json5_array_remove(const char *what, const char *text, size_t len, struct json5_path path,
                       const char *value, struct buf *out, struct err *e)
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
    r = check_array(&d, array, e);
    if (r < 0)
        return r;
    entry = find_entry(&d, array, value);
    if (!entry)
        return -ENOENT;
    r = cut(&d, array, entry, &once, e);
    if (r < 0)
        return r;
    r = json5_array_remove(what, buf_str(&once), once.len, path, value, out, e);
    if (r != -ENOENT)
        return r;
    buf_add(out, once.data, once.len);
    return result(&d, out, e);
}
