/* The connection, units' states and their properties; jobs are in bus_job.c. */
#include "sys/bus_internal.h"

#include "base/mem.h"

#include <stdarg.h>
#include <string.h>

#define PRIVATE_SOCKET "unix:path=/run/systemd/private"

int bus_error(struct err *e, int r, const sd_bus_error *error, const char *what)
{
    return err_set(e, r, EXIT_FAILED, "%s: %s", what,
                   error && error->message ? error->message : strerror(-r));
}

/* PID 1 answers root on a socket of its own; a match there is local, and needs no daemon. */
static int open_direct(sd_bus **ret)
{
    sd_bus *bus = NULL;
    int r = sd_bus_new(&bus);

    if (r >= 0)
        r = sd_bus_set_address(bus, PRIVATE_SOCKET);
    if (r >= 0)
        r = sd_bus_start(bus);
    if (r < 0) {
        sd_bus_close_unref(bus);
        return r;
    }
    *ret = bus;
    return 0;
}

static int watch_jobs(struct bus *b, sd_bus_message_handler_t handler)
{
    int r = sd_bus_match_signal(b->bus, &b->removed, NULL, BUS_MANAGER_PATH, BUS_MANAGER_IFACE,
                                "JobRemoved", handler, b);

    if (r < 0 || b->direct)
        return r;
    return sd_bus_call_method(b->bus, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE, "Subscribe",
                              NULL, NULL, NULL);
}

int bus_open(struct bus **ret, struct err *e)
{
    struct bus *b;
    int r;

    if (access("/run/systemd/system", F_OK) < 0)
        return err_fix(e,
                       err_set(e, -ENOSYS, EXIT_MACHINE, "systemd is not running here: %s",
                               "/run/systemd/system is missing"),
                       "use a machine or container that systemd has booted");
    b = calloc(1, sizeof *b);
    if (!b)
        return -ENOMEM;
    r = geteuid() == 0 ? open_direct(&b->bus) : -EACCES;
    b->direct = r >= 0;
    if (r < 0)
        r = sd_bus_open_system(&b->bus);
    if (r >= 0)
        r = watch_jobs(b, bus_job_removed);
    if (r < 0) {
        bus_close(b);
        return err_set(e, r, EXIT_MACHINE, "systemd doesn't answer: %s", strerror(-r));
    }
    *ret = b;
    return 0;
}

void bus_close(struct bus *b)
{
    if (!b)
        return;
    sd_bus_slot_unref(b->removed);
    sd_bus_flush_close_unref(b->bus);
    free(b);
}

int bus_get(struct run *run, struct bus **ret, struct err *e)
{
    int r = run->bus ? 0 : bus_open(&run->bus, e);

    if (r >= 0)
        *ret = run->bus;
    return r;
}

int bus_systemd_version(struct bus *b, int *ret, struct err *e)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    autofree char *text = NULL;
    int r = sd_bus_get_property_string(b->bus, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE,
                                       "Version", &error, &text);

    if (r < 0) {
        bus_error(e, r, &error, "systemd's version");
        sd_bus_error_free(&error);
        return r;
    }
    /* "257.13-1~deb13u1", in test builds "v258~rc1" */
    *ret = (int)strtol(text + strcspn(text, "0123456789"), NULL, 10);
    return *ret > 0 ? 0 : err_set(e, -EINVAL, EXIT_MACHINE, "systemd's version: %s", text);
}

int bus_unit_path(struct bus *b, const char *unit, char **ret, struct err *e)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    const char *path;
    int r = sd_bus_call_method(b->bus, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE, "GetUnit",
                               &error, &reply, "s", unit);

    if (sd_bus_error_has_name(&error, BUS_MANAGER ".NoSuchUnit"))
        r = -ENOENT;
    else if (r < 0)
        bus_error(e, r, &error, unit);
    else
        r = sd_bus_message_read(reply, "o", &path);
    if (r >= 0) {
        *ret = strdup(path);
        r = *ret ? 0 : -ENOMEM;
    }
    sd_bus_message_unref(reply);
    sd_bus_error_free(&error);
    return r;
}

static void copy_property(struct bus *b, const char *path, const char *iface, const char *name,
                          char *out, size_t size)
{
    autofree char *text = NULL;

    if (sd_bus_get_property_string(b->bus, BUS_MANAGER, path, iface, name, NULL, &text) >= 0)
        snprintf(out, size, "%s", text);
}

/* As the disk says now: the property of that name is what systemd remembers. */
static void copy_file_state(struct bus *b, const char *unit, char *out, size_t size)
{
    sd_bus_message *reply = NULL;
    const char *state;
    int r = sd_bus_call_method(b->bus, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE,
                               "GetUnitFileState", NULL, &reply, "s", unit);

    if (r >= 0)
        r = sd_bus_message_read(reply, "s", &state);
    if (r >= 0)
        snprintf(out, size, "%s", state);
    sd_bus_message_unref(reply);
}

static bool is_service(const char *unit)
{
    size_t n = strlen(unit);

    return n > 8 && strcmp(unit + n - 8, ".service") == 0;
}

static void service_state(struct bus *b, const char *path, struct unit_state *st)
{
    copy_property(b, path, BUS_SERVICE_IFACE, "Result", st->result, sizeof st->result);
    copy_property(b, path, BUS_SERVICE_IFACE, "StatusText", st->status_text,
                  sizeof st->status_text);
    (void)sd_bus_get_property_trivial(b->bus, BUS_MANAGER, path, BUS_SERVICE_IFACE, "MainPID", NULL,
                                      'u', &st->main_pid);
}

int bus_unit_state(struct bus *b, const char *unit, struct unit_state *ret, struct err *e)
{
    struct unit_state st = { .active = "inactive", .load = "not-found" };
    autofree char *path = NULL;
    int need_reload = 0;
    int r = bus_unit_path(b, unit, &path, e);

    if (r == -ENOENT) {
        *ret = st;
        return 0;
    }
    if (r < 0)
        return r;
    copy_property(b, path, BUS_UNIT_IFACE, "ActiveState", st.active, sizeof st.active);
    copy_property(b, path, BUS_UNIT_IFACE, "LoadState", st.load, sizeof st.load);
    copy_file_state(b, unit, st.file_state, sizeof st.file_state);
    (void)sd_bus_get_property_trivial(b->bus, BUS_MANAGER, path, BUS_UNIT_IFACE, "NeedDaemonReload",
                                      NULL, 'b', &need_reload);
    st.need_reload = need_reload;
    st.loaded = strcmp(st.load, "loaded") == 0;
    if (is_service(unit))
        service_state(b, path, &st);
    *ret = st;
    return 0;
}

int bus_unit_status(struct bus *b, const char *unit, char *out, size_t size, struct err *e)
{
    autofree char *path = NULL;
    int r = bus_unit_path(b, unit, &path, e);

    out[0] = '\0';
    if (r == -ENOENT)
        return 0;
    if (r >= 0)
        copy_property(b, path, BUS_SERVICE_IFACE, "StatusText", out, size);
    return r;
}

static int append_patterns(sd_bus_message *m, const char *const *units, size_t count)
{
    int r = sd_bus_message_append(m, "as", 0);

    if (r >= 0)
        r = sd_bus_message_open_container(m, 'a', "s");
    for (size_t i = 0; r >= 0 && i < count; i++)
        r = sd_bus_message_append(m, "s", units[i]);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static void note_listed(const char *name, const char *load, const char *active,
                        const char *const *units, size_t count, struct unit_brief *ret)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(units[i], name) != 0)
            continue;
        ret[i].loaded = strcmp(load, "loaded") == 0;
        snprintf(ret[i].active, sizeof ret[i].active, "%s", active);
    }
}

static int read_listed(sd_bus_message *reply, const char *const *units, size_t count,
                       struct unit_brief *ret)
{
    const char *name, *load, *active;
    int r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");

    while (r >= 0 && (r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, &load, &active,
                                              NULL, NULL, NULL, NULL, NULL, NULL)) > 0)
        note_listed(name, load, active, units, count, ret);
    return r;
}

int bus_units_brief(struct bus *b, const char *const *units, size_t count, struct unit_brief *ret,
                    struct err *e)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *m = NULL, *reply = NULL;
    int r;

    for (size_t i = 0; i < count; i++)
        ret[i] = (struct unit_brief){ .active = "inactive" };
    r = sd_bus_message_new_method_call(b->bus, &m, BUS_MANAGER, BUS_MANAGER_PATH, BUS_MANAGER_IFACE,
                                       "ListUnitsByPatterns");
    if (r >= 0)
        r = append_patterns(m, units, count);
    if (r >= 0)
        r = sd_bus_call(b->bus, m, 0, &error, &reply);
    if (r >= 0)
        r = read_listed(reply, units, count, ret);
    if (r < 0)
        bus_error(e, r, &error, "list of units");
    sd_bus_message_unref(m);
    sd_bus_message_unref(reply);
    sd_bus_error_free(&error);
    return r < 0 ? r : 0;
}

/* What belongs to every kind of unit. Asked one by one: GetAll would have systemd work out, and
 * then remember, whether the unit is enabled, before setup has made the link that enables it. */
static const char *const unit_properties[] = { "DropInPaths", "FragmentPath" };

static int read_unit_properties(struct bus *b, const char *path, const char *const *names,
                                size_t count, cJSON *into)
{
    int r = 0;

    for (size_t i = 0; i < N_ELEMENTS(unit_properties); i++) {
        sd_bus_message *reply = NULL;
        cJSON *value = NULL;
        bool wanted = false;

        for (size_t k = 0; k < count && !wanted; k++)
            wanted = strcmp(names[k], unit_properties[i]) == 0;
        if (!wanted)
            continue;
        r = sd_bus_call_method(b->bus, BUS_MANAGER, path, "org.freedesktop.DBus.Properties", "Get",
                               NULL, &reply, "ss", BUS_UNIT_IFACE, unit_properties[i]);
        if (r >= 0)
            r = bus_json_read(reply, &value);
        if (r >= 0)
            cJSON_AddItemToObject(into, unit_properties[i], value);
        sd_bus_message_unref(reply);
        if (r < 0)
            return r;
    }
    return r;
}

/* Every property of the unit's own interface comes in one call; asking one by one would be sixty.
 */
static int read_all(struct bus *b, const char *path, const char *iface, const char *const *names,
                    size_t count, cJSON *into)
{
    sd_bus_message *reply = NULL;
    const char *name, *contents;
    int r = sd_bus_call_method(b->bus, BUS_MANAGER, path, "org.freedesktop.DBus.Properties",
                               "GetAll", NULL, &reply, "s", iface);

    if (r >= 0)
        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
    while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
        bool wanted = false;

        r = sd_bus_message_read(reply, "s", &name);
        for (size_t i = 0; r >= 0 && i < count && !wanted; i++)
            wanted = strcmp(names[i], name) == 0;
        if (r >= 0 && wanted) {
            cJSON *value = NULL;

            r = bus_json_read(reply, &value);
            if (r >= 0)
                cJSON_AddItemToObject(into, name, value);
        } else if (r >= 0) {
            r = sd_bus_message_peek_type(reply, NULL, &contents);
            if (r >= 0)
                r = sd_bus_message_skip(reply, "v");
        }
        if (r >= 0)
            r = sd_bus_message_exit_container(reply);
    }
    sd_bus_message_unref(reply);
    return r;
}

/* "org.freedesktop.systemd1.Service" for x.service. */
static void type_interface(const char *unit, char *out, size_t size)
{
    const char *suffix = strrchr(unit, '.');

    snprintf(out, size, "%s.%s", BUS_MANAGER, suffix ? suffix + 1 : "");
    if (suffix)
        out[sizeof BUS_MANAGER] = (char)(out[sizeof BUS_MANAGER] - 'a' + 'A');
}

int bus_unit_properties(struct bus *b, const char *unit, const char *const *names, size_t count,
                        cJSON **ret, struct err *e)
{
    autojson cJSON *all = cJSON_CreateObject();
    autofree char *path = NULL;
    char iface[64];
    int r;

    if (!all)
        return -ENOMEM;
    r = bus_unit_path(b, unit, &path, e);
    if (r == -ENOENT)
        return err_set(e, r, EXIT_FAILED, "%s: not loaded", unit);
    if (r < 0)
        return r;
    type_interface(unit, iface, sizeof iface);
    r = read_unit_properties(b, path, names, count, all);
    if (r >= 0)
        r = read_all(b, path, iface, names, count, all);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "%s: properties: %s", unit, strerror(-r));
    *ret = mem_take(&all);
    return 0;
}

int bus_call_system(const char *service, const char *path, const char *iface, const char *method,
                    struct err *e)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *m = NULL;
    sd_bus *bus = NULL;
    int r = sd_bus_open_system(&bus);

    if (r < 0)
        return -ENOENT;
    r = sd_bus_message_new_method_call(bus, &m, service, path, iface, method);
    if (r >= 0)
        r = sd_bus_message_set_auto_start(m, false);
    if (r >= 0)
        r = sd_bus_call(bus, m, 0, &error, NULL);
    if (sd_bus_error_has_name(&error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
        sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
        r = -ENOENT;
    else if (r < 0)
        bus_error(e, r, &error, service);
    sd_bus_message_unref(m);
    sd_bus_error_free(&error);
    sd_bus_flush_close_unref(bus);
    return r < 0 ? r : 0;
}
