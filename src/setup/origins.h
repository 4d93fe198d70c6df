/* Places that several instances share (/etc/netns, a line in /etc/cron.deny): what stood there
 * before the first of them is what has to come back with the last. */
#ifndef DEFENSECLAW_SETUP_ORIGINS_H
#define DEFENSECLAW_SETUP_ORIGINS_H

#include "engine/plan.h"

#include <stdbool.h>

/* Adds to a record an entry for every item of the plan that it lacks and that another instance,
 * which is set up, made where nothing was. 0 or -ENOMEM. */
int origins_inherit(const char *name, const struct plan *p, cJSON *record);
/* Takes out of a record what --disable once kept and what is no more: things that the plan doesn't
 * want, and at a first setup (active false) those that aren't as they were left, since somebody
 * else's may stand in their place by now. p has been observed. */
void origins_forget(const struct plan *p, bool active, cJSON *record);

#endif
