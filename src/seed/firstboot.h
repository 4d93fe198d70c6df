/* First boot: find a bundle, provision with the agent held back, verify the walls, start the agent,
 * verify it, and only then say that this machine is provisioned.
 *
 *   provisioned? -> a source? -> sound, and for this machine? -> provision, agent held
 *   -> verify what needs no agent -> provision all -> verify all (a red one holds the agent again)
 *   -> provisioned.json
 *
 * Fails closed at every arrow: what was reached stays, the agent doesn't run. */
#ifndef DEFENSECLAW_SEED_FIRSTBOOT_H
#define DEFENSECLAW_SEED_FIRSTBOOT_H

#include "seed/here.h"
#include "seed/provisioned.h"
#include "seed/source.h"

/* What firstboot lets others do; unit tests have their own. Each returns 0 or negative errno with e
 * set. */
struct firstboot_steps {
    /* Sets the bundle's instance up, all of it or all but the agent. */
    int (*provision)(void *userdata, const struct seed_bundle *b, bool hold_agent, struct err *e);
    /* Runs the checks: without the agent's rows, or all of them, waiting for the agent at most 90
     * seconds. A red one is -EPROTO with EXIT_RED. */
    int (*verify)(void *userdata, const struct seed_bundle *b, bool with_agent, struct err *e);
    /* Tells people of a stage; static text. */
    void (*say)(void *userdata, const char *text);
    void *userdata;
};

struct firstboot {
    const char *seed; /* --seed PATH, NULL to look for one */
    bool reprovision;
    const char *provisioned; /* path of provisioned.json */
    struct seed_places places;
    struct seed_here here;
    struct firstboot_steps steps;
};

enum firstboot_outcome {
    FIRSTBOOT_DONE,    /* provisioned now */
    FIRSTBOOT_ALREADY, /* was provisioned before; no source was opened */
    FIRSTBOOT_NOTHING, /* no bundle anywhere */
};

struct firstboot_result {
    enum firstboot_outcome outcome;
    struct provisioned taken; /* of FIRSTBOOT_DONE and FIRSTBOOT_ALREADY */
    enum policy policy;       /* of FIRSTBOOT_DONE */
    enum seed_rank rank;
};

/* 0 with *ret filled, or negative errno with e set; e.status is the program's exit status. */
int firstboot_run(const struct firstboot *f, struct firstboot_result *ret, struct err *e);

#endif
