/* Any flags.json: it is refused in one line, or means a spec whose record reads back the same. */
#include "base/json.h"
#include "base/mem.h"
#include "spec/options.h"

#include <string.h>

#define CHECK(ok) ((ok) ? (void)0 : __builtin_trap())

static void check_error(const struct err *e)
{
    CHECK(e->status == EXIT_USAGE && e->text[0]);
    for (const char *p = e->text; *p; p++)
        CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void check_record(const struct spec *s)
{
    autojson cJSON *first = spec_to_json(s), *second = NULL;
    struct spec back;

    CHECK(first && spec_from_json(first, &back, NULL) == 0);
    second = spec_to_json(&back);
    CHECK(json_same(first, second));
    CHECK(spec_check(&back, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autojson cJSON *flags = NULL;
    struct err e = { 0 };
    struct options o;
    struct spec s;

    if (json_parse("flags.json", data, size, &flags, &e) < 0) {
        check_error(&e);
        return 0;
    }
    options_init(&o);
    if (options_apply_json(flags, &o, &e) < 0 || options_resolve(&o, NULL, &s, &e) < 0) {
        check_error(&e);
        return 0;
    }
    check_record(&s);
    return 0;
}
