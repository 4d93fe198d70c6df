/* Lines for the journal: the one way in which the running gateway says something. */
#ifndef DEFENSECLAW_GATEWAY_LOG_H
#define DEFENSECLAW_GATEWAY_LOG_H

#include "base/err.h"

/* One line to standard error; control characters become '?', so that no peer can forge a line. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The error's text and fix, each a line. */
void log_err(const struct err *e);

#endif
