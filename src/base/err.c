#include "base/err.h"

#include <stdio.h>
#include <string.h>

static void one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?';
}

int err_set(struct err *e, int r, enum exit_status status, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return r;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    one_line(e->text);
    e->status = status;
    e->fix[0] = '\0';
    return r;
}

int err_prefix(struct err *e, int r, const char *fmt, ...)
{
    char was[sizeof e->text];
    va_list ap;
    int n;

    if (!e)
        return r;
    memcpy(was, e->text, sizeof was);
    va_start(ap, fmt);
    n = vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof e->text - 3) {
        memcpy(e->text + n, ": ", 2);
        memmove(e->text + n + 2, was, sizeof e->text - (size_t)n - 3);
        e->text[sizeof e->text - 1] = '\0';
    }
    one_line(e->text);
    return r;
}

int err_fix(struct err *e, int r, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return r;
    va_start(ap, fmt);
    vsnprintf(e->fix, sizeof e->fix, fmt, ap);
    va_end(ap);
    one_line(e->fix);
    return r;
}

int err_print(const struct err *e)
{
    fprintf(stderr, "ERROR: %s\n", e->text[0] ? e->text : "unknown failure");
    if (e->fix[0])
        fprintf(stderr, "fix: %s\n", e->fix);
    return e->status ? e->status : EXIT_FAILED;
}
