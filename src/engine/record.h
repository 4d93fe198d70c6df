/* The record: the last good state of an instance, replaced by rename in its state directory
 * (/var/lib/defenseclaw/NAME/record.json, root, 0600).
 *
 *   {"schema":"defenseclaw.record/1","state":"active"|"disabled","uuid","run","spec":{…},
 *    "ids":{"uid","gid","gateway_user"},
 *    "entries":[{"kind","id","step","keep","before":{…},"after":{…}}]}
 *
 * before is what stood there when the instance was first set up: what --disable puts back. */
#ifndef DEFENSECLAW_ENGINE_RECORD_H
#define DEFENSECLAW_ENGINE_RECORD_H

#include "base/err.h"

#include <cjson/cJSON.h>

#define RECORD_SCHEMA "defenseclaw.record/1"

/* Opens /var/lib/defenseclaw/NAME; makes it (root, 0700) when create. -ENOENT when it isn't there;
 * refuses one that isn't root's own. */
int state_dir_open(const char *name, int create, int *ret, struct err *e);
/* Removes the directory and the stored bytes in it. For a first run that was rolled back: while a
 * record or a journal is there, everything stays. */
int state_dir_remove(const char *name);

/* -ENOENT when there is none; -EBADMSG for a schema that this version doesn't know. */
int record_load(int state_dir, cJSON **ret, struct err *e);
/* Durable when it returns. */
int record_save(int state_dir, const cJSON *record, struct err *e);

/* The entry of a kind and id in an entries array, NULL when there is none. */
cJSON *record_entry(const cJSON *entries, const char *kind, const char *id);

/* Removes stored bytes that no entry of the record names. */
void record_sweep_blobs(int state_dir, const cJSON *record);
/* The same by the record as it is saved; all of them when there is none. For a run that was taken
 * back: what it stored may have been secrets. */
void record_sweep_saved(int state_dir);

#endif
