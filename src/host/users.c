/* Who the sandbox is and who the gateway runs as. */
#include "host/parts.h"

#include "base/paths.h"
#include "spec/instance.h"
#include "sys/accounts.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int sandbox_user(const struct spec *s, struct host *h, struct err *e)
{
    struct account a = { 0 };
    int r = account_read(s->name, &a);

    h->user_exists = r == 0;
    h->uid = a.uid;
    h->gid = a.gid;
    if (r == -ENOENT)
        r = account_free_ids(&h->uid, &h->gid);
    return r < 0 ? err_set(e, r, EXIT_MACHINE, "user %s: no free number: %s", s->name, strerror(-r))
                 : 0;
}

/* Whether a user is some instance's sandbox. */
static bool is_sandbox(const char *user, uid_t uid)
{
    DIR *dir = opendir(DC_ETC);
    struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir))) {
        struct instance in;

        if (name_valid(entry->d_name) && instance_load(entry->d_name, &in, NULL) == 0)
            found = in.uid == uid || strcmp(entry->d_name, user) == 0;
    }
    if (dir)
        closedir(dir);
    return found;
}

/* A user that isn't in /etc/passwd may come from elsewhere (LDAP, …). */
static bool look_up(const char *user, struct host *h)
{
    struct account a;
    const struct passwd *p;

    if (account_read(user, &a) == 0) {
        h->gateway_uid = a.uid;
        h->gateway_gid = a.gid;
        return true;
    }
    p = getpwnam(user);
    if (!p)
        return false;
    h->gateway_uid = p->pw_uid;
    h->gateway_gid = p->pw_gid;
    return true;
}

/* The user of an instance that is set up: another admin's sudo doesn't change it. */
static bool set_up_user(const struct spec *s, char *out, size_t size)
{
    const struct passwd *p;
    struct instance in;

    if (instance_load(s->name, &in, NULL) < 0)
        return false;
    p = getpwuid(in.gateway_uid);
    if (p)
        snprintf(out, size, "%s", p->pw_name);
    return p;
}

static void choose_gateway_user(const struct spec *s, struct host *h)
{
    const char *sudo_user = getenv("SUDO_USER");

    if (s->gateway_user[0])
        snprintf(h->gateway_user, sizeof h->gateway_user, "%s", s->gateway_user);
    else if (set_up_user(s, h->gateway_user, sizeof h->gateway_user))
        return;
    else if (sudo_user && sudo_user[0] && strcmp(sudo_user, "root") != 0)
        snprintf(h->gateway_user, sizeof h->gateway_user, "%s", sudo_user);
    else
        snprintf(h->gateway_user, sizeof h->gateway_user, "%s", GATEWAY_USER);
}

static int refuse(const struct host *h, const char *why, struct err *e)
{
    err_set(e, -EINVAL, EXIT_USAGE, "--gateway-user: %s: %s", h->gateway_user, why);
    return err_fix(e, -EINVAL,
                   "add --gateway-user " GATEWAY_USER
                   " (setup makes that user), or name an admin's account");
}

static int gateway_user(const struct spec *s, struct host *h, struct err *e)
{
    int r;

    choose_gateway_user(s, h);
    h->gateway_user_exists = look_up(h->gateway_user, h);
    if (!h->gateway_user_exists && strcmp(h->gateway_user, GATEWAY_USER) != 0)
        return refuse(h, "no such user", e);
    if (!h->gateway_user_exists) {
        r = account_free_ids_below(h->user_exists ? 1000 : h->uid, &h->gateway_uid,
                                   &h->gateway_gid);
        return r < 0 ? err_set(e, r, EXIT_MACHINE, "user %s: no free number", h->gateway_user) : 0;
    }
    if (h->gateway_uid == 0)
        return refuse(h, "the gateway never runs as root", e);
    if (strcmp(h->gateway_user, s->name) == 0 || (h->user_exists && h->gateway_uid == h->uid) ||
        is_sandbox(h->gateway_user, h->gateway_uid))
        return refuse(h, "is a sandbox's own user, which reaches no network", e);
    return 0;
}

int host_users(const struct spec *s, struct host *h, struct err *e)
{
    int r = sandbox_user(s, h, e);

    return r < 0 ? r : gateway_user(s, h, e);
}
