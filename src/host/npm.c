/* The npm registry in force on this machine, so that a policy template needn't name one: npm's
 * configuration files first, since asking npm costs more than all the rest of setup. */
#include "host/parts.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sys/process.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define NPMRC_MAX 65536
#define NPM_SECONDS "5"

/* The value of "key = value", NULL when the line sets another key. */
static const char *line_value(const char *line, const char *key)
{
    size_t n = strlen(key);

    line += strspn(line, " \t");
    if (strncmp(line, key, n) != 0)
        return NULL;
    line += n;
    line += strspn(line, " \t");
    return *line == '=' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

bool npmrc_value(const char *text, const char *key, char *out, size_t size)
{
    bool found = false;

    while (*text) {
        size_t len = strcspn(text, "\n");
        autofree char *line = strndup(text, len);
        const char *value = line ? line_value(line, key) : NULL;

        if (value) {
            size_t n;

            value += *value == '"' || *value == '\'';
            n = strcspn(value, "\"' \t\r;#");
            found = n > 0 && n < size;
            if (found)
                snprintf(out, size, "%.*s", (int)n, value);
        }
        text += len + (text[len] == '\n');
    }
    return found;
}

static bool from_file(const char *path, char *out, size_t size)
{
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    autobuf struct buf text = { 0 };

    return fd >= 0 && buf_read_fd(&text, fd, NPMRC_MAX) == 0 &&
           npmrc_value(buf_str(&text), "registry", out, size);
}

/* PREFIX/etc/npmrc, where npm's prefix is that of the node that runs it. */
static bool from_prefix(const char *interpreter, char *out, size_t size)
{
    char path[PATH_MAX];
    const char *bin = strstr(interpreter, "/bin/");

    if (!bin)
        return false;
    snprintf(path, sizeof path, "%.*s/etc/npmrc", (int)(bin - interpreter), interpreter);
    return from_file(path, out, size);
}

/* npm runs as root here: only when nobody else could have changed it. */
static bool from_npm(char *out, size_t size)
{
    static const char *const places[] = { "/usr/local/bin/npm", "/usr/bin/npm" };

    for (size_t i = 0; i < N_ELEMENTS(places); i++) {
        /* Not where we stand: a project's .npmrc there may be the sandbox user's, and the host that
         * it names would be let out. Without the options it leaves a log in root's home. */
        const char *const argv[] = { "/usr/bin/env",
                                     "-C",
                                     "/",
                                     "/usr/bin/timeout",
                                     NPM_SECONDS,
                                     places[i],
                                     "--cache=/tmp",
                                     "--logs-max=0",
                                     "--no-update-notifier",
                                     "config",
                                     "get",
                                     "registry",
                                     NULL };
        autobuf struct buf text = { 0 }, warnings = { 0 };
        char real[PATH_MAX];

        if (!realpath(places[i], real) || path_trusted("npm", real, NULL) < 0)
            continue;
        if (process_output(argv, NULL, 0, &text, &warnings) != 0 ||
            strncmp(buf_str(&text), "http", 4) != 0)
            return false;
        snprintf(out, size, "%.*s", (int)strcspn(buf_str(&text), "\r\n"), buf_str(&text));
        return true;
    }
    return false;
}

void host_npm_registry(const struct host *h, char *out, size_t size)
{
    out[0] = '\0';
    if (from_file("/root/.npmrc", out, size) || from_prefix(h->interpreter, out, size) ||
        from_file("/usr/local/etc/npmrc", out, size) || from_file("/etc/npmrc", out, size))
        return;
    if (!from_npm(out, size))
        out[0] = '\0';
}
