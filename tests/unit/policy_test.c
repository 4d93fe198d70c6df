/* The egress policy: what a file may say, and what it then allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "policy/pattern.h"
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#define FILE_NAME "egress.yaml"

static struct egress_policy *load(const char *yaml)
{
    struct egress_policy *p = NULL;
    struct err e = { 0 };
    int r = policy_load(FILE_NAME, yaml, strlen(yaml), &p, &e);

    if (r < 0)
        print_message("%s\n", e.text);
    assert_int_equal(r, 0);
    return p;
}

/* The table that the decisions below are made by. */
static const char table[] = "network_policies:\n"
                            "  exact:\n"
                            "    endpoints:\n"
                            "      - {host: Api.Example, ports: [443], tls: skip}\n"
                            "      - {host: multi.example, ports: [80, 8080]}\n"
                            "      - {host: single.example, port: 22}\n"
                            "  star:\n"
                            "    endpoints:\n"
                            "      - {host: '*.star.example', ports: [443]}\n"
                            "      - {host: 'api-*.part.example', ports: [443]}\n"
                            "  deep:\n"
                            "    endpoints:\n"
                            "      - {host: '**.deep.example', ports: [443]}\n"
                            "      - {host: 'a.**.mid.example', ports: [443]}\n"
                            "  literal:\n"
                            "    endpoints:\n"
                            "      - {host: 192.0.2.7, ports: [443]}\n"
                            "      - {host: '2001:DB8::1', ports: [443]}\n"
                            "  second:\n"
                            "    endpoints:\n"
                            "      - {host: api.example, ports: [443, 8443]}\n"
                            "  program:\n"
                            "    binaries: [{path: /**/node}]\n"
                            "    endpoints:\n"
                            "      - {host: program.example, ports: [443]}\n"
                            "  nobody:\n"
                            "    binaries: []\n"
                            "    endpoints:\n"
                            "      - {host: nobody.example, ports: [443]}\n"
                            "  nothing:\n"
                            "    endpoints: []\n"
                            "  ruled:\n"
                            "    endpoints:\n"
                            "      - host: ruled.example\n"
                            "        ports: [80]\n"
                            "        rules:\n"
                            "          - allow: {method: GET, path: /v1/*}\n"
                            "          - allow: {method: POST, path: /v1/**}\n"
                            "          - allow: {method: DELETE}\n"
                            "          - allow: {method: '*', path: /any}\n"
                            "      - {host: shut.example, ports: [80], rules: []}\n";

static const struct {
    const char *host; /* as it stands in a URL */
    uint16_t port;
    const char *method, *path; /* NULL: a tunnel */
    const char *rule;          /* NULL: refused */
} decisions[] = {
    { "api.example", 443, NULL, NULL, "exact" },
    { "API.EXAMPLE", 443, NULL, NULL, "exact" },
    { "api.example.", 443, NULL, NULL, "exact" },
    { "api.example", 8443, NULL, NULL, "second" },
    { "api.example", 80, NULL, NULL, NULL },
    { "x.api.example", 443, NULL, NULL, NULL },
    { "xapi.example", 443, NULL, NULL, NULL },
    { "api.example.evil.test", 443, NULL, NULL, NULL },
    { "multi.example", 80, NULL, NULL, "exact" },
    { "multi.example", 8080, NULL, NULL, "exact" },
    { "multi.example", 808, NULL, NULL, NULL },
    { "multi.example", 80, "GET", "/", "exact" },
    { "single.example", 22, NULL, NULL, "exact" },
    { "single.example", 23, NULL, NULL, NULL },
    { "a.star.example", 443, NULL, NULL, "star" },
    { "A.Star.Example", 443, NULL, NULL, "star" },
    { "a.b.star.example", 443, NULL, NULL, NULL },
    { "star.example", 443, NULL, NULL, NULL },
    { "xstar.example", 443, NULL, NULL, NULL },
    { "a.star.example", 80, NULL, NULL, NULL },
    { "api-7.part.example", 443, NULL, NULL, "star" },
    { "api-.part.example", 443, NULL, NULL, NULL }, /* no such host name */
    { "api.part.example", 443, NULL, NULL, NULL },
    { "api-7.x.part.example", 443, NULL, NULL, NULL },
    { "x.deep.example", 443, NULL, NULL, "deep" },
    { "x.y.z.deep.example", 443, NULL, NULL, "deep" },
    { "deep.example", 443, NULL, NULL, NULL },
    { "xdeep.example", 443, NULL, NULL, NULL },
    { "x.deep.example.test", 443, NULL, NULL, NULL },
    { "a.b.mid.example", 443, NULL, NULL, "deep" },
    { "a.b.c.mid.example", 443, NULL, NULL, "deep" },
    { "b.c.mid.example", 443, NULL, NULL, NULL },
    { "192.0.2.7", 443, NULL, NULL, "literal" },
    { "192.0.2.8", 443, NULL, NULL, NULL },
    { "[2001:db8::1]", 443, NULL, NULL, "literal" },
    { "[2001:db8:0:0::1]", 443, NULL, NULL, "literal" },
    { "[2001:db8::2]", 443, NULL, NULL, NULL },
    { "program.example", 443, NULL, NULL, "program" },
    { "nobody.example", 443, NULL, NULL, NULL },
    { "ruled.example", 80, "GET", "/v1/a", "ruled" },
    { "ruled.example", 80, "GET", "/v1/a/b", NULL },
    { "ruled.example", 80, "POST", "/v1/a/b", "ruled" },
    { "ruled.example", 80, "POST", "/v2/a", NULL },
    { "ruled.example", 80, "PUT", "/v1/a", NULL },
    { "ruled.example", 80, "get", "/v1/a", NULL },
    { "ruled.example", 80, "DELETE", "/what/ever", "ruled" },
    { "ruled.example", 80, "PUT", "/any", "ruled" },
    { "ruled.example", 80, "POST", "/v1/../v2", NULL },
    { "ruled.example", 80, "POST", "/v1/%2e%2E/v2", NULL },
    { "ruled.example", 80, "POST", "/v1/a%2Fb", NULL },
    { "ruled.example", 80, "POST", "/v1//b", NULL },
    { "ruled.example", 80, "POST", "/v1/..", NULL },
    { "ruled.example", 80, "POST", "/v1/.", NULL },
    { "ruled.example", 80, "POST", "/v1/a;x", NULL },
    { "ruled.example", 80, "POST", "/v1/a\\b", NULL },
    { "ruled.example", 80, NULL, NULL, NULL }, /* rules can't be checked in a tunnel */
    { "shut.example", 80, "GET", "/", NULL },
    { "other.test", 443, NULL, NULL, NULL },
    { "localhost", 443, NULL, NULL, NULL },
};

static void every_decision_of_the_table_holds(void **state)
{
    struct egress_policy *p = load(table);

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(decisions); i++) {
        struct hostname host;
        struct policy_request q = { .host = &host,
                                    .port = decisions[i].port,
                                    .method = decisions[i].method,
                                    .path = decisions[i].path };
        struct policy_answer a = { 0 };

        if (hostname_parse(decisions[i].host, strlen(decisions[i].host), &host) == 0)
            policy_decide(p, &q, &a);
        else
            snprintf(a.reason, sizeof a.reason, "no host");
        if (!a.rule != !decisions[i].rule || (a.rule && strcmp(a.rule, decisions[i].rule) != 0))
            fail_msg("%s:%u %s: %s instead of %s", decisions[i].host, decisions[i].port,
                     decisions[i].path ? decisions[i].path : "", a.rule ? a.rule : "refused",
                     decisions[i].rule ? decisions[i].rule : "refused");
        assert_true(a.allowed == (a.rule != NULL));
        assert_true(a.allowed == (a.reason[0] == '\0'));
    }
    policy_free(p);
}

static void a_refusal_names_the_last_hurdle(void **state)
{
    static const struct {
        const char *host;
        uint16_t port;
        const char *says;
    } cases[] = {
        { "other.test", 443, "no entry names other.test:443" },
        { "multi.example", 81, "entry exact names multi.example but not port 81" },
        { "nobody.example", 443, "for no program" },
        { "ruled.example", 80, "can't be checked inside a tunnel" },
    };
    struct egress_policy *p = load(table);

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct hostname host;
        struct policy_request q = { .host = &host, .port = cases[i].port };
        struct policy_answer a;

        assert_int_equal(hostname_parse(cases[i].host, strlen(cases[i].host), &host), 0);
        policy_decide(p, &q, &a);
        assert_false(a.allowed);
        assert_non_null(strstr(a.reason, cases[i].says));
    }
    policy_free(p);
}

#define ONE(endpoint) "network_policies:\n  e:\n    endpoints:\n      - " endpoint "\n"

static void a_bad_file_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        { "", "line 1, column 1: the file is empty" },
        { "# only a comment\n", "the file is empty" },
        { "network_policies:\n", "network_policies must be a map" },
        { "[]\n", "line 1, column 1: the file must be a map" },
        { "other: {}\n", "line 1, column 1: unknown key other" },
        { "{}\n", "network_policies is missing" },
        { "version: 1\nnetwork_policies: {}\n", "line 1, column 1: version" },
        { "network_policies: {}\n---\nnetwork_policies: {}\n",
          "line 2, column 1: a second document" },
        { "network_policies: {a: {endpoints: []}, a: {endpoints: []}}\n",
          "line 1, column 40: key a stands twice (first in line 1)" },
        { "network_policies: &x {}\n", "anchors are not taken here" },
        { "network_policies: *x\n", "aliases are not taken here" },
        { "network_policies: !!map {}\n", "tags are not taken here" },
        { "network_policies: {? [a] : {}}\n", "a key must be plain text" },
        { "network_policies: {\n", "line 2, column 1" },
        { "network_policies: {e: {}}\n", "endpoints is missing" },
        { "network_policies: {e: []}\n", "e must be a map" },
        { "network_policies: {e: {endpoints: {}}}\n", "endpoints must be a list" },
        { "network_policies: {e: {endpoint: []}}\n", "unknown key endpoint" },
        { "network_policies: {e: {endpoints: [x]}}\n", "an item must be a map" },
        { "network_policies: {'': {endpoints: []}}\n", "an entry's name has 1 to 64 bytes" },
        { "network_policies: {\"a\\nb\": {endpoints: []}}\n", "one line without quotes" },
        { "network_policies: {e: {name: x, endpoints: []}}\n", "name: leave it out" },
        { ONE("{ports: [443]}"), "line 4, column 9: host is missing" },
        { ONE("{ports: [443], allowed_ips: [10.0.0.0/8]}"), "would match every host" },
        { ONE("{host: a.example}"), "ports is missing" },
        { ONE("{host: a.example, ports: 443}"), "ports must be a list" },
        { ONE("{host: a.example, ports: [0]}"), "port 0: must be" },
        { ONE("{host: a.example, ports: [65536]}"), "port 65536: must be" },
        { ONE("{host: a.example, ports: [-1]}"), "port -1: must be" },
        { ONE("{host: a.example, ports: [0443]}"), "port 0443: must be" },
        { ONE("{host: a.example, ports: ['443']}"), "port 443: must be" },
        { ONE("{host: a.example, ports: [443, 443]}"), "port 443 stands twice" },
        { ONE("{host: a.example, ports: [[443]]}"), "an item must be one value" },
        { ONE("{host: a.example, ports: [443], port: 443}"), "keep one" },
        { ONE("{host: a.example, port: 443, ports: [443]}"), "keep one" },
        { ONE("{host: '', ports: [443]}"), "host is empty" },
        { ONE("{host: [a.example], ports: [443]}"), "host must be one value" },
        { ONE("{host: '*', ports: [443]}"), "wider than a registered domain" },
        { ONE("{host: '**', ports: [443]}"), "wider than a registered domain" },
        { ONE("{host: '*.com', ports: [443]}"), "wider than a registered domain" },
        { ONE("{host: '**.com', ports: [443]}"), "wider than a registered domain" },
        { ONE("{host: 'a.*', ports: [443]}"), "wider than a registered domain" },
        { ONE("{host: 'a.*.com', ports: [443]}"), "wider than a registered domain" },
        { ONE("{host: '***.a.example', ports: [443]}"), "** must be a label of its own" },
        { ONE("{host: 'x**.a.example', ports: [443]}"), "** must be a label of its own" },
        { ONE("{host: a..example, ports: [443]}"), "an empty label" },
        { ONE("{host: .a.example, ports: [443]}"), "an empty label" },
        { ONE("{host: 'a b.example', ports: [443]}"), "a character that no host name has" },
        { ONE("{host: 'http://a.example', ports: [443]}"), "no host name has" },
        { ONE("{host: a.example/x, ports: [443]}"), "no host name has" },
        { ONE("{host: '[a-z].a.example', ports: [443]}"), "no host name has" },
        { ONE("{host: \"b\\xFCcher.example\", ports: [443]}"), "no host name has" },
        { ONE("{host: 127.1, ports: [443]}"), "not a host name or an IP address" },
        { ONE("{host: 0x7f.0.0.1, ports: [443]}"), "not a host name or an IP address" },
        { ONE("{host: 010.0.0.1, ports: [443]}"), "not a host name or an IP address" },
        { ONE("{host: '2130706433', ports: [443]}"), "not a host name or an IP address" },
        { ONE("{host: '*.0.0.1', ports: [443], tls: no}"), "tls no: only skip" },
        { ONE("{host: -a.example, ports: [443]}"), "not a host name" },
        { ONE("{host: 'fe80::1%eth0', ports: [443]}"), "no host name has" },
        { ONE("{host: '${npm_registry}', ports: [443]}"),
          "the variable ${npm_registry} has no value" },
        { ONE("{host: 'x.${v}', ports: [443]}"), "the variable ${v} has no value" },
        { ONE("{host: a.example, ports: [443], tls: terminate}"),
          "tls terminate: only skip is taken" },
        { ONE("{host: a.example, ports: [443], protocol: rest}"), "protocol: leave it out" },
        { ONE("{host: a.example, ports: [443], enforcement: enforce}"),
          "enforcement: leave it out" },
        { ONE("{host: a.example, ports: [443], access: full}"), "access: leave it out" },
        { ONE("{host: a.example, ports: [443], hosts: x}"),
          "line 4, column 41: unknown key hosts" },
        { ONE("{host: a.example, host: b.example, ports: [443]}"), "key host stands twice" },
        { ONE("{host: a.example, ports: [443], allowed_ips: 10.0.0.1}"),
          "allowed_ips must be a list" },
        { ONE("{host: a.example, ports: [443], allowed_ips: [10.0.0.300]}"), "not an IP address" },
        { ONE("{host: a.example, ports: [443], allowed_ips: [10.0.0.1/33]}"),
          "not a prefix length" },
        { ONE("{host: a.example, ports: [443], allowed_ips: [10.0.0.1/]}"), "not a prefix length" },
        { ONE("{host: a.example, ports: [443], allowed_ips: [10.0.0.1/8]}"),
          "bits are set behind" },
        { ONE("{host: a.example, ports: [443], allowed_ips: [0.0.0.0/0]}"),
          "would name everything" },
        { ONE("{host: a.example, ports: [443], allowed_ips: ['::/0']}"), "would name everything" },
        { ONE("{host: a.example, ports: [443], rules: [{allow: {method: GET}}]}"),
          "line 4, column 41: rules can't be checked on port 443" },
        { ONE("{host: a.example, ports: [80], rules: [{allow: {path: /}}]}"), "method is missing" },
        { ONE("{host: a.example, ports: [80], rules: [{}]}"), "a rule needs allow" },
        { ONE("{host: a.example, ports: [80], rules: [{deny: {method: GET}}]}"),
          "deny: is not needed" },
        { ONE("{host: a.example, ports: [80], rules: [{allow: {method: get}}]}"), "in capitals" },
        { ONE("{host: a.example, ports: [80], rules: [{allow: {method: GET, path: x}}]}"),
          "must begin with /" },
        { ONE("{host: a.example, ports: [80], rules: [{allow: {method: GET, path: '/a?b'}}]}"),
          "only * and ** are special" },
        { "network_policies: {e: {binaries: [node], endpoints: []}}\n", "an item must be a map" },
        { "network_policies: {e: {binaries: [{}], endpoints: []}}\n", "path is missing" },
        { "network_policies: {e: {binaries: [{path: node}], endpoints: []}}\n", "absolute path" },
        { "network_policies: {e: {binaries: {}, endpoints: []}}\n", "binaries must be a list" },
        { "network_policies: \"\xff\"\n", "byte 19: " },
        { "network_policies: \"a\\0b\"\n", "a NUL byte" },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct egress_policy *p = NULL;
        struct err e = { 0 };
        int r = policy_load(FILE_NAME, cases[i].yaml, strlen(cases[i].yaml), &p, &e);

        if (r != -EINVAL || e.status != EXIT_USAGE || !strstr(e.text, cases[i].says) ||
            strncmp(e.text, FILE_NAME ": ", strlen(FILE_NAME) + 2) != 0)
            fail_msg("%s gave %d, \"%s\" instead of \"%s\"", cases[i].yaml, r, e.text,
                     cases[i].says);
        assert_null(p);
    }
}

static void a_deeply_nested_file_is_refused(void **state)
{
    char yaml[256] = "network_policies: ";
    struct egress_policy *p = NULL;
    struct err e = { 0 };

    (void)state;
    memset(yaml + strlen(yaml), '[', 100);
    assert_int_equal(policy_load(FILE_NAME, yaml, strlen(yaml), &p, &e), -EINVAL);
    assert_non_null(strstr(e.text, "nested too deeply"));
}

static void an_empty_policy_allows_nothing(void **state)
{
    struct egress_policy *p = load("network_policies: {}\n");
    struct hostname host;
    struct policy_request q = { .host = &host, .port = 443 };
    struct policy_answer a;

    (void)state;
    assert_int_equal(hostname_parse("a.example", 9, &host), 0);
    policy_decide(p, &q, &a);
    assert_false(a.allowed);
    assert_int_equal(policy_count(p), 0);
    policy_free(p);
}

static void the_digest_is_of_the_bytes(void **state)
{
    struct egress_policy *a = load("network_policies: {}\n");
    struct egress_policy *b = load("network_policies: {} \n");
    char hex[DIGEST_HEX_LEN + 1];

    (void)state;
    digest_hex("network_policies: {}\n", 21, hex);
    assert_string_equal(policy_digest(a), hex);
    assert_string_not_equal(policy_digest(b), hex);
    policy_free(a);
    policy_free(b);
}

static void entries_with_programs_are_counted(void **state)
{
    struct egress_policy *p = load(table);

    (void)state;
    assert_int_equal(policy_count(p), 9);
    assert_int_equal(policy_program_count(p), 2);
    policy_free(p);
}

static const char lists[] = ONE("{host: in.example, ports: [443], allowed_ips: [10.1.0.0/16, "
                                "'fd00:1::/32']}") "      - {host: out.example, ports: [443]}\n"
                                                   "      - {host: ruled.example, ports: [80], "
                                                   "allowed_ips: [10.2.0.1], rules: [{allow: "
                                                   "{method: GET}}]}\n"
                                                   "      - {host: never.example, ports: [443], "
                                                   "allowed_ips: [224.0.0.0/8, 127.0.0.0/8]}\n";

static void a_special_address_needs_an_entry_that_lists_it(void **state)
{
    static const struct {
        const char *host;
        uint16_t port;
        const char *method;
        const char *address;
        const char *fault;
    } cases[] = {
        { "in.example", 443, NULL, "10.1.2.3", NULL },
        { "in.example", 443, NULL, "10.2.2.3", "private" },
        { "in.example", 443, NULL, "fd00:1::5", NULL },
        { "in.example", 443, NULL, "fd00:2::5", "unique local" },
        { "in.example", 443, NULL, "::ffff:10.1.2.3", "IPv4-mapped" },
        { "in.example", 443, NULL, "9.9.9.9", NULL },
        { "out.example", 443, NULL, "10.1.2.3", "private" },
        { "out.example", 443, NULL, "2a00::1", NULL },
        { "ruled.example", 80, "GET", "10.2.0.1", NULL },
        { "ruled.example", 80, "PUT", "10.2.0.1", "private" },
        { "never.example", 443, NULL, "224.0.0.1", "multicast" },
        { "never.example", 443, NULL, "127.0.0.1", NULL },
    };
    struct egress_policy *p = load(lists);

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct hostname host;
        struct address a;
        struct policy_request q = { .host = &host,
                                    .port = cases[i].port,
                                    .method = cases[i].method,
                                    .path = cases[i].method ? "/" : NULL };
        const char *fault;

        assert_int_equal(hostname_parse(cases[i].host, strlen(cases[i].host), &host), 0);
        assert_int_equal(address_parse(cases[i].address, &a), 0);
        fault = policy_address_fault(p, &q, &a);
        if (!fault != !cases[i].fault || (fault && strcmp(fault, cases[i].fault) != 0))
            fail_msg("%s %s: %s", cases[i].host, cases[i].address, fault ? fault : "let through");
    }
    policy_free(p);
}

static void every_special_address_is_known_as_one(void **state)
{
    static const char *const special[] = {
        "0.0.0.0",         "0.1.2.3",          "10.0.0.1",     "10.255.255.255",
        "100.64.0.1",      "100.127.255.255",  "127.0.0.1",    "127.255.0.1",
        "169.254.1.1",     "169.254.169.254",  "172.16.0.1",   "172.31.255.255",
        "192.0.0.1",       "192.0.2.1",        "192.88.99.1",  "192.168.0.1",
        "198.18.0.1",      "198.19.255.255",   "198.51.100.7", "203.0.113.9",
        "224.0.0.251",     "239.255.255.255",  "240.0.0.1",    "255.255.255.255",
        "100.100.100.200", "168.63.129.16",    "::",           "::1",
        "::ffff:8.8.8.8",  "::ffff:0:8.8.8.8", "::7f00:1",     "64:ff9b::8.8.8.8",
        "64:ff9b:1::1",    "100::1",           "2001::1",      "2001:db8::1",
        "2001:10::1",      "2002:7f00:1::",    "3fff::1",      "5f00::1",
        "fc00::1",         "fd00:ec2::254",    "fe80::1",      "febf::1",
        "fec0::1",         "ff02::1",          "4000::1",      "1::1",
    };
    static const char *const ordinary[] = {
        "1.1.1.1",     "8.8.8.8",      "9.255.255.255", "11.0.0.0",    "100.63.255.255",
        "100.128.0.0", "126.0.0.1",    "128.0.0.1",     "169.253.0.1", "172.15.0.1",
        "172.32.0.1",  "192.167.0.1",  "192.169.0.1",   "198.17.0.1",  "198.20.0.1",
        "223.0.0.1",   "2606:4700::1", "2a00:1450::1",  "2400::1",     "2001:4860::1"
    };
    struct address a;

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(special); i++) {
        assert_int_equal(address_parse(special[i], &a), 0);
        if (!address_special(&a))
            fail_msg("%s is taken for an ordinary address", special[i]);
    }
    for (size_t i = 0; i < N_ELEMENTS(ordinary); i++) {
        assert_int_equal(address_parse(ordinary[i], &a), 0);
        if (address_special(&a))
            fail_msg("%s is taken for %s", ordinary[i], address_special(&a));
    }
}

static void hosts_have_one_spelling(void **state)
{
    static const struct {
        const char *given, *want; /* NULL: refused */
    } cases[] = {
        { "a.example", "a.example" },
        { "A.EXAMPLE.", "a.example" },
        { "a_b.example", "a_b.example" },
        { "xn--bcher-kva.example", "xn--bcher-kva.example" },
        { "1a.2b", "1a.2b" },
        { "192.0.2.1", "192.0.2.1" },
        { "192.0.2.1.", "192.0.2.1" },
        { "[2001:DB8::1]", "2001:db8::1" },
        { "[::ffff:1.2.3.4]", "::ffff:1.2.3.4" },
        { "", NULL },
        { ".", NULL },
        { "..", NULL },
        { "a.example..", NULL },
        { "a..example", NULL },
        { "-a.example", NULL },
        { "a-.example", NULL },
        { "a example", NULL },
        { "a.example:80", NULL },
        { "user@a.example", NULL },
        { "a.example/", NULL },
        { "b\xc3\xbc.example", NULL },
        { "%61.example", NULL },
        { "2130706433", NULL },
        { "127.1", NULL },
        { "127.0.1", NULL },
        { "0177.0.0.1", NULL },
        { "127.0.0.01", NULL },
        { "0x7f000001", NULL },
        { "0x7f.0.0.1", NULL },
        { "127.0.0.0x1", NULL },
        { "256.0.0.1", NULL },
        { "a.1", NULL },
        { "1.2.3.4.5", NULL },
        { "::1", NULL },
        { "[::1", NULL },
        { "[::1%lo]", NULL },
        { "[::1%25lo]", NULL },
        { "[127.0.0.1]", NULL },
        { "[]", NULL },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct hostname h = { 0 };
        int r = hostname_parse(cases[i].given, strlen(cases[i].given), &h);

        if ((r == 0) != (cases[i].want != NULL) || (r == 0 && strcmp(h.text, cases[i].want) != 0))
            fail_msg("%s: %d %s", cases[i].given, r, h.text);
    }
}

static void a_host_longer_than_a_name_can_be_is_refused(void **state)
{
    struct hostname h;
    char name[300];

    (void)state;
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 50 == 49 ? '.' : 'a';
    assert_int_equal(hostname_parse(name, 253, &h), 0);
    assert_int_equal(hostname_parse(name, 255, &h), -EINVAL);
    memset(name, 'a', 64);
    assert_int_equal(hostname_parse(name, 63, &h), 0);
    assert_int_equal(hostname_parse(name, 64, &h), -EINVAL);
}

static void an_authority_is_a_host_and_a_port(void **state)
{
    static const struct {
        const char *text;
        uint16_t fallback;
        int port; /* -1: refused */
    } cases[] = {
        { "a.example:443", 0, 443 },
        { "a.example", 80, 80 },
        { "a.example", 0, -1 },
        { "a.example:", 80, -1 },
        { "a.example:0", 80, -1 },
        { "a.example:080", 80, -1 },
        { "a.example:65535", 0, 65535 },
        { "a.example:65536", 0, -1 },
        { "a.example:8 0", 0, -1 },
        { "a.example:+80", 0, -1 },
        { "[::1]:80", 0, 80 },
        { "[::1]", 80, 80 },
        { "::1:80", 0, -1 },
        { ":80", 0, -1 },
        { "a:b:80", 0, -1 },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct hostname h;
        uint16_t port = 0;
        int r = authority_parse(cases[i].text, strlen(cases[i].text), cases[i].fallback, &h, &port);

        if ((r == 0) != (cases[i].port >= 0) || (r == 0 && port != cases[i].port))
            fail_msg("%s: %d, port %u", cases[i].text, r, port);
    }
}

/* What the matcher must agree with: written to be right, not fast. */
static bool slow_match(const char *p, const char *t)
{
    if (!*p)
        return !*t;
    if (p[0] == '*' && p[1] == '*')
        return slow_match(p + 2, t) || (*t && slow_match(p, t + 1));
    if (*p == '*')
        return slow_match(p + 1, t) || (*t && *t != '.' && slow_match(p, t + 1));
    return *p == *t && slow_match(p + 1, t + 1);
}

static void the_matcher_agrees_with_a_plain_one(void **state)
{
    unsigned seed = 7;
    char p[8], t[9];

    (void)state;
    for (int i = 0; i < 200000; i++) {
        size_t np = (size_t)(rand_r(&seed) % 7), nt = (size_t)(rand_r(&seed) % 8);

        for (size_t k = 0; k < np; k++)
            p[k] = "ab.**"[rand_r(&seed) % 5];
        for (size_t k = 0; k < nt; k++)
            t[k] = "ab."[rand_r(&seed) % 3];
        p[np] = t[nt] = '\0';
        if (pattern_match(p, t, '.') != slow_match(p, t))
            fail_msg("%s against %s", p, t);
    }
}

static void the_suggested_entry_is_one_that_allows(void **state)
{
    static const char *const hosts[] = { "a.example", "192.0.2.1", "[2001:db8::7]" };
    char yaml[512];

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(hosts); i++) {
        struct hostname host;
        struct policy_request q = { .host = &host, .port = 8443 };
        struct policy_answer a;
        struct egress_policy *p;
        struct address inside;

        assert_int_equal(hostname_parse(hosts[i], strlen(hosts[i]), &host), 0);
        assert_int_equal(address_parse("10.1.2.3", &inside), 0);
        policy_suggest(&q, &inside, yaml, sizeof yaml);
        p = load(yaml);
        policy_decide(p, &q, &a);
        assert_true(a.allowed);
        assert_null(policy_address_fault(p, &q, &inside));
        policy_free(p);
    }
}

static void ten_thousand_entries_are_read_in_reasonable_time(void **state)
{
    size_t size = 1u << 20, at = 0;
    char *yaml = malloc(size);
    struct egress_policy *p;

    (void)state;
    assert_non_null(yaml);
    at += (size_t)snprintf(yaml, size, "network_policies:\n");
    for (int i = 0; i < 10000; i++)
        at += (size_t)snprintf(yaml + at, size - at,
                               "  e%d: {endpoints: [{host: h%d.example, ports: [443]}]}\n", i, i);
    p = load(yaml);
    assert_int_equal(policy_count(p), 10000);
    policy_free(p);
    free(yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_decision_of_the_table_holds),
        cmocka_unit_test(a_refusal_names_the_last_hurdle),
        cmocka_unit_test(a_bad_file_is_refused_with_its_place),
        cmocka_unit_test(a_deeply_nested_file_is_refused),
        cmocka_unit_test(an_empty_policy_allows_nothing),
        cmocka_unit_test(the_digest_is_of_the_bytes),
        cmocka_unit_test(entries_with_programs_are_counted),
        cmocka_unit_test(a_special_address_needs_an_entry_that_lists_it),
        cmocka_unit_test(every_special_address_is_known_as_one),
        cmocka_unit_test(hosts_have_one_spelling),
        cmocka_unit_test(a_host_longer_than_a_name_can_be_is_refused),
        cmocka_unit_test(an_authority_is_a_host_and_a_port),
        cmocka_unit_test(the_matcher_agrees_with_a_plain_one),
        cmocka_unit_test(the_suggested_entry_is_one_that_allows),
        cmocka_unit_test(ten_thousand_entries_are_read_in_reasonable_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
