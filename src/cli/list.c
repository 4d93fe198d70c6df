#include "base/json.h"
#include "base/mem.h"
#include "cli/verbs.h"
#include "probe/instances.h"

static const char *or_dash(const char *s)
{
    return s ? s : "-";
}

static void print_list(const cJSON *doc)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(doc, "instances"), *item;

    if (!list || !list->child) {
        puts("no instances");
        return;
    }
    printf("%-12s %-10s %-10s %-15s %-15s %s\n", "NAME", "STATE", "POLICY", "SANDBOX-IP", "HOST-IP",
           "HOME");
    cJSON_ArrayForEach(item, list) printf(
        "%-12s %-10s %-10s %-15s %-15s %s\n", json_str(item, "name"), json_str(item, "state"),
        or_dash(json_str(item, "policy")), or_dash(json_str(item, "sandbox_ip")),
        or_dash(json_str(item, "host_ip")), or_dash(json_str(item, "home")));
}

int verb_list(int argc, char **argv)
{
    bool json = false;
    const struct arg args[] = { { "json", .flag = &json } };
    autojson cJSON *doc = NULL;
    autofree char *text = NULL;
    struct err e = { 0 };
    int n = args_parse(argc, argv, args, N_ELEMENTS(args), &e);

    if (n > 0)
        n = err_set(&e, -EINVAL, EXIT_USAGE, "%s: list takes flags only", argv[1]);
    if (n < 0 || instances_list(&doc, &e) < 0)
        return err_print(&e);
    if (json && (text = cJSON_Print(doc)))
        puts(text);
    else
        print_list(doc);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
