/* The values of the option table: how each kind of text is read and checked. */
#ifndef DEFENSECLAW_SPEC_VALUE_H
#define DEFENSECLAW_SPEC_VALUE_H

#include "spec/options.h"

extern const struct option_type type_policy;  /* enum policy */
extern const struct option_type type_address; /* struct in_addr, an end of the veth pair */
extern const struct option_type type_home;    /* char[256] */
extern const struct option_type type_program; /* char[256], absolute path */
extern const struct option_type type_port;    /* uint16_t */
extern const struct option_type
    type_dns; /* struct spec from dns_host on: dns_host, dns_count, dns */
extern const struct option_type type_dns_filter;   /* enum dns_filter */
extern const struct option_type type_name;         /* char[NAME_MAX_LEN + 1] */
extern const struct option_type type_gateway_user; /* char[33] */

/* "--FLAG: VALUE: why" with status EXIT_USAGE; returns -EINVAL. */
int value_refuse(const struct option *o, const char *text, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
