/* Bytes by their digest: those that a plan wants live in memory, those that stood there before are
 * written to DIR/blob/DIGEST (0600) and fsynced before the journal names them. */
#ifndef DEFENSECLAW_ENGINE_BLOB_H
#define DEFENSECLAW_ENGINE_BLOB_H

#include "base/buf.h"
#include "base/digest.h"

struct blobs;

struct blobs *blobs_new(void);
void blobs_free(struct blobs *b); /* wipes what it held */

/* Remembers bytes (copied); digest gets their name. 0 or -ENOMEM. */
int blob_add(struct blobs *b, const void *data, size_t len, char digest[DIGEST_HEX_LEN + 1]);

/* The bytes of a digest: from memory, else from state_dir/blob. Appends to out.
 * -ENOENT when nobody has them, -EBADMSG when the stored bytes don't match their name. */
int blob_get(struct blobs *b, int state_dir, const char *digest, struct buf *out);

/* Writes the bytes of a digest to state_dir/blob unless they are there. The caller syncs by
 * blob_sync() once for a batch. */
int blob_store(struct blobs *b, int state_dir, const char *digest);
int blob_sync(int state_dir);

#endif
