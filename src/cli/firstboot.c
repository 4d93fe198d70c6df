/* `defenseclaw firstboot`: wires setup and verify to the first-boot sequence and tells people. */
#include "seed/firstboot.h"

#include "base/mem.h"
#include "base/paths.h"
#include "cli/interrupt.h"
#include "cli/verbs.h"
#include "probe/verify.h"
#include "seed/announce.h"
#include "setup/setup.h"

#include <string.h>

#define AGENT_SECONDS 90

/* What the checks said so far, for the table. */
struct tally {
    unsigned results[CHECK_RESULT_COUNT];
};

static void show(void *userdata, const char *text)
{
    (void)userdata;
    printf("%s\n", text);
    fflush(stdout);
}

static int provision(void *userdata, const struct seed_bundle *b, bool hold_agent, struct err *e)
{
    const struct setup_request rq = { .options = &b->options,
                                      .bundle = true,
                                      .policy = b->policy,
                                      .policy_count = b->policy_count,
                                      .profile = b->openclaw,
                                      .env = b->env,
                                      .secrets = b->secrets,
                                      .hold_agent = hold_agent,
                                      .note = show,
                                      .cancelled = interrupt_asked,
                                      .userdata = userdata };
    struct setup_result result = { 0 };

    return setup_run(&rq, &result, e);
}

/* Names the first red checks in one line. */
static int say_red(const struct verify_report *report, const char *name, struct err *e)
{
    autobuf struct buf names = { 0 };
    unsigned red = 0;

    for (size_t i = 0; i < report->count; i++) {
        const struct check *c = &report->checks[i];

        if (c->result != CHECK_FAIL && c->result != CHECK_UNPROVEN)
            continue;
        if (++red <= 3)
            buf_printf(&names, "%s%s (%s)", red > 1 ? ", " : "", c->name, c->got);
    }
    err_set(e, -EPROTO, EXIT_RED, "verify is red: %u of %zu checks: %.800s%s", red, report->count,
            buf_str(&names), red > 3 ? ", …" : "");
    return err_fix(e, -EPROTO, "sudo defenseclaw sandbox verify%s%s",
                   strcmp(name, "sandbox") ? " --name " : "", strcmp(name, "sandbox") ? name : "");
}

/* For the journal: what isn't green, then one line. */
static void print_report(const struct verify_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct check *c = &report->checks[i];

        if (c->result != CHECK_PASS)
            printf("%s: %s: tried %s: expected %s, got %s\n", check_result_names[c->result],
                   c->name, c->tried, c->expected, c->got);
    }
    printf("verify: %s: %u passed, %u failed, %u unproven, %u skipped\n",
           report_green(report) ? "green" : "red", report->results[CHECK_PASS],
           report->results[CHECK_FAIL], report->results[CHECK_UNPROVEN],
           report->results[CHECK_SKIPPED]);
    fflush(stdout);
}

static int verify(void *userdata, const struct seed_bundle *b, bool with_agent, struct err *e)
{
    const struct verify_options options = { .part =
                                                with_agent ? VERIFY_AGENT : VERIFY_WITHOUT_AGENT,
                                            .agent_seconds = AGENT_SECONDS,
                                            .tell = show };
    struct verify_report report = { 0 };
    struct tally *tally = userdata;
    int r;

    if (with_agent && b->spec.no_agent)
        return 0;
    r = verify_run(b->spec.name, &options, &report, e);
    if (r == 0) {
        print_report(&report);
        for (int i = 0; i < CHECK_RESULT_COUNT; i++)
            tally->results[i] += report.results[i];
        if (!report_green(&report))
            r = say_red(&report, b->spec.name, e);
    }
    report_done(&report);
    return r;
}

static void announce(const char *text)
{
    int r;

    announce_consoles(text);
    r = announce_issue(text);
    if (r < 0)
        fprintf(stderr, "note: /etc/issue.d/defenseclaw.issue: %s\n", strerror(-r));
}

static void announce_done(const struct firstboot_result *res, const struct tally *t)
{
    const struct provisioned *p = &res->taken;
    char text[512];

    snprintf(text, sizeof text,
             "DefenseClaw\n"
             "  instance  %-10s provisioned, serial %lld from %s, policy %s\n"
             "  verify    green      %u passed, %u skipped\n"
             "  look      sudo defenseclaw sandbox status\n",
             p->name, (long long)p->serial, seed_rank_names[res->rank], policy_names[res->policy],
             t->results[CHECK_PASS], t->results[CHECK_SKIPPED]);
    fputs(text, stdout);
    announce(text);
}

static void announce_failure(const struct err *e)
{
    char text[2048];

    snprintf(
        text, sizeof text,
        "DefenseClaw: first boot failed; the agent is not running\n"
        "  cause  %s\n  fix    %s\n",
        e->text,
        e->fix[0]
            ? e->fix
            : "correct the bundle, then: sudo systemctl restart defenseclaw-firstboot.service");
    announce(text);
}

static int finish(const struct firstboot_result *res, const struct tally *tally)
{
    static const char none[] = "no seed bundle in any source: nothing is provisioned\n";

    if (res->outcome == FIRSTBOOT_DONE) {
        announce_done(res, tally);
    } else if (res->outcome == FIRSTBOOT_ALREADY) {
        printf("this machine is provisioned already (instance %s, serial %lld): no source was "
               "opened\n",
               res->taken.name, (long long)res->taken.serial);
    } else {
        fputs(none, stdout);
        if (access(DC_APPLIANCE_MARK, F_OK) == 0)
            announce_consoles(none);
    }
    return EXIT_DONE;
}

static int check_usage(int operands, const struct firstboot *f, struct err *e)
{
    if (operands < 0)
        return operands;
    if (operands > 0 || (f->reprovision && !f->seed)) {
        err_set(e, -EINVAL, EXIT_USAGE, "firstboot: %s",
                operands ? "takes no other words" : "--reprovision: needs --seed PATH too");
        return err_fix(e, -EINVAL, "defenseclaw firstboot --help");
    }
    return geteuid() == 0 ? 0 : err_set(e, -EPERM, EXIT_MACHINE, "firstboot: must be root");
}

int verb_firstboot(int argc, char **argv)
{
    struct tally tally = { 0 };
    struct firstboot f = { .provisioned = DC_STATE "/provisioned.json",
                           .steps = { provision, verify, show, &tally } };
    const struct arg args[] = { { "seed", NULL, &f.seed },
                                { "reprovision", &f.reprovision, NULL } };
    struct firstboot_result result;
    struct err e = { 0 };

    if (check_usage(args_parse(argc, argv, args, N_ELEMENTS(args), &e), &f, &e) < 0)
        return err_print(&e);
    seed_places_init(&f.places);
    seed_here_init(&f.here);
    interrupt_catch();
    if (firstboot_run(&f, &result, &e) == 0)
        return finish(&result, &tally);
    fflush(stdout);
    if (!f.seed) /* a person who gave one reads the error where they are */
        announce_failure(&e);
    return err_print(&e);
}
