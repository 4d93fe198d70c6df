#include "sys/accounts.h"

#include "base/mem.h"

#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <string.h>

#define SYSTEM_MIN 100
#define SYSTEM_MAX 999

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
}

int group_read(const char *group, gid_t *ret)
{
    autofile FILE *f = fopen("/etc/group", "re");
    struct group *g;

    if (!f)
        return -errno;
    while ((g = fgetgrent(f)))
        if (strcmp(g->gr_name, group) == 0) {
            *ret = g->gr_gid;
            return 0;
        }
    return -ENOENT;
}

/* The first group other than the primary one that lists the user. */
static void find_other_group(const char *user, struct account *a)
{
    autofile FILE *f = fopen("/etc/group", "re");
    struct group *g;

    while (f && (g = fgetgrent(f)))
        for (char **m = g->gr_mem; *m; m++)
            if (strcmp(*m, user) == 0 && g->gr_gid != a->gid)
                copy(a->other_group, sizeof a->other_group, g->gr_name);
}

/* /etc/subuid and subgid name users by name or by number. */
static bool in_subids(const char *path, const char *user, uid_t uid)
{
    autofile FILE *f = fopen(path, "re");
    autofree char *line = NULL;
    char number[16];
    size_t cap = 0;

    snprintf(number, sizeof number, "%u", uid);
    while (f && getline(&line, &cap, f) > 0) {
        line[strcspn(line, ":\n")] = '\0';
        if (strcmp(line, user) == 0 || strcmp(line, number) == 0)
            return true;
    }
    return false;
}

static bool password_locked(const char *user)
{
    autofile FILE *f = fopen("/etc/shadow", "re");
    struct spwd *s;

    while (f && (s = fgetspent(f)))
        if (strcmp(s->sp_namp, user) == 0)
            return s->sp_pwdp[0] == '!' || s->sp_pwdp[0] == '*';
    return false;
}

int account_read(const char *user, struct account *ret)
{
    autofile FILE *f = fopen("/etc/passwd", "re");
    struct account a = { 0 };
    struct passwd *p;
    gid_t gid;

    if (!f)
        return -errno;
    if (group_read(user, &gid) == 0) {
        a.group = true;
        a.gid = gid;
    }
    while ((p = fgetpwent(f)) && strcmp(p->pw_name, user) != 0)
        ;
    if (!p) {
        *ret = a;
        return -ENOENT;
    }
    a.group = a.group && p->pw_gid == gid;
    a.uid = p->pw_uid;
    a.gid = p->pw_gid;
    copy(a.home, sizeof a.home, p->pw_dir);
    copy(a.shell, sizeof a.shell, p->pw_shell);
    copy(a.gecos, sizeof a.gecos, p->pw_gecos);
    find_other_group(user, &a);
    a.subids = in_subids("/etc/subuid", user, a.uid) || in_subids("/etc/subgid", user, a.uid);
    a.locked = password_locked(user);
    *ret = a;
    return 0;
}

int account_free_ids(uid_t *uid, gid_t *gid)
{
    return account_free_ids_below(SYSTEM_MAX + 1, uid, gid);
}

int account_free_ids_below(unsigned limit, uid_t *uid, gid_t *gid)
{
    bool users[SYSTEM_MAX + 1] = { false }, groups[SYSTEM_MAX + 1] = { false };
    autofile FILE *passwd = fopen("/etc/passwd", "re"), *group = fopen("/etc/group", "re");
    struct passwd *p;
    struct group *g;

    if (!passwd || !group)
        return -errno;
    while ((p = fgetpwent(passwd)))
        if (p->pw_uid <= SYSTEM_MAX)
            users[p->pw_uid] = true;
    while ((g = fgetgrent(group)))
        if (g->gr_gid <= SYSTEM_MAX)
            groups[g->gr_gid] = true;
    for (unsigned id = limit - 1; id >= SYSTEM_MIN; id--)
        if (!users[id] && !groups[id]) {
            *uid = id;
            *gid = id;
            return 0;
        }
    return -ENOSPC;
}
