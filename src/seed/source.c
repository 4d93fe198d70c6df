#include "seed/source.h"

#include "base/mem.h"
#include "base/paths.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define CREDENTIAL "defenseclaw.seed"
#define CMDLINE_WORD "defenseclaw.seed="
#define CMDLINE_MAX 65536u

const char *const seed_rank_names[SEED_RANK_COUNT] = {
    [SEED_CREDENTIAL] = "systemd credential",
    [SEED_CMDLINE] = "kernel command line",
    [SEED_RUN] = DC_RUN "/seed.tar",
    [SEED_GIVEN] = "--seed",
};

void seed_places_init(struct seed_places *p)
{
    bool container = access("/run/systemd/container", F_OK) == 0;

    *p = (struct seed_places){
        .credentials = getenv("CREDENTIALS_DIRECTORY"),
        .cmdline = container ? "/proc/1/cmdline" : "/proc/cmdline",
        .run = DC_RUN "/seed.tar",
        .secure_boot = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    };
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0; /* a dangling link is there, and an error later */
}

/* -- the credential -- */

static int find_credential(const struct seed_places *p, struct seed_source *s, struct err *e)
{
    int n;

    if (!p->credentials)
        return 0;
    n = snprintf(s->path, sizeof s->path, "%s/" CREDENTIAL, p->credentials);
    if (n >= (int)sizeof s->path || !is_there(s->path))
        return 0;
    s->trusted_carrier = true;
    return seed_read_path(s->path, &s->bundle, e) < 0 ? -EINVAL : 1;
}

/* -- the kernel's command line -- */

static bool secure_boot_on(const struct seed_places *p)
{
    autofd int fd = open(p->secure_boot, O_RDONLY | O_CLOEXEC);
    char value[5] = { 0 };

    return fd >= 0 && read(fd, value, sizeof value) == (ssize_t)sizeof value && value[4] == 1;
}

/* Reads the bundle at path into s, or compares it with the one that s has. */
static int take_path(struct seed_source *s, const char *path, struct err *e)
{
    autoseed struct seed_bundle *b = NULL;
    int r;

    if (path[0] != '/' || strlen(path) >= sizeof s->path)
        return err_set(e, -EINVAL, EXIT_USAGE, CMDLINE_WORD "%s: must be an absolute path", path);
    r = seed_read_path(path, &b, e);
    if (r < 0)
        return r;
    if (s->bundle)
        return strcmp(s->bundle->digest, b->digest) == 0
                   ? 0
                   : err_set(e, -EEXIST, EXIT_USAGE,
                             "%s and %s: two bundles on the kernel command line, and they differ",
                             s->path, path);
    strcpy(s->path, path);
    s->bundle = mem_take(&b);
    return 0;
}

static int find_cmdline(const struct seed_places *p, struct seed_source *s, struct err *e)
{
    autofd int fd = open(p->cmdline, O_RDONLY | O_CLOEXEC);
    autobuf struct buf words = { 0 };
    int r = 0;

    if (fd < 0 || buf_read_fd(&words, fd, CMDLINE_MAX) < 0)
        return 0;
    for (size_t i = 0; i < words.len; i++)
        if (strchr(" \t\n", words.data[i]))
            words.data[i] = '\0';
    for (size_t at = 0; r == 0 && at < words.len;) {
        const char *word = (const char *)words.data + at;

        if (strncmp(word, CMDLINE_WORD, strlen(CMDLINE_WORD)) == 0)
            r = take_path(s, word + strlen(CMDLINE_WORD), e);
        at += strlen(word) + 1;
    }
    if (r < 0 || !s->bundle)
        return r;
    if (secure_boot_on(p))
        return err_set(e, -EPERM, EXIT_USAGE,
                       "%s: with Secure Boot a bundle of the kernel command line must be signed, "
                       "and this version can't check signatures yet",
                       s->path);
    return 1;
}

/* -- the run directory -- */

static int find_run(const struct seed_places *p, struct seed_source *s, struct err *e)
{
    struct stat st;

    if (lstat(p->run, &st) < 0)
        return 0;
    snprintf(s->path, sizeof s->path, "%s", p->run);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
        return err_set(e, -EPERM, EXIT_USAGE,
                       "%s: must be root's own file, writable by nobody else", p->run);
    return seed_read_path(p->run, &s->bundle, e) < 0 ? -EINVAL : 1;
}

int seed_source_find(const struct seed_places *p, const char *path, struct seed_source *ret,
                     struct err *e)
{
    static int (*const find[])(const struct seed_places *, struct seed_source *, struct err *) = {
        [SEED_CREDENTIAL] = find_credential,
        [SEED_CMDLINE] = find_cmdline,
        [SEED_RUN] = find_run,
    };
    int r = 0;

    *ret = (struct seed_source){ .rank = SEED_GIVEN };
    if (path) {
        snprintf(ret->path, sizeof ret->path, "%s", path);
        r = seed_read_path(path, &ret->bundle, e);
        return r < 0 ? r : 1;
    }
    for (enum seed_rank rank = 0; r == 0 && rank < SEED_GIVEN; rank++) {
        ret->rank = rank;
        r = find[rank](p, ret, e);
    }
    if (r < 0)
        seed_source_done(ret);
    return r;
}

void seed_source_done(struct seed_source *s)
{
    seed_bundle_free(s->bundle);
    s->bundle = NULL;
}
