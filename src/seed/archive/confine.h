/* What this program gives away before it touches a byte of the archive: root, files, new programs,
 * sockets, memory and time without bound. */
#ifndef DEFENSECLAW_SEED_ARCHIVE_CONFINE_H
#define DEFENSECLAW_SEED_ARCHIVE_CONFINE_H

#include "base/err.h"

#include <stddef.h>

/* memory: bytes of private memory, all told. After it only read, write and memory calls are left;
 * opening a file fails, anything else kills. 0 or negative errno with e set. */
int confine(size_t memory, struct err *e);

#endif
