/* JSON to and from D-Bus messages, over a connection that nobody answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "sys/bus_internal.h"

#include <string.h>
#include <sys/socket.h>

struct fixture {
    sd_bus *bus;
    int peer;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    int ends[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
    f->peer = ends[1];
    assert_return_code(sd_bus_new(&f->bus), 0);
    assert_return_code(sd_bus_set_fd(f->bus, ends[0], ends[0]), 0);
    assert_return_code(sd_bus_start(f->bus), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sd_bus_close_unref(f->bus);
    close(f->peer);
    free(f);
    return 0;
}

static sd_bus_message *new_message(struct fixture *f)
{
    sd_bus_message *m = NULL;

    assert_return_code(sd_bus_message_new_signal(f->bus, &m, "/x", "test.Test", "Test"), 0);
    return m;
}

/* What a value is after a way through a message. */
static cJSON *through(struct fixture *f, const char *signature, const char *text)
{
    autojson cJSON *value = cJSON_Parse(text);
    sd_bus_message *m = new_message(f);
    cJSON *back = NULL;

    assert_non_null(value);
    assert_return_code(bus_json_append(m, signature, value), 0);
    assert_return_code(sd_bus_message_seal(m, 1, 0), 0);
    assert_return_code(sd_bus_message_rewind(m, true), 0);
    assert_return_code(bus_json_read(m, &back), 0);
    sd_bus_message_unref(m);
    return back;
}

static void values_come_back_as_they_went(void **state)
{
    static const struct {
        const char *signature, *text;
    } cases[] = {
        { "b", "true" },
        { "s", "\"strict\"" },
        { "t", "5000000" },
        { "t", "\"infinity\"" },
        { "i", "-5" },
        { "u", "63" },
        { "as", "[]" },
        { "as", "[\"-/usr/bin/su\",\"/sys\"]" },
        { "a(ssbt)", "[[\"/usr\",\"/usr\",false,16384],[\"/a\",\"/b\",true,0]]" },
        { "(bas)", "[true,[\"AF_UNIX\",\"AF_INET\"]]" },
        { "a(iayu)", "[[2,[10,200,0,1],32],[10,[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],0]]" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        autojson cJSON *back = through(*state, cases[i].signature, cases[i].text);
        autofree char *text = cJSON_PrintUnformatted(back);

        assert_string_equal(text, cases[i].text);
    }
}

static void a_value_of_another_type_is_refused(void **state)
{
    static const struct {
        const char *signature, *text;
    } cases[] = {
        { "b", "1" },      { "s", "true" },           { "t", "\"many\"" },
        { "as", "\"x\"" }, { "(bas)", "[true]" },     { "a(ssbt)", "[[\"/usr\"]]" },
        { "v", "1" },      { "a(ss)", "[\"/usr\"]" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        autojson cJSON *value = cJSON_Parse(cases[i].text);
        sd_bus_message *m = new_message(*state);

        assert_true(bus_json_append(m, cases[i].signature, value) < 0);
        sd_bus_message_unref(m);
    }
}

static void a_variant_is_read_as_what_is_in_it(void **state)
{
    sd_bus_message *m = new_message(*state);
    cJSON *back = NULL;

    assert_return_code(sd_bus_message_append(m, "v", "as", 2, "a", "b"), 0);
    assert_return_code(sd_bus_message_seal(m, 1, 0), 0);
    assert_return_code(sd_bus_message_rewind(m, true), 0);
    assert_return_code(bus_json_read(m, &back), 0);
    assert_int_equal(cJSON_GetArraySize(back), 2);
    cJSON_Delete(back);
    sd_bus_message_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_come_back_as_they_went, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_of_another_type_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_variant_is_read_as_what_is_in_it, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
