/* Host names and IP literals in one normal form, so that two spellings are never two hosts. */
#ifndef DEFENSECLAW_POLICY_HOSTNAME_H
#define DEFENSECLAW_POLICY_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOSTNAME_MAX 253

enum hostname_kind { HOST_NAME, HOST_IPV4, HOST_IPV6 };

struct hostname {
    enum hostname_kind kind;
    char text[HOSTNAME_MAX + 1]; /* lower case, no trailing dot; IPv6 as inet_ntop, no brackets */
};

/* Reads a host as it stands in a URL: a DNS name (letters, digits, - and _; IDNs as punycode), a
 * dotted-quad IPv4 address or an IPv6 address in brackets. Every other numeric form (octal, hex,
 * short, decimal) and scoped addresses are refused, since resolvers read them differently. 0 or
 * -EINVAL. */
int hostname_parse(const char *text, size_t len, struct hostname *ret);

/* Reads HOST:PORT, or HOST when fallback isn't 0. 0 or -EINVAL. */
int authority_parse(const char *text, size_t len, uint16_t fallback, struct hostname *host,
                    uint16_t *port);

#endif
