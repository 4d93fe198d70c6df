/* What `pair` does inside the sandbox. */
#ifndef DEFENSECLAW_CLI_PAIR_PROOF_H
#define DEFENSECLAW_CLI_PAIR_PROOF_H

#include "spec/instance.h"

/* As the sandbox user, inside the sandbox: proves the device key to the gateway and prints the
 * device's id. 0, or negative errno with e set in the page's words (EXIT_FAILED). */
int pair_prove(const struct instance *in, struct err *e);

#endif
