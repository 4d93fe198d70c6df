#include "provision/provision.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "engine/record.h"
#include "provision/tree.h"
#include "resource/kinds.h"

#include <string.h>

/* The order is part of the meaning: undo walks it backwards. */
static const wants_fn rows[] = {
    account_wants,  isolation_wants, instance_wants,  network_wants, policy_wants, extras_wants,
    identity_wants, openclaw_wants,  launchers_wants, secrets_wants, units_wants,
};

const cJSON *inputs_recorded(const struct inputs *in, const char *kind, const char *id)
{
    return cJSON_GetObjectItemCaseSensitive(record_entry(in->record, kind, id), "after");
}

/* Whether what the namespace and its rulesets are made of differs: only then must all stop. */
static bool network_differs(const struct spec *a, const struct spec *b)
{
    return a->sandbox_ip.s_addr != b->sandbox_ip.s_addr || a->host_ip.s_addr != b->host_ip.s_addr ||
           a->openclaw_port != b->openclaw_port || a->relay_port != b->relay_port ||
           a->dns_host != b->dns_host || a->dns_count != b->dns_count ||
           memcmp(a->dns, b->dns, sizeof a->dns) != 0 ||
           a->no_host_networking != b->no_host_networking || a->no_guardrail != b->no_guardrail;
}

int instance_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    autofree char *dir = path_join(DC_ETC, "%s", in->in.spec.name), *path = NULL, *text = NULL;
    autojson cJSON *j = instance_to_json(&in->in);
    struct plan_item *item;
    size_t len;

    path = dir ? path_join(dir, "instance.json") : NULL;
    text = j ? cJSON_Print(j) : NULL;
    if (!path || !text)
        return -ENOMEM;
    len = strlen(text);
    text[len] = '\n'; /* in place of the terminator: the length goes along */
    plan_add(p, "instance", &kind_file, dir, want_directory(0755, 0, 0));
    item =
        plan_add(p, "instance", &kind_file, path, want_file(in->blobs, text, len + 1, 0644, 0, 0));
    if (item && in->previous && network_differs(in->previous, &in->in.spec))
        item->quiesce = in->quiesce_all;
    return plan_check(p, e);
}

int provision_plan(const struct inputs *in, struct plan *p, struct err *e)
{
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        int r = rows[i](in, p, e);

        if (r < 0)
            return r;
    }
    return 0;
}
