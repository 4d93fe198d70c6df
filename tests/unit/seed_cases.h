/* Every refusal of a seed bundle, as a bundle. */
#ifndef DEFENSECLAW_TESTS_SEED_CASES_H
#define DEFENSECLAW_TESTS_SEED_CASES_H

#include "base/buf.h"

#include <stddef.h>

struct bad_seed {
    const char *what; /* a word */
    void (*make)(struct buf *t);
    const char *says; /* part of the one line */
};

extern const struct bad_seed bad_seeds[];
extern const size_t bad_seed_count;

#endif
