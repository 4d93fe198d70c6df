#include "probe/verify.h"
#include "base/mem.h"
#include "cli/verbs.h"

#include <string.h>

static void tell(void *userdata, const char *text)
{
    (void)userdata;
    fprintf(stderr, "%s …\n", text);
}

static int write_json(const struct verify_report *r, struct err *e)
{
    autojson cJSON *j = report_json(r);
    autofree char *text = j ? cJSON_Print(j) : NULL;

    if (!text)
        return err_set(e, -ENOMEM, EXIT_FAILED, "verify: out of memory");
    return puts(text) < 0 || fflush(stdout) != 0
               ? err_set(e, -EIO, EXIT_FAILED, "standard output: %s", strerror(errno))
               : 0;
}

static int show(const struct verify_report *r, bool json, const char *junit, struct err *e)
{
    int ok = junit ? report_junit(r, junit) : 0;

    if (ok < 0)
        return err_set(e, ok, EXIT_FAILED, "--junit: %s: %s", junit, strerror(-ok));
    if (json)
        return write_json(r, e);
    report_print(r, stdout, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
    return ferror(stdout) || fflush(stdout) != 0
               ? err_set(e, -EIO, EXIT_FAILED, "standard output: %s", strerror(errno))
               : 0;
}

int verb_verify(int argc, char **argv)
{
    struct verify_options o = { .tell = tell };
    const char *name = NULL, *junit = NULL;
    bool json = false;
    const struct arg args[] = {
        { "name", .value = &name },
        { "json", .flag = &json },
        { "junit", .value = &junit },
    };
    struct verify_report r = { 0 };
    struct err e = { 0 };
    int n = args_parse(argc, argv, args, N_ELEMENTS(args), &e), ok;

    if (n > 0)
        err_set(&e, -EINVAL, EXIT_USAGE, "%s: verify takes flags only", argv[1]);
    name = n == 0 ? args_name(name, &e) : NULL;
    if (!name)
        return err_print(&e);
    ok = verify_run(name, &o, &r, &e);
    if (ok == 0)
        ok = show(&r, json, junit, &e);
    if (ok == 0)
        ok = report_green(&r) ? EXIT_DONE : EXIT_RED;
    report_done(&r);
    return ok < 0 ? err_print(&e) : ok;
}
