/* The live probes of the fence: what the sandbox user can reach from inside, what it and others can
 * reach from the host, each refusal with a control that succeeds where the fence isn't. */
#ifndef DEFENSECLAW_PROBE_FENCE_H
#define DEFENSECLAW_PROBE_FENCE_H

#include "base/err.h"
#include "probe/attempt.h"
#include "probe/report.h"
#include "spec/instance.h"

#include <stdbool.h>
#include <sys/types.h>

enum fence_place {
    FENCE_INSIDE, /* the sandbox user in the instance's namespace */
    FENCE_USER,   /* the sandbox user in the host's namespace */
    FENCE_OTHER,  /* another user (nobody) in the host's namespace */
    FENCE_PLACE_COUNT
};

enum fence_expect {
    EXPECT_REFUSED,
    EXPECT_ANSWER,
    EXPECT_HEALTH,    /* HTTP 200, and a gateway that says running */
    EXPECT_FORBIDDEN, /* HTTP 403 */
    EXPECT_LET,       /* not a 403: allowed, whatever becomes of it */
};

struct fence_probe {
    const char *name;
    enum fence_expect expect;
    bool alive;          /* somebody is known to listen there, so silence is a refusal too */
    bool listen;         /* we open that listener in the host's namespace ourselves */
    const char *skipped; /* why not to try, NULL to try */
    char request[512];
};

#define FENCE_MAX 32

/* What is tried in one place: three arrays of the same length. */
struct fence_group {
    struct fence_probe probes[FENCE_MAX];
    struct attempt attempts[FENCE_MAX];
    size_t count;
    struct outcome *real, *control; /* shared with the children */
    pid_t real_pid, control_pid;
};

struct fence {
    struct instance in;
    struct fence_group groups[FENCE_PLACE_COUNT];
    uint16_t port; /* of our own listeners */
    pid_t real_responder, control_responder;
    char control_fault[224]; /* why there are no controls, "" when there are */
};

/* fence_list.c: fills the groups. */
int fence_list(struct fence *f, struct err *e);

/* How long a probe that should be refused is waited for: refusals come at once. */
#define FENCE_PATIENCE_MS 200

/* Starts all probes and their controls; they run while the caller does something else. The caller's
 * to finish. */
int fence_start(const struct instance *in, struct fence **ret, struct err *e);

/* Waits for them (a quarter of a second where all is well), reports, and frees. */
void fence_finish(struct fence *f, struct verify_report *r);

/* Whether an outcome is what was expected, given what the control showed. */
enum check_result fence_judge(const struct fence_probe *p, const struct outcome *real,
                              const struct outcome *control);

/* Adds the row of one probe that has run. */
void fence_report(const struct fence *f, enum fence_place where, size_t i, struct verify_report *r);

#endif
