#include "probe/instances.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "engine/record.h"
#include "spec/instance.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <string.h>

/* What is shown of one: its state, and its spec when that could be read. */
struct found {
    const char *state;
    struct spec spec;
    bool has_spec;
};

static void look_at_record(const char *name, struct found *f)
{
    autojson cJSON *record = NULL;
    autofd int dir = -EBADF;
    const char *state;

    *f = (struct found){ .state = "unreadable" };
    if (state_dir_open(name, false, &dir, NULL) < 0 || record_load(dir, &record, NULL) < 0)
        return;
    state = json_str(record, "state");
    f->state = state && strcmp(state, "active") == 0 ? "active" : "disabled";
    f->has_spec =
        spec_from_json(cJSON_GetObjectItemCaseSensitive(record, "spec"), &f->spec, NULL) == 0;
}

static void look_at_instance(const char *name, struct found *f)
{
    struct instance in;

    *f = (struct found){ .state = "unreadable" };
    if (instance_load(name, &in, NULL) < 0)
        return;
    *f = (struct found){ .state = "active", .spec = in.spec, .has_spec = true };
}

static cJSON *describe(const char *name, const struct found *f)
{
    autojson cJSON *j = cJSON_CreateObject();
    char sandbox[INET_ADDRSTRLEN], host[INET_ADDRSTRLEN];

    if (!cJSON_AddStringToObject(j, "name", name) || !cJSON_AddStringToObject(j, "state", f->state))
        return NULL;
    if (!f->has_spec)
        return mem_take(&j);
    inet_ntop(AF_INET, &f->spec.sandbox_ip, sandbox, sizeof sandbox);
    inet_ntop(AF_INET, &f->spec.host_ip, host, sizeof host);
    if (!cJSON_AddStringToObject(j, "policy", policy_names[f->spec.policy]) ||
        !cJSON_AddStringToObject(j, "sandbox_ip", sandbox) ||
        !cJSON_AddStringToObject(j, "host_ip", host) ||
        !cJSON_AddNumberToObject(j, "relay_port", f->spec.relay_port) ||
        !cJSON_AddStringToObject(j, "home", f->spec.home))
        return NULL;
    return mem_take(&j);
}

static int is_instance(const struct dirent *d)
{
    return name_valid(d->d_name) && (d->d_type == DT_DIR || d->d_type == DT_UNKNOWN);
}

int instances_list(cJSON **ret, struct err *e)
{
    bool root = geteuid() == 0;
    const char *where = root ? DC_STATE : DC_ETC;
    autojson cJSON *doc = cJSON_CreateObject();
    struct dirent **names = NULL;
    bool ok = cJSON_AddStringToObject(doc, "schema", "defenseclaw.list/1");
    cJSON *list = cJSON_AddArrayToObject(doc, "instances");
    int n = scandir(where, &names, is_instance, alphasort);

    if (n < 0 && errno != ENOENT)
        return err_set(e, -errno, EXIT_FAILED, "%s: %s", where, strerror(errno));
    for (int i = 0; i < n; i++) {
        struct found f;

        (root ? look_at_record : look_at_instance)(names[i]->d_name, &f);
        ok = ok && cJSON_AddItemToArray(list, describe(names[i]->d_name, &f));
        free(names[i]);
    }
    free(names);
    if (!ok || !list)
        return err_set(e, -ENOMEM, EXIT_FAILED, "list: out of memory");
    *ret = mem_take(&doc);
    return 0;
}
