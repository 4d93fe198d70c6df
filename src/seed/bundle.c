#include "seed/bundle.h"

#include "base/mem.h"
#include "seed/child.h"
#include "seed/content.h"
#include "seed/frame.h"
#include "seed/lines.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int add_member(struct seed_bundle *b, const struct frame *f, struct err *e)
{
    const char *fault = member_name_fault(f->name, f->name_len);
    struct seed_member *more;

    if (fault)
        return err_set(e, -EINVAL, EXIT_USAGE, "a member with %s", fault);
    if (b->count == MEMBER_COUNT_MAX)
        return err_set(e, -EINVAL, EXIT_USAGE, "more than %d members", MEMBER_COUNT_MAX);
    if ((b->count & (b->count - 1)) == 0) { /* full at each power of two */
        more = realloc(b->members, (b->count ? b->count * 2 : 1) * sizeof *more);
        if (!more)
            return -ENOMEM;
        b->members = more;
    }
    b->members[b->count] = (struct seed_member){
        .type = member_type(f->name), .name = f->name, .data = (const char *)f->data, .len = f->len
    };
    return content_check_text(&b->members[b->count++], e);
}

static int list_members(struct seed_bundle *b, struct err *e)
{
    struct frame f;
    size_t at = 0;
    int r;

    for (;;) {
        r = frame_next(b->stream.data, b->stream.len, &at, &f);
        if (r < 0 || f.type != FRAME_MEMBER)
            return r;
        r = add_member(b, &f, e);
        if (r < 0)
            return r;
    }
}

const struct seed_member *seed_member_of(const struct seed_bundle *b, enum member_type type)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->members[i].type == type)
            return &b->members[i];
    return NULL;
}

static int check_digest(const struct seed_bundle *b, const struct seed_member *m, struct err *e)
{
    const cJSON *want = cJSON_GetObjectItemCaseSensitive(b->manifest.files, m->name);
    char digest[DIGEST512_HEX_LEN + 1];

    if (!want)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: manifest.json doesn't list it", m->name);
    digest512_hex(m->data, m->len, digest);
    if (strcmp(want->valuestring, digest) != 0)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: its digest isn't the one in manifest.json",
                       m->name);
    return 0;
}

static bool has_member(const struct seed_bundle *b, const char *name)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->members[i].name, name) == 0)
            return true;
    return false;
}

/* Every member is listed with its digest, and every listed one is there. */
static int check_listed(const struct seed_bundle *b, struct err *e)
{
    const cJSON *f;
    int r = 0;

    for (size_t i = 0; r == 0 && i < b->count; i++)
        if (b->members[i].type != MEMBER_MANIFEST && b->members[i].type != MEMBER_SIGNATURE)
            r = check_digest(b, &b->members[i], e);
    cJSON_ArrayForEach(f, b->manifest.files)
    {
        if (r == 0 && !has_member(b, f->string))
            r = err_set(e, -EINVAL, EXIT_USAGE, "%s: manifest.json lists it, but it is missing",
                        f->string);
        else if (r == 0 && (strcmp(f->string, "manifest.json") == 0 ||
                            strcmp(f->string, "manifest.minisig") == 0))
            r = err_set(e, -EINVAL, EXIT_USAGE, "%s: can't be listed in manifest.json", f->string);
    }
    return r;
}

static int read_manifest(struct seed_bundle *b, struct err *e)
{
    const struct seed_member *m = seed_member_of(b, MEMBER_MANIFEST);
    int r;

    if (!m)
        return err_set(e, -EINVAL, EXIT_USAGE, "manifest.json is missing");
    if (!seed_member_of(b, MEMBER_FLAGS))
        return err_set(e, -EINVAL, EXIT_USAGE, "flags.json is missing");
    digest512_hex(m->data, m->len, b->digest);
    r = manifest_parse(m->data, m->len, &b->manifest, e);
    return r < 0 ? r : check_listed(b, e);
}

/* The flags with the manifest's name, checked as setup checks them. A bundle says all that it
 * means: nothing recorded shines through. */
static int resolve(struct seed_bundle *b, struct err *e)
{
    int r = 0;

    if (!option_given(&b->options, OPTION_NAME))
        r = options_set(&b->options, "name", b->manifest.name, e);
    else if (strcmp(b->options.spec.name, b->manifest.name) != 0)
        r = err_set(e, -EINVAL, EXIT_USAGE, "flags.json: --name: %s: manifest.json says %s",
                    b->options.spec.name, b->manifest.name);
    if (r < 0)
        return r;
    b->options.defaults = true;
    r = options_resolve(&b->options, NULL, &b->spec, e);
    return r < 0 ? err_prefix(e, r, "flags.json") : 0;
}

static int read_all(struct seed_bundle *b, struct err *e)
{
    int r = list_members(b, e);

    if (r == 0)
        r = read_manifest(b, e);
    for (size_t i = 0; r == 0 && i < b->count; i++)
        r = content_read(b, &b->members[i], e);
    return r < 0 ? r : resolve(b, e);
}

int seed_read_frames(struct buf *stream, struct seed_bundle **ret, struct err *e)
{
    struct seed_bundle *b = calloc(1, sizeof *b);
    struct err why = { 0 };
    int r = -ENOMEM;

    if (b) {
        b->stream = *stream;
        *stream = (struct buf){ 0 };
        options_init(&b->options);
        r = read_all(b, &why);
    }
    if (r == 0) {
        *ret = b;
        return 0;
    }
    seed_bundle_free(b);
    buf_wipe(stream);
    if (!why.text[0])
        err_set(&why, r, EXIT_FAILED, "%s", strerror(-r));
    if (e)
        *e = why;
    return r;
}

int seed_read_fd(int fd, struct seed_bundle **ret, struct err *e)
{
    autosecret struct buf stream = { 0 };
    int r = seed_unpack(fd, &stream, e);

    return r < 0 ? r : seed_read_frames(&stream, ret, e);
}

int seed_read_path(const char *path, struct seed_bundle **ret, struct err *e)
{
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    int r;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(e, -errno, EXIT_USAGE, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: not a file", path);
    r = seed_read_fd(fd, ret, e);
    return r < 0 ? err_prefix(e, r, "%s", path) : 0;
}

void seed_bundle_free(struct seed_bundle *b)
{
    if (!b)
        return;
    manifest_done(&b->manifest);
    cJSON_Delete(b->flags);
    for (size_t i = 0; i < b->policy_count; i++) {
        free(b->policy[i].path);
        free(b->policy[i].data);
    }
    free(b->policy);
    lines_free(b->env_names);
    lines_free(b->secrets);
    free(b->members);
    buf_wipe(&b->stream);
    free(b);
}
