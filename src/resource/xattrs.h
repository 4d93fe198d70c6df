/* Extended attributes of an open file as part of a state: {"xattrs":{NAME:HEX}}, left out when
 * there are none. SELinux labels are the policy's business and not looked at. */
#ifndef DEFENSECLAW_RESOURCE_XATTRS_H
#define DEFENSECLAW_RESOURCE_XATTRS_H

#include <cjson/cJSON.h>

/* Adds "xattrs" to state when fd has any. -E2BIG for more than 256 KiB of them. */
int xattrs_read(int fd, cJSON *state);
/* Makes fd's attributes those of the state: what the state doesn't name is removed (an inherited
 * default ACL, say), unless fd is a directory and the state says nothing at all. */
int xattrs_write(int fd, const cJSON *state);

#endif
