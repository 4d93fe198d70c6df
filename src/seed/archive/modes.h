/* The two things that this program does, each between the confinement and the exit. */
#ifndef DEFENSECLAW_SEED_ARCHIVE_MODES_H
#define DEFENSECLAW_SEED_ARCHIVE_MODES_H

#include "base/err.h"
#include "seed/archive/pack.h"

/* Reads the tar on in (a file or device: it is read twice, first all of it strictly, then its
 * members) and writes frames to out. A tar that isn't taken costs the partner nothing but the
 * error. */
int mode_read(int in, int out, struct err *e);

/* Reads frames from in (to its end) and writes a tar to out: members in the order of the frames,
 * mode 0644, no owner, no time, so that equal members give equal bytes. */
int mode_write(int in, int out, enum pack pack, struct err *e);

/* Writes all of it. 0 or negative errno. */
int write_all(int fd, const void *data, size_t len);

#endif
