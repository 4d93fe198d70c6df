/* What each member's contents must be. */
#ifndef DEFENSECLAW_SEED_CONTENT_H
#define DEFENSECLAW_SEED_CONTENT_H

#include "seed/bundle.h"

/* Text, and no archive: -EINVAL with "MEMBER: why". */
int content_check_text(const struct seed_member *m, struct err *e);

/* Reads a member into the bundle by its type. -EINVAL with "MEMBER: …", -ENOMEM. */
int content_read(struct seed_bundle *b, const struct seed_member *m, struct err *e);

#endif
