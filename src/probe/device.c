/* The device key: the secret half in the sandbox's home, the public one in /etc. */
#include "base/buf.h"
#include "base/ed25519.h"
#include "base/mem.h"
#include "base/paths.h"
#include "probe/rows.h"
#include "sys/beneath.h"

#include <string.h>

#define KEY_MAX 4096
#define BEGIN "-----BEGIN ED25519 PRIVATE KEY-----\n"
#define END "\n-----END ED25519 PRIVATE KEY-----\n"
#define SEED_BASE64 44 /* 32 bytes, padded */

/* The public half of the PEM text; 0 or -EINVAL. */
static int public_of_pem(const struct buf *pem, uint8_t pub[ED25519_PUBLIC_BYTES])
{
    size_t begin = strlen(BEGIN), end = strlen(END);
    uint8_t seed[ED25519_SEED_BYTES];
    char text[SEED_BASE64];
    int r;

    if (pem->len != begin + SEED_BASE64 + end || memcmp(pem->data, BEGIN, begin) != 0 ||
        memcmp(pem->data + begin + SEED_BASE64, END, end) != 0)
        return -EINVAL;
    memcpy(text, pem->data + begin, sizeof text);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    r = text[SEED_BASE64 - 1] == '=' ? base64url_decode(text, SEED_BASE64 - 1, seed, sizeof seed)
                                     : -EINVAL;
    if (r == 0)
        ed25519_public(seed, pub);
    explicit_bzero(seed, sizeof seed);
    explicit_bzero(text, sizeof text);
    return r;
}

static int read_at(const char *path, struct buf *out, struct stat *st, struct err *e)
{
    autofd int dir = -EBADF;
    const char *base;
    int r = beneath_open_parent(path, &dir, &base, e);

    if (r == 0)
        r = beneath_read(dir, base, KEY_MAX, out, st);
    return r < 0 ? err_set(e, r, EXIT_RED, "%s: %s", path, strerror(-r)) : 0;
}

/* Says what is wrong in e; 0 when nothing is. */
static int check(const struct verify *v, struct err *e)
{
    uint8_t pub[ED25519_PUBLIC_BYTES], known[ED25519_PUBLIC_BYTES];
    autosecret struct buf pem = { 0 };
    autobuf struct buf text = { 0 };
    char key[320], half[64];
    struct stat st;
    int r;

    snprintf(key, sizeof key, "%s/.defenseclaw/device.key", v->in.spec.home);
    snprintf(half, sizeof half, DC_ETC "/%s/device.pub", v->in.spec.name);
    r = read_at(key, &pem, &st, e);
    if (r < 0)
        return r;
    if (st.st_uid != v->in.uid || (st.st_mode & 0777) != 0600)
        return err_set(e, -EPERM, EXIT_RED, "device.key: owner %u, mode %04o", st.st_uid,
                       st.st_mode & 07777u);
    if (public_of_pem(&pem, pub) < 0)
        return err_set(e, -EINVAL, EXIT_RED, "device.key: not a key of this kind");
    r = read_at(half, &text, &st, e);
    if (r < 0)
        return r;
    if (text.len < 1 || text.data[text.len - 1] != '\n' ||
        base64url_decode((const char *)text.data, text.len - 1, known, sizeof known) < 0)
        return err_set(e, -EINVAL, EXIT_RED, "device.pub: not a public key");
    if (memcmp(pub, known, sizeof pub) != 0)
        return err_set(e, -EBADMSG, EXIT_RED,
                       "device.key: is not the key that device.pub belongs "
                       "to");
    return 0;
}

void rows_device(struct verify *v, struct verify_report *r)
{
    static const char tried[] = "the public half of device.key beside device.pub";
    struct err e = { 0 };

    if (v->in.spec.no_auto_pair)
        report_addf(r, CHECK_SKIPPED, "device key", tried, "the same",
                    "switched off by --no-auto-pair");
    else if (check(v, &e) < 0)
        report_addf(r, CHECK_FAIL, "device key", tried, "the same", "%s", e.text);
    else
        report_addf(r, CHECK_PASS, "device key", tried, "the same", "the same");
}
