/* One tar header block, and the records of a pax header, as strictly as POSIX writes them. */
#ifndef DEFENSECLAW_SEED_ARCHIVE_HEADER_H
#define DEFENSECLAW_SEED_ARCHIVE_HEADER_H

#include "base/err.h"
#include "seed/member.h"

#include <stddef.h>
#include <stdint.h>

enum { TAR_BLOCK = 512 };

enum tar_type { TAR_FILE, TAR_DIRECTORY, TAR_PAX };

struct tar_header {
    enum tar_type type;
    char name[257]; /* prefix/name; as it stands, not yet checked */
    uint64_t size;
};

/* Reads a header block. -EINVAL with a line that begins with the name where there is one. */
int tar_header_parse(const uint8_t block[TAR_BLOCK], struct tar_header *ret, struct err *e);

/* Reads a pax header's records: path goes to path (MEMBER_NAME_MAX + 2 bytes, untouched when there
 * is none), times and owners are skipped, every other keyword is refused. */
int pax_parse(const char *data, size_t len, char *path, struct err *e);

#endif
