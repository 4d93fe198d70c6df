/* What the reader makes and the decision walks; private to policy/. */
#ifndef DEFENSECLAW_POLICY_ENTRY_H
#define DEFENSECLAW_POLICY_ENTRY_H

#include "policy/policy.h"

struct rule {
    char *method; /* "*" for any */
    char *path;   /* glob over '/', NULL for any */
};

struct endpoint {
    struct hostname host; /* text is the pattern when wildcard */
    bool wildcard;
    uint16_t *ports;
    size_t port_count;
    struct prefix *allowed;
    size_t allowed_count;
    struct rule *rules;
    size_t rule_count;
    bool has_rules; /* the key stands there, even with an empty list */
};

struct entry {
    char *name;
    bool has_binaries; /* the key stands there, even with an empty list */
    char **binaries;
    size_t binary_count;
    struct endpoint *endpoints;
    size_t endpoint_count;
};

struct egress_policy {
    struct entry *entries;
    size_t count;
    char digest[DIGEST_HEX_LEN + 1];
};

#endif
