/* BLAKE2b and random identities, by libsodium. */
#ifndef DEFENSECLAW_BASE_DIGEST_H
#define DEFENSECLAW_BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX_LEN 64     /* BLAKE2b-256: names of stored bytes */
#define DIGEST512_HEX_LEN 128 /* BLAKE2b-512: the seed manifest's form */
#define UUID_LEN 36

/* Hex of BLAKE2b-256 over data; out has DIGEST_HEX_LEN + 1 bytes. */
void digest_hex(const void *data, size_t len, char *out);
/* Hex of BLAKE2b-512 over data; out has DIGEST512_HEX_LEN + 1 bytes. */
void digest512_hex(const void *data, size_t len, char *out);
/* A random version 4 UUID in lower case (RFC 9562); out has UUID_LEN + 1 bytes. */
void uuid_make(char *out);
/* The sixteen bytes of a UUID's text. 0 or -EINVAL. */
int uuid_bytes(const char *uuid, unsigned char out[16]);

#endif
