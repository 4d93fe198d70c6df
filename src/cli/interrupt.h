/* An interrupt ends a run between two changes, and what was done is rolled back. */
#ifndef DEFENSECLAW_CLI_INTERRUPT_H
#define DEFENSECLAW_CLI_INTERRUPT_H

#include <stdbool.h>

/* Takes SIGINT, SIGTERM and SIGHUP over. */
void interrupt_catch(void);
/* Whether one of them came. */
bool interrupt_asked(void);

#endif
