/* Setting an instance up and undoing it: the one road that the command line, first boot and the
 * image take. Prints nothing; tells its caller through callbacks. */
#ifndef DEFENSECLAW_SETUP_SETUP_H
#define DEFENSECLAW_SETUP_SETUP_H

#include "engine/walk.h"
#include "provision/provision.h"
#include "spec/options.h"

/* What is about to happen, for --dry-run and for the question. */
struct setup_preview {
    const struct spec *spec;
    const struct plan *plan;
    bool first; /* no instance of this name is set up */
};

struct setup_request {
    const struct options *options; /* as given; what isn't keeps its recorded value */
    bool bundle; /* the next five come from one; without it, the files of the last one stay */
    const struct input_file *policy; /* its files, laid over the template */
    size_t policy_count;
    const char *profile;  /* a bundle's openclaw.json, NULL */
    const char *env;      /* a bundle's NAME=VALUE lines for the sandbox, NULL */
    const cJSON *secrets; /* a bundle's {NAME: value} for the gateway's store, NULL */
    bool hold_agent;      /* everything but the agent's unit and the target is started */

    /* Asked once, when something would change: 0 goes on, -ECANCELED ends the run with nothing
     * written (dry run, or a person's no). NULL: go on. */
    int (*confirm)(void *userdata, const struct setup_preview *preview);
    void (*note)(void *userdata, const char *text); /* kept, widened, left alone; may be NULL */
    void (*item)(void *userdata, const struct plan_item *item, enum walk_phase phase);
    bool (*cancelled)(void);
    void *userdata;
};

struct setup_result {
    struct spec spec;
    size_t changes; /* things put or undone */
    bool first;
    bool recovered; /* an interrupted run was undone first */
    bool adopted;   /* the user was there before the instance */
    char home[256];
};

/* Provisions, or converges what is provisioned. 0; -ECANCELED when confirm said so; else negative
 * errno with e set, and the machine as it was before. */
int setup_run(const struct setup_request *rq, struct setup_result *ret, struct err *e);

/* Puts back what stood there before the instance was first set up. With nothing to do changes is 0.
 */
int setup_disable(const struct setup_request *rq, struct setup_result *ret, struct err *e);

#endif
