/* manifest.json: what a bundle says it is, and the digest of every other member. */
#ifndef DEFENSECLAW_SEED_MANIFEST_H
#define DEFENSECLAW_SEED_MANIFEST_H

#include "base/digest.h"
#include "base/err.h"
#include "spec/spec.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define MANIFEST_SCHEMA "defenseclaw.seed/1"
#define MANIFEST_MACHINE_MAX 64

struct manifest {
    int64_t serial;                         /* from 1 to 2^53 */
    char name[NAME_MAX_LEN + 1];            /* the instance */
    char machine[MANIFEST_MACHINE_MAX + 1]; /* the only machine-id that may take it; "" for any */
    time_t not_after;                       /* seconds since 1970; 0 for no end */
    cJSON *files;                           /* {member: BLAKE2b-512 hex}; owned */
};

/* Reads the text strictly: unknown keys are refused. -EINVAL (EXIT_USAGE, "manifest.json: …"),
 * -ENOMEM. Free with manifest_done(). */
int manifest_parse(const void *text, size_t len, struct manifest *ret, struct err *e);
void manifest_done(struct manifest *m);

/* The text of a manifest, its keys sorted; caller frees. NULL when out of memory. */
char *manifest_text(const struct manifest *m);

/* "2027-01-01T00:00:00Z" and nothing else. 0 or -EINVAL. */
int manifest_time_parse(const char *text, time_t *ret);
/* out has MANIFEST_TIME_LEN + 1 bytes. */
#define MANIFEST_TIME_LEN 20
void manifest_time_text(time_t t, char *out);

/* Whether text can be a machine's id: 1 to 64 of A-Z a-z 0-9 . _ - */
bool manifest_machine_valid(const char *text);

#endif
