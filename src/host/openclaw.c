/* Where OpenClaw is, and whether only root can change what would run. */
#include "host/parts.h"

#include "base/mem.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static const char *const search_path[] = { "/usr/local/bin", "/usr/bin" };
static const char *const unit_path[] = { "/usr/local/bin", "/usr/bin", "/bin" };

static bool find_program(const char *name, const char *const *dirs, size_t count, char *out,
                         size_t size)
{
    for (size_t i = 0; i < count; i++) {
        struct stat st;

        if ((size_t)snprintf(out, size, "%s/%s", dirs[i], name) < size && stat(out, &st) == 0 &&
            S_ISREG(st.st_mode) && (st.st_mode & 0111))
            return true;
    }
    out[0] = '\0';
    return false;
}

static const char *take_word(const char *at, char *word, size_t size)
{
    size_t n;

    at += strspn(at, " \t");
    n = strcspn(at, " \t\r\n");
    snprintf(word, size, "%.*s", (int)n, at);
    return at + n;
}

bool script_interpreter(const char *line, char *out, size_t size)
{
    const char *at;
    const char *base;

    if (strncmp(line, "#!", 2) != 0)
        return false;
    at = take_word(line + 2, out, size);
    base = strrchr(out, '/');
    if (!base)
        return false;
    while (strcmp(base, "/env") == 0 || out[0] == '-' || strchr(out, '=')) {
        at = take_word(at, out, size); /* env's options and assignments, then the program */
        if (!out[0])
            return false;
        base = "";
    }
    return true;
}

bool tree_root(const char *path, char *out, size_t size)
{
    const char *second = strchr(path + 1, '/'), *end;

    out[0] = '\0';
    if (strncmp(path, "/usr/", 5) == 0)
        return true;
    if (!second || !second[1])
        return false;
    end = strchr(second + 1, '/');
    snprintf(out, size, "%.*s", end ? (int)(end - path) : (int)strlen(path), path);
    return true;
}

/* What stands in a unit file must be plain there. */
static bool plain(const char *path)
{
    for (const char *p = path; *p; p++)
        if (*p <= ' ' || *p == 0x7f || strchr("\"'\\%$:*?[];|&<>`(){}~#", *p))
            return false;
    return true;
}

int path_trusted(const char *what, const char *path, struct err *e)
{
    char part[PATH_MAX];

    for (const char *at = path; at; at = strchr(at + 1, '/')) {
        const char *next = strchr(at + 1, '/');
        struct stat st;

        snprintf(part, sizeof part, "%.*s", next ? (int)(next - path) : (int)strlen(path), path);
        if (lstat(part, &st) < 0)
            return err_set(e, -errno, EXIT_MACHINE, "%s: %s: %s", what, part, strerror(errno));
        if (st.st_uid == 0 && !(st.st_mode & 022))
            continue;
        err_set(e, -EPERM, EXIT_MACHINE,
                "%s: %s: others than root can change it (owner %u, mode %04o)", what, part,
                st.st_uid, st.st_mode & 07777);
        return err_fix(e, -EPERM, "chown root %s && chmod go-w %s, or install OpenClaw as root",
                       part, part);
    }
    return 0;
}

/* The real path of a program, trusted and fit for a unit file. */
static int resolve(const char *what, const char *path, char *real, struct err *e)
{
    if (!realpath(path, real))
        return err_set(e, -errno, EXIT_MACHINE, "%s: %s: %s", what, path, strerror(errno));
    if (!plain(real) || !plain(path))
        return err_set(e, -EINVAL, EXIT_MACHINE,
                       "%s: %s: a path with such characters can't stand "
                       "in a unit",
                       what, real);
    return path_trusted(what, real, e);
}

static int first_line(const char *path, char *line, size_t size)
{
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read(fd, line, size - 1);

    if (n < 0)
        return -errno;
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return 0;
}

static int find_interpreter(const char *program, struct host *h, struct err *e)
{
    char line[512], name[PATH_MAX], path[PATH_MAX];
    int r = first_line(program, line, sizeof line);

    if (r < 0)
        return err_set(e, r, EXIT_MACHINE, "OpenClaw: %s: %s", program, strerror(-r));
    if (!script_interpreter(line, name, sizeof name))
        return 0;
    if (name[0] == '/')
        snprintf(path, sizeof path, "%s", name);
    else if (!find_program(name, unit_path, N_ELEMENTS(unit_path), path, sizeof path)) {
        err_set(e, -ENOENT, EXIT_MACHINE, "OpenClaw: %s: its interpreter %s is not on %s", program,
                name, "/usr/local/bin:/usr/bin:/bin");
        return err_fix(e, -ENOENT, "install Node.js, or ln -s PATH-OF-%s /usr/local/bin/%s", name,
                       name);
    }
    r = resolve("OpenClaw's interpreter", path, h->interpreter, e);
    if (r < 0)
        return r;
    if (!tree_root(h->interpreter, h->interpreter_root, sizeof h->interpreter_root))
        return err_set(e, -EINVAL, EXIT_MACHINE, "OpenClaw's interpreter: %s: lies in /",
                       h->interpreter);
    return 0;
}

/* A symbolic link under /usr is used as it stands, so that it may move with an update; outside, the
 * unit sees only the tree of the real program. */
static int take_program(const char *found, struct host *h, struct err *e)
{
    char real[PATH_MAX];
    int r = resolve("OpenClaw", found, real, e);

    if (r < 0)
        return r;
    snprintf(h->openclaw, sizeof h->openclaw, "%s", strncmp(found, "/usr/", 5) == 0 ? found : real);
    if (!tree_root(real, h->openclaw_root, sizeof h->openclaw_root))
        return err_set(e, -EINVAL, EXIT_MACHINE, "OpenClaw: %s: lies in /", real);
    return find_interpreter(real, h, e);
}

int host_openclaw(const struct spec *s, struct host *h, struct err *e)
{
    char found[PATH_MAX];

    if (s->no_agent)
        return 0;
    if (s->openclaw[0] && access(s->openclaw, X_OK) < 0)
        return err_set(e, -errno, EXIT_USAGE, "--openclaw: %s: %s", s->openclaw, strerror(errno));
    if (s->openclaw[0])
        return take_program(s->openclaw, h, e);
    if (!find_program("openclaw", search_path, N_ELEMENTS(search_path), found, sizeof found))
        return 0;
    return take_program(found, h, e);
}
