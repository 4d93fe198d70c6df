#include "cli/secret_input.h"

#include "base/mem.h"

#include <string.h>
#include <termios.h>

int secret_trim(const char *name, struct buf *value, struct err *e)
{
    if (value->len > 0 && value->data[value->len - 1] == '\n')
        value->data[--value->len] = '\0';
    if (value->len > 0 && value->data[value->len - 1] == '\r')
        value->data[--value->len] = '\0';
    for (size_t i = 0; i < value->len; i++)
        if (value->data[i] < ' ' && value->data[i] != '\t')
            return err_set(e, -EINVAL, EXIT_USAGE,
                           "keys set %s: the value holds a newline or a control character", name);
    return 0;
}

/* One line with the echo off; the terminal is put back whatever happens. */
static int read_line(const char *name, const char *hint, struct buf *out)
{
    struct termios was, quiet;
    char c;
    ssize_t n;

    if (tcgetattr(STDIN_FILENO, &was) < 0)
        return -errno;
    fprintf(stderr, "%s%s: ", name, hint);
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0)
        return -errno;
    while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n' && out->len <= SECRET_MAX)
        buf_add(out, &c, 1);
    n = n < 0 ? -errno : 0;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    fputc('\n', stderr);
    return n < 0 ? (int)n : out->failed;
}

int secret_read(const char *name, const char *hint, struct buf *out, struct err *e)
{
    int r = isatty(STDIN_FILENO) ? read_line(name, hint, out)
                                 : buf_read_fd(out, STDIN_FILENO, SECRET_MAX);

    if (r == -EFBIG || out->len > SECRET_MAX)
        return err_set(e, -EINVAL, EXIT_USAGE, "keys set %s: the value is over %d bytes", name,
                       SECRET_MAX);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "standard input: %s", strerror(-r));
    return secret_trim(name, out, e);
}
