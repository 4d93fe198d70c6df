#include "setup/secrets.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "setup/templates.h"
#include "sys/beneath.h"
#include "sys/seal.h"

#include <string.h>

#define SEALED_MAX (1u << 20)

/* The sealed bytes that are stored, when they open to value. */
static bool stored(const char *instance, const char *file, const cJSON *secret, struct buf *out)
{
    autosecret struct buf value = { 0 };
    autofd int dir = -EBADF;
    char path[128];
    struct stat st;

    snprintf(path, sizeof path, DC_ETC "/%s/secrets", instance);
    return beneath_open_dir(path, &dir, NULL) == 0 &&
           beneath_read(dir, file, SEALED_MAX, out, &st) == 0 && st.st_uid == 0 &&
           seal_decrypt(secret->string, out->data, out->len, &value, NULL) == 0 &&
           strcmp(buf_str(&value), secret->valuestring) == 0;
}

static int seal_one(const char *instance, const cJSON *secret, struct input_file *ret,
                    struct err *e)
{
    autobuf struct buf sealed = { 0 };
    char file[SEAL_NAME_MAX + 8];
    int r = 0;

    snprintf(file, sizeof file, "%s.cred", secret->string);
    if (!stored(instance, file, secret, &sealed)) {
        buf_done(&sealed);
        r = seal_encrypt(secret->string, secret->valuestring, strlen(secret->valuestring), &sealed,
                         e);
    }
    if (r < 0)
        return r;
    *ret = (struct input_file){ .path = strdup(file), .data = (char *)sealed.data, sealed.len };
    sealed = (struct buf){ 0 };
    return ret->path ? 0 : -ENOMEM;
}

int secrets_seal(const char *instance, const cJSON *secrets, struct input_file **ret,
                 size_t *ret_count, struct err *e)
{
    size_t count = 0;
    struct input_file *files = calloc((size_t)cJSON_GetArraySize(secrets) + 1, sizeof *files);
    const cJSON *s;
    int r = files ? 0 : -ENOMEM;

    cJSON_ArrayForEach(s, secrets)
    {
        if (r == 0)
            r = seal_one(instance, s, &files[count++], e);
    }
    if (r < 0) {
        files_free(files, count);
        return r == -ENOMEM ? err_set(e, r, EXIT_FAILED, "secrets: out of memory") : r;
    }
    *ret = files;
    *ret_count = count;
    return 0;
}

/* A killed undo removed it too, but its bytes are still among the stored ones. */
static bool lost(struct run *run, const char *path, const cJSON *after)
{
    const char *digest = json_str(after, "digest");
    autosecret struct buf bytes = { 0 };

    return digest && access(path, F_OK) < 0 && errno == ENOENT &&
           blob_get(run->blobs, run->state_dir, digest, &bytes) == -ENOENT;
}

void secrets_forget(struct run *run, cJSON *entries)
{
    cJSON *entry = entries ? entries->child : NULL, *next;
    char dir[64];
    size_t len = (size_t)snprintf(dir, sizeof dir, DC_ETC "/%s/secrets/", run->name);

    for (; entry; entry = next) {
        const char *id = json_str(entry, "id");

        next = entry->next;
        if (id && strncmp(id, dir, len) == 0 &&
            lost(run, id, cJSON_GetObjectItemCaseSensitive(entry, "after")))
            cJSON_Delete(cJSON_DetachItemViaPointer(entries, entry));
    }
}
