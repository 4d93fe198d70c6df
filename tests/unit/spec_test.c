#include "spec/spec.h"

#include "base/json.h"
#include "base/mem.h"
#include "spec/instance.h"
#include "spec/options.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void meant(const struct spec *recorded, const char *const *flags, struct spec *s)
{
    struct options o;
    struct err e = { 0 };

    options_init(&o);
    for (; *flags; flags += 2)
        if (options_set(&o, flags[0], flags[1], &e) < 0)
            fail_msg("%s", e.text);
    if (options_resolve(&o, recorded, s, &e) < 0)
        fail_msg("%s", e.text);
}

#define MEANT(recorded, s, ...) meant(recorded, (const char *const[]){ __VA_ARGS__, NULL }, s)

static void the_defaults_are_the_pages(void **state)
{
    struct spec s;

    (void)state;
    spec_defaults(&s);
    assert_string_equal(s.name, "sandbox");
    assert_int_equal(s.policy, POLICY_PERMISSIVE);
    assert_int_equal(s.sandbox_ip.s_addr, inet_addr("10.200.0.2"));
    assert_int_equal(s.host_ip.s_addr, inet_addr("10.200.0.1"));
    assert_string_equal(s.home, "/home/sandbox");
    assert_int_equal(s.openclaw_port, 18789);
    assert_int_equal(s.relay_port, 18789);
    assert_int_equal(s.dns_count, 2);
    assert_int_equal(s.dns[0].s_addr, inet_addr("8.8.8.8"));
    assert_int_equal(s.dns[1].s_addr, inet_addr("1.1.1.1"));
    assert_false(s.dns_host || s.no_auto_pair || s.no_host_networking || s.no_guardrail ||
                 s.no_agent);
    assert_int_equal(s.dns_filter, DNS_FILTER_TEMPLATE);
    assert_string_equal(s.openclaw, "");
    assert_int_equal(spec_check(&s, NULL), 0);
}

static void a_flag_that_is_not_given_keeps_its_recorded_value(void **state)
{
    struct spec first, second;

    (void)state;
    MEANT(NULL, &first, "policy", "strict", "no-guardrail", NULL, "dns", "9.9.9.9");
    MEANT(&first, &second, "openclaw-port", "19000");
    assert_int_equal(second.policy, POLICY_STRICT);
    assert_true(second.no_guardrail);
    assert_int_equal(second.dns_count, 1);
    assert_int_equal(second.openclaw_port, 19000);
    assert_int_equal(second.relay_port, 19000); /* it followed before, so it follows now */
}

static void an_opposite_takes_a_recorded_switch_back(void **state)
{
    struct spec first, second;

    (void)state;
    MEANT(NULL, &first, "no-guardrail", NULL, "no-auto-pair", NULL, "no-host-networking", NULL,
          "no-agent", NULL);
    assert_true(first.no_guardrail && first.no_auto_pair && first.no_host_networking &&
                first.no_agent);
    MEANT(&first, &second, "guardrail", NULL, "auto-pair", NULL, "host-networking", NULL, "agent",
          NULL);
    assert_false(second.no_guardrail || second.no_auto_pair || second.no_host_networking ||
                 second.no_agent);
}

static void defaults_go_back_to_the_pages_values(void **state)
{
    struct spec first, second, fresh;

    (void)state;
    MEANT(NULL, &first, "policy", "strict", "sandbox-home", "/srv/box", "relay-port", "20000");
    MEANT(&first, &second, "defaults", NULL);
    spec_defaults(&fresh);
    assert_memory_equal(&second, &fresh, sizeof fresh);
}

static void a_relay_port_of_its_own_stays_when_the_agents_port_moves(void **state)
{
    struct spec first, second;

    (void)state;
    MEANT(NULL, &first, "relay-port", "20000");
    MEANT(&first, &second, "openclaw-port", "19000");
    assert_int_equal(second.relay_port, 20000);
}

static void another_name_brings_another_home(void **state)
{
    struct spec s;

    (void)state;
    MEANT(NULL, &s, "name", "box");
    assert_string_equal(s.home, "/home/box");
    MEANT(NULL, &s, "name", "box", "sandbox-home", "/srv/x");
    assert_string_equal(s.home, "/srv/x");
}

static void an_openclaw_that_is_given_brings_the_agent_back(void **state)
{
    struct spec first, second;

    (void)state;
    MEANT(NULL, &first, "no-agent", NULL);
    MEANT(&first, &second, "openclaw", "/opt/openclaw/bin/openclaw");
    assert_false(second.no_agent);
}

static void the_record_gives_back_the_same_spec(void **state)
{
    struct spec s, back;
    autojson cJSON *j = NULL;

    (void)state;
    MEANT(NULL, &s, "name", "box", "policy", "strict", "sandbox-ip", "10.9.0.2", "host-ip",
          "10.9.0.1", "sandbox-home", "/srv/box", "openclaw-port", "19000", "relay-port", "19001",
          "dns", "9.9.9.9,1.1.1.1", "no-auto-pair", NULL, "gateway-user", "alice", "openclaw",
          "/opt/openclaw", "dns-filter", "none");
    j = spec_to_json(&s);
    assert_non_null(j);
    memset(&back, 0x5a, sizeof back);
    assert_int_equal(spec_from_json(j, &back, NULL), 0);
    assert_memory_equal(&s, &back, sizeof s);
}

static void a_record_of_a_newer_program_is_read(void **state)
{
    autojson cJSON *j =
        cJSON_Parse("{\"name\":\"sandbox\",\"policy\":\"strict\",\"seccomp\":\"x\"}");
    struct spec s;

    (void)state;
    assert_int_equal(spec_from_json(j, &s, NULL), 0);
    assert_int_equal(s.policy, POLICY_STRICT);
    assert_int_equal(s.openclaw_port, 18789);
}

static void a_broken_record_is_refused_and_leaves_the_spec_alone(void **state)
{
    static const char *const broken[] = {
        "{\"policy\":\"lax\"}", "{\"openclaw-port\":0}",    "{\"no-guardrail\":\"no\"}",
        "{\"dns\":\"8.8.8\"}",  "{\"name\":\"../../etc\"}", "{\"sandbox-home\":\"/etc\"}",
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(broken); i++) {
        autojson cJSON *j = cJSON_Parse(broken[i]);
        struct spec s, was;
        struct err e = { 0 };

        memset(&s, 0x5a, sizeof s);
        was = s;
        assert_int_equal(spec_from_json(j, &s, &e), -EINVAL);
        assert_memory_equal(&s, &was, sizeof s);
        assert_string_not_equal(e.text, "");
    }
}

static void an_instance_is_read_back_as_written(void **state)
{
    struct instance in = { .uid = 999, .gid = 998, .gateway_uid = 1000, .gateway_gid = 1001 }, back;
    autojson cJSON *j = NULL;

    (void)state;
    spec_defaults(&in.spec);
    uuid_make(in.uuid);
    j = instance_to_json(&in);
    assert_int_equal(instance_from_json(j, &back, NULL), 0);
    assert_string_equal(back.uuid, in.uuid);
    assert_int_equal(back.uid, 999);
    assert_int_equal(back.gid, 998);
    assert_int_equal(back.gateway_uid, 1000);
    assert_int_equal(back.gateway_gid, 1001);
    assert_memory_equal(&back.spec, &in.spec, sizeof in.spec);
}

static void an_instance_whose_user_would_be_root_is_refused(void **state)
{
    static const char *const keys[] = { "uid", "gid", "gateway_uid", "gateway_gid" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
        struct instance in = { .uid = 1, .gid = 1, .gateway_uid = 1, .gateway_gid = 1 }, back;
        autojson cJSON *j = NULL;

        spec_defaults(&in.spec);
        uuid_make(in.uuid);
        j = instance_to_json(&in);
        cJSON_ReplaceItemInObjectCaseSensitive(j, keys[i], cJSON_CreateNumber(0));
        assert_int_equal(instance_from_json(j, &back, NULL), -EINVAL);
        cJSON_ReplaceItemInObjectCaseSensitive(j, keys[i], cJSON_CreateNumber(4294967295.0));
        assert_int_equal(instance_from_json(j, &back, NULL), -EINVAL);
    }
}

static void no_such_instance_is_said_with_what_to_type(void **state)
{
    struct instance in;
    struct err e = { 0 };

    (void)state;
    assert_int_equal(instance_load("nosuchthing", &in, &e), -ENOENT);
    assert_int_equal(e.status, EXIT_USAGE);
    assert_string_equal(e.fix, "sudo defenseclaw sandbox setup --name nosuchthing");
    assert_int_equal(instance_load("../etc", &in, &e), -EINVAL);
}

static void different_names_never_share_a_link(void **state)
{
    static const char *const names[] = { "x", "x1", "x10", "x0", "x00" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        for (size_t k = 0; k < N_ELEMENTS(names); k++) {
            char a[16], b[16];

            snprintf(a, sizeof a, "%s0", names[i]);
            snprintf(b, sizeof b, "%s0", names[k]);
            assert_true(name_valid(names[i]));
            assert_int_equal(i == k, strcmp(a, b) == 0);
        }
    assert_true(name_valid("abcdefghijkl")); /* 12: with the 0 still under IFNAMSIZ */
    assert_false(name_valid("abcdefghijklm"));
    assert_false(name_valid(""));
}

/* -- what a change widens -- */

static void collect(void *userdata, const char *sentence)
{
    strcat(strcat(userdata, sentence), "\n");
}

static size_t widened(const struct spec *was, const struct spec *now, char *text)
{
    text[0] = '\0';
    return spec_widens(was, now, collect, text);
}

static void a_change_that_widens_is_said_in_a_sentence_each(void **state)
{
    struct spec was, now;
    char text[2048];

    (void)state;
    MEANT(NULL, &was, "policy", "strict", "dns", "9.9.9.9");
    MEANT(&was, &now, "policy", "default");
    assert_int_equal(widened(&was, &now, text), 1);
    assert_non_null(strstr(text, "from strict to default"));
    MEANT(&was, &now, "dns", "9.9.9.9,1.1.1.1");
    assert_int_equal(widened(&was, &now, text), 1);
    assert_non_null(strstr(text, "1.1.1.1"));
    MEANT(&was, &now, "dns", "host");
    assert_int_equal(widened(&was, &now, text), 1);
    MEANT(&was, &now, "no-guardrail", NULL, "no-host-networking", NULL, "dns-filter", "none");
    assert_int_equal(widened(&was, &now, text), 3);
}

static void a_change_that_narrows_says_nothing(void **state)
{
    struct spec was, now;
    char text[2048];

    (void)state;
    MEANT(NULL, &was, "no-guardrail", NULL, "no-host-networking", NULL, "dns", "8.8.8.8,1.1.1.1");
    MEANT(&was, &now, "policy", "strict", "guardrail", NULL, "host-networking", NULL, "dns",
          "1.1.1.1", "no-agent", NULL);
    assert_int_equal(widened(&was, &now, text), 0);
    assert_int_equal(widened(&was, &was, text), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_pages),
        cmocka_unit_test(a_flag_that_is_not_given_keeps_its_recorded_value),
        cmocka_unit_test(an_opposite_takes_a_recorded_switch_back),
        cmocka_unit_test(defaults_go_back_to_the_pages_values),
        cmocka_unit_test(a_relay_port_of_its_own_stays_when_the_agents_port_moves),
        cmocka_unit_test(another_name_brings_another_home),
        cmocka_unit_test(an_openclaw_that_is_given_brings_the_agent_back),
        cmocka_unit_test(the_record_gives_back_the_same_spec),
        cmocka_unit_test(a_record_of_a_newer_program_is_read),
        cmocka_unit_test(a_broken_record_is_refused_and_leaves_the_spec_alone),
        cmocka_unit_test(an_instance_is_read_back_as_written),
        cmocka_unit_test(an_instance_whose_user_would_be_root_is_refused),
        cmocka_unit_test(no_such_instance_is_said_with_what_to_type),
        cmocka_unit_test(different_names_never_share_a_link),
        cmocka_unit_test(a_change_that_widens_is_said_in_a_sentence_each),
        cmocka_unit_test(a_change_that_narrows_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
