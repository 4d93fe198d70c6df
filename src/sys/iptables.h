/* The kernel's older packet filter (iptables-legacy): a table is read as if nf_tables held it. */
#ifndef DEFENSECLAW_SYS_IPTABLES_H
#define DEFENSECLAW_SYS_IPTABLES_H

#include "sys/nft.h"

/* Reads the IPv4 table of that name ("filter", "raw", "mangle") into a table of family ip, which
 * the ruleset owns. *ret is NULL when the table isn't in use here: asking the kernel would make it.
 * 0 or negative errno. */
int iptables_read(struct nft_ruleset *rs, const char *name, struct nft_table **ret);

#endif
