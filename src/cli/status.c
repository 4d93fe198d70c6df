#include "probe/status.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/verbs.h"

/* 0 running, 3 something isn't, 1 nothing answers. */
static const int exit_of[] = {
    [STATUS_RUNNING] = EXIT_DONE,
    [STATUS_PARTLY] = EXIT_RED,
    [STATUS_SILENT] = EXIT_FAILED,
};

static void print_status(const cJSON *doc)
{
    const cJSON *gateway = cJSON_GetObjectItemCaseSensitive(doc, "gateway"), *item;

    printf("%s: %s (policy %s)\n", json_str(doc, "instance"), json_str(doc, "state"),
           json_str(doc, "policy"));
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(doc, "units"))
        printf("  %-44s %s\n", json_str(item, "name"), json_str(item, "active"));
    cJSON_ArrayForEach(item, gateway)
    {
        const char *state = json_str(item, "state");

        if (state)
            printf("  gateway says: %-30s %s\n", item->string, state);
    }
    if (!cJSON_IsObject(gateway))
        puts("  the gateway doesn't answer");
}

static int show(const cJSON *doc, bool json)
{
    autofree char *text = json ? cJSON_Print(doc) : NULL;

    if (text)
        puts(text);
    else
        print_status(doc);
    return fflush(stdout) == 0 ? 0 : -EIO;
}

int verb_status(int argc, char **argv)
{
    const char *name = NULL;
    bool json = false;
    const struct arg args[] = { { "name", .value = &name }, { "json", .flag = &json } };
    enum status_overall overall;
    autojson cJSON *doc = NULL;
    struct err e = { 0 };
    int n = args_parse(argc, argv, args, N_ELEMENTS(args), &e);

    if (n > 0)
        err_set(&e, -EINVAL, EXIT_USAGE, "%s: status takes flags only", argv[1]);
    name = n == 0 ? args_name(name, &e) : NULL;
    if (!name)
        return err_print(&e);
    n = status_gather(name, &overall, &doc, &e);
    if (n == -ENOENT)
        e.status = EXIT_FAILED; /* nobody there to answer */
    if (n < 0)
        return err_print(&e);
    return show(doc, json) < 0 ? EXIT_FAILED : exit_of[overall];
}
