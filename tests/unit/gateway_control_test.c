/* The gateway as a service: start, health, status, pairing, reload, audit that fails, stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/ed25519.h"
#include "base/json.h"
#include "base/mem.h"
#include "gateway/gateway.h"
#include "gateway_kit.h"
#include "spec/pair.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define API 18970
#define EMPTY "network_policies: {}\n"
#define OTHER                                                                                      \
    "network_policies:\n  e:\n    endpoints:\n      - {host: www.test, ports: "                    \
    "[8001], " KIT_ALLOWED "}\n"

static const uint8_t seed[ED25519_SEED_BYTES] = "a seed of thirty-two bytes, yes";

static int tear_down(void **state)
{
    (void)state;
    if (kit_pid())
        assert_int_equal(kit_stop(), 0);
    kit_stop_servers();
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    kit_start(EMPTY, NULL);
    return 0;
}

static void greet(int fd)
{
    kit_send(fd, "hello");
}

static const char *body_of(const struct buf *answer)
{
    const char *body = strstr(buf_str(answer), "\r\n\r\n");

    assert_non_null(body);
    return body + 4;
}

static void expect_health(const char *gateway, const char *sandbox)
{
    autobuf struct buf out = { 0 };
    char want[256];

    snprintf(want, sizeof want,
             "{\"gateway\":{\"state\":\"%s\"},\"watcher\":{\"state\":\"absent\"},"
             "\"guardrail\":{\"state\":\"absent\"},\"sandbox\":{\"state\":\"%s\"}}\n",
             gateway, sandbox);
    kit_ask(API, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n", &out);
    assert_true(strncmp(buf_str(&out), "HTTP/1.1 200 OK\r\n", 17) == 0);
    assert_string_equal(body_of(&out), want);
}

static void health_says_the_four_states_and_nothing_else(void **state)
{
    (void)state;
    expect_health("running", "starting");
    poll(NULL, 0, 1100); /* an answer of the last second counts */
    kit_serve(KIT_SANDBOX, KIT_RELAY, greet);
    expect_health("running", "running");
    kit_stop_servers();
    poll(NULL, 0, 1100);
    expect_health("running", "degraded");
}

static void without_an_agent_the_sandbox_is_absent(void **state)
{
    static const struct kit_options options = { .no_agent = true };

    (void)state;
    kit_start(EMPTY, &options);
    expect_health("running", "absent");
}

static void other_routes_methods_and_peers_are_turned_away(void **state)
{
    static const struct {
        const char *request, *answer;
    } cases[] = {
        { "GET /status HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
        { "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
        { "GET /health/ HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
        { "GET http://x/health HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 " },
        { "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405 " },
        { "GET /pair HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 " },
        { "POST /pair HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n", "HTTP/1.1 413 " },
        { "GET /health\r\n\r\n", "HTTP/1.1 400 " },
    };
    autobuf struct buf stranger = { 0 };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        autobuf struct buf out = { 0 };

        kit_ask(API, cases[i].request, &out);
        if (strncmp(buf_str(&out), cases[i].answer, strlen(cases[i].answer)) != 0)
            fail_msg("%s gave %s", cases[i].request, buf_str(&out));
    }
    kit_talk(kit_connect(KIT_HOST, KIT_HOST, API), "GET /health HTTP/1.0\r\n\r\n", 24, &stranger);
    assert_int_equal(stranger.len, 0);
}

static cJSON *status_as(uid_t uid)
{
    autobuf struct buf out = { 0 };
    struct err e = { 0 };
    cJSON *j = NULL;
    const char *body;

    kit_control("/status", uid, &out);
    body = body_of(&out);
    assert_int_equal(json_parse("status", body, strlen(body), &j, &e), 0);
    return j;
}

static const char *in(const cJSON *j, const char *part, const char *key)
{
    const char *s = json_str(cJSON_GetObjectItemCaseSensitive(j, part), key);

    return s ? s : "";
}

static void status_says_what_is_not_in_force(void **state)
{
    static const struct kit_options strict = { .template = "strict" };
    autojson cJSON *j = NULL;
    char digest[DIGEST_HEX_LEN + 1];

    (void)state;
    kit_start(EMPTY, &strict);
    j = status_as(0);
    digest_hex(EMPTY, strlen(EMPTY), digest);
    assert_string_equal(json_str(j, "schema"), "defenseclaw.gateway-status/1");
    assert_string_equal(in(j, "policy", "digest"), digest);
    assert_string_equal(in(j, "policy", "programs"), "not checked yet");
    assert_string_equal(in(j, "policy", "rego"), "not evaluated");
    assert_string_equal(in(j, "dns", "filter"), "none in force");
    assert_string_equal(in(j, "dns", "filter_wanted"), "policy");
    assert_string_equal(in(j, "guardrail", "state"), "absent");
    assert_string_equal(in(j, "audit", "state"), "ok");
    assert_string_equal(in(j, "audit", "when_failing"), "refuse");
}

static void others_of_the_host_get_the_state_words_only(void **state)
{
    static const uid_t trusted[] = { 0, 4001, 65534 };
    autojson cJSON *other = NULL;

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(trusted); i++) {
        autojson cJSON *j = status_as(trusted[i]);

        assert_non_null(cJSON_GetObjectItemCaseSensitive(j, "policy"));
    }
    other = status_as(4002);
    assert_string_equal(in(other, "gateway", "state"), "running");
    assert_int_equal(cJSON_GetArraySize(other), 6);
}

static void ready_names_the_policy_in_force(void **state)
{
    char want[128] = "READY=1\nSTATUS=policy ", digest[DIGEST_HEX_LEN + 1];
    const char *said;

    (void)state;
    digest_hex(OTHER, strlen(OTHER), digest);
    strcat(want, digest);
    kit_write("policy/egress.yaml", OTHER);
    kill(kit_pid(), SIGHUP);
    said = kit_notified();
    assert_true(said && strncmp(said, "RELOADING=1\nMONOTONIC_USEC=", 27) == 0);
    said = kit_notified();
    assert_non_null(said);
    assert_string_equal(said, want);
}

static void the_watchdog_hears_from_it(void **state)
{
    static const struct kit_options options = { .watchdog = true };

    (void)state;
    kit_start(EMPTY, &options);
    for (int i = 0; i < 3; i++) {
        const char *said = kit_notified();

        assert_non_null(said);
        assert_string_equal(said, "WATCHDOG=1");
    }
}

static bool may_connect(void)
{
    autobuf struct buf out = { 0 };

    kit_ask(3128, "CONNECT www.test:8001 HTTP/1.0\r\n\r\n", &out);
    return strncmp(buf_str(&out), "HTTP/1.1 200 ", 13) == 0;
}

static void a_reload_is_taken_whole_or_not_at_all(void **state)
{
    autojson cJSON *before = NULL, *after = NULL;

    (void)state;
    kit_serve_dns(KIT_OUTSIDE);
    kit_serve(KIT_OUTSIDE, 8001, greet);
    assert_false(may_connect());
    kit_write("policy/egress.yaml", OTHER);
    kill(kit_pid(), SIGHUP);
    assert_non_null(kit_notified());
    assert_non_null(kit_notified());
    assert_true(may_connect());
    before = status_as(0);
    kit_write("policy/egress.yaml", "network_policies:\n  e: []\n");
    kill(kit_pid(), SIGHUP);
    assert_non_null(kit_notified());
    assert_string_equal(kit_notified(), "READY=1"); /* the STATUS of the old one stands */
    assert_true(may_connect());
    after = status_as(0);
    assert_string_equal(in(after, "policy", "digest"), in(before, "policy", "digest"));
    assert_non_null(strstr(in(after, "policy", "last_reload_error"),
                           "policy/egress.yaml: line 2, column 3: e must be a map"));
    assert_string_equal(in(after, "gateway", "state"), "degraded");
    kit_write("policy/egress.yaml", EMPTY);
    kit_write("device.pub", "nonsense\n"); /* the policy is good, the whole is not */
    kill(kit_pid(), SIGHUP);
    assert_non_null(kit_notified());
    assert_non_null(kit_notified());
    assert_true(may_connect());
}

static void a_reload_takes_the_template_and_the_servers_too(void **state)
{
    static const struct kit_options strict = { .template = "strict", .dns = KIT_OUTSIDE2 };
    autojson cJSON *j = NULL;
    const cJSON *servers;

    (void)state;
    kit_write_instance(&strict);
    kill(kit_pid(), SIGHUP);
    assert_non_null(kit_notified());
    assert_non_null(kit_notified());
    j = status_as(0);
    assert_string_equal(in(j, "policy", "template"), "strict");
    servers = cJSON_GetObjectItem(cJSON_GetObjectItem(j, "dns"), "servers");
    assert_int_equal(cJSON_GetArraySize(servers), 1);
    assert_string_equal(cJSON_GetArrayItem(servers, 0)->valuestring, KIT_OUTSIDE2);
}

static void a_bad_start_says_why(void **state)
{
    static const struct kit_options root = { .as_root = true }, sandbox = { .uid = 4001 };
    static const struct {
        const char *policy;
        const struct kit_options *options;
        const char *says;
    } cases[] = {
        { "network_policies:\n  e:\n    endpoints: [{host: '*', ports: [1]}]\n", NULL,
          "ERROR: /etc/defenseclaw/sandbox/policy/egress.yaml: line 3, column 18: host *: wider" },
        { EMPTY, &root, "ERROR: the gateway does not run as root\nfix: " },
        { EMPTY, &sandbox, "ERROR: the gateway does not run as the sandbox user\n" },
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        autobuf struct buf said = { 0 };

        assert_int_equal(kit_start_fails(cases[i].policy, cases[i].options, &said), 1);
        if (!strstr(buf_str(&said), cases[i].says))
            fail_msg("%s instead of %s", buf_str(&said), cases[i].says);
    }
}

/* What the client sends, with one thing changed where the caller wants it. */
struct proof {
    char device[DEVICE_ID_LEN + 1], public_key[64], nonce[64], signature[128];
    long long signed_at;
};

static void fresh_nonce(struct proof *p)
{
    autobuf struct buf out = { 0 };
    char request[256];

    snprintf(request, sizeof request,
             "GET " PAIR_CHALLENGE_PATH "?device=%s HTTP/1.1\r\nHost: x\r\n\r\n", p->device);
    kit_ask(API, request, &out);
    assert_int_equal(sscanf(body_of(&out), "{\"nonce\":\"%63[^\"]\"}", p->nonce), 1);
    assert_int_equal(strlen(p->nonce), PAIR_NONCE_LEN);
}

static void sign(struct proof *p, const uint8_t with[ED25519_SEED_BYTES])
{
    uint8_t sig[ED25519_SIGNATURE_BYTES];
    char message[PAIR_MESSAGE_MAX];

    snprintf(message, sizeof message, PAIR_MESSAGE_FMT, p->device, p->nonce, p->signed_at);
    ed25519_sign(with, message, strlen(message), sig);
    base64url_encode(sig, sizeof sig, p->signature);
}

static struct proof make_proof(const uint8_t with[ED25519_SEED_BYTES])
{
    struct proof p = { .signed_at = (long long)time(NULL) };
    uint8_t pub[ED25519_PUBLIC_BYTES];

    ed25519_public(with, pub);
    device_id(pub, p.device);
    base64url_encode(pub, sizeof pub, p.public_key);
    fresh_nonce(&p);
    sign(&p, with);
    return p;
}

static void post(const char *body, struct buf *out)
{
    autobuf struct buf request = { 0 };

    buf_printf(&request, "POST /pair HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
               strlen(body), body);
    kit_ask(API, buf_str(&request), out);
}

static unsigned prove(const struct proof *p)
{
    autobuf struct buf body = { 0 }, out = { 0 };
    unsigned status = 0;

    buf_printf(&body,
               "{\"device\":\"%s\",\"public_key\":\"%s\",\"nonce\":\"%s\",\"signed_at\":%lld,"
               "\"signature\":\"%s\"}",
               p->device, p->public_key, p->nonce, p->signed_at, p->signature);
    post(buf_str(&body), &out);
    assert_int_equal(sscanf(buf_str(&out), "HTTP/1.1 %u ", &status), 1);
    if (status == 200)
        assert_non_null(strstr(body_of(&out), "\"paired\":true"));
    return status;
}

static void write_device(const uint8_t of[ED25519_SEED_BYTES])
{
    uint8_t pub[ED25519_PUBLIC_BYTES];
    char text[64];

    ed25519_public(of, pub);
    base64url_encode(pub, sizeof pub, text);
    strcat(text, "\n");
    kit_write("device.pub", text);
}

static void the_device_that_was_paired_proves_its_key(void **state)
{
    struct proof p;

    (void)state;
    p = make_proof(seed);
    assert_int_equal(prove(&p), 401); /* no device.pub yet */
    write_device(seed);
    kill(kit_pid(), SIGHUP);
    kit_notified();
    kit_notified();
    p = make_proof(seed);
    assert_int_equal(prove(&p), 200);
    assert_int_equal(prove(&p), 401); /* a nonce is good once */
    kit_expect_row("SELECT count(*) FROM decision WHERE proto='pair' AND verdict='allow'", "1");
    kit_expect_row("SELECT count(*) FROM decision WHERE proto='pair' AND verdict='refuse'", "2");
}

static void nobody_else_proves_anything(void **state)
{
    static const uint8_t foreign[ED25519_SEED_BYTES] = "another seed";
    struct proof p, other;

    (void)state;
    write_device(seed);
    kill(kit_pid(), SIGHUP);
    kit_notified();
    kit_notified();
    p = make_proof(foreign); /* a good proof of a key that isn't known */
    assert_int_equal(prove(&p), 401);
    p = make_proof(seed);
    sign(&p, foreign); /* the known key, signed by another */
    assert_int_equal(prove(&p), 401);
    p = make_proof(seed);
    p.signed_at -= PAIR_SKEW_S + 10;
    sign(&p, seed);
    assert_int_equal(prove(&p), 401);
    p = make_proof(seed);
    p.signed_at++; /* not what was signed */
    assert_int_equal(prove(&p), 401);
    p = make_proof(seed);
    p.signature[5] = p.signature[5] == 'A' ? 'B' : 'A';
    assert_int_equal(prove(&p), 401);
    p = make_proof(seed);
    p.signature[4] = '\0';
    assert_int_equal(prove(&p), 401);
    other = make_proof(foreign);
    p = make_proof(seed);
    memcpy(p.nonce, other.nonce, sizeof p.nonce); /* a nonce given to another device */
    sign(&p, seed);
    assert_int_equal(prove(&p), 401);
    p = make_proof(seed);
    memset(p.nonce, 'A', PAIR_NONCE_LEN); /* one that was never given */
    sign(&p, seed);
    assert_int_equal(prove(&p), 401);
}

static void what_is_not_that_object_is_a_bad_request(void **state)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        "{\"device\":1}",
        "{\"device\":\"x\"} x",
        "{\"device\":\"\\u0000\",\"public_key\":\"\",\"nonce\":\"\",\"signed_at\":1,\"signature\":"
        "\"\"}",
        "{\"device\":\"x\",\"public_key\":\"\",\"nonce\":\"\",\"signed_at\":1,\"signature\":\"\"}",
        "{\"device\":\"x\",\"device\":\"y\",\"public_key\":\"\",\"nonce\":\"\",\"signed_at\":1,"
        "\"signature\":\"\"}",
    };
    autobuf struct buf out = { 0 };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(bodies); i++) {
        autobuf struct buf answer = { 0 };

        post(bodies[i], &answer);
        if (strncmp(buf_str(&answer), "HTTP/1.1 400 ", 13) != 0)
            fail_msg("%s gave %s", bodies[i], buf_str(&answer));
    }
    kit_ask(API, "GET /pair/challenge?device=XYZ HTTP/1.1\r\nHost: x\r\n\r\n", &out);
    assert_true(strncmp(buf_str(&out), "HTTP/1.1 400 ", 13) == 0);
}

/* A directory where the database should be: it can't be opened, by nobody. */
static void start_without_audit(const char *template)
{
    struct kit_options options = { .template = template };

    assert_int_equal(mkdir(KIT_STATE "/audit.db", 0700), 0);
    kit_serve_dns(KIT_OUTSIDE);
    kit_serve(KIT_OUTSIDE, 8001, greet);
    kit_start(OTHER, &options);
}

static int remove_obstacle(void **state)
{
    rmdir(KIT_STATE "/audit.db");
    return tear_down(state);
}

static void without_audit_the_default_template_refuses_until_it_is_back(void **state)
{
    autobuf struct buf out = { 0 };
    autojson cJSON *j = NULL;

    (void)state;
    mkdir(KIT_STATE, 0700);
    start_without_audit("default");
    expect_health("degraded", "starting");
    kit_ask(3128, "CONNECT www.test:8001 HTTP/1.0\r\n\r\n", &out);
    assert_true(strncmp(buf_str(&out), "HTTP/1.1 503 ", 13) == 0);
    j = status_as(0);
    assert_string_equal(in(j, "audit", "state"), "failing");
    assert_int_equal(rmdir(KIT_STATE "/audit.db"), 0);
    for (int i = 0; i < 30 && !may_connect(); i++)
        poll(NULL, 0, 100);
    assert_true(may_connect());
    expect_health("running", "starting");
    kit_expect_row("SELECT count(*)>0 FROM decision WHERE verdict='refuse' AND host='www.test'"
                   " AND reason LIKE 'the audit log can%'",
                   "1");
}

static void without_audit_the_permissive_template_lets_through_and_says_so(void **state)
{
    autojson cJSON *j = NULL;

    (void)state;
    start_without_audit("permissive");
    assert_true(may_connect());
    expect_health("degraded", "starting");
    j = status_as(0);
    assert_string_equal(in(j, "audit", "when_failing"), "let through");
    assert_int_equal(rmdir(KIT_STATE "/audit.db"), 0);
    kit_expect_row("SELECT verdict FROM decision",
                   "allow"); /* what was let through is written then */
}

static void rows_are_on_disk_soon_and_none_is_lost(void **state)
{
    struct timespec a, b;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &a);
    may_connect();
    kit_expect_row("SELECT count(*) FROM decision", "1");
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_true((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 500);
    for (int i = 0; i < 200; i++)
        may_connect();
    kit_expect_row("SELECT count(*) FROM decision WHERE verdict='refuse'", "201");
}

static void a_killed_gateway_leaves_every_row_that_was_committed(void **state)
{
    (void)state;
    may_connect();
    kit_expect_row("SELECT count(*) FROM decision", "1");
    kill(kit_pid(), SIGKILL);
    kit_stop_killed();
    kit_expect_row("PRAGMA integrity_check", "ok");
    kit_start(EMPTY, NULL);
    may_connect();
    kit_expect_row("SELECT group_concat(id) FROM decision", "1,2");
}

static void the_database_is_for_the_gateway_alone(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(KIT_STATE "/audit.db", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_uid, 65534);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(health_says_the_four_states_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_an_agent_the_sandbox_is_absent, NULL, tear_down),
        cmocka_unit_test_setup_teardown(other_routes_methods_and_peers_are_turned_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(status_says_what_is_not_in_force, NULL, tear_down),
        cmocka_unit_test_setup_teardown(others_of_the_host_get_the_state_words_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(ready_names_the_policy_in_force, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_watchdog_hears_from_it, NULL, tear_down),
        cmocka_unit_test_setup_teardown(a_reload_is_taken_whole_or_not_at_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reload_takes_the_template_and_the_servers_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_bad_start_says_why, NULL, tear_down),
        cmocka_unit_test_setup_teardown(the_device_that_was_paired_proves_its_key, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nobody_else_proves_anything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_that_object_is_a_bad_request, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_audit_the_default_template_refuses_until_it_is_back,
                                        NULL, remove_obstacle),
        cmocka_unit_test_setup_teardown(
            without_audit_the_permissive_template_lets_through_and_says_so, NULL, remove_obstacle),
        cmocka_unit_test_setup_teardown(rows_are_on_disk_soon_and_none_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_killed_gateway_leaves_every_row_that_was_committed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_database_is_for_the_gateway_alone, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, kit_enter, NULL);
}
