#include "base/envfile.h"

#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static bool name_char(char c, bool first)
{
    return (c >= 'A' && c <= 'Z') || (!first && ((c >= '0' && c <= '9') || c == '_'));
}

bool env_name_valid(const char *name)
{
    if (!name_char(*name, true))
        return false;
    for (const char *p = name; *p; p++)
        if (!name_char(*p, false))
            return false;
    return true;
}

bool env_name_is(const struct env_line *line, const char *name)
{
    return strlen(name) == line->name_len && memcmp(name, line->name, line->name_len) == 0;
}

/* Fills the fields of a line whose bounds are set. 1, 0 when it says nothing, -EINVAL. */
static int read_line(const char *p, size_t len, struct env_line *line)
{
    size_t n = 0;

    if (len == 0 || *p == '#')
        return 0;
    if (memchr(p, '\0', len))
        return -EINVAL;
    while (n < len && name_char(p[n], n == 0))
        n++;
    if (n == 0 || n == len || p[n] != '=')
        return -EINVAL;
    line->name = p;
    line->name_len = n;
    line->value = p + n + 1;
    line->value_len = len - n - 1;
    return 1;
}

int env_next(const char *text, size_t len, struct env_line *line)
{
    while (line->end < len) {
        const char *p = text + line->end, *newline = memchr(p, '\n', len - line->end);
        size_t bytes = newline ? (size_t)(newline - p) : len - line->end;
        int r;

        line->number++;
        line->start = line->end;
        line->end += bytes + (newline != NULL);
        r = read_line(p, bytes, line);
        if (r != 0)
            return r;
    }
    return 0;
}

static void put_line(const char *name, const char *value, struct buf *out)
{
    buf_puts(out, name);
    buf_puts(out, "=");
    buf_puts(out, value);
    buf_puts(out, "\n");
}

int env_edit(const char *text, size_t len, const char *name, const char *value, struct buf *out,
             unsigned *ret_line)
{
    struct env_line line = { 0 };
    size_t copied = 0;
    bool found = false;
    int r;

    while ((r = env_next(text, len, &line)) > 0) {
        if (!env_name_is(&line, name))
            continue;
        buf_add(out, text + copied, line.start - copied);
        copied = line.end;
        if (value && !found)
            put_line(name, value, out);
        found = true;
    }
    if (r < 0) {
        *ret_line = line.number;
        return r;
    }
    if (!found && !value)
        return -ENOENT;
    buf_add(out, text + copied, len - copied);
    if (!found) {
        if (out->len && out->data[out->len - 1] != '\n')
            buf_puts(out, "\n");
        put_line(name, value, out);
    }
    return out->failed;
}

int env_read(const char *path, struct buf *out)
{
    autofd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    return buf_read_fd(out, fd, ENVFILE_MAX);
}
