#include "engine/record.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "sys/beneath.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define RECORD_NAME "record.json"
#define RECORD_MAX (16u << 20)

static int check_roots_own(int dir, const char *path, struct err *e)
{
    struct stat st;

    if (fstat(dir, &st) < 0)
        return err_set(e, -errno, EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (st.st_uid != 0 || (st.st_mode & 022))
        return err_set(e, -EPERM, EXIT_MACHINE, "%s: not root's own directory", path);
    return 0;
}

int state_dir_open(const char *name, int create, int *ret, struct err *e)
{
    char path[64];
    autofd int dir = -EBADF;
    int r;

    snprintf(path, sizeof path, "%s/%s", DC_STATE, name);
    if (create) {
        if (mkdir(DC_STATE, 0700) < 0 && errno != EEXIST)
            return err_set(e, -errno, EXIT_FAILED, "%s: %s", DC_STATE, strerror(errno));
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return err_set(e, -errno, EXIT_FAILED, "%s: %s", path, strerror(errno));
    }
    r = beneath_open_dir(path, &dir, e);
    if (r == 0)
        r = check_roots_own(dir, path, e);
    if (r < 0)
        return r;
    *ret = fd_take(&dir);
    return 0;
}

/* Empties the blob directory but for what keep names (NULL: nothing is kept). */
static void empty_blobs(int state_dir, const char *keep)
{
    int fd = openat(state_dir, "blob", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct dirent *d;
    DIR *dir;

    if (fd < 0)
        return;
    dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return;
    }
    while ((d = readdir(dir)))
        if (d->d_name[0] != '.' || strlen(d->d_name) > 2)
            if (!keep || !strstr(keep, d->d_name))
                unlinkat(dirfd(dir), d->d_name, 0);
    closedir(dir);
    unlinkat(state_dir, "blob", AT_REMOVEDIR); /* stays when something is kept */
}

int state_dir_remove(const char *name)
{
    char path[64];
    autofd int dir = -EBADF;

    snprintf(path, sizeof path, "%s/%s", DC_STATE, name);
    if (beneath_open_dir(path, &dir, NULL) < 0)
        return 0;
    /* Whoever can't read them, or couldn't roll back, has no right to throw them away. */
    if (faccessat(dir, RECORD_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
        faccessat(dir, "journal", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    empty_blobs(dir, NULL);
    if (rmdir(path) < 0)
        return -errno;
    rmdir(DC_STATE); /* fails while another instance, or anything else, is there */
    return 0;
}

int record_load(int state_dir, cJSON **ret, struct err *e)
{
    autobuf struct buf text = { 0 };
    autojson cJSON *j = NULL;
    const char *schema;
    struct stat st;
    int r;

    r = beneath_read(state_dir, RECORD_NAME, RECORD_MAX, &text, &st);
    if (r == -ENOENT)
        return r;
    if (r == 0)
        r = json_parse("record.json", text.data, text.len, &j, e);
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, "record.json: can't be read: %s", strerror(-r));
    schema = json_str(j, "schema");
    if (!schema || strcmp(schema, RECORD_SCHEMA) != 0)
        return err_set(e, -EBADMSG, EXIT_FAILED,
                       "record.json: schema %s is not known to this version",
                       schema ? schema : "(none)");
    *ret = mem_take(&j);
    return 0;
}

int record_save(int state_dir, const cJSON *record, struct err *e)
{
    const struct beneath_attrs root_only = { .mode = 0600 };
    autofree char *text = cJSON_Print(record);
    int r;

    if (!text)
        return err_set(e, -ENOMEM, EXIT_FAILED, "record.json: out of memory");
    r = json_text_ok(text) ? 0 : -EILSEQ; /* nobody could read it back */
    if (r == 0)
        r = beneath_replace(state_dir, RECORD_NAME, "record", text, strlen(text), &root_only);
    if (r == 0 && fsync(state_dir) < 0)
        r = -errno;
    return r < 0 ? err_set(e, r, EXIT_FAILED, "record.json: %s", strerror(-r)) : 0;
}

cJSON *record_entry(const cJSON *entries, const char *kind, const char *id)
{
    cJSON *entry;

    cJSON_ArrayForEach(entry, entries)
    {
        const char *k = json_str(entry, "kind"), *i = json_str(entry, "id");

        if (k && i && strcmp(k, kind) == 0 && strcmp(i, id) == 0)
            return entry;
    }
    return NULL;
}

void record_sweep_blobs(int state_dir, const cJSON *record)
{
    autofree char *text = cJSON_PrintUnformatted(record);

    if (text)
        empty_blobs(state_dir, text);
}

void record_sweep_saved(int state_dir)
{
    autojson cJSON *record = NULL;
    int r = record_load(state_dir, &record, NULL);

    if (r == 0)
        record_sweep_blobs(state_dir, record);
    else if (r == -ENOENT)
        empty_blobs(state_dir, NULL);
}
