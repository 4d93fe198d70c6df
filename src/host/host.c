#include "host/host.h"

#include "base/mem.h"
#include "host/parts.h"
#include "sys/bus.h"
#include "sys/devicekey.h"

#include <string.h>

#define SYSTEMD_MIN 252 /* the oldest on which the walls were tried */

int host_check_os(const struct utsname *u, struct err *e)
{
    if (strcmp(u->sysname, "Linux") == 0)
        return 0;
    err_set(e, -ENOSYS, EXIT_MACHINE, "sandbox mode requires Linux: this is %s", u->sysname);
    return err_fix(e, -ENOSYS, "use the normal init flow here, or run this on a Linux host");
}

static int check_root(struct err *e)
{
    if (geteuid() == 0)
        return 0;
    err_set(e, -EPERM, EXIT_MACHINE, "not root: users, namespaces and units are root's to make");
    return err_fix(e, -EPERM, "sudo defenseclaw sandbox setup");
}

int host_check(struct err *e)
{
    struct utsname u;
    int r = uname(&u) < 0 ? -errno : host_check_os(&u, e);

    return r < 0 ? r : check_root(e);
}

static int check_systemd(struct run *run, struct host *h, struct err *e)
{
    struct bus *b;
    int r = bus_get(run, &b, e);

    if (r >= 0)
        r = bus_systemd_version(b, &h->systemd_version, e);
    if (r >= 0 && h->systemd_version < SYSTEMD_MIN)
        r = err_set(e, -ENOSYS, EXIT_MACHINE, "systemd %d is too old: %d or later is needed",
                    h->systemd_version, SYSTEMD_MIN);
    return r;
}

static bool there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void find_daemons(struct host *h)
{
    h->has_cron = there("/usr/bin/crontab");
    h->has_at = there("/usr/bin/at");
    h->has_at_deny = there("/etc/at.deny");
    h->has_sshd = there("/usr/sbin/sshd") && there("/etc/ssh/sshd_config.d");
    h->has_dbus = there("/etc/dbus-1/system.d") || there("/usr/bin/dbus-daemon");
    h->has_networkd = there("/usr/lib/systemd/systemd-networkd");
    h->has_networkmanager = there("/usr/sbin/NetworkManager");
}

static int find_device_key(const struct spec *s, struct host *h)
{
    autofree char *path = NULL;

    if (asprintf(&path, "%s/.defenseclaw/device.key", s->home) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    devicekey_digest(path, h->device_key, h->device_pub);
    return 0;
}

int host_gather(struct run *run, const struct spec *s, struct host *h, struct err *e)
{
    struct host got = { 0 };
    int r = host_check(e);

    if (r >= 0)
        r = check_systemd(run, &got, e);
    if (r >= 0)
        r = host_users(s, &got, e);
    if (r >= 0)
        r = host_openclaw(s, &got, e);
    if (r >= 0)
        r = find_device_key(s, &got);
    if (r < 0)
        return r;
    find_daemons(&got);
    if (s->policy != POLICY_STRICT)
        host_npm_registry(&got, got.npm_registry, sizeof got.npm_registry);
    *h = got;
    return 0;
}
