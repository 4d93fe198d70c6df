/* Kind account: a system user with its group, made and removed by shadow's own programs. The user
 * carries the instance's uuid in its GECOS; a group can't carry one and is known by the gid that
 * was chosen beforehand and journaled. */
#include "base/json.h"
#include "base/mem.h"
#include "resource/kinds.h"
#include "sys/accounts.h"
#include "sys/process.h"

#include <string.h>

cJSON *want_account(const char *user, uid_t uid, gid_t gid, const char *home, const char *gecos)
{
    autojson cJSON *j = cJSON_CreateObject();

    if (!j || !cJSON_AddStringToObject(j, "type", "account") ||
        !cJSON_AddStringToObject(j, "user", user) || !cJSON_AddNumberToObject(j, "uid", uid) ||
        !cJSON_AddNumberToObject(j, "gid", gid) || !cJSON_AddStringToObject(j, "home", home) ||
        !cJSON_AddStringToObject(j, "shell", "/bin/bash") ||
        !cJSON_AddStringToObject(j, "gecos", gecos))
        return NULL;
    return mem_take(&j);
}

static cJSON *describe_absent(const struct account *a)
{
    autojson cJSON *j = want_absent();

    if (j && a->group && !cJSON_AddNumberToObject(j, "gid", a->gid))
        return NULL;
    return mem_take(&j);
}

static cJSON *describe(const char *user, const struct account *a)
{
    autojson cJSON *j = want_account(user, a->uid, a->gid, a->home, a->gecos);

    if (!j || !cJSON_ReplaceItemInObjectCaseSensitive(j, "shell", cJSON_CreateString(a->shell)) ||
        !cJSON_AddBoolToObject(j, "group", a->group) ||
        !cJSON_AddBoolToObject(j, "subids", a->subids) ||
        !cJSON_AddBoolToObject(j, "locked", a->locked) ||
        !cJSON_AddStringToObject(j, "other_group", a->other_group))
        return NULL;
    return mem_take(&j);
}

static int account_observe(struct run *run, const char *id, const cJSON *want, cJSON **ret,
                           struct err *e)
{
    struct account a;
    int r = account_read(id, &a);

    (void)run;
    (void)want;
    if (r < 0 && r != -ENOENT)
        return err_set(e, r, EXIT_FAILED, "user %s: %s", id, strerror(-r));
    *ret = r == 0 ? describe(id, &a) : describe_absent(&a);
    return *ret ? 0 : -ENOMEM;
}

static bool same_text(const cJSON *a, const cJSON *b, const char *key)
{
    const char *x = json_str(a, key), *y = json_str(b, key);

    return x && y && strcmp(x, y) == 0;
}

/* A wanted account is right when nothing has been added to it; an adopted one is somebody else's in
 * name, shell and comment. */
static bool account_same(const cJSON *now, const cJSON *want)
{
    const char *other = json_str(now, "other_group");

    if (!same_text(now, want, "type"))
        return false;
    if (strcmp(json_str(now, "type"), "absent") == 0)
        return json_int(now, "gid", -1) == json_int(want, "gid", -1);
    if (!same_text(now, want, "home") || json_int(now, "uid", -1) != json_int(want, "uid", -2) ||
        json_int(now, "gid", -1) != json_int(want, "gid", -2) || !json_bool(now, "group", false) ||
        json_bool(now, "subids", true) || !other || other[0])
        return false;
    return json_bool(want, "adopted", false) ||
           (same_text(now, want, "shell") && same_text(now, want, "gecos") &&
            json_bool(now, "locked", false));
}

static int ran(const char *program, const char *user, int status, struct buf *out, struct err *e)
{
    const char *text;

    if (status == 0)
        return 0;
    if (status < 0)
        return err_set(e, status, EXIT_FAILED, "%s: %s", program, strerror(-status));
    buf_puts(out, "");
    out->data[strcspn(buf_str(out), "\n")] = '\0';
    text = buf_str(out);
    return err_set(e, -EIO, EXIT_FAILED, "%s %s: ended with %d: %s", program, user, status,
                   text[0] ? text : "(it says nothing)");
}

static int run_groupadd(const char *user, gid_t gid, struct err *e)
{
    autobuf struct buf out = { 0 };
    char number[16];
    const char *argv[] = { "/usr/sbin/groupadd", "-r", "-g", number, user, NULL };

    snprintf(number, sizeof number, "%u", gid);
    return ran(argv[0], user, process_run(argv, NULL, 0, &out), &out, e);
}

/* A system user: no subordinate ids, no mail spool, no home made (row "home" does that), a locked
 * password. */
static int run_useradd(const char *user, const cJSON *state, struct err *e)
{
    autobuf struct buf out = { 0 };
    char uid[16], gid[16];
    const char *argv[] = { "/usr/sbin/useradd",
                           "-r",
                           "-M",
                           "-N",
                           "-u",
                           uid,
                           "-g",
                           gid,
                           "-d",
                           json_str(state, "home"),
                           "-s",
                           json_str(state, "shell"),
                           "-c",
                           json_str(state, "gecos"),
                           user,
                           NULL };

    snprintf(uid, sizeof uid, "%u", (uid_t)json_int(state, "uid", 0));
    snprintf(gid, sizeof gid, "%u", (gid_t)json_int(state, "gid", 0));
    return ran(argv[0], user, process_run(argv, NULL, 0, &out), &out, e);
}

static int run_remove(const char *program, const char *user, struct err *e)
{
    autobuf struct buf out = { 0 };
    const char *argv[] = { program, user, NULL };

    return ran(program, user, process_run(argv, NULL, 0, &out), &out, e);
}

static int refuse_foreign(const char *user, struct err *e)
{
    err_set(e, -EEXIST, EXIT_MACHINE, "user %s: exists already, and was not made by this instance",
            user);
    return err_fix(e, -EEXIST,
                   "choose another instance with --name, or take the user over with "
                   "--adopt-user");
}

static int make_account(const char *user, const cJSON *now, const cJSON *state, struct err *e)
{
    gid_t gid = (gid_t)json_int(state, "gid", 0), there;
    int r = 0;

    if (strcmp(json_str(now, "type"), "account") == 0)
        return refuse_foreign(user, e);
    if (gid == 0 || json_int(state, "uid", 0) == 0)
        return err_set(e, -EINVAL, EXIT_FAILED, "user %s: refusing id 0", user);
    if (group_read(user, &there) < 0)
        r = run_groupadd(user, gid, e);
    else if (there != gid)
        return err_set(e, -EEXIST, EXIT_MACHINE, "group %s: exists already with gid %u", user,
                       there);
    return r < 0 ? r : run_useradd(user, state, e);
}

/* What setup makes is known by its comment: the sandbox's carries the uuid, the gateway's is no
 * instance's alone. */
static bool made_by_setup(const struct run *run, const cJSON *now)
{
    const char *gecos = json_str(now, "gecos");

    return gecos && (strstr(gecos, run->uuid) || strcmp(gecos, "DefenseClaw gateway") == 0);
}

/* userdel takes the user's own group along where login.defs says so, and leaves it elsewhere. */
static int remove_account(struct run *run, const char *user, const cJSON *now, const cJSON *state,
                          struct err *e)
{
    gid_t gid;
    int r = 0;

    if (strcmp(json_str(now, "type"), "account") == 0)
        r = made_by_setup(run, now) ? run_remove("/usr/sbin/userdel", user, e)
                                    : refuse_foreign(user, e);
    if (r == 0 && json_int(state, "gid", -1) < 0 && group_read(user, &gid) == 0)
        r = run_remove("/usr/sbin/groupdel", user, e);
    return r;
}

static int account_put(struct run *run, const char *id, const cJSON *now, const cJSON *state,
                       struct err *e)
{
    const char *type = json_str(state, "type");

    if (!type)
        return -EBADMSG;
    return strcmp(type, "absent") == 0 ? remove_account(run, id, now, state, e)
                                       : make_account(id, now, state, e);
}

/* After a kill: half of what was begun goes, an account that somebody made meanwhile stays. */
static int account_take_back(struct run *run, const char *id, const cJSON *now, const cJSON *before,
                             const cJSON *left, struct err *e)
{
    bool account = strcmp(json_str(now, "type"), "account") == 0;
    bool ours =
        account ? made_by_setup(run, now) && json_int(now, "uid", -1) == json_int(left, "uid", -2)
                : json_int(now, "gid", -1) == json_int(left, "gid", -2);

    if (ours)
        return account_put(run, id, now, before, e);
    run_note(run, "%s %s: was made by somebody else meanwhile, and stays",
             account ? "user" : "group", id);
    return 0;
}

const struct resource_kind kind_account = {
    .name = "account",
    .observe = account_observe,
    .same = account_same,
    .put = account_put,
    .take_back = account_take_back,
};
