/* Row 7 and the small files of ~/.defenseclaw: the device key with its public half, the host's
 * address, what the instance is, and the environment that the agent may know. */
#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "provision/tree.h"
#include "resource/kinds.h"
#include "sys/devicekey.h"

#include <arpa/inet.h>
#include <string.h>

#define STEP "identity"
#define TOKEN "OPENCLAW_GATEWAY_TOKEN"
#define TOKEN_BYTES 32

/* The same pair, while the key in the home is still the one that we made. */
static bool keep_key(const struct inputs *in, struct plan *p, const char *key, const char *pub)
{
    const cJSON *was = inputs_recorded(in, kind_file.name, key);
    const cJSON *was_pub = inputs_recorded(in, kind_config.name, pub);
    const char *digest = json_str(was, "digest");

    if (!digest || !was_pub || strcmp(digest, in->host.device_key) != 0)
        return false;
    plan_add(p, STEP, &kind_file, key, cJSON_Duplicate(was, true));
    plan_add(p, STEP, &kind_config, pub,
             want_file(in->blobs, in->host.device_pub, DEVICEKEY_PUB_LEN, 0644, 0, 0));
    return true;
}

static int add_key(const struct inputs *in, struct plan *p)
{
    autofree char *key = path_join(in->in.spec.home, ".defenseclaw/device.key");
    autofree char *pub = path_join(DC_ETC, "%s/device.pub", in->in.spec.name);
    autosecret struct buf pem = { 0 };
    char text[DEVICEKEY_PUB_LEN + 1];

    if (!key || !pub)
        return -ENOMEM;
    if (keep_key(in, p, key, pub))
        return 0;
    devicekey_make(&pem, text);
    if (pem.failed)
        return pem.failed;
    plan_add(p, STEP, &kind_file, key,
             want_file(in->blobs, pem.data, pem.len, 0600, in->in.uid, in->in.gid));
    plan_add(p, STEP, &kind_config, pub, want_file(in->blobs, text, DEVICEKEY_PUB_LEN, 0644, 0, 0));
    return 0;
}

static int add_text(const struct inputs *in, struct plan *p, const char *base,
                    const struct buf *text)
{
    autofree char *path = path_join(in->in.spec.home, ".defenseclaw/%s", base);

    if (!path || text->failed)
        return -ENOMEM;
    plan_add(p, STEP, &kind_file, path, want_file(in->blobs, text->data, text->len, 0644, 0, 0));
    return 0;
}

static int add_host_ip(const struct inputs *in, struct plan *p)
{
    autobuf struct buf text = { 0 };
    char ip[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &in->in.spec.host_ip, ip, sizeof ip);
    buf_printf(&text, "%s\n", ip);
    return add_text(in, p, ".host-ip", &text);
}

static void put_dns(const struct spec *s, struct buf *text)
{
    char ip[INET_ADDRSTRLEN];

    buf_puts(text, "dns: [");
    if (s->dns_host)
        buf_puts(text, "host");
    for (size_t i = 0; i < s->dns_count; i++) {
        inet_ntop(AF_INET, &s->dns[i], ip, sizeof ip);
        buf_printf(text, "%s%s", i ? ", " : "", ip);
    }
    buf_puts(text, "]\n");
}

static int add_config(const struct inputs *in, struct plan *p)
{
    const struct spec *s = &in->in.spec;
    char host[INET_ADDRSTRLEN], sandbox[INET_ADDRSTRLEN];
    autobuf struct buf text = { 0 };

    inet_ntop(AF_INET, &s->host_ip, host, sizeof host);
    inet_ntop(AF_INET, &s->sandbox_ip, sandbox, sizeof sandbox);
    buf_puts(&text, "# Made by DefenseClaw for people to read; `defenseclaw sandbox setup` changes "
                    "it.\n");
    buf_printf(&text, "instance: %s\npolicy: %s\n", s->name, policy_names[s->policy]);
    buf_printf(&text, "sandbox_ip: %s\nhost_ip: %s\n", sandbox, host);
    buf_printf(&text, "api: http://%s:%d\nproxy: http://%s:%d\n", host, PORT_API, host,
               PORT_EGRESS);
    buf_printf(&text, "openclaw_port: %u\n", s->openclaw_port);
    if (!s->no_host_networking)
        buf_printf(&text, "relay: 127.0.0.1:%u\n", s->relay_port);
    put_dns(s, &text);
    return add_text(in, p, "config.yaml", &text);
}

/* Whether lines NAME=VALUE give the token a value. */
static bool has_token(const char *lines)
{
    static const char name[] = TOKEN "=";

    for (const char *p = lines; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, name, sizeof name - 1) == 0 && p[sizeof name - 1] > ' ')
            return true;
    }
    return false;
}

static void put_token(struct buf *text)
{
    uint8_t token[TOKEN_BYTES];

    random_bytes(token, sizeof token);
    buf_puts(text, TOKEN "=");
    for (size_t i = 0; i < sizeof token; i++)
        buf_printf(text, "%02x", token[i]);
    buf_puts(text, "\n");
    explicit_bzero(token, sizeof token);
}

/* The agent's environment, its first content: later it is the sandbox user's (`keys set`). */
static int add_env(const struct inputs *in, struct plan *p)
{
    autofree char *path = path_join(in->in.spec.home, ".defenseclaw/.env");
    autosecret struct buf text = { 0 };

    if (!path)
        return -ENOMEM;
    if (!has_token(in->env))
        put_token(&text);
    if (in->env) {
        buf_puts(&text, in->env);
        if (text.len && text.data[text.len - 1] != '\n')
            buf_puts(&text, "\n");
    }
    if (text.failed)
        return text.failed;
    plan_add(p, STEP, &kind_file, path,
             want_seed_file(in->blobs, text.data, text.len, 0600, in->in.uid, in->in.gid));
    return 0;
}

int identity_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    int r = in->in.spec.no_auto_pair ? 0 : add_key(in, p);

    if (r == 0)
        r = add_host_ip(in, p);
    if (r == 0)
        r = add_config(in, p);
    if (r == 0)
        r = add_env(in, p);
    return r < 0 ? r : plan_check(p, e);
}
