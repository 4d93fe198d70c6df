/* A tree of root's files below a directory: the shape that policy, skill and plugin share. */
#ifndef DEFENSECLAW_PROVISION_TREE_H
#define DEFENSECLAW_PROVISION_TREE_H

#include "provision/provision.h"

/* Adds dir, each directory that a file's path names, and the files, all root's and readable by
 * everybody (0755, 0644). */
int tree_wants(const struct inputs *in, struct plan *p, const char *step, const char *dir,
               const struct input_file *files, size_t count, struct err *e);

/* base, joined with a printf-style rest; NULL when out of memory. Caller frees. */
char *path_join(const char *base, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
