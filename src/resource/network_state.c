/* A network as values: from the spec, to and from the record's form, and read back from what
 * stands. */
#include "base/json.h"
#include "base/mem.h"
#include "resource/kinds.h"
#include "resource/network.h"
#include "resource/ruleset.h"
#include "sys/rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int network_identity(struct network *n)
{
    unsigned char u[16];
    int r = uuid_bytes(n->uuid, u);

    if (r < 0)
        return r;
    snprintf(n->link, sizeof(n->link), "%.*s0", NAME_MAX_LEN, n->name);
    /* Locally administered, from the uuid; the two ends differ in the last bit. */
    memcpy(n->host_mac, (uint8_t[]){ 0x02, u[0], u[1], u[2], u[3], u[4] & 0xfe }, MAC_LEN);
    memcpy(n->sandbox_mac, n->host_mac, MAC_LEN);
    n->sandbox_mac[MAC_LEN - 1] |= 1;
    return 0;
}

static void add_dns(struct network *n, struct in_addr server)
{
    if (server.s_addr == n->host_ip.s_addr)
        return;
    for (size_t i = 0; i < n->dns_count; i++)
        if (n->dns[i].s_addr == server.s_addr)
            return;
    if (n->dns_count < DNS_MAX)
        n->dns[n->dns_count++] = server;
}

/* Nothing of ours holds the guardrail's port yet, so it stays shut: open, it would lead the sandbox
 * to whoever binds it on all of the host's addresses. */
static const bool guardrail_listens = false;

void network_from_instance(const struct instance *in, struct network *n)
{
    const struct spec *s = &in->spec;

    *n = (struct network){
        .host_ip = s->host_ip,
        .sandbox_ip = s->sandbox_ip,
        .agent_port = s->openclaw_port,
        .relay_port = s->relay_port,
        .uid = in->uid,
        .host_networking = !s->no_host_networking,
        .guardrail = guardrail_listens && !s->no_guardrail,
    };
    memcpy(n->name, s->name, sizeof(n->name));
    memcpy(n->uuid, in->uuid, sizeof(n->uuid));
    for (size_t i = 0; !s->dns_host && i < s->dns_count; i++)
        add_dns(n, s->dns[i]);
    network_identity(n);
}

size_t network_ports(const struct network *n, uint16_t ports[4])
{
    size_t count = 0;

    ports[count++] = PORT_DNS;
    ports[count++] = PORT_EGRESS;
    if (n->guardrail)
        ports[count++] = PORT_GUARD;
    ports[count++] = PORT_API;
    return count;
}

static void add_ip(cJSON *obj, const char *key, struct in_addr ip)
{
    char text[INET_ADDRSTRLEN];

    cJSON_AddStringToObject(obj, key, inet_ntop(AF_INET, &ip, text, sizeof(text)));
}

static cJSON *type_only(const char *type)
{
    cJSON *j = cJSON_CreateObject();

    if (j)
        cJSON_AddStringToObject(j, "type", type);
    return j;
}

cJSON *network_want(const struct network *n)
{
    autojson cJSON *j = type_only("present");
    cJSON *dns;

    if (!j)
        return NULL;
    cJSON_AddStringToObject(j, "uuid", n->uuid);
    add_ip(j, "host_ip", n->host_ip);
    add_ip(j, "sandbox_ip", n->sandbox_ip);
    cJSON_AddNumberToObject(j, "agent_port", n->agent_port);
    cJSON_AddNumberToObject(j, "uid", n->uid);
    cJSON_AddBoolToObject(j, "host_networking", n->host_networking);
    cJSON_AddBoolToObject(j, "guardrail", n->guardrail);
    dns = cJSON_AddArrayToObject(j, "dns");
    for (size_t i = 0; i < n->dns_count; i++) {
        char text[INET_ADDRSTRLEN];

        inet_ntop(AF_INET, &n->dns[i], text, sizeof(text));
        cJSON_AddItemToArray(dns, cJSON_CreateString(text));
    }
    return (cJSON *)mem_take(&j);
}

static int read_ip(const char *text, struct in_addr *ip)
{
    return text && inet_pton(AF_INET, text, ip) == 1 ? 0 : -EINVAL;
}

static int read_dns(const cJSON *list, struct network *n)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        struct in_addr ip;

        if (n->dns_count == DNS_MAX || read_ip(cJSON_GetStringValue(item), &ip) < 0)
            return -EINVAL;
        n->dns[n->dns_count++] = ip;
    }
    return 0;
}

int network_from_state(const char *name, const cJSON *state, struct network *n, struct err *e)
{
    const char *uuid = json_str(state, "uuid");
    int64_t port = json_int(state, "agent_port", 0), uid = json_int(state, "uid", -1);

    *n = (struct network){
        .agent_port = (uint16_t)port,
        .uid = (uid_t)uid,
        .host_networking = json_bool(state, "host_networking", true),
        .guardrail = json_bool(state, "guardrail", true),
    };
    snprintf(n->name, sizeof(n->name), "%s", name);
    snprintf(n->uuid, sizeof(n->uuid), "%s", uuid ? uuid : "");
    if (network_identity(n) < 0 || port < 1 || port > UINT16_MAX || uid < 0 ||
        read_ip(json_str(state, "host_ip"), &n->host_ip) < 0 ||
        read_ip(json_str(state, "sandbox_ip"), &n->sandbox_ip) < 0 ||
        read_dns(cJSON_GetObjectItemCaseSensitive(state, "dns"), n) < 0)
        return err_set(e, -EINVAL, EXIT_FAILED, "network %s: this isn't a state of ours", name);
    return 0;
}

/* ---- reading back --------------------------------------------------------------------------- */

static void collect(void *userdata, const char *difference)
{
    cJSON_AddItemToArray(userdata, cJSON_CreateString(difference));
}

static int observe_known(const struct network *n, cJSON **ret, struct err *e)
{
    autojson cJSON *differs = cJSON_CreateArray();
    autojson cJSON *state = network_want(n);
    struct err why = { 0 };
    int r;

    if (!differs || !state)
        return -ENOMEM;
    r = network_check(n, collect, differs, &why);
    if (r < 0 && r != -EEXIST) {
        if (e)
            *e = why;
        return r;
    }
    if (r == -EEXIST)
        collect(differs, why.text);
    if (r != 0)
        cJSON_AddItemToObject(state, "differs", (cJSON *)mem_take(&differs));
    *ret = (cJSON *)mem_take(&state);
    return 0;
}

int network_observe(const char *name, const char *uuid, cJSON **ret, struct err *e)
{
    static const char *const types[] = {
        [NETWORK_ABSENT] = "absent", [NETWORK_FOREIGN] = "foreign", [NETWORK_REST] = "rest"
    };
    struct network n = { 0 };
    int r;

    snprintf(n.name, sizeof(n.name), "%s", name);
    snprintf(n.uuid, sizeof(n.uuid), "%s", uuid);
    if (network_identity(&n) < 0)
        return err_set(e, -EINVAL, EXIT_FAILED, "network %s: bad uuid", name);
    r = network_find(&n, e);
    if (r < 0)
        return r;
    if (r == NETWORK_KNOWN)
        return observe_known(&n, ret, e);
    *ret = type_only(types[r]);
    return *ret ? 0 : -ENOMEM;
}
