/* The two tables behind provision/confinement.h. */
#ifndef DEFENSECLAW_PROVISION_CONFINEMENT_TABLE_H
#define DEFENSECLAW_PROVISION_CONFINEMENT_TABLE_H

#include "provision/property.h"

extern const struct property_row agent_rows[]; /* the agent's unit, and each job's */
extern const size_t agent_row_count;
extern const struct property_row gateway_rows[];
extern const size_t gateway_row_count;

#endif
