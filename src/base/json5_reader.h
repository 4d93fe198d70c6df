/* The state of reading a JSON5 text, shared by its tokens (json5_token.c) and its grammar
 * (json5.c). */
#ifndef DEFENSECLAW_BASE_JSON5_READER_H
#define DEFENSECLAW_BASE_JSON5_READER_H

#include "base/json5.h"

struct reader {
    struct json5 *d;
    size_t at;
    unsigned depth;
    struct err *e;
};

/* Sets "what: line N: why" for the place where the reader is; -EINVAL. */
int reader_refuse(struct reader *r, const char *why);

/* The byte here, and the one behind it; 0 at the end. */
char reader_peek(const struct reader *r);
char reader_peek_next(const struct reader *r);

/* Each goes to the end of what begins here: 0, or -EINVAL when it has none or isn't that. */
int reader_skip(struct reader *r); /* white space and comments */
int reader_string(struct reader *r);
int reader_number(struct reader *r);
int reader_name(struct reader *r); /* a key without quotes */

/* Goes past a word when it is here. */
bool reader_word(struct reader *r, const char *word);

#endif
