/* The members env and secrets: lines NAME=VALUE. No error names a value. */
#ifndef DEFENSECLAW_SEED_LINES_H
#define DEFENSECLAW_SEED_LINES_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/* Reads "NAME=VALUE" lines, NAME [A-Z][A-Z0-9_]*, the value to the line's end as it stands; empty
 * lines and those that begin with # are skipped. *ret is an object of strings in the text's order;
 * free it by lines_free(). -EINVAL with "what: line N: why", -ENOMEM. */
int lines_parse(const char *what, const char *text, size_t len, cJSON **ret, struct err *e);

/* Wipes the values, then frees. NULL is fine. */
void lines_free(cJSON *lines);

#endif
