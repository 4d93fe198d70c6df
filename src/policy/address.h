/* Which IP addresses are the public internet's, and which an entry must name in allowed_ips. */
#ifndef DEFENSECLAW_POLICY_ADDRESS_H
#define DEFENSECLAW_POLICY_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
    int family; /* AF_INET or AF_INET6 */
    union {
        struct in_addr v4;
        struct in6_addr v6;
        uint8_t bytes[16];
    };
};

struct prefix {
    struct address address;
    unsigned bits;
};

/* NULL for an address of the public internet, else what it is: "private", "loopback", "link-local",
 * "metadata", … (static text). */
const char *address_special(const struct address *a);

/* Whether no entry may name it either: unspecified, multicast, broadcast. */
bool address_never(const struct address *a);

bool prefix_has(const struct prefix *p, const struct address *a);

/* Reads ADDRESS or ADDRESS/BITS. NULL, or why not (static text): not an address, bits set behind
 * the prefix, or a prefix so wide (IPv4 /8, IPv6 /16) that it names no network of anybody's. */
const char *prefix_parse(const char *text, struct prefix *ret);

/* To and from sockets and text. address_text's buffer has INET6_ADDRSTRLEN bytes; it returns out.
 */
const char *address_text(const struct address *a, char *out);
int address_parse(const char *text, struct address *ret);
int address_from_sockaddr(const struct sockaddr *sa, struct address *ret);
socklen_t address_to_sockaddr(const struct address *a, uint16_t port, struct sockaddr_storage *ret);

#endif
