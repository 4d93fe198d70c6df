/* defenseclaw-seed-archive read          tar on standard input (a file) -> frames on standard
 * output defenseclaw-seed-archive write PACK    frames on standard input -> tar, packed by
 * none|gzip|xz|zstd
 *
 * The only program that links libarchive. It is started by `defenseclaw`, never by a person, and
 * gives everything away before it touches a byte of its input. A refusal is a FRAME_ERROR and exit
 * status 2 (1 for failures of its own). */
#include "base/buf.h"
#include "seed/archive/confine.h"
#include "seed/archive/modes.h"
#include "seed/frame.h"

#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { READ_MEMORY = 40 << 20, WRITE_MEMORY = 400 << 20 };

static int pack_named(const char *name)
{
    for (int i = 0; i < PACK_COUNT; i++)
        if (strcmp(name, pack_names[i]) == 0)
            return i;
    return -EINVAL;
}

static int run(int argc, char **argv, struct err *e)
{
    bool writes = argc == 3 && strcmp(argv[1], "write") == 0;
    int pack = writes ? pack_named(argv[2]) : PACK_NONE;
    int r;

    if (pack < 0 || (!writes && (argc != 2 || strcmp(argv[1], "read") != 0)))
        return err_set(e, -EINVAL, EXIT_USAGE, "usage: defenseclaw-seed-archive read|write PACK");
    setlocale(LC_ALL, "C.UTF-8"); /* or libarchive would look for conversions later */
    r = confine(writes ? WRITE_MEMORY : READ_MEMORY, e);
    if (r < 0)
        return r;
    return writes ? mode_write(STDIN_FILENO, STDOUT_FILENO, (enum pack)pack, e)
                  : mode_read(STDIN_FILENO, STDOUT_FILENO, e);
}

int main(int argc, char **argv)
{
    autobuf struct buf out = { 0 };
    struct err e = { 0 };
    int r = run(argc, argv, &e);

    if (r == 0)
        return 0;
    if (!e.text[0])
        err_set(&e, r, EXIT_FAILED, "%s", strerror(-r));
    frame_add(&out, FRAME_ERROR, "", e.text, strlen(e.text));
    if (out.failed == 0)
        write_all(STDOUT_FILENO, out.data, out.len);
    return e.status;
}
