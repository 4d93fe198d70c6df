#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "spec/instance.h"
#include "spec/options.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Reads the words of a command line (split at blanks; "_" stands for an empty word). */
static int parse(const char *line, struct options *o, struct err *e)
{
    char copy[1024], *argv[32] = { "setup" }, *save = NULL;
    int argc = 1;

    snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        argv[argc++] = strcmp(w, "_") == 0 ? "" : w;
    options_init(o);
    return options_parse(argc, argv, o, e);
}

static int resolve(const char *line, const struct spec *recorded, struct spec *s, struct err *e)
{
    struct options o;
    int r = parse(line, &o, e);

    return r < 0 ? r : options_resolve(&o, recorded, s, e);
}

struct bad {
    const char *line;
    const char *says; /* what the one line must hold, beside the flag */
};

static const struct bad bad_flags[] = {
    { "--sandbox-ip 10.200.0", "--sandbox-ip: 10.200.0: not an IPv4 address" },
    { "--sandbox-ip 10.200.0.256", "10.200.0.256: not an IPv4" },
    { "--sandbox-ip 010.200.0.2", "010.200.0.2: not an IPv4" },
    { "--sandbox-ip 0x0a.1.1.1", "0x0a.1.1.1: not an IPv4" },
    { "--sandbox-ip 10.1", "10.1: not an IPv4" },
    { "--sandbox-ip 168296450", "168296450: not an IPv4" },
    { "--sandbox-ip 10.200.0.2/24", "10.200.0.2/24: not an IPv4" },
    { "--sandbox-ip 10.200.0.2.", "not an IPv4" },
    { "--sandbox-ip _", "(empty): not an IPv4" },
    { "--sandbox-ip sandbox.test", "sandbox.test: not an IPv4" },
    { "--sandbox-ip fd00::2", "fd00::2: is an IPv6 address" },
    { "--sandbox-ip ::ffff:10.200.0.2", "is an IPv6 address" },
    { "--sandbox-ip 127.0.0.2", "127.0.0.2: is a loopback" },
    { "--host-ip 127.1.2.3", "--host-ip: 127.1.2.3: is a loopback" },
    { "--host-ip 0.0.0.0", "0.0.0.0/8" },
    { "--host-ip 0.1.2.3", "0.0.0.0/8" },
    { "--host-ip 255.255.255.255", "is the broadcast address" },
    { "--host-ip 224.0.0.1", "is a multicast address" },
    { "--host-ip 239.255.255.250", "is a multicast address" },
    { "--host-ip 240.0.0.1", "240.0.0.0/4" },
    { "--host-ip 169.254.1.1", "link-local" },
    { "--host-ip 10.200.0.0", "take .1 to .254" },
    { "--host-ip 10.200.0.255", "take .1 to .254" },
    { "--sandbox-ip 10.200.0.1", "is --host-ip too" },
    { "--sandbox-ip 10.9.0.1 --host-ip 10.9.0.1", "--sandbox-ip: 10.9.0.1: is --host-ip too" },
    { "--openclaw-port 0", "--openclaw-port: 0: must be a port, 1 to 65535" },
    { "--openclaw-port 65536", "65536: must be a port" },
    { "--openclaw-port 70000", "70000: must be a port" },
    { "--openclaw-port -1", "-1: must be a port" },
    { "--openclaw-port +80", "+80: must be a port" },
    { "--openclaw-port 1e4", "1e4: must be a port" },
    { "--openclaw-port 0x50", "0x50: must be a port" },
    { "--openclaw-port 08080", "08080: must be a port" },
    { "--openclaw-port 99999999999999999999", "must be a port" },
    { "--openclaw-port _", "(empty): must be a port" },
    { "--openclaw-port 80", "--openclaw-port: 80: the sandbox user can't" },
    { "--openclaw-port 3128", "--openclaw-port: 3128: is the gateway's egress proxy port" },
    { "--relay-port 0", "--relay-port: 0: must be a port" },
    { "--relay-port 18970", "--relay-port: 18970: is the gateway's API port" },
    { "--sandbox-home home/sandbox", "home/sandbox: must be an absolute path" },
    { "--sandbox-home ~/box", "~/box: must be an absolute path" },
    { "--sandbox-home _", "(empty): must be an absolute path" },
    { "--sandbox-home /", "slash at its end" },
    { "--sandbox-home /home/sandbox/", "slash at its end" },
    { "--sandbox-home /home//sandbox", "empty part" },
    { "--sandbox-home /home/../etc", "must not have . or .." },
    { "--sandbox-home /srv/./box", "must not have . or .." },
    { "--sandbox-home /srv/box/..", "must not have . or .." },
    { "--sandbox-home /home/a\tb", "must be plain" },
    { "--sandbox-home /home/a\nb", "must be plain" },
    { "--sandbox-home /home/%n", "must be plain" },
    { "--sandbox-home /home/a:b", "must be plain" },
    { "--sandbox-home /home/$USER", "must be plain" },
    { "--sandbox-home /etc", "system's (/etc)" },
    { "--sandbox-home /etc/sandbox", "system's (/etc)" },
    { "--sandbox-home /usr/local/sandbox", "system's (/usr)" },
    { "--sandbox-home /var/lib/sandbox", "system's (/var)" },
    { "--sandbox-home /root/sandbox", "system's (/root)" },
    { "--sandbox-home /run/user/1000", "system's (/run)" },
    { "--sandbox-home /tmp/sandbox", "system's (/tmp)" },
    { "--sandbox-home /home", "is where homes lie" },
    { "--sandbox-home /home/alice/box", "lies in somebody's home" },
    { "--name Sandbox", "--name: Sandbox: must be a small letter" },
    { "--name 1box", "1box: must be" },
    { "--name sand-box", "sand-box: must be" },
    { "--name sandboxsandbox", "sandboxsandbox: must be" },
    { "--name _", "(empty): must be" },
    { "--name ../x", "../x: must be" },
    { "--name root", "root: is the name of a system's own" },
    { "--name eth", "eth: is the name of a system's own" },
    { "--name defenseclaw", "defenseclaw: is the name of a system's own" },
    { "--policy lax", "--policy: lax: must be one of" },
    { "--policy strikt", "strikt: must be one of default strict permissive; nearest is strict" },
    { "--policy Strict", "Strict: must be one of" },
    { "--policy", "--policy: needs a value" },
    { "--policy --json", "--policy: needs a value" },
    { "--dns _", "--dns: (empty): an empty place" },
    { "--dns 8.8.8.8,", "an empty place" },
    { "--dns ,8.8.8.8", "an empty place" },
    { "--dns 8.8.8.8,,1.1.1.1", "an empty place" },
    { "--dns 8.8.8.8;1.1.1.1", "not an IPv4 address" },
    { "--dns 8.8.8.8:53", "8.8.8.8:53: not an IPv4" },
    { "--dns dns.example", "dns.example: not an IPv4" },
    { "--dns 8.8.8.8,8.8.8.8", "8.8.8.8: stands twice" },
    { "--dns 2001:4860:4860::8888", "is an IPv6 address" },
    { "--dns 127.0.0.53", "127.0.0.53: is a loopback" },
    { "--dns 169.254.169.254", "metadata address" },
    { "--dns host,8.8.8.8", "host: host stands alone" },
    { "--dns 1.0.0.1,1.0.0.2,1.0.0.3,1.0.0.4,1.0.0.5,1.0.0.6,1.0.0.7,1.0.0.8,1.0.0.9",
      "at most 8" },
    { "--dns 10.200.0.1", "--dns: 10.200.0.1: is an end of the veth pair" },
    { "--resolv-upstream junk", "--resolv-upstream: junk: not an IPv4" },
    { "--dns 8.8.8.8 --resolv-upstream 1.1.1.1", "--resolv-upstream: set twice" },
    { "--dns-filter policy", "--dns-filter: policy: comes with the gateway issue" },
    { "--dns-filter polcy", "polcy: must be one of policy none; nearest is policy" },
    { "--gateway-user root", "--gateway-user: root: the gateway never runs as root" },
    { "--gateway-user a/b", "a/b: not a user's name" },
    { "--gateway-user -x", "-x: not a user's name" },
    { "--gateway-user sandbox", "--gateway-user: sandbox: is the sandbox user" },
    { "--openclaw openclaw", "--openclaw: openclaw: must be an absolute path" },
    { "--openclaw /opt/../openclaw", "must not have . or .." },
    { "--openclaw /opt/openclaw --no-agent", "--openclaw: --no-agent is given too" },
    { "--no-agent --agent", "--agent: set twice" },
    { "--no-guardrail --no-guardrail", "--no-guardrail: set twice" },
    { "--no-guardrail=yes", "--no-guardrail: yes: this flag takes no value" },
    { "--disable --policy strict", "--policy: means nothing with --disable" },
    { "--sanbox-ip 10.0.0.2", "--sanbox-ip: unknown flag, nearest is --sandbox-ip" },
    { "--no-gaurdrail", "--no-gaurdrail: unknown flag, nearest is --no-guardrail" },
    { "--nonsense", "--nonsense: unknown flag" },
    { "-p strict", "-p: not a flag" },
    { "strict", "strict: not a flag" },
    { "--", "--: not a flag" },
};

static void a_bad_flag_is_refused_in_one_line_that_names_it(void **state)
{
    (void)state;
    assert_true(N_ELEMENTS(bad_flags) >= 80);
    for (size_t i = 0; i < N_ELEMENTS(bad_flags); i++) {
        struct err e = { 0 };
        struct spec s, untouched;

        memset(&s, 0x5a, sizeof s);
        memset(&untouched, 0x5a, sizeof untouched);
        if (resolve(bad_flags[i].line, NULL, &s, &e) != -EINVAL)
            fail_msg("%s: accepted", bad_flags[i].line);
        assert_int_equal(e.status, EXIT_USAGE);
        if (!strstr(e.text, bad_flags[i].says))
            fail_msg("%s: says \"%s\", not \"%s\"", bad_flags[i].line, e.text, bad_flags[i].says);
        assert_null(strchr(e.text, '\n'));
        assert_memory_equal(&s, &untouched, sizeof s);
    }
}

static const struct bad bad_json[] = {
    { "[]", "must be one object" },
    { "\"strict\"", "must be one object" },
    { "{\"sanbox-ip\":\"10.0.0.2\"}", "--sanbox-ip: unknown flag, nearest is --sandbox-ip" },
    { "{\"Policy\":\"strict\"}", "--Policy: unknown flag, nearest is --policy" },
    { "{\"--policy\":\"strict\"}", "unknown flag" },
    { "{\"policy\":true}", "--policy: must be a string" },
    { "{\"policy\":7}", "--policy: must be a string" },
    { "{\"policy\":[\"strict\"]}", "--policy: must be a string" },
    { "{\"policy\":null}", "--policy: must be a string" },
    { "{\"openclaw-port\":0}", "--openclaw-port: 0: must be a port" },
    { "{\"openclaw-port\":70000}", "70000: must be a port" },
    { "{\"openclaw-port\":-5}", "-5: must be a port" },
    { "{\"openclaw-port\":80.5}", "--openclaw-port: must be a whole number" },
    { "{\"openclaw-port\":true}", "--openclaw-port: must be a whole number" },
    { "{\"dns\":[8]}", "--dns: the list must hold strings" },
    { "{\"dns\":[\"8.8.8.8,1.1.1.1\"]}", "--dns: the list must hold strings" },
    { "{\"dns\":[]}", "--dns: (empty)" },
    { "{\"dns\":[\"host\",\"8.8.8.8\"]}", "host stands alone" },
    { "{\"dns\":{\"a\":\"8.8.8.8\"}}", "--dns: must be a string or a list" },
    { "{\"no-guardrail\":false}", "--no-guardrail: must be true" },
    { "{\"no-guardrail\":\"yes\"}", "--no-guardrail: must be true" },
    { "{\"no-guardrail\":1}", "--no-guardrail: must be true" },
    { "{\"disable\":true}", "--disable: not allowed in a bundle" },
    { "{\"dry-run\":true}", "--dry-run: not allowed in a bundle" },
    { "{\"json\":true}", "--json: not allowed in a bundle" },
    { "{\"adopt-user\":true}", "--adopt-user: not allowed in a bundle" },
    { "{\"openclaw\":\"/opt/x\"}", "--openclaw: not allowed in a bundle" },
    { "{\"verify\":true}", "--verify: not allowed in a bundle" },
    { "{\"defaults\":true}", "--defaults: not allowed in a bundle" },
    { "{\"dns\":\"8.8.8.8\",\"resolv-upstream\":\"1.1.1.1\"}", "--resolv-upstream: set twice" },
    { "{\"sandbox-home\":\"/etc/x\"}", "system's (/etc)" },
    { "{\"name\":\"root\"}", "--name: root" },
};

static void a_bad_flag_in_a_bundle_is_refused_and_the_file_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(bad_json); i++) {
        autojson cJSON *j = NULL;
        struct err e = { 0 };
        struct options o;

        assert_int_equal(
            json_parse("flags.json", bad_json[i].line, strlen(bad_json[i].line), &j, &e), 0);
        options_init(&o);
        if (options_apply_json(j, &o, &e) != -EINVAL)
            fail_msg("%s: accepted", bad_json[i].line);
        assert_int_equal(e.status, EXIT_USAGE);
        assert_ptr_equal(strstr(e.text, "flags.json"), e.text);
        if (!strstr(e.text, bad_json[i].says))
            fail_msg("%s: says \"%s\"", bad_json[i].line, e.text);
    }
}

static void the_pages_command_is_read_as_the_page_means_it(void **state)
{
    struct options o;
    struct spec s;

    (void)state;
    assert_int_equal(parse("--policy default --sandbox-ip 10.200.0.2 --host-ip 10.200.0.1 "
                           "--dns 8.8.8.8,1.1.1.1 --non-interactive",
                           &o, NULL),
                     0);
    assert_true(o.non_interactive);
    assert_false(o.disable);
    assert_int_equal(options_resolve(&o, NULL, &s, NULL), 0);
    assert_int_equal(s.policy, POLICY_DEFAULT);
    assert_int_equal(s.sandbox_ip.s_addr, inet_addr("10.200.0.2"));
    assert_int_equal(s.host_ip.s_addr, inet_addr("10.200.0.1"));
    assert_int_equal(s.dns_count, 2);
    assert_int_equal(s.dns[1].s_addr, inet_addr("1.1.1.1"));
}

static void flags_take_their_value_behind_an_equals_sign_too(void **state)
{
    struct spec s;

    (void)state;
    assert_int_equal(resolve("--policy=strict --dns=host --openclaw-port=19000", NULL, &s, NULL),
                     0);
    assert_int_equal(s.policy, POLICY_STRICT);
    assert_true(s.dns_host);
    assert_int_equal(s.dns_count, 0);
    assert_int_equal(s.openclaw_port, 19000);
    assert_int_equal(s.relay_port, 19000); /* follows */
}

static void the_alias_of_dns_sets_dns(void **state)
{
    struct spec s;

    (void)state;
    assert_int_equal(resolve("--resolv-upstream 9.9.9.9", NULL, &s, NULL), 0);
    assert_int_equal(s.dns_count, 1);
    assert_int_equal(s.dns[0].s_addr, inet_addr("9.9.9.9"));
}

static void a_bundles_values_mean_what_the_flags_mean(void **state)
{
    static const char text[] =
        "{\"policy\":\"strict\",\"openclaw-port\":19000,\"relay-port\":\"19001\","
        "\"dns\":[\"9.9.9.9\",\"1.1.1.1\"],\"no-guardrail\":true,"
        "\"non-interactive\":true,\"name\":\"box\"}";
    autojson cJSON *j = NULL;
    struct options o;
    struct spec s, typed;

    (void)state;
    assert_int_equal(json_parse("flags.json", text, strlen(text), &j, NULL), 0);
    options_init(&o);
    assert_int_equal(options_apply_json(j, &o, NULL), 0);
    assert_int_equal(options_resolve(&o, NULL, &s, NULL), 0);
    assert_int_equal(resolve("--policy strict --openclaw-port 19000 --relay-port 19001 --dns "
                             "9.9.9.9,1.1.1.1 --no-guardrail --non-interactive --name box",
                             NULL, &typed, NULL),
                     0);
    assert_memory_equal(&s, &typed, sizeof s);
    assert_string_equal(s.home, "/home/box");
}

static void every_row_of_the_table_is_well_formed(void **state)
{
    uint32_t seen = 0;

    (void)state;
    for (size_t i = 0; i < option_table_len; i++) {
        const struct option *o = &option_table[i];
        char field[sizeof(struct spec)] = { 0 };
        struct err e = { 0 };

        assert_ptr_equal(option_find(o->name), o); /* no name stands twice */
        assert_true((o->metavar != NULL) == (o->type != NULL));
        assert_true(o->effect && *o->effect && !strchr(o->effect, '\n'));
        assert_true(o->id < OPTION_COUNT);
        assert_true(o->size > 0);
        assert_true(o->offset + o->size <=
                    (o->flags & OPTION_SPEC ? sizeof(struct spec) : sizeof(struct options)));
        if (!(o->flags & OPTION_OTHER_NAME)) {
            assert_false(seen & UINT32_C(1) << o->id);
            seen |= UINT32_C(1) << o->id;
        }
        if (o->type && o->default_text && o->size < sizeof field &&
            o->type->parse(o, o->default_text, field, &e) < 0)
            fail_msg("--%s: default refused: %s", o->name, e.text);
    }
    assert_int_equal(seen, (UINT32_C(1) << OPTION_COUNT) - 1);
}

/* The page's table of flags, typed off it. */
static void the_pages_flags_have_the_pages_defaults(void **state)
{
    static const char *const page[][2] = {
        { "disable", "off" },
        { "policy", "permissive" },
        { "sandbox-ip", "10.200.0.2" },
        { "host-ip", "10.200.0.1" },
        { "sandbox-home", "/home/sandbox" },
        { "openclaw-port", "18789" },
        { "dns", "8.8.8.8,1.1.1.1" },
        { "no-auto-pair", "off" },
        { "no-host-networking", "off" },
        { "no-guardrail", "off" },
        { "non-interactive", "off" },
    };
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < option_table_len; i++) {
        if (!(option_table[i].flags & OPTION_PAGE))
            continue;
        assert_true(n < N_ELEMENTS(page));
        assert_string_equal(option_table[i].name, page[n][0]);
        assert_string_equal(option_table[i].default_text, page[n][1]);
        n++;
    }
    assert_int_equal(n, N_ELEMENTS(page));
}

static const char *nearest(const char *given)
{
    struct nearest n = { .given = given };

    for (size_t i = 0; i < option_table_len; i++)
        nearest_offer(&n, option_table[i].name);
    return n.best;
}

static void the_nearest_name_is_what_a_person_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest("polcy"), "policy");
    assert_string_equal(nearest("hots-ip"), "host-ip");
    assert_string_equal(nearest("sandbox-hoem"), "sandbox-home");
    assert_string_equal(nearest("non-interactiv"), "non-interactive");
    assert_string_equal(nearest("openclaw-prot"), "openclaw-port");
    assert_null(nearest("zzzzzzzz"));
    assert_null(
        nearest("a-very-long-name-that-is-nobodys-and-is-longer-than-every-name-we-know-of"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_flag_is_refused_in_one_line_that_names_it),
        cmocka_unit_test(a_bad_flag_in_a_bundle_is_refused_and_the_file_named),
        cmocka_unit_test(the_pages_command_is_read_as_the_page_means_it),
        cmocka_unit_test(flags_take_their_value_behind_an_equals_sign_too),
        cmocka_unit_test(the_alias_of_dns_sets_dns),
        cmocka_unit_test(a_bundles_values_mean_what_the_flags_mean),
        cmocka_unit_test(every_row_of_the_table_is_well_formed),
        cmocka_unit_test(the_pages_flags_have_the_pages_defaults),
        cmocka_unit_test(the_nearest_name_is_what_a_person_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
