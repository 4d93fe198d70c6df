/* The reader: one pass of recursive descent that notes where each value, key and comma stands.
 * Nothing is unescaped here; json5_value.c does that for the few keys and values that are compared.
 */
#include "base/json5.h"

#include "base/json5_chars.h"
#include "base/mem.h"

#include <string.h>
#include <unistr.h>

struct reader {
    struct json5 *d;
    size_t at;
    unsigned depth;
    struct err *e;
};

unsigned json5_line(const struct json5 *d, size_t at)
{
    unsigned line = 1;

    for (size_t i = 0; i < at && i < d->len; i++)
        line += d->text[i] == '\n' ||
                (d->text[i] == '\r' && (i + 1 == d->len || d->text[i + 1] != '\n'));
    return line;
}

static int refuse(struct reader *r, const char *why)
{
    return err_set(r->e, -EINVAL, EXIT_USAGE, "%s: line %u: %s", r->d->what,
                   json5_line(r->d, r->at), why);
}

static char peek(const struct reader *r)
{
    return r->at < r->d->len ? r->d->text[r->at] : '\0';
}

static char peek_next(const struct reader *r)
{
    return r->at + 1 < r->d->len ? r->d->text[r->at + 1] : '\0';
}

static void skip_line_comment(struct reader *r)
{
    size_t n;

    while (r->at < r->d->len && !json5_is_newline(json5_char(r->d->text, r->d->len, r->at, &n)))
        r->at += n;
}

static int skip_block_comment(struct reader *r)
{
    const char *from = r->d->text + r->at + 2;
    const char *end = memmem(from, r->d->len - r->at - 2, "*/", 2);

    if (!end)
        return refuse(r, "a comment has no end");
    r->at = (size_t)(end - r->d->text) + 2;
    return 0;
}

/* White space and comments. */
static int skip(struct reader *r)
{
    for (;;) {
        size_t n;
        uint32_t c = json5_char(r->d->text, r->d->len, r->at, &n);

        if (n && json5_is_space(c)) {
            r->at += n;
        } else if (c == '/' && peek_next(r) == '/') {
            skip_line_comment(r);
        } else if (c == '/' && peek_next(r) == '*') {
            int rc = skip_block_comment(r);

            if (rc < 0)
                return rc;
        } else {
            return 0;
        }
    }
}

static int hex_digits(struct reader *r, unsigned count)
{
    for (; count; count--, r->at++)
        if (json5_hex(peek(r)) < 0)
            return refuse(r, "a bad escape");
    return 0;
}

/* Behind a backslash inside a string. */
static int skip_escape(struct reader *r)
{
    char c = peek(r);
    size_t n;

    if (c == 'x' || c == 'u') {
        r->at++;
        return hex_digits(r, c == 'x' ? 2 : 4);
    }
    if ((c >= '1' && c <= '9') || (c == '0' && peek_next(r) >= '0' && peek_next(r) <= '9'))
        return refuse(r, "a bad escape");
    if (c == '\r' && peek_next(r) == '\n')
        r->at++;
    json5_char(r->d->text, r->d->len, r->at, &n);
    r->at += n;
    return 0;
}

static int skip_string(struct reader *r)
{
    char quote = peek(r);

    for (r->at++; r->at < r->d->len;) {
        char c = peek(r);

        r->at++;
        if (c == quote)
            return 0;
        if (c == '\n' || c == '\r')
            break;
        if (c == '\\') {
            int rc = skip_escape(r);

            if (rc < 0)
                return rc;
        }
    }
    r->at--; /* the line in which the string began to have no end */
    return refuse(r, "a string has no end");
}

static size_t skip_digits(struct reader *r, bool hex)
{
    size_t from = r->at;

    while (hex ? json5_hex(peek(r)) >= 0 : (peek(r) >= '0' && peek(r) <= '9'))
        r->at++;
    return r->at - from;
}

static bool skip_word(struct reader *r, const char *word)
{
    size_t n = strlen(word);

    if (r->d->len - r->at < n || memcmp(r->d->text + r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static int skip_decimal(struct reader *r)
{
    bool leading_zero = peek(r) == '0';
    size_t whole = skip_digits(r, false), fraction = 0;

    if (leading_zero && whole > 1)
        return refuse(r, "a number begins with 0");
    if (peek(r) == '.') {
        r->at++;
        fraction = skip_digits(r, false);
    }
    if (whole + fraction == 0)
        return refuse(r, "not a value");
    if (peek(r) == 'e' || peek(r) == 'E') {
        r->at++;
        if (peek(r) == '+' || peek(r) == '-')
            r->at++;
        if (skip_digits(r, false) == 0)
            return refuse(r, "a number's exponent has no digits");
    }
    return 0;
}

static int skip_number(struct reader *r)
{
    if (peek(r) == '+' || peek(r) == '-')
        r->at++;
    if (skip_word(r, "Infinity") || skip_word(r, "NaN"))
        return 0;
    if (peek(r) == '0' && (peek_next(r) == 'x' || peek_next(r) == 'X')) {
        r->at += 2;
        return skip_digits(r, true) ? 0 : refuse(r, "a number has no digits");
    }
    return skip_decimal(r);
}

static int skip_name(struct reader *r)
{
    for (bool first = true;; first = false) {
        size_t n;
        uint32_t c = json5_char(r->d->text, r->d->len, r->at, &n);

        if (c == '\\' && peek_next(r) == 'u') {
            int rc;

            r->at += 2;
            rc = hex_digits(r, 4);
            if (rc < 0)
                return rc;
        } else if (n && (first ? json5_is_name_start(c) : json5_is_name_part(c))) {
            r->at += n;
        } else {
            return first ? refuse(r, "a key was expected") : 0;
        }
    }
}

static int new_node(struct reader *r, uint32_t *ret)
{
    struct json5 *d = r->d;

    if (d->count == JSON5_NODES_MAX)
        return refuse(r, "too many values");
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
    rc = peek(r) == '"' || peek(r) == '\'' ? skip_string(r) : skip_name(r);
    if (rc < 0)
        return rc;
    *ret_to = (uint32_t)r->at;
    rc = skip(r);
    if (rc < 0)
        return rc;
    if (peek(r) != ':')
        return refuse(r, "a colon was expected");
    r->at++;
    return skip(r);
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
    rc = skip(r);
    if (rc < 0)
        return rc;
    if (peek(r) == ',') {
        r->d->nodes[*ret].comma = (uint32_t)r->at++;
        return skip(r);
    }
    return 0;
}

static int read_container(struct reader *r, uint32_t self)
{
    bool object = peek(r) == '{';
    char close = object ? '}' : ']';
    uint32_t last = 0;
    int rc;

    if (++r->depth > JSON5_DEPTH_MAX)
        return refuse(r, "nested too deeply");
    r->at++;
    rc = skip(r);
    while (rc >= 0 && peek(r) != close) {
        uint32_t entry;

        if (r->at >= r->d->len)
            return refuse(r, object ? "an object has no end" : "a list has no end");
        if (last && !r->d->nodes[last].comma)
            return refuse(r, "a comma was expected");
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
        if (skip_word(r, words[i].word)) {
            *ret = words[i].type;
            return 0;
        }
    *ret = peek(r) == '"' || peek(r) == '\'' ? JSON5_STRING : JSON5_NUMBER;
    return *ret == JSON5_STRING ? skip_string(r) : skip_number(r);
}

/* `nullx`, `1a` and `0x1g` are no values. */
static int check_ends(struct reader *r)
{
    size_t n;
    uint32_t c = json5_char(r->d->text, r->d->len, r->at, &n);

    return n && (json5_is_name_part(c) || c == '\\') ? refuse(r, "not a value") : 0;
}

static int read_value(struct reader *r, uint32_t *ret)
{
    enum json5_type type = JSON5_NULL;
    int rc = new_node(r, ret);

    if (rc < 0)
        return rc;
    if (peek(r) == '{' || peek(r) == '[') {
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
        return refuse(r, "a NUL byte");
    }
    bad = u8_check((const uint8_t *)d->text, d->len);
    if (bad) {
        r->at = (size_t)((const char *)bad - d->text);
        return refuse(r, "not UTF-8");
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
        rc = skip(&r);
    if (rc >= 0)
        rc = read_value(&r, &root);
    if (rc >= 0)
        rc = skip(&r);
    if (rc >= 0 && r.at < len)
        rc = refuse(&r, "something stands behind the value");
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
