#include "gateway/pair.h"

#include "base/mem.h"
#include "gateway/audit.h"
#include "gateway/force.h"
#include "spec/pair.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

#define NONCES_MAX 32 /* the oldest makes room: a flood of challenges costs the asker its own */

static_assert(PAIR_DEVICE_LEN == DEVICE_ID_LEN, "one form of a device's id");

struct pair {
    struct {
        char nonce[PAIR_NONCE_LEN + 1]; /* "" when free */
        char device[PAIR_DEVICE_LEN + 1];
        int64_t until_ms;
    } given[NONCES_MAX];
    size_t next;
};

struct proof {
    const char *device, *public_key, *nonce, *signature;
    json_int_t signed_at;
};

int pair_new(struct pair **ret)
{
    *ret = calloc(1, sizeof **ret);
    return *ret ? 0 : -ENOMEM;
}

void pair_free(struct pair *p)
{
    free(p);
}

static bool is_device(const char *s)
{
    return strlen(s) == PAIR_DEVICE_LEN && strspn(s, "0123456789abcdef") == PAIR_DEVICE_LEN;
}

void pair_challenge(struct httpd_conn *c, const struct httpd_request *q)
{
    struct pair *p = q->g->pair;
    const char *device = strncmp(q->query, "device=", 7) == 0 ? q->query + 7 : "";
    uint8_t raw[PAIR_NONCE_BYTES];
    char body[128];

    if (!is_device(device)) {
        httpd_reply(c, 400, "application/json",
                    "{\"error\":\"device must be 64 lower-case hex digits\"}\n");
        return;
    }
    random_bytes(raw, sizeof raw);
    base64url_encode(raw, sizeof raw, p->given[p->next].nonce);
    memcpy(p->given[p->next].device, device, PAIR_DEVICE_LEN + 1);
    p->given[p->next].until_ms = now_ms() + PAIR_NONCE_LIFE_S * 1000;
    snprintf(body, sizeof body, "{\"nonce\":\"%s\"}\n", p->given[p->next].nonce);
    p->next = (p->next + 1) % NONCES_MAX;
    httpd_reply(c, 200, "application/json", body);
}

/* Whether the nonce was given to this device and is fresh; it is used up either way. */
static bool use_nonce(struct pair *p, const struct proof *proof)
{
    for (size_t i = 0; i < NONCES_MAX; i++) {
        bool good;

        if (!p->given[i].nonce[0] || strcmp(p->given[i].nonce, proof->nonce) != 0)
            continue;
        good = now_ms() < p->given[i].until_ms && strcmp(p->given[i].device, proof->device) == 0;
        p->given[i].nonce[0] = '\0';
        return good;
    }
    return false;
}

/* NULL when it holds, else why not. */
static const char *check(struct gateway *g, const struct proof *proof)
{
    uint8_t key[PAIR_PUBLIC_BYTES], sig[PAIR_SIG_BYTES];
    char id[DEVICE_ID_LEN + 1], message[PAIR_MESSAGE_MAX];
    long long now = wall_ms() / 1000;
    int len;

    if (!use_nonce(g->pair, proof))
        return "the nonce is unknown, used or too old";
    if (!g->force->has_device)
        return "the gateway knows no device (no device.pub)";
    if (base64url_decode(proof->public_key, strlen(proof->public_key), key, sizeof key) < 0 ||
        base64url_decode(proof->signature, strlen(proof->signature), sig, sizeof sig) < 0)
        return "key or signature isn't base64url of the right length";
    device_id(key, id);
    if (memcmp(key, g->force->device, sizeof key) != 0 || strcmp(id, proof->device) != 0)
        return "the gateway knows another device's key";
    if (proof->signed_at > now + PAIR_SKEW_S || proof->signed_at < now - PAIR_SKEW_S)
        return "signed_at is too far from the gateway's clock";
    len = snprintf(message, sizeof message, PAIR_MESSAGE_FMT, proof->device, proof->nonce,
                   (long long)proof->signed_at);
    if (len < 0 || (size_t)len >= sizeof message || !ed25519_verify(key, message, (size_t)len, sig))
        return "the signature doesn't hold";
    return NULL;
}

static void record(struct gateway *g, const char *device, const char *why)
{
    struct audit_row row = { .verdict = why ? AUDIT_REFUSE : AUDIT_ALLOW,
                             .has_end = true,
                             .port = PORT_API,
                             .proto = "pair",
                             .method = "POST" };

    snprintf(row.host, sizeof row.host, "%s", device);
    snprintf(row.reason, sizeof row.reason, "%s", why ? why : "");
    audit_add(g->audit, &row);
}

void pair_prove(struct httpd_conn *c, const struct httpd_request *q)
{
    json_t *j = json_loadb(q->body, q->body_len, JSON_REJECT_DUPLICATES, NULL);
    struct proof proof = { 0 };
    const char *why;
    char body[256];

    if (json_unpack(j, "{s:s,s:s,s:s,s:I,s:s!}", "device", &proof.device, "public_key",
                    &proof.public_key, "nonce", &proof.nonce, "signed_at", &proof.signed_at,
                    "signature", &proof.signature) < 0 ||
        !is_device(proof.device) || strlen(proof.nonce) != PAIR_NONCE_LEN) {
        json_decref(j);
        httpd_reply(c, 400, "application/json",
                    "{\"paired\":false,\"error\":\"not the object that is wanted here\"}\n");
        return;
    }
    if (!gateway_may_decide(q->g)) {
        json_decref(j);
        httpd_reply(c, 503, "application/json",
                    "{\"paired\":false,\"error\":\"the audit log can't be written\"}\n");
        return;
    }
    why = check(q->g, &proof);
    record(q->g, proof.device, why);
    if (why)
        snprintf(body, sizeof body, "{\"paired\":false,\"error\":\"%s\"}\n", why);
    else
        snprintf(body, sizeof body, "{\"paired\":true,\"device\":\"%s\"}\n", proof.device);
    json_decref(j);
    httpd_reply(c, why ? 401 : 200, "application/json", body);
}
