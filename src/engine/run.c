#include "engine/run.h"

#include <stdarg.h>
#include <stdio.h>

void run_note(struct run *run, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    if (!run->note)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    run->note(run->userdata, text);
}
