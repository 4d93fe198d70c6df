/* What the files of the systemd facade share. Nobody outside src/sys includes this. */
#ifndef DEFENSECLAW_SYS_BUS_INTERNAL_H
#define DEFENSECLAW_SYS_BUS_INTERNAL_H

#include "sys/bus.h"

#include <systemd/sd-bus.h>

#define BUS_MANAGER "org.freedesktop.systemd1"
#define BUS_MANAGER_PATH "/org/freedesktop/systemd1"
#define BUS_MANAGER_IFACE "org.freedesktop.systemd1.Manager"
#define BUS_UNIT_IFACE "org.freedesktop.systemd1.Unit"
#define BUS_SERVICE_IFACE "org.freedesktop.systemd1.Service"
#define BUS_JOBS_MAX 16

/* A job that somebody waits for. */
struct bus_job {
    char path[64];    /* "" once it has ended */
    char result[24];  /* "done", … */
    const char *unit; /* as it was asked for */
};

struct bus {
    sd_bus *bus;
    sd_bus_slot *removed;
    bool direct; /* PID 1's own socket: no names, and signals come unasked */
    struct bus_job jobs[BUS_JOBS_MAX];
    size_t job_count;
    struct bus_job later; /* the one job that nobody waits for yet; unit NULL: none */
    char culprit[128];       /* the first unit whose own job failed while we waited */
    char culprit_result[24]; /* that job's result */
};

/* The JobRemoved handler; userdata is the struct bus. */
int bus_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* Adds a job that a method call just answered with. -E2BIG. unit must live until the wait ends. */
int bus_job_add(struct bus *b, const char *path, const char *unit);

/* Waits for all, forgets them, and sets e for the first that didn't end as "done". verb ("start")
 * goes into the text. */
int bus_jobs_finish(struct bus *b, const char *verb, struct err *e);

/* Waits until every job in b->jobs has ended. -ETIMEDOUT, or what the connection says. */
int bus_jobs_wait(struct bus *b, unsigned seconds);

/* Sets e from an sd-bus error: "what: message"; returns r. */
int bus_error(struct err *e, int r, const sd_bus_error *error, const char *what);

/* The object path of a loaded unit; -ENOENT when it isn't loaded (no text set). Caller frees. */
int bus_unit_path(struct bus *b, const char *unit, char **ret, struct err *e);

/* JSON to and from a message, by D-Bus signature. Objects don't occur: structs and arrays are JSON
 * arrays. A uint64 of all ones is the string "infinity". */
int bus_json_append(sd_bus_message *m, const char *signature, const cJSON *value);
int bus_json_read(sd_bus_message *m, cJSON **ret);

#endif
