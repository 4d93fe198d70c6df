/* What first boot tells people who can't see its unit: on every console, and before each login. */
#ifndef DEFENSECLAW_SEED_ANNOUNCE_H
#define DEFENSECLAW_SEED_ANNOUNCE_H

/* Writes text (whole lines) to each console that the kernel names as active, else /dev/console.
 * Never blocks on one; a console that isn't there is no error. */
void announce_consoles(const char *text);

/* Puts text into /etc/issue.d/defenseclaw.issue, in place of what stood there; backslashes, which
 * agetty reads, are doubled. 0 or negative errno. */
int announce_issue(const char *text);

/* Takes that file away again, and its directory when nothing else is in it: the instance is gone. */
void announce_withdraw(void);

#endif
