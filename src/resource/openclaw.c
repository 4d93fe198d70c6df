/* Kind openclaw: the profile of the agent, a person's JSON5 file in a directory that the sandbox
 * user owns. Bytes, owner and mode are kind_file's business; this kind knows which text is wanted
 * there, and which text is left when what is ours is taken back.
 *
 *   want {"edits":[…],"former":[…],"original":DIGEST,"base":DIGEST,"fresh":DIGEST,"source":PATH,
 *         "plain":true,"own":true,"mode","uid","gid"}
 *     edits     see openclaw_text.h
 *     former    edits of an earlier run that are no longer wanted; original names the text that
 *               they are taken back to (left out: there was no file)
 *     base      the text to start from when there is no file; source: the file to copy then
 *     fresh     digest of what is made of base, so that an unfinished run knows its own file
 *     plain     refuse $include: the text will be copied to where it includes nothing
 *     own       the file is root's: mode and owner are wanted too, and all edits in it are ours
 *
 *   now  kind_file's state and the edits it was looked at for, with
 *     stands    whether they are all in force
 *     broken    why the text can't be edited, with the exit status
 *     parent    "absent", or "strange": a link or a file where the directory should be */
#include "base/json.h"
#include "base/mem.h"
#include "resource/kinds.h"
#include "resource/openclaw_parts.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char *const carried[] = { "edits", "fresh", "own" };

bool profile_is(const cJSON *state, const char *type)
{
    const char *t = json_str(state, "type");

    return t && strcmp(t, type) == 0;
}

bool profile_parent_is(const cJSON *state, const char *what)
{
    const char *p = json_str(state, "parent");

    return p && strcmp(p, what) == 0;
}

const cJSON *profile_edits(const cJSON *state)
{
    return cJSON_GetObjectItemCaseSensitive(state, "edits");
}

char *profile_parent(const char *id)
{
    return strndup(id, (size_t)(strrchr(id, '/') - id));
}

/* Appends the bytes that a state (or a want, under another key) names. */
int profile_bytes(struct run *run, const cJSON *state, const char *key, struct buf *out)
{
    const char *digest = json_str(state, key);

    return digest ? blob_get(run->blobs, run->state_dir, digest, out) : -ENOENT;
}

struct text profile_text(const struct buf *b)
{
    return (struct text){ buf_str(b), b->len };
}

static cJSON *strange(const char *why)
{
    autojson cJSON *j = cJSON_CreateObject();

    if (!j || !cJSON_AddStringToObject(j, "type", "other") ||
        !cJSON_AddStringToObject(j, "parent", "strange") ||
        !cJSON_AddStringToObject(j, "broken", why))
        return NULL;
    return mem_take(&j);
}

static int add_broken(cJSON *j, const char *why, enum exit_status status)
{
    if (!json_text_ok(why)) /* it may quote a part of the file */
        why = "its text can't be edited";
    return cJSON_AddStringToObject(j, "broken", why) && cJSON_AddNumberToObject(j, "status", status)
               ? 0
               : -ENOMEM;
}

/* What stands at the path, without a look into it. */
int profile_look(struct run *run, const char *id, cJSON **ret, struct err *e)
{
    autofree char *parent = profile_parent(id);
    autofd int dir = -EBADF;
    struct err why = { 0 };
    int r;

    if (!parent)
        return -ENOMEM;
    r = beneath_open_dir(parent, &dir, &why);
    if (r == -ELOOP || r == -ENOTDIR) {
        *ret = strange(why.text);
        return *ret ? 0 : -ENOMEM;
    }
    if (r == 0) {
        const char *base = strrchr(id, '/') + 1;
        struct stat st;

        if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_size > PROFILE_MAX) {
            *ret = cJSON_CreateObject();
            return *ret && cJSON_AddStringToObject(*ret, "type", "other") ? 0 : -ENOMEM;
        }
    }
    if (r < 0 && r != -ENOENT)
        return err_set(e, r, EXIT_FAILED, "%s", why.text);
    if (r == 0)
        return kind_file.observe(run, id, NULL, ret, e);
    *ret = want_absent();
    return *ret && cJSON_AddStringToObject(*ret, "parent", "absent") ? 0 : -ENOMEM;
}

/* The text that want makes of a text. */
int profile_wanted(struct run *run, struct text now, const cJSON *want, struct buf *out,
                   struct err *e)
{
    const cJSON *former = cJSON_GetObjectItemCaseSensitive(want, "former");
    autobuf struct buf original = { 0 }, without = { 0 };
    int r = 0;

    if (json_bool(want, "plain", false))
        r = openclaw_refuse_includes(now, e);
    if (r == 0 && former && former->child) {
        struct text before = { 0 };

        if (profile_bytes(run, want, "original", &original) == 0)
            before = profile_text(&original);
        r = openclaw_withdraw(now, before, former, NULL, &without, e);
        now = profile_text(&without);
    }
    return r < 0 ? r : openclaw_apply(now, profile_edits(want), out, e);
}

/* Whether its owner and its text are such that we may edit it, and whether the edits stand. */
static int judge(struct run *run, cJSON *j, const cJSON *want, struct err *e)
{
    uid_t uid = (uid_t)json_int(j, "uid", 0);
    autobuf struct buf bytes = { 0 }, wanted = { 0 };
    struct err why = { 0 };
    int r;

    if (uid != 0 && !cJSON_HasObjectItem(want, "type") && uid != (uid_t)json_int(want, "uid", 0))
        return add_broken(j, "it belongs to another user", EXIT_MACHINE);
    r = profile_bytes(run, j, "digest", &bytes);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "openclaw.json: %s", strerror(-r));
    r = profile_wanted(run, profile_text(&bytes), want, &wanted, &why);
    if (r == -ENOMEM)
        return err_set(e, r, EXIT_FAILED, "openclaw.json: out of memory");
    if (r < 0)
        return add_broken(j, why.text, r == -EEXIST || r == -EPERM ? EXIT_USAGE : EXIT_MACHINE);
    return cJSON_AddBoolToObject(j, "stands",
                                 wanted.len == bytes.len &&
                                     memcmp(buf_str(&wanted), buf_str(&bytes), bytes.len) == 0)
               ? 0
               : -ENOMEM;
}

static int carry(cJSON *j, const cJSON *want)
{
    for (size_t i = 0; i < N_ELEMENTS(carried); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(want, carried[i]);

        if (item && !cJSON_AddItemToObject(j, carried[i], cJSON_Duplicate(item, true)))
            return -ENOMEM;
    }
    return 0;
}

static int openclaw_observe(struct run *run, const char *id, const cJSON *want, cJSON **ret,
                            struct err *e)
{
    autojson cJSON *j = NULL;
    int r = profile_look(run, id, &j, e);

    if (r < 0)
        return r;
    r = carry(j, want);
    if (r == 0 && profile_is(j, "file") && profile_edits(want))
        r = judge(run, j, want, e);
    else if (r == 0 && !profile_is(j, "file") && !profile_is(j, "absent") &&
             !cJSON_HasObjectItem(j, "broken"))
        r = add_broken(j, "it is not a regular file of at most 4 MiB with one name", EXIT_MACHINE);
    if (r < 0)
        return r;
    *ret = mem_take(&j);
    return 0;
}

bool profile_same_key(const cJSON *a, const cJSON *b, const char *key)
{
    return json_same(cJSON_GetObjectItemCaseSensitive(a, key),
                     cJSON_GetObjectItemCaseSensitive(b, key));
}

bool profile_same_owner(const cJSON *a, const cJSON *b)
{
    return profile_same_key(a, b, "mode") && profile_same_key(a, b, "uid") &&
           profile_same_key(a, b, "gid");
}

bool profile_same(const cJSON *now, const cJSON *want)
{
    if (cJSON_HasObjectItem(want, "type"))
        return kind_file.same(now, want) && profile_same_key(now, want, "parent");
    return profile_is(now, "file") && json_bool(now, "stands", false) &&
           (!json_bool(want, "own", false) || profile_same_owner(now, want));
}

static int openclaw_check(const char *id, const cJSON *now, const cJSON *want, struct err *e)
{
    static const char prefix[] = "openclaw.json: ";
    const char *why = json_str(now, "broken");
    autofree char *parent = profile_parent(id);
    const char *bad = parent && profile_parent_is(now, "strange") ? parent : id;

    (void)want;
    if (!why)
        return 0;
    if (strncmp(why, prefix, sizeof prefix - 1) == 0)
        why += sizeof prefix - 1;
    if (json_int(now, "status", EXIT_MACHINE) == EXIT_USAGE) {
        err_set(e, -EINVAL, EXIT_USAGE, "%s: %s", id, why);
        return err_fix(e, -EINVAL, "correct %s, then run this again", id);
    }
    err_set(e, -EINVAL, EXIT_MACHINE, "openclaw.json: master_key not found: %s: %s", id, why);
    return err_fix(e, -EINVAL, "mv %s %s.broken", bad, bad);
}

static int openclaw_put(struct run *run, const char *id, const cJSON *now, const cJSON *state,
                        struct err *e)
{
    autojson cJSON *left = NULL;

    if (!cJSON_HasObjectItem(state, "type"))
        return profile_put(run, id, now, state, e);
    left = cJSON_Duplicate(now, true); /* of which only the edits are known to be ours */
    if (!left)
        return -ENOMEM;
    cJSON_DeleteItemFromObjectCaseSensitive(left, "digest");
    return profile_take_back(run, id, now, state, left, e);
}

static void openclaw_sweep(struct run *run, const char *id)
{
    kind_file.sweep(run, id);
}

static int openclaw_sync(struct run *run, const char *id, struct err *e)
{
    return kind_file.sync(run, id, e);
}

const struct resource_kind kind_openclaw = {
    .name = "openclaw",
    .observe = openclaw_observe,
    .same = profile_same,
    .check = openclaw_check,
    .put = openclaw_put,
    .take_back = profile_take_back,
    .sweep = openclaw_sweep,
    .sync = openclaw_sync,
    .shared = true,
};
