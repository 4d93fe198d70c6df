/* What the texts of keys and values mean: unescaping, look-up by path, equality. */
#include "base/json5.h"
#include "base/json5_chars.h"
#include "base/mem.h"

#include <string.h>
#include <unistr.h>

#define MEMBERS_MAX 512 /* of an object that is compared: comparing is quadratic */
#define DIGITS_MAX 1024 /* of a number that is compared */

static uint32_t hex_value(const char *p, unsigned count)
{
    uint32_t v = 0;

    while (count--)
        v = v * 16 + (uint32_t)json5_hex(*p++);
    return v;
}

/* UTF-8, lone surrogates as three bytes: only compared, never written. */
static void add_char(struct buf *out, uint32_t c)
{
    uint8_t b[6];
    int n = u8_uctomb(b, c, sizeof b);

    if (n <= 0) {
        b[0] = (uint8_t)(0xe0 | c >> 12);
        b[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        b[2] = (uint8_t)(0x80 | (c & 0x3f));
        n = 3;
    }
    buf_add(out, b, (size_t)n);
}

/* \uXXXX at p (behind the backslash), joined with the low surrogate that may follow. Returns the
 * bytes used. */
static size_t add_u_escape(const char *p, size_t left, struct buf *out)
{
    uint32_t c = hex_value(p + 1, 4), low;

    if (c >= 0xd800 && c < 0xdc00 && left >= 11 && p[5] == '\\' && p[6] == 'u') {
        low = hex_value(p + 7, 4);
        if (low >= 0xdc00 && low < 0xe000) {
            add_char(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
            return 11;
        }
    }
    add_char(out, c);
    return 5;
}

/* One escape at p (behind the backslash) of a text that was read. Returns the bytes used. */
static size_t add_escape(const char *p, size_t left, struct buf *out)
{
    static const char from[] = "bfnrtv0", to[] = "\b\f\n\r\t\v\0";
    const char *known = memchr(from, *p, sizeof from - 1);
    size_t n;
    uint32_t c;

    if (*p == 'u')
        return add_u_escape(p, left, out);
    if (*p == 'x') {
        add_char(out, hex_value(p + 1, 2));
        return 3;
    }
    if (known) {
        buf_add(out, to + (known - from), 1);
        return 1;
    }
    c = json5_char(p, left, 0, &n);
    if (c == '\r' && left > 1 && p[1] == '\n')
        return 2;
    if (!json5_is_newline(c)) /* a continued line stands for nothing */
        buf_add(out, p, n);
    return n;
}

void json5_unescape(const struct json5 *d, uint32_t start, uint32_t end, struct buf *out)
{
    const char *p = d->text + start, *to = d->text + end;

    if (p < to && (*p == '"' || *p == '\'')) {
        p++;
        to--;
    }
    while (p < to) {
        const char *slash = memchr(p, '\\', (size_t)(to - p));

        buf_add(out, p, (size_t)((slash ? slash : to) - p));
        if (!slash)
            return;
        p = slash + 1;
        p += add_escape(p, (size_t)(to - p), out);
    }
}

static bool key_is(const struct json5 *d, const struct json5_node *n, const char *key, size_t len)
{
    autobuf struct buf b = { 0 };

    if (!memchr(d->text + n->key, '\\', n->key_end - n->key)) { /* as most keys are written */
        bool quoted = d->text[n->key] == '"' || d->text[n->key] == '\'';
        size_t bytes = n->key_end - n->key - (quoted ? 2 : 0);

        return bytes == len && memcmp(d->text + n->key + quoted, key, len) == 0;
    }
    json5_unescape(d, n->key, n->key_end, &b);
    return !b.failed && b.len == len && memcmp(buf_str(&b), key, len) == 0;
}

static void path_name(struct json5_path path, size_t depth, struct buf *out)
{
    for (size_t i = 0; i < depth; i++)
        buf_printf(out, "%s%s", i ? "." : "", path.keys[i]);
}

/* The member of an object by key. 0, -ENOENT, or -EEXIST when it stands twice. */
static int find_member(const struct json5 *d, const struct json5_node *object, const char *key,
                       size_t len, const struct json5_node **ret,
                       const struct json5_node **ret_twin)
{
    const struct json5_node *found = NULL;

    for (const struct json5_node *n = json5_child(d, object); n; n = json5_next(d, n)) {
        if (!key_is(d, n, key, len))
            continue;
        if (found) {
            *ret = found;
            *ret_twin = n;
            return -EEXIST;
        }
        found = n;
    }
    if (!found)
        return -ENOENT;
    *ret = found;
    return 0;
}

static int refuse_twins(const struct json5 *d, struct json5_path path, size_t depth,
                        const struct json5_node *one, const struct json5_node *two, struct err *e)
{
    autobuf struct buf name = { 0 };

    path_name(path, depth, &name);
    return err_set(e, -EEXIST, EXIT_USAGE, "%s: key %s stands twice, in lines %u and %u", d->what,
                   buf_str(&name), json5_line(d, one->key), json5_line(d, two->key));
}

static int refuse_parent(const struct json5 *d, struct json5_path path, size_t depth,
                         const struct json5_node *at, struct err *e)
{
    autobuf struct buf name = { 0 };

    path_name(path, depth, &name);
    return err_set(e, -ENOTDIR, EXIT_USAGE, "%s: line %u: %s is not an object", d->what,
                   json5_line(d, at->start), depth ? buf_str(&name) : "the whole");
}

int json5_find(const struct json5 *d, struct json5_path path, const struct json5_node **ret,
               size_t *ret_found, struct err *e)
{
    const struct json5_node *at = &d->nodes[0], *next = NULL, *twin = NULL;
    size_t i;
    int r = 0;

    for (i = 0; i < path.depth; i++, at = next) {
        if (at->type != JSON5_OBJECT)
            return refuse_parent(d, path, i, at, e);
        r = find_member(d, at, path.keys[i], strlen(path.keys[i]), &next, &twin);
        if (r == -EEXIST)
            return refuse_twins(d, path, i + 1, next, twin, e);
        if (r < 0)
            break;
    }
    if (ret_found)
        *ret_found = i;
    *ret = at;
    return r;
}

/* A number's text without its sign and, in *ret, its value. */
static bool number_value(const struct json5 *d, const struct json5_node *n, double *ret)
{
    char digits[DIGITS_MAX];
    size_t len = n->end - n->start;

    if (len >= sizeof digits)
        return false;
    memcpy(digits, d->text + n->start, len);
    digits[len] = '\0';
    *ret = strtod(digits, NULL);
    return true;
}

static bool same_bytes(const struct json5 *a, const struct json5_node *x, const struct json5 *b,
                       const struct json5_node *y)
{
    size_t len = x->end - x->start;

    return y->end - y->start == len && memcmp(a->text + x->start, b->text + y->start, len) == 0;
}

static bool same_numbers(const struct json5 *a, const struct json5_node *x, const struct json5 *b,
                         const struct json5_node *y)
{
    double v, w;

    return number_value(a, x, &v) && number_value(b, y, &w) && v == w;
}

static bool same_strings(const struct json5 *a, const struct json5_node *x, const struct json5 *b,
                         const struct json5_node *y)
{
    autobuf struct buf v = { 0 }, w = { 0 };

    json5_unescape(a, x->start, x->end, &v);
    json5_unescape(b, y->start, y->end, &w);
    return !v.failed && !w.failed && v.len == w.len && memcmp(buf_str(&v), buf_str(&w), v.len) == 0;
}

static bool same_arrays(const struct json5 *a, const struct json5_node *x, const struct json5 *b,
                        const struct json5_node *y)
{
    const struct json5_node *v = json5_child(a, x), *w = json5_child(b, y);

    for (; v && w; v = json5_next(a, v), w = json5_next(b, w))
        if (!json5_equal(a, v, b, w))
            return false;
    return !v && !w;
}

static size_t count_children(const struct json5 *d, const struct json5_node *n)
{
    size_t count = 0;

    for (const struct json5_node *c = json5_child(d, n); c; c = json5_next(d, c))
        count++;
    return count;
}

static bool same_objects(const struct json5 *a, const struct json5_node *x, const struct json5 *b,
                         const struct json5_node *y)
{
    size_t count = count_children(a, x);

    if (count > MEMBERS_MAX || count != count_children(b, y))
        return false;
    for (const struct json5_node *v = json5_child(a, x); v; v = json5_next(a, v)) {
        const struct json5_node *w, *self, *twin;
        autobuf struct buf key = { 0 };

        json5_unescape(a, v->key, v->key_end, &key);
        if (key.failed || find_member(b, y, buf_str(&key), key.len, &w, &twin) < 0 ||
            find_member(a, x, buf_str(&key), key.len, &self, &twin) < 0 || !json5_equal(a, v, b, w))
            return false;
    }
    return true;
}

bool json5_equal(const struct json5 *a, const struct json5_node *x, const struct json5 *b,
                 const struct json5_node *y)
{
    static bool (*const same[])(const struct json5 *, const struct json5_node *,
                                const struct json5 *, const struct json5_node *) = {
        [JSON5_NULL] = same_bytes,     [JSON5_BOOL] = same_bytes,   [JSON5_NUMBER] = same_numbers,
        [JSON5_STRING] = same_strings, [JSON5_ARRAY] = same_arrays, [JSON5_OBJECT] = same_objects,
    };

    if (x->type != y->type)
        return false;
    if (x->type < JSON5_ARRAY && same_bytes(a, x, b, y))
        return true;
    return same[x->type](a, x, b, y);
}

bool json5_text_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    autojson5 struct json5 x = { 0 }, y = { 0 };

    return json5_parse("", a, a_len, &x, NULL) == 0 && json5_parse("", b, b_len, &y, NULL) == 0 &&
           json5_equal(&x, &x.nodes[0], &y, &y.nodes[0]);
}
