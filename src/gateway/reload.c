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

void reload(struct gateway *g)
{
    struct force *fresh = NULL;
    char dir[64];

    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now_ms() * 1000);
    snprintf(dir, sizeof dir, DC_ETC "/%s", g->in.spec.name);
    upstreams_refresh(g->upstreams);
    if (force_load(dir, &fresh, &g->reload_error) < 0) {
        log_err(&g->reload_error);
        log_line("reload: not taken, the policy in force stays %s",
                 policy_digest(g->force->policy));
        sd_notify(0, "READY=1"); /* STATUS stands as it was: it names what is in force */
        return;
    }
    g->reload_error = (struct err){ 0 };
    force_unref(g->force);
    g->force = fresh;
    log_line("reload: policy %s", policy_digest(fresh->policy));
    reload_notify(g);
}
