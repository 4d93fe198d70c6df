/* What an outcome means, and how it is told. */
#include "base/json.h"
#include "base/mem.h"
#include "probe/fence.h"

#include <string.h>

static bool was_refused(const struct fence_probe *p, const struct outcome *o)
{
    if (o->kind == OUTCOME_SILENT)
        return p->alive; /* else it may be on its way */
    /* A closed port's own answer, unless somebody is known to listen there. */
    return o->kind == OUTCOME_REFUSED && (p->alive || o->error != ECONNREFUSED);
}

static bool is_running(const struct outcome *o)
{
    const char *body = strstr(o->body, "\r\n\r\n");
    autojson cJSON *j = NULL;
    const char *state;

    if (o->status != 200 || !body ||
        json_parse("/health", body + 4, strlen(body + 4), &j, NULL) < 0)
        return false;
    state = json_str(cJSON_GetObjectItemCaseSensitive(j, "gateway"), "state");
    return state && strcmp(state, "running") == 0;
}

static bool as_expected(const struct fence_probe *p, const struct outcome *o)
{
    switch (p->expect) {
    case EXPECT_REFUSED:
        return was_refused(p, o);
    case EXPECT_ANSWER:
        return o->kind == OUTCOME_ANSWERED;
    case EXPECT_HEALTH:
        return o->kind == OUTCOME_ANSWERED && is_running(o);
    case EXPECT_FORBIDDEN:
        return o->kind == OUTCOME_ANSWERED && o->status == 403;
    case EXPECT_LET:
        return o->kind == OUTCOME_SILENT ||
               (o->kind == OUTCOME_ANSWERED && o->status && o->status != 403);
    }
    return false;
}

static bool needs_control(const struct fence_probe *p)
{
    return p->expect == EXPECT_REFUSED || p->expect == EXPECT_FORBIDDEN;
}

static bool control_holds(const struct fence_probe *p, const struct outcome *control)
{
    return control->kind == OUTCOME_ANSWERED &&
           (p->expect != EXPECT_FORBIDDEN || control->status == 200);
}

enum check_result fence_judge(const struct fence_probe *p, const struct outcome *real,
                              const struct outcome *control)
{
    if (p->skipped)
        return CHECK_SKIPPED;
    if (!as_expected(p, real))
        return CHECK_FAIL;
    return !needs_control(p) || control_holds(p, control) ? CHECK_PASS : CHECK_UNPROVEN;
}

/* -- reporting -- */

static const char *const place_texts[] = {
    [FENCE_INSIDE] = "as the sandbox user, inside",
    [FENCE_USER] = "as the sandbox user, outside its namespace",
    [FENCE_OTHER] = "as another user of the host",
};

static const char *const expect_texts[] = {
    [EXPECT_REFUSED] = "refused",
    [EXPECT_ANSWER] = "answered",
    [EXPECT_HEALTH] = "HTTP 200, gateway running",
    [EXPECT_FORBIDDEN] = "HTTP 403",
    [EXPECT_LET] = "not refused by the policy (a failure further on is the network's)",
};

static const char *type_text(const struct attempt *a)
{
    return a->type == ATTEMPT_TCP    ? "TCP"
           : a->type == ATTEMPT_HTTP ? "HTTP"
           : a->type == ATTEMPT_UDP  ? "UDP"
                                     : "ping";
}

static void describe_control(const struct fence *f, const struct fence_probe *p,
                             const struct outcome *o, char *out, size_t size)
{
    char text[128];

    if (!needs_control(p) || p->skipped)
        return;
    if (!o) {
        snprintf(out, size, "none: %s", f->control_fault);
        return;
    }
    outcome_text(o, text, sizeof text);
    snprintf(out, size, "%s: the same where there are no rules", text);
}

void fence_report(const struct fence *f, enum fence_place where, size_t i, struct verify_report *r)
{
    const struct fence_group *g = &f->groups[where];
    static const struct outcome none = { .kind = OUTCOME_NONE };
    const struct fence_probe *p = &g->probes[i];
    const struct outcome *control = g->control ? &g->control[i] : NULL;
    struct check c = { .result = fence_judge(p, &g->real[i], control ? control : &none) };
    char to[80];

    endpoint_text(&g->attempts[i].to, to, sizeof to);
    snprintf(c.name, sizeof c.name, "%s", p->name);
    snprintf(c.tried, sizeof c.tried, "%s to %s %s%s%.*s", type_text(&g->attempts[i]), to,
             place_texts[where], p->request[0] ? ": " : "", (int)strcspn(p->request, "\r"),
             p->request);
    snprintf(c.expected, sizeof c.expected, "%s", expect_texts[p->expect]);
    if (p->skipped)
        snprintf(c.got, sizeof c.got, "%s", p->skipped);
    else if (p->expect == EXPECT_LET && g->real[i].kind == OUTCOME_SILENT)
        snprintf(c.got, sizeof c.got, "not refused: still connecting after %d ms",
                 FENCE_PATIENCE_MS);
    else
        outcome_text(&g->real[i], c.got, sizeof c.got);
    describe_control(f, p, control, c.control, sizeof c.control);
    report_add(r, &c);
}
