#include "resource/xattrs.h"

#include "base/json.h"
#include "base/mem.h"

#include <linux/limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define NAMES_MAX 65536
#define VALUE_MAX 65536
#define TOTAL_MAX (256u << 10) /* they go into record and journal, which have a limit too */
#define HEX_PREFIX "hex:"      /* no attribute's own name begins so */
#define KEY_MAX (sizeof HEX_PREFIX + 2 * XATTR_NAME_MAX)

static bool ignored(const char *name)
{
    return strcmp(name, "security.selinux") == 0;
}

/* The key of an attribute: its name, or that in hexadecimal when JSON couldn't hold it. */
static void key_of(const char *name, char key[KEY_MAX])
{
    if (json_text_ok(name)) {
        snprintf(key, KEY_MAX, "%s", name);
    } else {
        memcpy(key, HEX_PREFIX, sizeof HEX_PREFIX);
        sodium_bin2hex(key + sizeof HEX_PREFIX - 1, KEY_MAX - sizeof HEX_PREFIX + 1,
                       (const unsigned char *)name, strnlen(name, XATTR_NAME_MAX));
    }
}

static int name_of(const char *key, char name[XATTR_NAME_MAX + 1])
{
    size_t len = 0;

    if (strncmp(key, HEX_PREFIX, sizeof HEX_PREFIX - 1) != 0)
        len = (size_t)snprintf(name, XATTR_NAME_MAX + 1, "%s", key);
    else if (sodium_hex2bin((unsigned char *)name, XATTR_NAME_MAX, key + sizeof HEX_PREFIX - 1,
                            strlen(key + sizeof HEX_PREFIX - 1), NULL, &len, NULL) != 0)
        return -EBADMSG;
    if (len > XATTR_NAME_MAX)
        return -EBADMSG;
    name[len] = '\0';
    return 0;
}

static int add_one(int fd, const char *name, size_t *left, cJSON *all)
{
    autofree unsigned char *value = malloc(VALUE_MAX);
    autofree char *hex = malloc(VALUE_MAX * 2 + 1);
    char key[KEY_MAX];
    ssize_t n;

    if (!value || !hex)
        return -ENOMEM;
    n = fgetxattr(fd, name, value, VALUE_MAX);
    if (n < 0)
        return errno == ENODATA ? 0 : -errno;
    if ((size_t)n > *left)
        return -E2BIG;
    *left -= (size_t)n;
    sodium_bin2hex(hex, VALUE_MAX * 2 + 1, value, (size_t)n);
    key_of(name, key);
    return cJSON_AddStringToObject(all, key, hex) ? 0 : -ENOMEM;
}

/* Names as flistxattr() gives them: each NUL-terminated. 0 length when the file system has none. */
static int list_names(int fd, char **ret, size_t *ret_len)
{
    autofree char *names = malloc(NAMES_MAX);
    ssize_t n;

    if (!names)
        return -ENOMEM;
    n = flistxattr(fd, names, NAMES_MAX);
    if (n < 0 && errno != ENOTSUP)
        return -errno;
    *ret_len = n < 0 ? 0 : (size_t)n;
    *ret = mem_take(&names);
    return 0;
}

int xattrs_read(int fd, cJSON *state)
{
    autojson cJSON *all = cJSON_CreateObject();
    autofree char *names = NULL;
    size_t len, left = TOTAL_MAX;
    int r;

    if (!all)
        return -ENOMEM;
    /* Nearly every file has none: asking for the size alone takes no memory. */
    if (flistxattr(fd, NULL, 0) <= 0)
        return 0;
    r = list_names(fd, &names, &len);
    for (const char *n = names; r == 0 && n < names + len; n += strlen(n) + 1)
        if (!ignored(n))
            r = add_one(fd, n, &left, all);
    if (r < 0 || !all->child)
        return r;
    return cJSON_AddItemToObject(state, "xattrs", mem_take(&all)) ? 0 : -ENOMEM;
}

static int set_one(int fd, const char *key, const char *hex)
{
    size_t len = hex ? strlen(hex) / 2 : 0, got = 0;
    autofree unsigned char *value = malloc(len + 1);
    char name[XATTR_NAME_MAX + 1];

    if (!value)
        return -ENOMEM;
    if (!hex || sodium_hex2bin(value, len, hex, len * 2, NULL, &got, NULL) != 0 || got != len ||
        name_of(key, name) < 0)
        return -EBADMSG;
    return fsetxattr(fd, name, value, len, 0) < 0 ? -errno : 0;
}

static bool named(const cJSON *all, const char *name)
{
    char key[KEY_MAX];

    key_of(name, key);
    return cJSON_GetObjectItemCaseSensitive(all, key);
}

static int remove_others(int fd, const cJSON *all)
{
    autofree char *names = NULL;
    size_t len;
    int r;

    if (flistxattr(fd, NULL, 0) <= 0)
        return 0;
    r = list_names(fd, &names, &len);
    for (const char *n = names; r == 0 && n < names + len; n += strlen(n) + 1)
        if (!ignored(n) && !named(all, n) && fremovexattr(fd, n) < 0 && errno != ENODATA)
            r = -errno;
    return r;
}

int xattrs_write(int fd, const cJSON *state)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(state, "xattrs"), *one;
    struct stat st;
    int r;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!all && S_ISDIR(st.st_mode))
        return 0;
    r = remove_others(fd, all);
    cJSON_ArrayForEach(one, all)
    {
        if (r == 0)
            r = set_one(fd, one->string, cJSON_GetStringValue(one));
    }
    return r;
}
