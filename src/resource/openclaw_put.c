/* Kind openclaw, on the way there: the wanted text over what stands there, or a new profile. */
#include "base/json.h"
#include "base/mem.h"
#include "resource/kinds.h"
#include "resource/openclaw_parts.h"
#include "sys/beneath.h"

#include <string.h>
#include <sys/stat.h>

/* Makes state's owner, mode and attributes those of like. */
int profile_wear(cJSON *state, const cJSON *like)
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

int profile_write(struct run *run, const char *id, const cJSON *now, struct text t,
                  const cJSON *like, struct err *e)
{
    autojson cJSON *state = want_file(run->blobs, t.data, t.len, 0600, 0, 0);
    int r = state ? profile_wear(state, like) : -ENOMEM;

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
        return profile_bytes(run, want, "base", out);
    if (!source)
        return buf_puts(out, OPENCLAW_EMPTY);
    r = beneath_open_parent(source, &dir, &base, e);
    if (r < 0)
        return r;
    r = beneath_read(dir, base, PROFILE_MAX, out, &st);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "%s: %s", source, strerror(-r)) : 0;
}

int profile_make_parent(struct run *run, const char *id, const cJSON *like, struct err *e)
{
    autofree char *parent = profile_parent(id);
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
        r = profile_wanted(run, profile_text(&start), want, &text, e);
    if (r == 0 && profile_parent_is(now, "absent"))
        r = profile_make_parent(run, id, want, e);
    return r < 0 ? r : profile_write(run, id, now, profile_text(&text), want, e);
}

static int put_edited(struct run *run, const char *id, const cJSON *now, const cJSON *want,
                      struct err *e)
{
    autobuf struct buf bytes = { 0 }, text = { 0 };
    autojson cJSON *fresh = NULL;
    int r = profile_look(run, id, &fresh, e);

    if (r < 0)
        return r;
    if (!profile_same_key(now, fresh, "digest")) {
        err_set(e, -EAGAIN, EXIT_FAILED, "%s: was changed while this ran", id);
        return err_fix(e, -EAGAIN, "run this again");
    }
    r = profile_bytes(run, now, "digest", &bytes);
    if (r == 0)
        r = profile_wanted(run, profile_text(&bytes), want, &text, e);
    return r < 0 ? r
                 : profile_write(run, id, fresh, profile_text(&text),
                                 json_bool(want, "own", false) ? want : fresh, e);
}

int profile_put(struct run *run, const char *id, const cJSON *now, const cJSON *want, struct err *e)
{
    return (profile_is(now, "absent") ? put_new : put_edited)(run, id, now, want, e);
}
