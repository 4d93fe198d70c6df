#include "sys/seal.h"

#include "base/mem.h"
#include "base/paths.h"
#include "sys/beneath.h"
#include "sys/process.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define CREDS "/usr/bin/systemd-creds"
#define SUFFIX ".cred"

/* systemd-creds VERB --name=KEY - -: what it seals comes out as base64. */
static int run_creds(const char *verb, const char *key, const void *input, size_t len,
                     struct buf *out, struct err *e)
{
    char name[SEAL_NAME_MAX + 16];
    const char *const argv[] = { CREDS, verb, name, "-", "-", NULL };
    autosecret struct buf result = { 0 };
    autobuf struct buf said = { 0 };
    int r;

    snprintf(name, sizeof name, "--name=%s", key);
    r = process_output(argv, input, len, &result, &said);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, CREDS ": %s", strerror(-r));
    if (r > 0) {
        if (said.len && said.data[said.len - 1] == '\n')
            said.data[said.len - 1] = '\0';
        return err_set(e, -EKEYREJECTED, EXIT_FAILED, CREDS " %s: %s", verb, buf_str(&said));
    }
    return buf_add(out, result.data, result.len);
}

int seal_encrypt(const char *key, const void *value, size_t len, struct buf *out, struct err *e)
{
    return run_creds("encrypt", key, value, len, out, e);
}

int seal_decrypt(const char *key, const void *sealed, size_t len, struct buf *out, struct err *e)
{
    return run_creds("decrypt", key, sealed, len, out, e);
}

static void secrets_path(const char *instance, char *out, size_t size)
{
    snprintf(out, size, DC_ETC "/%s/secrets", instance);
}

static int explain(int r, const char *path, struct err *e)
{
    return r < 0 ? err_set(e, r, EXIT_FAILED, "%s: %s", path, strerror(-r)) : 0;
}

int seal_store(const char *instance, const char *key, const void *value, size_t len, struct err *e)
{
    const struct beneath_attrs attrs = { .mode = 0600 };
    autobuf struct buf sealed = { 0 };
    autofd int dir = -EBADF;
    char path[128], base[SEAL_NAME_MAX + 8];
    int r = seal_encrypt(key, value, len, &sealed, e);

    if (r < 0)
        return r;
    secrets_path(instance, path, sizeof path);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return explain(-errno, path, e);
    r = beneath_open_dir(path, &dir, e);
    if (r < 0)
        return r;
    snprintf(base, sizeof base, "%s" SUFFIX, key);
    return explain(beneath_replace(dir, base, instance, sealed.data, sealed.len, &attrs), path, e);
}

int seal_remove(const char *instance, const char *key, struct err *e)
{
    char path[128 + SEAL_NAME_MAX];

    snprintf(path, sizeof path, DC_ETC "/%s/secrets/%s" SUFFIX, instance, key);
    if (unlink(path) == 0) {
        secrets_path(instance, path, sizeof path);
        (void)rmdir(path); /* with the last one */
        return 0;
    }
    if (errno == ENOENT)
        return err_set(e, -ENOENT, EXIT_USAGE, "keys unset %s: there is no such key", key);
    return explain(-errno, path, e);
}

int seal_list(const char *instance, void (*each)(void *userdata, const char *key), void *userdata,
              struct err *e)
{
    const struct dirent *d;
    char path[128];
    DIR *dir;

    secrets_path(instance, path, sizeof path);
    dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? 0 : explain(-errno, path, e);
    while ((d = readdir(dir))) {
        size_t len = strlen(d->d_name), suffix = strlen(SUFFIX);
        char key[256];

        if (d->d_name[0] == '.' || len <= suffix || strcmp(d->d_name + len - suffix, SUFFIX) != 0)
            continue;
        snprintf(key, sizeof key, "%.*s", (int)(len - suffix), d->d_name);
        each(userdata, key);
    }
    closedir(dir);
    return 0;
}
