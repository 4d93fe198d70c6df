/* The verbs below `defenseclaw seed`, a file each. */
#ifndef DEFENSECLAW_CLI_SEED_H
#define DEFENSECLAW_CLI_SEED_H

#include "base/err.h"

/* argv[0] is the verb. 0, or negative errno with e set. */
int seed_verb_create(int argc, char **argv, struct err *e);
int seed_verb_inspect(int argc, char **argv, struct err *e);

/* Says how a verb is used; returns -EINVAL. */
int seed_usage(struct err *e, const char *words);

#endif
