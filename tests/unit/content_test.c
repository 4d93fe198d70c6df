/* What overlays/ ships: every rule against its own examples, every template against the code that
 * reads it. Runs from the top of the tree. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "policy/doc.h"
#include "policy/policy.h"
#include "setup/templates.h"

#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <pcre2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define RULES "overlays/policy/common/guardrail/rules"

static const char *const packs[] = {
    "c2",      "cognitive",       "commands",      "enterprise-data", "local-patterns",
    "secrets", "sensitive-paths", "trust-exploit",
};
static const char *const templates[] = { "strict", "default", "permissive" };
static const char *const severities[] = { "LOW", "MEDIUM", "HIGH", "CRITICAL" };

static bool known(const char *word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (word && strcmp(word, list[i]) == 0)
            return true;
    return false;
}

/* Complaints are collected, so that one run shows them all. */
static int complaints;

#define complain(...) (print_error(__VA_ARGS__), print_error("\n"), complaints++)

static void expect_no_complaint(void)
{
    int n = complaints;

    complaints = 0;
    assert_int_equal(n, 0);
}

static void slurp(const char *path, struct buf *ret)
{
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fail_msg("%s: not there", path);
    assert_int_equal(buf_read_fd(ret, fd, 1 << 20), 0);
}

static struct doc *read_yaml(const char *path)
{
    autobuf struct buf text = { 0 };
    struct err e = { 0 };
    struct doc *d;

    slurp(path, &text);
    if (doc_read(path, text.data, text.len, &d, &e) < 0)
        fail_msg("%s", e.text);
    return d;
}

static const struct doc *get(const struct doc *map, const char *key)
{
    for (const struct doc *m = map->child; m; m = m->next)
        if (strcmp(m->key, key) == 0)
            return m;
    return NULL;
}

static const char *text_of(const struct doc *map, const char *key)
{
    const struct doc *d = get(map, key);

    return d && d->kind == DOC_TEXT ? d->text : NULL;
}

typedef void (*rule_fn)(const char *pack, const struct doc *rule, const char *id);

static size_t each_rule(rule_fn fn)
{
    size_t n = 0;

    for (size_t i = 0; i < N_ELEMENTS(packs); i++) {
        autofree char *path = NULL;
        struct doc *d;

        assert_true(asprintf(&path, RULES "/%s.yaml", packs[i]) > 0);
        d = read_yaml(path);
        assert_string_equal(text_of(d, "version"), "1");
        assert_string_equal(text_of(d, "category"), packs[i]);
        for (const struct doc *r = get(d, "rules")->child; r; r = r->next, n++)
            fn(packs[i], r, text_of(r, "id"));
        doc_free(d);
    }
    return n;
}

static pcre2_code *compile(const char *id, const char *pattern)
{
    int number;
    size_t offset;
    PCRE2_UCHAR why[160];
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &number,
                                     &offset, NULL);

    if (!code) {
        pcre2_get_error_message(number, why, sizeof why);
        complain("%s: %s at %zu", id, (char *)why, offset);
        return NULL;
    }
    if (pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0)
        fail_msg("%s: JIT can't compile it", id);
    return code;
}

static bool matches(const char *id, pcre2_code *code, const char *text)
{
    pcre2_match_data *md = pcre2_match_data_create_from_pattern(code, NULL);
    int r = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, md, NULL);

    pcre2_match_data_free(md);
    if (r < 0 && r != PCRE2_ERROR_NOMATCH)
        fail_msg("%s: error %d over: %s", id, r, text);
    return r > 0;
}

static void hold_against(const struct doc *rule, const char *id, const char *key, bool want)
{
    pcre2_code *code = compile(id, text_of(rule, "pattern"));

    for (const struct doc *x = code ? get(rule, key)->child : NULL; x; x = x->next)
        if (matches(id, code, x->text) != want)
            complain("%s: %s: %s", id, want ? "does not match" : "matches", x->text);
    pcre2_code_free(code);
}

static void check_shape(const char *pack, const struct doc *rule, const char *id)
{
    const struct doc *match = get(rule, "match"), *nomatch = get(rule, "nomatch");

    assert_non_null(id);
    if (!text_of(rule, "title") || !text_of(rule, "pattern"))
        fail_msg("%s: %s: title or pattern is missing", pack, id);
    if (!known(text_of(rule, "severity"), severities, N_ELEMENTS(severities)))
        fail_msg("%s: severity", id);
    if (!match || !match->child || !nomatch || !nomatch->child)
        fail_msg("%s: an example is missing", id);
}

static void every_rule_has_a_title_a_severity_and_examples_of_both_kinds(void **state)
{
    (void)state;
    assert_true(each_rule(check_shape) > 100);
}

static void check_match(const char *pack, const struct doc *rule, const char *id)
{
    (void)pack;
    hold_against(rule, id, "match", true);
}

static void every_rule_compiles_with_jit_and_matches_its_examples(void **state)
{
    (void)state;
    each_rule(check_match);
    expect_no_complaint();
}

static void check_nomatch(const char *pack, const struct doc *rule, const char *id)
{
    (void)pack;
    hold_against(rule, id, "nomatch", false);
}

static void no_rule_matches_its_counter_examples(void **state)
{
    (void)state;
    each_rule(check_nomatch);
    expect_no_complaint();
}

/* *, + or {n,} outside a class and not escaped: what a text of any length can make run on. */
static const char *unbounded(const char *p)
{
    bool in_class = false;

    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (in_class)
            in_class = *p != ']';
        else if (*p == '[') {
            in_class = true;
            p += p[1] == '^';
            p += p[1] == ']';
        } else if (*p == '*' || *p == '+')
            return p;
        else if (*p == '{') {
            size_t digits = strspn(p + 1, "0123456789");

            if (digits && strncmp(p + 1 + digits, ",}", 2) == 0)
                return p;
        }
    }
    return NULL;
}

static void check_bounds(const char *pack, const struct doc *rule, const char *id)
{
    const char *at = unbounded(text_of(rule, "pattern"));

    if (at)
        complain("%s: %s: repeats without bound at: %.20s", pack, id, at);
}

static void no_rule_repeats_without_bound(void **state)
{
    (void)state;
    assert_non_null(unbounded("a+"));
    assert_non_null(unbounded("(?:[a]){3,}"));
    assert_null(unbounded("[a+*]\\+{1,3}[]+]"));
    each_rule(check_bounds);
    expect_no_complaint();
}

/* Texts that make careless patterns try everything: long, and nearly a match everywhere. */
static const char *const dull[] = {
    "a",
    " ",
    "1234567890",
    "a.",
    "a-",
    "/../",
    "\"a\": \"",
    "<!-- assistant ",
    "curl -F ",
    "cat | ",
    "ignore all the your previous of ",
    "urgent send ",
    "user: a\n",
    "a@b.c,",
    "QUJDREVG+/",
    "eyJabcdefghijk.",
    "http://aaaa:",
    "abcdefg, ",
};

enum { DULL_SIZE = 64 * 1024, DULL_STEPS = 100000 };

/* The first of them over which the pattern needs too many steps, NULL when there is none. */
static const char *runs_away_over(const char *id, const char *pattern)
{
    pcre2_code *code = compile(id, pattern);
    pcre2_match_data *md = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    char *text = malloc(DULL_SIZE);
    const char *found = NULL;

    pcre2_set_match_limit(limits, DULL_STEPS);
    for (size_t i = 0; i < N_ELEMENTS(dull) && !found; i++) {
        size_t len = strlen(dull[i]), whole = DULL_SIZE / len * len;

        for (size_t at = 0; at < whole; at += len)
            memcpy(text + at, dull[i], len);
        if (pcre2_match(code, (PCRE2_SPTR)text, whole, 0, 0, md, limits) < PCRE2_ERROR_NOMATCH)
            found = dull[i];
    }
    free(text);
    pcre2_match_context_free(limits);
    pcre2_match_data_free(md);
    pcre2_code_free(code);
    return found;
}

static void check_dull(const char *pack, const struct doc *rule, const char *id)
{
    const char *found = runs_away_over(id, text_of(rule, "pattern"));

    if (found)
        complain("%s: %s: runs away over: %s", pack, id, found);
}

static void no_rule_runs_away_over_long_dull_texts(void **state)
{
    (void)state;
    assert_non_null(runs_away_over("a careless one", "(?:a|aa){1,60}[bc]"));
    each_rule(check_dull);
    expect_no_complaint();
}

static struct buf ids;

static void collect(const char *pack, const struct doc *rule, const char *id)
{
    autofree char *line = NULL;

    (void)rule;
    assert_true(asprintf(&line, "\n%s\n", id) > 0);
    if (strstr(buf_str(&ids), line))
        fail_msg("%s: %s stands twice", pack, id);
    buf_puts(&ids, line);
}

static bool id_fits(const char *pattern)
{
    autofree char *all = strdup(buf_str(&ids));
    pcre2_code *code = compile("finding_pattern", pattern);
    bool found = false;

    for (char *save = NULL, *id = strtok_r(all, "\n", &save); id && !found;
         id = strtok_r(NULL, "\n", &save))
        found = matches("finding_pattern", code, id);
    pcre2_code_free(code);
    return found;
}

static void ids_are_unique_and_suppressions_name_rules_that_exist(void **state)
{
    struct doc *d = read_yaml("overlays/policy/common/guardrail/suppressions.yaml");

    (void)state;
    each_rule(collect);
    for (const struct doc *s = get(d, "finding_suppressions")->child; s; s = s->next) {
        if (!id_fits(text_of(s, "finding_pattern")))
            fail_msg("%s: no such rule", text_of(s, "id"));
        pcre2_code_free(compile(text_of(s, "id"), text_of(s, "entity_pattern")));
        assert_non_null(text_of(s, "reason"));
    }
    for (const struct doc *s = get(d, "tool_suppressions")->child; s; s = s->next) {
        pcre2_code_free(compile("tool_pattern", text_of(s, "tool_pattern")));
        for (const struct doc *f = get(s, "suppress_findings")->child; f; f = f->next)
            if (!id_fits(f->text))
                fail_msg("tool_suppressions: %s: no such rule", f->text);
    }
    doc_free(d);
    buf_done(&ids);
}

static void sensitive_tools_have_names_and_yes_or_no(void **state)
{
    static const char *const words[] = { "true", "false" };
    struct doc *d = read_yaml("overlays/policy/common/guardrail/sensitive-tools.yaml");

    (void)state;
    for (const struct doc *t = get(d, "tools")->child; t; t = t->next) {
        assert_non_null(text_of(t, "name"));
        assert_true(known(text_of(t, "result_inspection"), words, 2));
        assert_true(known(text_of(t, "judge_result"), words, 2));
    }
    doc_free(d);
}

static void every_template_has_every_file_of_the_design(void **state)
{
    static const char *const modules[] = { "admission", "audit",   "firewall",
                                           "guardrail", "sandbox", "skill_actions" };
    static const char *const own[] = { "egress.yaml", "admission.yaml", "rego/data.json" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(modules); i++) {
        autofree char *path = NULL;

        assert_true(asprintf(&path, "overlays/policy/common/rego/%s.rego", modules[i]) > 0);
        assert_int_equal(access(path, R_OK), 0);
    }
    for (size_t i = 0; i < N_ELEMENTS(templates) * N_ELEMENTS(own); i++) {
        autofree char *path = NULL;

        assert_true(asprintf(&path, "overlays/policy/%s/%s", templates[i / 3], own[i % 3]) > 0);
        assert_int_equal(access(path, R_OK), 0);
    }
}

static void data_json_is_strict_and_names_its_template(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(templates); i++) {
        autofree char *path = NULL;
        autobuf struct buf text = { 0 };
        autojson cJSON *j = NULL;
        struct err e = { 0 };

        assert_true(asprintf(&path, "overlays/policy/%s/rego/data.json", templates[i]) > 0);
        slurp(path, &text);
        if (json_parse(path, text.data, text.len, &j, &e) < 0)
            fail_msg("%s", e.text);
        assert_string_equal(json_str(j, "template"), templates[i]);
    }
}

/* As setup does it: the variable is filled, or its entry left out. */
static struct egress_policy *load_template(const char *template, const char *registry)
{
    autofree char *path = NULL, *filled = NULL;
    autobuf struct buf text = { 0 };
    struct egress_policy *p = NULL;
    struct err e = { 0 };

    assert_true(asprintf(&path, "overlays/policy/%s/egress.yaml", template) > 0);
    slurp(path, &text);
    filled = egress_fill(buf_str(&text), registry);
    assert_non_null(filled);
    if (policy_load(path, filled, strlen(filled), &p, &e) < 0)
        fail_msg("%s", e.text);
    return p;
}

static bool lets_out(const char *template, const char *host, uint16_t port)
{
    struct egress_policy *p = load_template(template, "https://registry.example.test/");
    struct hostname name;
    struct policy_request q = { .host = &name, .port = port };
    struct policy_answer a;

    assert_int_equal(hostname_parse(host, strlen(host), &name), 0);
    policy_decide(p, &q, &a);
    policy_free(p);
    return a.allowed;
}

static void strict_lets_nothing_out(void **state)
{
    struct egress_policy *p = load_template("strict", "");

    (void)state;
    assert_int_equal(policy_count(p), 0);
    policy_free(p);
    assert_false(lets_out("strict", "api.telegram.org", 443));
    assert_false(lets_out("strict", "registry.example.test", 443));
}

static void default_lets_out_channels_the_registry_and_openclaw_but_no_provider(void **state)
{
    (void)state;
    assert_true(lets_out("default", "api.telegram.org", 443));
    assert_true(lets_out("default", "wss-primary.slack.com", 443));
    assert_true(lets_out("default", "gateway.discord.gg", 443));
    assert_true(lets_out("default", "registry.example.test", 443));
    assert_true(lets_out("default", "openclaw.ai", 443));
    assert_false(lets_out("default", "api.telegram.org", 80));
    assert_false(lets_out("default", "api.anthropic.com", 443));
    assert_false(lets_out("default", "github.com", 443));
    assert_false(lets_out("default", "slack.com.example.test", 443));
}

static void permissive_adds_providers_and_developer_hosts_but_not_the_world(void **state)
{
    (void)state;
    assert_true(lets_out("permissive", "api.telegram.org", 443));
    assert_true(lets_out("permissive", "registry.example.test", 443));
    assert_true(lets_out("permissive", "api.anthropic.com", 443));
    assert_true(lets_out("permissive", "bedrock-runtime.eu-west-1.amazonaws.com", 443));
    assert_true(lets_out("permissive", "github.com", 22));
    assert_false(lets_out("permissive", "s3.eu-west-1.amazonaws.com", 443));
    assert_false(lets_out("permissive", "example.org", 443));
    assert_false(lets_out("permissive", "169.254.169.254", 80));
}

static void a_machine_without_a_registry_has_one_entry_less(void **state)
{
    static const char *const with_registry[] = { "default", "permissive" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(with_registry); i++) {
        struct egress_policy *with = load_template(with_registry[i], "http://10.9.9.9:4873/npm");
        struct egress_policy *without = load_template(with_registry[i], "");

        assert_int_equal(policy_count(with), policy_count(without) + 1);
        policy_free(with);
        policy_free(without);
    }
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int line_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a + DIGEST_HEX_LEN, *(char *const *)b + DIGEST_HEX_LEN);
}

/* As `find . -type f | LC_ALL=C sort | xargs b2sum -l 256 | b2sum -l 256` in dir. */
static void tree_digest(const char *dir, char *out)
{
    char *const roots[] = { (char *)dir, NULL };
    char *lines[64];
    size_t n = 0;
    autobuf struct buf all = { 0 };
    FTS *walk = fts_open(roots, FTS_PHYSICAL, by_name);
    FTSENT *f;

    assert_non_null(walk);
    while ((f = fts_read(walk))) {
        autobuf struct buf text = { 0 };
        char hex[DIGEST_HEX_LEN + 1];

        if (f->fts_info != FTS_F)
            continue;
        slurp(f->fts_accpath, &text);
        digest_hex(text.data ? text.data : (uint8_t *)"", text.len, hex);
        assert_true(n < N_ELEMENTS(lines));
        assert_true(asprintf(&lines[n++], "%s  .%s\n", hex, f->fts_path + strlen(dir)) > 0);
    }
    fts_close(walk);
    qsort(lines, n, sizeof *lines, line_order);
    for (size_t i = 0; i < n; i++) {
        buf_puts(&all, lines[i]);
        free(lines[i]);
    }
    digest_hex(all.data, all.len, out);
}

static void the_admission_bundle_knows_our_skill_and_plugin_by_their_bytes(void **state)
{
    static const char *const parts[] = { "overlays/skill/codeguard",
                                         "overlays/plugin/defenseclaw" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(templates); i++) {
        autofree char *path = NULL;
        struct doc *d;
        size_t n = 0;

        assert_true(asprintf(&path, "overlays/policy/%s/admission.yaml", templates[i]) > 0);
        d = read_yaml(path);
        for (const struct doc *k = get(get(d, "admission"), "known")->child; k; k = k->next, n++) {
            char hex[DIGEST_HEX_LEN + 1];
            autofree char *want = NULL;

            assert_true(n < N_ELEMENTS(parts));
            tree_digest(parts[n], hex);
            assert_true(asprintf(&want, "blake2b-256:%s", hex) > 0);
            if (strcmp(text_of(k, "digest"), want) != 0)
                fail_msg("%s: %s is now %s", path, parts[n], want);
        }
        assert_int_equal(n, N_ELEMENTS(parts));
        doc_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_a_title_a_severity_and_examples_of_both_kinds),
        cmocka_unit_test(every_rule_compiles_with_jit_and_matches_its_examples),
        cmocka_unit_test(no_rule_matches_its_counter_examples),
        cmocka_unit_test(no_rule_repeats_without_bound),
        cmocka_unit_test(no_rule_runs_away_over_long_dull_texts),
        cmocka_unit_test(ids_are_unique_and_suppressions_name_rules_that_exist),
        cmocka_unit_test(sensitive_tools_have_names_and_yes_or_no),
        cmocka_unit_test(every_template_has_every_file_of_the_design),
        cmocka_unit_test(data_json_is_strict_and_names_its_template),
        cmocka_unit_test(strict_lets_nothing_out),
        cmocka_unit_test(default_lets_out_channels_the_registry_and_openclaw_but_no_provider),
        cmocka_unit_test(permissive_adds_providers_and_developer_hosts_but_not_the_world),
        cmocka_unit_test(a_machine_without_a_registry_has_one_entry_less),
        cmocka_unit_test(the_admission_bundle_knows_our_skill_and_plugin_by_their_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
