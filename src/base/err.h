/* One error, as an operator has to read it: what failed, why, and what to type. */
#ifndef DEFENSECLAW_BASE_ERR_H
#define DEFENSECLAW_BASE_ERR_H

#include <stdarg.h>

/* Exit statuses of the command line (man page, section EXIT STATUS). */
enum exit_status {
    EXIT_DONE = 0,    /* done */
    EXIT_FAILED = 1,  /* failed, and rolled back */
    EXIT_USAGE = 2,   /* bad usage or bad input; nothing was written */
    EXIT_RED = 3,     /* provisioned, but a check is red */
    EXIT_MACHINE = 4, /* this machine can't: not Linux, not root, a conflict */
};

struct err {
    int status;      /* an enum exit_status; 0 while there is no error */
    char text[1024]; /* "what: why", one line */
    char fix[768];   /* what to type or do; "" when there is nothing to say */
};

/* Sets text and status, clears the fix; returns r, so that `return err_set(…)` reads well. An error
 * that is set already is replaced. Control characters in the text become '?', so that hostile names
 * can't forge lines. e may be NULL. */
int err_set(struct err *e, int r, enum exit_status status, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "what: " before the text that stands; returns r. */
int err_prefix(struct err *e, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds the fix to an error just set; returns r. */
int err_fix(struct err *e, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Prints "ERROR: text" and "fix: …" to standard error. Returns the exit status (EXIT_FAILED when
 * none is set). */
int err_print(const struct err *e);

#endif
