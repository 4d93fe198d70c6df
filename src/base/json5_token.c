/* The tokens of JSON5: what is skipped, and where a string, a number or a name ends. */
#include "base/json5_chars.h"
#include "base/json5_reader.h"

#include <errno.h>
#include <string.h>

int reader_refuse(struct reader *r, const char *why)
{
    return err_set(r->e, -EINVAL, EXIT_USAGE, "%s: line %u: %s", r->d->what,
                   json5_line(r->d, r->at), why);
}

char reader_peek(const struct reader *r)
{
    return r->at < r->d->len ? r->d->text[r->at] : '\0';
}

char reader_peek_next(const struct reader *r)
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
        return reader_refuse(r, "a comment has no end");
    r->at = (size_t)(end - r->d->text) + 2;
    return 0;
}

/* White space and comments. */
int reader_skip(struct reader *r)
{
    for (;;) {
        size_t n;
        uint32_t c = json5_char(r->d->text, r->d->len, r->at, &n);

        if (n && json5_is_space(c)) {
            r->at += n;
        } else if (c == '/' && reader_peek_next(r) == '/') {
            skip_line_comment(r);
        } else if (c == '/' && reader_peek_next(r) == '*') {
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
        if (json5_hex(reader_peek(r)) < 0)
            return reader_refuse(r, "a bad escape");
    return 0;
}

/* Behind a backslash inside a string. */
static int skip_escape(struct reader *r)
{
    char c = reader_peek(r);
    size_t n;

    if (c == 'x' || c == 'u') {
        r->at++;
        return hex_digits(r, c == 'x' ? 2 : 4);
    }
    if ((c >= '1' && c <= '9') ||
        (c == '0' && reader_peek_next(r) >= '0' && reader_peek_next(r) <= '9'))
        return reader_refuse(r, "a bad escape");
    if (c == '\r' && reader_peek_next(r) == '\n')
        r->at++;
    json5_char(r->d->text, r->d->len, r->at, &n);
    r->at += n;
    return 0;
}

int reader_string(struct reader *r)
{
    char quote = reader_peek(r);

    for (r->at++; r->at < r->d->len;) {
        char c = reader_peek(r);

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
    return reader_refuse(r, "a string has no end");
}

static size_t skip_digits(struct reader *r, bool hex)
{
    size_t from = r->at;

    while (hex ? json5_hex(reader_peek(r)) >= 0 : (reader_peek(r) >= '0' && reader_peek(r) <= '9'))
        r->at++;
    return r->at - from;
}

bool reader_word(struct reader *r, const char *word)
{
    size_t n = strlen(word);

    if (r->d->len - r->at < n || memcmp(r->d->text + r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static int skip_decimal(struct reader *r)
{
    bool leading_zero = reader_peek(r) == '0';
    size_t whole = skip_digits(r, false), fraction = 0;

    if (leading_zero && whole > 1)
        return reader_refuse(r, "a number begins with 0");
    if (reader_peek(r) == '.') {
        r->at++;
        fraction = skip_digits(r, false);
    }
    if (whole + fraction == 0)
        return reader_refuse(r, "not a value");
    if (reader_peek(r) == 'e' || reader_peek(r) == 'E') {
        r->at++;
        if (reader_peek(r) == '+' || reader_peek(r) == '-')
            r->at++;
        if (skip_digits(r, false) == 0)
            return reader_refuse(r, "a number's exponent has no digits");
    }
    return 0;
}

int reader_number(struct reader *r)
{
    if (reader_peek(r) == '+' || reader_peek(r) == '-')
        r->at++;
    if (reader_word(r, "Infinity") || reader_word(r, "NaN"))
        return 0;
    if (reader_peek(r) == '0' && (reader_peek_next(r) == 'x' || reader_peek_next(r) == 'X')) {
        r->at += 2;
        return skip_digits(r, true) ? 0 : reader_refuse(r, "a number has no digits");
    }
    return skip_decimal(r);
}

int reader_name(struct reader *r)
{
    for (bool first = true;; first = false) {
        size_t n;
        uint32_t c = json5_char(r->d->text, r->d->len, r->at, &n);

        if (c == '\\' && reader_peek_next(r) == 'u') {
            int rc;

            r->at += 2;
            rc = hex_digits(r, 4);
            if (rc < 0)
                return rc;
        } else if (n && (first ? json5_is_name_start(c) : json5_is_name_part(c))) {
            r->at += n;
        } else {
            return first ? reader_refuse(r, "a key was expected") : 0;
        }
    }
}
