/* The reader: one pass of recursive descent that notes where each value, key and comma stands.
 * Nothing is unescaped here; json5_value.c does that for the few keys and values that are compared.
 */
#include "base/json5.h"

#include "base/json5_chars.h"
#include "base/json5_reader.h"
#include "base/mem.h"

#include <string.h>
#include <unistr.h>

unsigned json5_line(const struct json5 *d, size_t at)
{
    unsigned line = 1;

    for (size_t i = 0; i < at && i < d->len; i++)
        line += d->text[i] == '\n' ||
                (d->text[i] == '\r' && (i + 1 == d->len || d->text[i + 1] != '\n'));
    return line;
}

static int new_node(struct reader *r, uint32_t *ret)
{
    struct json5 *d = r->d;

    if (d->count == JSON5_NODES_MAX)
        return reader_refuse(r, "too many values");
    if (d->count == d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 64;
        struct json5_node *nodes = realloc(d->nodes, cap * sizeof *nodes);

        if (!nodes)
            return err_set(r->e, -ENOMEM, EXIT_FAILED, "%s: out of memory", d->what);
        d->nodes = nodes;
        d->cap = cap;
    }
    *ret = (uint32_t)d->count++;
    d->nodes[*ret] = (struct json5_node){ .start = (uint32_t)r->at };
    return 0;
}

static int read_value(struct reader *r, uint32_t *ret);

static int read_key(struct reader *r, uint32_t *ret_from, uint32_t *ret_to)
{
    int rc;

    *ret_from = (uint32_t)r->at;
    rc = reader_peek(r) == '"' || reader_peek(r) == '\'' ? reader_string(r) : reader_name(r);
    if (rc < 0)
        return rc;
    *ret_to = (uint32_t)r->at;
    rc = reader_skip(r);
    if (rc < 0)
        return rc;
    if (reader_peek(r) != ':')
        return reader_refuse(r, "a colon was expected");
    r->at++;
    return reader_skip(r);
}

static int read_entry(struct reader *r, bool object, uint32_t *ret)
{
    uint32_t key = 0, key_end = 0;
    int rc;

    if (object) {
        rc = read_key(r, &key, &key_end);
        if (rc < 0)
            return rc;
    }
    rc = read_value(r, ret);
    if (rc < 0)
        return rc;
    r->d->nodes[*ret].key = key;
    r->d->nodes[*ret].key_end = key_end;
    rc = reader_skip(r);
    if (rc < 0)
        return rc;
    if (reader_peek(r) == ',') {
        r->d->nodes[*ret].comma = (uint32_t)r->at++;
        return reader_skip(r);
    }
    return 0;
}

static int read_container(struct reader *r, uint32_t self)
{
    bool object = reader_peek(r) == '{';
    char close = object ? '}' : ']';
    uint32_t last = 0;
    int rc;

    if (++r->depth > JSON5_DEPTH_MAX)
        return reader_refuse(r, "nested too deeply");
    r->at++;
    rc = reader_skip(r);
    while (rc >= 0 && reader_peek(r) != close) {
        uint32_t entry;

        if (r->at >= r->d->len)
            return reader_refuse(r, object ? "an object has no end" : "a list has no end");
        if (last && !r->d->nodes[last].comma)
            return reader_refuse(r, "a comma was expected");
        rc = read_entry(r, object, &entry);
        if (rc < 0)
            break;
        *(last ? &r->d->nodes[last].next : &r->d->nodes[self].child) = entry;
        last = entry;
    }
    if (rc < 0)
        return rc;
    r->at++;
    r->depth--;
    r->d->nodes[self].type = object ? JSON5_OBJECT : JSON5_ARRAY;
    return 0;
}

static int read_scalar(struct reader *r, enum json5_type *ret)
{
    static const struct {
        const char *word;
        enum json5_type type;
    } words[] = { { "null", JSON5_NULL }, { "true", JSON5_BOOL }, { "false", JSON5_BOOL } };

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (reader_word(r, words[i].word)) {
            *ret = words[i].type;
            return 0;
        }
    *ret = reader_peek(r) == '"' || reader_peek(r) == '\'' ? JSON5_STRING : JSON5_NUMBER;
    return *ret == JSON5_STRING ? reader_string(r) : reader_number(r);
}

/* `nullx`, `1a` and `0x1g` are no values. */
static int check_ends(struct reader *r)
{
    size_t n;
    uint32_t c = json5_char(r->d->text, r->d->len, r->at, &n);

    return n && (json5_is_name_part(c) || c == '\\') ? reader_refuse(r, "not a value") : 0;
}

static int read_value(struct reader *r, uint32_t *ret)
{
    enum json5_type type = JSON5_NULL;
    int rc = new_node(r, ret);

    if (rc < 0)
        return rc;
    if (reader_peek(r) == '{' || reader_peek(r) == '[') {
        rc = read_container(r, *ret);
    } else {
        rc = read_scalar(r, &type);
        if (rc >= 0) {
            r->d->nodes[*ret].type = type;
            rc = type == JSON5_STRING ? 0 : check_ends(r);
        }
    }
    if (rc >= 0)
        r->d->nodes[*ret].end = (uint32_t)r->at;
    return rc;
}

static int check_bytes(struct reader *r)
{
    const struct json5 *d = r->d;
    const void *bad;

    if (d->len > JSON5_SIZE_MAX)
        return err_set(r->e, -EINVAL, EXIT_USAGE, "%s: larger than 4 MiB", d->what);
    bad = d->len ? memchr(d->text, 0, d->len) : NULL;
    if (bad) {
        r->at = (size_t)((const char *)bad - d->text);
        return reader_refuse(r, "a NUL byte");
    }
    bad = u8_check((const uint8_t *)d->text, d->len);
    if (bad) {
        r->at = (size_t)((const char *)bad - d->text);
        return reader_refuse(r, "not UTF-8");
    }
    return 0;
}

int json5_parse(const char *what, const char *text, size_t len, struct json5 *ret, struct err *e)
{
    struct reader r = { .d = ret, .e = e };
    uint32_t root;
    int rc;

    *ret = (struct json5){ .what = what, .text = text, .len = len };
    rc = check_bytes(&r);
    if (rc >= 0)
        rc = reader_skip(&r);
    if (rc >= 0)
        rc = read_value(&r, &root);
    if (rc >= 0)
        rc = reader_skip(&r);
    if (rc >= 0 && r.at < len)
        rc = reader_refuse(&r, "something stands behind the value");
    return rc;
}

void json5_done(struct json5 *d)
{
    free(d->nodes);
    *d = (struct json5){ 0 };
}

const struct json5_node *json5_child(const struct json5 *d, const struct json5_node *n)
{
    return n->child ? &d->nodes[n->child] : NULL;
}

const struct json5_node *json5_next(const struct json5 *d, const struct json5_node *n)
{
    return n->next ? &d->nodes[n->next] : NULL;
}
