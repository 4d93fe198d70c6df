#include "seed/archive/scan.h"

#include "base/mem.h"
#include "seed/archive/crc32.h"
#include "seed/archive/header.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Headers, padding and a generous end beside the contents. */
#define STREAM_MAX ((uint64_t)MEMBER_BYTES_MAX + (16u << 20))
#define HASH_SIZE 16384u /* a power of two, well over MEMBER_COUNT_MAX */
#define PAX_MAX 8192u

static int too_big(struct err *e)
{
    return err_set(e, -EINVAL, EXIT_USAGE, "more than %u MiB unpacked", MEMBER_BYTES_MAX >> 20);
}

/* Exactly len bytes. */
static int take(const struct scan_input *in, struct scan *s, void *data, size_t len, struct err *e)
{
    size_t got;
    int r = in->read(in->userdata, data, len, &got, e);

    if (r < 0)
        return r;
    s->stream += got;
    s->crc = crc32_add(s->crc, data, got);
    if (got < len)
        return err_set(e, -EINVAL, EXIT_USAGE, "truncated: the tar has no end mark");
    return s->stream > STREAM_MAX ? too_big(e) : 0;
}

static int skip(const struct scan_input *in, struct scan *s, uint64_t len, struct err *e)
{
    uint8_t block[4096];
    int r = 0;

    while (len && r == 0) {
        size_t n = len < sizeof block ? (size_t)len : sizeof block;

        r = take(in, s, block, n, e);
        len -= n;
    }
    return r;
}

static bool all_zero(const uint8_t *p, size_t len)
{
    return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* Behind the first zero block: another, then zeros only. */
static int check_end(const struct scan_input *in, struct scan *s, struct err *e)
{
    uint8_t block[4096];
    size_t got;
    int r = take(in, s, block, TAR_BLOCK, e);

    if (r < 0)
        return r;
    for (got = TAR_BLOCK; got;) {
        if (!all_zero(block, got))
            return err_set(e, -EINVAL, EXIT_USAGE, "trailing bytes behind the tar's end mark");
        r = in->read(in->userdata, block, sizeof block, &got, e);
        if (r < 0)
            return r;
        s->stream += got;
        s->crc = crc32_add(s->crc, block, got);
        if (s->stream > STREAM_MAX)
            return too_big(e);
    }
    return 0;
}

static unsigned hash_name(const char *name)
{
    unsigned h = 2166136261u;

    for (; *name; name++)
        h = (h ^ (unsigned)tolower((unsigned char)*name)) * 16777619u;
    return h;
}

/* Names that differ by case only are one name on some systems, and a trick here. */
static int note_name(struct scan *s, const char *name, struct err *e)
{
    unsigned at = hash_name(name) % HASH_SIZE;

    if (!s->by_name)
        s->by_name = calloc(HASH_SIZE, sizeof *s->by_name);
    if (!s->by_name)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    for (; s->by_name[at]; at = (at + 1) % HASH_SIZE) {
        const char *other = s->entries[s->by_name[at] - 1].name;

        if (strcasecmp(other, name) == 0)
            return err_set(e, -EINVAL, EXIT_USAGE, "%s: stands twice in the archive%s", name,
                           strcmp(other, name) ? " (but for upper and lower case)" : "");
    }
    s->by_name[at] = (int)s->count; /* the entry was counted already: index + 1 */
    return 0;
}

static int grow(struct scan *s)
{
    size_t cap = s->cap ? s->cap * 2 : 16;
    struct scan_entry *more;

    if (s->count < s->cap)
        return 0;
    more = realloc(s->entries, cap * sizeof *more);
    if (!more)
        return -ENOMEM;
    s->entries = more;
    s->cap = cap;
    return 0;
}

static int add_entry(struct scan *s, const struct tar_header *h, const char *name, struct err *e)
{
    if (s->count == MEMBER_COUNT_MAX)
        return err_set(e, -EINVAL, EXIT_USAGE, "more than %d members", MEMBER_COUNT_MAX);
    if (grow(s) < 0)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    s->entries[s->count] = (struct scan_entry){ .name = strdup(name),
                                                .size = h->size,
                                                .directory = h->type == TAR_DIRECTORY };
    if (!s->entries[s->count].name)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    s->count++;
    return note_name(s, name, e);
}

/* A file or directory: everything about it but its contents. name is cut at a directory's slash. */
static int check_entry(struct scan *s, const struct tar_header *h, char *name, struct err *e)
{
    size_t len = strlen(name);
    const char *fault;

    if (h->type == TAR_DIRECTORY && len > 1 && name[len - 1] == '/')
        name[--len] = '\0';
    fault = member_name_fault(name, len);
    if (fault)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: %s", *name ? name : "(no name)", fault);
    if (h->type == TAR_DIRECTORY ? !member_directory(name) : member_type(name) == MEMBER_UNKNOWN)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: unknown member%s", name,
                       h->type == TAR_DIRECTORY ? " (a directory)" : "");
    if (h->type == TAR_DIRECTORY && h->size)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: a directory with contents", name);
    if (h->size > MEMBER_BYTES_MAX || s->bytes + h->size > MEMBER_BYTES_MAX)
        return too_big(e);
    s->bytes += h->size;
    return add_entry(s, h, name, e);
}

static int take_pax(const struct scan_input *in, struct scan *s, const struct tar_header *h,
                    char *path, struct err *e)
{
    char records[PAX_MAX];
    size_t padded = (h->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    int r;

    if (h->size == 0 || h->size > sizeof records)
        return err_set(e, -EINVAL, EXIT_USAGE, "a pax header that is empty or too long");
    r = take(in, s, records, padded, e);
    return r < 0 ? r : pax_parse(records, h->size, path, e);
}

int scan_tar(const struct scan_input *in, struct scan *s, struct err *e)
{
    char path[MEMBER_NAME_MAX + 2] = "";
    bool after_pax = false;
    uint8_t block[TAR_BLOCK];
    struct tar_header h;
    int r;

    for (;;) {
        r = take(in, s, block, sizeof block, e);
        if (r < 0)
            return r;
        if (!after_pax && all_zero(block, sizeof block))
            return check_end(in, s, e);
        r = tar_header_parse(block, &h, e);
        if (r == 0 && h.type == TAR_PAX && after_pax)
            r = err_set(e, -EINVAL, EXIT_USAGE, "two pax headers for one member");
        if (r == 0 && h.type == TAR_PAX)
            r = take_pax(in, s, &h, path, e);
        else if (r == 0)
            r = check_entry(s, &h, path[0] ? path : h.name, e);
        if (r == 0 && h.type == TAR_FILE)
            r = skip(in, s, (h.size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK, e);
        if (r < 0)
            return r;
        after_pax = h.type == TAR_PAX;
        if (!after_pax)
            path[0] = '\0';
    }
}

void scan_done(struct scan *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->entries[i].name);
    free(s->entries);
    free(s->by_name);
    *s = (struct scan){ 0 };
}
