/* The texts of an instance's unit files: whole files, no templates and no drop-ins. */
#ifndef DEFENSECLAW_PROVISION_UNITS_TEXT_H
#define DEFENSECLAW_PROVISION_UNITS_TEXT_H

#include "provision/provision.h"

/* In the order in which they start. */
enum unit_id {
    UNIT_NETNS,   /* defenseclaw-netns@N.service */
    UNIT_SOCKET,  /* defenseclaw-gateway@N.socket: what the sandbox reaches */
    UNIT_LOCAL,   /* defenseclaw-local@N.socket: what the host reaches */
    UNIT_GATEWAY, /* defenseclaw-gateway@N.service */
    UNIT_AGENT,   /* openshell-N.service */
    UNIT_TARGET,  /* defenseclaw-N.target */
    UNIT_COUNT,
};

struct unit_names {
    char unit[UNIT_COUNT][64];
};

/* The names of an instance's units. */
void units_names(const char *instance, struct unit_names *ret);

/* Appends a unit's text. 0 or negative errno. Pure. */
int units_text(const struct inputs *in, const struct unit_names *names, enum unit_id id,
               struct buf *out);

#endif
