/* The files of a bundle's directory. */
#ifndef DEFENSECLAW_SEED_WALK_H
#define DEFENSECLAW_SEED_WALK_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

struct seed_files {
    struct seed_file {
        char *name; /* with "policy/" before; owned */
        struct buf data;
    } * items;
    size_t count, cap;
    size_t bytes;
};

/* Reads every file of dir and of the directories that a bundle may hold, sorted by name. Refuses
 * links, special files, names that no bundle holds, and manifest.json, which is made (all
 * EXIT_USAGE, with the path). seed_files_done() wipes and frees, in any case. */
int seed_files_read(const char *dir, struct seed_files *ret, struct err *e);
void seed_files_done(struct seed_files *f);

#endif
