/* `sandbox network up|down`: for the unit that makes the namespace at every boot. */
#include "cli/verbs.h"

#include "base/mem.h"
#include "host/fence.h"
#include "resource/network.h"

#include <errno.h>
#include <string.h>

static int up(const struct network *n, struct err *e)
{
    int r = network_clash(n, e);

    return r < 0 ? r : network_up(n, e);
}

static const struct {
    const char *word;
    int (*fn)(const struct network *n, struct err *e);
} actions[] = {
    { "up", up },
    { "down", network_down },
};

static int run(const char *word, const char *name, struct err *e)
{
    struct instance in;
    struct network n;

    for (size_t i = 0; i < N_ELEMENTS(actions); i++) {
        int r;

        if (strcmp(word, actions[i].word) != 0)
            continue;
        r = instance_load(name, &in, e);
        if (r < 0)
            return r;
        network_from_instance(&in, &n);
        return actions[i].fn(&n, e);
    }
    return err_set(e, -EINVAL, EXIT_USAGE, "sandbox network %s: up or down is what there is", word);
}

int verb_network(int argc, char **argv)
{
    const char *name = NULL;
    const struct arg args[] = { { "name", .value = &name } };
    struct err e = { 0 };
    int n = args_parse(argc, argv, args, N_ELEMENTS(args), &e);

    if (n >= 0 && n != 1)
        err_set(&e, -EINVAL, EXIT_USAGE, "sandbox network: say up or down");
    name = n == 1 ? args_name(name, &e) : NULL;
    if (!name || run(argv[1], name, &e) < 0)
        return err_print(&e);
    return EXIT_DONE;
}
