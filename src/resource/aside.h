/* What is somebody else's is never thrown away: it is moved aside, and told. */
#ifndef DEFENSECLAW_RESOURCE_ASIDE_H
#define DEFENSECLAW_RESOURCE_ASIDE_H

#include "base/err.h"
#include "engine/run.h"

/* Renames whatever stands at path (absolute) to NAME.kept-by-defenseclaw beside it, with a number
 * behind where that is taken, and notes why. 0, or negative errno with e set. */
int keep_aside(struct run *run, const char *path, const char *why, struct err *e);

#endif
