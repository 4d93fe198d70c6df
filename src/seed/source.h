/* Where a bundle may lie at first boot. The ranks of the design that this version has; the first
 * rank that has one is taken, and no other is opened. */
#ifndef DEFENSECLAW_SEED_SOURCE_H
#define DEFENSECLAW_SEED_SOURCE_H

#include "seed/bundle.h"

enum seed_rank {
    SEED_CREDENTIAL, /* systemd credential defenseclaw.seed */
    SEED_CMDLINE,    /* defenseclaw.seed=PATH on the kernel's command line */
    SEED_RUN,        /* /run/defenseclaw/seed.tar */
    SEED_GIVEN,      /* --seed PATH */
    SEED_RANK_COUNT,
};

extern const char *const seed_rank_names[SEED_RANK_COUNT]; /* for people */

/* Where to look; tests have their own. */
struct seed_places {
    const char *credentials; /* directory, NULL when the service has none */
    const char *cmdline;     /* file: words parted by blanks or NULs */
    const char *run;         /* file */
    const char *secure_boot; /* efivar: four bytes of attributes, then 1 when it is on */
};

/* The real places. In a container the command line is that of its init. */
void seed_places_init(struct seed_places *p);

struct seed_source {
    enum seed_rank rank;
    char path[4096];
    struct seed_bundle *bundle; /* owned: seed_source_done() */
    bool trusted_carrier;       /* may be unsigned also where there are keys */
};

/* Takes the first rank that has a bundle, or path when it isn't NULL, and reads it. 1 found; 0
 * there is none anywhere; negative errno with e set when there is one that can't be taken, or two
 * of a rank that differ. */
int seed_source_find(const struct seed_places *p, const char *path, struct seed_source *ret,
                     struct err *e);
void seed_source_done(struct seed_source *s);

#endif
