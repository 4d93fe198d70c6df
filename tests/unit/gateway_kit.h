/* A whole gateway for tests, without systemd: in a network and mount namespace of its own, with the
 * sandbox's, the host's and the outside's addresses on the loopback device, started as an
 * unprivileged user with its sockets passed as systemd does. Needs root. */
#ifndef DEFENSECLAW_TESTS_GATEWAY_KIT_H
#define DEFENSECLAW_TESTS_GATEWAY_KIT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KIT_HOST "10.200.0.1"
#define KIT_SANDBOX "10.200.0.2"
#define KIT_OUTSIDE "10.99.0.1"  /* servers of the world out there; the DNS server too */
#define KIT_OUTSIDE2 "10.99.0.2" /* a second one */
#define KIT_RELAY 18789
#define KIT_WEB 8000
#define KIT_STATE "/var/lib/defenseclaw-gateway/sandbox"
#define KIT_ETC "/etc/defenseclaw/sandbox"

/* An entry's address list that lets the outside in; for policies of tests. */
#define KIT_ALLOWED "allowed_ips: [10.99.0.0/16]"

/* Group set-up: enters the namespaces, once a program. Fails when it can't. */
int kit_enter(void **state);

struct kit_options {
    const char *template; /* NULL: permissive */
    bool no_agent;
    const char *dns; /* NULL: KIT_OUTSIDE */
    uid_t uid;       /* that it runs as; 0: nobody's */
    bool as_root;
    bool watchdog; /* systemd wants a sign every 100 ms: then kit_notified must be called */
};

/* Starts a gateway with this egress.yaml; fails the test unless it says READY. options may be NULL.
 */
void kit_start(const char *policy, const struct kit_options *options);
/* Starts one that is expected not to come up: its exit status, and what it said in said. */
int kit_start_fails(const char *policy, const struct kit_options *options, struct buf *said);
/* Ends it by SIGTERM: its exit status; fails the test when that takes more than 200 ms. */
int kit_stop(void);
/* After the test killed it: its database stays. */
void kit_stop_killed(void);
pid_t kit_pid(void);
/* The next message to the notification socket, NULL after half a second without one. Static. */
const char *kit_notified(void);

/* Writes instance.json anew, as kit_start does. */
void kit_write_instance(const struct kit_options *options);
/* Writes a file beneath KIT_ETC (policy/egress.yaml, device.pub). */
void kit_write(const char *name, const char *text);

/* Servers of the outside, each a process, ended by kit_stop_servers.
 * DNS: NAME.test is KIT_OUTSIDE; nx.*, fail.*, drop.* are that; private.test is 192.168.7.7,
 * loop.test 127.0.0.1, both.test KIT_OUTSIDE and 127.0.0.1, many.test 20 addresses; forged.test
 * answers wrongly (id, question) twice before it answers right; TXT of big.test is 4,000 bytes and
 * truncated over UDP. */
void kit_serve_dns(const char *address);
/* Answers every connection with fn(fd) in a process of its own. */
void kit_serve(const char *address, uint16_t port, void (*fn)(int fd));
void kit_stop_servers(void);

/* A connection from one address to another; -errno when there is none. */
int kit_connect(const char *from, const char *to, uint16_t port);
/* From the sandbox to the gateway. */
int kit_dial(uint16_t port);
/* Sends all, then reads until the end (or two seconds without a byte) into out. Closes fd. */
void kit_talk(int fd, const char *request, size_t len, struct buf *out);
/* The same for a text sent from the sandbox to one of the gateway's ports. */
void kit_ask(uint16_t port, const char *request, struct buf *out);
void kit_send(int fd, const char *text);
/* Reads until text was seen or two seconds are over; what was read is in out. */
bool kit_wait_for(int fd, const char *text, struct buf *out);

/* The first column of the first row, as text, of a query on audit.db, asked again for a second
 * until it is want. Fails the test when it stays something else. */
void kit_expect_row(const char *sql, const char *want);

/* GET PATH from the control socket as uid: the whole answer. */
void kit_control(const char *path, uid_t uid, struct buf *out);

#endif
