#include "base/mem.h"
#include "base/nearest.h"
#include "cli/verbs.h"
#include "spec/instance.h"

#include <string.h>

static const struct arg *find(const char *name, size_t len, const struct arg *args, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(args[i].name) == len && strncmp(args[i].name, name, len) == 0)
            return &args[i];
    return NULL;
}

static int unknown(const char *given, const struct arg *args, size_t count, struct err *e)
{
    char name[64];
    struct nearest n = { .given = name };

    snprintf(name, sizeof name, "%.*s", (int)strcspn(given, "="), given);
    for (size_t i = 0; i < count; i++)
        nearest_offer(&n, args[i].name);
    return err_set(e, -EINVAL, EXIT_USAGE, "--%s: unknown flag%s%s", name,
                   n.best ? ", nearest is --" : "", n.best ? n.best : "");
}

/* Reads the option at argv[i]; returns how many further arguments it took. */
static int take(int argc, char **argv, int i, const struct arg *args, size_t count, struct err *e)
{
    const char *name = argv[i] + 2, *value = strchr(name, '=');
    size_t len = value ? (size_t)(value - name) : strlen(name);
    const struct arg *a = find(name, len, args, count);
    int taken = 0;

    if (!a)
        return unknown(name, args, count, e);
    if ((a->flag && *a->flag) || (a->value && *a->value))
        return err_set(e, -EINVAL, EXIT_USAGE, "--%s: given twice", a->name);
    if (a->flag && value)
        return err_set(e, -EINVAL, EXIT_USAGE, "--%s: takes no value", a->name);
    if (a->flag) {
        *a->flag = true;
        return 0;
    }
    if (value)
        value++;
    else if (i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0) {
        value = argv[i + 1];
        taken = 1;
    }
    if (!value)
        return err_set(e, -EINVAL, EXIT_USAGE, "--%s: needs a value", a->name);
    *a->value = value;
    return taken;
}

int args_parse(int argc, char **argv, const struct arg *args, size_t count, struct err *e)
{
    int operands = 0, i, r;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[++operands] = argv[i];
            continue;
        }
        if (argv[i][1] != '-')
            return err_set(e, -EINVAL, EXIT_USAGE, "%s: flags begin with two dashes", argv[i]);
        r = take(argc, argv, i, args, count, e);
        if (r < 0)
            return r;
        i += r;
    }
    for (; i < argc; i++)
        argv[++operands] = argv[i];
    return operands;
}

const char *args_name(const char *name, struct err *e)
{
    if (!name)
        return "sandbox";
    if (name_valid(name))
        return name;
    err_set(e, -EINVAL, EXIT_USAGE,
            "--name: %s: must be a small letter, then at most 11 small letters or digits", name);
    return NULL;
}
