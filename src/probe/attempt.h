/* Attempts to reach something, many at once, from wherever the calling process stands. What came
 * back is told apart: an answer, a refusal, or silence; only who asked knows which one is good. */
#ifndef DEFENSECLAW_PROBE_ATTEMPT_H
#define DEFENSECLAW_PROBE_ATTEMPT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

enum attempt_type {
    ATTEMPT_TCP,  /* answered once the connection stands */
    ATTEMPT_HTTP, /* answered once the response's head, or what came until the close, is read */
    ATTEMPT_UDP,  /* answered by any datagram */
    ATTEMPT_ICMP, /* echo; answered by its reply. Its socket wants CAP_NET_RAW: attempts_open() */
};

union endpoint {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

/* IPv4 when text has no colon. Port in host byte order. 0 or -EINVAL. */
int endpoint_set(union endpoint *e, const char *text, uint16_t port);
void endpoint_set4(union endpoint *e, struct in_addr a, uint16_t port);
/* A socket file; -ENAMETOOLONG. */
int endpoint_set_path(union endpoint *e, const char *path);
/* "10.0.0.1 port 80", "[::1] port 80", a path; without the port when it is 0. */
void endpoint_text(const union endpoint *e, char *out, size_t size);

struct attempt {
    enum attempt_type type;
    union endpoint to;
    const char *request; /* HTTP: the whole request */
    int patience_ms;     /* silence that is longer is an outcome */
    int fd;              /* for attempts_open() and attempts_run() */
    size_t sent;
};

enum outcome_kind {
    OUTCOME_NONE, /* nobody tried */
    OUTCOME_ANSWERED,
    OUTCOME_REFUSED, /* error says how */
    OUTCOME_SILENT,  /* neither an answer nor an error in the time there was */
};

#define OUTCOME_BODY 1024

/* Plain data, so that it can lie in memory that processes share. */
struct outcome {
    enum outcome_kind kind;
    int error;               /* errno of a refusal */
    int status;              /* HTTP: the status code, 0 when the answer was no HTTP */
    char body[OUTCOME_BODY]; /* HTTP: the beginning of what came, after the status line; a string */
};

/* Opens the sockets that want a privilege, before it is given up. Where that fails the attempt's
 * outcome is the refusal. */
void attempts_open(struct attempt *a, struct outcome *o, size_t count);

/* Tries all at once, until the last has an outcome. Attempts whose outcome is known already are left
 * alone. Closes every socket. */
void attempts_run(struct attempt *a, struct outcome *o, size_t count);

/* "answered (HTTP 403)", "refused: No route to host", "no answer": for a person. */
void outcome_text(const struct outcome *o, char *out, size_t size);

#endif
