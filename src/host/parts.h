/* The parts of host_gather(). */
#ifndef DEFENSECLAW_HOST_PARTS_H
#define DEFENSECLAW_HOST_PARTS_H

#include "host/host.h"

#include <sys/utsname.h>

/* "sandbox mode requires Linux" on anything else: EXIT_MACHINE. */
int host_check_os(const struct utsname *u, struct err *e);

/* The sandbox user's and the gateway user's names and numbers. */
int host_users(const struct spec *s, struct host *h, struct err *e);

/* OpenClaw's program, its interpreter and their trees. Nothing found is no error, but what is found
 * and could be changed by others than root is (EXIT_MACHINE). */
int host_openclaw(const struct spec *s, struct host *h, struct err *e);

/* The npm registry that this machine uses; "" when npm isn't here. */
void host_npm_registry(const struct host *h, char *out, size_t size);

/* The value of a key in npmrc text (the last one counts), without quotes. false when there is none
 * or it doesn't fit. */
bool npmrc_value(const char *text, const char *key, char *out, size_t size);

/* Reads "#!INTERPRETER [ARGUMENT]" (line ends at a newline or the end) into the program that the
 * kernel would start, going through env. false when it isn't such a line. The result has no slash
 * when it is to be looked up on the PATH. */
bool script_interpreter(const char *line, char *out, size_t size);

/* The directory that has to be bound so that path is there: "" under /usr, else its first two
 * components ("/opt/openclaw"). false when path has only one. */
bool tree_root(const char *path, char *out, size_t size);

/* 0 when path (real, absolute) and every directory above it are root's and nobody else may write;
 * else -EPERM with e set (EXIT_MACHINE), or -errno. */
int path_trusted(const char *what, const char *path, struct err *e);

#endif
