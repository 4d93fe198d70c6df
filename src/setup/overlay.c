#include "setup/overlay.h"

#include "base/json.h"
#include "base/mem.h"
#include "setup/templates.h"

#include <string.h>

#define KEY "overlay"

static int load_one(struct run *run, const cJSON *entry, struct input_file *f)
{
    const char *path = json_str(entry, "path"), *digest = json_str(entry, "digest");
    struct buf bytes = { 0 };
    int r;

    if (!path || !digest)
        return -EBADMSG;
    buf_puts(&bytes, "");
    r = blob_get(run->blobs, run->state_dir, digest, &bytes);
    f->path = r < 0 ? NULL : strdup(path);
    if (!f->path || bytes.failed) {
        buf_done(&bytes);
        return r < 0 ? r : -ENOMEM;
    }
    f->data = (char *)bytes.data;
    f->len = bytes.len;
    return 0;
}

int overlay_load(struct run *run, const cJSON *record, struct input_file **ret, size_t *ret_count,
                 struct err *e)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(record, KEY), *entry;
    size_t count = 0;
    struct input_file *files = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *files);
    int r = files ? 0 : -ENOMEM;

    cJSON_ArrayForEach(entry, list)
    {
        if (r == 0)
            r = load_one(run, entry, &files[count++]);
    }
    if (r < 0) {
        files_free(files, count);
        return err_set(e, r, EXIT_FAILED, "record.json: the bundle's policy can't be read back: %s",
                       strerror(-r));
    }
    *ret = files;
    *ret_count = count;
    return 0;
}

static int save_one(struct run *run, cJSON *list, const struct input_file *f)
{
    cJSON *entry = cJSON_CreateObject();
    char digest[DIGEST_HEX_LEN + 1];

    if (!cJSON_AddItemToArray(list, entry) || blob_add(run->blobs, f->data, f->len, digest) < 0 ||
        !cJSON_AddStringToObject(entry, "path", f->path) ||
        !cJSON_AddStringToObject(entry, "digest", digest))
        return -ENOMEM;
    return blob_store(run->blobs, run->state_dir, digest);
}

int overlay_save(struct run *run, cJSON *record, const struct input_file *files, size_t count,
                 struct err *e)
{
    cJSON *list;
    int r = 0;

    cJSON_DeleteItemFromObjectCaseSensitive(record, KEY);
    if (count == 0)
        return 0;
    list = cJSON_AddArrayToObject(record, KEY);
    for (size_t i = 0; i < count && r == 0; i++)
        r = list ? save_one(run, list, &files[i]) : -ENOMEM;
    if (r == 0)
        r = blob_sync(run->state_dir);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "the bundle's policy: %s", strerror(-r)) : 0;
}
