/* What rtnl.c and rtnl_rows.c share. */
#ifndef DEFENSECLAW_SYS_RTNL_INTERNAL_H
#define DEFENSECLAW_SYS_RTNL_INTERNAL_H

#include "sys/rtnl.h"

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

struct rtnl {
    struct nl_sock *sock;
};

/* libnl folds the kernel's errnos into its own; only the callbacks still see them. */
struct answer {
    int error;  /* the kernel's, negative */
    bool ended; /* acknowledged, or the dump is over */
    int (*row)(struct nlmsghdr *h, void *arg);
    void *arg;
};

/* A request with its fixed header; NULL when out of memory. */
struct nl_msg *rtnl_message(int type, int flags, const void *header, size_t len);

/* Sends a request (freed here), and waits for its acknowledgement or for the end of its dump. 0 or
 * the kernel's errno. */
int rtnl_talk(struct rtnl *nl, struct nl_msg *msg, struct answer *a);

/* The same for a request without rows; failed < 0: it couldn't be put together (-ENOBUFS). */
int rtnl_finish(struct rtnl *nl, struct nl_msg *msg, int failed);

#endif
