/* A throw-away machine for tests of the network: namespaces and a /run of its own, and the admin's
 * tools on it. Needs root: without it the tests fail. */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include "resource/network.h"

#define UUID "0b1c2d3e-4f50-4162-8384-95a6b7c8d9ea"
#define OTHER_UUID "11111111-2222-4333-8444-555555555555"

/* cmocka's setup: an empty machine whose loopback is up. */
int machine_fresh(void **state);

/* The page's default instance, uid 4001. */
struct network machine_network(void);

/* Runs a program by its absolute path, words split at spaces; returns its exit status. A leading
 * "netns NAME " runs it in that namespace. */
int machine_run(const char *words);
/* The same, with its output in a static buffer. */
const char *machine_output(const char *words);

/* From the namespace of the network as uid: 0 when a TCP connection to ip:port came about, else the
 * errno; ns_fd < 0: from the host. */
int machine_connect(int ns_fd, unsigned uid, const char *ip, unsigned short port);
/* 0 when ip answers a ping, else the errno. */
int machine_ping(int ns_fd, const char *ip);
/* A listener on ip:port in the host's namespace; its descriptor. */
int machine_listen(int type, const char *ip, unsigned short port);

#endif
