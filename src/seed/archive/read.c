#include "seed/archive/modes.h"
#include "seed/archive/scan.h"
#include "seed/archive/source.h"
#include "seed/frame.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int write_all(int fd, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int pull(void *userdata, void *data, size_t len, size_t *got, struct err *e)
{
    return source_read(userdata, data, len, got, e);
}

/* gzip's end, which libarchive believes unread: one stream, all of the input, whole. */
static int check_gzip_end(const struct source *s, const struct scan *scan, struct err *e)
{
    uint32_t crc, len;
    int r = gzip_tail(s->fd, s->size, &crc, &len, e);

    if (r < 0)
        return r;
    if (!source_used_all(s))
        return err_set(e, -EINVAL, EXIT_USAGE, "bytes behind the end of the gzip stream");
    if (crc != scan->crc || len != (uint32_t)scan->stream)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "damaged gzip stream, or more than one: its checksum is wrong");
    return 0;
}

static int look(struct source *s, int fd, off_t size, enum pack pack, struct scan *scan,
                struct err *e)
{
    struct scan_input in = { pull, s };
    int r = source_open(s, fd, size, pack, false, e);

    if (r == 0)
        r = scan_tar(&in, scan, e);
    if (r == 0 && pack == PACK_GZIP)
        r = check_gzip_end(s, scan, e);
    source_close(s);
    return r;
}

/* The second reader has to see what the first saw. */
static bool agrees(struct archive_entry *entry, const struct scan_entry *want)
{
    const char *name = archive_entry_pathname(entry);
    size_t len = strlen(want->name);

    return name && strncmp(name, want->name, len) == 0 &&
           (name[len] == '\0' || (want->directory && strcmp(name + len, "/") == 0)) &&
           archive_entry_filetype(entry) == (want->directory ? AE_IFDIR : AE_IFREG) &&
           archive_entry_size(entry) == (int64_t)want->size && !archive_entry_hardlink(entry) &&
           archive_entry_sparse_count(entry) == 0;
}

static int emit(struct source *s, int out, const struct scan_entry *entry, struct err *e)
{
    static uint8_t data[65536];
    uint8_t head[FRAME_HEAD_LEN];
    uint64_t left = entry->size;
    int r;

    frame_head(head, FRAME_MEMBER, strlen(entry->name), entry->size);
    r = write_all(out, head, sizeof head);
    if (r == 0)
        r = write_all(out, entry->name, strlen(entry->name) + 1);
    while (r == 0 && left) {
        size_t got, n = left < sizeof data ? (size_t)left : sizeof data;

        r = source_read(s, data, n, &got, e);
        if (r == 0 && got < n)
            return err_set(e, -EINVAL, EXIT_USAGE, "%s: truncated", entry->name);
        if (r == 0)
            r = write_all(out, data, n);
        left -= n;
    }
    return r == 0 ? write_all(out, "", 1) : r;
}

static int emit_all(struct source *s, int out, const struct scan *scan, struct err *e)
{
    struct archive_entry *entry;
    int r;

    for (size_t i = 0; i < scan->count; i++) {
        if (archive_read_next_header(s->archive, &entry) != ARCHIVE_OK)
            return source_fault(s, e);
        if (!agrees(entry, &scan->entries[i]))
            return err_set(e, -EINVAL, EXIT_USAGE, "%s: its header can be read in two ways",
                           scan->entries[i].name);
        r = scan->entries[i].directory ? 0 : emit(s, out, &scan->entries[i], e);
        if (r < 0)
            return r;
    }
    if (archive_read_next_header(s->archive, &entry) != ARCHIVE_EOF)
        return err_set(e, -EINVAL, EXIT_USAGE, "more members than its headers say");
    return 0;
}

int mode_read(int in, int out, struct err *e)
{
    static struct source s;
    uint8_t end[FRAME_HEAD_LEN + 2] = { 0 };
    struct scan scan = { 0 };
    off_t size = lseek(in, 0, SEEK_END);
    enum pack pack;
    int r = size < 0 ? err_set(e, -errno, EXIT_USAGE, "not a file that can be read twice")
                     : pack_detect(in, &pack, e);

    if (r == 0)
        r = pack_check(in, size, pack, e);
    if (r == 0)
        r = look(&s, in, size, pack, &scan, e);
    if (r == 0) {
        r = source_open(&s, in, size, pack, true, e);
        if (r == 0)
            r = emit_all(&s, out, &scan, e);
        source_close(&s);
    }
    scan_done(&scan);
    frame_head(end, FRAME_END, 0, 0);
    return r == 0 ? write_all(out, end, sizeof end) : r;
}
