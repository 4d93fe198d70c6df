/* The strict look at a tar, block by block, before libarchive is asked for a member. It takes what
 * `tar` and `seed create` make of plain files, and refuses whatever two readers could see
 * differently: links, devices, sparse files, long-name tricks, global headers, duplicates, other
 * bytes behind the end mark.
 *
 *   block -> x header? -> its records are remembered for the next block
 *         -> file or directory: name, size; contents skipped
 *         -> two zero blocks: zeros to the end of the input, done */
#ifndef DEFENSECLAW_SEED_ARCHIVE_SCAN_H
#define DEFENSECLAW_SEED_ARCHIVE_SCAN_H

#include "base/err.h"
#include "seed/member.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The unpacked bytes. read: as source_read(). */
struct scan_input {
    int (*read)(void *userdata, void *data, size_t len, size_t *got, struct err *e);
    void *userdata;
};

struct scan_entry {
    char *name; /* owned; a directory's without the slash at its end */
    uint64_t size;
    bool directory;
};

struct scan {
    struct scan_entry *entries;
    size_t count, cap;
    uint64_t bytes;  /* contents so far */
    uint64_t stream; /* all unpacked bytes so far */
    uint32_t crc;    /* of the stream, as gzip has it */
    int *by_name;    /* hash of lower-case names -> index + 1 */
};

/* Fills s; scan_done() either way. -EINVAL with a line in e for what is refused. */
int scan_tar(const struct scan_input *in, struct scan *s, struct err *e);
void scan_done(struct scan *s);

#endif
