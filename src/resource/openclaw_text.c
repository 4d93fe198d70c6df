#include "resource/openclaw_text.h"

#include "base/json.h"
#include "base/json5.h"
#include "base/mem.h"

#include <string.h>

#define WHAT "openclaw.json"
#define DEPTH_MAX 8 /* keys in a path of ours */

/* One edit, read from its JSON. */
struct edit {
    const char *keys[DEPTH_MAX];
    size_t depth;
    char *value; /* owned: the text of value or entry */
    bool entry;
    bool present;
};

static int edit_read(const cJSON *j, struct edit *ret, struct err *e)
{
    const cJSON *path = cJSON_GetObjectItemCaseSensitive(j, "path"), *key;
    const cJSON *add = cJSON_GetObjectItemCaseSensitive(j, "add");

    *ret = (struct edit){ .entry = add != NULL, .present = json_bool(j, "present", false) };
    cJSON_ArrayForEach(key, path)
    {
        if (!cJSON_IsString(key) || ret->depth == DEPTH_MAX)
            return err_set(e, -EBADMSG, EXIT_FAILED, WHAT ": an edit is not understood");
        ret->keys[ret->depth++] = key->valuestring;
    }
    ret->value = cJSON_PrintUnformatted(add ? add : cJSON_GetObjectItemCaseSensitive(j, "value"));
    if (!ret->value || !ret->depth) {
        free(ret->value);
        return err_set(e, -EBADMSG, EXIT_FAILED, WHAT ": an edit is not understood");
    }
    return 0;
}

static struct json5_path path_of(const struct edit *ed)
{
    return (struct json5_path){ ed->keys, ed->depth };
}

static void path_name(const struct edit *ed, struct buf *out)
{
    for (size_t i = 0; i < ed->depth; i++)
        buf_printf(out, "%s%s", i ? "." : "", ed->keys[i]);
}

static bool equals(const struct json5 *d, const struct json5_node *n, const char *value)
{
    return json5_text_equal(d->text + n->start, n->end - n->start, value, strlen(value));
}

static bool holds(const struct json5 *d, const struct json5_node *list, const char *value)
{
    if (list->type == JSON5_ARRAY)
        for (const struct json5_node *n = json5_child(d, list); n; n = json5_next(d, n))
            if (equals(d, n, value))
                return true;
    return false;
}

/* What is done for one edit: gives the whole next text. */
typedef int (*step_fn)(struct text now, struct text before, const struct edit *ed,
                       const struct openclaw_report *report, struct buf *out, struct err *e);

static int copy(struct text t, struct buf *out)
{
    return buf_add(out, t.data, t.len);
}

static int apply_one(struct text now, struct text before, const struct edit *ed,
                     const struct openclaw_report *report, struct buf *out, struct err *e)
{
    autojson5 struct json5 d = { 0 };
    const struct json5_node *n;
    int r = json5_parse(WHAT, now.data, now.len, &d, e);

    (void)before;
    (void)report;
    if (r < 0)
        return r;
    r = json5_find(&d, path_of(ed), &n, NULL, e);
    if (r < 0 && r != -ENOENT)
        return r;
    if (r == -ENOENT ? ed->present : !ed->entry && equals(&d, n, ed->value))
        return copy(now, out);
    return (ed->entry ? json5_array_add : json5_set)(WHAT, now.data, now.len, path_of(ed),
                                                     ed->value, out, e);
}

static int run_steps(step_fn step, struct text now, struct text before, const cJSON *edits,
                     const struct openclaw_report *report, struct buf *out, struct err *e)
{
    const cJSON *j;

    copy(now, out);
    cJSON_ArrayForEach(j, edits)
    {
        struct text last = { buf_str(out), out->len };
        struct buf next = { 0 };
        struct edit ed;
        int r = edit_read(j, &ed, e);

        if (r < 0)
            return r;
        r = step(last, before, &ed, report, &next, e);
        free(ed.value);
        if (r < 0) {
            buf_done(&next);
            return r;
        }
        buf_done(out);
        *out = next;
    }
    return out->failed ? err_set(e, out->failed, EXIT_FAILED, WHAT ": out of memory") : 0;
}

int openclaw_apply(struct text now, const cJSON *edits, struct buf *out, struct err *e)
{
    return run_steps(apply_one, now, (struct text){ 0 }, edits, NULL, out, e);
}

/* Both texts at the place of one edit. */
struct places {
    struct json5 now, before;
    const struct json5_node *in_now, *in_before; /* NULL: not there */
    size_t kept;                                 /* keys of the path that stood before */
    bool strange; /* in now: a key stands twice, or a parent is no object */
};

static void places_done(struct places *p)
{
    json5_done(&p->now);
    json5_done(&p->before);
}

static int places_find(struct text now, struct text before, const struct edit *ed, struct places *p,
                       struct err *e)
{
    const struct json5_node *n;
    int r = json5_parse(WHAT, now.data, now.len, &p->now, e);

    if (r < 0)
        return r;
    r = json5_find(&p->now, path_of(ed), &n, NULL, NULL);
    p->in_now = r == 0 ? n : NULL;
    p->strange = r < 0 && r != -ENOENT;
    if (before.data && json5_parse(WHAT, before.data, before.len, &p->before, NULL) == 0 &&
        json5_find(&p->before, path_of(ed), &n, &p->kept, NULL) == 0)
        p->in_before = n;
    return 0;
}

static int withdraw_value(struct text now, const struct places *p, const struct edit *ed,
                          bool *ret_theirs, struct buf *out, struct err *e)
{
    const struct json5_node *cur = p->in_now, *was = p->in_before;
    autobuf struct buf value = { 0 };

    if (!cur || !equals(&p->now, cur, ed->value)) {
        *ret_theirs = cur ? !was || !json5_equal(&p->now, cur, &p->before, was) : was != NULL;
        return copy(now, out);
    }
    if (!was && ed->present) /* it stood there when it was edited: who put it in isn't known */
        return copy(now, out);
    if (!was)
        return json5_remove(WHAT, now.data, now.len, path_of(ed), p->kept, out, e);
    if (equals(&p->before, was, ed->value))
        return copy(now, out);
    buf_add(&value, p->before.text + was->start, was->end - was->start);
    return json5_set(WHAT, now.data, now.len, path_of(ed), buf_str(&value), out, e);
}

/* A list that we made goes with its last entry. */
static int drop_empty_list(const struct places *p, const struct edit *ed, struct buf *out,
                           struct err *e)
{
    autojson5 struct json5 d = { 0 };
    autobuf struct buf was = { 0 };
    const struct json5_node *n;
    int r = p->in_before ? -ENOENT : json5_parse(WHAT, buf_str(out), out->len, &d, e);

    if (r == 0)
        r = json5_find(&d, path_of(ed), &n, NULL, e);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    if (n->end - n->start != 2) /* [] alone: a comment of theirs keeps it */
        return 0;
    was = *out;
    *out = (struct buf){ 0 };
    return json5_remove(WHAT, buf_str(&was), was.len, path_of(ed), p->kept, out, e);
}

static int withdraw_entry(struct text now, const struct places *p, const struct edit *ed,
                          bool *ret_theirs, struct buf *out, struct err *e)
{
    int r;

    *ret_theirs = p->in_now && p->in_now->type != JSON5_ARRAY;
    if (!p->in_now || *ret_theirs || !holds(&p->now, p->in_now, ed->value) ||
        (p->in_before && holds(&p->before, p->in_before, ed->value)))
        return copy(now, out);
    r = json5_array_remove(WHAT, now.data, now.len, path_of(ed), ed->value, out, e);
    return r < 0 ? r : drop_empty_list(p, ed, out, e);
}

static int withdraw_one(struct text now, struct text before, const struct edit *ed,
                        const struct openclaw_report *report, struct buf *out, struct err *e)
{
    struct places p = { 0 };
    bool theirs = false;
    int r = places_find(now, before, ed, &p, e);

    if (r == 0 && p.strange) {
        theirs = true;
        r = copy(now, out);
    } else if (r == 0) {
        r = (ed->entry ? withdraw_entry : withdraw_value)(now, &p, ed, &theirs, out, e);
    }
    if (r == 0 && theirs && report) {
        autobuf struct buf name = { 0 };

        path_name(ed, &name);
        report->kept(report->userdata, buf_str(&name));
    }
    places_done(&p);
    return r;
}

int openclaw_withdraw(struct text now, struct text before, const cJSON *edits,
                      const struct openclaw_report *report, struct buf *out, struct err *e)
{
    return run_steps(withdraw_one, now, before, edits, report, out, e);
}

bool openclaw_is_bare(struct text t)
{
    autojson5 struct json5 d = { 0 };

    if (json5_parse(WHAT, t.data, t.len, &d, NULL) < 0 || d.nodes[0].type != JSON5_OBJECT)
        return false;
    for (size_t i = 0; i < t.len; i++)
        if (!strchr("{} \t\r\n", t.data[i]))
            return false;
    return true;
}

int openclaw_refuse_includes(struct text t, struct err *e)
{
    autojson5 struct json5 d = { 0 };
    int r = json5_parse(WHAT, t.data, t.len, &d, e);

    for (size_t i = 0; r == 0 && i < d.count; i++) {
        const struct json5_node *n = &d.nodes[i];
        autobuf struct buf key = { 0 };

        if (n->key_end > n->key)
            json5_unescape(&d, n->key, n->key_end, &key);
        if (key.len == strlen("$include") && strcmp(buf_str(&key), "$include") == 0)
            return err_set(e, -EPERM, EXIT_USAGE,
                           WHAT
                           ": line %u: $include: under policy strict the profile is root's and "
                           "includes no files of the sandbox user",
                           json5_line(&d, n->key));
    }
    return r;
}
