/* Local accounts as the files say: /etc/passwd, group, shadow, subuid, subgid. Not through NSS,
 * since what setup makes and undoes are those lines. */
#ifndef DEFENSECLAW_SYS_ACCOUNTS_H
#define DEFENSECLAW_SYS_ACCOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

struct account {
    uid_t uid;
    gid_t gid;
    char home[256], shell[128], gecos[128];
    char other_group[64]; /* a further group that names the user, "" when none */
    bool group;           /* a group of the user's name and of its gid exists */
    bool subids;          /* has subordinate ids */
    bool locked;          /* no password opens it */
};

/* -ENOENT when there is no such user; group and gid are filled all the same when there is a group
 * of that name. */
int account_read(const char *user, struct account *ret);

/* The gid of a local group. -ENOENT when there is none. */
int group_read(const char *group, gid_t *ret);

/* A number of the system range (100 to 999, highest first) that is free as uid and as gid.
 * -ENOSPC when there is none. */
int account_free_ids(uid_t *uid, gid_t *gid);
/* The same among the numbers below limit: for a second account of the same run. */
int account_free_ids_below(unsigned limit, uid_t *uid, gid_t *gid);

#endif
