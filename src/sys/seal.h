/* The gateway's secrets: /etc/defenseclaw/NAME/secrets/KEY.cred, sealed by systemd-creds with the
 * machine's TPM or host key, root's alone. */
#ifndef DEFENSECLAW_SYS_SEAL_H
#define DEFENSECLAW_SYS_SEAL_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

#define SEAL_NAME_MAX 64 /* characters of a key's name */

/* Seals value under a key's name: what comes back may be stored anywhere on this machine. Appends
 * to out. 0, or negative errno with e set (systemd-creds' own words). */
int seal_encrypt(const char *key, const void *value, size_t len, struct buf *out, struct err *e);

/* Opens what seal_encrypt() gave for the same key. -EKEYREJECTED when it isn't that. */
int seal_decrypt(const char *key, const void *sealed, size_t len, struct buf *out, struct err *e);

/* Seals and stores, over an older value. The directory is made when it isn't there. */
int seal_store(const char *instance, const char *key, const void *value, size_t len, struct err *e);
/* Removes a stored value; -ENOENT (EXIT_USAGE) when there is none. */
int seal_remove(const char *instance, const char *key, struct err *e);
/* Tells the name of each stored value, in the directory's order. */
int seal_list(const char *instance, void (*each)(void *userdata, const char *key), void *userdata,
              struct err *e);

#endif
