#include "spec/spec.h"

#include "base/mem.h"
#include "spec/options.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

const char *const policy_names[] = {
    [POLICY_STRICT] = "strict",
    [POLICY_DEFAULT] = "default",
    [POLICY_PERMISSIVE] = "permissive",
};
static_assert(N_ELEMENTS(policy_names) == POLICY_COUNT, "name every template");

static void *field_of(struct spec *s, const struct option *o)
{
    return (char *)s + o->offset;
}

static bool recorded(const struct option *o)
{
    return (o->flags & OPTION_SPEC) && !(o->flags & OPTION_OTHER_NAME);
}

void spec_defaults(struct spec *s)
{
    *s = (struct spec){ 0 };
    for (size_t i = 0; i < option_table_len; i++) {
        const struct option *o = &option_table[i];

        /* The table's own texts; options_test reads every one back. */
        if (recorded(o) && o->type && o->default_text)
            (void)o->type->parse(o, o->default_text, field_of(s, o), NULL);
    }
}

static int check_ports(const struct spec *s, struct err *e)
{
    static const struct {
        uint16_t port;
        const char *use;
    } ours[] = {
        { PORT_API, "API" },
        { PORT_GUARD, "guardrail" },
        { PORT_EGRESS, "egress proxy" },
        { PORT_DNS, "DNS" },
    };

    for (size_t i = 0; i < N_ELEMENTS(ours); i++) {
        bool inside = s->openclaw_port == ours[i].port;

        if (inside || s->relay_port == ours[i].port)
            return err_set(e, -EINVAL, EXIT_USAGE, "--%s: %u: is the gateway's %s port",
                           inside ? "openclaw-port" : "relay-port", ours[i].port, ours[i].use);
    }
    if (s->openclaw_port < 1024)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--openclaw-port: %u: the sandbox user can't open a port below 1024",
                       s->openclaw_port);
    return 0;
}

static int check_addresses(const struct spec *s, struct err *e)
{
    char text[INET_ADDRSTRLEN];

    if (s->sandbox_ip.s_addr == s->host_ip.s_addr)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--sandbox-ip: %s: is --host-ip too; the two ends need an address each",
                       inet_ntop(AF_INET, &s->host_ip, text, sizeof text));
    for (size_t i = 0; i < s->dns_count; i++)
        if (s->dns[i].s_addr == s->sandbox_ip.s_addr || s->dns[i].s_addr == s->host_ip.s_addr)
            return err_set(e, -EINVAL, EXIT_USAGE,
                           "--dns: %s: is an end of the veth pair; --dns host asks the servers of "
                           "the host",
                           inet_ntop(AF_INET, &s->dns[i], text, sizeof text));
    return 0;
}

int spec_check(const struct spec *s, struct err *e)
{
    int r = check_addresses(s, e);

    if (r < 0)
        return r;
    if (strcmp(s->gateway_user, s->name) == 0)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--gateway-user: %s: is the sandbox user, whose packets go nowhere",
                       s->gateway_user);
    if (s->no_agent && s->openclaw[0])
        return err_set(e, -EINVAL, EXIT_USAGE, "--openclaw: %s: stands beside --no-agent",
                       s->openclaw);
    return check_ports(s, e);
}

cJSON *spec_to_json(const struct spec *s)
{
    autojson cJSON *j = cJSON_CreateObject();

    for (size_t i = 0; i < option_table_len; i++) {
        const struct option *o = &option_table[i];
        const void *field = (const char *)s + o->offset;
        cJSON *value;

        if (!recorded(o))
            continue;
        value = o->type ? o->type->save(field) : cJSON_CreateBool(*(const bool *)field);
        if (value && !cJSON_AddItemToObject(j, o->name, value))
            return NULL;
    }
    return mem_take(&j);
}

int spec_from_json(const cJSON *j, struct spec *s, struct err *e)
{
    struct spec found;

    spec_defaults(&found);
    for (size_t i = 0; i < option_table_len; i++) {
        const struct option *o = &option_table[i];
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(j, o->name);
        int r;

        if (!recorded(o) || !value)
            continue;
        if (!o->type && !cJSON_IsBool(value))
            return err_set(e, -EINVAL, EXIT_FAILED, "%s: must be true or false", o->name);
        if (!o->type) {
            *(bool *)field_of(&found, o) = cJSON_IsTrue(value);
            continue;
        }
        r = option_read_json(o, value, field_of(&found, o), e);
        if (r < 0)
            return r;
    }
    *s = found;
    return 0;
}
