/* `defenseclaw keys set|list|unset`: what the sandbox may know goes to ~/.defenseclaw/.env, by the
 * sandbox user himself; what only the gateway may know is sealed by systemd-creds, by root. A value
 * comes from standard input, never from the command line. */
#include "base/ed25519.h"
#include "base/envfile.h"
#include "base/mem.h"
#include "base/paths.h"
#include "cli/secret_input.h"
#include "cli/verbs.h"
#include "spec/instance.h"
#include "sys/beneath.h"
#include "sys/seal.h"

#include <pwd.h>
#include <string.h>

#define TOKEN "OPENCLAW_GATEWAY_TOKEN"
#define TOKEN_BYTES 32

struct request {
    const char *action, *key; /* key NULL: list */
    const char *name;         /* --name */
    struct instance in;
};

static int check_key(const struct request *q, struct err *e)
{
    if (!env_name_valid(q->key) || strlen(q->key) > SEAL_NAME_MAX)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "keys: %s: a name is capital letters, digits and _, a letter first, at most "
                       "%d",
                       q->key, SEAL_NAME_MAX);
    return 0;
}

static int parse(int argc, char **argv, struct request *q, struct err *e)
{
    const struct arg args[] = { { .name = "name", .value = &q->name } };
    int n = args_parse(argc, argv, args, N_ELEMENTS(args), e);
    bool list;

    if (n < 0)
        return n;
    q->action = n > 0 ? argv[1] : "";
    list = strcmp(q->action, "list") == 0;
    if ((!list && strcmp(q->action, "set") != 0 && strcmp(q->action, "unset") != 0) ||
        n != (list ? 1 : 2)) {
        err_set(e, -EINVAL, EXIT_USAGE, "keys: set NAME, unset NAME or list");
        return err_fix(e, -EINVAL, "defenseclaw keys set " TOKEN);
    }
    q->key = list ? NULL : argv[2];
    return list ? 0 : check_key(q, e);
}

static bool has_instance(const char *user)
{
    char path[64];

    snprintf(path, sizeof path, DC_ETC "/%s/instance.json", user);
    return name_valid(user) && access(path, F_OK) == 0;
}

/* The instance: root's by --name, else the one whose user is asking. */
static int find_instance(struct request *q, struct err *e)
{
    const struct passwd *pw = geteuid() == 0 ? NULL : getpwuid(geteuid());
    int r;

    if (!q->name && pw && has_instance(pw->pw_name))
        q->name = pw->pw_name;
    q->name = args_name(q->name, e);
    if (!q->name)
        return -EINVAL;
    r = instance_load(q->name, &q->in, e);
    if (r < 0 || geteuid() == 0 || geteuid() == q->in.uid)
        return r;
    err_set(e, -EPERM, EXIT_USAGE, "keys: only root and the user %s have keys here", q->name);
    return err_fix(e, -EPERM, "sudo -u %s defenseclaw keys %s%s%s", q->name, q->action,
                   q->key ? " " : "", q->key ? q->key : "");
}

static void make_token(struct buf *out)
{
    uint8_t token[TOKEN_BYTES];

    random_bytes(token, sizeof token);
    for (size_t i = 0; i < sizeof token; i++)
        buf_printf(out, "%02x", token[i]);
    explicit_bzero(token, sizeof token);
}

static int read_value(const struct request *q, struct buf *out, struct err *e)
{
    bool token = strcmp(q->key, TOKEN) == 0 && geteuid() != 0;
    int r = secret_read(q->key, token ? " (empty: a random one is made)" : "", out, e);

    if (r < 0 || out->len > 0)
        return r;
    if (token) {
        make_token(out);
        return out->failed;
    }
    err_set(e, -EINVAL, EXIT_USAGE, "keys set %s: no value on standard input", q->key);
    return err_fix(e, -EINVAL, "type it when asked, or: defenseclaw keys set %s < FILE", q->key);
}

static int explain_line(const char *path, unsigned line, struct err *e)
{
    err_set(e, -EINVAL, EXIT_USAGE, "%s: line %u: not NAME=VALUE", path, line);
    return err_fix(e, -EINVAL, "correct or remove line %u of %s", line, path);
}

/* The sandbox user's own file, replaced as a whole: he may be running the agent meanwhile. */
static int edit_env(const struct request *q, const char *value, struct err *e)
{
    const struct beneath_attrs attrs = { 0600, q->in.uid, q->in.gid };
    autosecret struct buf text = { 0 }, edited = { 0 };
    autofd int dir = -EBADF;
    const char *base;
    unsigned line = 0;
    char path[320];
    int r;

    snprintf(path, sizeof path, "%s/.defenseclaw/.env", q->in.spec.home);
    r = env_read(path, &text);
    if (r < 0 && r != -ENOENT)
        return err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r));
    r = env_edit(buf_str(&text), text.len, q->key, value, &edited, &line);
    if (r == -EINVAL)
        return explain_line(path, line, e);
    if (r == -ENOENT)
        return err_set(e, r, EXIT_USAGE, "keys unset %s: there is no such key", q->key);
    if (r == 0)
        r = beneath_open_parent(path, &dir, &base, e);
    if (r == 0)
        r = beneath_replace(dir, base, q->in.uuid, edited.data, edited.len, &attrs);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r)) : 0;
}

static int list_env(const struct request *q, struct err *e)
{
    autosecret struct buf text = { 0 };
    struct env_line line = { 0 };
    char path[320];
    int r;

    snprintf(path, sizeof path, "%s/.defenseclaw/.env", q->in.spec.home);
    r = env_read(path, &text);
    if (r < 0 && r != -ENOENT)
        return err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r));
    while ((r = env_next(buf_str(&text), text.len, &line)) > 0)
        printf("%.*s\n", (int)line.name_len, line.name);
    return r < 0 ? explain_line(path, line.number, e) : 0;
}

static int set_key(const struct request *q, struct err *e)
{
    autosecret struct buf value = { 0 };
    int r;

    if (geteuid() == 0 && strcmp(q->key, TOKEN) == 0) {
        err_set(e, -EPERM, EXIT_USAGE, "keys set %s: is the sandbox user's own", q->key);
        return err_fix(e, -EPERM, "sudo -u %s defenseclaw keys set %s", q->name, q->key);
    }
    r = read_value(q, &value, e);
    if (r < 0)
        return r;
    if (geteuid() == 0) {
        r = seal_store(q->name, q->key, value.data, value.len, e);
        if (r == 0)
            fprintf(stderr,
                    "%s is sealed for the gateway; nothing uses it until there is a "
                    "guardrail\n",
                    q->key);
        return r;
    }
    r = edit_env(q, buf_str(&value), e);
    if (r == 0)
        fprintf(stderr,
                "%s is set; the agent knows it after: sudo systemctl restart "
                "openshell-%s.service\n",
                q->key, q->name);
    return r;
}

static int unset_key(const struct request *q, struct err *e)
{
    return geteuid() == 0 ? seal_remove(q->name, q->key, e) : edit_env(q, NULL, e);
}

static void print_name(void *userdata, const char *name)
{
    (void)userdata;
    puts(name);
}

static int list_keys(const struct request *q, struct err *e)
{
    return geteuid() == 0 ? seal_list(q->name, print_name, NULL, e) : list_env(q, e);
}

int verb_keys(int argc, char **argv)
{
    static const struct {
        const char *action;
        int (*fn)(const struct request *q, struct err *e);
    } actions[] = { { "set", set_key }, { "unset", unset_key }, { "list", list_keys } };
    struct request q = { 0 };
    struct err e = { 0 };
    int r = parse(argc, argv, &q, &e);

    if (r == 0)
        r = find_instance(&q, &e);
    for (size_t i = 0; i < N_ELEMENTS(actions) && r == 0; i++)
        if (strcmp(q.action, actions[i].action) == 0)
            r = actions[i].fn(&q, &e);
    return r < 0 ? err_print(&e) : EXIT_DONE;
}
