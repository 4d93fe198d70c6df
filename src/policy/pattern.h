/* Globs in which `*` stays between two separators and `**` crosses them. */
#ifndef DEFENSECLAW_POLICY_PATTERN_H
#define DEFENSECLAW_POLICY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether text as a whole matches; no other character is special. Case counts. */
bool pattern_match(const char *pattern, const char *text, char separator);

/* Whether a host pattern (lower case) is one that an entry may have: labels of letters, digits, -
 * and
 * _, `*` within a label or as one, `**` as a whole label, and no wildcard in the last two labels
 * unless the pattern has no wildcard at all. Returns NULL when it is, else why not (static). */
const char *pattern_host_fault(const char *pattern);

#endif
