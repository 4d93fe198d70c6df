#include "sys/devicekey.h"

#include "base/mem.h"
#include "sys/beneath.h"

#include <sodium.h>
#include <string.h>

#define BEGIN "-----BEGIN ED25519 PRIVATE KEY-----"
#define END "-----END ED25519 PRIVATE KEY-----"
#define FILE_MAX 4096
#define BASE64_LEN sodium_base64_ENCODED_LEN(ED25519_SEED_BYTES, sodium_base64_VARIANT_ORIGINAL)

/* The public half of a seed, as text with its newline. */
static void public_text(const uint8_t seed[ED25519_SEED_BYTES], char pub[DEVICEKEY_PUB_LEN + 1])
{
    uint8_t raw[ED25519_PUBLIC_BYTES];

    ed25519_public(seed, raw);
    base64url_encode(raw, sizeof raw, pub);
    memcpy(pub + DEVICEKEY_PUB_LEN - 1, "\n", 2);
}

void devicekey_make(struct buf *pem, char pub[DEVICEKEY_PUB_LEN + 1])
{
    uint8_t seed[ED25519_SEED_BYTES];
    char text[BASE64_LEN];

    random_bytes(seed, sizeof seed);
    sodium_bin2base64(text, sizeof text, seed, sizeof seed, sodium_base64_VARIANT_ORIGINAL);
    buf_printf(pem, "%s\n%s\n%s\n", BEGIN, text, END);
    public_text(seed, pub);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(text, sizeof text);
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && strchr(" \t\r\n", *p) && *p)
        p++;
    return p;
}

static const char *skip_word(const char *p, const char *end, const char *word)
{
    size_t len = strlen(word);

    return p && (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

int devicekey_parse(const char *text, size_t len, uint8_t seed[ED25519_SEED_BYTES])
{
    const char *end = text + len, *p = skip_word(skip_space(text, end), end, BEGIN), *stop = NULL;
    uint8_t found[ED25519_SEED_BYTES];
    size_t n = 0;
    int r = -EINVAL;

    if (!p)
        return -EINVAL;
    if (sodium_base642bin(found, sizeof found, p, (size_t)(end - p), " \t\r\n", &n, &stop,
                          sodium_base64_VARIANT_ORIGINAL) == 0 &&
        n == sizeof found) {
        p = skip_word(skip_space(stop, end), end, END);
        if (p && skip_space(p, end) == end) {
            memcpy(seed, found, sizeof found);
            r = 0;
        }
    }
    sodium_memzero(found, sizeof found);
    return r;
}

static int read_file(const char *path, struct buf *out)
{
    autofd int dir = -EBADF;
    const char *base;
    struct stat st;
    int r = beneath_open_parent(path, &dir, &base, NULL);

    return r < 0 ? r : beneath_read(dir, base, FILE_MAX, out, &st);
}

int devicekey_load(const char *path, uint8_t seed[ED25519_SEED_BYTES])
{
    autosecret struct buf text = { 0 };
    int r = read_file(path, &text);

    return r < 0 ? r : devicekey_parse(buf_str(&text), text.len, seed);
}

void devicekey_digest(const char *path, char digest[DIGEST_HEX_LEN + 1],
                      char pub[DEVICEKEY_PUB_LEN + 1])
{
    autosecret struct buf text = { 0 };
    uint8_t seed[ED25519_SEED_BYTES];

    digest[0] = pub[0] = '\0';
    if (read_file(path, &text) < 0 || devicekey_parse(buf_str(&text), text.len, seed) < 0)
        return;
    public_text(seed, pub);
    sodium_memzero(seed, sizeof seed);
    digest_hex(text.data, text.len, digest);
}
