/* A seed bundle, read and checked whole: nothing of it is used unless all of it holds. */
#ifndef DEFENSECLAW_SEED_BUNDLE_H
#define DEFENSECLAW_SEED_BUNDLE_H

#include "base/buf.h"
#include "base/err.h"
#include "provision/provision.h"
#include "seed/manifest.h"
#include "seed/member.h"
#include "spec/options.h"

#include <stdbool.h>

struct seed_member {
    enum member_type type;
    const char *name, *data; /* in the stream; data is NUL-terminated behind len */
    size_t len;
};

struct seed_bundle {
    struct manifest manifest;
    char digest[DIGEST512_HEX_LEN + 1]; /* of manifest.json: of all that is in it */
    bool is_signed;                     /* manifest.minisig is there (not checked) */
    struct options options;             /* flags.json and the name; anything else at its default */
    struct spec spec;                   /* what they come to */
    cJSON *flags;                       /* flags.json as it stands */
    struct input_file *policy;          /* laid over the template; path without "policy/" */
    size_t policy_count;
    const char *openclaw; /* openclaw.json's text, NULL when there is none */
    const char *env;      /* NAME=VALUE lines for the sandbox, NULL */
    cJSON *env_names;     /* {NAME: value} of env, NULL */
    cJSON *secrets;       /* {NAME: value} for the gateway's store, NULL */

    struct seed_member *members; /* all, in the bundle's order */
    size_t count;
    struct buf stream; /* what members point into */
};

/* Reads the bundle that fd holds (a file or block device, from its first byte). Errors are one line
 * (EXIT_USAGE) without the bundle's own name: the caller puts it before. Caller frees with
 * seed_bundle_free(), which wipes. */
int seed_read_fd(int fd, struct seed_bundle **ret, struct err *e);

/* Opens and reads; errors begin with path. Refuses what is no file or block device (a FIFO never
 * blocks). */
int seed_read_path(const char *path, struct seed_bundle **ret, struct err *e);

/* The same checks on a stream of frames, which is taken over (also on failure). */
int seed_read_frames(struct buf *stream, struct seed_bundle **ret, struct err *e);

void seed_bundle_free(struct seed_bundle *b);
static inline void seed_bundle_freep(struct seed_bundle **b)
{
    seed_bundle_free(*b);
    *b = NULL;
}
#define autoseed __attribute__((cleanup(seed_bundle_freep)))

/* The member of a type that stands at most once, NULL when there is none. */
const struct seed_member *seed_member_of(const struct seed_bundle *b, enum member_type type);

#endif
