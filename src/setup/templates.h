/* Our own data files as inputs of a plan: policy templates, skill, plugin. */
#ifndef DEFENSECLAW_SETUP_TEMPLATES_H
#define DEFENSECLAW_SETUP_TEMPLATES_H

#include "provision/provision.h"

/* All regular files below a directory of ours, sorted by path. Caller frees with files_free(). */
int files_load(const char *dir, struct input_file **ret, size_t *ret_count, struct err *e);
void files_free(struct input_file *files, size_t count);

/* A template's files with others laid over them by name (copied), and npm's registry (a URL, "" for
 * none) put in for ${npm_registry} in egress.yaml. The result is checked: an egress.yaml that the
 * gateway wouldn't take is an error with file, line and reason (EXIT_USAGE). */
int policy_inputs(enum policy policy, const struct input_file *over, size_t over_count,
                  const char *npm_registry, struct input_file **ret, size_t *ret_count,
                  struct err *e);

/* egress.yaml's text with the registry's host (and port, where the URL has one) in place of the
 * variable; without a registry the network policies that name it are left out. Caller frees; NULL
 * when out of memory. */
char *egress_fill(const char *text, const char *npm_registry);

#endif
