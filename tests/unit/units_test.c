/* Rows 5 and 6: the texts of the units, and what is wanted of them in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "provision/units_text.h"
#include "resource/kinds.h"

#include <string.h>

struct fixture {
    struct inputs in;
    struct plan plan;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    static struct input_file policy = { "egress.yaml", "network_policies: {}\n", 21 };

    spec_defaults(&f->in.in.spec);
    strcpy(f->in.in.uuid, "11111111-2222-4333-8444-555555555555");
    f->in.in.uid = f->in.in.gid = 991;
    f->in.host.systemd_version = 257;
    strcpy(f->in.host.gateway_user, "alice");
    strcpy(f->in.host.openclaw, "/usr/bin/openclaw");
    f->in.quiesce_all = "defenseclaw-sandbox.target";
    f->in.quiesce_agent = "openshell-sandbox.service";
    f->in.policy = &policy;
    f->in.policy_count = 1;
    f->in.blobs = blobs_new();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    plan_done(&f->plan);
    blobs_free(f->in.blobs);
    free(f);
    return 0;
}

static char *text_of(const struct fixture *f, enum unit_id id)
{
    struct buf text = { 0 };
    struct unit_names names;

    units_names(f->in.in.spec.name, &names);
    assert_int_equal(units_text(&f->in, &names, id, &text), 0);
    return (char *)text.data;
}

static bool has(const char *text, const char *line)
{
    const char *at = strstr(text, line);

    return at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

static void the_page_s_names_are_used(void **state)
{
    struct unit_names n;

    (void)state;
    units_names("sandbox", &n);
    assert_string_equal(n.unit[UNIT_GATEWAY], "defenseclaw-gateway@sandbox.service");
    assert_string_equal(n.unit[UNIT_AGENT], "openshell-sandbox.service");
    assert_string_equal(n.unit[UNIT_TARGET], "defenseclaw-sandbox.target");
}

static void no_variable_is_left_in_a_unit(void **state)
{
    for (enum unit_id id = 0; id < UNIT_COUNT; id++) {
        autofree char *text = text_of(*state, id);

        assert_null(strpbrk(text, "{}"));
        assert_non_null(strstr(text, "[Unit]\n"));
    }
}

/* A name made in a mount namespace is dead outside, and each of these brings one. */
static void the_network_s_unit_has_no_mount_namespace(void **state)
{
    static const char *const bring_one[] = {
        "Protect",      "PrivateTmp",     "PrivateDevices", "PrivateMounts", "PrivateIPC",
        "Paths=",       "ProcSubset",     "RootDirectory",  "Temporary",     "DynamicUser",
        "PrivateUsers", "StateDirectory", "LoadCredential",
    };
    autofree char *text = text_of(*state, UNIT_NETNS);

    for (size_t i = 0; i < N_ELEMENTS(bring_one); i++)
        assert_null(strstr(text, bring_one[i]));
    assert_true(has(text, "CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_ADMIN"));
}

/* Default dependencies would order them before basic.target, and what they bind to after it. */
static void sockets_make_no_ordering_cycle(void **state)
{
    for (enum unit_id id = UNIT_SOCKET; id <= UNIT_LOCAL; id++) {
        autofree char *text = text_of(*state, id);

        assert_true(has(text, "DefaultDependencies=no"));
        assert_true(has(text, "BindsTo=defenseclaw-netns@sandbox.service"));
        assert_true(has(text, "Before=shutdown.target"));
    }
}

static void the_gateway_s_sockets_are_on_the_host_address(void **state)
{
    autofree char *text = text_of(*state, UNIT_SOCKET);

    assert_true(has(text, "ListenStream=10.200.0.1:18970"));
    assert_true(has(text, "ListenStream=10.200.0.1:3128"));
    assert_true(has(text, "ListenStream=10.200.0.1:53"));
    assert_true(has(text, "ListenDatagram=10.200.0.1:53"));
    assert_true(has(text, "BindToDevice=sandbox0"));
}

static void no_host_networking_takes_the_relay_away(void **state)
{
    struct fixture *f = *state;
    autofree char *with = text_of(f, UNIT_LOCAL), *without = NULL;

    assert_true(has(with, "ListenStream=127.0.0.1:18789"));
    f->in.in.spec.no_host_networking = true;
    without = text_of(f, UNIT_LOCAL);
    assert_null(strstr(without, "127.0.0.1"));
    assert_true(has(without, "ListenStream=/run/defenseclaw/sandbox/gateway.sock"));
}

static void the_agent_needs_the_sockets_and_stops_with_the_namespace(void **state)
{
    autofree char *text = text_of(*state, UNIT_AGENT);

    assert_true(has(text, "BindsTo=defenseclaw-netns@sandbox.service"));
    assert_true(has(text, "Requires=defenseclaw-gateway@sandbox.socket "
                          "defenseclaw-local@sandbox.socket"));
    assert_true(
        has(text, "ExecStart=" DC_LIBEXECDIR "/defenseclaw-launch /usr/bin/openclaw gateway run"));
}

static void the_agent_s_secrets_are_not_read_by_systemd(void **state)
{
    autofree char *text = text_of(*state, UNIT_AGENT);

    assert_null(strstr(text, "EnvironmentFile"));
}

static void a_secret_that_exists_is_a_credential_of_the_gateway(void **state)
{
    struct fixture *f = *state;
    autofree char *none = text_of(f, UNIT_GATEWAY), *text = NULL;
    autojson cJSON *secrets = cJSON_CreateObject(), *record = cJSON_CreateArray();
    cJSON *entry = cJSON_CreateObject();
    const char *at;

    assert_null(strstr(none, "LoadCredential"));
    cJSON_AddStringToObject(secrets, "OPENAI_API_KEY", "x");
    cJSON_AddStringToObject(entry, "kind", "file");
    cJSON_AddStringToObject(entry, "id", "/etc/defenseclaw/sandbox/secrets/OPENAI_API_KEY.cred");
    cJSON_AddItemToArray(record, entry);
    f->in.secrets = secrets;
    f->in.record = record;
    text = text_of(f, UNIT_GATEWAY);
    at = strstr(text, "LoadCredentialEncrypted=OPENAI_API_KEY:/etc/defenseclaw/sandbox/secrets/"
                      "OPENAI_API_KEY.cred\n");
    assert_non_null(at);
    assert_null(strstr(at + 1, "LoadCredentialEncrypted")); /* once, though named twice */
    f->in.secrets = NULL;
    f->in.record = NULL;
}

static const struct plan_item *item_of(const struct plan *p, const char *kind, const char *id,
                                       size_t *at)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].kind->name, kind) == 0 && strcmp(p->items[i].id, id) == 0) {
            *at = i;
            return &p->items[i];
        }
    return NULL;
}

static void the_gateway_starts_before_the_agent_and_the_link_comes_last(void **state)
{
    struct fixture *f = *state;
    const struct plan_item *gateway;
    size_t file, first, second, third, link;
    char digest[DIGEST_HEX_LEN + 1];

    assert_int_equal(units_wants(&f->in, &f->plan, NULL), 0);
    assert_non_null(
        item_of(&f->plan, "file", "/etc/systemd/system/openshell-sandbox.service", &file));
    gateway = item_of(&f->plan, "unit", "defenseclaw-gateway@sandbox.service", &first);
    assert_non_null(gateway);
    assert_non_null(item_of(&f->plan, "unit", "openshell-sandbox.service", &second));
    assert_non_null(item_of(&f->plan, "unit", "defenseclaw-sandbox.target", &third));
    assert_non_null(
        item_of(&f->plan, "file",
                "/etc/systemd/system/multi-user.target.wants/defenseclaw-sandbox.target", &link));
    assert_true(file < first && first < second && second < third && third < link);
    digest_hex(f->in.policy->data, f->in.policy->len, digest);
    assert_string_equal(json_str(gateway->want, "policy"), digest);
    assert_non_null(gateway->proof);
}

static void the_target_s_members_are_all_units(void **state)
{
    struct fixture *f = *state;
    const struct plan_item *target;
    size_t at;

    assert_int_equal(units_wants(&f->in, &f->plan, NULL), 0);
    target = item_of(&f->plan, "unit", "defenseclaw-sandbox.target", &at);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(target->want, "members")), UNIT_COUNT);
}

static void an_agent_held_back_has_its_file_and_nothing_started(void **state)
{
    struct fixture *f = *state;
    size_t at;

    f->in.hold_agent = true;
    assert_int_equal(units_wants(&f->in, &f->plan, NULL), 0);
    assert_non_null(
        item_of(&f->plan, "file", "/etc/systemd/system/openshell-sandbox.service", &at));
    assert_non_null(item_of(&f->plan, "unit", "defenseclaw-gateway@sandbox.service", &at));
    assert_null(item_of(&f->plan, "unit", "openshell-sandbox.service", &at));
    assert_null(item_of(&f->plan, "unit", "defenseclaw-sandbox.target", &at));
    assert_null(item_of(&f->plan, "file",
                        "/etc/systemd/system/multi-user.target.wants/defenseclaw-sandbox.target",
                        &at));
}

static void without_an_agent_there_is_no_trace_of_it(void **state)
{
    struct fixture *f = *state;
    autofree char *target = NULL;
    size_t at;

    f->in.in.spec.no_agent = true;
    assert_int_equal(units_wants(&f->in, &f->plan, NULL), 0);
    assert_null(item_of(&f->plan, "file", "/etc/systemd/system/openshell-sandbox.service", &at));
    assert_null(item_of(&f->plan, "unit", "openshell-sandbox.service", &at));
    target = text_of(f, UNIT_TARGET);
    assert_null(strstr(target, "openshell"));
}

static void the_launchers_call_the_program_by_its_path(void **state)
{
    struct fixture *f = *state;
    autobuf struct buf text = { 0 };
    const struct plan_item *run;
    size_t at;

    assert_int_equal(launchers_wants(&f->in, &f->plan, NULL), 0);
    run = item_of(&f->plan, "file", "/home/sandbox/run-sandbox.sh", &at);
    assert_non_null(run);
    assert_non_null(item_of(&f->plan, "file", "/home/sandbox/pair.sh", &at));
    assert_string_equal(json_str(run->want, "mode"), "0755");
    assert_int_equal(json_int(run->want, "uid", -1), 0);
    assert_int_equal(blob_get(f->in.blobs, -1, json_str(run->want, "digest"), &text), 0);
    assert_non_null(strstr(buf_str(&text), "exec " DC_BINDIR
                                           "/defenseclaw sandbox run --name sandbox -- \"$@\"\n"));
}

#define UNITS_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNITS_TEST(the_page_s_names_are_used),
        UNITS_TEST(no_variable_is_left_in_a_unit),
        UNITS_TEST(the_network_s_unit_has_no_mount_namespace),
        UNITS_TEST(sockets_make_no_ordering_cycle),
        UNITS_TEST(the_gateway_s_sockets_are_on_the_host_address),
        UNITS_TEST(no_host_networking_takes_the_relay_away),
        UNITS_TEST(the_agent_needs_the_sockets_and_stops_with_the_namespace),
        UNITS_TEST(the_agent_s_secrets_are_not_read_by_systemd),
        UNITS_TEST(a_secret_that_exists_is_a_credential_of_the_gateway),
        UNITS_TEST(the_gateway_starts_before_the_agent_and_the_link_comes_last),
        UNITS_TEST(the_target_s_members_are_all_units),
        UNITS_TEST(an_agent_held_back_has_its_file_and_nothing_started),
        UNITS_TEST(without_an_agent_there_is_no_trace_of_it),
        UNITS_TEST(the_launchers_call_the_program_by_its_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
