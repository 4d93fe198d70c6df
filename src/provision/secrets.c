/* The gateway's secrets: sealed files, root's alone, which only its unit opens. */
#include "base/mem.h"
#include "base/paths.h"
#include "provision/tree.h"
#include "resource/kinds.h"

#include <string.h>

#define STEP "secrets"

/* A gateway that runs holds the old value: it is stopped, and started with the new one. */
static void add(const struct inputs *in, struct plan *p, const char *path, cJSON *want)
{
    struct plan_item *item = plan_add(p, STEP, &kind_file, path, want);

    if (item)
        item->quiesce = in->quiesce_all;
}

/* What an earlier bundle brought, when this run brings none. */
static void add_recorded(const struct inputs *in, struct plan *p, const char *dir)
{
    const cJSON *entry;
    size_t len = strlen(dir);

    cJSON_ArrayForEach(entry, in->record)
    {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "id"));
        const cJSON *after = cJSON_GetObjectItemCaseSensitive(entry, "after");

        if (id && after && strncmp(id, dir, len) == 0 && (id[len] == '/' || id[len] == '\0')) {
            cJSON *want = cJSON_Duplicate(after, true);

            cJSON_AddTrueToObject(want, "seed"); /* `keys set` may have replaced it since */
            add(in, p, id, want);
        }
    }
}

int secrets_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    autofree char *dir = path_join(DC_ETC, "%s/secrets", in->in.spec.name);

    if (!dir)
        return -ENOMEM;
    if (in->keep_secrets)
        add_recorded(in, p, dir);
    else if (in->sealed_count)
        add(in, p, dir, want_directory(0700, 0, 0));
    for (size_t i = 0; i < in->sealed_count; i++) {
        autofree char *path = path_join(dir, "%s", in->sealed[i].path);

        if (!path)
            return -ENOMEM;
        add(in, p, path, want_file(in->blobs, in->sealed[i].data, in->sealed[i].len, 0600, 0, 0));
    }
    return plan_check(p, e);
}
