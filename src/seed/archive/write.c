#include "base/buf.h"
#include "seed/archive/modes.h"
#include "seed/frame.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

/* Levels whose windows are 8 MiB, the most that the reader takes. */
static const struct {
    int (*add)(struct archive *);
    const char *module, *option, *value;
} packs[PACK_COUNT] = {
    [PACK_NONE] = { archive_write_add_filter_none, NULL, NULL, NULL },
    [PACK_GZIP] = { archive_write_add_filter_gzip, "gzip", "timestamp", NULL },
    [PACK_XZ] = { archive_write_add_filter_xz, "xz", "compression-level", "6" },
    [PACK_ZSTD] = { archive_write_add_filter_zstd, "zstd", "compression-level", "19" },
};

static int fault(struct archive *a, struct err *e)
{
    const char *why = archive_error_string(a);

    return err_set(e, -EIO, EXIT_FAILED, "the archive can't be written: %s", why ? why : "?");
}

static int add_member(struct archive *a, const struct frame *f, struct err *e)
{
    struct archive_entry *entry = archive_entry_new();
    int r = 0;

    if (!entry)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    archive_entry_set_pathname(entry, f->name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)f->len);
    archive_entry_set_mtime(entry, 0, 0);
    if (archive_write_header(a, entry) != ARCHIVE_OK ||
        archive_write_data(a, f->data, f->len) != (la_ssize_t)f->len)
        r = fault(a, e);
    archive_entry_free(entry);
    return r;
}

static int write_members(struct archive *a, const struct buf *frames, struct err *e)
{
    struct frame f;
    size_t at = 0;
    int r;

    do {
        r = frame_next(frames->data, frames->len, &at, &f);
        if (r < 0)
            return err_set(e, r, EXIT_FAILED, "damaged request");
        r = f.type == FRAME_MEMBER ? add_member(a, &f, e) : 0;
    } while (r == 0 && f.type == FRAME_MEMBER);
    return r;
}

int mode_write(int in, int out, enum pack pack, struct err *e)
{
    autosecret struct buf frames = { 0 };
    struct archive *a = archive_write_new();
    int r = a ? buf_read_fd(&frames, in, 2u * FRAME_DATA_MAX) : -ENOMEM;

    if (r < 0) {
        archive_write_free(a);
        return err_set(e, r, EXIT_FAILED, "the members can't be read");
    }
    if (packs[pack].add(a) != ARCHIVE_OK ||
        (packs[pack].module &&
         archive_write_set_filter_option(a, packs[pack].module, packs[pack].option,
                                         packs[pack].value) != ARCHIVE_OK) ||
        archive_write_set_format_ustar(a) != ARCHIVE_OK ||
        /* no padding: behind a packed stream it would be garbage */
        archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
        archive_write_open_fd(a, out) != ARCHIVE_OK)
        r = fault(a, e);
    if (r == 0)
        r = write_members(a, &frames, e);
    if (r == 0 && archive_write_close(a) != ARCHIVE_OK)
        r = fault(a, e);
    archive_write_free(a);
    return r;
}
