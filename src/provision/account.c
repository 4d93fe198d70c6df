/* Row 1: the user, its group, its home. The home is root's with the sticky bit: in a directory that
 * the user owns, a root-owned entry can be renamed away (findings, section 0, 7). */
#include "base/mem.h"
#include "provision/tree.h"
#include "resource/kinds.h"

#define STEP "account"

static const char bashrc[] =
    "# Made by DefenseClaw. This account exists to run OpenClaw inside its sandbox, and does "
    "nothing\n"
    "# else: outside the sandbox it has no network.\n"
    "if [ \"${DEFENSECLAW_INSTANCE:-}\" = \"%s\" ]; then\n"
    "    exec openclaw\n"
    "fi\n"
    "echo \"Not inside the sandbox. As root: defenseclaw sandbox run --name %s -- openclaw\" >&2\n";

static void add_user(const struct inputs *in, struct plan *p)
{
    const struct spec *s = &in->in.spec;
    struct plan_item *item;
    char gecos[128];
    cJSON *want;

    snprintf(gecos, sizeof gecos, "DefenseClaw sandbox %s id=%s", s->name, in->in.uuid);
    want = want_account(s->name, in->in.uid, in->in.gid, s->home, gecos);
    if (want && in->adopt_user && in->host.user_exists)
        cJSON_AddTrueToObject(want, "adopted");
    item = plan_add(p, STEP, &kind_account, s->name, want);
    if (item)
        item->keep = true;
}

/* The system user that the gateway runs as when nobody else was named. It stays at --disable with
 * the audit database that it owns, and is no instance's alone. */
static void add_gateway_user(const struct inputs *in, struct plan *p)
{
    const struct host *h = &in->host;
    struct plan_item *item;
    cJSON *want;

    if (h->gateway_user_exists)
        return;
    want = want_account(h->gateway_user, h->gateway_uid, h->gateway_gid, "/nonexistent",
                        "DefenseClaw gateway");
    if (want)
        cJSON_ReplaceItemInObjectCaseSensitive(want, "shell",
                                               cJSON_CreateString("/usr/sbin/nologin"));
    item = plan_add(p, STEP, &kind_account, h->gateway_user, want);
    if (item)
        item->keep = true;
}

static void add_home(const struct inputs *in, struct plan *p)
{
    const struct spec *s = &in->in.spec;
    autofree char *rc = path_join(s->home, ".bashrc"), *dot = path_join(s->home, ".defenseclaw");
    struct plan_item *item;
    char text[512];
    int n;

    item = plan_add(p, STEP, &kind_file, s->home, want_directory(01770, 0, in->in.gid));
    if (item)
        item->keep = true;
    n = snprintf(text, sizeof text, bashrc, s->name, s->name);
    if (!rc || !dot) {
        p->failed = -ENOMEM;
        return;
    }
    plan_add(p, STEP, &kind_file, rc, want_file(in->blobs, text, (size_t)n, 0644, 0, 0));
    plan_add(p, STEP, &kind_file, dot, want_directory(01770, 0, in->in.gid));
}

int account_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    add_gateway_user(in, p);
    add_user(in, p);
    add_home(in, p);
    return plan_check(p, e);
}
