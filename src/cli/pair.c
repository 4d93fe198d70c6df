/* `defenseclaw pair`: proves the device key to the gateway, which hears it only from inside the
 * sandbox and only as its user. Root makes the key first where setup was told not to, then starts
 * itself in there. */
#include "base/mem.h"
#include "base/paths.h"
#include "cli/pair_proof.h"
#include "cli/verbs.h"
#include "probe/exec.h"
#include "setup/setup.h"

#include <sys/wait.h>

/* Setup again with the recorded flags, but for the one that left the key out. */
static int make_key(const struct instance *in, struct err *e)
{
    struct options o;
    const struct setup_request rq = { .options = &o };
    struct setup_result result;
    int r;

    options_init(&o);
    r = options_set(&o, "name", in->spec.name, e);
    if (r == 0)
        r = options_set(&o, "auto-pair", NULL, e);
    return r < 0 ? r : setup_run(&rq, &result, e);
}

/* Root's half. The exit status of what ran inside, or negative errno. */
static int pair_from_outside(const struct instance *in, struct err *e)
{
    char *const argv[] = { (char[]){ DC_BINDIR "/defenseclaw" }, (char[]){ "pair" },
                           (char[]){ "--name" }, (char *)(uintptr_t)in->spec.name, NULL };
    int status, r = in->spec.no_auto_pair ? make_key(in, e) : 0;

    if (r == 0)
        r = sandbox_exec(in, argv, NULL, &status, e);
    if (r < 0)
        return r;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

int verb_pair(int argc, char **argv)
{
    const char *name = NULL;
    const struct arg args[] = { { .name = "name", .value = &name } };
    struct instance in;
    struct err e = { 0 };
    int r = args_parse(argc, argv, args, N_ELEMENTS(args), &e);

    if (r > 0)
        r = err_set(&e, -EINVAL, EXIT_USAGE, "pair: %s: superfluous", argv[1]);
    if (r == 0 && !(name = args_name(name, &e)))
        r = -EINVAL;
    if (r == 0)
        r = instance_load(name, &in, &e);
    if (r == 0)
        r = geteuid() == 0 ? pair_from_outside(&in, &e) : pair_prove(&in, &e);
    return r < 0 ? err_print(&e) : r;
}
