/* The rows of verify but the fence's, by what they look at; private to probe/. */
#ifndef DEFENSECLAW_PROBE_ROWS_H
#define DEFENSECLAW_PROBE_ROWS_H

#include "engine/run.h"
#include "probe/report.h"
#include "probe/verify.h"
#include "spec/instance.h"
#include "sys/bus.h"

/* What all of them need. */
struct verify {
    const struct verify_options *options;
    struct instance in;
    struct run run;
    struct bus *bus; /* owned by run */
    cJSON *record;
};

/* Every recorded resource (but units), observed and compared with what setup left. */
void rows_resources(struct verify *v, struct verify_report *r);

/* The units: loaded from our files, active, started at boot, nothing weakened; the policy in
 * force. */
void rows_units(struct verify *v, struct verify_report *r);

/* The two halves of the device key. */
void rows_device(struct verify *v, struct verify_report *r);

/* OpenClaw's own readiness, from inside and through the relay. */
void rows_agent(struct verify *v, struct verify_report *r);

/* Looking for socket files of the host as the sandbox's processes see the file tree. Started first,
 * since it takes a moment, and finished last. */
struct sockets;
struct sockets *rows_sockets_start(struct verify *v); /* NULL: out of memory */
void rows_sockets_finish(struct sockets *s, struct verify *v, struct verify_report *r);

#endif
