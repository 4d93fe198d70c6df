/* libarchive over the input, by pread from its first byte, with the one filter that the input's
 * packing wants. Every libarchive error becomes one line here. */
#ifndef DEFENSECLAW_SEED_ARCHIVE_SOURCE_H
#define DEFENSECLAW_SEED_ARCHIVE_SOURCE_H

#include "base/err.h"
#include "seed/archive/pack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct archive;

struct source {
    int fd; /* not owned */
    off_t size, at;
    enum pack pack;
    struct archive *archive;
    uint8_t buf[65536];
};

/* Opens the unpacked bytes (as_tar false: read them by source_read) or the tar in them (true: walk
 * source->archive). 0 or negative errno with e set; source_close() either way. */
int source_open(struct source *s, int fd, off_t size, enum pack pack, bool as_tar, struct err *e);
void source_close(struct source *s);

/* Up to len unpacked bytes; *got is less only at the end. */
int source_read(struct source *s, void *data, size_t len, size_t *got, struct err *e);

/* After the end was read: whether the decoder used every byte of the input. */
bool source_used_all(const struct source *s);

/* Turns the archive's last error into a line; returns -EINVAL. */
int source_fault(struct source *s, struct err *e);

#endif
