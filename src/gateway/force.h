/* What setup decided and the gateway obeys: the egress policy and the device key, loaded together,
 * replaced whole or not at all. */
#ifndef DEFENSECLAW_GATEWAY_FORCE_H
#define DEFENSECLAW_GATEWAY_FORCE_H

#include "base/ed25519.h"
#include "base/err.h"
#include "policy/policy.h"

#include <stdbool.h>

struct force {
    unsigned refs; /* a request keeps the one that it was decided by */
    struct egress_policy *policy;
    bool has_device;
    uint8_t device[ED25519_PUBLIC_BYTES];
};

/* Reads policy/egress.yaml and device.pub (which may be absent) beneath dir
 * (/etc/defenseclaw/NAME). The caller holds the one reference. 0 or negative errno with e set. */
int force_load(const char *dir, struct force **ret, struct err *e);

struct force *force_ref(struct force *f);
/* NULL is fine. */
void force_unref(struct force *f);

#endif
