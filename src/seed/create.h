/* Makes a bundle from a directory that holds its members, by the reader's own checks. */
#ifndef DEFENSECLAW_SEED_CREATE_H
#define DEFENSECLAW_SEED_CREATE_H

#include "seed/bundle.h"

#include <sys/types.h>

#define SEED_CREDENTIAL_MAX                                                                        \
    (1u << 20) /* bytes of credentials that systemd takes for one service                          \
                */

struct seed_request {
    const char *dir;          /* members, without manifest.json */
    const char *output;       /* .tar, .tar.gz, .tar.xz or .tar.zst */
    struct manifest manifest; /* all but files, which seed_create() fills; caller frees it */
};

/* Writes output whole or not at all, 0600 when it holds secrets. Equal members give equal bytes.
 * *ret (may be NULL) is the bundle as it will be read, *size its length in bytes. -EINVAL with
 * EXIT_USAGE and one line that names the input; others when it can't be written. */
int seed_create(struct seed_request *q, struct seed_bundle **ret, off_t *size, struct err *e);

#endif
