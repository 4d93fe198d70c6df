/* What on this machine is in the way of an instance's network: looked at before anything changes.
 * Nothing here writes. */
#ifndef DEFENSECLAW_HOST_FENCE_H
#define DEFENSECLAW_HOST_FENCE_H

#include "resource/network.h"

#include <stdbool.h>

/* All of the below, in this order. ours_active: the instance is set up, so its own ports and names
 * are no conflict. Status EXIT_USAGE for addresses that the host's own routes cover, EXIT_MACHINE
 * for everything that somebody holds; each names the holder, and its fix works when typed. */
int network_preflight(const struct network *n, bool ours_active, struct err *e);

/* Names and addresses alone: what `sandbox network up` asks again at every start. A foreign link or
 * namespace of our name (-EEXIST), an address or route that covers one of ours (-EADDRINUSE). */
int network_clash(const struct network *n, struct err *e);

/* Another instance's addresses or relay port (-EADDRINUSE); the fix names free ones. */
int network_taken(const struct network *n, struct err *e);

/* Somebody listens on one of the ports that the gateway needs (-EADDRINUSE). */
int network_ports_held(const struct network *n, bool ours_active, struct err *e);

/* Somebody's rules would drop what comes from the sandbox, or what goes to it (-EACCES): names
 * table and chain, and the command of the tool whose they are. */
int network_fenced(const struct network *n, struct err *e);

#endif
