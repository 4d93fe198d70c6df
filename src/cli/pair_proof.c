/* The exchange of spec/pair.h, from the sandbox's side. */
#include "cli/pair_proof.h"
#include "base/ed25519.h"
#include "base/envfile.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "cli/http_client.h"
#include "spec/pair.h"
#include "sys/devicekey.h"

#include <string.h>
#include <time.h>

#define TOKEN "OPENCLAW_GATEWAY_TOKEN"

static int check_token(const struct instance *in, struct err *e)
{
    autosecret struct buf text = { 0 };
    struct env_line line = { 0 };
    char path[320];
    int r;

    snprintf(path, sizeof path, "%s/.defenseclaw/.env", in->spec.home);
    r = env_read(path, &text);
    if (r < 0 && r != -ENOENT)
        return err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r));
    while (env_next(buf_str(&text), text.len, &line) > 0)
        if (env_name_is(&line, TOKEN) && line.value_len > 0)
            return 0;
    err_set(e, -ENOKEY, EXIT_FAILED, "pair.sh: " TOKEN " empty");
    return err_fix(e, -ENOKEY, "sudo -u %s defenseclaw keys set " TOKEN, in->spec.name);
}

/* What is sent and signed. */
struct proof {
    uint8_t seed[ED25519_SEED_BYTES];
    char device[PAIR_DEVICE_LEN + 1], public_key[PAIR_PUBLIC_LEN + 1];
    char signature[PAIR_SIG_LEN + 1];
    long long signed_at;
};

static int load_key(const struct instance *in, struct proof *p, struct err *e)
{
    uint8_t pub[ED25519_PUBLIC_BYTES];
    char path[320];
    int r;

    snprintf(path, sizeof path, "%s/.defenseclaw/device.key", in->spec.home);
    r = devicekey_load(path, p->seed);
    if (r < 0) {
        err_set(e, r, EXIT_FAILED, "%s: %s", path,
                r == -EINVAL ? "holds no device key" : strerror(-r));
        return err_fix(e, r, "sudo defenseclaw sandbox setup --name %s --non-interactive",
                       in->spec.name);
    }
    ed25519_public(p->seed, pub);
    device_id(pub, p->device);
    base64url_encode(pub, sizeof pub, p->public_key);
    return 0;
}

static void sign(struct proof *p, const char *nonce)
{
    uint8_t sig[ED25519_SIGNATURE_BYTES];
    char message[PAIR_MESSAGE_MAX];

    p->signed_at = time(NULL);
    snprintf(message, sizeof message, PAIR_MESSAGE_FMT, p->device, nonce, p->signed_at);
    ed25519_sign(p->seed, message, strlen(message), sig);
    base64url_encode(sig, sizeof sig, p->signature);
}

static int refused(const struct instance *in, const struct proof *p, int status, struct err *e)
{
    char path[128], known[DEVICEKEY_PUB_LEN + 1] = "";
    autofile FILE *f = NULL;

    err_set(e, -EACCES, EXIT_FAILED, "device pair failed: %d", status);
    snprintf(path, sizeof path, DC_ETC "/%s/device.pub", in->spec.name);
    f = fopen(path, "re");
    if (f && fgets(known, sizeof known, f) && strncmp(known, p->public_key, PAIR_PUBLIC_LEN) != 0)
        return err_fix(e, -EACCES, "sudo defenseclaw sandbox setup --name %s --non-interactive",
                       in->spec.name); /* the key was replaced: setup makes a new pair */
    return err_fix(e, -EACCES, "sudo systemctl restart defenseclaw-gateway@%s.service",
                   in->spec.name);
}

static int get_nonce(const struct instance *in, const struct proof *p,
                     char nonce[PAIR_NONCE_LEN + 1], struct err *e)
{
    autobuf struct buf body = { 0 };
    autojson cJSON *j = NULL;
    const char *text;
    char path[160];
    int status, r;

    snprintf(path, sizeof path, PAIR_CHALLENGE_PATH "?device=%s", p->device);
    r = http_request(in->spec.host_ip, PORT_API, "GET", path, NULL, &status, &body, e);
    if (r == -ECONNREFUSED)
        return err_fix(e, r, "sudo systemctl restart defenseclaw-gateway@%s.service",
                       in->spec.name);
    if (r < 0) /* run by hand outside the sandbox, where its user has no network */
        return err_fix(e, r, "sudo defenseclaw pair --name %s", in->spec.name);
    if (status != 200)
        return refused(in, p, status, e);
    r = json_parse("the gateway's answer", buf_str(&body), body.len, &j, e);
    if (r < 0)
        return r;
    text = json_str(j, "nonce");
    if (!text || strlen(text) != PAIR_NONCE_LEN)
        return err_set(e, -EBADMSG, EXIT_FAILED, "the gateway's answer: no nonce");
    memcpy(nonce, text, PAIR_NONCE_LEN + 1);
    return 0;
}

static int send_proof(const struct instance *in, const struct proof *p, const char *nonce,
                      struct err *e)
{
    autojson cJSON *j = cJSON_CreateObject();
    autobuf struct buf answer = { 0 };
    autofree char *body = NULL;
    int status, r;

    if (!j || !cJSON_AddStringToObject(j, "device", p->device) ||
        !cJSON_AddStringToObject(j, "public_key", p->public_key) ||
        !cJSON_AddStringToObject(j, "nonce", nonce) ||
        !cJSON_AddNumberToObject(j, "signed_at", (double)p->signed_at) ||
        !cJSON_AddStringToObject(j, "signature", p->signature) ||
        !(body = cJSON_PrintUnformatted(j)))
        return err_set(e, -ENOMEM, EXIT_FAILED, "pair: out of memory");
    r = http_request(in->spec.host_ip, PORT_API, "POST", PAIR_PATH, body, &status, &answer, e);
    if (r < 0)
        return r;
    return status == 200 ? 0 : refused(in, p, status, e);
}

int pair_prove(const struct instance *in, struct err *e)
{
    char nonce[PAIR_NONCE_LEN + 1];
    struct proof p = { 0 };
    int r = check_token(in, e);

    if (r == 0)
        r = load_key(in, &p, e);
    if (r == 0)
        r = get_nonce(in, &p, nonce, e);
    if (r == 0) {
        sign(&p, nonce);
        r = send_proof(in, &p, nonce, e);
    }
    explicit_bzero(p.seed, sizeof p.seed);
    if (r == 0)
        printf("paired: device %s\n", p.device);
    return r;
}
