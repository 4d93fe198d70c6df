#include "cli/verbs.h"

#include "base/mem.h"
#include "base/nearest.h"
#include "spec/instance.h"

#include <string.h>

#define NAME_OPTION                                                                                \
    {                                                                                              \
        "name", "NAME", "The instance (default: sandbox)"                                          \
    }
#define JSON_OPTION                                                                                \
    {                                                                                              \
        "json", NULL, "Print one JSON document"                                                    \
    }

const struct verb verbs[] = {
    { "sandbox setup", verb_setup, "build the sandbox, change it, or undo it (--disable)",
      "[OPTION…]", .setup_options = true },
    { "sandbox verify",
      verb_verify,
      "prove from inside that the fence holds",
      "[--name NAME] [--json] [--junit FILE]",
      { NAME_OPTION, JSON_OPTION, { "junit", "FILE", "Write the checks to FILE as JUnit XML" } } },
    { "sandbox status",
      verb_status,
      "say what runs",
      "[--name NAME] [--json]",
      { NAME_OPTION, JSON_OPTION } },
    { "sandbox run",
      verb_run,
      "run a command inside, confined as the agent is",
      "[OPTION…] -- COMMAND [ARGUMENT…]",
      { NAME_OPTION,
        { "timeout", "SECONDS", "End the command after this long; exit 124" },
        { "json", NULL, "Print one JSON document with how it ended" } } },
    { "sandbox reset", NULL, "remove what a job may have left", "[--name NAME]",
      .comes_with = "the CI runner issue" },
    { "sandbox list", verb_list, "list the instances", "[--json]", { JSON_OPTION } },
    { "sandbox network",
      verb_network,
      "make or remove the namespace (for the unit)",
      "up|down [--name NAME]",
      { NAME_OPTION },
      .hidden = true },
    { "firstboot",
      verb_firstboot,
      "provision from a seed bundle, once",
      "[--seed PATH [--reprovision]]",
      { { "seed", "PATH", "Take this bundle instead of looking for one" },
        { "reprovision", NULL, "Provision again; the bundle's serial must be higher" } } },
    { "seed",
      verb_seed,
      "make and read seed bundles",
      "create [OPTION…] --output FILE DIR | inspect [--json] FILE",
      { { "output", "FILE", "create: where the bundle goes" },
        { "serial", "N", "create: the bundle's serial number (default: 1)" },
        { "name", "NAME", "create: the instance it is for (default: sandbox)" },
        { "for-host", "ID", "create: the only machine that may take it, by its machine-id" },
        { "not-after", "TIME", "create: the end of its validity, as 2027-01-01T00:00:00Z" },
        { "json", NULL, "inspect: print one JSON document" } } },
    { "policy", NULL, "check and explain policies", "check|explain|suggest …",
      .comes_with = "the gateway issue" },
    { "audit", NULL, "read the audit database", "tail|query|verify|export …",
      .comes_with = "the gateway issue" },
    { "keys",
      verb_keys,
      "keep secrets: the value comes from standard input",
      "set NAME | unset NAME | list",
      { NAME_OPTION } },
    { "pair",
      verb_pair,
      "make the device key and register it with the gateway",
      "[--name NAME]",
      { NAME_OPTION } },
    { "sandbox probe-sockets", verb_probe_sockets, "look for sockets (for verify)", "",
      .hidden = true },
    { "completion", verb_completion, "print the completion script of a shell", "bash",
      .hidden = true },
    { "man-options", verb_man_options, "print the man page's lists of verbs and flags", "",
      .hidden = true },
};
const size_t verb_count = N_ELEMENTS(verbs);

const struct verb *verb_find(const char *words)
{
    for (size_t i = 0; i < verb_count; i++)
        if (strcmp(verbs[i].words, words) == 0)
            return &verbs[i];
    return NULL;
}

/* How many of argv[1…] are the verb's words; 0 when they are not this verb's. */
static int words_matched(const struct verb *v, int argc, char **argv)
{
    const char *p = v->words;
    int n = 0;

    for (;;) {
        size_t len = strcspn(p, " ");

        if (++n >= argc || strlen(argv[n]) != len || strncmp(argv[n], p, len) != 0)
            return 0;
        if (p[len] == '\0')
            return n;
        p += len + 1;
    }
}

/* The verb nearest to what was typed, whether or not "sandbox" stood in front. */
static const char *nearest_verb(const char *given)
{
    struct nearest whole = { .given = given }, last = { .given = given };

    for (size_t i = 0; i < verb_count; i++) {
        const char *blank = strchr(verbs[i].words, ' ');

        if (verbs[i].hidden)
            continue;
        nearest_offer(&whole, verbs[i].words);
        if (blank)
            nearest_offer(&last, blank + 1);
    }
    for (size_t i = 0; !whole.best && last.best && i < verb_count; i++) {
        const char *blank = strchr(verbs[i].words, ' ');

        if (blank && blank + 1 == last.best)
            return verbs[i].words;
    }
    return whole.best;
}

static int refuse_unknown(int argc, char **argv)
{
    bool pair = argc > 2 && strcmp(argv[1], "sandbox") == 0 && argv[2][0] != '-';
    struct err e = { 0 };
    const char *nearest;
    char given[64];

    snprintf(given, sizeof given, "%s%s%s", argv[1], pair ? " " : "", pair ? argv[2] : "");
    nearest = nearest_verb(given);
    err_set(&e, -EINVAL, EXIT_USAGE, "%s: unknown command%s%s", given,
            nearest ? ", nearest is " : "", nearest ? nearest : "");
    err_fix(&e, -EINVAL, "defenseclaw --help");
    return err_print(&e);
}

/* Whether --help (or -h) is asked for; what stands behind "--" is another program's. */
static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int run_verb(const struct verb *v, int argc, char **argv)
{
    if (wants_help(argc, argv)) {
        help_verb(stdout, v);
        return EXIT_DONE;
    }
    if (!v->fn) {
        struct err e = { 0 };

        err_set(&e, -ENOSYS, EXIT_USAGE, "%s: not in this version; comes with %s", v->words,
                v->comes_with);
        return err_print(&e);
    }
    return v->fn(argc, argv);
}

int verbs_main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "";

    if (strcmp(first, "--version") == 0) {
        printf("defenseclaw %s\n", DEFENSECLAW_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < verb_count; i++) {
        int n = words_matched(&verbs[i], argc, argv);

        if (n)
            return run_verb(&verbs[i], argc - n, argv + n);
    }
    if (strcmp(first, "help") == 0 || strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ||
        (strcmp(first, "sandbox") == 0 && argc > 2 && wants_help(argc, argv))) {
        help_program(stdout);
        return EXIT_DONE;
    }
    if (argc > 2 || (argc == 2 && strcmp(first, "sandbox") != 0))
        return refuse_unknown(argc, argv);
    help_program(stderr);
    return EXIT_USAGE;
}
