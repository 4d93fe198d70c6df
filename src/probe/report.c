#include "probe/report.h"

#include "base/mem.h"

#include <assert.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

const char *const check_result_names[] = {
    [CHECK_PASS] = "pass",
    [CHECK_FAIL] = "fail",
    [CHECK_UNPROVEN] = "unproven",
    [CHECK_SKIPPED] = "skipped",
};
static_assert(N_ELEMENTS(check_result_names) == CHECK_RESULT_COUNT, "name every result");

/* Some of what is shown came from the sandbox: no control characters, no broken UTF-8. */
static void make_printable(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
            *s = '?';
}

void report_add(struct verify_report *r, const struct check *c)
{
    struct check *grown, *mine;

    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 64;

        grown = realloc(r->checks, cap * sizeof *grown);
        if (!grown) {
            r->failed = -ENOMEM;
            return;
        }
        r->checks = grown;
        r->cap = cap;
    }
    mine = &r->checks[r->count++];
    *mine = *c;
    make_printable(mine->name);
    make_printable(mine->tried);
    make_printable(mine->expected);
    make_printable(mine->got);
    make_printable(mine->control);
    r->results[c->result]++;
}

void report_addf(struct verify_report *r, enum check_result result, const char *name,
                 const char *tried, const char *expected, const char *got_fmt, ...)
{
    struct check c = { .result = result };
    va_list ap;

    snprintf(c.name, sizeof c.name, "%s", name);
    snprintf(c.tried, sizeof c.tried, "%s", tried);
    snprintf(c.expected, sizeof c.expected, "%s", expected);
    va_start(ap, got_fmt);
    vsnprintf(c.got, sizeof c.got, got_fmt, ap);
    va_end(ap);
    report_add(r, &c);
}

bool report_green(const struct verify_report *r)
{
    return !r->failed && r->results[CHECK_PASS] > 0 && r->results[CHECK_FAIL] == 0 &&
           r->results[CHECK_UNPROVEN] == 0;
}

void report_done(struct verify_report *r)
{
    free(r->checks);
    *r = (struct verify_report){ 0 };
}

/* -- JSON -- */

static cJSON *check_json(const struct check *c)
{
    const struct {
        const char *key, *value;
    } members[] = {
        { "name", c->name },   { "result", check_result_names[c->result] },
        { "tried", c->tried }, { "expected", c->expected },
        { "got", c->got },     { "control", c->control },
    };
    autojson cJSON *j = cJSON_CreateObject();

    for (size_t i = 0; i < N_ELEMENTS(members); i++)
        if (!cJSON_AddStringToObject(j, members[i].key, members[i].value))
            return NULL;
    return mem_take(&j);
}

cJSON *report_json(const struct verify_report *r)
{
    autojson cJSON *j = cJSON_CreateObject();
    cJSON *checks;

    if (!cJSON_AddStringToObject(j, "schema", "defenseclaw.verify/1") ||
        !cJSON_AddStringToObject(j, "instance", r->instance) ||
        !cJSON_AddStringToObject(j, "result", report_green(r) ? "green" : "red"))
        return NULL;
    checks = cJSON_AddArrayToObject(j, "checks");
    for (size_t i = 0; checks && i < r->count; i++)
        if (!cJSON_AddItemToArray(checks, check_json(&r->checks[i])))
            return NULL;
    return checks ? mem_take(&j) : NULL;
}

/* -- for a person -- */

static const char *const marks[CHECK_RESULT_COUNT] = { "ok", "FAIL", "UNPROVEN", "skipped" };
static const char *const colours[CHECK_RESULT_COUNT] = { "\033[32m", "\033[31m", "\033[33m", "" };

static void print_check(const struct check *c, FILE *out, bool colour)
{
    fprintf(out, "%s%-8s%s  %s: %s\n", colour ? colours[c->result] : "", marks[c->result],
            colour && colours[c->result][0] ? "\033[0m" : "", c->name, c->got);
    if (c->result != CHECK_FAIL && c->result != CHECK_UNPROVEN)
        return;
    fprintf(out, "          tried:    %s\n          expected: %s\n", c->tried, c->expected);
    if (c->control[0])
        fprintf(out, "          control:  %s\n", c->control);
}

/* How many checks from i on passed in the same words about things of one step ("policy: PATH"). */
static size_t alike(const struct verify_report *r, size_t i)
{
    const struct check *first = &r->checks[i];
    size_t n = 1, step = strcspn(first->name, ":");

    if (first->result != CHECK_PASS)
        return 1;
    for (; i + n < r->count; n++) {
        const struct check *c = &r->checks[i + n];

        if (c->result != CHECK_PASS || strcmp(c->got, first->got) != 0 || !first->name[step] ||
            strncmp(c->name, first->name, step + 1) != 0)
            break;
    }
    return n;
}

void report_print(const struct verify_report *r, FILE *out, bool colour)
{
    size_t n;

    for (size_t i = 0; i < r->count; i += n) {
        struct check c = r->checks[i];

        n = alike(r, i);
        if (n > 1)
            snprintf(c.name + strcspn(c.name, ":"), 32, ": %zu things", n);
        print_check(&c, out, colour);
    }
    fprintf(out, "%s: %s (%u passed, %u failed, %u unproven, %u skipped)\n", r->instance,
            report_green(r) ? "green" : "RED", r->results[CHECK_PASS], r->results[CHECK_FAIL],
            r->results[CHECK_UNPROVEN], r->results[CHECK_SKIPPED]);
}

/* -- JUnit -- */

static void xml_text(FILE *out, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*s, out);
        }
}

static void xml_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    xml_text(out, value);
    fputc('"', out);
}

static void xml_check(FILE *out, const struct verify_report *r, const struct check *c)
{
    fputs("  <testcase", out);
    xml_attribute(out, "classname", r->instance);
    xml_attribute(out, "name", c->name);
    fputs(">\n", out);
    if (c->result == CHECK_SKIPPED) {
        fputs("    <skipped", out);
        xml_attribute(out, "message", c->got);
        fputs("/>\n", out);
    } else if (c->result != CHECK_PASS) {
        fputs("    <failure", out);
        xml_attribute(out, "type", check_result_names[c->result]);
        xml_attribute(out, "message", c->got);
        fputs(">tried: ", out);
        xml_text(out, c->tried);
        fputs("\nexpected: ", out);
        xml_text(out, c->expected);
        fputs("\ncontrol: ", out);
        xml_text(out, c->control);
        fputs("</failure>\n", out);
    }
    fputs("  </testcase>\n", out);
}

int report_junit(const struct verify_report *r, const char *path)
{
    autofile FILE *out = fopen(path, "we");

    if (!out)
        return -errno;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"defenseclaw sandbox "
            "verify\" tests=\"%zu\" failures=\"%u\" errors=\"%d\" skipped=\"%u\">\n",
            r->count, r->results[CHECK_FAIL] + r->results[CHECK_UNPROVEN], r->failed ? 1 : 0,
            r->results[CHECK_SKIPPED]);
    for (size_t i = 0; i < r->count; i++)
        xml_check(out, r, &r->checks[i]);
    fputs("</testsuite>\n", out);
    return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
