/* POST /pair: the device proves the key whose public half setup left in device.pub. The exchange is
 * in spec/pair.h. */
#ifndef DEFENSECLAW_GATEWAY_PAIR_H
#define DEFENSECLAW_GATEWAY_PAIR_H

#include "gateway/httpd.h"

int pair_new(struct pair **ret);
void pair_free(struct pair *p);

void pair_challenge(struct httpd_conn *c, const struct httpd_request *q);
void pair_prove(struct httpd_conn *c, const struct httpd_request *q);

#endif
