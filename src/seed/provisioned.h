/* /var/lib/defenseclaw/provisioned.json: that this machine took a bundle, and which. Written last:
 * while it is missing, the next boot begins anew.
 *
 *   {"schema":"defenseclaw.provisioned/1","serial":7,"digest":HEX,"name":"sandbox","time":"…Z"} */
#ifndef DEFENSECLAW_SEED_PROVISIONED_H
#define DEFENSECLAW_SEED_PROVISIONED_H

#include "seed/bundle.h"

#define PROVISIONED_SCHEMA "defenseclaw.provisioned/1"

struct provisioned {
    int64_t serial;
    char name[NAME_MAX_LEN + 1];
    char digest[DIGEST512_HEX_LEN + 1];
};

/* Reads path. 1 there is one; 0 there is none; negative errno (EXIT_MACHINE) for one that isn't
 * understood or isn't root's, which counts as provisioned: fails closed. */
int provisioned_read(const char *path, struct provisioned *ret, struct err *e);

/* Durable when it returns. Its directory is there: the engine made it. */
int provisioned_write(const char *path, const struct seed_bundle *b, struct err *e);

#endif
