#include "seed/firstboot.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void say(const struct firstboot *f, const char *text)
{
    if (f->steps.say)
        f->steps.say(f->steps.userdata, text);
}

/* 1 to go on, 0 when there is nothing to do. */
static int check_provisioned(const struct firstboot *f, struct provisioned *was, struct err *e)
{
    int r = provisioned_read(f->provisioned, was, e);

    if (r <= 0)
        return r < 0 ? r : 1;
    if (f->reprovision)
        return 1;
    if (!f->seed)
        return 0;
    err_set(e, -EEXIST, EXIT_USAGE, "%s: this machine is provisioned already (serial %lld)",
            f->seed, (long long)was->serial);
    return err_fix(e, -EEXIST, "add --reprovision; the bundle's serial must be higher than %lld",
                   (long long)was->serial);
}

/* A machine takes one bundle after the other, never the same or an older one again. */
static int check_follows(const struct provisioned *was, const struct seed_source *s, struct err *e)
{
    const struct manifest *m = &s->bundle->manifest;

    if (!was->serial)
        return 0;
    if (m->serial <= was->serial)
        return err_set(e, -ESTALE, EXIT_USAGE,
                       "%s: serial %lld isn't higher than %lld, which this machine has taken",
                       s->path, (long long)m->serial, (long long)was->serial);
    if (strcmp(m->name, was->name) != 0)
        return err_set(e, -EEXIST, EXIT_USAGE,
                       "%s: it is for instance %s, this machine was provisioned with %s", s->path,
                       m->name, was->name);
    return 0;
}

static int check_source(const struct firstboot *f, const struct provisioned *was,
                        const struct seed_source *s, struct err *e)
{
    const char *note = NULL;
    int r = check_follows(was, s, e);

    if (r < 0)
        return r;
    r = seed_check_here(&f->here, s->bundle, s->trusted_carrier, &note, e);
    if (r < 0)
        return err_prefix(e, r, "%s", s->path);
    if (note)
        say(f, note);
    return 0;
}

/* The agent is down when this returns with an error. */
static int start_agent(const struct firstboot *f, const struct seed_bundle *b, struct err *e)
{
    const struct firstboot_steps *st = &f->steps;
    struct err second = { 0 };
    int r;

    say(f, "starting the agent");
    r = st->provision(st->userdata, b, false, e);
    if (r < 0)
        return r; /* rolled back */
    say(f, "verifying the agent");
    r = st->verify(st->userdata, b, true, e);
    if (r == 0)
        return 0;
    if (st->provision(st->userdata, b, true, &second) < 0)
        err_fix(
            e, r,
            "the agent could not be stopped again (%.400s): systemctl stop defenseclaw-%s.target",
            second.text, b->manifest.name);
    return r;
}

static int provision(const struct firstboot *f, const struct seed_bundle *b, struct err *e)
{
    const struct firstboot_steps *st = &f->steps;
    int r;

    say(f, "provisioning");
    r = st->provision(st->userdata, b, true, e);
    if (r < 0)
        return r;
    say(f, "verifying the walls");
    r = st->verify(st->userdata, b, false, e);
    return r < 0 ? r : start_agent(f, b, e);
}

static void fill_result(struct firstboot_result *ret, const struct seed_source *s)
{
    const struct seed_bundle *b = s->bundle;

    ret->outcome = FIRSTBOOT_DONE;
    ret->policy = b->spec.policy;
    ret->rank = s->rank;
    ret->taken.serial = b->manifest.serial;
    memcpy(ret->taken.name, b->manifest.name, sizeof ret->taken.name);
    memcpy(ret->taken.digest, b->digest, sizeof ret->taken.digest);
}

static int take(const struct firstboot *f, const struct provisioned *was,
                const struct seed_source *s, struct firstboot_result *ret, struct err *e)
{
    int r = check_source(f, was, s, e);

    if (r == 0)
        r = provision(f, s->bundle, e);
    if (r == 0)
        r = provisioned_write(f->provisioned, s->bundle, e);
    if (r < 0)
        return r;
    if (s->rank == SEED_RUN) /* it may hold secrets, and was for once */
        unlink(s->path);
    fill_result(ret, s);
    return 0;
}

int firstboot_run(const struct firstboot *f, struct firstboot_result *ret, struct err *e)
{
    struct provisioned was = { 0 };
    struct seed_source source;
    int r = check_provisioned(f, &was, e);

    *ret = (struct firstboot_result){ .outcome = FIRSTBOOT_ALREADY, .taken = was };
    if (r <= 0)
        return r;
    r = seed_source_find(&f->places, f->seed, &source, e);
    ret->outcome = FIRSTBOOT_NOTHING;
    if (r <= 0)
        return r;
    r = take(f, &was, &source, ret, e);
    seed_source_done(&source);
    return r;
}
