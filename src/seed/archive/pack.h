/* How the tar is packed, and whether its packing is one whole stream with a window that we take.
 * Looked at before a decoder sees a byte: the decoders believe the window that they are told, read
 * several streams as one, and (gzip) ignore what follows. */
#ifndef DEFENSECLAW_SEED_ARCHIVE_PACK_H
#define DEFENSECLAW_SEED_ARCHIVE_PACK_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

enum pack { PACK_NONE, PACK_GZIP, PACK_XZ, PACK_ZSTD, PACK_COUNT };

extern const char *const pack_names[PACK_COUNT]; /* "none", "gzip", … */

/* By the first bytes. 0 or negative errno. */
int pack_detect(int fd, enum pack *ret, struct err *e);

/* Refuses (-EINVAL, e set): windows over MEMBER_WINDOW_MAX, a second stream or frame, bytes behind
 * the stream, truncation, dictionaries. size is the input's; nothing to see for plain tars, and of
 * gzip only the end, since its inside has no lengths: see gzip_tail. */
int pack_check(int fd, off_t size, enum pack pack, struct err *e);

/* The check sum and length that a gzip file ends with; libarchive looks at neither. */
int gzip_tail(int fd, off_t size, uint32_t *ret_crc, uint32_t *ret_len, struct err *e);

/* Reads exactly len bytes at an offset. 0, -ENODATA when the input ends before, negative errno. */
int read_at(int fd, void *data, size_t len, off_t at);

#endif
