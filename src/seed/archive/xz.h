/* The frame of an xz file (the .xz format, 1.1): one stream, its blocks found by its index. */
#ifndef DEFENSECLAW_SEED_ARCHIVE_XZ_H
#define DEFENSECLAW_SEED_ARCHIVE_XZ_H

#include "base/err.h"

#include <sys/types.h>

/* As pack_check(). The decoder itself checks that index and blocks agree. */
int xz_check(int fd, off_t size, struct err *e);

#endif
