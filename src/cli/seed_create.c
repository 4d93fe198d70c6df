/* `defenseclaw seed create`: a directory becomes a bundle. */
#include "base/mem.h"
#include "cli/seed.h"
#include "cli/verbs.h"
#include "seed/create.h"

#include <inttypes.h>
#include <string.h>

static int read_serial(const char *text, int64_t *ret, struct err *e)
{
    char *end;
    intmax_t n;

    *ret = 1;
    if (!text)
        return 0;
    errno = 0;
    n = strtoimax(text, &end, 10);
    if (errno || *end || end == text || *text == '+' || n < 1 || n > INT64_C(9007199254740991))
        return err_set(e, -EINVAL, EXIT_USAGE, "--serial: %s: must be a whole number from 1 on",
                       text);
    *ret = n;
    return 0;
}

static int fill_manifest(struct manifest *m, const char *serial, const char *name, const char *host,
                         const char *until, struct err *e)
{
    int r = read_serial(serial, &m->serial, e);

    if (r < 0)
        return r;
    name = args_name(name, e);
    if (!name)
        return -EINVAL;
    strcpy(m->name, name);
    if (host && !manifest_machine_valid(host))
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--for-host: %s: must be a machine-id (1 to 64 letters, digits, . _ -)",
                       host);
    snprintf(m->machine, sizeof m->machine, "%s", host ? host : "");
    if (until && manifest_time_parse(until, &m->not_after) < 0)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--not-after: %s: must be a time like 2027-01-01T00:00:00Z", until);
    return 0;
}

static void say_created(const struct seed_request *q, const struct seed_bundle *b, off_t size)
{
    printf("%s: serial %" PRId64 " for %s, %zu members, %lld bytes%s\n", q->output,
           b->manifest.serial, b->manifest.name, b->count, (long long)size,
           b->secrets ? ", with secrets (mode 0600)" : "");
    if (size > (off_t)SEED_CREDENTIAL_MAX)
        printf("note: over the %u KiB that systemd takes as credentials of a service; deliver it "
               "as /run/defenseclaw/seed.tar or by defenseclaw.seed=PATH on the kernel command "
               "line\n",
               SEED_CREDENTIAL_MAX >> 10);
}

int seed_verb_create(int argc, char **argv, struct err *e)
{
    const char *serial = NULL, *name = NULL, *host = NULL, *until = NULL;
    struct seed_request q = { 0 };
    autoseed struct seed_bundle *b = NULL;
    const struct arg args[] = { { "serial", NULL, &serial },
                                { "name", NULL, &name },
                                { "for-host", NULL, &host },
                                { "not-after", NULL, &until },
                                { "output", NULL, &q.output } };
    int r = args_parse(argc, argv, args, N_ELEMENTS(args), e);
    off_t size;

    if (r < 0)
        return r;
    if (r != 1 || !q.output)
        return seed_usage(e, "create [--serial N] [--name NAME] [--for-host ID] [--not-after TIME] "
                             "--output FILE DIR");
    q.dir = argv[1];
    r = fill_manifest(&q.manifest, serial, name, host, until, e);
    if (r == 0)
        r = seed_create(&q, &b, &size, e);
    if (r == 0)
        say_created(&q, b, size);
    manifest_done(&q.manifest);
    return r;
}
