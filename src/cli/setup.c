#include "setup/setup.h"

#include "base/mem.h"
#include "cli/interrupt.h"
#include "cli/preview.h"
#include "cli/verbs.h"
#include "engine/plan.h"
#include "seed/announce.h"

#include <string.h>

struct screen {
    const struct options *options;
    const char *step; /* last one shown */
    bool live;        /* progress is shown */
};

static void show_item(void *userdata, const struct plan_item *item, enum walk_phase phase)
{
    static const char *const words[] = {
        [WALK_PUT] = "setting up", [WALK_UNDO] = "undoing", [WALK_ROLLBACK] = "rolling back"
    };
    struct screen *s = userdata;

    if (!s->live || (s->step && strcmp(s->step, item->step) == 0))
        return;
    s->step = item->step;
    fprintf(stderr, "  %s: %s\n", words[phase], item->step);
}

static void show_note(void *userdata, const char *text)
{
    const struct screen *s = userdata;

    if (!s->options->json)
        fprintf(stderr, "note: %s\n", text);
}

static int confirm(void *userdata, const struct setup_preview *preview)
{
    struct screen *s = userdata;
    const struct options *o = s->options;
    char answer[16];

    if (o->dry_run) {
        preview_print(stdout, preview, o->json);
        return -ECANCELED;
    }
    if (o->non_interactive || plan_changes(preview->plan) == 0)
        return 0;
    preview_print(stderr, preview, false);
    fprintf(stderr, "Go on? [y/N] ");
    if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y')) {
        fprintf(stderr, "Nothing was changed.\n");
        return -ECANCELED;
    }
    return 0;
}

/* Nobody to ask, and nobody said that it needn't be asked. */
static int check_terminal(const struct options *o, struct err *e)
{
    if (o->non_interactive || o->dry_run || isatty(STDIN_FILENO))
        return 0;
    err_set(e, -EINVAL, EXIT_USAGE, "sandbox setup: there is no terminal to confirm on");
    return err_fix(e, -EINVAL,
                   "add --non-interactive to go on without a question, or --dry-run to "
                   "see the plan");
}

static void print_disabled(const struct options *o, const struct setup_result *res)
{
    const char *name = o->spec.name, *home = res->spec.home;

    if (o->json) {
        result_print_json(o, res);
        return;
    }
    if (res->changes == 0) {
        printf("Instance %s is not set up: there is nothing to do.\n", name);
        return;
    }
    printf("Instance %s is disabled; what stood before it is back.\n", name);
    if (res->adopted) { /* nobody is told to delete a person's own account */
        printf("Kept: user %s, who was there before, and the audit database in "
               "/var/lib/defenseclaw-gateway/%s.\n",
               name, name);
        return;
    }
    printf("Kept: user %s, %s with the OpenClaw profile, the audit database in "
           "/var/lib/defenseclaw-gateway/%s.\n"
           "To purge those too:\n  userdel -rf %s\n  rm -rf %s\n",
           name, home, name, name, home);
}

static void print_done(const struct options *o, const struct setup_result *res)
{
    const char *name = res->spec.name;

    if (o->json) {
        result_print_json(o, res);
        return;
    }
    if (res->changes == 0) {
        printf("Instance %s is set up as asked: nothing changed.\n", name);
        return;
    }
    printf(
        "Instance %s is %s (policy %s, %zu changes).\nnext: sudo defenseclaw sandbox verify%s%s\n",
        name, res->first ? "set up" : "brought up to date", policy_names[res->spec.policy],
        res->changes, strcmp(name, "sandbox") ? " --name " : "",
        strcmp(name, "sandbox") ? name : "");
}

/* With --json setup's document is all that standard output gets; the rows go to the other one. */
static int run_verify(const char *name, bool json)
{
    char *argv[] = { "verify", "--name", (char *)(uintptr_t)name, NULL };

    if (json && (fflush(stdout) != 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0))
        return EXIT_FAILED;
    return verb_verify(3, argv);
}

static int run(const struct options *o, struct screen *screen, struct err *e)
{
    const struct setup_request rq = { .options = o,
                                      .confirm = confirm,
                                      .note = show_note,
                                      .item = show_item,
                                      .cancelled = interrupt_asked,
                                      .userdata = screen };
    struct setup_result res = { 0 };
    int r = o->disable ? setup_disable(&rq, &res, e) : setup_run(&rq, &res, e);

    if (r == -ECANCELED && !e->status)
        return EXIT_DONE; /* a dry run, or a person's no */
    if (r < 0)
        return err_print(e);
    if (o->disable && res.changes > 0)
        announce_withdraw();
    if (res.recovered)
        fprintf(stderr, "note: an interrupted run was undone first\n");
    (o->disable ? print_disabled : print_done)(o, &res);
    return o->verify && !o->disable ? run_verify(o->spec.name, o->json) : EXIT_DONE;
}

int verb_setup(int argc, char **argv)
{
    struct err e = { 0 };
    struct options o;
    struct screen screen = { .options = &o };

    options_init(&o);
    if (options_parse(argc, argv, &o, &e) < 0 || check_terminal(&o, &e) < 0)
        return err_print(&e);
    screen.live = !o.json;
    interrupt_catch();
    return run(&o, &screen, &e);
}
