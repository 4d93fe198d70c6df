/* The characters of JSON5, shared by its reader (json5.c) and its writer (json5_edit.c). */
#ifndef DEFENSECLAW_BASE_JSON5_CHARS_H
#define DEFENSECLAW_BASE_JSON5_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point at text[at] of valid UTF-8, and its length in *ret_len; 0 with length 0 at the
 * end. */
uint32_t json5_char(const char *text, size_t len, size_t at, size_t *ret_len);

bool json5_is_newline(uint32_t c); /* LF, CR, LINE SEPARATOR, PARAGRAPH SEPARATOR */
bool json5_is_space(uint32_t c);   /* white space of JSON5, newlines included */
bool json5_is_name_start(uint32_t c);
bool json5_is_name_part(uint32_t c);

/* Value of a hexadecimal digit, -1 when it is none. */
int json5_hex(char c);

#endif
