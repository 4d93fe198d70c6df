/* Kind config: a file that a running daemon has read. It is a file like any other, and whoever
 * reads it is told once it has changed, on the way there and on the way back. */
#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "resource/kinds.h"
#include "sys/bus.h"

#include <string.h>

/* A daemon that isn't running reads the file when it starts. */
static int tell_unit(struct run *run, const char *unit, const char *method,
                     int (*job)(struct bus *, const char *, const char *, struct err *),
                     struct err *e)
{
    struct unit_state state;
    struct bus *b;
    int r = bus_get(run, &b, e);

    if (r == 0)
        r = bus_unit_state(b, unit, &state, e);
    if (r < 0 || strcmp(state.active, "active") != 0)
        return r;
    return job(b, method, unit, e);
}

static int reload_unit(struct run *run, const char *unit, struct err *e)
{
    return tell_unit(run, unit, "ReloadUnit", bus_unit_job, e);
}

static int reload_dbus(struct run *run, struct err *e)
{
    int r = bus_call_system("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                            "ReloadConfig", e);

    (void)run;
    return r == -ENOENT ? 0 : r;
}

/* sshd whose port systemd opened starts anew at SIGHUP without that port, and dies of it. A restart
 * leaves open sessions alone either way: the unit kills the listener only. It checks its whole
 * configuration first, which takes longer than all of our files: config_sync() waits for it. */
static int reload_sshd(struct run *run, struct err *e)
{
    struct unit_state socket;
    struct bus *b;
    int r = bus_get(run, &b, e);

    if (r == 0)
        r = bus_unit_state(b, "ssh.socket", &socket, e);
    if (r < 0)
        return r;
    return tell_unit(run, "ssh.service",
                     strcmp(socket.active, "active") == 0 ? "RestartUnit" : "ReloadUnit",
                     bus_unit_job_later, e);
}

static int reload_networkd(struct run *run, struct err *e)
{
    return reload_unit(run, "systemd-networkd.service", e);
}

static int reload_networkmanager(struct run *run, struct err *e)
{
    return reload_unit(run, "NetworkManager.service", e);
}

static int reload_gateway(struct run *run, struct err *e)
{
    char unit[64];

    snprintf(unit, sizeof unit, "defenseclaw-gateway@%s.service", run->name);
    return reload_unit(run, unit, e);
}

static const struct {
    const char *directory;
    int (*reload)(struct run *run, struct err *e);
} readers[] = {
    { "/etc/dbus-1/system.d/", reload_dbus },
    { DC_ETC "/", reload_gateway }, /* device.pub */
    { "/etc/ssh/sshd_config.d/", reload_sshd },
    { "/etc/systemd/network/", reload_networkd },
    { "/etc/NetworkManager/conf.d/", reload_networkmanager },
};

static int config_put(struct run *run, const char *id, const cJSON *now, const cJSON *state,
                      struct err *e)
{
    int r = kind_file.put(run, id, now, state, e);

    for (size_t i = 0; i < N_ELEMENTS(readers) && r == 0; i++)
        if (strncmp(id, readers[i].directory, strlen(readers[i].directory)) == 0)
            r = readers[i].reload(run, e);
    return r;
}

static int config_observe(struct run *run, const char *id, const cJSON *want, cJSON **ret,
                          struct err *e)
{
    return kind_file.observe(run, id, want, ret, e);
}

static bool config_same(const cJSON *now, const cJSON *want)
{
    return kind_file.same(now, want);
}

static int config_check(const char *id, const cJSON *now, const cJSON *want, struct err *e)
{
    return kind_file.check(id, now, want, e);
}

static int config_set_aside(struct run *run, const char *id, const cJSON *now, struct err *e)
{
    return kind_file.set_aside(run, id, now, e);
}

static void config_sweep(struct run *run, const char *id)
{
    kind_file.sweep(run, id);
}

/* A restriction has to be in force at the end of a run; one that was lifted may end a moment later.
 */
static int config_sync(struct run *run, const char *id, struct err *e)
{
    struct bus *b;
    int r = kind_file.sync(run, id, e);

    if (r == 0 && access(id, F_OK) == 0)
        r = bus_get(run, &b, e);
    else
        return r;
    return r < 0 ? r : bus_later_finish(b, e);
}

const struct resource_kind kind_config = {
    .name = "config",
    .observe = config_observe,
    .same = config_same,
    .check = config_check,
    .put = config_put,
    .set_aside = config_set_aside,
    .sweep = config_sweep,
    .sync = config_sync,
};
