/* Row 1, the rest: the ways by which a user's programs start outside its unit. Each was used to get
 * out of one (platforms, C): cron, at, ssh over a UNIX socket, D-Bus. */
#include "base/mem.h"
#include "provision/tree.h"
#include "resource/kinds.h"

#define STEP "isolation"

static const char dbus_policy[] =
    "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN\"\n"
    " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
    "<!-- Made by DefenseClaw: the sandbox user may ask nothing of the system bus. Through\n"
    "     org.freedesktop.resolve1 names left a network namespace, through login1 a user manager\n"
    "     started outside it. -->\n"
    "<busconfig>\n"
    "  <policy user=\"%s\">\n"
    "    <deny own=\"*\"/>\n"
    "    <deny send_destination=\"*\"/>\n"
    "  </policy>\n"
    "</busconfig>\n";

static void add_config(const struct inputs *in, struct plan *p, const char *path, const char *text,
                       int len)
{
    plan_add(p, STEP, &kind_config, path, want_file(in->blobs, text, (size_t)len, 0644, 0, 0));
}

int isolation_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    const char *name = in->in.spec.name;
    char path[128], text[1024];
    int n;

    if (in->host.has_cron)
        plan_add(p, STEP, &kind_line, "/etc/cron.deny", want_line(name));
    if (in->host.has_at_deny)
        plan_add(p, STEP, &kind_line, "/etc/at.deny", want_line(name));
    if (in->host.has_sshd) {
        snprintf(path, sizeof path, "/etc/ssh/sshd_config.d/00-defenseclaw-%s.conf", name);
        n = snprintf(text, sizeof text,
                     "# Made by DefenseClaw: nobody logs in as the sandbox user.\nDenyUsers %s\n",
                     name);
        add_config(in, p, path, text, n);
    }
    if (in->host.has_dbus) {
        snprintf(path, sizeof path, "/etc/dbus-1/system.d/defenseclaw-%s.conf", name);
        n = snprintf(text, sizeof text, dbus_policy, name);
        add_config(in, p, path, text, n);
    }
    return plan_check(p, e);
}
