/* The three streams of `sandbox run`. The job never gets the caller's terminal: on one it has a
 * terminal of its own, and a single stream that is one goes through a pipe. */
#ifndef DEFENSECLAW_CLI_STREAMS_H
#define DEFENSECLAW_CLI_STREAMS_H

#include "sys/transient.h"

#include <stdbool.h>
#include <termios.h>

#define RELAYS_MAX 3

/* Copies one way: reads only when it has nothing left to write. */
struct relay {
    int from, to;
    bool own_to; /* `to` is ours: closed at the end of `from` */
    char data[4096];
    size_t have, done;
    struct transient_watch *in, *out;
};

struct streams {
    int fds[3];   /* for the job */
    char tty[64]; /* the job's terminal, "" when it has none */
    int master;   /* its other end, -1 */
    int ours[6];  /* descriptors to close at the end */
    size_t our_count;
    struct relay relays[RELAYS_MAX];
    size_t relay_count;
    struct transient_watch watches[2 * RELAYS_MAX + 1]; /* the last is the caller's */
    size_t watch_count;
    struct termios saved; /* the caller's terminal */
    bool raw;
};

/* Sets up for the streams given (0, 1, 2 or others in their place); a terminal goes raw. 0 or
 * negative errno. s must not move afterwards. */
int streams_open(struct streams *s, int in, int out, int err);
/* Passes on what is left, and puts the terminal back. */
void streams_close(struct streams *s);
/* The size of the caller's terminal has changed. */
void streams_resize(const struct streams *s);

#endif
