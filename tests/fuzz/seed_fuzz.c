/* A bundle's bytes: as a tar to the strict walker, as packed streams to the window checks, as the
 * reader's frames to the parent. The first byte says which. Nothing may crash, and what the walker
 * lets through keeps its promises. */
#include "base/mem.h"
#include "seed/archive/pack.h"
#include "seed/archive/scan.h"
#include "seed/bundle.h"
#include "seed/frame.h"

#include <string.h>
#include <sys/mman.h>

#define CHECK(ok) ((ok) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct bytes {
    const uint8_t *data;
    size_t len, at;
};

static int pull(void *userdata, void *out, size_t len, size_t *got, struct err *e)
{
    struct bytes *b = userdata;

    (void)e;
    *got = len < b->len - b->at ? len : b->len - b->at;
    if (*got)
        memcpy(out, b->data + b->at, *got);
    b->at += *got;
    return 0;
}

static void walk(const uint8_t *data, size_t len)
{
    struct bytes b = { data, len, 0 };
    struct scan_input in = { pull, &b };
    struct scan scan = { 0 };
    struct err e = { 0 };
    int r = scan_tar(&in, &scan, &e);

    CHECK(r == 0 || (e.text[0] && e.status));
    for (size_t i = 0; r == 0 && i < scan.count; i++) {
        const struct scan_entry *s = &scan.entries[i];

        CHECK(!member_name_fault(s->name, strlen(s->name)));
        CHECK(s->directory ? member_directory(s->name) : member_type(s->name) != MEMBER_UNKNOWN);
        for (size_t k = 0; k < i; k++)
            CHECK(strcasecmp(s->name, scan.entries[k].name) != 0);
    }
    CHECK(r < 0 || (b.at == len && scan.bytes <= len));
    scan_done(&scan);
}

/* The same with a right checksum in every block that looks like a header, which no mutation finds.
 */
static void walk_summed(const uint8_t *data, size_t len)
{
    autofree uint8_t *copy = malloc(len);

    if (!copy)
        return;
    memcpy(copy, data, len);
    for (size_t at = 0; at + 512 <= len; at += 512) {
        unsigned sum = 0;
        char text[8];

        if (memcmp(copy + at + 257, "ustar", 5) != 0)
            continue;
        memset(copy + at + 148, ' ', 8);
        for (size_t i = 0; i < 512; i++)
            sum += copy[at + i];
        snprintf(text, sizeof text, "%06o", sum);
        memcpy(copy + at + 148, text, 7);
    }
    walk(copy, len);
}

static void unpack(const uint8_t *data, size_t len)
{
    autofd int fd = memfd_create("fuzz", MFD_CLOEXEC);
    enum pack pack;

    if (fd < 0 || write(fd, data, len) != (ssize_t)len)
        return;
    if (pack_detect(fd, &pack, NULL) == 0)
        pack_check(fd, (off_t)len, pack, NULL);
}

static void parent(const uint8_t *data, size_t len)
{
    autosecret struct buf stream = { 0 };
    autoseed struct seed_bundle *b = NULL;
    struct err e = { 0 };

    if (frame_check(data, len, NULL) < 0)
        return;
    buf_add(&stream, data, len);
    if (seed_read_frames(&stream, &b, &e) < 0)
        CHECK(e.text[0] && !strchr(e.text, '\n'));
    else
        CHECK(b->manifest.serial >= 1 && b->spec.name[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const to[])(const uint8_t *, size_t) = { walk, unpack, parent, walk_summed };

    if (len > 1)
        to[data[0] % N_ELEMENTS(to)](data + 1, len - 1);
    return 0;
}
