/* Row 5: the units, and what is started. Texts are in units_text.c. */
#include "provision/units_text.h"

#include "base/mem.h"
#include "base/paths.h"
#include "probe/confined.h"
#include "probe/health.h"
#include "provision/confinement.h"
#include "provision/network.h"
#include "provision/tree.h"
#include "resource/kinds.h"

#include <string.h>

#define STEP "units"

static void add_file(const struct inputs *in, struct plan *p, const struct unit_names *names,
                     enum unit_id id)
{
    autobuf struct buf text = { 0 };
    autofree char *path = path_join(DC_UNITS, "%s", names->unit[id]);
    struct plan_item *item;
    int r = path ? units_text(in, names, id, &text) : -ENOMEM;

    if (r < 0) {
        p->failed = r;
        return;
    }
    item =
        plan_add(p, STEP, &kind_file, path, want_file(in->blobs, text.data, text.len, 0644, 0, 0));
    if (item)
        item->quiesce = id == UNIT_AGENT ? in->quiesce_agent : in->quiesce_all;
}

/* None of our units may be changed by a drop-in; the agent and the gateway must have their walls.
 */
static int check_units(struct run *run, const struct inputs *in, const enum unit_id *ids,
                       size_t count, struct err *e)
{
    struct unit_names names;
    struct confinement c;
    struct bus *b;
    int r = bus_get(run, &b, e);

    units_names(in->in.spec.name, &names);
    confinement_of(&in->in, &in->host, &c);
    for (size_t i = 0; r >= 0 && i < count; i++) {
        bool walled = ids[i] == UNIT_AGENT || ids[i] == UNIT_GATEWAY;
        autojson cJSON *expected =
            walled
                ? confinement_expected(&c, ids[i] == UNIT_AGENT ? CONFINED_AGENT : CONFINED_GATEWAY)
                : NULL;

        if (walled && !expected)
            return -ENOMEM;
        r = confinement_check(b, names.unit[ids[i]], expected, e);
        if (r < 0 && walled)
            (void)bus_unit_job(b, "StopUnit", names.unit[ids[i]], NULL);
    }
    return r;
}

static int prove_gateway(struct run *run, void *userdata, struct err *e)
{
    static const enum unit_id ids[] = { UNIT_NETNS, UNIT_SOCKET, UNIT_LOCAL, UNIT_GATEWAY };
    const struct inputs *in = userdata;
    int r = check_units(run, in, ids, N_ELEMENTS(ids), e);

    return r < 0 ? r : probe_health(&in->in, e);
}

static int prove_agent(struct run *run, void *userdata, struct err *e)
{
    static const enum unit_id ids[] = { UNIT_AGENT };

    return check_units(run, userdata, ids, N_ELEMENTS(ids), e);
}

static int prove_target(struct run *run, void *userdata, struct err *e)
{
    static const enum unit_id ids[] = { UNIT_TARGET };

    return check_units(run, userdata, ids, N_ELEMENTS(ids), e);
}

static const struct input_file *egress_policy(const struct inputs *in)
{
    for (size_t i = 0; i < in->policy_count; i++)
        if (strcmp(in->policy[i].path, "egress.yaml") == 0)
            return &in->policy[i];
    return NULL;
}

static void add_unit(const struct inputs *in, struct plan *p, const char *id, cJSON *want,
                     int (*proof)(struct run *run, void *userdata, struct err *e))
{
    struct plan_item *item = plan_add(p, STEP, &kind_unit, id, want);

    if (!item)
        return;
    item->proof = proof;
    item->userdata = (void *)(uintptr_t)in;
}

/* The gateway comes with its namespace and its sockets, and has to say which policy it holds. */
static void add_gateway(const struct inputs *in, struct plan *p, const struct unit_names *n)
{
    const char *const members[] = { n->unit[UNIT_NETNS], n->unit[UNIT_SOCKET], n->unit[UNIT_LOCAL],
                                    n->unit[UNIT_GATEWAY] };
    const struct input_file *policy = egress_policy(in);
    cJSON *want = want_unit(true, members, N_ELEMENTS(members));
    char digest[DIGEST_HEX_LEN + 1];

    if (want && policy) {
        digest_hex(policy->data, policy->len, digest);
        cJSON_AddStringToObject(want, "policy", digest);
    }
    add_unit(in, p, n->unit[UNIT_GATEWAY], want, prove_gateway);
}

static void add_agent(const struct inputs *in, struct plan *p, const struct unit_names *n)
{
    const char *agent = n->unit[UNIT_AGENT];

    add_unit(in, p, agent, want_unit(true, &agent, 1), prove_agent);
}

/* All units are the target's members, so that stopping it waits for all. */
static void add_target(const struct inputs *in, struct plan *p, const struct unit_names *n)
{
    const char *members[UNIT_COUNT];
    size_t count = 0;

    for (enum unit_id id = UNIT_COUNT; id-- > 0;)
        if (id != UNIT_AGENT || !in->in.spec.no_agent)
            members[count++] = n->unit[id];
    add_unit(in, p, n->unit[UNIT_TARGET], want_unit(true, members, count), prove_target);
}

/* The last thing made, so that a machine that goes down before it starts nothing half-made; and the
 * first thing undone, so that nothing holds the units while they are stopped. */
static void add_link(struct plan *p, const struct unit_names *n)
{
    static const char dir[] = DC_UNITS "/multi-user.target.wants";
    autofree char *path = path_join(dir, "%s", n->unit[UNIT_TARGET]);
    autofree char *target = path_join("..", "%s", n->unit[UNIT_TARGET]);

    if (!path || !target) {
        p->failed = -ENOMEM;
        return;
    }
    plan_add(p, STEP, &kind_file, dir, want_directory(0755, 0, 0));
    plan_add(p, STEP, &kind_file, path, want_link(target));
}

int units_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    struct unit_names names;
    int r;

    units_names(in->in.spec.name, &names);
    for (enum unit_id id = 0; id < UNIT_COUNT; id++)
        if (id != UNIT_AGENT || !in->in.spec.no_agent)
            add_file(in, p, &names, id);
    add_gateway(in, p, &names);
    r = namespace_wants(in, p, e);
    if (r < 0)
        return r;
    if (!in->hold_agent) {
        if (!in->in.spec.no_agent)
            add_agent(in, p, &names);
        add_target(in, p, &names);
        add_link(p, &names);
    }
    return plan_check(p, e);
}
