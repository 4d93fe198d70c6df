/* Row 6: the scripts in the home, for manual operation. They only call the program: what a person
 * runs as root from a sandbox's home had better be short, root's, and in a directory where the
 * sandbox user can't replace it. */
#include "base/mem.h"
#include "base/paths.h"
#include "provision/tree.h"
#include "resource/kinds.h"

#include <string.h>

#define STEP "launchers"

static const char run_script[] = "#!/bin/sh\n"
                                 "# Made by DefenseClaw: runs a command inside the sandbox (a "
                                 "shell when none is given). Needs root.\n"
                                 "[ $# -gt 0 ] || set -- /bin/bash --norc\n"
                                 "exec " DC_BINDIR "/defenseclaw sandbox run --name %s -- \"$@\"\n";

static const char pair_script[] =
    "#!/bin/sh\n"
    "# Made by DefenseClaw: proves the device key to the gateway. Needs root.\n"
    "exec " DC_BINDIR "/defenseclaw pair --name %s\n";

static int add_script(const struct inputs *in, struct plan *p, const char *base, const char *script)
{
    autofree char *path = path_join(in->in.spec.home, "%s", base);
    autobuf struct buf text = { 0 };
    const char *at = strstr(script, "%s");

    buf_add(&text, script, (size_t)(at - script));
    buf_puts(&text, in->in.spec.name);
    if (!path || buf_puts(&text, at + 2) < 0)
        return -ENOMEM;
    plan_add(p, STEP, &kind_file, path, want_file(in->blobs, text.data, text.len, 0755, 0, 0));
    return 0;
}

int launchers_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    char base[32];
    int r;

    snprintf(base, sizeof base, "run-%s.sh", in->in.spec.name);
    r = add_script(in, p, base, run_script);
    if (r == 0)
        r = add_script(in, p, "pair.sh", pair_script);
    return r < 0 ? r : plan_check(p, e);
}
