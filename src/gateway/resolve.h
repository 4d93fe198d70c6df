/* A host name's addresses, asked of the configured servers and of nobody else: no hosts file, no
 * search list, no cache. */
#ifndef DEFENSECLAW_GATEWAY_RESOLVE_H
#define DEFENSECLAW_GATEWAY_RESOLVE_H

#include "gateway/gateway.h"
#include "policy/address.h"

#define RESOLVE_MAX 16 /* addresses kept; a name with more is taken as broken */

struct resolving;

/* why is NULL and count > 0, or why says what went wrong (static text). */
typedef void (*resolve_fn)(const struct address *list, size_t count, const char *why, void *arg);

/* Calls fn once from the event loop, never before this returns. NULL when out of memory. */
struct resolving *resolve_start(struct gateway *g, const char *host, resolve_fn fn, void *arg);
/* fn is not called any more. */
void resolve_cancel(struct resolving *r);

#endif
