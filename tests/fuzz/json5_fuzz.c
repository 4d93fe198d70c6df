/* Any text: reading it never harms, and where it is an object, what we put in reads back, and
 * taking it out again leaves a text that says what the first one said. */
#include "base/json5.h"
#include "base/mem.h"

#include <string.h>

#define CHECK(ok) ((ok) ? (void)0 : __builtin_trap())

static const char *const keys[] = { "plugins", "entries", "x" };
static const struct json5_path path = { keys, 3 }, list = { keys, 1 };

static void check_value(const struct buf *text, const char *value)
{
    autojson5 struct json5 d = { 0 };
    const struct json5_node *n;

    CHECK(json5_parse("", buf_str(text), text->len, &d, NULL) == 0);
    CHECK(json5_find(&d, path, &n, NULL, NULL) == 0);
    CHECK(json5_text_equal(d.text + n->start, n->end - n->start, value, strlen(value)));
}

static bool has_twins(const struct json5 *d, const struct json5_node *n)
{
    return !json5_equal(d, n, d, n);
}

static void try_member(const char *text, size_t len)
{
    autobuf struct buf set = { 0 }, again = { 0 }, back = { 0 };
    autojson5 struct json5 d = { 0 };
    const struct json5_node *n;
    size_t found = 0;

    CHECK(json5_parse("", text, len, &d, NULL) == 0);
    if (json5_find(&d, path, &n, &found, NULL) != -ENOENT)
        return;
    if (json5_set("", text, len, path, "\"v\"", &set, NULL) < 0)
        return; /* as deep, or as large, as it may be */
    check_value(&set, "\"v\"");
    CHECK(json5_set("", buf_str(&set), set.len, path, "'w'", &again, NULL) == 0);
    check_value(&again, "\"w\"");
    CHECK(json5_remove("", buf_str(&set), set.len, path, found, &back, NULL) == 0);
    if (!has_twins(&d, &d.nodes[0]))
        CHECK(json5_text_equal(text, len, buf_str(&back), back.len));
}

/* Any member that stands can be taken out. */
static void try_removal(const char *text, size_t len)
{
    autojson5 struct json5 d = { 0 };

    CHECK(json5_parse("", text, len, &d, NULL) == 0);
    for (const struct json5_node *n = json5_child(&d, &d.nodes[0]); n; n = json5_next(&d, n)) {
        autobuf struct buf key = { 0 }, out = { 0 };
        const char *name;
        int r;

        json5_unescape(&d, n->key, n->key_end, &key);
        name = buf_str(&key);
        if (strlen(name) != key.len)
            continue;
        r = json5_remove("", text, len, (struct json5_path){ &name, 1 }, 0, &out, NULL);
        CHECK(r == 0 || r == -EEXIST);
    }
}

static void try_entry(const char *text, size_t len)
{
    autobuf struct buf added = { 0 }, twice = { 0 }, back = { 0 };

    if (json5_array_add("", text, len, list, "[1]", &added, NULL) < 0)
        return;
    CHECK(json5_array_add("", buf_str(&added), added.len, list, "[1]", &twice, NULL) == 0);
    CHECK(twice.len == added.len && memcmp(twice.data, added.data, added.len) == 0);
    CHECK(json5_array_remove("", buf_str(&added), added.len, list, "[1]", &back, NULL) == 0);
    CHECK(json5_array_remove("", buf_str(&back), back.len, list, "[1]", &twice, NULL) == -ENOENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = malloc(size + 1);
    autojson5 struct json5 d = { 0 };
    struct err e = { 0 };

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (json5_parse("text", text, size, &d, &e) < 0) {
        CHECK(e.text[0]);
        return 0;
    }
    CHECK(d.nodes[0].end <= size);
    if (d.nodes[0].type == JSON5_OBJECT) {
        try_member(text, size);
        try_entry(text, size);
        try_removal(text, size);
    }
    return 0;
}
