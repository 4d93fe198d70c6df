/* The device key: Ed25519 by libsodium, and the texts it travels in. */
#ifndef DEFENSECLAW_BASE_ED25519_H
#define DEFENSECLAW_BASE_ED25519_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ED25519_SEED_BYTES 32
#define ED25519_PUBLIC_BYTES 32
#define ED25519_SIGNATURE_BYTES 64
#define DEVICE_ID_LEN 64 /* hex SHA-256 of the public key */

/* The public half of a seed. */
void ed25519_public(const uint8_t seed[ED25519_SEED_BYTES], uint8_t pub[ED25519_PUBLIC_BYTES]);
/* Signs len bytes with the key of a seed; no copy of the secret stays behind. */
void ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], const void *msg, size_t len,
                  uint8_t sig[ED25519_SIGNATURE_BYTES]);
bool ed25519_verify(const uint8_t pub[ED25519_PUBLIC_BYTES], const void *msg, size_t len,
                    const uint8_t sig[ED25519_SIGNATURE_BYTES]);
/* Lower-case hex of SHA-256 over the public key; out has DEVICE_ID_LEN + 1 bytes. */
void device_id(const uint8_t pub[ED25519_PUBLIC_BYTES], char *out);

/* base64url without padding. decode wants exactly size bytes and nothing behind them: 0 or -EINVAL.
 * encode writes a terminated text; out has at least (size * 4 + 2) / 3 + 1 bytes. */
int base64url_decode(const char *text, size_t len, uint8_t *out, size_t size);
void base64url_encode(const uint8_t *data, size_t size, char *out);

/* Fills out with bytes that nobody can guess. */
void random_bytes(void *out, size_t size);

#endif
