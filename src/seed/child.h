/* Starts defenseclaw-seed-archive and believes nothing of what it says. */
#ifndef DEFENSECLAW_SEED_CHILD_H
#define DEFENSECLAW_SEED_CHILD_H

#include "base/buf.h"
#include "base/err.h"

/* Its path, absolute; unit tests point it at the one just built. */
extern const char *seed_archive_program;

/* The members of the tar that fd holds (a file or block device, read from its first byte), as a
 * checked stream of frames. 0; -EBADMSG (EXIT_USAGE) with the reader's line for what it refuses;
 * others when it can't be started or breaks. The stream may hold secrets: buf_wipe(). */
int seed_unpack(int fd, struct buf *frames, struct err *e);

/* The tar of a stream of frames; pack is "none", "gzip", "xz" or "zstd". */
int seed_pack(const struct buf *frames, const char *pack, struct buf *tar, struct err *e);

#endif
