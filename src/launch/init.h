/* Process 1 of a PID namespace. */
#ifndef DEFENSECLAW_LAUNCH_INIT_H
#define DEFENSECLAW_LAUNCH_INIT_H

/* Forks and returns in the child. The parent stays: it reaps whatever is left without a parent,
 * passes on the signals that it is sent, and ends with the child's status (128 + n after a signal).
 * Returns 0 in the child, else -errno. */
int init_split(void);

#endif
