/* Lines NAME=VALUE of ~/.defenseclaw/.env: NAME is [A-Z][A-Z0-9_]*, the value goes to the end of
 * the line as it stands; empty lines and those that begin with # say nothing. */
#ifndef DEFENSECLAW_BASE_ENVFILE_H
#define DEFENSECLAW_BASE_ENVFILE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

#define ENVFILE_MAX 65536 /* bytes */

struct env_line {
    const char *name, *value; /* into the text, not terminated */
    size_t name_len, value_len;
    size_t start, end; /* of the whole line, its newline included */
    unsigned number;   /* from 1 */
};

/* Goes to the next line that says something, from a line that is all zero at first. 1 when there is
 * one, 0 at the end, -EINVAL for a line that is neither (number says which). */
int env_next(const char *text, size_t len, struct env_line *line);

bool env_name_valid(const char *name);
bool env_name_is(const struct env_line *line, const char *name);

/* Appends the text with NAME's line replaced by value, or with a line added when there is none, or,
 * value NULL, without it. Second lines of the same name go. All other bytes stay. 0; -EINVAL with
 * *ret_line for a text that isn't such a file; -ENOENT when there was nothing to remove; -ENOMEM.
 */
int env_edit(const char *text, size_t len, const char *name, const char *value, struct buf *out,
             unsigned *ret_line);

/* Reads the file: no link, no FIFO, at most ENVFILE_MAX bytes. Its reader is the user who owns it;
 * root goes through sys/beneath.h. 0, -ELOOP, -EINVAL (not a regular file), -EFBIG, … */
int env_read(const char *path, struct buf *out);

#endif
