/* Our keys in OpenClaw's profile, as text: put in, and taken back. No files here, so that every
 * case is a pair of texts in a test.
 *
 * An edit is {"path":[KEY,…],"value":JSON} (this key has this value) or {"path":[KEY,…],"add":JSON}
 * (this list holds this entry). With "present":true it counts only where the key stands already. */
#ifndef DEFENSECLAW_RESOURCE_OPENCLAW_TEXT_H
#define DEFENSECLAW_RESOURCE_OPENCLAW_TEXT_H

#include "base/buf.h"
#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* What a profile begins with when there is none. */
#define OPENCLAW_EMPTY "{\n}\n"

/* A text of bytes; data NULL: no file. */
struct text {
    const char *data;
    size_t len;
};

/* Tells of a key of ours that somebody changed: it stays as it is. key is "a.b.c". */
struct openclaw_report {
    void (*kept)(void *userdata, const char *key);
    void *userdata;
};

/* Makes all edits stand, and changes nothing but what doesn't stand yet. Appends the new text to
 * out. Errors of json5_set(): -EINVAL, -EEXIST (a key stands twice), -ENOTDIR, -ENOMEM. */
int openclaw_apply(struct text now, const cJSON *edits, struct buf *out, struct err *e);

/* Gives each key of edits back the value it had in before (or none): where now still has ours; what
 * somebody else set stays, and is reported. Entries of lists go by value. -EINVAL when now can't be
 * read; a before that can't be read counts as one without keys. */
int openclaw_withdraw(struct text now, struct text before, const cJSON *edits,
                      const struct openclaw_report *report, struct buf *out, struct err *e);

/* Whether nothing is left in the text: an object without keys and without comments. */
bool openclaw_is_bare(struct text t);

/* -EPERM (EXIT_USAGE) when the text includes other files anywhere, naming the line: a profile that
 * root keeps elsewhere may not depend on files of the sandbox user. */
int openclaw_refuse_includes(struct text t, struct err *e);

#endif
