/* Putting in: a value, a member with the parents that are missing, an entry. What is put in follows
 * the text round it: its newline, its indentation, its blanks. */
#include "base/json5.h"
#include "base/json5_layout.h"
#include "base/mem.h"

#include <string.h>

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
static void put_member(const struct layout_style *s, struct json5_path path, const char *value,
                       bool tall, const char *indent, struct buf *out)
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
static void child_indent(const struct json5 *d, const struct layout_style *s,
                         const struct json5_node *container, struct buf *out)
{
    const struct json5_node *lined = NULL;
    size_t from, n;

    for (const struct json5_node *c = json5_child(d, container); c; c = json5_next(d, c))
        if (layout_begins_line(d, c))
            lined = c;
    n = layout_indent(d, lined ? layout_start(lined) : container->start, &from);
    buf_add(out, d->text + from, n);
    if (!lined)
        buf_puts(out, s->unit);
}

/* Puts what put_member() or a plain value gives at the end of a container. path.depth 0: an array's
 * entry. */
static int insert(const struct json5 *d, const struct json5_node *container, struct json5_path path,
                  const char *value, struct buf *out, struct err *e)
{
    struct layout_style s = layout_style(d);
    const struct json5_node *last = last_child(d, container);
    size_t tail = layout_tail(d, container), close = container->end - 1;
    bool empty = tail == container->start + 1;
    bool tall =
        layout_is_tall(d, container) || (empty && layout_is_tall(d, layout_parent(d, container)));
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
        size_t from, n = layout_indent(d, container->start, &from);

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
    layout_splice(d, splices, count, out);
    return layout_result(d, out, e);
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
    layout_splice(&d, &(struct splice){ at->start, at->end, value }, 1, out);
    return layout_result(&d, out, e);
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
    r = array_check(&d, array, e);
    if (r < 0)
        return r;
    if (array_entry(&d, array, value)) {
        buf_add(out, text, len);
        return layout_result(&d, out, e);
    }
    return insert(&d, array, (struct json5_path){ NULL, 0 }, value, out, e);
}
