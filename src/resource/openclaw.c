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
 *     own       the file is root's: mode and owner are wanted too, and nobody else's edits are in
 * it now  kind_file's state, with the edits it was looked at for, "stands" (they are all in force)
 * or "broken" (why the text can't be edited) with "status", and "parent" when the directory is
 *        absent or strange (a link or no directory) */
#include "base/json.h"
#include "base/mem.h"
#include "resource/kinds.h"
#include "resource/openclaw_text.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define PROFILE_MAX (4u << 20)

static const char *const carried[] = { "edits", "fresh", "own" };

static bool type_is(const cJSON *state, const char *type)
{
    const char *t = json_str(state, "type");

    return t && strcmp(t, type) == 0;
}

static bool parent_is(const cJSON *state, const char *what)
{
    const char *p = json_str(state, "parent");

    return p && strcmp(p, what) == 0;
}

static const cJSON *edits_of(const cJSON *state)
{
    return cJSON_GetObjectItemCaseSensitive(state, "edits");
}

static char *parent_path(const char *id)
{
    return strndup(id, (size_t)(strrchr(id, '/') - id));
}

/* Appends the bytes that a state (or a want, under another key) names. */
static int bytes_of(struct run *run, const cJSON *state, const char *key, struct buf *out)
{
    const char *digest = json_str(state, key);

    return digest ? blob_get(run->blobs, run->state_dir, digest, out) : -ENOENT;
}

static struct text text_of(const struct buf *b)
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
    return cJSON_AddStringToObject(j, "broken", why) && cJSON_AddNumberToObject(j, "status", status)
               ? 0
               : -ENOMEM;
}

/* What stands at the path, without a look into it. */
static int look(struct run *run, const char *id, cJSON **ret, struct err *e)
{
    autofree char *parent = parent_path(id);
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
static int wanted_text(struct run *run, struct text now, const cJSON *want, struct buf *out,
                       struct err *e)
{
    const cJSON *former = cJSON_GetObjectItemCaseSensitive(want, "former");
    autobuf struct buf original = { 0 }, without = { 0 };
    int r = 0;

    if (json_bool(want, "plain", false))
        r = openclaw_refuse_includes(now, e);
    if (r == 0 && former && former->child) {
        struct text before = { 0 };

        if (bytes_of(run, want, "original", &original) == 0)
            before = text_of(&original);
        r = openclaw_withdraw(now, before, former, NULL, &without, e);
        now = text_of(&without);
    }
    return r < 0 ? r : openclaw_apply(now, edits_of(want), out, e);
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
    r = bytes_of(run, j, "digest", &bytes);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "openclaw.json: %s", strerror(-r));
    r = wanted_text(run, text_of(&bytes), want, &wanted, &why);
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
    int r = look(run, id, &j, e);

    if (r < 0)
        return r;
    r = carry(j, want);
    if (r == 0 && type_is(j, "file") && edits_of(want))
        r = judge(run, j, want, e);
    else if (r == 0 && !type_is(j, "file") && !type_is(j, "absent") &&
             !cJSON_HasObjectItem(j, "broken"))
        r = add_broken(j, "it is not a regular file of at most 4 MiB with one name", EXIT_MACHINE);
    if (r < 0)
        return r;
    *ret = mem_take(&j);
    return 0;
}

static bool same_key(const cJSON *a, const cJSON *b, const char *key)
{
    return json_same(cJSON_GetObjectItemCaseSensitive(a, key),
                     cJSON_GetObjectItemCaseSensitive(b, key));
}

static bool same_owner(const cJSON *a, const cJSON *b)
{
    return same_key(a, b, "mode") && same_key(a, b, "uid") && same_key(a, b, "gid");
}

static bool openclaw_same(const cJSON *now, const cJSON *want)
{
    if (cJSON_HasObjectItem(want, "type"))
        return kind_file.same(now, want) && same_key(now, want, "parent");
    return type_is(now, "file") && json_bool(now, "stands", false) &&
           (!json_bool(want, "own", false) || same_owner(now, want));
}

static int openclaw_check(const char *id, const cJSON *now, const cJSON *want, struct err *e)
{
    static const char prefix[] = "openclaw.json: ";
    const char *why = json_str(now, "broken");
    autofree char *parent = parent_path(id);
    const char *bad = parent && parent_is(now, "strange") ? parent : id;

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

/* Makes state's owner, mode and attributes those of like. */
static int wear(cJSON *state, const cJSON *like)
{
    static const char *const keys[] = { "mode", "uid", "gid", "xattrs" };

    for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(like, keys[i]);

        cJSON_DeleteItemFromObjectCaseSensitive(state, keys[i]);
        if (item && !cJSON_AddItemToObject(state, keys[i], cJSON_Duplicate(item, true)))
            return -ENOMEM;
    }
    return 0;
}

static int write_text(struct run *run, const char *id, const cJSON *now, struct text t,
                      const cJSON *like, struct err *e)
{
    autojson cJSON *state = want_file(run->blobs, t.data, t.len, 0600, 0, 0);
    int r = state ? wear(state, like) : -ENOMEM;

    return r < 0 ? r : kind_file.put(run, id, now, state, e);
}

/* What a new profile is made of. */
static int starting_text(struct run *run, const cJSON *want, struct buf *out, struct err *e)
{
    const char *source = json_str(want, "source"), *base = NULL;
    autofd int dir = -EBADF;
    struct stat st;
    int r;

    if (cJSON_HasObjectItem(want, "base"))
        return bytes_of(run, want, "base", out);
    if (!source)
        return buf_puts(out, OPENCLAW_EMPTY);
    r = beneath_open_parent(source, &dir, &base, e);
    if (r < 0)
        return r;
    r = beneath_read(dir, base, PROFILE_MAX, out, &st);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "%s: %s", source, strerror(-r)) : 0;
}

static int make_parent(struct run *run, const char *id, const cJSON *like, struct err *e)
{
    autofree char *parent = parent_path(id);
    autojson cJSON *none = want_absent();
    autojson cJSON *dir =
        want_directory(0700, (uid_t)json_int(like, "uid", 0), (gid_t)json_int(like, "gid", 0));

    autofd int there = -EBADF;

    if (!parent || !none || !dir)
        return -ENOMEM;
    if (beneath_open_dir(parent, &there, NULL) == 0)
        return 0; /* made since it was looked for: under strict it is a thing of its own */
    return kind_file.put(run, parent, none, dir, e);
}

static int put_new(struct run *run, const char *id, const cJSON *now, const cJSON *want,
                   struct err *e)
{
    autobuf struct buf start = { 0 }, text = { 0 };
    int r = starting_text(run, want, &start, e);

    if (r == 0)
        r = wanted_text(run, text_of(&start), want, &text, e);
    if (r == 0 && parent_is(now, "absent"))
        r = make_parent(run, id, want, e);
    return r < 0 ? r : write_text(run, id, now, text_of(&text), want, e);
}

static int put_edited(struct run *run, const char *id, const cJSON *now, const cJSON *want,
                      struct err *e)
{
    autobuf struct buf bytes = { 0 }, text = { 0 };
    autojson cJSON *fresh = NULL;
    int r = look(run, id, &fresh, e);

    if (r < 0)
        return r;
    if (!same_key(now, fresh, "digest")) {
        err_set(e, -EAGAIN, EXIT_FAILED, "%s: was changed while this ran", id);
        return err_fix(e, -EAGAIN, "run this again");
    }
    r = bytes_of(run, now, "digest", &bytes);
    if (r == 0)
        r = wanted_text(run, text_of(&bytes), want, &text, e);
    return r < 0 ? r
                 : write_text(run, id, fresh, text_of(&text),
                              json_bool(want, "own", false) ? want : fresh, e);
}

/* Renames whatever stands at the path out of the way. */
static int keep_aside(struct run *run, const char *path, struct err *e)
{
    autofd int dir = -EBADF;
    const char *base;
    char kept[256];
    int r = beneath_open_parent(path, &dir, &base, e);

    if (r < 0)
        return r;
    for (int i = 0; i < 100; i++) {
        snprintf(kept, sizeof kept,
                 i ? "%.200s.kept-by-defenseclaw.%d" : "%.200s.kept-by-defenseclaw", base, i);
        if (renameat2(dir, base, dir, kept, RENAME_NOREPLACE) == 0) {
            run_note(run, "%s: can't be read any more; kept beside as %s", path, kept);
            return 0;
        }
        if (errno != EEXIST)
            break;
    }
    return err_set(e, -errno, EXIT_FAILED, "%s: can't be kept aside: %s", path, strerror(errno));
}

static int put_original(struct run *run, const char *id, const cJSON *now, const cJSON *before,
                        struct err *e)
{
    autofree char *parent = parent_path(id);
    autojson cJSON *none = want_absent(), *dir = want_directory(0700, 0, 0);
    int r;

    if (!parent || !none || !dir)
        return -ENOMEM;
    if (type_is(before, "file") && parent_is(now, "absent")) {
        r = make_parent(run, id, before, e);
        return r < 0 ? r : kind_file.put(run, id, none, before, e);
    }
    r = kind_file.put(run, id, now, before, e);
    if (r == 0 && type_is(before, "absent") && parent_is(before, "absent") &&
        !parent_is(now, "absent")) {
        r = kind_file.put(run, parent, dir, none, e);
        if (r == -ENOTEMPTY) /* the rest of the profile stays */
            r = 0;
    }
    return r;
}

/* Not readable as a profile: it is kept for its owner, and what stood there before comes back. */
static int replace_broken(struct run *run, const char *id, const cJSON *now, const cJSON *before,
                          struct err *e)
{
    bool beside = parent_is(now, "strange");
    autofree char *parent = parent_path(id);
    autojson cJSON *cleared = NULL;
    int r;

    if (!parent)
        return -ENOMEM;
    if (beside && !type_is(before, "file"))
        return 0; /* theirs, and nothing to put there */
    r = keep_aside(run, beside ? parent : id, e);
    if (r == 0)
        r = look(run, id, &cleared, e);
    return r < 0 ? r : put_original(run, id, cleared, before, e);
}

static void report_kept(void *userdata, const char *key)
{
    run_note(userdata, "openclaw.json: %s was changed since setup and stays as it is", key);
}

/* Whether the bytes are those that left says, or, where left is only what was wanted, those that
 * put() makes. */
static bool untouched(struct run *run, const cJSON *now, const cJSON *before, const cJSON *left)
{
    const char *digest = json_str(now, "digest"), *fresh = json_str(left, "fresh");
    autobuf struct buf was = { 0 }, made = { 0 };
    char hex[DIGEST_HEX_LEN + 1];

    if (json_bool(left, "own", false))
        return true;
    if (cJSON_HasObjectItem(left, "digest"))
        return same_key(now, left, "digest");
    if (type_is(before, "absent"))
        return fresh && strcmp(digest, fresh) == 0;
    if (bytes_of(run, before, "digest", &was) < 0 ||
        openclaw_apply(text_of(&was), edits_of(left), &made, NULL) < 0)
        return false;
    digest_hex(buf_str(&made), made.len, hex);
    return strcmp(digest, hex) == 0;
}

/* The original bytes; a mode or owner that somebody set since stays. */
static int give_back(struct run *run, const char *id, const cJSON *now, const cJSON *before,
                     const cJSON *left, struct err *e)
{
    autojson cJSON *state = cJSON_Duplicate(before, true);
    int r = state ? 0 : -ENOMEM;

    if (r == 0 && type_is(before, "file") && cJSON_HasObjectItem(left, "digest") &&
        !same_owner(now, left))
        r = wear(state, now);
    return r < 0 ? r : put_original(run, id, now, state, e);
}

/* Somebody went on editing: our keys go, key by key. */
static int withdraw(struct run *run, const char *id, const cJSON *now, const cJSON *before,
                    const cJSON *left, struct err *e)
{
    const struct openclaw_report report = { report_kept, run };
    autobuf struct buf bytes = { 0 }, was = { 0 }, text = { 0 };
    struct text original = { 0 };
    int r = bytes_of(run, now, "digest", &bytes);

    if (r == 0 && type_is(before, "file") && (r = bytes_of(run, before, "digest", &was)) == 0)
        original = text_of(&was);
    if (r == 0)
        r = openclaw_withdraw(text_of(&bytes), original, edits_of(left), &report, &text, e);
    if (r < 0)
        return r;
    if (type_is(before, "absent") && openclaw_is_bare(text_of(&text)))
        return put_original(run, id, now, before, e);
    return write_text(run, id, now, text_of(&text), now, e);
}

static int openclaw_take_back(struct run *run, const char *id, const cJSON *was_now,
                              const cJSON *before, const cJSON *left, struct err *e)
{
    autojson cJSON *now = NULL;
    struct err why = { 0 };
    int r = look(run, id, &now, e); /* the agent may have written until it stopped */

    (void)was_now;
    if (r < 0 || openclaw_same(now, before))
        return r;
    if (type_is(now, "absent")) {
        if (type_is(before, "file"))
            run_note(run, "%s: was gone; the original is back", id);
        return put_original(run, id, now, before, e);
    }
    if (!type_is(now, "file"))
        return replace_broken(run, id, now, before, e);
    if (untouched(run, now, before, left))
        return give_back(run, id, now, before, left, e);
    r = withdraw(run, id, now, before, left, &why);
    if (r == -EINVAL)
        return replace_broken(run, id, now, before, e);
    if (r < 0 && why.status)
        *e = why;
    return r;
}

static int openclaw_put(struct run *run, const char *id, const cJSON *now, const cJSON *state,
                        struct err *e)
{
    autojson cJSON *left = NULL;

    if (!cJSON_HasObjectItem(state, "type"))
        return (type_is(now, "absent") ? put_new : put_edited)(run, id, now, state, e);
    left = cJSON_Duplicate(now, true); /* of which only the edits are known to be ours */
    if (!left)
        return -ENOMEM;
    cJSON_DeleteItemFromObjectCaseSensitive(left, "digest");
    return openclaw_take_back(run, id, now, state, left, e);
}

static void openclaw_sweep(struct run *run, const char *id)
{
    kind_file.sweep(run, id);
}

static int openclaw_sync(struct run *run, const char *id)
{
    return kind_file.sync(run, id);
}

const struct resource_kind kind_openclaw = {
    .name = "openclaw",
    .observe = openclaw_observe,
    .same = openclaw_same,
    .check = openclaw_check,
    .put = openclaw_put,
    .take_back = openclaw_take_back,
    .sweep = openclaw_sweep,
    .sync = openclaw_sync,
    .shared = true,
};
