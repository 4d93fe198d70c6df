#include "base/json.h"
#include "base/mem.h"
#include "probe/fence.h"
#include "probe/place.h"
#include "probe/report.h"
#include "probe/socket_walk.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

/* -- judging -- */

static const struct outcome answered = { .kind = OUTCOME_ANSWERED };
static const struct outcome silent = { .kind = OUTCOME_SILENT };
static const struct outcome untried = { .kind = OUTCOME_NONE };
static const struct outcome unreachable = { .kind = OUTCOME_REFUSED, .error = EHOSTUNREACH };
static const struct outcome closed_port = { .kind = OUTCOME_REFUSED, .error = ECONNREFUSED };
static const struct outcome http_200 = { .kind = OUTCOME_ANSWERED, .status = 200 };
static const struct outcome http_403 = { .kind = OUTCOME_ANSWERED, .status = 403 };
static const struct outcome http_502 = { .kind = OUTCOME_ANSWERED, .status = 502 };

static const struct fence_probe refusal = { .expect = EXPECT_REFUSED };
static const struct fence_probe refusal_alive = { .expect = EXPECT_REFUSED, .alive = true };

static void a_refusal_counts_only_beside_a_control_that_succeeds(void **state)
{
    (void)state;
    assert_int_equal(fence_judge(&refusal, &unreachable, &answered), CHECK_PASS);
    assert_int_equal(fence_judge(&refusal, &unreachable, &unreachable), CHECK_UNPROVEN);
    assert_int_equal(fence_judge(&refusal, &unreachable, &silent), CHECK_UNPROVEN);
    assert_int_equal(fence_judge(&refusal, &unreachable, &untried), CHECK_UNPROVEN);
}

static void an_answer_where_a_refusal_is_expected_is_red_whatever_the_control_says(void **state)
{
    (void)state;
    assert_int_equal(fence_judge(&refusal, &answered, &answered), CHECK_FAIL);
    assert_int_equal(fence_judge(&refusal, &answered, &silent), CHECK_FAIL);
    assert_int_equal(fence_judge(&refusal_alive, &answered, &answered), CHECK_FAIL);
}

static void silence_and_a_closed_port_are_refusals_only_where_somebody_listens(void **state)
{
    (void)state;
    assert_int_equal(fence_judge(&refusal, &silent, &answered), CHECK_FAIL);
    assert_int_equal(fence_judge(&refusal, &closed_port, &answered), CHECK_FAIL);
    assert_int_equal(fence_judge(&refusal_alive, &silent, &answered), CHECK_PASS);
    assert_int_equal(fence_judge(&refusal_alive, &closed_port, &answered), CHECK_PASS);
}

static void a_probe_that_never_ran_is_red(void **state)
{
    static const enum fence_expect all[] = { EXPECT_REFUSED, EXPECT_ANSWER, EXPECT_HEALTH,
                                             EXPECT_FORBIDDEN, EXPECT_LET };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(all); i++) {
        const struct fence_probe p = { .expect = all[i], .alive = true };

        assert_int_equal(fence_judge(&p, &untried, &answered), CHECK_FAIL);
    }
}

static void the_proxys_refusal_is_a_403_that_another_proxy_would_not_give(void **state)
{
    const struct fence_probe p = { .expect = EXPECT_FORBIDDEN };

    (void)state;
    assert_int_equal(fence_judge(&p, &http_403, &http_200), CHECK_PASS);
    assert_int_equal(fence_judge(&p, &http_403, &http_403), CHECK_UNPROVEN);
    assert_int_equal(fence_judge(&p, &http_200, &http_200), CHECK_FAIL);
    assert_int_equal(fence_judge(&p, &unreachable, &http_200), CHECK_FAIL);
}

static void an_allowed_host_passes_with_and_without_an_internet(void **state)
{
    const struct fence_probe p = { .expect = EXPECT_LET };

    (void)state;
    assert_int_equal(fence_judge(&p, &http_200, &untried), CHECK_PASS);
    assert_int_equal(fence_judge(&p, &http_502, &untried), CHECK_PASS);
    assert_int_equal(fence_judge(&p, &silent, &untried), CHECK_PASS);
    assert_int_equal(fence_judge(&p, &http_403, &untried), CHECK_FAIL);
    assert_int_equal(fence_judge(&p, &unreachable, &untried), CHECK_FAIL);
    assert_int_equal(fence_judge(&p, &answered, &untried), CHECK_FAIL); /* not HTTP */
}

static void health_wants_a_gateway_that_says_running(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum check_result result;
    } cases[] = {
        { 200, "A: b\r\n\r\n{\"gateway\":{\"state\":\"running\"}}", CHECK_PASS },
        { 200, "A: b\r\n\r\n{\"gateway\":{\"state\":\"degraded\"}}", CHECK_FAIL },
        { 200, "A: b\r\n\r\n{\"sandbox\":{\"state\":\"running\"}}", CHECK_FAIL },
        { 200, "A: b\r\n\r\nrunning", CHECK_FAIL },
        { 200, "A: b", CHECK_FAIL },
        { 503, "A: b\r\n\r\n{\"gateway\":{\"state\":\"running\"}}", CHECK_FAIL },
    };
    const struct fence_probe p = { .expect = EXPECT_HEALTH };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct outcome o = { .kind = OUTCOME_ANSWERED, .status = cases[i].status };

        snprintf(o.body, sizeof o.body, "%s", cases[i].body);
        assert_int_equal(fence_judge(&p, &o, &untried), cases[i].result);
    }
}

static void what_a_flag_switched_off_is_skipped(void **state)
{
    const struct fence_probe p = { .expect = EXPECT_REFUSED, .skipped = "off" };

    (void)state;
    assert_int_equal(fence_judge(&p, &answered, &untried), CHECK_SKIPPED);
}

/* -- attempts, on this machine's loopback -- */

static int listen_on_loopback(int type, union endpoint *at)
{
    socklen_t len = sizeof at->in;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    endpoint_set4(at, (struct in_addr){ htonl(INADDR_LOOPBACK) }, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &at->sa, len), 0);
    assert_int_equal(getsockname(fd, &at->sa, &len), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void answers_refusals_and_silence_are_told_apart(void **state)
{
    union endpoint open, mute, shut;
    autofd int a = listen_on_loopback(SOCK_STREAM, &open);
    autofd int b = listen_on_loopback(SOCK_DGRAM, &mute);
    int c = listen_on_loopback(SOCK_STREAM, &shut);
    struct attempt attempts[] = {
        { .type = ATTEMPT_TCP, .to = open, .patience_ms = 100 },
        { .type = ATTEMPT_UDP, .to = mute, .patience_ms = 100 },
        { .type = ATTEMPT_TCP, .to = shut, .patience_ms = 100 },
        { .type = ATTEMPT_UDP, .to = shut, .patience_ms = 100 },
        { .type = ATTEMPT_HTTP,
          .to = open,
          .request = "GET / HTTP/1.1\r\n\r\n",
          .patience_ms = 500 },
    };
    struct outcome o[5] = { 0 };

    (void)state;
    close(c);
    attempts_run(attempts, o, 5);
    assert_int_equal(o[0].kind, OUTCOME_ANSWERED);
    assert_int_equal(o[1].kind, OUTCOME_SILENT);
    assert_int_equal(o[2].kind, OUTCOME_REFUSED);
    assert_int_equal(o[2].error, ECONNREFUSED);
    assert_int_equal(o[3].kind, OUTCOME_REFUSED);
    assert_int_equal(o[4].kind, OUTCOME_SILENT); /* accepted by the kernel, answered by nobody */
}

/* A child that serves one connection with a fixed text. */
static pid_t serve_text(int listener, const char *text)
{
    pid_t pid = fork();

    if (pid == 0) {
        int fd = accept(listener, NULL, NULL);
        char request[256];

        if (recv(fd, request, sizeof request, 0) > 0 && send(fd, text, strlen(text), 0) < 0)
            _exit(1);
        _exit(0);
    }
    return pid;
}

static void an_http_answers_status_and_body_are_read(void **state)
{
    union endpoint at;
    autofd int fd = listen_on_loopback(SOCK_STREAM, &at);
    struct attempt a = {
        .type = ATTEMPT_HTTP, .to = at, .request = "GET / HTTP/1.1\r\n\r\n", .patience_ms = 500
    };
    struct outcome o = { 0 };
    pid_t pid = serve_text(fd, "HTTP/1.1 403 No such thing\r\nA: b\r\n\r\nbody");

    (void)state;
    attempts_run(&a, &o, 1);
    (void)child_wait(pid, 1000);
    assert_int_equal(o.kind, OUTCOME_ANSWERED);
    assert_int_equal(o.status, 403);
    assert_string_equal(o.body, "A: b\r\n\r\nbody");
}

static void an_answer_that_is_not_http_has_no_status(void **state)
{
    union endpoint at;
    autofd int fd = listen_on_loopback(SOCK_STREAM, &at);
    struct attempt a = {
        .type = ATTEMPT_HTTP, .to = at, .request = "GET / HTTP/1.1\r\n\r\n", .patience_ms = 500
    };
    struct outcome o = { 0 };
    pid_t pid = serve_text(fd, "SSH-2.0-what\r\n");

    (void)state;
    attempts_run(&a, &o, 1);
    (void)child_wait(pid, 1000);
    assert_int_equal(o.kind, OUTCOME_ANSWERED);
    assert_int_equal(o.status, 0);
}

/* -- sockets -- */

static void bind_at(int type, const char *dir, const char *name, bool listening, int *ret)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", dir, name);
    *ret = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    assert_true(*ret >= 0);
    assert_int_equal(bind(*ret, (struct sockaddr *)&at, sizeof at), 0);
    if (listening)
        assert_int_equal(listen(*ret, 1), 0);
}

static void make_tree(char *dir, size_t size)
{
    char sub[96];

    snprintf(dir, size, "/tmp/dc-walk.XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(sub, sizeof sub, "%s/a", dir);
    assert_int_equal(mkdir(sub, 0755), 0);
    snprintf(sub, sizeof sub, "%s/a/b", dir);
    assert_int_equal(mkdir(sub, 0755), 0);
}

static void remove_tree(const char *dir)
{
    static const char *const names[] = { "a/b/stream", "a/dgram", "dead", "link" };
    char path[128];

    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/a/b", dir);
    rmdir(path);
    snprintf(path, sizeof path, "%s/a", dir);
    rmdir(path);
    rmdir(dir);
}

static void every_socket_that_answers_is_found_and_no_other(void **state)
{
    char dir[64], path[128];
    autobuf struct buf listed = { 0 };
    int stream, dgram, dead;
    struct socket_walk w;

    (void)state;
    make_tree(dir, sizeof dir);
    bind_at(SOCK_STREAM, dir, "a/b/stream", true, &stream);
    bind_at(SOCK_DGRAM, dir, "a/dgram", false, &dgram);
    bind_at(SOCK_STREAM, dir, "dead", true, &dead);
    close(dead); /* the file stays, nobody listens */
    snprintf(path, sizeof path, "%s/link", dir);
    assert_int_equal(symlink("/run", path), 0);
    socket_walk(dir, &(struct socket_look){ .own = (uid_t)-2, .max_ms = 5000 }, &w);
    assert_int_equal(w.sockets, 3);
    assert_int_equal(w.reached, 2);
    assert_int_equal(w.files, 6);
    assert_true(w.whole);
    assert_ptr_equal(strstr(w.first, dir), w.first);

    /* What the user itself made is its own affair. */
    socket_walk(dir, &(struct socket_look){ .own = geteuid(), .max_ms = 5000 }, &w);
    assert_int_equal(w.sockets, 0);
    assert_int_equal(w.reached, 0);

    /* A directory that isn't walked: what the kernel lists there is found all the same. */
    snprintf(path, sizeof path, "%s/a", dir);
    socket_walk(dir, &(struct socket_look){ .own = (uid_t)-2, .skip = path, .max_ms = 5000 }, &w);
    assert_int_equal(w.reached, 0);
    assert_int_equal(socket_list(&listed), 0);
    socket_walk(dir,
                &(struct socket_look){
                    .own = (uid_t)-2, .skip = path, .listed = buf_str(&listed), .max_ms = 5000 },
                &w);
    assert_true(w.reached >= 2);
    close(stream);
    close(dgram);
    remove_tree(dir);
}

static void a_look_that_runs_out_of_time_is_not_whole(void **state)
{
    struct socket_walk w;

    (void)state;
    socket_walk("/usr", &(struct socket_look){ .own = (uid_t)-2, .max_ms = -1 }, &w);
    assert_false(w.whole);
    assert_int_equal(w.error, ETIME);
}

/* -- the report -- */

static void a_report_is_green_only_when_nothing_is_red_or_unproven(void **state)
{
    struct verify_report r = { .instance = "sandbox" };

    (void)state;
    assert_false(report_green(&r)); /* nothing was checked */
    report_addf(&r, CHECK_SKIPPED, "a", "t", "e", "g");
    assert_false(report_green(&r));
    report_addf(&r, CHECK_PASS, "b", "t", "e", "g");
    assert_true(report_green(&r));
    report_addf(&r, CHECK_UNPROVEN, "c", "t", "e", "g");
    assert_false(report_green(&r));
    report_done(&r);
    report_addf(&r, CHECK_PASS, "b", "t", "e", "g");
    report_addf(&r, CHECK_FAIL, "d", "t", "e", "g");
    assert_false(report_green(&r));
    r.results[CHECK_FAIL] = 0;
    assert_true(report_green(&r));
    r.failed = -ENOMEM;
    assert_false(report_green(&r)); /* a check was lost */
    report_done(&r);
}

static void the_document_is_as_the_design_has_it(void **state)
{
    struct verify_report r = { .instance = "sandbox" };
    const struct check c = { .name = "tcp-outside",
                             .result = CHECK_PASS,
                             .tried = "TCP",
                             .expected = "refused",
                             .got = "refused: x\033[31m\n",
                             .control = "answered" };
    autojson cJSON *j = NULL;
    const cJSON *one;

    (void)state;
    report_add(&r, &c);
    j = report_json(&r);
    assert_string_equal(json_str(j, "schema"), "defenseclaw.verify/1");
    assert_string_equal(json_str(j, "instance"), "sandbox");
    assert_string_equal(json_str(j, "result"), "green");
    one = cJSON_GetObjectItemCaseSensitive(j, "checks")->child;
    assert_string_equal(json_str(one, "name"), "tcp-outside");
    assert_string_equal(json_str(one, "result"), "pass");
    assert_string_equal(json_str(one, "tried"), "TCP");
    assert_string_equal(json_str(one, "expected"), "refused");
    assert_string_equal(json_str(one, "got"), "refused: x?[31m?"); /* no escape gets through */
    assert_string_equal(json_str(one, "control"), "answered");
    report_done(&r);
}

static void a_person_sees_alike_rows_once_and_red_ones_in_full(void **state)
{
    char *text = NULL;
    size_t size;
    struct verify_report r = { .instance = "sandbox" };
    FILE *out = open_memstream(&text, &size);

    (void)state;
    report_addf(&r, CHECK_PASS, "policy: /a", "t", "e", "as setup left it");
    report_addf(&r, CHECK_PASS, "policy: /b", "t", "e", "as setup left it");
    report_addf(&r, CHECK_FAIL, "policy: /c", "reading /c", "as before", "gone");
    report_addf(&r, CHECK_PASS, "policy: /d", "t", "e", "as setup left it");
    report_addf(&r, CHECK_PASS, "health", "t", "e", "answered");
    report_print(&r, out, false);
    fclose(out);
    assert_string_equal(text, "ok        policy: 2 things: as setup left it\n"
                              "FAIL      policy: /c: gone\n"
                              "          tried:    reading /c\n"
                              "          expected: as before\n"
                              "ok        policy: /d: as setup left it\n"
                              "ok        health: answered\n"
                              "sandbox: RED (4 passed, 1 failed, 0 unproven, 0 skipped)\n");
    free(text);
    report_done(&r);
}

static void junit_escapes_what_it_shows(void **state)
{
    char path[] = "/tmp/dc-junit.XXXXXX", text[4096] = "";
    struct verify_report r = { .instance = "sandbox" };
    int fd = mkstemp(path);

    (void)state;
    report_addf(&r, CHECK_FAIL, "a<b>", "t&t", "\"e\"", "<g>");
    report_addf(&r, CHECK_SKIPPED, "s", "t", "e", "off");
    assert_int_equal(report_junit(&r, path), 0);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    assert_non_null(strstr(text, "tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    assert_non_null(strstr(text, "name=\"a&lt;b&gt;\""));
    assert_non_null(strstr(text, "message=\"&lt;g&gt;\">tried: t&amp;t"));
    assert_non_null(strstr(text, "<skipped message=\"off\"/>"));
    close(fd);
    unlink(path);
    report_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_counts_only_beside_a_control_that_succeeds),
        cmocka_unit_test(an_answer_where_a_refusal_is_expected_is_red_whatever_the_control_says),
        cmocka_unit_test(silence_and_a_closed_port_are_refusals_only_where_somebody_listens),
        cmocka_unit_test(a_probe_that_never_ran_is_red),
        cmocka_unit_test(the_proxys_refusal_is_a_403_that_another_proxy_would_not_give),
        cmocka_unit_test(an_allowed_host_passes_with_and_without_an_internet),
        cmocka_unit_test(health_wants_a_gateway_that_says_running),
        cmocka_unit_test(what_a_flag_switched_off_is_skipped),
        cmocka_unit_test(answers_refusals_and_silence_are_told_apart),
        cmocka_unit_test(an_http_answers_status_and_body_are_read),
        cmocka_unit_test(an_answer_that_is_not_http_has_no_status),
        cmocka_unit_test(every_socket_that_answers_is_found_and_no_other),
        cmocka_unit_test(a_look_that_runs_out_of_time_is_not_whole),
        cmocka_unit_test(a_report_is_green_only_when_nothing_is_red_or_unproven),
        cmocka_unit_test(the_document_is_as_the_design_has_it),
        cmocka_unit_test(a_person_sees_alike_rows_once_and_red_ones_in_full),
        cmocka_unit_test(junit_escapes_what_it_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
