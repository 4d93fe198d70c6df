/* A secret from standard input: typed without echo on a terminal, else read to its end. */
#ifndef DEFENSECLAW_CLI_SECRET_INPUT_H
#define DEFENSECLAW_CLI_SECRET_INPUT_H

#include "base/buf.h"
#include "base/err.h"

#define SECRET_MAX 16384

/* Appends the value, without the newline at its end; empty when there is none. On a terminal it
 * asks "NAME" + hint first. 0, -EINVAL (EXIT_USAGE) for a value with a newline or a NUL in it or
 * over SECRET_MAX bytes, or what reading said. */
int secret_read(const char *name, const char *hint, struct buf *out, struct err *e);

/* The check and the trimming alone. 0 or -EINVAL with e set. */
int secret_trim(const char *name, struct buf *value, struct err *e);

#endif
