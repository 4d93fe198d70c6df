/* A bundle's policy files, remembered in the record, so that a later setup without the bundle keeps
 * them: "overlay":[{"path","digest"}], the bytes in the state directory's blobs. */
#ifndef DEFENSECLAW_SETUP_OVERLAY_H
#define DEFENSECLAW_SETUP_OVERLAY_H

#include "provision/provision.h"

/* The files that the record remembers; none is fine. Caller frees with files_free(). */
int overlay_load(struct run *run, const cJSON *record, struct input_file **ret, size_t *ret_count,
                 struct err *e);

/* Puts files in place of what the record remembers, and stores their bytes durably. */
int overlay_save(struct run *run, cJSON *record, const struct input_file *files, size_t count,
                 struct err *e);

#endif
