#include "cli/preview.h"

#include "base/mem.h"

#include <string.h>

static const char *const change_names[] = {
    [PLAN_KEEP] = "keep",
    [PLAN_CREATE] = "create",
    [PLAN_CHANGE] = "change",
    [PLAN_REMOVE] = "undo",
};

static void print_document(FILE *out, const cJSON *j)
{
    autofree char *text = cJSON_Print(j);

    fprintf(out, "%s\n", text ? text : "{}");
}

static cJSON *changes_json(const struct plan *plan)
{
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *item = &plan->items[i];
        cJSON *one;

        if (item->change == PLAN_KEEP)
            continue;
        one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "step", item->step);
        cJSON_AddStringToObject(one, "kind", item->kind->name);
        cJSON_AddStringToObject(one, "id", item->id);
        cJSON_AddStringToObject(one, "change", change_names[item->change]);
        cJSON_AddItemToArray(list, one);
    }
    return list;
}

static void print_json(FILE *out, const struct setup_preview *p)
{
    autojson cJSON *j = cJSON_CreateObject();

    cJSON_AddStringToObject(j, "schema", "defenseclaw.plan/1");
    cJSON_AddStringToObject(j, "instance", p->spec->name);
    cJSON_AddBoolToObject(j, "first", p->first);
    cJSON_AddItemToObject(j, "spec", spec_to_json(p->spec));
    cJSON_AddItemToObject(j, "changes", changes_json(p->plan));
    print_document(out, j);
}

static void print_text(FILE *out, const struct setup_preview *p)
{
    const char *step = NULL;

    if (plan_changes(p->plan) == 0) {
        fprintf(out, "Nothing to change.\n");
        return;
    }
    fprintf(out, "Plan for instance %s (policy %s):\n", p->spec->name,
            policy_names[p->spec->policy]);
    for (size_t i = 0; i < p->plan->count; i++) {
        const struct plan_item *item = &p->plan->items[i];

        if (item->change == PLAN_KEEP)
            continue;
        if (!step || strcmp(step, item->step) != 0)
            fprintf(out, "  %s\n", item->step);
        step = item->step;
        fprintf(out, "    %-7s %-8s %s\n", change_names[item->change], item->kind->name, item->id);
    }
}

void preview_print(FILE *out, const struct setup_preview *p, bool json)
{
    (json ? print_json : print_text)(out, p);
}

void result_print_json(const struct options *o, const struct setup_result *res)
{
    autojson cJSON *j = cJSON_CreateObject();

    cJSON_AddStringToObject(j, "schema", "defenseclaw.setup/1");
    cJSON_AddStringToObject(j, "instance", o->spec.name);
    cJSON_AddStringToObject(j, "result",
                            res->changes == 0 ? "unchanged" : (o->disable ? "disabled" : "active"));
    cJSON_AddNumberToObject(j, "changes", (double)res->changes);
    if (res->spec.name[0])
        cJSON_AddItemToObject(j, "spec", spec_to_json(&res->spec));
    print_document(stdout, j);
}
