#include "seed/archive/source.h"

#include <archive.h>
#include <errno.h>
#include <unistd.h>

static la_ssize_t input(struct archive *a, void *userdata, const void **ret)
{
    struct source *s = userdata;
    ssize_t n;

    do
        n = pread(s->fd, s->buf, sizeof s->buf, s->at);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        archive_set_error(a, errno, "cannot be read");
        return ARCHIVE_FATAL;
    }
    s->at += n;
    *ret = s->buf;
    return n;
}

static int add_filter(struct archive *a, enum pack pack)
{
    static int (*const add[PACK_COUNT])(struct archive *) = {
        [PACK_NONE] = archive_read_support_filter_none,
        [PACK_GZIP] = archive_read_support_filter_gzip,
        [PACK_XZ] = archive_read_support_filter_xz,
        [PACK_ZSTD] = archive_read_support_filter_zstd,
    };

    return add[pack](a);
}

int source_fault(struct source *s, struct err *e)
{
    const char *why = s->archive ? archive_error_string(s->archive) : NULL;

    return err_set(e, -EINVAL, EXIT_USAGE, "truncated or damaged: %s",
                   why ? why : "the archive cannot be read");
}

int source_open(struct source *s, int fd, off_t size, enum pack pack, bool as_tar, struct err *e)
{
    *s = (struct source){ .fd = fd, .size = size, .pack = pack, .archive = archive_read_new() };
    if (!s->archive)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    if (add_filter(s->archive, pack) != ARCHIVE_OK ||
        (as_tar ? archive_read_support_format_tar(s->archive)
                : archive_read_support_format_raw(s->archive)) != ARCHIVE_OK ||
        archive_read_open(s->archive, s, NULL, input, NULL) != ARCHIVE_OK)
        return source_fault(s, e);
    if (archive_filter_count(s->archive) > 2 - (pack == PACK_NONE))
        return err_set(e, -EINVAL, EXIT_USAGE, "packed more than once");
    if (!as_tar) {
        struct archive_entry *entry;

        if (archive_read_next_header(s->archive, &entry) != ARCHIVE_OK)
            return source_fault(s, e);
    }
    return 0;
}

void source_close(struct source *s)
{
    if (s->archive)
        archive_read_free(s->archive);
    s->archive = NULL;
}

int source_read(struct source *s, void *data, size_t len, size_t *got, struct err *e)
{
    uint8_t *p = data;

    *got = 0;
    while (*got < len) {
        la_ssize_t n = archive_read_data(s->archive, p + *got, len - *got);

        if (n < 0)
            return source_fault(s, e);
        if (n == 0)
            return 0;
        *got += (size_t)n;
    }
    return 0;
}

bool source_used_all(const struct source *s)
{
    return archive_filter_bytes(s->archive, -1) == s->size;
}
