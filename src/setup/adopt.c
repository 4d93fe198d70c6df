#include "setup/adopt.h"

#include "base/json.h"
#include "base/mem.h"
#include "sys/accounts.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#define SYS_UID_MIN 100

static int refuse(struct err *e, const char *user, const char *why, const char *what,
                  const char *fix)
{
    err_set(e, -EEXIST, EXIT_MACHINE, "user %s: %s%s, so it can't be a sandbox's", user, why, what);
    return err_fix(e, -EEXIST, "%s", fix);
}

/* A process of the user, 0 when there is none. */
static long process_of(uid_t uid)
{
    DIR *proc = opendir("/proc");
    struct dirent *d;
    struct stat st;
    long found = 0;

    while (proc && !found && (d = readdir(proc)))
        if (isdigit((unsigned char)d->d_name[0]) && fstatat(dirfd(proc), d->d_name, &st, 0) == 0 &&
            st.st_uid == uid)
            found = strtol(d->d_name, NULL, 10);
    if (proc)
        closedir(proc);
    return found;
}

/* at's spool names no user: its jobs are the user's files. */
static bool owns_file_in(const char *dir, uid_t uid)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    struct stat st;
    bool found = false;

    while (d && !found && (entry = readdir(d)))
        found = fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISREG(st.st_mode) && st.st_uid == uid;
    if (d)
        closedir(d);
    return found;
}

static bool has_line(const char *path, const char *line)
{
    autofile FILE *f = fopen(path, "re");
    autofree char *text = NULL;
    size_t cap = 0;
    bool found = false;

    while (f && !found && getline(&text, &cap, f) > 0) {
        char *word = text + strspn(text, " \t");

        word[strcspn(word, " \t\r\n")] = '\0';
        found = strcmp(word, line) == 0;
    }
    return found;
}

/* cron.deny and at.deny say nothing about jobs that are there already, and nothing at all where an
 * allow file stands: the daemons would go on starting the user's programs outside the sandbox. */
static int check_jobs(const struct spec *s, uid_t uid, struct err *e)
{
    static const char *const allow[] = { "/etc/cron.allow", "/etc/at.allow" };
    char path[64];

    snprintf(path, sizeof path, "/var/spool/cron/crontabs/%s", s->name);
    if (access(path, F_OK) == 0)
        return refuse(e, s->name, "has a crontab", "",
                      "remove it with `crontab -r -u USER`, or choose another --name");
    if (owns_file_in("/var/spool/cron/atjobs", uid))
        return refuse(e, s->name, "has at jobs", "",
                      "remove them with atrm, or choose another --name");
    for (size_t i = 0; i < N_ELEMENTS(allow); i++)
        if (has_line(allow[i], s->name))
            return refuse(e, s->name, "stands in ", allow[i],
                          "remove that line, or choose another --name");
    return 0;
}

/* What an account that somebody else made may bring along. */
static int check_foreign(const struct spec *s, const struct account *a, struct err *e)
{
    char number[32];
    long pid;

    if (a->uid < SYS_UID_MIN)
        return refuse(e, s->name, "is an account of the system itself", "",
                      "choose another instance with --name");
    if (!a->group)
        return refuse(e, s->name, "has no group of its own as its first", "",
                      "make a group of the user's name its primary one, or choose another --name");
    if (a->other_group[0])
        return refuse(e, s->name, "is in group ", a->other_group,
                      "take the user out of that group (gpasswd -d), or choose another --name");
    if (a->subids)
        return refuse(
            e, s->name, "has subordinate ids", "",
            "remove its lines from /etc/subuid and /etc/subgid, or choose another --name");
    pid = process_of(a->uid);
    snprintf(number, sizeof number, "%ld", pid);
    if (pid)
        return refuse(e, s->name, "runs process ", number,
                      "end the user's processes, or choose another --name");
    return 0;
}

/* A user keeps his home, also the user of an instance that was disabled. */
static int check_same_home(const struct spec *s, const struct account *a, struct err *e)
{
    if (strcmp(a->home, s->home) == 0)
        return 0;
    err_set(e, -EINVAL, EXIT_USAGE, "--sandbox-home %s: the home of user %s is %s", s->home,
            s->name, a->home);
    return err_fix(e, -EINVAL, "give --sandbox-home %s", a->home);
}

/* A directory of another person's would become the sandbox's to read and to write in. */
static int check_home(const struct spec *s, const struct account *a, struct err *e)
{
    const struct passwd *owner;
    struct stat st;

    if (lstat(s->home, &st) < 0 || st.st_uid == 0 || (a && st.st_uid == a->uid))
        return 0;
    owner = getpwuid(st.st_uid);
    if (!owner)
        return 0;
    err_set(e, -EEXIST, EXIT_MACHINE, "--sandbox-home %s: belongs to user %s", s->home,
            owner->pw_name);
    return err_fix(e, -EEXIST, "name a directory with --sandbox-home that isn't there yet");
}

static int refuse_unknown(const char *name, struct err *e)
{
    err_set(e, -EEXIST, EXIT_MACHINE, "user %s: exists already, and was not made by this instance",
            name);
    return err_fix(e, -EEXIST,
                   "choose another instance with --name, or take the user over with --adopt-user");
}

int adopt_check(struct inputs *in, const cJSON *record, struct err *e)
{
    const char *name = in->in.spec.name;
    const cJSON *user = cJSON_GetObjectItemCaseSensitive(record, "user");
    struct account a;
    bool made, adopted;
    int r = account_read(name, &a);

    if (r == -ENOENT)
        return check_home(&in->in.spec, NULL, e);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "/etc/passwd: %s", strerror(-r));
    made = strstr(a.gecos, in->in.uuid);
    adopted =
        !made && json_int(user, "uid", -1) == (int64_t)a.uid && json_bool(user, "adopted", false);
    if (!made && !adopted && !in->adopt_user)
        return refuse_unknown(name, e);
    r = made || adopted ? 0 : check_foreign(&in->in.spec, &a, e);
    if (r == 0)
        r = check_same_home(&in->in.spec, &a, e);
    if (r == 0)
        r = check_home(&in->in.spec, &a, e);
    if (r == 0 && !in->previous) /* while it is set up there is no way to any */
        r = check_jobs(&in->in.spec, a.uid, e);
    if (r == 0 && adopted)
        in->adopt_user = true;
    return r;
}
