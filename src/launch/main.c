/* defenseclaw-launch COMMAND…: what runs inside the sandbox as its user, before the agent. It puts
 * the lines of ~/.defenseclaw/.env in the environment and becomes the command.
 *
 * systemd's EnvironmentFile= would do the reading as root, through whatever links the sandbox user
 * has put there; this reads as that user, what that user may read. What is set already stays: the
 * unit decides where the agent's configuration is and which way leads out. */
#include "base/envfile.h"
#include "base/err.h"
#include "base/mem.h"
#include "launch/init.h"

#include <stdlib.h>
#include <string.h>

#define EXIT_OWN 125 /* as `sandbox run` and env(1): not the command's own status */
#define EXIT_CANT_RUN 126
#define EXIT_NO_COMMAND 127

/* Names that would change which code the agent is made of, or where it looks for its files. */
static const char *const refused[] = {
    "BASH_ENV",
    "ENV",
    "HOME",
    "NODE_OPTIONS",
    "OPENCLAW_CONFIG_PATH",
    "OPENCLAW_HOME",
    "OPENCLAW_INCLUDE_ROOTS",
    "OPENCLAW_PROXY_URL",
    "OPENCLAW_STATE_DIR",
    "PATH",
};

static bool is_refused(const char *name)
{
    if (strncmp(name, "LD_", 3) == 0)
        return true;
    for (size_t i = 0; i < N_ELEMENTS(refused); i++)
        if (strcmp(name, refused[i]) == 0)
            return true;
    return false;
}

static int set_one(const char *path, const struct env_line *line, struct err *e)
{
    autofree char *name = strndup(line->name, line->name_len);
    autofree char *value = strndup(line->value, line->value_len);
    int r = 0;

    if (!name || !value)
        return err_set(e, -ENOMEM, EXIT_FAILED, "%s: out of memory", path);
    if (is_refused(name)) {
        err_set(e, -EPERM, EXIT_USAGE, "%s: line %u: %s may not be set here", path, line->number,
                name);
        r = err_fix(e, -EPERM, "remove line %u of %s", line->number, path);
    } else if (setenv(name, value, 0) < 0) {
        r = err_set(e, -errno, EXIT_FAILED, "%s: line %u: %s", path, line->number, strerror(errno));
    }
    explicit_bzero(value, line->value_len);
    return r;
}

static int set_all(const char *path, const struct buf *text, struct err *e)
{
    struct env_line line = { 0 };
    int r;

    while ((r = env_next(buf_str(text), text->len, &line)) > 0) {
        r = set_one(path, &line, e);
        if (r < 0)
            return r;
    }
    if (r < 0) {
        err_set(e, r, EXIT_USAGE, "%s: line %u: not NAME=VALUE", path, line.number);
        err_fix(e, r, "correct or remove line %u of %s", line.number, path);
    }
    return r;
}

static int load_env(struct err *e)
{
    const char *home = getenv("HOME");
    autosecret struct buf text = { 0 };
    autofree char *path = NULL;
    int r;

    if (!home || home[0] != '/')
        return err_set(e, -EINVAL, EXIT_FAILED, "HOME is not set to an absolute path");
    if (asprintf(&path, "%s/.defenseclaw/.env", home) < 0) {
        path = NULL;
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    }
    r = env_read(path, &text);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "%s: %s", path,
                       r == -EINVAL ? "not a regular file" : strerror(-r));
    return set_all(path, &text, e);
}

static int check_caller(int argc, char **argv, struct err *e)
{
    if (argc < 2 || argv[1][0] != '/')
        return err_set(e, -EINVAL, EXIT_USAGE, "usage: defenseclaw-launch /COMMAND [ARGUMENT…]");
    if (getuid() == 0 || geteuid() == 0)
        return err_set(e, -EPERM, EXIT_USAGE, "defenseclaw-launch does not run as root");
    return 0;
}

int main(int argc, char **argv)
{
    struct err e = { 0 };
    int r = check_caller(argc, argv, &e);

    if (r == 0 && getpid() == 1) /* of the unit's own PID namespace, where systemd can make one */
        r = init_split();
    if (r == 0)
        r = load_env(&e);
    if (r < 0) {
        err_print(&e);
        return EXIT_OWN;
    }
    execv(argv[1], argv + 1);
    r = errno;
    err_set(&e, -r, EXIT_FAILED, "%s: %s", argv[1], strerror(r));
    err_print(&e);
    return r == ENOENT ? EXIT_NO_COMMAND : EXIT_CANT_RUN;
}
