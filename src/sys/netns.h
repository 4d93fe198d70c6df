/* Network namespaces: entering one for a moment, and the names under /run/netns. */
#ifndef DEFENSECLAW_SYS_NETNS_H
#define DEFENSECLAW_SYS_NETNS_H

#include <stdbool.h>

#define NETNS_DIR "/run/netns"

/* Runs fn inside the namespace of ns_fd and comes back. fn should only open what keeps working
 * outside (a netlink socket) or touch /proc/sys/net. 0, negative errno of setns, or what fn
 * returned. A process that can't come back is aborted: it must not go on in the wrong one. */
int netns_call(int ns_fd, int (*fn)(void *arg), void *arg);

/* A new namespace without a name, gone with the last descriptor and process. Owned by the caller.
 */
int netns_new(int *ret_fd);

/* Opens /run/netns/NAME. -ENOENT when there is no such name, -EBADF when the file isn't a namespace
 * (what a creation that was killed half-way leaves). */
int netns_open(const char *name, int *ret_fd);

/* Gives ns_fd a name, as ip-netns(8) does, so that it outlives the process. The file under the
 * mount holds mark, put there in one step, so that a leftover shows whose it is. -EEXIST when the
 * name is taken. */
int netns_bind(int ns_fd, const char *name, const char *mark);

/* Takes the name away. -ENOENT when there is none. A file that is no namespace is removed only when
 * it holds mark (-EBADF else). */
int netns_unbind(const char *name, const char *mark);

/* Whether there is a file under the name that holds mark, but no namespace on it. */
bool netns_leftover(const char *name, const char *mark);

#endif
