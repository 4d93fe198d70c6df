/* SIGHUP: the instance's file, policy, device key and DNS servers anew, whole or not at all. */
#ifndef DEFENSECLAW_GATEWAY_RELOAD_H
#define DEFENSECLAW_GATEWAY_RELOAD_H

#include "gateway/gateway.h"

/* Loads what lies in /etc/defenseclaw/NAME. On failure the old stays in force, the reason is logged
 * and reload_fault gives it until the next good reload. */
void reload(struct gateway *g);

/* Why the last reload was not taken; NULL when it was. */
const char *reload_fault(const struct gateway *g);

/* Tells systemd that we are ready, and which policy is in force (`policy DIGEST`). */
void reload_notify(const struct gateway *g);

#endif
