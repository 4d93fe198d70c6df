#include "probe/status.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "probe/attempt.h"
#include "provision/units_text.h"
#include "spec/instance.h"
#include "sys/bus.h"

#include <arpa/inet.h>
#include <string.h>

#define ASK_MS 3000

struct tally {
    unsigned wanted, running, unknown;
};

static int add_units(cJSON *doc, const struct spec *s, struct tally *t)
{
    cJSON *list = cJSON_AddArrayToObject(doc, "units");
    struct unit_brief brief[UNIT_COUNT] = { 0 };
    const char *units[UNIT_COUNT];
    struct unit_names names;
    struct bus *bus = NULL;
    bool known;

    units_names(s->name, &names);
    for (size_t i = 0; i < UNIT_COUNT; i++)
        units[i] = names.unit[i];
    known = bus_open(&bus, NULL) == 0 && bus_units_brief(bus, units, UNIT_COUNT, brief, NULL) == 0;
    bus_close(bus);
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        const char *active = !known ? "unknown" : brief[i].loaded ? brief[i].active : "inactive";
        cJSON *one;

        if (i == UNIT_AGENT && s->no_agent)
            continue;
        one = cJSON_CreateObject();
        t->wanted++;
        t->running += strcmp(active, "active") == 0;
        t->unknown += !known;
        if (!cJSON_AddStringToObject(one, "name", units[i]) ||
            !cJSON_AddStringToObject(one, "active", active) || !cJSON_AddItemToArray(list, one))
            return -ENOMEM;
    }
    return 0;
}

/* The gateway's own words over its socket; NULL when it doesn't answer. */
static cJSON *ask_gateway(const char *name)
{
    struct attempt a = { .type = ATTEMPT_HTTP,
                         .request = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
                                    "Connection: close\r\n\r\n",
                         .patience_ms = ASK_MS,
                         .fd = -EBADF };
    struct outcome o = { 0 };
    cJSON *j = NULL;
    const char *body;
    char path[64];

    snprintf(path, sizeof path, DC_RUN "/%s/gateway.sock", name);
    if (endpoint_set_path(&a.to, path) < 0)
        return NULL;
    attempts_run(&a, &o, 1);
    body = strstr(o.body, "\r\n\r\n");
    if (o.kind != OUTCOME_ANSWERED || o.status != 200 || !body ||
        json_parse("/health", body + 4, strlen(body + 4), &j, NULL) < 0)
        return NULL;
    return j;
}

static bool state_is(const cJSON *gateway, const char *part, const char *state)
{
    const char *s = json_str(cJSON_GetObjectItemCaseSensitive(gateway, part), "state");

    return s && strcmp(s, state) == 0;
}

static enum status_overall judge(const struct tally *t, const cJSON *gateway, const struct spec *s)
{
    bool units = t->running + t->unknown == t->wanted;

    if (!gateway && t->running == 0)
        return STATUS_SILENT;
    if (!units || !state_is(gateway, "gateway", "running") ||
        (!s->no_agent && !state_is(gateway, "sandbox", "running") &&
         !state_is(gateway, "sandbox", "starting"))) /* on its way up is no fault */
        return STATUS_PARTLY;
    return STATUS_RUNNING;
}

static bool add_spec(cJSON *doc, const struct spec *s)
{
    char sandbox[INET_ADDRSTRLEN], host[INET_ADDRSTRLEN];

    return cJSON_AddStringToObject(doc, "policy", policy_names[s->policy]) &&
           cJSON_AddStringToObject(doc, "sandbox_ip",
                                   inet_ntop(AF_INET, &s->sandbox_ip, sandbox, sizeof sandbox)) &&
           cJSON_AddStringToObject(doc, "host_ip",
                                   inet_ntop(AF_INET, &s->host_ip, host, sizeof host)) &&
           cJSON_AddNumberToObject(doc, "openclaw_port", s->openclaw_port) &&
           cJSON_AddNumberToObject(doc, "relay_port", s->relay_port);
}

int status_gather(const char *name, enum status_overall *ret_overall, cJSON **ret, struct err *e)
{
    static const char *const words[] = { "running", "partly", "silent" };
    autojson cJSON *doc = cJSON_CreateObject();
    struct tally t = { 0 };
    struct instance in;
    cJSON *gateway;
    int r = instance_load(name, &in, e);

    if (r < 0)
        return r;
    gateway = ask_gateway(name);
    if (!cJSON_AddStringToObject(doc, "schema", "defenseclaw.status/1") ||
        !cJSON_AddStringToObject(doc, "instance", name) ||
        !cJSON_AddStringToObject(doc, "state", "") || add_units(doc, &in.spec, &t) < 0 ||
        !add_spec(doc, &in.spec)) {
        cJSON_Delete(gateway);
        return err_set(e, -ENOMEM, EXIT_FAILED, "status: out of memory");
    }
    *ret_overall = judge(&t, gateway, &in.spec);
    cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(doc, "state"), words[*ret_overall]);
    cJSON_AddItemToObject(doc, "gateway", gateway ? gateway : cJSON_CreateNull());
    *ret = mem_take(&doc);
    return 0;
}
