#include "resource/network.h"

#include "base/mem.h"
#include "resource/link.h"
#include "resource/namespace.h"
#include "resource/ruleset.h"
#include "sys/netns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Everything that a walk over one network holds open. */
struct plumbing {
    const struct network *n;
    struct nft *nft; /* the host's */
    struct namespace ns;
    struct link_side host, inside;
    bool link_foreign, ns_foreign; /* the name is somebody else's: look away */
};

static void plumbing_close(struct plumbing *p)
{
    namespace_close(&p->ns);
    rtnl_closep(&p->host.nl);
    nft_closep(&p->nft);
}

static int host_open(struct plumbing *p, struct err *e)
{
    int r = rtnl_open(&p->host.nl);

    if (r == 0)
        r = nft_open(&p->nft);
    if (r < 0)
        return err_set(e, r, EXIT_MACHINE, "netlink: %s", strerror(-r));
    r = link_find(&p->host);
    p->link_foreign = r == -EEXIST;
    if (r < 0 && !p->link_foreign)
        return err_set(e, r, EXIT_FAILED, "%s: %s", p->n->link, strerror(-r));
    return 0;
}

/* A namespace is ours when it holds our table or our end of the pair, and nobody else's of either
 * name. */
static int inside_open(struct plumbing *p, struct err *e)
{
    struct ruleset_live live = { 0 };
    bool tables;
    int r = namespace_open(&p->ns, p->n->link, e);

    p->inside.nl = p->ns.nl;
    if (r < 0 || p->ns.fd < 0)
        return r;
    r = ruleset_read(p->ns.nft, p->n, FENCE_INSIDE, &live, e);
    tables = r == 0 && live.count > 0;
    nft_ruleset_free(live.rs);
    if (r == 0) {
        r = link_find(&p->inside);
        if (r < 0 && r != -EEXIST)
            err_set(e, r, EXIT_FAILED, NETWORK_INSIDE ": %s", strerror(-r));
    }
    p->ns_foreign = r == -EEXIST || (r == 0 && !tables && !p->inside.link.index);
    return p->ns_foreign ? 0 : r;
}

/* Opens what there is. ns.fd stays -EBADF when there is no namespace. */
static int plumbing_open(struct plumbing *p, const struct network *n, struct err *e)
{
    int r;

    *p = (struct plumbing){
        .n = n, .ns = { .fd = -EBADF }, .host = { .n = n }, .inside = { .n = n, .inside = true }
    };
    r = host_open(p, e);
    return r < 0 ? r : inside_open(p, e);
}

/* Made by an instance whose record is gone: its tables still say so. */
static bool abandoned(const struct plumbing *p)
{
    autoruleset struct nft_ruleset *rs = nft_ruleset_new();
    struct ruleset_name names[RULESET_NAMES_MAX];
    size_t count = ruleset_names(p->n->name, FENCE_HOST, names);
    bool found = false;

    if (!rs || nft_read_tables(p->nft, rs) < 0)
        return false;
    for (size_t i = 0; i < count && !found; i++) {
        const struct nft_table *t = nft_table_find(rs, names[i].family, names[i].name);

        found = t && t->comment && strncmp(t->comment, "defenseclaw ", 12) == 0;
    }
    return found;
}

static int foreign(const struct plumbing *p, const char *what, const char *command, struct err *e)
{
    const char *name = p->n->name, *link = p->n->link;
    int r = err_set(e, -EEXIST, EXIT_MACHINE, "%s veth already exists%s", link, what);

    if (abandoned(p))
        return err_fix(
            e, r,
            "ip netns del %s; ip link del %s; nft delete table netdev defenseclaw_%s; "
            "nft delete table inet defenseclaw_%s   # an instance's whose record is gone",
            link, link, name, name);
    return err_fix(e, r, "%s %s   # if it is yours to remove; or choose another name with --name",
                   command, link);
}

static int refuse_foreign(const struct plumbing *p, struct err *e)
{
    struct ruleset_live live = { 0 };
    int r;

    if (p->link_foreign)
        return foreign(p, "", "ip link del", e);
    if (p->ns_foreign)
        return foreign(p, ": a network namespace of that name", "ip netns del", e);
    r = ruleset_read(p->nft, p->n, FENCE_HOST, &live, e);
    nft_ruleset_free(live.rs);
    return r;
}

static int link_remove(struct plumbing *p, struct err *e)
{
    int r = p->host.link.index ? rtnl_link_del(p->host.nl, p->host.link.index) : 0;

    p->host.link = p->inside.link = (struct rtnl_link){ 0 };
    if (r < 0 && r != -ENODEV) /* a namespace that is dying takes its links along */
        return err_set(e, r, EXIT_FAILED, "%s: it can't be removed: %s", p->n->link, strerror(-r));
    return 0;
}

/* What a killed creation left under the name: our own marked file at most. */
static int name_free(const struct plumbing *p, struct err *e)
{
    const struct network *n = p->n;
    int r = netns_unbind(n->link, n->uuid);

    if (r == -EBADF)
        return foreign(p, ": a file of that name in " NETNS_DIR, "ip netns del", e);
    if (r < 0 && r != -ENOENT)
        return err_set(e, r, EXIT_FAILED, NETNS_DIR "/%s: %s", n->link, strerror(-r));
    return 0;
}

static int inside_new(struct plumbing *p, struct err *e)
{
    int r = name_free(p, e);

    if (r == 0)
        r = link_remove(p, e);
    if (r == 0)
        r = namespace_new(&p->ns, e);
    p->inside.nl = p->ns.nl;
    return r;
}

/* Half a pair is none. */
static int pair_ready(struct plumbing *p, bool *anew, struct err *e)
{
    int r;

    *anew = !p->host.link.index || !p->inside.link.index;
    if (!*anew)
        return 0;
    r = link_remove(p, e);
    return r < 0 ? r : link_make(&p->host, &p->inside, p->ns.fd, e);
}

static int ends_up(struct plumbing *p, struct err *e)
{
    struct link_side *sides[] = { &p->host, &p->inside };
    int (*const steps[])(struct link_side *, struct err *) = { link_address, link_raise,
                                                               link_route };
    int r = 0;

    for (size_t step = 0; step < N_ELEMENTS(steps) && r == 0; step++)
        for (size_t i = 0; i < N_ELEMENTS(sides) && r == 0; i++)
            r = steps[step](sides[i], e);
    return r < 0 ? r : link_wait(&p->host, &p->inside, e);
}

/* The namespace gets its name last: killed before, it vanishes with us and takes the pair along. */
static int build(struct plumbing *p, struct err *e)
{
    bool fresh = p->ns.fd < 0, anew = false;
    int r = fresh ? inside_new(p, e) : 0;

    if (r == 0)
        r = namespace_ipv6_off(&p->ns, e);
    if (r == 0)
        r = ruleset_put(p->ns.nft, p->n, FENCE_INSIDE, false, e);
    if (r == 0)
        r = pair_ready(p, &anew, e);
    if (r == 0)
        r = ruleset_put(p->nft, p->n, FENCE_HOST, anew, e);
    if (r == 0)
        r = ends_up(p, e);
    if (r < 0 || !fresh)
        return r;
    r = netns_bind(p->ns.fd, p->n->link, p->n->uuid);
    return r < 0 ? err_set(e, r, EXIT_FAILED, NETNS_DIR "/%s: %s", p->n->link, strerror(-r)) : 0;
}

int network_foreign(const struct network *n, struct err *e)
{
    struct plumbing p;
    int r = plumbing_open(&p, n, e);

    if (r == 0)
        r = refuse_foreign(&p, e);
    plumbing_close(&p);
    return r;
}

int network_up(const struct network *n, struct err *e)
{
    struct plumbing p;
    bool begun = false;
    int r = plumbing_open(&p, n, e);

    if (r == 0)
        r = refuse_foreign(&p, e);
    if (r == 0) {
        begun = p.ns.fd < 0;
        r = build(&p, e);
    }
    plumbing_close(&p);
    if (r < 0 && r != -EEXIST && begun) /* EEXIST: somebody was quicker, and it is his now */
        network_down(n, NULL);
    return r;
}

/* Removes what is ours under each name; a name that is somebody else's stays theirs. The veth is
 * down before its fence goes, and gone only after it: the kernel's two long waits then run side by
 * side. */
int network_down(const struct network *n, struct err *e)
{
    struct plumbing p;
    int r = plumbing_open(&p, n, e), fences;

    if (r == 0 && p.host.link.index)
        rtnl_link_flags(p.host.nl, p.host.link.index, 0, IFF_UP);
    fences = r == 0 ? ruleset_remove(p.nft, n, FENCE_HOST, e) : r;
    if (r == 0)
        r = link_remove(&p, e);
    if (r == 0 && fences < 0 && fences != -EEXIST)
        r = fences;
    if (r == 0 && !p.ns_foreign) {
        r = netns_unbind(n->link, n->uuid);
        r = r == -ENOENT || r == -EBADF ? 0 : r;
        if (r < 0)
            err_set(e, r, EXIT_FAILED, NETNS_DIR "/%s: %s", n->link, strerror(-r));
    }
    plumbing_close(&p);
    return r;
}

/* Adds up a part's result: a count, or the first errno. */
static void add(int *total, int part)
{
    *total = *total < 0 ? *total : part < 0 ? part : *total + part;
}

static int check_inside(struct plumbing *p, network_tell tell, void *userdata, struct err *e)
{
    int count = 0;

    if (p->ns.fd < 0) {
        tell(userdata, "the network namespace is missing");
        return 1;
    }
    if (!namespace_ipv6_is_off(&p->ns)) {
        tell(userdata, "IPv6 is on in the namespace");
        count++;
    }
    add(&count, link_check(&p->inside, tell, userdata));
    add(&count, ruleset_check(p->ns.nft, p->n, FENCE_INSIDE, tell, userdata, e));
    return count;
}

int network_check(const struct network *n, network_tell tell, void *userdata, struct err *e)
{
    struct plumbing p;
    int r = plumbing_open(&p, n, e);

    if (r == 0)
        r = refuse_foreign(&p, e);
    if (r == 0) {
        add(&r, check_inside(&p, tell, userdata, e));
        add(&r, link_check(&p.host, tell, userdata));
        add(&r, ruleset_check(p.nft, n, FENCE_HOST, tell, userdata, e));
        if (r < 0 && e && !e->status)
            err_set(e, r, EXIT_FAILED, "%s: %s", n->link, strerror(-r));
    }
    plumbing_close(&p);
    return r;
}

/* The values that a side's tables carry; 1 when one does. owned: one is ours at all. */
static int params_of(struct nft *nft, struct network *n, enum fence_side side, bool *owned)
{
    struct ruleset_live live = { 0 };
    int r = ruleset_read(nft, n, side, &live, NULL), found = 0;

    for (size_t i = 0; i < RULESET_NAMES_MAX && r == 0 && !found; i++)
        if (live.tables[i])
            found = ruleset_params_get(n, live.tables[i]->params) == 0;
    *owned = *owned || live.count > 0;
    nft_ruleset_free(live.rs);
    return r == -EEXIST ? 0 : r < 0 ? r : found;
}

int network_find(struct network *n, struct err *e)
{
    struct plumbing p;
    bool owned;
    int r = plumbing_open(&p, n, e), known = 0;

    owned = p.host.link.index || netns_leftover(n->link, n->uuid);
    if (r == 0 && p.ns.fd >= 0 && !p.ns_foreign) {
        owned = true;
        known = params_of(p.ns.nft, n, FENCE_INSIDE, &owned);
    }
    if (r == 0 && known == 0)
        known = params_of(p.nft, n, FENCE_HOST, &owned);
    r = r < 0 ? r : known < 0 ? known : 0;
    if (r == 0)
        r = known                            ? NETWORK_KNOWN
            : owned                          ? NETWORK_REST
            : p.link_foreign || p.ns_foreign ? NETWORK_FOREIGN
                                             : NETWORK_ABSENT;
    plumbing_close(&p);
    return r < 0 && e && !e->status ? err_set(e, r, EXIT_FAILED, "%s: %s", n->link, strerror(-r))
                                    : r;
}
