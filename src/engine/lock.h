/* One run an instance at a time: /run/defenseclaw/NAME.lock. */
#ifndef DEFENSECLAW_ENGINE_LOCK_H
#define DEFENSECLAW_ENGINE_LOCK_H

#include "base/err.h"

/* Takes the lock; *ret_fd holds it until closed. -EBUSY (EXIT_MACHINE) names the process that holds
 * it. */
int lock_take(const char *name, int *ret_fd, struct err *e);

#endif
