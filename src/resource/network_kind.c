/* kind_network: the namespace, the veth pair and the fences as one resource; id: instance name. */
#include "base/json.h"
#include "resource/kinds.h"
#include "resource/network.h"

#include <errno.h>
#include <string.h>

static bool is(const cJSON *state, const char *type)
{
    const char *t = json_str(state, "type");

    return t && strcmp(t, type) == 0;
}

static int observe(struct run *run, const char *id, const cJSON *want, cJSON **ret, struct err *e)
{
    (void)want;
    return network_observe(id, run->uuid, ret, e);
}

/* Somebody else's network under our name is as good as none, when none of ours is wanted. */
static bool same(const cJSON *now, const cJSON *want)
{
    if (is(want, "absent"))
        return is(now, "absent") || is(now, "foreign");
    return json_same(now, want);
}

static int remove_it(struct run *run, const char *id, struct err *e)
{
    struct network n = { 0 };
    int r;

    memcpy(n.name, id, strnlen(id, sizeof(n.name) - 1));
    memcpy(n.uuid, run->uuid, sizeof(n.uuid));
    r = network_identity(&n);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "network %s: bad uuid", id) : network_down(&n, e);
}

static void first_only(void *userdata, const char *difference)
{
    struct err *e = userdata;

    if (!e->status)
        err_set(e, -EIO, EXIT_FAILED, "%s", difference);
}

/* Says in words what the engine's own comparison could only call different. */
static int prove(const struct network *n, struct err *e)
{
    struct err differs = { 0 };
    int r = network_check(n, first_only, &differs, e);

    if (r > 0 && e)
        *e = differs;
    return r > 0 ? -EIO : r;
}

static int put(struct run *run, const char *id, const cJSON *now, const cJSON *state, struct err *e)
{
    struct network n;
    int r;

    (void)now;
    if (!is(state, "present"))
        return remove_it(run, id, e);
    r = network_from_state(id, state, &n, e);
    if (r == 0)
        r = network_up(&n, e);
    return r < 0 ? r : prove(&n, e);
}

/* Not live, though the unit makes it: what stood there before us is what the plan saw, and by the
 * time its turn comes the unit has made it. */
const struct resource_kind kind_network = {
    .name = "network",
    .observe = observe,
    .same = same,
    .put = put,
};
