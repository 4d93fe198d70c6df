#include "policy/entry.h"

bool policy_sample(const struct egress_policy *p, struct hostname *host, uint16_t *port)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct entry *entry = &p->entries[i];

        for (size_t k = 0; k < entry->endpoint_count; k++) {
            const struct endpoint *to = &entry->endpoints[k];
            struct policy_request q = { .host = &to->host };
            struct policy_answer answer;

            if (to->wildcard || to->host.kind != HOST_NAME || to->port_count == 0)
                continue;
            q.port = to->ports[0];
            policy_decide(p, &q, &answer);
            if (!answer.allowed)
                continue;
            *host = to->host;
            *port = to->ports[0];
            return true;
        }
    }
    return false;
}
