/* Files under hostile parents: every path is resolved from / without following a single symbolic
 * link, and what is written appears whole or not at all. */
#ifndef DEFENSECLAW_SYS_BENEATH_H
#define DEFENSECLAW_SYS_BENEATH_H

#include "base/buf.h"
#include "base/err.h"

#include <sys/stat.h>
#include <sys/types.h>

/* Opens the directory that holds path (absolute, canonical) with openat2(RESOLVE_NO_SYMLINKS), so
 * that a parent swapped for a link is an error and never followed. *ret_dir is the caller's,
 * *ret_base points into path. -ELOOP (a link on the way), -ENOENT (no such parent), others; e names
 * the path. */
int beneath_open_parent(const char *path, int *ret_dir, const char **ret_base, struct err *e);

/* Opens a directory itself in the same way. */
int beneath_open_dir(const char *path, int *ret_dir, struct err *e);

/* Reads a regular file with one link, at most max bytes, never blocking on a FIFO; st is filled.
 * -ENOENT, -ELOOP for a link, -EINVAL for what isn't a plain file, -EMLINK for one with more links,
 * -EFBIG. Sets no error text. */
int beneath_read(int dir, const char *base, size_t max, struct buf *out, struct stat *st);

struct beneath_attrs {
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/* The temporary name that beneath_create() uses for base: ".BASE.TAG.tmp"; tag is the instance's
 * uuid, of which the first eight characters count. */
void beneath_temp_name(const char *base, const char *tag, char *out, size_t size);

/* Writes a new file beside base under the temporary name, with O_EXCL|O_NOFOLLOW, owner and mode
 * set before the bytes are; not synced. An entry of that name is a leftover (or hostile) and is
 * unlinked first. *ret_fd is the caller's, open for writing. */
int beneath_create(int dir, const char *base, const char *tag, const void *data, size_t len,
                   const struct beneath_attrs *attrs, int *ret_fd);
/* Renames the temporary file over base. The directory is synced by the caller when it must be. */
int beneath_commit(int dir, const char *base, const char *tag);

/* create, sync and commit in one. */
int beneath_replace(int dir, const char *base, const char *tag, const void *data, size_t len,
                    const struct beneath_attrs *attrs);

#endif
