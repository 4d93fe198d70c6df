#include "gateway/reload.h"

#include "base/mem.h"
#include "base/paths.h"
#include "gateway/force.h"
#include "gateway/log.h"
#include "gateway/upstreams.h"

#include <systemd/sd-daemon.h>

void reload_notify(const struct gateway *g)
{
    sd_notifyf(0, "READY=1\nSTATUS=policy %s", policy_digest(g->force->policy));
}

const char *reload_fault(const struct gateway *g)
{
    return g->reload_error.status ? g->reload_error.text : NULL;
}

/* What may change without new sockets: the policy, the device key, and of the instance the
 * template, the DNS servers and the agent's port (other addresses come with new sockets, so with a
 * new start). */
static int load_anew(const struct gateway *g, struct instance *in, struct force **fresh,
                     struct err *e)
{
    char dir[64];
    int r = instance_load(g->in.spec.name, in, e);

    snprintf(dir, sizeof dir, DC_ETC "/%s", g->in.spec.name);
    return r < 0 ? r : force_load(dir, fresh, e);
}

void reload(struct gateway *g)
{
    struct force *fresh = NULL;
    struct instance in;

    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now_ms() * 1000);
    if (load_anew(g, &in, &fresh, &g->reload_error) < 0) {
        log_err(&g->reload_error);
        log_line("reload: not taken, the policy in force stays %s",
                 policy_digest(g->force->policy));
        sd_notify(0, "READY=1"); /* STATUS stands as it was: it names what is in force */
        return;
    }
    g->reload_error = (struct err){ 0 };
    force_unref(g->force);
    g->force = fresh;
    g->in = in;
    upstreams_refresh(g->upstreams);
    log_line("reload: policy %s", policy_digest(fresh->policy));
    reload_notify(g);
}
