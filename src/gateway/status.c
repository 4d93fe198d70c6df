#include "gateway/status.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "gateway/audit.h"
#include "gateway/force.h"
#include "gateway/reload.h"
#include "gateway/upstreams.h"

#include <string.h>

static enum state gateway_state(const struct gateway *g)
{
    return audit_fault(g->audit) || reload_fault(g) ? STATE_DEGRADED : STATE_RUNNING;
}

/* The keeper and the guardrail are not part of the gateway yet: their words are true, not a
 * promise. */
static void state_words(const struct gateway *g, enum state sandbox, const char *words[4])
{
    words[0] = state_names[gateway_state(g)];
    words[1] = state_names[STATE_ABSENT];
    words[2] = state_names[STATE_ABSENT];
    words[3] = state_names[sandbox];
}

static const char *const state_keys[4] = { "gateway", "watcher", "guardrail", "sandbox" };

void status_health(const struct gateway *g, enum state sandbox, struct buf *out)
{
    const char *words[4];

    state_words(g, sandbox, words);
    for (size_t i = 0; i < 4; i++)
        buf_printf(out, "%s\"%s\":{\"state\":\"%s\"}", i ? "," : "{", state_keys[i], words[i]);
    buf_puts(out, "}\n");
}

static cJSON *add_object(cJSON *j, const char *key)
{
    return cJSON_AddObjectToObject(j, key);
}

static void add_text_or_null(cJSON *j, const char *key, const char *text)
{
    if (text)
        cJSON_AddStringToObject(j, key, text);
    else
        cJSON_AddNullToObject(j, key);
}

static void add_policy(cJSON *j, const struct gateway *g)
{
    const struct egress_policy *p = g->force->policy;
    cJSON *o = add_object(j, "policy");

    cJSON_AddStringToObject(o, "template", policy_names[g->in.spec.policy]);
    cJSON_AddStringToObject(o, "digest", policy_digest(p));
    cJSON_AddNumberToObject(o, "entries", (double)policy_count(p));
    cJSON_AddNumberToObject(o, "entries_with_programs", (double)policy_program_count(p));
    cJSON_AddStringToObject(o, "programs", "not checked yet");
    cJSON_AddStringToObject(o, "rego", "not evaluated");
    add_text_or_null(o, "last_reload_error", reload_fault(g));
}

/* What the template or the flag asks for is said beside what is in force. */
static void add_dns(cJSON *j, const struct gateway *g)
{
    const struct spec *s = &g->in.spec;
    bool wanted = s->dns_filter == DNS_FILTER_POLICY ||
                  (s->dns_filter == DNS_FILTER_TEMPLATE && s->policy != POLICY_PERMISSIVE);
    cJSON *o = add_object(j, "dns"), *servers;
    const struct upstream *list;
    size_t count;

    cJSON_AddStringToObject(o, "filter", "none in force");
    cJSON_AddStringToObject(o, "filter_wanted", wanted ? "policy" : "none");
    servers = cJSON_AddArrayToObject(o, "servers");
    list = upstreams_list(g->upstreams, &count);
    for (size_t i = 0; i < count; i++) {
        char text[80];

        cJSON_AddItemToArray(servers, cJSON_CreateString(upstream_text(&list[i], text)));
    }
}

static void add_audit(cJSON *j, const struct gateway *g)
{
    const char *fault = audit_fault(g->audit);
    cJSON *o = add_object(j, "audit");

    cJSON_AddStringToObject(o, "state", fault ? "failing" : "ok");
    add_text_or_null(o, "reason", fault);
    cJSON_AddStringToObject(o, "when_failing",
                            g->in.spec.policy == POLICY_PERMISSIVE ? "let through" : "refuse");
    cJSON_AddNumberToObject(o, "rows", (double)audit_rows(g->audit));
    cJSON_AddNumberToObject(o, "lost", (double)audit_lost(g->audit));
}

static void add_connections(cJSON *j, const struct gateway *g)
{
    const struct {
        const char *name;
        const struct slots *slots;
    } all[] = { { "sandbox", &g->sandbox }, { "relay", &g->relay }, { "control", &g->control } };
    cJSON *o = add_object(j, "connections");

    for (size_t i = 0; i < N_ELEMENTS(all); i++) {
        cJSON *one = add_object(o, all[i].name);

        cJSON_AddNumberToObject(one, "open", all[i].slots->used);
        cJSON_AddNumberToObject(one, "limit", all[i].slots->max);
        cJSON_AddNumberToObject(one, "turned_away", (double)all[i].slots->refused);
    }
}

static void add_counters(cJSON *j, const struct gateway *g)
{
    const struct {
        const char *name;
        uint64_t n;
    } all[] = {
        { "egress_allowed", g->n.allowed },      { "egress_refused", g->n.refused },
        { "egress_failed", g->n.failed },        { "dns_queries", g->n.dns_queries },
        { "dns_failed", g->n.dns_failed },       { "relay_connections", g->n.relayed },
        { "relay_refused", g->n.relay_refused }, { "strangers_closed", g->n.strangers },
        { "bytes_up", g->n.bytes_up },           { "bytes_down", g->n.bytes_down },
    };
    cJSON *o = add_object(j, "counters");

    for (size_t i = 0; i < N_ELEMENTS(all); i++)
        cJSON_AddNumberToObject(o, all[i].name, (double)all[i].n);
}

int status_document(struct gateway *g, enum state sandbox, bool details, struct buf *out)
{
    autojson cJSON *j = cJSON_CreateObject();
    autofree char *text = NULL;
    const char *words[4];

    state_words(g, sandbox, words);
    cJSON_AddStringToObject(j, "schema", STATUS_SCHEMA);
    cJSON_AddStringToObject(j, "instance", g->in.spec.name);
    for (size_t i = 0; i < 4; i++)
        cJSON_AddStringToObject(add_object(j, state_keys[i]), "state", words[i]);
    if (details) {
        cJSON_AddNumberToObject(j, "uptime_s", (double)((now_ms() - g->started_ms) / 1000));
        add_policy(j, g);
        add_dns(j, g);
        add_audit(j, g);
        cJSON_AddStringToObject(j, "device_key", g->force->has_device ? "known" : "absent");
        add_connections(j, g);
        add_counters(j, g);
    }
    text = cJSON_PrintUnformatted(j);
    if (!text || buf_puts(out, text) < 0)
        return -ENOMEM;
    return buf_puts(out, "\n");
}

struct question {
    struct httpd_conn *c;
    struct gateway *g;
    bool trusted;
    bool whole; /* /status, not /health */
};

static void on_agent(enum state sandbox, void *arg)
{
    struct question *q = arg;
    autobuf struct buf out = { 0 };

    if (q->whole)
        status_document(q->g, sandbox, q->trusted, &out);
    else
        status_health(q->g, sandbox, &out);
    if (out.failed || !out.len)
        httpd_reply(q->c, 503, "text/plain", "out of memory\n");
    else
        httpd_reply(q->c, 200, "application/json", buf_str(&out));
    free(q);
}

static void ask(struct httpd_conn *c, const struct httpd_request *r, bool whole)
{
    struct question *q = calloc(1, sizeof *q);

    if (!q) {
        httpd_reply(c, 503, "text/plain", "out of memory\n");
        return;
    }
    *q = (struct question){ .c = c, .g = r->g, .trusted = r->trusted, .whole = whole };
    httpd_defer(c);
    agent_ask(r->g->agent, on_agent, q);
}

void status_handle_health(struct httpd_conn *c, const struct httpd_request *q)
{
    ask(c, q, false);
}

void status_handle_status(struct httpd_conn *c, const struct httpd_request *q)
{
    ask(c, q, true);
}
