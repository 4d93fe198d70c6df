/* The device key as it lies in the sandbox's home: PEM `ED25519 PRIVATE KEY` over the 32-byte seed,
 * upstream's form. The file is in reach of the sandbox user, so its text is hostile. */
#ifndef DEFENSECLAW_SYS_DEVICEKEY_H
#define DEFENSECLAW_SYS_DEVICEKEY_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/ed25519.h"

/* The public half as /etc/defenseclaw/NAME/device.pub holds it: base64url and a newline. */
#define DEVICEKEY_PUB_LEN 44

/* Makes a key: its PEM is appended to pem, its public half (terminated) goes to pub. */
void devicekey_make(struct buf *pem, char pub[DEVICEKEY_PUB_LEN + 1]);

/* Reads the seed of a PEM text: exactly one key and nothing else but white space round it. 0 or
 * -EINVAL. The caller wipes seed. */
int devicekey_parse(const char *text, size_t len, uint8_t seed[ED25519_SEED_BYTES]);

/* Reads the seed of a key file, following no link on the way. 0, -EINVAL when it holds no key, or
 * what beneath_open_parent() and beneath_read() say. The caller wipes seed. */
int devicekey_load(const char *path, uint8_t seed[ED25519_SEED_BYTES]);

/* The digest of a key file's bytes and its public half as devicekey_make() gives it; both "" when
 * there is no file with a key in it. */
void devicekey_digest(const char *path, char digest[DIGEST_HEX_LEN + 1],
                      char pub[DEVICEKEY_PUB_LEN + 1]);

#endif
