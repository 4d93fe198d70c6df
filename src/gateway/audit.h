/* One row per decision, written by a process of its own: the event loop only sends rows to it and
 * reads what was committed. */
#ifndef DEFENSECLAW_GATEWAY_AUDIT_H
#define DEFENSECLAW_GATEWAY_AUDIT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define AUDIT_GROUP_MS 40    /* a row waits at most this long for others to be committed with */
#define AUDIT_BEHIND_MS 1000 /* unconfirmed for longer: the writer is stuck */
#define AUDIT_QUEUE_MAX 4096 /* rows that wait in either process */

enum audit_verdict { AUDIT_REFUSE, AUDIT_ALLOW, AUDIT_VERDICTS };

/* A decision, or what became of one: then seq is the decision's and only reason (when not empty),
 * bytes and duration count. Fixed size, so that a message is either whole or none. */
struct audit_row {
    int64_t seq;     /* set by audit_add */
    bool ending;     /* set by audit_end */
    bool has_end;    /* bytes and duration are known */
    uint8_t verdict; /* enum audit_verdict */
    uint16_t port;
    int64_t time_ms; /* set by audit_add: since 1970 */
    int64_t bytes_up, bytes_down, duration_ms;
    char proto[8]; /* connect, http, dns, relay, pair */
    char method[25];
    char address[46];
    char rule[65];
    char host[256];
    char reason[256];
};

/* What the writer tells: the last row that is on disk, or why none could be written. */
struct audit_report {
    int64_t committed; /* seq */
    bool failing;
    char reason[120];
};

struct audit;
struct event_base;

/* Starts the writer for DIR/audit.db: call it before the event loop's descriptors exist. Waits for
 * its first report (at most 5 s); a database that can't be opened is no error here, see
 * audit_fault. */
int audit_start(const char *dir, const char *instance, struct audit **ret, struct err *e);
/* on_gone is called when the writer process has ended. 0 or -ENOMEM. */
int audit_attach(struct audit *a, struct event_base *base, void (*on_gone)(void *), void *arg);

/* Queues a row and returns its seq; copies it. Rows beyond the queue's limit are lost, counted, and
 * make audit_fault say so. */
int64_t audit_add(struct audit *a, struct audit_row *row);
/* Completes the row seq; reason NULL leaves what stands. */
void audit_end(struct audit *a, int64_t seq, int64_t up, int64_t down, int64_t duration_ms,
               const char *reason);

/* NULL while rows get to disk in time, else why not (owned by a). */
const char *audit_fault(const struct audit *a);
/* Rows handed over so far, and rows lost. */
int64_t audit_rows(const struct audit *a);
int64_t audit_lost(const struct audit *a);

/* Hands over what is queued and waits (at most 150 ms) for the writer's end. NULL is fine. */
void audit_stop(struct audit *a);

/* The writer's life: rows from fd until its end, into DIR/audit.db. Returns an exit status. */
int audit_write(int fd, const char *dir, const char *instance);

#endif
