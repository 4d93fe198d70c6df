#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json5.h"
#include "base/mem.h"

#include <string.h>

static int parse(const char *text, struct err *e)
{
    autojson5 struct json5 d = { 0 };

    return json5_parse("t", text, strlen(text), &d, e);
}

static void reads_what_json5_allows(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "null",
        "  true // end",
        "/* a */ 1 /* b */",
        "\xef\xbb\xbf{a: 1}",
        "{a:1,}",
        "[1,2,]",
        "{'a': \"b\", \"c\": 'd'}",
        "{$_x9: 1, \\u0061b: 2, \xc3\xa4: 3}",
        "[+1, -1, .5, 5., 0x1F, -0XaB, 1e3, 1E-3, Infinity, -Infinity, NaN, +NaN, 0]",
        "['it\\'s', \"a\\\nb\", 'a\\\r\nb', '\\x41\\u0041\\0\\v\\q']",
        "'\xe2\x80\xa8'",
        "\xc2\xa0\xe3\x80\x80{}\f\v",
        "{a:1}\r\n",
        "{\"a\":12345678901234567890123}",
        "// only\r[1]",
        "// to the separator\xe2\x80\xa8[]",
        "{null: 1, true: 2, Infinity: 3}",
        "{a:1 /*,*/, /*x*/ b:2}",
        "\"\\ud83d\\ude00 \\ud800\"",
        "{'': 1, a: {}}",
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
        struct err e = { 0 };

        if (parse(texts[i], &e) != 0)
            fail_msg("%s: %s", texts[i], e.text);
    }
}

static void refuses_the_rest_naming_the_line(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        { "", "line 1: not a value" },
        { "// nothing", "line 1: not a value" },
        { "{", "line 1: an object has no end" },
        { "{a:1\n\n", "line 3: an object has no end" },
        { "[1", "line 1: a list has no end" },
        { "{a 1}", "line 1: a colon was expected" },
        { "{a:1 b:2}", "line 1: a comma was expected" },
        { "{,}", "line 1: a key was expected" },
        { "[,]", "line 1: not a value" },
        { "[1,,2]", "line 1: not a value" },
        { "{1a:2}", "line 1: a key was expected" },
        { "{a-b:2}", "line 1: a colon was expected" },
        { "{\n a: 'x\n}", "line 2: a string has no end" },
        { "\"abc", "line 1: a string has no end" },
        { "/* x", "line 1: a comment has no end" },
        { "'\\1'", "line 1: a bad escape" },
        { "'\\01'", "line 1: a bad escape" },
        { "'\\x4'", "line 1: a bad escape" },
        { "'\\u12'", "line 1: a bad escape" },
        { "01", "line 1: a number begins with 0" },
        { "1e", "line 1: a number's exponent has no digits" },
        { "0x", "line 1: a number has no digits" },
        { ".", "line 1: not a value" },
        { "+", "line 1: not a value" },
        { "- 1", "line 1: not a value" },
        { "1a", "line 1: not a value" },
        { "nullx", "line 1: not a value" },
        { "undefined", "line 1: not a value" },
        { "{} {}", "line 1: something stands behind the value" },
        { "{}\r\n\r\nx", "line 3: something stands behind the value" },
        { "{a:1}\n\xff", "line 2: not UTF-8" },
        { "{a:`x`}", "line 1: not a value" },
        { "#!x\n{}", "line 1: not a value" },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct err e = { 0 };

        if (parse(cases[i].text, &e) != -EINVAL)
            fail_msg("accepted: %s", cases[i].text);
        if (strcmp(e.text + strlen("t: "), cases[i].why) != 0)
            fail_msg("%s: %s, not %s", cases[i].text, e.text, cases[i].why);
        assert_int_equal(e.status, EXIT_USAGE);
    }
}

static void refuses_a_nul_wherever_it_stands(void **state)
{
    static const char texts[][8] = { "{a:'\0'}", "{} //\0 ", "\0      " };
    struct err e = { 0 };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
        autojson5 struct json5 d = { 0 };

        assert_int_equal(json5_parse("t", texts[i], 7, &d, &e), -EINVAL);
        assert_string_equal(e.text, "t: line 1: a NUL byte");
    }
}

static int parse_repeated(const char *unit, size_t count, struct err *e)
{
    autobuf struct buf b = { 0 };
    autojson5 struct json5 d = { 0 };

    for (size_t i = 0; i < count; i++)
        buf_puts(&b, unit);
    assert_int_equal(b.failed, 0);
    return json5_parse("t", buf_str(&b), b.len, &d, e);
}

static void refuses_what_would_cost_too_much(void **state)
{
    struct err e = { 0 };

    (void)state;
    assert_int_equal(parse_repeated("[", JSON5_DEPTH_MAX + 1, &e), -EINVAL);
    assert_string_equal(e.text, "t: line 1: nested too deeply");
    assert_int_equal(parse_repeated(" ", JSON5_SIZE_MAX + 1, &e), -EINVAL);
    assert_string_equal(e.text, "t: larger than 4 MiB");
    assert_int_equal(parse_repeated("[0,0,0,0,0,0,0,0],", 1, &e), -EINVAL);
    {
        autobuf struct buf b = { 0 };
        autojson5 struct json5 d = { 0 };

        buf_puts(&b, "[");
        for (size_t i = 0; i <= JSON5_NODES_MAX; i++)
            buf_puts(&b, "0,");
        buf_puts(&b, "]");
        assert_int_equal(json5_parse("t", buf_str(&b), b.len, &d, &e), -EINVAL);
        assert_string_equal(e.text, "t: line 1: too many values");
    }
}

static void knows_equal_values_however_written(void **state)
{
    static const char *const equal[][2] = {
        { "'a'", "\"a\"" },
        { "'\\x41\\u0042'", "\"AB\"" },
        { "'a\\\nb'", "'ab'" },
        { "1", "1.0" },
        { "0x10", "16" },
        { "1e3", "+1000" },
        { "true", " true " },
        { "{a:1,'b':2}", "{\"b\":2,\"a\":1,}" },
        { "[1,[2]]", "[1, [2,],]" },
        { "null", "null" },
        { "{\\u0061:1}", "{a:1}" },
        { "'\\ud83d\\ude00'", "'\xf0\x9f\x98\x80'" },
        { "NaN", "NaN" },
        { "'\\0'", "'\\u0000'" },
        { "12345678901234567890", "12345678901234567890" },
    };
    static const char *const different[][2] = {
        { "'a'", "'A'" },
        { "1", "'1'" },
        { "true", "false" },
        { "[1]", "[1,2]" },
        { "{a:1}", "{a:1,b:2}" },
        { "{a:1,a:1}", "{a:1,b:1}" },
        { "{a:1,a:1}", "{a:1,a:1}" },
        { "null", "false" },
        { "1", "1.5" },
        { "'a\\0b'", "'a'" },
        { "[1,2]", "[2,1]" },
        { "1", "x" },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(equal); i++)
        if (!json5_text_equal(equal[i][0], strlen(equal[i][0]), equal[i][1], strlen(equal[i][1])))
            fail_msg("%s and %s differ", equal[i][0], equal[i][1]);
    for (size_t i = 0; i < N_ELEMENTS(different); i++)
        if (json5_text_equal(different[i][0], strlen(different[i][0]), different[i][1],
                             strlen(different[i][1])))
            fail_msg("%s and %s are equal", different[i][0], different[i][1]);
}

static void names_both_lines_of_a_key_that_stands_twice(void **state)
{
    static const char text[] = "{\n  a: {\n    b: 1,\n    c: 2,\n    'b': 3\n  },\n}\n";
    static const char *const keys[] = { "a", "b" };
    autojson5 struct json5 d = { 0 };
    const struct json5_node *n;
    struct err e = { 0 };

    (void)state;
    assert_int_equal(json5_parse("t", text, strlen(text), &d, &e), 0);
    assert_int_equal(json5_find(&d, (struct json5_path){ keys, 2 }, &n, NULL, &e), -EEXIST);
    assert_string_equal(e.text, "t: key a.b stands twice, in lines 3 and 5");
    assert_int_equal(e.status, EXIT_USAGE);
}

static void says_which_parent_is_no_object(void **state)
{
    static const char text[] = "{\n  a: [1]\n}\n";
    static const char *const keys[] = { "a", "b" };
    autobuf struct buf out = { 0 };
    struct err e = { 0 };

    (void)state;
    assert_int_equal(
        json5_set("t", text, strlen(text), (struct json5_path){ keys, 2 }, "1", &out, &e),
        -ENOTDIR);
    assert_string_equal(e.text, "t: line 2: a is not an object");
}

/* "a.b.c" as a path. */
static struct json5_path path_of(char *dotted, const char *keys[8])
{
    struct json5_path path = { .keys = keys };

    for (char *save = NULL, *p = strtok_r(dotted, ".", &save); p; p = strtok_r(NULL, ".", &save))
        keys[path.depth++] = p;
    return path;
}

struct pair {
    const char *before, *path, *value, *after;
};

static const struct pair sets[] = {
    /* replacing touches the value only */
    { "{a:1}", "a", "2", "{a:2}" },
    { "{ 'a' : 1 , b:2 } // x", "a", "2", "{ 'a' : 2 , b:2 } // x" },
    { "{\r\n\ta: [1, // one\r\n\t\t2],\r\n}", "a", "{}", "{\r\n\ta: {},\r\n}" },
    { "{\"a\":{\"b\":12345678901234567890,\"c\":0}}", "a.c", "1",
      "{\"a\":{\"b\":12345678901234567890,\"c\":1}}" },
    { "{\\u0061: 1}", "a", "2", "{\\u0061: 2}" },
    /* one line stays one line */
    { "{}", "a", "1", "{\"a\":1}" },
    { "{ }", "a", "1", "{ \"a\":1 }" },
    { "{\"a\":1}", "b", "2", "{\"a\":1,\"b\":2}" },
    { "{\"a\": 1, \"b\": 2}", "c", "3", "{\"a\": 1, \"b\": 2, \"c\": 3}" },
    { "{ a: 1 }", "b", "2", "{ a: 1, \"b\": 2 }" },
    { "{a:1,}", "b", "2", "{a:1,\"b\":2,}" },
    { "{a:1 /* one */}", "b", "2", "{a:1, /* one */\"b\":2}" },
    { "{}", "a.b.c", "1", "{\"a\":{\"b\":{\"c\":1}}}" },
    { "{ x: 1 }", "a.b", "1", "{ x: 1, \"a\": { \"b\": 1 } }" },
    { "\xef\xbb\xbf{}", "a", "1", "\xef\xbb\xbf{\"a\":1}" },
    /* lines stay lines, with the text's own indentation and newline */
    { "{\n}\n", "a", "1", "{\n  \"a\": 1\n}\n" },
    { "{\n  \"a\": 1\n}\n", "b", "2", "{\n  \"a\": 1,\n  \"b\": 2\n}\n" },
    { "{\n\t\"a\": 1\n}\n", "b.c", "2", "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": 2\n\t}\n}\n" },
    { "{\r\n    a: 1,\r\n}\r\n", "b.c", "2",
      "{\r\n    a: 1,\r\n    \"b\": {\r\n        \"c\": 2\r\n    },\r\n}\r\n" },
    { "{\n  a: 1 // one\n}\n", "b", "2", "{\n  a: 1, // one\n  \"b\": 2\n}\n" },
    { "{\n  a: 1\n  // the end\n}\n", "b", "2", "{\n  a: 1,\n  // the end\n  \"b\": 2\n}\n" },
    { "{\n  a: 1, /* x\n y */\n}\n", "b", "2", "{\n  a: 1, /* x\n y */\n  \"b\": 2,\n}\n" },
    { "{\n  a: {}\n}\n", "a.b", "2", "{\n  a: {\n    \"b\": 2\n  }\n}\n" },
    { "{\n  a: { b: 1 }\n}\n", "a.c", "2", "{\n  a: { b: 1, \"c\": 2 }\n}\n" },
    { "{\n  a: {\n    // none\n  }\n}\n", "a.b", "2",
      "{\n  a: {\n    // none\n    \"b\": 2\n  }\n}\n" },
    { "{a: {\n b: 1\n}}", "c", "2", "{a: {\n b: 1\n}, \"c\": 2}" },
    { "{\n\"a\": 1\n}", "b.c", "2", "{\n\"a\": 1,\n\"b\": {\n\"c\": 2\n}\n}" },
    { "{\n  a: 1 }", "b", "2", "{\n  a: 1,\n  \"b\": 2 }" },
    { "\xef\xbb\xbf{\r\n  a: 1\r\n}", "b", "2", "\xef\xbb\xbf{\r\n  a: 1,\r\n  \"b\": 2\r\n}" },
    { "{\r  a: 1\r}\r", "b", "2", "{\r  a: 1,\r  \"b\": 2\r}\r" },
    { "// top\n{\n  a: 1\n}\n// end", "b", "2", "// top\n{\n  a: 1,\n  \"b\": 2\n}\n// end" },
    { "{\n  a:\n  {\n    b: 1\n  }\n}", "a.c", "2",
      "{\n  a:\n  {\n    b: 1,\n    \"c\": 2\n  }\n}" },
    { "{\n  a:1,\n  b:2\n}", "c", "3", "{\n  a:1,\n  b:2,\n  \"c\":3\n}" },
    { "{ // c\n}", "a", "1", "{ // c\n  \"a\": 1\n}" },
    { "{\n  \"$include\": \"./b.json5\",\n  a: 1\n}", "b", "2",
      "{\n  \"$include\": \"./b.json5\",\n  a: 1,\n  \"b\": 2\n}" },
};

static void sets_a_value_and_keeps_every_other_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(sets); i++) {
        autofree char *dotted = strdup(sets[i].path);
        const char *keys[8];
        struct json5_path path = path_of(dotted, keys);
        autobuf struct buf out = { 0 };
        struct err e = { 0 };

        if (json5_set("t", sets[i].before, strlen(sets[i].before), path, sets[i].value, &out, &e) !=
            0)
            fail_msg("%s: %s", sets[i].before, e.text);
        if (strcmp(buf_str(&out), sets[i].after) != 0)
            fail_msg("%s\ngave\n%s\nnot\n%s", sets[i].before, buf_str(&out), sets[i].after);
    }
}

/* What was missing and is put in can be taken out again without a trace: `{ }` is the one text that
 * doesn't come back. */
static void removing_what_was_set_gives_the_same_bytes(void **state)
{
    size_t tried = 0;

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(sets); i++) {
        autofree char *dotted = strdup(sets[i].path);
        const char *keys[8];
        struct json5_path path = path_of(dotted, keys);
        autojson5 struct json5 d = { 0 };
        const struct json5_node *n;
        autobuf struct buf out = { 0 };
        struct err e = { 0 };
        size_t found;

        assert_int_equal(json5_parse("t", sets[i].before, strlen(sets[i].before), &d, &e), 0);
        if (json5_find(&d, path, &n, &found, &e) == 0 || strcmp(sets[i].before, "{ }") == 0)
            continue;
        if (strcmp(sets[i].before, "{\n}\n") ==
            0) /* becomes {} : nothing is left to hold lines for */
            continue;
        tried++;
        if (json5_remove("t", sets[i].after, strlen(sets[i].after), path, found, &out, &e) != 0)
            fail_msg("%s: %s", sets[i].after, e.text);
        if (strcmp(buf_str(&out), sets[i].before) != 0)
            fail_msg("%s\ngave\n%s\nnot\n%s", sets[i].after, buf_str(&out), sets[i].before);
    }
    assert_true(tried > 20);
}

static const struct pair removals[] = {
    { "{a:1,b:2,c:3}", "b", NULL, "{a:1,c:3}" },
    { "{a:1, b:2, c:3}", "a", NULL, "{b:2, c:3}" },
    { "{a:1, b:2, c:3}", "c", NULL, "{a:1, b:2}" },
    { "{a:1, b:2,}", "b", NULL, "{a:1,}" },
    { "{ a: 1 }", "a", NULL, "{}" },
    { "{\n  a: 1,\n  b: 2, // theirs\n  c: 3\n}", "b", NULL, "{\n  a: 1,\n  // theirs\n  c: 3\n}" },
    { "{\n  a: 1, // one\n  b: 2\n}", "b", NULL, "{\n  a: 1 // one\n}" },
    { "{\n  // before\n  a: 1 }", "a", NULL, "{\n  // before\n  }" },
    { "{a: 1, // before\n  b: 1 }", "b", NULL, "{a: 1 // before\n  }" },
    { "{\n  // before\n  a: 1\n}", "a", NULL, "{\n  // before\n}" },
    { "{\n  a: 1,\n\n  b: 2\n}", "b", NULL, "{\n  a: 1\n\n}" },
    { "{\n  a: { b: { c: 1 } },\n  d: 2\n}", "a.b.c", NULL, "{\n  d: 2\n}" },
    { "{\n  a: { b: { /* mine */ c: 1 } }\n}", "a.b.c", NULL, "{\n  a: { b: { /* mine */ } }\n}" },
    { "{a:1, /* x */ b:2}", "b", NULL, "{a:1 /* x */}" },
    { "{\r\n  a: 1,\r\n  b: 2\r\n}\r\n", "a", NULL, "{\r\n  b: 2\r\n}\r\n" },
};

static void removes_a_member_with_the_parents_it_leaves_empty(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(removals); i++) {
        autofree char *dotted = strdup(removals[i].path);
        const char *keys[8];
        struct json5_path path = path_of(dotted, keys);
        autobuf struct buf out = { 0 };
        struct err e = { 0 };

        if (json5_remove("t", removals[i].before, strlen(removals[i].before), path, 0, &out, &e) !=
            0)
            fail_msg("%s: %s", removals[i].before, e.text);
        if (strcmp(buf_str(&out), removals[i].after) != 0)
            fail_msg("%s\ngave\n%s\nnot\n%s", removals[i].before, buf_str(&out), removals[i].after);
    }
}

static const struct pair additions[] = {
    { "{}", "p", "\"x\"", "{\"p\":[\"x\"]}" },
    { "{\n  p: []\n}", "p", "\"x\"", "{\n  p: [\n    \"x\"\n  ]\n}" },
    { "{\n  a: { b: 1 }\n}", "a.p", "\"x\"", "{\n  a: { b: 1, \"p\": [\"x\"] }\n}" },
    { "{\n  a: [\n  ]\n}", "a", "1", "{\n  a: [\n    1\n  ]\n}" },
    { "{\n}", "a.p", "\"x\"", "{\n  \"a\": {\n    \"p\": [\n      \"x\"\n    ]\n  }\n}" },
    { "{p: ['a', 'b']}", "p", "\"x\"", "{p: ['a', 'b', \"x\"]}" },
    { "{p: ['a','x']}", "p", "\"x\"", "{p: ['a','x']}" },
    { "{\n  p: [\n    'a', // first\n  ],\n}", "p", "\"x\"",
      "{\n  p: [\n    'a', // first\n    \"x\",\n  ],\n}" },
    { "{p:[1,{a:2}]}", "p", "{\"a\":2}", "{p:[1,{a:2}]}" },
};

static void adds_an_entry_to_a_list_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(additions); i++) {
        autofree char *dotted = strdup(additions[i].path);
        const char *keys[8];
        struct json5_path path = path_of(dotted, keys);
        autobuf struct buf out = { 0 };
        struct err e = { 0 };

        if (json5_array_add("t", additions[i].before, strlen(additions[i].before), path,
                            additions[i].value, &out, &e) != 0)
            fail_msg("%s: %s", additions[i].before, e.text);
        if (strcmp(buf_str(&out), additions[i].after) != 0)
            fail_msg("%s\ngave\n%s\nnot\n%s", additions[i].before, buf_str(&out),
                     additions[i].after);
    }
}

static const struct pair withdrawals[] = {
    { "{p:['a','x']}", "p", "\"x\"", "{p:['a']}" },
    { "{p:['x','a',\"x\"]}", "p", "\"x\"", "{p:['a']}" },
    { "{p:['x']}", "p", "\"x\"", "{p:[]}" },
    { "{\n  p: [\n    'a', // first\n    \"x\",\n  ],\n}", "p", "\"x\"",
      "{\n  p: [\n    'a', // first\n  ],\n}" },
    { "{\n  p: [\n    \"x\"\n  ]\n}", "p", "\"x\"", "{\n  p: []\n}" },
};

static void takes_entries_out_of_a_list_by_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(withdrawals); i++) {
        autofree char *dotted = strdup(withdrawals[i].path);
        const char *keys[8];
        struct json5_path path = path_of(dotted, keys);
        autobuf struct buf out = { 0 };
        struct err e = { 0 };

        if (json5_array_remove("t", withdrawals[i].before, strlen(withdrawals[i].before), path,
                               withdrawals[i].value, &out, &e) != 0)
            fail_msg("%s: %s", withdrawals[i].before, e.text);
        if (strcmp(buf_str(&out), withdrawals[i].after) != 0)
            fail_msg("%s\ngave\n%s\nnot\n%s", withdrawals[i].before, buf_str(&out),
                     withdrawals[i].after);
    }
}

static void says_when_a_list_or_entry_is_not_there(void **state)
{
    static const char *const keys[] = { "p" };
    struct json5_path path = { keys, 1 };
    autobuf struct buf out = { 0 }, many = { 0 };
    struct err e = { 0 };

    (void)state;
    assert_int_equal(json5_array_remove("t", "{p:[1]}", 7, path, "2", &out, &e), -ENOENT);
    assert_int_equal(json5_array_remove("t", "{}", 2, path, "2", &out, &e), -ENOENT);
    buf_puts(&many, "{p:[1");
    for (int i = 0; i < JSON5_EQUAL_MAX; i++)
        buf_puts(&many, ",2");
    buf_puts(&many, "]}");
    assert_int_equal(json5_array_remove("t", buf_str(&many), many.len, path, "2", &out, &e), 0);
    assert_string_equal(buf_str(&out), "{p:[1]}");
    many.len -= 2;
    buf_puts(&many, ",2]}");
    buf_done(&out);
    assert_int_equal(json5_array_remove("t", buf_str(&many), many.len, path, "2", &out, &e),
                     -E2BIG);
    assert_int_equal(json5_array_add("t", "{p:1}", 5, path, "2", &out, &e), -ENOTDIR);
    assert_string_equal(e.text, "t: line 1: a list was expected");
    assert_int_equal(json5_remove("t", "{}", 2, path, 0, &out, &e), -ENOENT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_json5_allows),
        cmocka_unit_test(refuses_the_rest_naming_the_line),
        cmocka_unit_test(refuses_a_nul_wherever_it_stands),
        cmocka_unit_test(refuses_what_would_cost_too_much),
        cmocka_unit_test(knows_equal_values_however_written),
        cmocka_unit_test(names_both_lines_of_a_key_that_stands_twice),
        cmocka_unit_test(says_which_parent_is_no_object),
        cmocka_unit_test(sets_a_value_and_keeps_every_other_byte),
        cmocka_unit_test(removing_what_was_set_gives_the_same_bytes),
        cmocka_unit_test(removes_a_member_with_the_parents_it_leaves_empty),
        cmocka_unit_test(adds_an_entry_to_a_list_once),
        cmocka_unit_test(takes_entries_out_of_a_list_by_value),
        cmocka_unit_test(says_when_a_list_or_entry_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
