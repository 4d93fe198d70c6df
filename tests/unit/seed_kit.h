/* Makes seed bundles for tests, good ones and every kind of bad one, byte by byte. */
#ifndef DEFENSECLAW_TESTS_SEED_KIT_H
#define DEFENSECLAW_TESTS_SEED_KIT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Points seed_archive_program at the program built beside this test. */
void kit_use_built_reader(const char *argv0);

/* One tar block sequence: header with a right checksum, contents, padding. */
void tar_add(struct buf *t, char type, const char *name, const void *data, size_t len);
/* The same with a size field of its own choosing and only len bytes behind. */
void tar_add_sized(struct buf *t, char type, const char *name, unsigned long long size,
                   const void *data, size_t len);
/* A pax header of one record for the next entry. */
void tar_add_pax(struct buf *t, const char *key, const char *value);
/* Two zero blocks. */
void tar_end(struct buf *t);
/* Writes the checksum of the header at an offset anew, after a test changed the header. */
void tar_sum(struct buf *t, size_t at);

struct kit_file {
    const char *name, *text;
};

/* The manifest that fits files; extra is put before its last brace (",\"x\":1"), "" for none. */
void kit_manifest(const struct kit_file *files, size_t count, const char *extra, struct buf *out);

/* A whole plain bundle: manifest and files, end mark. */
void kit_bundle(const struct kit_file *files, size_t count, struct buf *tar);
/* The smallest good one: {"policy":"strict"} as flags.json. */
void kit_small(struct buf *tar);

/* Packs bytes by libarchive: filter "gzip", "xz" or "zstd", level as text or NULL. */
void kit_pack(const struct buf *in, const char *filter, const char *level, struct buf *out);

/* Writes bytes to path (0600). */
void kit_write(const char *path, const struct buf *b);

#endif
