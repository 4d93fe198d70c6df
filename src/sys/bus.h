/* systemd over sd-bus (its header is included in this folder only). Talks to PID 1's private socket
 * as root (so no D-Bus daemon is needed), else to the system bus. Errors are negative errno with e
 * set (EXIT_MACHINE when systemd isn't there). */
#ifndef DEFENSECLAW_SYS_BUS_H
#define DEFENSECLAW_SYS_BUS_H

#include "base/err.h"
#include "engine/run.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct bus;

/* run's connection, opened at first use; run owns it. */
int bus_get(struct run *run, struct bus **ret, struct err *e);
int bus_open(struct bus **ret, struct err *e);
void bus_close(struct bus *b);

int bus_systemd_version(struct bus *b, int *ret, struct err *e);

struct unit_state {
    bool loaded;           /* LoadState=loaded; reading it doesn't load a unit that isn't */
    char active[16];       /* ActiveState */
    char load[16];         /* LoadState */
    char result[32];       /* Result, for services */
    char status_text[256]; /* StatusText, for services */
    char file_state[16];   /* UnitFileState */
    bool need_reload;
    unsigned main_pid;
};
int bus_unit_state(struct bus *b, const char *unit, struct unit_state *ret, struct err *e);

/* Starts, stops, restarts or reloads a unit and waits for its job by path. A job that ends as
 * anything but "done" is an error that carries the unit's last journal lines' reason. method:
 * "StartUnit", "StopUnit", "RestartUnit", "ReloadUnit". */
int bus_unit_job(struct bus *b, const char *method, const char *unit, struct err *e);
/* The same for several units at once: all jobs are queued, then awaited together. */
int bus_units_job(struct bus *b, const char *method, const char *const *units, size_t count,
                  struct err *e);

/* Starts a unit's job and goes on; bus_later_finish() waits for it (one at a time: a second begins
 * with waiting for the first). unit must live until then. */
int bus_unit_job_later(struct bus *b, const char *method, const char *unit, struct err *e);
int bus_later_finish(struct bus *b, struct err *e);

/* StatusText of a service, "" when it isn't loaded: a fraction of what bus_unit_state() costs. */
int bus_unit_status(struct bus *b, const char *unit, char *out, size_t size, struct err *e);

/* What many units are, in one call that loads none of them: ret has count entries. */
struct unit_brief {
    bool loaded;
    char active[16]; /* "inactive" when not loaded */
};
int bus_units_brief(struct bus *b, const char *const *units, size_t count, struct unit_brief *ret,
                    struct err *e);

/* Waits until a signal comes (a unit's properties changed, …), at most so long. */
int bus_pause(struct bus *b, unsigned milliseconds);

int bus_daemon_reload(struct bus *b, struct err *e);
int bus_reset_failed(struct bus *b, const char *unit);

/* Effective properties of a loaded service as JSON (types kept where JSON has them): what the table
 * of provision/confinement.h is compared with. Missing properties are left out. */
int bus_unit_properties(struct bus *b, const char *unit, const char *const *names, size_t count,
                        cJSON **ret, struct err *e);

/* A method without arguments of a service on the D-Bus system bus (the daemon's ReloadConfig,
 * networkd's or NetworkManager's Reload). Starts nothing: -ENOENT, with no text set, when there is
 * no D-Bus daemon or nobody owns the name. */
int bus_call_system(const char *service, const char *path, const char *iface, const char *method,
                    struct err *e);

#endif
