#include "gateway/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1200

void log_line(const char *fmt, ...)
{
    char line[LINE_MAX_BYTES];
    va_list ap;
    size_t len;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    len = strlen(line);
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0)
        return; /* nobody listens: there is no second place to complain */
}

void log_err(const struct err *e)
{
    log_line("ERROR: %s", e->text[0] ? e->text : "unknown failure");
    if (e->fix[0])
        log_line("fix: %s", e->fix);
}
