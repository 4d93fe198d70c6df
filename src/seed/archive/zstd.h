/* The frame of a zstd file (RFC 8878): one frame, its blocks walked by their lengths. */
#ifndef DEFENSECLAW_SEED_ARCHIVE_ZSTD_H
#define DEFENSECLAW_SEED_ARCHIVE_ZSTD_H

#include "base/err.h"

#include <sys/types.h>

/* As pack_check(). */
int zstd_check(int fd, off_t size, struct err *e);

#endif
