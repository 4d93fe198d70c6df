#include "seed_kit.h"

#include "base/digest.h"
#include "base/mem.h"
#include "seed/child.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "the test's own kit failed: %s\n", what);
    abort();
}

void kit_use_built_reader(const char *argv0)
{
    static char path[PATH_MAX + 64];
    char self[PATH_MAX];

    must(realpath(argv0, self) != NULL, "realpath");
    snprintf(path, sizeof path, "%s/../../defenseclaw-seed-archive", dirname(self));
    must(access(path, X_OK) == 0, path);
    seed_archive_program = path;
}

void tar_sum(struct buf *t, size_t at)
{
    unsigned sum = 0;
    char text[9];

    memset(t->data + at + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += t->data[at + i];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(t->data + at + 148, text, 7); /* digits, NUL, and the space that stands */
}

void tar_add_sized(struct buf *t, char type, const char *name, unsigned long long size,
                   const void *data, size_t len)
{
    static const char zeros[512];
    size_t at = t->len;
    char text[13];

    buf_add(t, zeros, sizeof zeros);
    must(t->failed == 0, "memory");
    memcpy(t->data + at, name, strnlen(name, 100));
    memcpy(t->data + at + 100, "0000644", 7);
    memcpy(t->data + at + 108, "0000000", 7);
    memcpy(t->data + at + 116, "0000000", 7);
    snprintf(text, sizeof text, "%011llo", size);
    memcpy(t->data + at + 124, text, 11);
    memcpy(t->data + at + 136, "00000000000", 11);
    t->data[at + 156] = (unsigned char)type;
    memcpy(t->data + at + 257,
           "ustar\0"
           "00",
           8);
    tar_sum(t, at);
    buf_add(t, data, len);
    buf_add(t, zeros, (512 - len % 512) % 512);
    must(t->failed == 0, "memory");
}

void tar_add(struct buf *t, char type, const char *name, const void *data, size_t len)
{
    tar_add_sized(t, type, name, len, data, len);
}

void tar_add_pax(struct buf *t, const char *key, const char *value)
{
    char record[8192];
    size_t len = strlen(key) + strlen(value) + 3;
    size_t total, n = len + 1;

    do {
        total = n;
        n = (size_t)snprintf(record, sizeof record, "%zu %s=%s\n", total, key, value);
    } while (n != total);
    tar_add(t, 'x', "PaxHeaders/x", record, n);
}

void tar_end(struct buf *t)
{
    static const char zeros[1024];

    buf_add(t, zeros, sizeof zeros);
}

void kit_manifest(const struct kit_file *files, size_t count, const char *extra, struct buf *out)
{
    char digest[DIGEST512_HEX_LEN + 1];

    buf_puts(out,
             "{\"schema\":\"defenseclaw.seed/1\",\"serial\":7,\"name\":\"sandbox\",\"files\":{");
    for (size_t i = 0; i < count; i++) {
        digest512_hex(files[i].text, strlen(files[i].text), digest);
        buf_printf(out, "%s\"%s\":\"%s\"", i ? "," : "", files[i].name, digest);
    }
    buf_printf(out, "}%s}", extra);
    must(out->failed == 0, "memory");
}

void kit_bundle(const struct kit_file *files, size_t count, struct buf *tar)
{
    autobuf struct buf manifest = { 0 };

    kit_manifest(files, count, "", &manifest);
    tar_add(tar, '0', "manifest.json", manifest.data, manifest.len);
    for (size_t i = 0; i < count; i++)
        tar_add(tar, '0', files[i].name, files[i].text, strlen(files[i].text));
    tar_end(tar);
}

void kit_small(struct buf *tar)
{
    static const struct kit_file flags = { "flags.json", "{\"policy\":\"strict\"}" };

    kit_bundle(&flags, 1, tar);
}

void kit_pack(const struct buf *in, const char *filter, const char *level, struct buf *out)
{
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    size_t cap = in->len + (1u << 20), used = 0;
    autofree void *room = malloc(cap);

    must(a && entry && room, "memory");
    must(archive_write_add_filter_by_name(a, filter) == ARCHIVE_OK, filter);
    must(!level || archive_write_set_filter_option(a, filter, "compression-level", level) == 0,
         "level");
    must(archive_write_set_format_raw(a) == ARCHIVE_OK, "raw");
    archive_write_set_bytes_in_last_block(a, 1);
    must(archive_write_open_memory(a, room, cap, &used) == ARCHIVE_OK, "open");
    archive_entry_set_filetype(entry, AE_IFREG);
    must(archive_write_header(a, entry) == ARCHIVE_OK, "header");
    must(archive_write_data(a, in->data, in->len) == (la_ssize_t)in->len, "data");
    must(archive_write_close(a) == ARCHIVE_OK, "close");
    archive_entry_free(entry);
    archive_write_free(a);
    buf_add(out, room, used);
}

void kit_write(const char *path, const struct buf *b)
{
    autofd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    must(fd >= 0, path);
    for (size_t at = 0; at < b->len;) {
        ssize_t n = write(fd, b->data + at, b->len - at);

        must(n > 0, "write");
        at += (size_t)n;
    }
}
