/* Units of systemd: a group that is started by one of its members and stopped member by member.
 *
 *   {"active":true,"members":["a.service",…]}                 all members run
 *   {"active":true,"members":[…],"policy":DIGEST}             and the first says that policy is in
 * force
 *   {"active":false,"members":[…]}                            none is loaded, or all rest
 *   {"active":false,"members":[…],"partly":true}              something in between: a crash, a
 * failure
 *
 * Files are another kind's: what is started here is on disk already. systemd reads files that it
 * hasn't loaded by itself; for the others it has to be told, which costs more than all the rest, so
 * it is done only when one of ours is loaded. */
#include "resource/kinds.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "sys/bus.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#define MEMBERS_MAX 8
#define FORGET_TRIES 5    /* looks, 2 ms apart: units are forgotten from an idle queue */
#define POLICY_SECONDS 10 /* that a reload may take until the status says so */
#define POLICY_BYTES_MAX (1u << 20)

struct members {
    const char *names[MEMBERS_MAX];
    size_t count;
};

cJSON *want_unit(bool active, const char *const *members, size_t count)
{
    autojson cJSON *j = cJSON_CreateObject();
    cJSON *list = cJSON_CreateStringArray(members, (int)count);

    if (!j || !list || !cJSON_AddBoolToObject(j, "active", active)) {
        cJSON_Delete(list);
        return NULL;
    }
    cJSON_AddItemToObject(j, "members", list);
    return mem_take(&j);
}

/* The members of a state, else the unit alone. */
static void members_of(const char *id, const cJSON *state, struct members *ret)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(state, "members"), *item;

    *ret = (struct members){ 0 };
    cJSON_ArrayForEach(item, list) if (ret->count < MEMBERS_MAX && cJSON_IsString(item))
        ret->names[ret->count++] = item->valuestring;
    if (!ret->count)
        ret->names[ret->count++] = id;
}

/* The digest in "policy DIGEST", wherever it stands in the status text. */
static bool policy_in(const char *status, char *digest)
{
    const char *at = strstr(status, "policy ");
    size_t n;

    if (!at)
        return false;
    at += strlen("policy ");
    n = strspn(at, "0123456789abcdef");
    if (n != DIGEST_HEX_LEN)
        return false;
    memcpy(digest, at, n);
    digest[n] = '\0';
    return true;
}

static int observe_policy(struct bus *b, const char *id, cJSON *state, struct err *e)
{
    char digest[DIGEST_HEX_LEN + 1], status[256];
    int r = bus_unit_status(b, id, status, sizeof status, e);

    if (r < 0)
        return r;
    if (policy_in(status, digest) && !cJSON_AddStringToObject(state, "policy", digest))
        return -ENOMEM;
    return 0;
}

/* Its policy is looked at whatever is wanted: a stop that is taken back ends with one in force. */
static bool is_gateway(const char *id)
{
    static const char prefix[] = "defenseclaw-gateway@";

    return strncmp(id, prefix, strlen(prefix)) == 0;
}

static int unit_observe(struct run *run, const char *id, const cJSON *want, cJSON **ret,
                        struct err *e)
{
    struct unit_brief brief[MEMBERS_MAX];
    autojson cJSON *state = NULL;
    struct members m;
    struct bus *b;
    size_t active = 0, resting = 0;
    int r = bus_get(run, &b, e);

    if (r < 0)
        return r;
    members_of(id, want, &m);
    r = bus_units_brief(b, m.names, m.count, brief, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < m.count; i++) {
        active += strcmp(brief[i].active, "active") == 0;
        resting += strcmp(brief[i].active, "inactive") == 0;
        /* Loaded from files that are about to change. */
        run->units_loaded = run->units_loaded || (brief[i].loaded && !run->units_changed);
    }
    state = want_unit(active == m.count, m.names, m.count);
    if (!state ||
        (active < m.count && resting < m.count && !cJSON_AddTrueToObject(state, "partly")))
        return -ENOMEM;
    if (active == m.count && (json_str(want, "policy") || is_gateway(id))) {
        r = observe_policy(b, id, state, e);
        if (r < 0)
            return r;
    }
    *ret = mem_take(&state);
    return 0;
}

/* A state that stood there before may be "partly": undo then rests content with all at rest. */
static bool unit_same(const cJSON *now, const cJSON *want)
{
    const char *policy = json_str(want, "policy"), *in_force = json_str(now, "policy");
    bool active = json_bool(want, "active", false);

    if (json_bool(now, "active", false) != active || json_bool(now, "partly", false))
        return false;
    return !active || !policy || (in_force && strcmp(policy, in_force) == 0);
}

/* Whether systemd knows any of them; a unit that rests and that nothing holds is soon forgotten. */
static int any_loaded(struct bus *b, const struct members *m, bool *ret, struct err *e)
{
    struct unit_brief brief[MEMBERS_MAX];
    int r = bus_units_brief(b, m->names, m->count, brief, e);

    *ret = false;
    for (size_t i = 0; r >= 0 && i < m->count; i++)
        *ret = *ret || brief[i].loaded;
    return r;
}

static int reload(struct run *run, struct bus *b, struct err *e)
{
    int r = bus_daemon_reload(b, e);

    if (r >= 0)
        run->units_changed = run->units_loaded = false;
    return r;
}

static int require_active(struct bus *b, const struct members *m, struct err *e)
{
    struct unit_brief brief[MEMBERS_MAX];
    int r = bus_units_brief(b, m->names, m->count, brief, e);

    for (size_t i = 0; r >= 0 && i < m->count; i++)
        if (strcmp(brief[i].active, "active") != 0) {
            r = err_set(e, -EIO, EXIT_FAILED, "%s: %s after its start", m->names[i],
                        brief[i].active);
            err_fix(e, r, "journalctl -u %s", m->names[i]);
        }
    return r;
}

static int seconds_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int)ts.tv_sec;
}

/* On the way back units come before the files that were there before them: the engine then tries
 * once more at the end. */
static int require_policy_file(struct run *run, const char *wanted, struct err *e)
{
    char path[128], digest[DIGEST_HEX_LEN + 1] = "";
    autobuf struct buf text = { 0 };
    autofd int fd = -EBADF;

    snprintf(path, sizeof path, DC_ETC "/%s/policy/egress.yaml", run->name);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && buf_read_fd(&text, fd, POLICY_BYTES_MAX) == 0)
        digest_hex(text.data, text.len, digest);
    return strcmp(digest, wanted) == 0
               ? 0
               : err_set(e, -EAGAIN, EXIT_FAILED, "%s: isn't the wanted policy", path);
}

/* Has the unit read its policy anew unless it says already that the wanted one is in force. */
static int put_policy(struct run *run, struct bus *b, const char *id, const char *wanted,
                      struct err *e)
{
    int end = seconds_now() + POLICY_SECONDS;
    bool reloaded = false;
    char status[256];

    for (;;) {
        char digest[DIGEST_HEX_LEN + 1] = "";
        int r = bus_unit_status(b, id, status, sizeof status, e);

        if (r < 0)
            return r;
        if (policy_in(status, digest) && strcmp(digest, wanted) == 0)
            return 0;
        if (seconds_now() >= end)
            break;
        r = reloaded ? bus_pause(b, 200) : require_policy_file(run, wanted, e);
        if (r >= 0 && !reloaded)
            r = bus_unit_job(b, "ReloadUnit", id, e);
        if (r < 0)
            return r;
        reloaded = true;
    }
    err_set(e, -EBADMSG, EXIT_FAILED, "%s: the new policy is not in force: it says \"%s\"", id,
            status);
    return err_fix(e, -EBADMSG, "journalctl -u %s", id);
}

/* Starts it. A person may run setup as often as they like: systemd's count of starts, which is
 * there against loops of a program's own making, begins anew when it is in the way. */
static int start_job(struct bus *b, const char *id, const struct members *m, struct err *e)
{
    struct err first = { 0 };
    int r = bus_unit_job(b, "StartUnit", id, &first);

    if (r < 0 && strstr(first.text, "start-limit-hit")) {
        for (size_t i = 0; i < m->count; i++)
            (void)bus_reset_failed(b, m->names[i]); /* one that isn't loaded has no count */
        return bus_unit_job(b, "StartUnit", id, e);
    }
    if (r < 0 && e)
        *e = first;
    return r;
}

static int start(struct run *run, struct bus *b, const char *id, const struct members *m,
                 const cJSON *state, struct err *e)
{
    const char *policy = json_str(state, "policy");
    int r = run->units_changed && run->units_loaded ? reload(run, b, e) : 0;

    if (r >= 0)
        r = start_job(b, id, m, e);
    if (r >= 0)
        r = require_active(b, m, e);
    if (r >= 0 && policy)
        r = put_policy(run, b, id, policy, e);
    return r;
}

static int reset_failed(struct bus *b, const struct members *m, struct err *e)
{
    struct unit_brief brief[MEMBERS_MAX];
    int r = bus_units_brief(b, m->names, m->count, brief, e);

    for (size_t i = 0; r >= 0 && i < m->count; i++)
        if (strcmp(brief[i].active, "failed") == 0)
            r = bus_reset_failed(b, m->names[i]);
    return r;
}

/* Once the link is gone that enables them, systemd may still hold our units by the one it read at
 * boot: then it has to be told. */
static int forget(struct run *run, struct bus *b, const struct members *m, struct err *e)
{
    bool loaded = run->units_changed;
    int r = 0;

    for (int tries = 0; r >= 0 && loaded && tries < FORGET_TRIES; tries++) {
        r = tries ? bus_pause(b, 2) : 0;
        if (r >= 0)
            r = any_loaded(b, m, &loaded, e);
    }
    return r >= 0 && loaded ? reload(run, b, e) : r;
}

static int stop(struct run *run, struct bus *b, const struct members *m, struct err *e)
{
    int r = bus_units_job(b, "StopUnit", m->names, m->count, e);

    if (r >= 0)
        r = reset_failed(b, m, e);
    return r < 0 ? r : forget(run, b, m, e);
}

static int unit_put(struct run *run, const char *id, const cJSON *now, const cJSON *state,
                    struct err *e)
{
    struct members m;
    struct bus *b;
    int r = bus_get(run, &b, e);

    (void)now;
    if (r < 0)
        return r;
    members_of(id, state, &m);
    return json_bool(state, "active", false) ? start(run, b, id, &m, state, e)
                                             : stop(run, b, &m, e);
}

const struct resource_kind kind_unit = {
    .name = "unit",
    .observe = unit_observe,
    .same = unit_same,
    .put = unit_put,
    .live = true,
};
