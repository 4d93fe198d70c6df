/* Two texts, the profile before setup and the one found at undo (split at the first NUL): our keys
 * go in and come out again whatever stands there, and what comes out is still JSON5. */
#include "base/json5.h"
#include "base/mem.h"
#include "resource/openclaw_text.h"

#include <string.h>

#define CHECK(ok) ((ok) ? (void)0 : __builtin_trap())

static const char edits_text[] =
    "[{\"path\":[\"a\",\"b\"],\"value\":\"x\"},{\"path\":[\"a\",\"c\",\"d\"],\"value\":true},"
    "{\"path\":[\"a\",\"p\"],\"add\":\"x\"},{\"path\":[\"q\"],\"add\":1,\"present\":true}]";

static bool reads(const struct buf *b)
{
    autojson5 struct json5 d = { 0 };

    return json5_parse("", buf_str(b), b->len, &d, NULL) == 0;
}

/* In and out at once, and out of what somebody else made of it. */
static void try_texts(struct text before, struct text now, const cJSON *edits)
{
    autobuf struct buf in = { 0 }, again = { 0 }, out = { 0 }, theirs = { 0 }, twice = { 0 };
    struct text edited;

    if (openclaw_apply(before, edits, &in, NULL) == 0) {
        edited = (struct text){ buf_str(&in), in.len };
        CHECK(openclaw_apply(edited, edits, &again, NULL) == 0);
        CHECK(again.len == in.len && memcmp(again.data, in.data, in.len) == 0);
        CHECK(openclaw_withdraw(edited, before, edits, NULL, &out, NULL) == 0 && reads(&out));
        /* A text that doesn't equal itself has a key twice. */
        CHECK(json5_text_equal(before.data, before.len, buf_str(&out), out.len) ||
              !json5_text_equal(before.data, before.len, before.data, before.len));
    }
    if (openclaw_withdraw(now, before, edits, NULL, &theirs, NULL) == 0) {
        CHECK(reads(&theirs));
        CHECK(openclaw_withdraw((struct text){ buf_str(&theirs), theirs.len }, before, edits, NULL,
                                &twice, NULL) == 0);
        (void)openclaw_is_bare((struct text){ buf_str(&twice), twice.len });
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autojson cJSON *edits = cJSON_Parse(edits_text);
    autofree char *copy = malloc(size + 1);
    const char *split;
    size_t len;

    if (!copy || !edits)
        return 0;
    memcpy(copy, data, size);
    copy[size] = '\0';
    split = memchr(copy, '\0', size);
    len = split ? (size_t)(split - copy) : size;
    try_texts((struct text){ copy, len },
              split ? (struct text){ split + 1, size - len - 1 } : (struct text){ copy, len },
              edits);
    return 0;
}
