/* Starting another program: by absolute path, without a shell, in a clean environment. */
#ifndef DEFENSECLAW_SYS_PROCESS_H
#define DEFENSECLAW_SYS_PROCESS_H

#include "base/buf.h"

/* Runs argv[0] (absolute) with input on its standard input (NULL: none) and waits. Output and
 * errors are appended to out (may be NULL), at most 1 MiB of them. The environment is PATH and
 * LC_ALL=C alone. Returns the exit status (0 to 255), 128 + signal, or negative errno when it can't
 * start. */
int process_run(const char *const argv[], const void *input, size_t input_len, struct buf *out);

/* The same with the errors apart, for programs that warn while they succeed. */
int process_output(const char *const argv[], const void *input, size_t input_len, struct buf *out,
                   struct buf *errors);

#endif
