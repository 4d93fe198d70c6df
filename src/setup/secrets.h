/* A bundle's secrets, sealed for this machine before anything is planned. */
#ifndef DEFENSECLAW_SETUP_SECRETS_H
#define DEFENSECLAW_SETUP_SECRETS_H

#include "provision/provision.h"

/* Seals each of {NAME: value} as NAME.cred. Sealing never gives the same bytes twice, so what is
 * stored already and opens to the same value is taken as it stands: a second run changes nothing.
 * Caller frees with files_free(). */
int secrets_seal(const char *instance, const cJSON *secrets, struct input_file **ret,
                 size_t *ret_count, struct err *e);

/* Takes out of a record's entries the secrets that `keys unset` removed since: their bytes are
 * nowhere any more, so that no run could make them again. */
void secrets_forget(struct run *run, cJSON *entries);

#endif
