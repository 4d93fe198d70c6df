#include "spec/instance.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SCHEMA "defenseclaw.instance/1"
#define DOCUMENT_MAX 65536

bool name_valid(const char *name)
{
    size_t len = strlen(name);

    if (len < 1 || len > NAME_MAX_LEN || name[0] < 'a' || name[0] > 'z')
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") == len;
}

static const struct {
    const char *key;
    size_t offset;
} ids[] = {
    { "uid", offsetof(struct instance, uid) },
    { "gid", offsetof(struct instance, gid) },
    { "gateway_uid", offsetof(struct instance, gateway_uid) },
    { "gateway_gid", offsetof(struct instance, gateway_gid) },
};

static_assert(sizeof(uid_t) == sizeof(uint32_t) && sizeof(gid_t) == sizeof(uint32_t),
              "the table treats both as 32-bit numbers");

cJSON *instance_to_json(const struct instance *in)
{
    autojson cJSON *j = cJSON_CreateObject();

    if (!cJSON_AddStringToObject(j, "schema", SCHEMA) ||
        !cJSON_AddStringToObject(j, "uuid", in->uuid))
        return NULL;
    for (size_t i = 0; i < N_ELEMENTS(ids); i++) {
        uint32_t id;

        memcpy(&id, (const char *)in + ids[i].offset, sizeof id);
        if (!cJSON_AddNumberToObject(j, ids[i].key, id))
            return NULL;
    }
    if (!cJSON_AddItemToObject(j, "spec", spec_to_json(&in->spec)))
        return NULL;
    return mem_take(&j);
}

static int refuse(struct err *e, const char *why)
{
    return err_set(e, -EINVAL, EXIT_FAILED, "instance.json: %s", why);
}

int instance_from_json(const cJSON *j, struct instance *in, struct err *e)
{
    const char *schema = json_str(j, "schema"), *uuid = json_str(j, "uuid");
    struct instance found = { 0 };
    unsigned char bytes[16];
    int r;

    if (!schema || strcmp(schema, SCHEMA) != 0)
        return refuse(e, "not of schema " SCHEMA);
    if (!uuid || uuid_bytes(uuid, bytes) < 0)
        return refuse(e, "no uuid");
    memcpy(found.uuid, uuid, UUID_LEN);
    for (size_t i = 0; i < N_ELEMENTS(ids); i++) {
        int64_t id = json_int(j, ids[i].key, -1);

        if (id <= 0 || id >= UINT32_MAX) /* 0 is root, and the last one is "nobody asked" */
            return refuse(e, "an id is missing or out of range");
        memcpy((char *)&found + ids[i].offset, &(uint32_t){ (uint32_t)id }, sizeof(uint32_t));
    }
    r = spec_from_json(cJSON_GetObjectItemCaseSensitive(j, "spec"), &found.spec, e);
    if (r < 0)
        return err_prefix(e, r, "instance.json");
    *in = found;
    return 0;
}

static int unknown(const char *name, struct err *e)
{
    err_set(e, -ENOENT, EXIT_USAGE, "%s: there is no such instance", name);
    if (strcmp(name, "sandbox") == 0)
        return err_fix(e, -ENOENT, "sudo defenseclaw sandbox setup");
    return err_fix(e, -ENOENT, "sudo defenseclaw sandbox setup --name %s", name);
}

int instance_load(const char *name, struct instance *in, struct err *e)
{
    autobuf struct buf text = { 0 };
    autojson cJSON *j = NULL;
    autofd int fd = -EBADF;
    struct stat st;
    char path[64];
    int r;

    if (!name_valid(name))
        return err_set(e, -EINVAL, EXIT_USAGE, "--name: %s: not an instance's name", name);
    snprintf(path, sizeof path, DC_ETC "/%s/instance.json", name);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return unknown(name, e);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(e, -errno, EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022))
        return err_set(e, -EPERM, EXIT_FAILED, "%s: not a file that only root can write", path);
    r = buf_read_fd(&text, fd, DOCUMENT_MAX);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r));
    r = json_parse(path, text.data, text.len, &j, e);
    return r < 0 ? r : instance_from_json(j, in, e);
}
