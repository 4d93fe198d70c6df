/* Bytes both ways between two connections until both have ended. */
#ifndef DEFENSECLAW_GATEWAY_PUMP_H
#define DEFENSECLAW_GATEWAY_PUMP_H

#include <stdbool.h>
#include <stdint.h>

struct bufferevent;
struct pump;

#define PUMP_HIGH (64u << 10) /* bytes that wait for one side: then the other isn't read */
#define PUMP_LOW (16u << 10)  /* and is read again */

struct pump_total {
    int64_t forth, back; /* bytes from a to b, from b to a */
    bool broken;         /* ended by an error, not by two ends of file */
};

/* Takes both over, with what they have read already, and frees them before it calls done, once,
 * from the event loop. a_ended: a's end of file was seen before. 0 or -ENOMEM (then both are freed
 * and done isn't called). */
int pump_start(struct bufferevent *a, struct bufferevent *b, bool a_ended,
               void (*done)(const struct pump_total *total, void *arg), void *arg);

/* What every relayed socket wants: no delay, dead peers noticed, reads of a useful size. */
void pump_tune(struct bufferevent *bev);

#endif
