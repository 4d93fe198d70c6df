#include "seed/here.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define SMALL_FILE_MAX 65536u

void seed_here_init(struct seed_here *h)
{
    *h = (struct seed_here){ .machine_id = "/etc/machine-id",
                             .floor = DC_DATADIR "/floor.json",
                             .trust = DC_ETC "/trust.d",
                             .now = time(NULL) };
}

static int read_small(const char *path, struct buf *out)
{
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : buf_read_fd(out, fd, SMALL_FILE_MAX);
}

static int check_machine(const struct seed_here *h, const struct manifest *m, struct err *e)
{
    autobuf struct buf id = { 0 };
    int r = m->machine[0] ? read_small(h->machine_id, &id) : 0;

    if (!m->machine[0])
        return 0;
    if (r < 0)
        return err_set(e, r, EXIT_MACHINE, "%s: %s", h->machine_id, strerror(-r));
    while (id.len && id.data[id.len - 1] == '\n')
        id.data[--id.len] = '\0';
    if (strcasecmp(buf_str(&id), m->machine) != 0)
        return err_set(e, -EPERM, EXIT_USAGE, "it is for machine %s, this is %s", m->machine,
                       buf_str(&id));
    return 0;
}

static int check_time(const struct seed_here *h, const struct manifest *m, struct err *e)
{
    char end[MANIFEST_TIME_LEN + 1], now[MANIFEST_TIME_LEN + 1];

    if (!m->not_after || h->now <= m->not_after)
        return 0;
    manifest_time_text(m->not_after, end);
    manifest_time_text(h->now, now);
    return err_set(e, -EPERM, EXIT_USAGE, "it ended at %s; this machine's clock says %s", end, now);
}

/* -1 when the floor names a template that isn't one. */
static int floor_policy(const cJSON *j)
{
    for (int i = 0; i < POLICY_COUNT; i++)
        if (cJSON_IsString(j) && strcmp(j->valuestring, policy_names[i]) == 0)
            return i;
    return -1;
}

static int broken_floor(const struct seed_here *h, struct err *e)
{
    return err_set(e, -EINVAL, EXIT_MACHINE,
                   "%s: must be {\"policy\":TEMPLATE,\"serial\":NUMBER}, no other keys", h->floor);
}

static int check_above(const struct seed_here *h, const cJSON *key, const struct seed_bundle *b,
                       struct err *e)
{
    if (strcmp(key->string, "policy") == 0) {
        int least = floor_policy(key);

        if (least < 0)
            return broken_floor(h, e);
        if ((int)b->spec.policy > least) /* strict is 0 */
            return err_set(e, -EPERM, EXIT_USAGE,
                           "flags.json: --policy: %s: this image takes %s at least",
                           policy_names[b->spec.policy], policy_names[least]);
        return 0;
    }
    if (strcmp(key->string, "serial") != 0 || !cJSON_IsNumber(key))
        return broken_floor(h, e);
    if ((double)b->manifest.serial < key->valuedouble)
        return err_set(e, -EPERM, EXIT_USAGE, "serial %lld: this image takes %.0f at least",
                       (long long)b->manifest.serial, key->valuedouble);
    return 0;
}

static int check_floor(const struct seed_here *h, const struct seed_bundle *b, struct err *e)
{
    autobuf struct buf text = { 0 };
    autojson cJSON *floor = NULL;
    const cJSON *key;
    int r = read_small(h->floor, &text);

    if (r == -ENOENT)
        return 0;
    if (r == 0)
        r = json_parse(h->floor, text.data, text.len, &floor, e);
    if (r < 0 || !cJSON_IsObject(floor))
        return broken_floor(h, e);
    cJSON_ArrayForEach(key, floor)
    {
        r = check_above(h, key, b, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* 1 with keys, 0 without. */
static int has_keys(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *d;
    int found = 0;

    if (!dir)
        return errno == ENOENT ? 0 : -errno;
    while (!found && (d = readdir(dir))) {
        size_t len = strlen(d->d_name);

        found = len > 4 && strcmp(d->d_name + len - 4, ".pub") == 0;
    }
    closedir(dir);
    return found;
}

/* Signatures come with a later version: where there are keys, what would have to be checked is
 * refused. */
static int check_trust(const struct seed_here *h, const struct seed_bundle *b, bool trusted_carrier,
                       const char **note, struct err *e)
{
    int keys = has_keys(h->trust);

    if (keys < 0)
        return err_set(e, keys, EXIT_MACHINE, "%s: %s", h->trust, strerror(-keys));
    *note =
        b->is_signed ? "manifest.minisig is ignored: this machine has no keys in trust.d" : NULL;
    if (!keys || (!b->is_signed && trusted_carrier))
        return 0;
    *note = NULL;
    if (b->is_signed)
        return err_set(e, -EPERM, EXIT_USAGE,
                       "%s holds keys, but this version can't check manifest.minisig yet (it "
                       "comes with the image issue)",
                       h->trust);
    return err_set(e, -EPERM, EXIT_USAGE,
                   "it is unsigned, and %s holds keys: only a system credential may be", h->trust);
}

int seed_check_here(const struct seed_here *h, const struct seed_bundle *b, bool trusted_carrier,
                    const char **note, struct err *e)
{
    int r;

    *note = NULL;
    r = check_trust(h, b, trusted_carrier, note, e);
    if (r == 0)
        r = check_machine(h, &b->manifest, e);
    if (r == 0)
        r = check_time(h, &b->manifest, e);
    return r < 0 ? r : check_floor(h, b, e);
}
