/* The database behind the writer: sqlite3.h is included in its source only. */
#ifndef DEFENSECLAW_GATEWAY_AUDIT_DB_H
#define DEFENSECLAW_GATEWAY_AUDIT_DB_H

#include "gateway/audit.h"

#include <stddef.h>

struct audit_db;

/* Opens or makes path (0600, WAL, synchronous FULL) with table decision. A row's id is *base and
 * its seq: base below 0 is set to the greatest id that stands there, else taken as it is, so that
 * rows keep their ids when the database is opened anew. why gets the reason on failure. 0 or -EIO.
 */
int audit_db_open(const char *path, const char *instance, int64_t *base, struct audit_db **ret,
                  char *why, size_t size);
void audit_db_close(struct audit_db *db);

/* Writes all rows in one transaction, or none of them; a row that stands there already, since an
 * earlier commit was done although it failed, stays. 0 or -EIO with why. */
int audit_db_commit(struct audit_db *db, const struct audit_row *rows, size_t n, char *why,
                    size_t size);

#endif
