/* Row 4: which keys of OpenClaw's profile are ours. The provider sections stay as they are until
 * there is a guardrail to point them at. */
#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "engine/record.h"
#include "provision/tree.h"
#include "resource/kinds.h"
#include "resource/openclaw_text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <string.h>

#define STEP "OpenClaw"

#define GATEWAY "gateway"
#define OURS "plugins", "entries", "defenseclaw"

static cJSON *path_json(va_list keys)
{
    autojson cJSON *path = cJSON_CreateArray();
    const char *key;

    while (path && (key = va_arg(keys, const char *)))
        if (!cJSON_AddItemToArray(path, cJSON_CreateString(key)))
            return NULL;
    return mem_take(&path);
}

/* Adds one edit; takes value. what is "value" or "add"; the keys of the path end with NULL. */
static void edit(cJSON *edits, const char *what, cJSON *value, ...)
{
    cJSON *one = cJSON_CreateObject(), *path;
    va_list keys;

    va_start(keys, value);
    path = path_json(keys);
    va_end(keys);
    cJSON_AddItemToObject(one, "path", path);
    cJSON_AddItemToObject(one, what, value);
    cJSON_AddItemToArray(edits, one);
}

#define SET(value, ...) edit(edits, "value", value, __VA_ARGS__, NULL)
#define ADD(text, ...) edit(edits, "add", cJSON_CreateString(text), __VA_ARGS__, NULL)

/* The edit just added counts only where its key stands. */
static void only_where_present(cJSON *edits)
{
    cJSON_AddTrueToObject(cJSON_GetArrayItem(edits, cJSON_GetArraySize(edits) - 1), "present");
}

static void gateway_edits(const struct spec *s, cJSON *edits)
{
    char ip[INET_ADDRSTRLEN], origin[64];

    inet_ntop(AF_INET, &s->sandbox_ip, ip, sizeof ip);
    SET(cJSON_CreateString("local"), GATEWAY, "mode");
    SET(cJSON_CreateString("custom"), GATEWAY, "bind"); /* its default in a container is 0.0.0.0 */
    SET(cJSON_CreateString(ip), GATEWAY, "customBindHost");
    SET(cJSON_CreateNumber(s->openclaw_port), GATEWAY, "port");
    /* The token of ~/.defenseclaw/.env is in force whatever else the profile asks for. */
    SET(cJSON_CreateString("token"), GATEWAY, "auth", "mode");
    only_where_present(edits);
    if (s->no_host_networking)
        return;
    snprintf(origin, sizeof origin, "http://127.0.0.1:%u", s->relay_port);
    ADD(origin, GATEWAY, "controlUi", "allowedOrigins");
    snprintf(origin, sizeof origin, "http://localhost:%u", s->relay_port);
    ADD(origin, GATEWAY, "controlUi", "allowedOrigins");
}

static void plugin_edits(const struct spec *s, const char *plugin, cJSON *edits)
{
    char ip[INET_ADDRSTRLEN], endpoint[64];

    ADD(plugin, "plugins", "load", "paths");
    /* Lists and switches that would keep it from loading, where somebody has them. */
    ADD("defenseclaw", "plugins", "allow");
    only_where_present(edits);
    SET(cJSON_CreateTrue(), "plugins", "enabled");
    only_where_present(edits);
    SET(cJSON_CreateTrue(), OURS, "enabled");
    SET(cJSON_CreateTrue(), OURS, "hooks", "allowConversationAccess");
    if (s->no_guardrail)
        return;
    inet_ntop(AF_INET, &s->host_ip, ip, sizeof ip);
    snprintf(endpoint, sizeof endpoint, "http://%s:%d", ip, PORT_API);
    /* No mode: it is the policy's, which the gateway holds. In a file of the agent's it would mean
     * nothing, and another template would have to restart the agent. */
    SET(cJSON_CreateString(endpoint), OURS, "config", "guardrail", "endpoint");
}

/* NULL when out of memory. */
static cJSON *make_edits(const struct spec *s)
{
    autofree char *plugin = path_join(s->home, ".claw/extensions/defenseclaw");
    autofree char *skills = path_join(s->home, ".claw/skills");
    cJSON *edits = cJSON_CreateArray();

    if (!plugin || !skills || !edits) {
        cJSON_Delete(edits);
        return NULL;
    }
    gateway_edits(s, edits);
    plugin_edits(s, plugin, edits);
    ADD(skills, "skills", "load", "extraDirs");
    return edits;
}

/* Whether edits say what becomes of an old edit: the same, or another value for its key. */
static bool superseded(const cJSON *edits, const cJSON *old)
{
    const cJSON *path = cJSON_GetObjectItemCaseSensitive(old, "path"), *one;

    cJSON_ArrayForEach(one, edits)
    {
        if (json_same(one, old))
            return true;
        if (cJSON_HasObjectItem(old, "value") && cJSON_HasObjectItem(one, "value") &&
            json_same(cJSON_GetObjectItemCaseSensitive(one, "path"), path))
            return true;
    }
    return false;
}

/* What an earlier run put in and this one doesn't want any more, and what it goes back to. */
static int add_former(cJSON *want, const cJSON *entry)
{
    const cJSON *after = cJSON_GetObjectItemCaseSensitive(entry, "after"), *old;
    const char *original = json_str(cJSON_GetObjectItemCaseSensitive(entry, "before"), "digest");
    const cJSON *edits = cJSON_GetObjectItemCaseSensitive(want, "edits");
    cJSON *former = cJSON_AddArrayToObject(want, "former");

    if (!former || (original && !cJSON_AddStringToObject(want, "original", original)))
        return -ENOMEM;
    cJSON_ArrayForEach(old, cJSON_GetObjectItemCaseSensitive(after, "edits"))
    {
        if (!superseded(edits, old) && !cJSON_AddItemToArray(former, cJSON_Duplicate(old, true)))
            return -ENOMEM;
    }
    return 0;
}

static int add_owner(cJSON *want, const char *mode, uid_t uid, gid_t gid)
{
    return cJSON_AddStringToObject(want, "mode", mode) &&
                   cJSON_AddNumberToObject(want, "uid", uid) &&
                   cJSON_AddNumberToObject(want, "gid", gid)
               ? 0
               : -ENOMEM;
}

/* The text that a new profile starts from, and the digest of what becomes of it. */
static int add_base(const struct inputs *in, cJSON *want, struct err *e)
{
    const char *text = in->profile ? in->profile : OPENCLAW_EMPTY;
    const struct text base = { text, strlen(text) };
    autobuf struct buf made = { 0 };
    char digest[DIGEST_HEX_LEN + 1];
    int r = openclaw_apply(base, cJSON_GetObjectItemCaseSensitive(want, "edits"), &made, e);

    if (r < 0)
        return err_prefix(e, r, "the bundle");
    digest_hex(buf_str(&made), made.len, digest);
    if (!cJSON_AddStringToObject(want, "fresh", digest))
        return -ENOMEM;
    if (!in->profile)
        return 0;
    r = blob_add(in->blobs, base.data, base.len, digest);
    return r == 0 && cJSON_AddStringToObject(want, "base", digest) ? 0 : -ENOMEM;
}

static cJSON *want_edits(const struct spec *s)
{
    autojson cJSON *want = cJSON_CreateObject();
    cJSON *edits = make_edits(s);

    if (!want || !edits) {
        cJSON_Delete(edits);
        return NULL;
    }
    cJSON_AddItemToObject(want, "edits", edits);
    return mem_take(&want);
}

static int add_profile(const struct inputs *in, struct plan *p, const char *path, struct err *e)
{
    const cJSON *entry = record_entry(in->record, kind_openclaw.name, path);
    autojson cJSON *want = want_edits(&in->in.spec);
    struct plan_item *item;
    int r = want ? add_owner(want, "0600", in->in.uid, in->in.gid) : -ENOMEM;

    if (r == 0)
        r = add_base(in, want, e);
    if (r == 0 && entry)
        r = add_former(want, entry);
    if (r == 0 && in->in.spec.policy == POLICY_STRICT && !cJSON_AddTrueToObject(want, "plain"))
        r = -ENOMEM;
    if (r < 0)
        return r;
    item = plan_add(p, STEP, &kind_openclaw, path, mem_take(&want));
    if (item)
        item->quiesce = in->quiesce_agent;
    return 0;
}

/* The copy for people, while the profile is still as it stood. */
static int add_copy(const struct inputs *in, struct plan *p, const char *path)
{
    const cJSON *entry = record_entry(in->record, kind_openclaw.name, path);
    const char *original = json_str(cJSON_GetObjectItemCaseSensitive(entry, "before"), "digest");
    autofree char *copy = NULL;
    autojson cJSON *want = NULL;
    int r;

    if (entry && !original)
        return 0; /* there was none */
    want = cJSON_CreateObject();
    if (!want || !cJSON_AddStringToObject(want, "of", path) ||
        (original && !cJSON_AddStringToObject(want, "original", original)))
        return -ENOMEM;
    r = add_owner(want, "0600", in->in.uid, in->in.gid);
    if (r == 0 && asprintf(&copy, "%s.defenseclaw.bak", path) < 0) {
        copy = NULL;
        r = -ENOMEM;
    }
    if (r == 0)
        plan_add(p, STEP, &kind_copy, copy, mem_take(&want));
    return r;
}

/* Under strict the agent reads a profile that it can't write, and whose directory it can't either.
 */
static int add_strict(const struct inputs *in, struct plan *p, const char *source)
{
    autofree char *dir = path_join(DC_ETC, "%s/openclaw", in->in.spec.name);
    autofree char *path = dir ? path_join(dir, "openclaw.json") : NULL;
    autojson cJSON *want = want_edits(&in->in.spec);
    struct plan_item *item;

    if (!path || !want || !cJSON_AddStringToObject(want, "source", source) ||
        !cJSON_AddTrueToObject(want, "own") || add_owner(want, "0440", 0, in->in.gid) < 0)
        return -ENOMEM;
    plan_add(p, STEP, &kind_file, dir, want_directory(0755, 0, 0));
    item = plan_add(p, STEP, &kind_openclaw, path, mem_take(&want));
    if (item)
        item->quiesce = in->quiesce_agent;
    return 0;
}

static int refuse_missing(const struct inputs *in, struct err *e)
{
    const char *given = in->in.spec.openclaw;

    err_set(e, -ENOENT, EXIT_MACHINE, "openclaw.json: master_key not found: no OpenClaw %s%s",
            given[0] ? "at " : "on this machine (/usr/local/bin, /usr/bin)", given);
    return err_fix(e, -ENOENT,
                   "install OpenClaw (npm install -g openclaw), name it with --openclaw PATH, or "
                   "leave it out with --no-agent");
}

int openclaw_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    autofree char *path = path_join(in->in.spec.home, ".openclaw/openclaw.json");
    int r;

    if (in->in.spec.no_agent)
        return 0;
    if (!in->host.openclaw[0])
        return refuse_missing(in, e);
    if (!path)
        return -ENOMEM;
    r = add_copy(in, p, path);
    if (r == 0)
        r = add_profile(in, p, path, e);
    if (r == 0 && in->in.spec.policy == POLICY_STRICT)
        r = add_strict(in, p, path);
    return r < 0 ? r : plan_check(p, e);
}
