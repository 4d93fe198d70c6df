/* The DNS servers that the gateway asks: those of --dns, or the host's own. */
#ifndef DEFENSECLAW_GATEWAY_UPSTREAMS_H
#define DEFENSECLAW_GATEWAY_UPSTREAMS_H

#include "gateway/gateway.h"

#include <sys/socket.h>

#define UPSTREAMS_MAX 8

struct upstream {
    struct sockaddr_storage address; /* with port 53 */
    socklen_t len;
};

/* s must outlive it. 0 or -ENOMEM. */
int upstreams_new(const struct spec *s, struct upstreams **ret);
void upstreams_free(struct upstreams *u);

/* The servers in the order in which they are asked; *count may be 0. With --dns host the host's
 * files are looked at again when they changed (at most every two seconds). Owned by u, until the
 * next call. */
const struct upstream *upstreams_list(struct upstreams *u, size_t *count);

/* Takes the servers from the spec, and the host's files, anew. */
void upstreams_refresh(struct upstreams *u);

/* The nameserver lines of a resolv.conf, at most UPSTREAMS_MAX; what isn't an address is left out.
 */
size_t upstreams_parse(const char *text, struct upstream ret[UPSTREAMS_MAX]);

/* ADDRESS of a server without its port; out has 80 bytes. Returns out. */
const char *upstream_text(const struct upstream *u, char *out);

#endif
