/* The veth pair with its addresses, neighbours and routes; private to resource/network*.c. */
#ifndef DEFENSECLAW_RESOURCE_LINK_H
#define DEFENSECLAW_RESOURCE_LINK_H

#include "resource/network.h"
#include "sys/rtnl.h"

/* One end of the pair and the namespace it is in. */
struct link_side {
    struct rtnl *nl;
    const struct network *n;
    bool inside;
    struct rtnl_link link; /* index 0: there is none */
};

/* Looks the end up. -EEXIST: a link of that name isn't ours. */
int link_find(struct link_side *s);

/* Makes the pair; both sides' link is filled. */
int link_make(struct link_side *host, struct link_side *inside, int ns_fd, struct err *e);

/* MTU, addresses, up, neighbours, routes: removes what shouldn't be there and adds what is missing.
 * Inside it brings the loopback up too. */
int link_address(struct link_side *s, struct err *e);
int link_raise(struct link_side *s, struct err *e);
int link_route(struct link_side *s, struct err *e);

/* Waits until both ends carry (at most 2 s; -ETIMEDOUT). */
int link_wait(struct link_side *host, struct link_side *inside, struct err *e);

/* Tells every difference; returns how many or negative errno. */
int link_check(struct link_side *s, network_tell tell, void *userdata);

#endif
