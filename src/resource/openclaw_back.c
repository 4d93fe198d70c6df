/* Kind openclaw, on the way back: the original bytes, or the text without what is ours. */
#include "base/json.h"
#include "base/mem.h"
#include "resource/aside.h"
#include "resource/kinds.h"
#include "resource/openclaw_parts.h"

#include <string.h>

static int put_original(struct run *run, const char *id, const cJSON *now, const cJSON *before,
                        struct err *e)
{
    autofree char *parent = profile_parent(id);
    autojson cJSON *none = want_absent(), *dir = want_directory(0700, 0, 0);
    int r;

    if (!parent || !none || !dir)
        return -ENOMEM;
    if (profile_is(before, "file") && profile_parent_is(now, "absent")) {
        r = profile_make_parent(run, id, before, e);
        return r < 0 ? r : kind_file.put(run, id, none, before, e);
    }
    r = kind_file.put(run, id, now, before, e);
    if (r == 0 && profile_is(before, "absent") && profile_parent_is(before, "absent") &&
        !profile_parent_is(now, "absent")) {
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
    bool beside = profile_parent_is(now, "strange");
    autofree char *parent = profile_parent(id);
    autojson cJSON *cleared = NULL;
    int r;

    if (!parent)
        return -ENOMEM;
    if (beside && !profile_is(before, "file"))
        return 0; /* theirs, and nothing to put there */
    r = keep_aside(run, beside ? parent : id, "can't be read any more", e);
    if (r == 0)
        r = profile_look(run, id, &cleared, e);
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
        return profile_same_key(now, left, "digest");
    if (profile_is(before, "absent"))
        return fresh && strcmp(digest, fresh) == 0;
    if (profile_bytes(run, before, "digest", &was) < 0 ||
        openclaw_apply(profile_text(&was), profile_edits(left), &made, NULL) < 0)
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

    if (r == 0 && profile_is(before, "file") && cJSON_HasObjectItem(left, "digest") &&
        !profile_same_owner(now, left))
        r = profile_wear(state, now);
    return r < 0 ? r : put_original(run, id, now, state, e);
}

/* Somebody went on editing: our keys go, key by key. */
static int withdraw(struct run *run, const char *id, const cJSON *now, const cJSON *before,
                    const cJSON *left, struct err *e)
{
    const struct openclaw_report report = { report_kept, run };
    autobuf struct buf bytes = { 0 }, was = { 0 }, text = { 0 };
    struct text original = { 0 };
    int r = profile_bytes(run, now, "digest", &bytes);

    if (r == 0 && profile_is(before, "file") &&
        (r = profile_bytes(run, before, "digest", &was)) == 0)
        original = profile_text(&was);
    if (r == 0)
        r = openclaw_withdraw(profile_text(&bytes), original, profile_edits(left), &report, &text,
                              e);
    if (r < 0)
        return r;
    if (profile_is(before, "absent") && openclaw_is_bare(profile_text(&text)))
        return put_original(run, id, now, before, e);
    return profile_write(run, id, now, profile_text(&text), now, e);
}

int profile_take_back(struct run *run, const char *id, const cJSON *was_now, const cJSON *before,
                      const cJSON *left, struct err *e)
{
    autojson cJSON *now = NULL;
    struct err why = { 0 };
    int r = profile_look(run, id, &now, e); /* the agent may have written until it stopped */

    (void)was_now;
    if (r < 0 || profile_same(now, before))
        return r;
    if (profile_is(now, "absent")) {
        if (profile_is(before, "file"))
            run_note(run, "%s: was gone; the original is back", id);
        return put_original(run, id, now, before, e);
    }
    if (!profile_is(now, "file"))
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
