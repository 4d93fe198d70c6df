#include "base/digest.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void blake2b_hex(const void *data, size_t len, size_t size, char *out)
{
    unsigned char sum[64];

    crypto_generichash(sum, size, data, len, NULL, 0);
    sodium_bin2hex(out, size * 2 + 1, sum, size);
}

void digest_hex(const void *data, size_t len, char *out)
{
    blake2b_hex(data, len, DIGEST_HEX_LEN / 2, out);
}

void digest512_hex(const void *data, size_t len, char *out)
{
    blake2b_hex(data, len, DIGEST512_HEX_LEN / 2, out);
}

void uuid_make(char *out)
{
    unsigned char u[16];

    randombytes_buf(u, sizeof u);
    u[6] = (unsigned char)((u[6] & 0x0f) | 0x40);
    u[8] = (unsigned char)((u[8] & 0x3f) | 0x80);
    snprintf(out, UUID_LEN + 1,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
             u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
             u[15]);
}

int uuid_bytes(const char *uuid, unsigned char out[16])
{
    size_t n;

    if (strlen(uuid) != UUID_LEN || sodium_hex2bin(out, 16, uuid, UUID_LEN, "-", &n, NULL) != 0 ||
        n != 16)
        return -EINVAL;
    return 0;
}
