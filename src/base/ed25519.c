#include "base/ed25519.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>

static_assert(ED25519_SEED_BYTES == crypto_sign_SEEDBYTES, "the seed is libsodium's");
static_assert(ED25519_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "the key is libsodium's");
static_assert(ED25519_SIGNATURE_BYTES == crypto_sign_BYTES, "the signature is libsodium's");

void ed25519_public(const uint8_t seed[ED25519_SEED_BYTES], uint8_t pub[ED25519_PUBLIC_BYTES])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(pub, secret, seed);
    sodium_memzero(secret, sizeof secret);
}

void ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], const void *msg, size_t len,
                  uint8_t sig[ED25519_SIGNATURE_BYTES])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES], pub[ED25519_PUBLIC_BYTES];

    crypto_sign_seed_keypair(pub, secret, seed);
    crypto_sign_detached(sig, NULL, msg, len, secret);
    sodium_memzero(secret, sizeof secret);
}

bool ed25519_verify(const uint8_t pub[ED25519_PUBLIC_BYTES], const void *msg, size_t len,
                    const uint8_t sig[ED25519_SIGNATURE_BYTES])
{
    return crypto_sign_verify_detached(sig, msg, len, pub) == 0;
}

void device_id(const uint8_t pub[ED25519_PUBLIC_BYTES], char *out)
{
    uint8_t sum[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(sum, pub, ED25519_PUBLIC_BYTES);
    sodium_bin2hex(out, DEVICE_ID_LEN + 1, sum, sizeof sum);
}

int base64url_decode(const char *text, size_t len, uint8_t *out, size_t size)
{
    const char *end;
    size_t n;

    if (sodium_base642bin(out, size, text, len, NULL, &n, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return -EINVAL;
    return n == size && end == text + len ? 0 : -EINVAL;
}

void base64url_encode(const uint8_t *data, size_t size, char *out)
{
    sodium_bin2base64(out,
                      sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                      data, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void random_bytes(void *out, size_t size)
{
    randombytes_buf(out, size);
}
