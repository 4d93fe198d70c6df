/* Who listens where on this machine: inet_diag, and /proc to name the process. */
#ifndef DEFENSECLAW_SYS_LISTENERS_H
#define DEFENSECLAW_SYS_LISTENERS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listener {
    int protocol; /* IPPROTO_TCP, IPPROTO_UDP */
    uint16_t port;
    bool any;          /* takes packets to every IPv4 address */
    struct in_addr ip; /* the address, when not any */
    int device;        /* bound to this interface only; 0: to none */
    uint32_t inode, uid;
};

struct listeners {
    struct listener *rows;
    size_t count, cap;
};
void listeners_done(struct listeners *l);
#define autolisteners __attribute__((cleanup(listeners_done)))

/* All sockets in the calling process's namespace that take IPv4 connections (TCP) or packets from
 * anybody (UDP). A kernel without inet_diag for a protocol gives none of it. 0 or negative errno.
 */
int listeners_read(struct listeners *l);

/* "process 1234 (dnsmasq)" for a socket's inode; "a socket of uid 0" when nobody is seen to hold
 * it. */
void listener_holder(const struct listener *l, char *out, size_t size);

#endif
