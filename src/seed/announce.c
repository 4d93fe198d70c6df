#include "seed/announce.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define ISSUE_DIR "/etc/issue.d"
#define ISSUE ISSUE_DIR "/defenseclaw.issue"

static bool write_console(const char *name, const char *text)
{
    char path[64];
    autofd int fd = -EBADF;
    size_t len = strlen(text), at = 0;

    snprintf(path, sizeof path, "/dev/%.50s", name);
    fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    while (fd >= 0 && at < len) {
        ssize_t n = write(fd, text + at, len - at);

        if (n <= 0)
            break;
        at += (size_t)n;
    }
    return at == len;
}

void announce_consoles(const char *text)
{
    autofd int fd = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
    autobuf struct buf names = { 0 }, lines = { 0 };
    bool any = false;

    for (const char *p = text; *p; p++) /* a console in raw mode wants both */
        buf_printf(&lines, "%s%c", *p == '\n' ? "\r" : "", *p);
    if (lines.failed)
        return;
    if (fd >= 0 && buf_read_fd(&names, fd, 4096) == 0)
        for (char *save, *name = strtok_r((char *)names.data, " \n", &save); name;
             name = strtok_r(NULL, " \n", &save)) {
            any |= write_console(name, buf_str(&lines));
        }
    if (!any) /* also in a container, which sees the names of the host's */
        write_console("console", buf_str(&lines));
}

int announce_issue(const char *text)
{
    const struct beneath_attrs attrs = { 0644, 0, 0 };
    autobuf struct buf out = { 0 };
    autofd int dir = -EBADF;
    const char *base;
    int r;

    for (; *text; text++)
        buf_printf(&out, "%s%c", *text == '\\' ? "\\" : "", *text);
    if (out.failed)
        return out.failed;
    if (mkdir(ISSUE_DIR, 0755) < 0 && errno != EEXIST)
        return -errno;
    r = beneath_open_parent(ISSUE, &dir, &base, NULL);
    return r < 0 ? r : beneath_replace(dir, base, "firstboot", out.data, out.len, &attrs);
}

void announce_withdraw(void)
{
    if (unlink(ISSUE) == 0)
        rmdir(ISSUE_DIR);
}
