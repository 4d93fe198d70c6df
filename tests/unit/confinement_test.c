/* The walls' table: the three things made from it, and the comparison with what systemd says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "probe/confined.h"
#include "provision/confinement.h"

#include <arpa/inet.h>
#include <string.h>

static void make(int version, enum policy policy, struct confinement *c)
{
    static struct instance in;
    static struct host h;

    in = (struct instance){ .uid = 991, .gid = 991 };
    h = (struct host){ .systemd_version = version };
    spec_defaults(&in.spec);
    in.spec.policy = policy;
    strcpy(h.gateway_user, "alice");
    strcpy(h.openclaw_root, "/opt/openclaw");
    strcpy(h.interpreter_root, "/opt/node");
    confinement_of(&in, &h, c);
}

static char *lines(int version, enum policy policy, enum confined who)
{
    struct buf text = { 0 };
    struct confinement c;

    make(version, policy, &c);
    assert_int_equal(confinement_lines(&c, who, &text), 0);
    return (char *)text.data;
}

static bool has_line(const char *text, const char *line)
{
    const char *at = text;
    size_t n = strlen(line);

    while ((at = strstr(at, line))) {
        if ((at == text || at[-1] == '\n') && at[n] == '\n')
            return true;
        at += n;
    }
    return false;
}

static void no_variable_is_left_in_the_lines(void **state)
{
    autofree char *agent = lines(257, POLICY_STRICT, CONFINED_AGENT);
    autofree char *gateway = lines(257, POLICY_STRICT, CONFINED_GATEWAY);

    (void)state;
    assert_null(strpbrk(agent, "{}"));
    assert_null(strpbrk(gateway, "{}"));
    assert_true(has_line(gateway, "User=alice"));
    assert_true(has_line(agent, "User=sandbox"));
    assert_true(has_line(agent, "NetworkNamespacePath=/run/netns/sandbox0"));
}

static void each_version_gets_only_what_it_knows(void **state)
{
    autofree char *old = lines(252, POLICY_DEFAULT, CONFINED_AGENT);
    autofree char *new = lines(257, POLICY_DEFAULT, CONFINED_AGENT);

    (void)state;
    assert_true(has_line(new, "PrivatePIDs=yes"));
    assert_true(has_line(new, "BindLogSockets=no"));
    assert_true(has_line(new, "ProtectControlGroups=strict"));
    assert_true(has_line(new, "MemoryPressureWatch=no"));
    assert_null(strstr(old, "PrivatePIDs"));
    assert_null(strstr(old, "BindLogSockets"));
    assert_null(strstr(old, "=strict"));
    assert_null(strstr(old, "MemoryPressureWatch"));
    assert_true(has_line(old, "ProtectControlGroups=yes"));
    assert_true(has_line(old, "InaccessiblePaths=/sys/fs/cgroup"));
    assert_false(has_line(new, "InaccessiblePaths=/sys/fs/cgroup"));
}

static void what_breaks_openclaw_is_not_asked_for(void **state)
{
    autofree char *text = lines(257, POLICY_DEFAULT, CONFINED_AGENT);

    (void)state;
    assert_null(strstr(text, "RestrictSUIDSGID"));
    assert_null(strstr(text, "MemoryDenyWriteExecute"));
}

static void programs_are_hidden_under_both_of_their_names(void **state)
{
    static const char *const programs[] = { "su",     "sudo",        "crontab",   "at",
                                            "pkexec", "systemd-run", "newuidmap", "newgidmap" };
    autofree char *text = lines(252, POLICY_DEFAULT, CONFINED_AGENT);
    char one[64];

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(programs); i++) {
        snprintf(one, sizeof one, "-/usr/bin/%s", programs[i]);
        assert_non_null(strstr(text, one));
        snprintf(one, sizeof one, "-/bin/%s", programs[i]);
        assert_non_null(strstr(text, one));
    }
}

static void trees_outside_usr_are_bound_and_the_dns_servers_allowed(void **state)
{
    autofree char *text = lines(257, POLICY_DEFAULT, CONFINED_AGENT);

    (void)state;
    assert_true(has_line(text, "BindReadOnlyPaths=/opt/openclaw /opt/node"));
    assert_true(has_line(text, "IPAddressAllow=127.0.0.0/8 10.200.0.1 8.8.8.8 1.1.1.1"));
}

static void only_strict_names_a_configuration_outside_the_home(void **state)
{
    autofree char *strict = lines(257, POLICY_STRICT, CONFINED_AGENT);
    autofree char *other = lines(257, POLICY_DEFAULT, CONFINED_AGENT);

    (void)state;
    assert_non_null(
        strstr(strict, "OPENCLAW_CONFIG_PATH=/etc/defenseclaw/sandbox/openclaw/openclaw.json"));
    assert_non_null(strstr(strict, "OPENCLAW_STATE_DIR=/home/sandbox/.openclaw"));
    assert_null(strstr(other, "OPENCLAW_CONFIG_PATH"));
}

static const cJSON *find(const cJSON *list, const char *name)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list) if (strcmp(json_str(item, "name"), name) == 0) return item;
    return NULL;
}

static void every_line_is_also_a_transient_property(void **state)
{
    autofree char *text = lines(257, POLICY_STRICT, CONFINED_AGENT);
    autojson cJSON *list = NULL;
    struct confinement c;
    int count = 0;

    (void)state;
    make(257, POLICY_STRICT, &c);
    list = confinement_transient(&c);
    assert_non_null(list);
    for (const char *p = text; *p; p++)
        count += *p == '\n';
    assert_int_equal(cJSON_GetArraySize(list), count);
    assert_string_equal(json_str(find(list, "SecureBits"), "signature"), "i");
    assert_int_equal(json_int(find(list, "SecureBits"), "value", 0), 0x2b);
    assert_int_equal(json_int(find(list, "UMask"), "value", 0), 077);
    assert_string_equal(json_str(find(list, "ProtectControlGroupsEx"), "value"), "strict");
    assert_null(find(list, "ProtectControlGroups"));
    assert_int_equal(json_int(find(list, "TimeoutStopUSec"), "value", 0), 5000000);
}

/* What systemd says when all is in force. */
static cJSON *effective(const struct confinement *c)
{
    autojson cJSON *expected = confinement_expected(c, CONFINED_AGENT);
    cJSON *all = cJSON_CreateObject(), *calls = cJSON_CreateArray(), *filter = cJSON_CreateArray();
    const cJSON *item;

    cJSON_ArrayForEach(item, expected) cJSON_AddItemToObject(
        all, json_str(item, "name"),
        cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(item, "value"), true));
    cJSON_AddItemToArray(calls, cJSON_CreateString("read"));
    cJSON_AddItemToArray(calls, cJSON_CreateString("openat2"));
    cJSON_AddItemToArray(filter, cJSON_CreateTrue());
    cJSON_AddItemToArray(filter, calls);
    cJSON_ReplaceItemInObjectCaseSensitive(all, "SystemCallFilter", filter);
    return all;
}

static int compare(const cJSON *all, const struct confinement *c, struct err *e)
{
    autojson cJSON *expected = confinement_expected(c, CONFINED_AGENT);

    return confined_compare(expected, all, e);
}

static void walls_that_stand_are_found_to_stand(void **state)
{
    autojson cJSON *all = NULL;
    struct confinement c;

    (void)state;
    make(257, POLICY_STRICT, &c);
    all = effective(&c);
    assert_int_equal(compare(all, &c, NULL), 0);
}

static void lists_may_come_back_in_another_order(void **state)
{
    autojson cJSON *all = NULL;
    struct confinement c;
    cJSON *binds;

    (void)state;
    make(257, POLICY_STRICT, &c);
    all = effective(&c);
    binds = cJSON_GetObjectItemCaseSensitive(all, "BindReadOnlyPaths");
    cJSON_AddItemToArray(binds, cJSON_DetachItemFromArray(binds, 0));
    assert_int_equal(compare(all, &c, NULL), 0);
}

static void a_property_that_systemd_ignores_is_found(void **state)
{
    autojson cJSON *expected = NULL;
    struct confinement c;
    const cJSON *item;

    (void)state;
    make(257, POLICY_STRICT, &c);
    expected = confinement_expected(&c, CONFINED_AGENT);
    cJSON_ArrayForEach(item, expected)
    {
        autojson cJSON *all = effective(&c);
        struct err e = { 0 };

        cJSON_DeleteItemFromObjectCaseSensitive(all, json_str(item, "name"));
        assert_int_equal(compare(all, &c, &e), -EBADMSG);
        assert_non_null(strstr(e.text, json_str(item, "name")));
    }
}

static void a_weaker_value_is_found(void **state)
{
    static const struct {
        const char *name;
        int kind; /* 0 false, 1 a number, 2 a string, 3 one more list item */
        double n;
        const char *text;
    } weak[] = {
        { "NoNewPrivileges", 0 },
        { "CapabilityBoundingSet", 1, 2097152 },
        { "AmbientCapabilities", 1, 1 },
        { "SecureBits", 1, 2 },
        { "RestrictNamespaces", 1, 268435456 },
        { "ProcSubset", 2, 0, "all" },
        { "ProtectProc", 2, 0, "default" },
        { "PrivatePIDs", 2, 0, "no" },
        { "ProtectControlGroupsEx", 2, 0, "yes" },
        { "NetworkNamespacePath", 2, 0, "" },
        { "User", 2, 0, "root" },
        { "PrivateDevices", 0 },
        { "BindPaths", 3 },
        { "BindReadOnlyPaths", 3 },
        { "SupplementaryGroups", 3 },
        { "Environment", 3 },
        { "TasksMax", 2, 0, "infinity" },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(weak); i++) {
        autojson cJSON *all = NULL;
        struct confinement c;
        struct err e = { 0 };

        make(257, POLICY_STRICT, &c);
        all = effective(&c);
        if (weak[i].kind == 3)
            cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(all, weak[i].name),
                                 cJSON_CreateString("LD_PRELOAD=/tmp/x"));
        else
            cJSON_ReplaceItemInObjectCaseSensitive(all, weak[i].name,
                                                   weak[i].kind == 0 ? cJSON_CreateFalse()
                                                   : weak[i].kind == 1
                                                       ? cJSON_CreateNumber(weak[i].n)
                                                       : cJSON_CreateString(weak[i].text));
        assert_int_equal(compare(all, &c, &e), -EBADMSG);
        assert_non_null(strstr(e.text, weak[i].name));
    }
}

static void set_filter(cJSON *all, bool allow, const char *call)
{
    cJSON *filter = cJSON_CreateArray(), *calls = cJSON_CreateArray();

    if (call)
        cJSON_AddItemToArray(calls, cJSON_CreateString(call));
    cJSON_AddItemToArray(filter, cJSON_CreateBool(allow));
    cJSON_AddItemToArray(filter, calls);
    cJSON_ReplaceItemInObjectCaseSensitive(all, "SystemCallFilter", filter);
}

static void a_wider_system_call_filter_is_found(void **state)
{
    static const char *const calls[] = { "mount",       "ptrace",          "keyctl",
                                         "bpf",         "io_uring_setup",  "setuid",
                                         "init_module", "process_vm_readv" };
    autojson cJSON *all = NULL;
    struct confinement c;

    (void)state;
    make(252, POLICY_DEFAULT, &c);
    all = effective(&c);
    for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
        set_filter(all, true, calls[i]);
        assert_int_equal(compare(all, &c, NULL), -EBADMSG);
    }
    set_filter(all, true, NULL); /* no filter at all */
    assert_int_equal(compare(all, &c, NULL), -EBADMSG);
    set_filter(all, false, "reboot"); /* a list of what is refused allows all else */
    assert_int_equal(compare(all, &c, NULL), -EBADMSG);
    set_filter(all, true, "read");
    assert_int_equal(compare(all, &c, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_variable_is_left_in_the_lines),
        cmocka_unit_test(each_version_gets_only_what_it_knows),
        cmocka_unit_test(what_breaks_openclaw_is_not_asked_for),
        cmocka_unit_test(programs_are_hidden_under_both_of_their_names),
        cmocka_unit_test(trees_outside_usr_are_bound_and_the_dns_servers_allowed),
        cmocka_unit_test(only_strict_names_a_configuration_outside_the_home),
        cmocka_unit_test(every_line_is_also_a_transient_property),
        cmocka_unit_test(walls_that_stand_are_found_to_stand),
        cmocka_unit_test(lists_may_come_back_in_another_order),
        cmocka_unit_test(a_property_that_systemd_ignores_is_found),
        cmocka_unit_test(a_weaker_value_is_found),
        cmocka_unit_test(a_wider_system_call_filter_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
