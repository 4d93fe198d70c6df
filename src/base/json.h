/* Our own documents: cJSON behind the strictness that it lacks. Strangers' JSON goes through
 * Jansson (gateway). */
#ifndef DEFENSECLAW_BASE_JSON_H
#define DEFENSECLAW_BASE_JSON_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parses one whole document. Refuses what cJSON lets through: invalid UTF-8, NUL (raw or escaped),
 * duplicate keys (by exact name), bytes behind the document, numbers that a double doesn't hold,
 * depth over 64. what names the input in the error (status EXIT_USAGE, text with line). Caller
 * frees with cJSON_Delete. 0, -EINVAL or -ENOMEM. */
int json_parse(const char *what, const void *text, size_t len, cJSON **ret, struct err *e);

/* Whether a string (a name, a link's target) can stand in a document: UTF-8. */
bool json_text_ok(const char *text);

/* Strings and integers of an object, by exact key. NULL or the fallback when absent or of another
 * type. The string is owned by the object. */
const char *json_str(const cJSON *obj, const char *key);
int64_t json_int(const cJSON *obj, const char *key, int64_t fallback);
bool json_bool(const cJSON *obj, const char *key, bool fallback);

/* One compact line with its keys sorted, so that equal documents are equal texts. Caller frees;
 * NULL when out of memory. */
char *json_canonical(const cJSON *j);

/* Whether both are equal documents (object key order doesn't count; NULL equals NULL). */
bool json_same(const cJSON *a, const cJSON *b);

#endif
