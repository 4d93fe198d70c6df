#include "gateway/verbs.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/version.h"
#include "spec/instance.h"

#include <string.h>

struct verb {
    const char *name;
    int (*run)(const struct verb_args *args);
    const char *options; /* as --help prints them */
    const char *what;
    bool takes_json;
};

static const struct verb verbs[] = {
    { "serve", verb_serve, "[--name N]", "be the gateway of instance N; its unit starts this",
      false },
    { "status", verb_status, "[--name N] [--json]",
      "how it is: 0 running, 3 something isn't, 1 nothing answers", true },
};

static int help(void)
{
    puts("usage: defenseclaw-gateway VERB [OPTION]…\n\nverbs:");
    for (size_t i = 0; i < N_ELEMENTS(verbs); i++)
        printf("  %-6s %-20s %s\n", verbs[i].name, verbs[i].options, verbs[i].what);
    puts("\noptions:\n"
         "  --name N    the instance, \"sandbox\" unless given\n"
         "  --json      one JSON document on standard output\n"
         "  --help      this text\n"
         "  --version   the version\n\n"
         "The gateway is the sandbox's only way out. Manual: defenseclaw-gateway(8).");
    return EXIT_DONE;
}

static int unknown(const char *what, const char *given, const char *const *known, size_t n)
{
    struct nearest near = { .given = given };
    struct err e = { 0 };

    for (size_t i = 0; i < n; i++)
        nearest_offer(&near, known[i]);
    err_set(&e, -EINVAL, EXIT_USAGE, "unknown %s %s", what, given);
    if (near.best)
        err_fix(&e, -EINVAL, "did you mean %s? see defenseclaw-gateway --help", near.best);
    else
        err_fix(&e, -EINVAL, "see defenseclaw-gateway --help");
    return err_print(&e);
}

static int usage(const char *why)
{
    struct err e = { 0 };

    err_set(&e, -EINVAL, EXIT_USAGE, "%s", why);
    err_fix(&e, -EINVAL, "see defenseclaw-gateway --help");
    return err_print(&e);
}

/* The options behind the verb. 0 or an exit status. */
static int parse(int argc, char **argv, const struct verb *verb, struct verb_args *args)
{
    static const char *const known[] = { "--name", "--json", "--help", "--version" };

    for (int i = 2; i < argc; i++) {
        const char *arg = argv[i];

        if (strncmp(arg, "--name=", 7) == 0)
            args->name = arg + 7;
        else if (strcmp(arg, "--name") == 0 && i + 1 < argc)
            args->name = argv[++i];
        else if (strcmp(arg, "--name") == 0)
            return usage("--name: a value is missing");
        else if (strcmp(arg, "--json") == 0 && verb->takes_json)
            args->json = true;
        else
            return unknown(arg[0] == '-' ? "option" : "argument", arg, known, N_ELEMENTS(known));
    }
    if (!name_valid(args->name))
        return usage("--name: must be a lower-case letter and at most 11 letters or digits");
    return 0;
}

int gateway_main(int argc, char **argv)
{
    static const char *known[N_ELEMENTS(verbs) + 2] = { "--help", "--version" };
    struct verb_args args = { .name = "sandbox" };

    if (argc < 2)
        return usage("a verb is missing");
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return help();
    if (strcmp(argv[1], "--version") == 0 && argc == 2) {
        puts("defenseclaw-gateway " DEFENSECLAW_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < N_ELEMENTS(verbs); i++) {
        int status;

        known[i + 2] = verbs[i].name;
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        status = parse(argc, argv, &verbs[i], &args);
        return status ? status : verbs[i].run(&args);
    }
    return unknown(argv[1][0] == '-' ? "option" : "verb", argv[1], known, N_ELEMENTS(known));
}
