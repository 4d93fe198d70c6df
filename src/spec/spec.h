/* The validated flags of one instance. Nothing past option parsing looks at argv, or at a bundle's
 * JSON, again. */
#ifndef DEFENSECLAW_SPEC_SPEC_H
#define DEFENSECLAW_SPEC_SPEC_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_MAX_LEN 12 /* so that N0 fits IFNAMSIZ, and unit and user names stay short */
#define DNS_MAX 8

/* The gateway's ports on the host address. Upstream's numbers (facts, "wire and file formats"). */
enum { PORT_API = 18970, PORT_GUARD = 4000, PORT_EGRESS = 3128, PORT_DNS = 53 };

enum policy { POLICY_STRICT, POLICY_DEFAULT, POLICY_PERMISSIVE, POLICY_COUNT };
enum dns_filter { DNS_FILTER_TEMPLATE, DNS_FILTER_NONE, DNS_FILTER_POLICY };

struct spec {
    char name[NAME_MAX_LEN + 1];
    enum policy policy;
    struct in_addr sandbox_ip, host_ip; /* network byte order */
    char home[256];                     /* absolute, normalised */
    uint16_t openclaw_port;             /* the agent's port inside */
    uint16_t relay_port;                /* the same on the host's loopback */
    bool dns_host;                      /* --dns host: servers of the host's own resolv.conf */
    size_t dns_count;                   /* 0 when dns_host */
    struct in_addr dns[DNS_MAX];
    enum dns_filter dns_filter;
    bool no_auto_pair, no_host_networking, no_guardrail, no_agent;
    char openclaw[256];    /* --openclaw PATH, "" to look on /usr/local/bin:/usr/bin */
    char gateway_user[33]; /* "" when not given: SUDO_USER, else "defenseclaw" */
};

extern const char *const policy_names[POLICY_COUNT];

/* The page's defaults; name "sandbox". */
void spec_defaults(struct spec *s);

/* What no single flag can see: host and sandbox address differ, ports differ, home not inside a
 * system directory, … Status EXIT_USAGE, naming the flags. 0 or -EINVAL. */
int spec_check(const struct spec *s, struct err *e);

/* To and from the record's form: an object whose keys are the long flags without dashes. Unknown keys
 * are ignored on reading, so that an older program can read a newer record. */
cJSON *spec_to_json(const struct spec *s);
int spec_from_json(const cJSON *j, struct spec *s, struct err *e);

#endif
