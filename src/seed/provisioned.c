#include "seed/provisioned.h"

#include "base/json.h"
#include "base/mem.h"
#include "sys/beneath.h"

#include <string.h>
#include <time.h>

static int damaged(const char *path, int r, struct err *e)
{
    err_set(e, r, EXIT_MACHINE, "%s: not understood, so this machine counts as provisioned", path);
    return err_fix(e, r, "remove it to let this machine provision itself again");
}

int provisioned_read(const char *path, struct provisioned *ret, struct err *e)
{
    autobuf struct buf text = { 0 };
    autojson cJSON *j = NULL;
    autofd int dir = -EBADF;
    const char *base, *name, *digest;
    struct stat st;
    int r;

    if (access(path, F_OK) < 0 && errno == ENOENT)
        return 0;
    r = beneath_open_parent(path, &dir, &base, e);
    if (r < 0)
        return r;
    r = beneath_read(dir, base, 65536, &text, &st);
    if (r == 0 && st.st_uid != geteuid())
        r = -EPERM;
    if (r == 0)
        r = json_parse(path, text.data, text.len, &j, NULL);
    if (r < 0)
        return damaged(path, r, e);
    name = json_str(j, "name");
    digest = json_str(j, "digest");
    if (!json_str(j, "schema") || strcmp(json_str(j, "schema"), PROVISIONED_SCHEMA) != 0 || !name ||
        strlen(name) > NAME_MAX_LEN || !digest || strlen(digest) != DIGEST512_HEX_LEN ||
        json_int(j, "serial", 0) < 1)
        return damaged(path, -EINVAL, e);
    *ret = (struct provisioned){ .serial = json_int(j, "serial", 0) };
    strcpy(ret->name, name);
    strcpy(ret->digest, digest);
    return 1;
}

static char *text_of(const struct seed_bundle *b)
{
    autojson cJSON *j = cJSON_CreateObject();
    char now[MANIFEST_TIME_LEN + 1];

    manifest_time_text(time(NULL), now);
    if (!j || !cJSON_AddStringToObject(j, "schema", PROVISIONED_SCHEMA) ||
        !cJSON_AddNumberToObject(j, "serial", (double)b->manifest.serial) ||
        !cJSON_AddStringToObject(j, "name", b->manifest.name) ||
        !cJSON_AddStringToObject(j, "digest", b->digest) ||
        !cJSON_AddStringToObject(j, "time", now))
        return NULL;
    return cJSON_PrintUnformatted(j);
}

int provisioned_write(const char *path, const struct seed_bundle *b, struct err *e)
{
    const struct beneath_attrs attrs = { 0644, geteuid(), getegid() };
    autofree char *text = text_of(b);
    autofd int dir = -EBADF;
    const char *base;
    int r;

    if (!text)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    r = beneath_open_parent(path, &dir, &base, e);
    if (r < 0)
        return r;
    r = beneath_replace(dir, base, "firstboot", text, strlen(text), &attrs);
    if (r == 0 && fsync(dir) < 0)
        r = -errno;
    return r < 0 ? err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r)) : 0;
}
