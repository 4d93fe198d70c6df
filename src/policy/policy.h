/* The egress policy: upstream's `network_policies`, read strictly, decided by host and port (and by
 * method and path for plain HTTP). Default deny. */
#ifndef DEFENSECLAW_POLICY_POLICY_H
#define DEFENSECLAW_POLICY_POLICY_H

#include "base/digest.h"
#include "base/err.h"
#include "policy/address.h"
#include "policy/hostname.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_FILE_MAX (4u << 20) /* bytes of YAML that are read at most */

struct egress_policy;

/* What is asked: may this be sent there? method and path are NULL for a tunnel (CONNECT). path has
 * no query. */
struct policy_request {
    const struct hostname *host;
    uint16_t port;
    const char *method, *path;
};

struct policy_answer {
    bool allowed;
    const char *rule; /* the entry that allows it, owned by the policy; NULL when none does */
    char reason[448]; /* one line: why not; "" when allowed */
};

/* Reads one file's bytes; what names it in errors (`what: line L, column C: reason`, EXIT_USAGE).
 * Caller frees with policy_free. 0, -EINVAL or -ENOMEM. */
int policy_load(const char *what, const void *yaml, size_t len, struct egress_policy **ret,
                struct err *e);
void policy_free(struct egress_policy *p);

/* Decides by host, port, and for plain HTTP method and path. A host that is an IP address matches
 * only an entry that names that very address. The calling program is not looked at yet: entries
 * with binaries hold for every program, but one with an empty list of them for none. */
void policy_decide(const struct egress_policy *p, const struct policy_request *q,
                   struct policy_answer *ret);

/* Whether a connection that policy_decide allowed may go to this address: a public one, or one that
 * an entry allowing the same request lists in allowed_ips. NULL when it may, else what the address
 * is (static text: "private", "loopback", …). */
const char *policy_address_fault(const struct egress_policy *p, const struct policy_request *q,
                                 const struct address *a);

/* The first host name and port to which the policy lets a tunnel through: for a live probe. False
 * when there is none (wildcards and addresses don't count). */
bool policy_sample(const struct egress_policy *p, struct hostname *host, uint16_t *port);

/* The YAML that would allow q, several lines, for a person to copy; with address (NULL: none) in
 * allowed_ips. Cut when out is too small. */
void policy_suggest(const struct policy_request *q, const struct address *address, char *out,
                    size_t size);

/* Hex of BLAKE2b-256 over the file's bytes; owned by the policy. */
const char *policy_digest(const struct egress_policy *p);
/* Entries in all, and those that name programs. */
size_t policy_count(const struct egress_policy *p);
size_t policy_program_count(const struct egress_policy *p);

#endif
