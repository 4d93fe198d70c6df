/* The kinds, and how provision/ writes a wanted state for each. */
#ifndef DEFENSECLAW_RESOURCE_KINDS_H
#define DEFENSECLAW_RESOURCE_KINDS_H

#include "engine/blob.h"
#include "engine/resource.h"

#include <sys/types.h>

extern const struct resource_kind kind_account;  /* id: user's name */
extern const struct resource_kind kind_file;     /* id: absolute path; file, directory or link */
extern const struct resource_kind kind_config;   /* id: path of a file that a daemon reads: a file,
                                                  * and the daemon is told (table in config.c) */
extern const struct resource_kind kind_line;     /* id: PATH; one exact line in a shared file */
extern const struct resource_kind kind_openclaw; /* id: absolute path of openclaw.json */
extern const struct resource_kind kind_copy;     /* id: path of openclaw.json's readable copy */
extern const struct resource_kind kind_network;  /* id: instance name; namespace, veth, rulesets */
extern const struct resource_kind kind_unit;     /* id: unit's name */

/* Wanted states for kind_file. NULL when out of memory. Modes are permission bits.
 *   {"type":"file","mode":"0644","uid":0,"gid":0,"size":N,"digest":HEX}
 *   {"type":"directory","mode":"0755","uid":0,"gid":0}
 *   {"type":"link","target":"…","uid":0,"gid":0}
 *   {"type":"absent"} */
cJSON *want_file(struct blobs *b, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid);
cJSON *want_directory(mode_t mode, uid_t uid, gid_t gid);
cJSON *want_link(const char *target);
cJSON *want_absent(void);
/* As want_file(), but only the first content: what the file holds later is its owner's business,
 * and verify looks at type, owner and mode alone ("seed":true). */
cJSON *want_seed_file(struct blobs *b, const void *data, size_t len, mode_t mode, uid_t uid,
                      gid_t gid);

/* kind_unit: {"active":true,"members":["a.service",…],"policy":DIGEST}; started by StartUnit of
 * the id, all members read back as active. policy (gateway only): digest in the unit's StatusText,
 * put in force by a reload. */
cJSON *want_unit(bool active, const char *const *members, size_t count);

/* kind_account: {"user":NAME,"uid","gid","home","shell","gecos","system":true}. */
cJSON *want_account(const char *user, uid_t uid, gid_t gid, const char *home, const char *gecos);

/* kind_line: {"line":TEXT,"present":true}. */
cJSON *want_line(const char *line);

#endif
