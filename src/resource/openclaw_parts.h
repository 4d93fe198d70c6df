/* Kind openclaw's parts: openclaw.c looks and compares, openclaw_put.c puts, openclaw_back.c takes
 * back. What want and state hold is said at the top of openclaw.c. */
#ifndef DEFENSECLAW_RESOURCE_OPENCLAW_PARTS_H
#define DEFENSECLAW_RESOURCE_OPENCLAW_PARTS_H

#include "engine/resource.h"
#include "resource/openclaw_text.h"

#define PROFILE_MAX (4u << 20) /* bytes that are read */

/* What a state says. */
bool profile_is(const cJSON *state, const char *type);
bool profile_parent_is(const cJSON *state, const char *what);
const cJSON *profile_edits(const cJSON *state);
bool profile_same_key(const cJSON *a, const cJSON *b, const char *key);
bool profile_same_owner(const cJSON *a, const cJSON *b);
bool profile_same(const cJSON *now, const cJSON *want);

/* The directory of a path; the caller's, NULL when out of memory. */
char *profile_parent(const char *id);

/* Appends the bytes whose digest a state has under key. -ENOENT when it has none. */
int profile_bytes(struct run *run, const cJSON *state, const char *key, struct buf *out);
struct text profile_text(const struct buf *b);

/* What stands at the path, without a look into it: kind_file's state with "parent". */
int profile_look(struct run *run, const char *id, cJSON **ret, struct err *e);

/* Appends the text that want makes of a text. Errors of openclaw_apply(), and -EPERM for an include
 * where want is "plain". */
int profile_wanted(struct run *run, struct text now, const cJSON *want, struct buf *out,
                   struct err *e);

/* Makes state's owner, mode and attributes those of like. */
int profile_wear(cJSON *state, const cJSON *like);
/* Writes a text over what stands there, with owner, mode and attributes of like. */
int profile_write(struct run *run, const char *id, const cJSON *now, struct text t,
                  const cJSON *like, struct err *e);
/* Makes the path's directory, 0700 and like's owner's, unless it is there. */
int profile_make_parent(struct run *run, const char *id, const cJSON *like, struct err *e);

/* The kind's put() for a wanted state, and its take_back(). */
int profile_put(struct run *run, const char *id, const cJSON *now, const cJSON *want,
                struct err *e);
int profile_take_back(struct run *run, const char *id, const cJSON *was_now, const cJSON *before,
                      const cJSON *left, struct err *e);

#endif
