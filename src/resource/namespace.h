/* The named namespace and what is only reachable from inside it; private to resource/network*.c. */
#ifndef DEFENSECLAW_RESOURCE_NAMESPACE_H
#define DEFENSECLAW_RESOURCE_NAMESPACE_H

#include "resource/network.h"
#include "sys/nft.h"
#include "sys/rtnl.h"

struct namespace
{
    int fd;          /* -EBADF: there is none */
    struct rtnl *nl; /* both opened inside; they go on working from outside */
    struct nft *nft;
};

/* Opens the namespace of that name with its sockets. fd is -EBADF when there is none, or only a
 * leftover file. Ownership is another question: network.c asks tables and links. */
int namespace_open(struct namespace *ns, const char *name, struct err *e);

/* A new one without a name. */
int namespace_new(struct namespace *ns, struct err *e);
void namespace_close(struct namespace *ns);

/* IPv6 off for every device that is there or comes: to be called before any comes up. */
int namespace_ipv6_off(struct namespace *ns, struct err *e);
/* 1 when it is off everywhere, 0 when not. */
int namespace_ipv6_is_off(struct namespace *ns);

#endif
