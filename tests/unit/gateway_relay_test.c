/* The relay alive: a browser on the host's loopback, an agent at the sandbox's address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway_kit.h"

#include <string.h>
#include <sys/socket.h>

#define H "Host: localhost:18789\r\n"
#define WEBSOCKET "Upgrade: websocket\r\nConnection: Upgrade\r\n"

/* An agent: answers each request with its first line and body, takes a WebSocket at /ws (then
 * echoes), refuses one at /no. */
static void agent(int fd)
{
    for (;;) {
        autobuf struct buf in = { 0 };
        char *end, *length, line[256];
        size_t body = 0;

        if (!kit_wait_for(fd, "\r\n\r\n", &in))
            return;
        end = strstr(buf_str(&in), "\r\n\r\n") + 4;
        length = strstr(buf_str(&in), "Content-Length: ");
        if (length)
            body = strtoul(length + 16, NULL, 10);
        snprintf(line, sizeof line, "%.*s %.*s", (int)strcspn(buf_str(&in), "\r"), buf_str(&in),
                 (int)body, end);
        if (strstr(line, "/ws ")) {
            char bytes[4096];
            ssize_t n;

            kit_send(fd, "HTTP/1.1 101 Switching Protocols\r\n" WEBSOCKET "\r\n");
            kit_send(fd, end);
            while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
                if (send(fd, bytes, (size_t)n, 0) != n)
                    return;
            return;
        }
        buf_done(&in);
        buf_printf(&in, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
                   strstr(line, "/no ") ? "401 No" : "200 OK", strlen(line), line);
        kit_send(fd, buf_str(&in));
    }
}

static int set_up(void **state)
{
    (void)state;
    kit_serve(KIT_SANDBOX, KIT_RELAY, agent);
    kit_start("network_policies: {}\n", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(kit_stop(), 0);
    kit_stop_servers();
    return 0;
}

static int dial(void)
{
    int fd = kit_connect("127.0.0.1", "127.0.0.1", KIT_RELAY);

    assert_true(fd >= 0);
    return fd;
}

/* Sends text and waits until want came back; then nothing of unwanted may have come. */
static void expect(int fd, const char *text, const char *want, const char *unwanted)
{
    autobuf struct buf out = { 0 };

    kit_send(fd, text);
    if (!kit_wait_for(fd, want, &out) || (unwanted && strstr(buf_str(&out), unwanted)))
        fail_msg("%s gave %s instead of %s", text, buf_str(&out), want);
}

static void requests_meant_for_the_agent_reach_it(void **state)
{
    int fd = dial();

    (void)state;
    expect(fd, "GET /1 HTTP/1.1\r\n" H "\r\n", "GET /1 HTTP/1.1 ", NULL);
    expect(fd,
           "POST /2 HTTP/1.1\r\nHost: 127.0.0.1:18789\r\nOrigin: http://127.0.0.1:18789\r\n"
           "Content-Length: 5\r\n\r\nhello",
           "POST /2 HTTP/1.1 hello", NULL);
    expect(fd, "GET /3 HTTP/1.1\r\nHost: [::1]\r\n\r\n", "GET /3 HTTP/1.1 ", NULL);
    close(fd);
    kit_expect_row("SELECT proto||' '||verdict||' '||method||' '||address||' '||port FROM decision",
                   "relay allow GET 10.200.0.2 18789");
}

static void a_foreign_host_or_origin_is_refused(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        "GET / HTTP/1.1\r\n" H "Origin: http://evil.test\r\n\r\n",
        "GET / HTTP/1.1\r\n" H "Origin: null\r\n\r\n",
        "GET /ws HTTP/1.1\r\n" H WEBSOCKET "Origin: http://evil.test\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: evil.test:18789\r\n" WEBSOCKET
        "Origin: http://evil.test:18789\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(requests); i++) {
        int fd = dial();

        expect(fd, requests[i], "HTTP/1.1 403 ", "HTTP/1.1 2");
        close(fd);
    }
    kit_expect_row("SELECT count(*) FROM decision WHERE proto='relay' AND verdict='refuse'", "7");
    kit_expect_row("SELECT count(*) FROM decision WHERE verdict='allow'", "0");
}

static void every_later_request_is_checked_too(void **state)
{
    int fd = dial();

    (void)state;
    expect(fd, "POST /1 HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", "POST /1 HTTP/1.1 abc",
           NULL);
    expect(fd, "POST /2 HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /2 HTTP/1.1 ", NULL);
    expect(fd, "GET /3 HTTP/1.1\r\nHost: evil.test\r\n\r\n", "HTTP/1.1 403 ", "GET /3");
    close(fd);
    fd = dial(); /* hidden behind a body */
    expect(fd,
           "POST /1 HTTP/1.1\r\n" H
           "Content-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: evil.test\r\n\r\n",
           "HTTP/1.1 403 ", "GET /2");
    close(fd);
}

static void a_websocket_is_carried_both_ways(void **state)
{
    autobuf struct buf out = { 0 };
    int fd = dial();

    (void)state;
    kit_send(fd,
             "GET /ws HTTP/1.1\r\n" H "Origin: http://localhost:18789\r\n" WEBSOCKET "\r\nearly");
    assert_true(kit_wait_for(fd, "early", &out));
    assert_non_null(strstr(buf_str(&out), "HTTP/1.1 101 "));
    kit_send(fd, "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n"); /* bytes of the WebSocket's own */
    assert_true(kit_wait_for(fd, "evil.test\r\n\r\n", &out));
    close(fd);
    kit_expect_row("SELECT bytes_up>150 AND bytes_down>90 FROM decision", "1");
}

static void a_refused_websocket_stays_http(void **state)
{
    int fd = dial();

    (void)state;
    expect(fd, "GET /no HTTP/1.1\r\n" H WEBSOCKET "\r\n", "GET /no HTTP/1.1 ", NULL);
    expect(fd, "GET /x HTTP/1.1\r\nHost: evil.test\r\n\r\n", "HTTP/1.1 403 ", "GET /x");
    close(fd);
}

static void an_upgrade_in_the_middle_is_refused(void **state)
{
    int fd = dial();

    (void)state;
    expect(fd, "GET /1 HTTP/1.1\r\n" H "\r\n", "GET /1 HTTP/1.1 ", NULL);
    expect(fd, "GET /ws HTTP/1.1\r\n" H WEBSOCKET "\r\n", "HTTP/1.1 400 ", "101");
    close(fd);
    fd = dial();
    expect(fd, "GET /ws HTTP/1.1\r\n" H "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
           "HTTP/1.1 400 ", "101");
    close(fd);
}

static void a_half_closed_client_gets_its_answer(void **state)
{
    autobuf struct buf out = { 0 };
    int fd = dial();

    (void)state;
    kit_send(fd, "GET /1 HTTP/1.1\r\n" H "\r\n");
    shutdown(fd, SHUT_WR);
    assert_true(kit_wait_for(fd, "GET /1 HTTP/1.1 ", &out));
    close(fd);
}

static void an_absent_agent_is_said(void **state)
{
    int fd;

    (void)state;
    kit_stop_servers();
    fd = dial();
    expect(fd, "GET /1 HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 502 ", NULL);
    close(fd);
    kit_expect_row("SELECT verdict||' '||reason FROM decision",
                   "allow connect: Connection refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_meant_for_the_agent_reach_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_foreign_host_or_origin_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_later_request_is_checked_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_websocket_is_carried_both_ways, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_websocket_stays_http, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_upgrade_in_the_middle_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_half_closed_client_gets_its_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_absent_agent_is_said, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, kit_enter, NULL);
}
