/* Whether this machine takes a bundle that is sound in itself: its machine-id, its clock, the
 * image's floor, and the keys in trust.d. */
#ifndef DEFENSECLAW_SEED_HERE_H
#define DEFENSECLAW_SEED_HERE_H

#include "seed/bundle.h"

#include <time.h>

/* Where to look; tests have their own. */
struct seed_here {
    const char *machine_id; /* file */
    const char *floor;      /* file {"policy":LEAST,"serial":LEAST}, both optional; may be absent */
    const char *trust;      /* directory; *.pub in it means that bundles need a signature */
    time_t now;
};

/* The real places, and the clock. */
void seed_here_init(struct seed_here *h);

/* trusted_carrier: by a systemd credential, whose giver owns the machine, so that it may be
 * unsigned even where there are keys. *note is set to a sentence to show (static), or NULL. 0;
 * -EPERM (EXIT_USAGE) when the machine doesn't take it; a floor that can't be read is EXIT_MACHINE.
 */
int seed_check_here(const struct seed_here *h, const struct seed_bundle *b, bool trusted_carrier,
                    const char **note, struct err *e);

#endif
