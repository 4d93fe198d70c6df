/* The egress proxy alive: a client at the sandbox's address, servers at the outside's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/gateway.h"
#include "gateway_kit.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define EGRESS 3128
#define BIG (3u << 20)
#define PAGE 60000u
#define PAGES 120u /* more than the kernel keeps for one connection */

static const char policy[] =
    "network_policies:\n"
    "  web:\n"
    "    endpoints:\n"
    "      - {host: www.test, ports: [80, 443, 8000, 8001, 8002, 8003], " KIT_ALLOWED "}\n"
    "      - {host: '*.site.test', ports: [8000], " KIT_ALLOWED "}\n"
    "      - {host: private.test, ports: [8000]}\n"
    "      - {host: loop.test, ports: [8000]}\n"
    "      - {host: both.test, ports: [8000], " KIT_ALLOWED "}\n"
    "      - {host: many.test, ports: [8000], " KIT_ALLOWED "}\n"
    "      - {host: nx.test, ports: [8000]}\n"
    "      - {host: fail.test, ports: [8000]}\n"
    "      - {host: nx.site.test, ports: [8000]}\n"
    "      - {host: 10.99.0.1, ports: [8000], " KIT_ALLOWED "}\n"
    "      - {host: 10.99.0.2, ports: [8000]}\n"
    "  ruled:\n"
    "    endpoints:\n"
    "      - host: ruled.test\n"
    "        ports: [8000]\n"
    "        " KIT_ALLOWED "\n"
    "        rules: [{allow: {method: GET, path: /ok/**}}]\n";

/* Says what it was sent: the head back as the body of its answer, or what the path asks for. */
static void web(int fd)
{
    autobuf struct buf in = { 0 }, out = { 0 };

    if (!kit_wait_for(fd, "\r\n\r\n", &in))
        return;
    if (strstr(buf_str(&in), " /chunked ")) {
        kit_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n");
        poll(NULL, 0, 20);
        kit_send(fd, "5\r\npedia\r\n0\r\n\r\n");
    } else if (strstr(buf_str(&in), " /close ")) {
        kit_send(fd, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
    } else if (strstr(buf_str(&in), " /page ")) {
        buf_printf(&out, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n%0*d", PAGE, (int)PAGE, 0);
        kit_send(fd, buf_str(&out));
    } else if (strstr(buf_str(&in), " /cut ")) {
        kit_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    } else if (strstr(buf_str(&in), " /badchunk ")) {
        kit_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n");
    } else if (strstr(buf_str(&in), " /two ")) {
        kit_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd");
    } else if (strstr(buf_str(&in), " /hint ")) {
        kit_send(fd, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 "
                     "OK\r\nContent-Length: 2\r\n\r\nok");
    } else if (strstr(buf_str(&in), " /switch ")) {
        kit_send(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
    } else if (strstr(buf_str(&in), " /body ")) {
        kit_wait_for(fd, "END", &in);
        buf_printf(&out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", in.len);
        buf_add(&out, in.data, in.len);
        kit_send(fd, buf_str(&out));
    } else {
        buf_printf(&out, "HTTP/1.1 200 OK\r\nX-Server: web\r\nContent-Length: %zu\r\n\r\n",
                   strncmp(buf_str(&in), "HEAD", 4) ? in.len : 7);
        if (strncmp(buf_str(&in), "HEAD", 4) != 0)
            buf_add(&out, in.data, in.len);
        kit_send(fd, buf_str(&out));
    }
    shutdown(fd, SHUT_WR);
    poll(NULL, 0, 100);
}

/* Sends back what comes, then says bye when the other side has ended. */
static void echo(int fd)
{
    char bytes[65536];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        if (send(fd, bytes, (size_t)n, MSG_WAITALL) != n)
            return;
    kit_send(fd, "bye");
}

static void big(int fd)
{
    static char bytes[65536];

    memset(bytes, 'b', sizeof bytes);
    for (size_t sent = 0; sent < BIG; sent += sizeof bytes)
        if (send(fd, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            return;
}

static void silent(int fd)
{
    (void)fd;
    poll(NULL, 0, 5000);
}

static int set_up(void **state)
{
    (void)state;
    kit_serve_dns(KIT_OUTSIDE);
    kit_serve(KIT_OUTSIDE, 8000, web);
    kit_serve(KIT_OUTSIDE, 8001, echo);
    kit_serve(KIT_OUTSIDE, 8002, big);
    kit_serve(KIT_OUTSIDE, 8003, silent);
    kit_start(policy, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(kit_stop(), 0);
    kit_stop_servers();
    return 0;
}

/* One request's answer must begin so, and hold that. */
static void expect(const char *request, const char *begin, const char *holds)
{
    autobuf struct buf out = { 0 };

    kit_ask(EGRESS, request, &out);
    if (strncmp(buf_str(&out), begin, strlen(begin)) != 0 || !strstr(buf_str(&out), holds))
        fail_msg("%s\ngave\n%s\ninstead of %s … %s", request, buf_str(&out), begin, holds);
}

#define END "Connection: close\r\n\r\n"

static void plain_http_is_written_anew(void **state)
{
    autobuf struct buf out = { 0 };
    const char *body;

    (void)state;
    kit_ask(EGRESS,
            "GET http://WWW.test:8000/a/b?c=d HTTP/1.1\r\nHost: www.TEST:8000\r\nX-One: 1\r\n"
            "Proxy-Authorization: Basic secret\r\nConnection: close, X-Two\r\nX-Two: 2\r\n\r\n",
            &out);
    assert_true(strncmp(buf_str(&out), "HTTP/1.1 200 OK\r\n", 17) == 0);
    body = strstr(buf_str(&out), "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal(body + 4, "GET /a/b?c=d HTTP/1.1\r\nHost: www.test:8000\r\nX-One: 1\r\n"
                                  "Connection: close\r\nVia: 1.1 defenseclaw\r\n\r\n");
    kit_expect_row(
        "SELECT proto||' '||host||' '||address||' '||port||' '||method||' '||verdict||' '||rule"
        " FROM decision WHERE host='www.test' AND bytes_down>0",
        "http www.test 10.99.0.1 8000 GET allow web");
}

static void answers_of_every_framing_arrive_whole(void **state)
{
    (void)state;
    expect("GET http://www.test:8000/chunked HTTP/1.1\r\nHost: www.test:8000\r\n" END,
           "HTTP/1.1 200 OK\r\n", "4\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\n");
    expect("GET http://www.test:8000/chunked HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n",
           "\r\n\r\nwikipedia");
    expect("GET http://www.test:8000/close HTTP/1.1\r\nHost: www.test:8000\r\n" END,
           "HTTP/1.1 200 OK\r\n", "d\r\nuntil the end\r\n0\r\n\r\n");
    expect("GET http://www.test:8000/hint HTTP/1.1\r\nHost: www.test:8000\r\n" END,
           "HTTP/1.1 200 OK\r\n", "\r\n\r\nok");
    expect("HEAD http://www.test:8000/ HTTP/1.1\r\nHost: www.test:8000\r\n" END,
           "HTTP/1.1 200 OK\r\n", "Content-Length: 7\r\n");
}

static void a_broken_answer_is_never_passed_off_as_whole(void **state)
{
    autobuf struct buf out = { 0 };

    (void)state;
    expect("GET http://www.test:8000/two HTTP/1.1\r\nHost: www.test:8000\r\n" END, "HTTP/1.1 502 ",
           "more than one length");
    expect("GET http://www.test:8000/switch HTTP/1.1\r\nHost: www.test:8000\r\n" END,
           "HTTP/1.1 502 ", "switched protocols");
    kit_ask(EGRESS, "GET http://www.test:8000/badchunk HTTP/1.1\r\nHost: www.test:8000\r\n" END,
            &out);
    assert_null(strstr(buf_str(&out), "0\r\n\r\n"));
    buf_done(&out);
    kit_ask(EGRESS, "GET http://www.test:8000/cut HTTP/1.1\r\nHost: www.test:8000\r\n" END, &out);
    assert_non_null(strstr(buf_str(&out), "Content-Length: 100\r\n"));
    assert_null(strstr(buf_str(&out), "0\r\n\r\n"));
}

static void bodies_arrive_in_their_framing(void **state)
{
    (void)state;
    expect("POST http://www.test:8000/body HTTP/1.1\r\nHost: www.test:8000\r\nContent-Length: "
           "6\r\n" END "bodEND",
           "HTTP/1.1 200 OK\r\n",
           "Content-Length: 6\r\nConnection: close\r\nVia: 1.1 defenseclaw\r\n\r\nbodEND");
    expect("POST http://www.test:8000/body HTTP/1.1\r\nHost: www.test:8000\r\n"
           "Transfer-Encoding: chunked\r\n" END "003\r\nabc\r\n3\r\nEND\r\n0\r\nTrailer: x\r\n\r\n",
           "HTTP/1.1 200 OK\r\n", "\r\n\r\n3\r\nabc\r\n3\r\nEND");
    expect("POST http://www.test:8000/body HTTP/1.1\r\nHost: www.test:8000\r\nContent-Length: 3\r\n"
           "Expect: 100-continue\r\n" END "END",
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "END");
    expect("POST http://www.test:8000/body HTTP/1.1\r\nHost: www.test:8000\r\n"
           "Transfer-Encoding: chunked\r\n" END "3\r\nabcXX0\r\n\r\n",
           "HTTP/1.1 502 ", "not well formed");
}

static void each_request_of_a_connection_is_decided(void **state)
{
    autobuf struct buf out = { 0 };
    const char *second;

    (void)state;
    kit_ask(EGRESS,
            "GET http://www.test:8000/hint HTTP/1.1\r\nHost: www.test:8000\r\n\r\n"
            "GET http://a.site.test:8000/hint HTTP/1.1\r\nHost: a.site.test:8000\r\n\r\n"
            "GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n"
            "GET http://www.test:8000/hint HTTP/1.1\r\nHost: www.test:8000\r\n\r\n",
            &out);
    second = strstr(buf_str(&out) + 1, "HTTP/1.1 200 OK");
    assert_non_null(second);
    second = strstr(second, "HTTP/1.1 403 ");
    assert_non_null(second);
    assert_null(strstr(second, "HTTP/1.1 200"));
    kit_expect_row("SELECT count(*) FROM decision WHERE host='a.site.test' AND verdict='allow'",
                   "1");
    kit_expect_row("SELECT count(*) FROM decision WHERE host='other.test' AND verdict='refuse'",
                   "1");
}

static void a_tunnel_carries_bytes_and_both_ends(void **state)
{
    autobuf struct buf out = { 0 };
    int fd = kit_dial(EGRESS);

    (void)state;
    kit_send(fd, "CONNECT www.test:8001 HTTP/1.1\r\nHost: www.test:8001\r\n\r\nearly");
    assert_true(kit_wait_for(fd, "early", &out));
    assert_true(strncmp(buf_str(&out), "HTTP/1.1 200 ", 13) == 0);
    kit_send(fd, "\x16\x03\x01 late");
    assert_true(kit_wait_for(fd, " late", &out));
    shutdown(fd, SHUT_WR);
    assert_true(kit_wait_for(fd, "bye", &out));
    close(fd);
    kit_expect_row("SELECT verdict||' '||rule||' '||bytes_up||' '||bytes_down FROM decision"
                   " WHERE proto='connect' AND bytes_up>0 AND port=8001",
                   "allow web 13 16");
}

static void a_client_that_half_closed_early_still_gets_its_answer(void **state)
{
    autobuf struct buf out = { 0 };
    int fd = kit_dial(EGRESS);

    (void)state;
    kit_send(fd, "CONNECT www.test:8001 HTTP/1.0\r\n\r\nall");
    shutdown(fd, SHUT_WR);
    assert_true(kit_wait_for(fd, "allbye", &out));
    close(fd);
}

static void a_slow_reader_loses_nothing(void **state)
{
    autobuf struct buf out = { 0 };
    int fd = kit_dial(EGRESS);

    (void)state;
    kit_send(fd, "CONNECT www.test:8002 HTTP/1.1\r\nHost: www.test:8002\r\n\r\n");
    poll(NULL, 0, 300); /* meanwhile the server fills every buffer on the way */
    kit_talk(fd, "", 0, &out);
    assert_int_equal(out.len, strlen("HTTP/1.1 200 Connection established\r\n\r\n") + BIG);
}

static void who_reads_late_gets_all_answers_of_a_connection(void **state)
{
    autobuf struct buf out = { 0 };
    int fd = kit_dial(EGRESS);
    unsigned answers = 0;

    (void)state;
    for (unsigned i = 0; i < PAGES; i++)
        kit_send(fd, "GET http://www.test:8000/page HTTP/1.1\r\nHost: www.test:8000\r\n\r\n");
    poll(NULL, 0, 500); /* until the gateway holds as much as it wants to and waits */
    kit_talk(fd, "", 0, &out);
    for (const char *p = buf_str(&out); (p = strstr(p, "HTTP/1.1 200 OK")); p++)
        answers++;
    assert_int_equal(answers, PAGES);
}

static void what_no_entry_names_is_refused_readably(void **state)
{
    (void)state;
    expect("CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n",
           "HTTP/1.1 403 Forbidden: other.test:443 is refused: no entry names other.test:443\r\n",
           "- host: other.test\n        ports: [443]");
    expect(
        "GET http://www.test:81/ HTTP/1.1\r\nHost: www.test:81\r\n\r\n", "HTTP/1.1 403 ",
        "X-DefenseClaw-Reason: www.test:81 is refused: entry web names www.test but not port 81");
    expect("CONNECT 10.99.0.3:8000 HTTP/1.1\r\nHost: 10.99.0.3:8000\r\n\r\n", "HTTP/1.1 403 ",
           "no entry");
    expect("GET http://ruled.test:8000/no HTTP/1.1\r\nHost: ruled.test:8000\r\n\r\n",
           "HTTP/1.1 403 ", "no rule for GET");
    expect("GET http://ruled.test:8000/ok/../no HTTP/1.1\r\nHost: ruled.test:8000\r\n\r\n",
           "HTTP/1.1 403 ", "no rule for GET");
    expect("GET http://ruled.test:8000/ok/x?q=/../no HTTP/1.1\r\nHost: ruled.test:8000\r\n" END,
           "HTTP/1.1 200 ", "GET /ok/x?q=/../no HTTP/1.1");
    expect("CONNECT ruled.test:8000 HTTP/1.1\r\nHost: ruled.test:8000\r\n\r\n", "HTTP/1.1 403 ",
           "can't be checked inside a tunnel");
}

static void an_address_that_is_not_the_internets_needs_to_be_listed(void **state)
{
    (void)state;
    expect("CONNECT private.test:8000 HTTP/1.1\r\nHost: private.test:8000\r\n\r\n", "HTTP/1.1 403 ",
           "192.168.7.7 is a private address");
    expect("CONNECT loop.test:8000 HTTP/1.1\r\nHost: loop.test:8000\r\n\r\n", "HTTP/1.1 403 ",
           "127.0.0.1 is a loopback address");
    expect("CONNECT both.test:8000 HTTP/1.1\r\nHost: both.test:8000\r\n\r\n", "HTTP/1.1 403 ",
           "127.0.0.1 is a loopback address");
    expect("CONNECT 10.99.0.2:8000 HTTP/1.1\r\nHost: 10.99.0.2:8000\r\n\r\n", "HTTP/1.1 403 ",
           "allowed_ips: [\"10.99.0.2\"]");
    expect("GET http://10.99.0.1:8000/hint HTTP/1.1\r\nHost: 10.99.0.1:8000\r\n" END,
           "HTTP/1.1 200 ", "ok");
    kit_expect_row("SELECT verdict||' '||address FROM decision WHERE host='private.test'",
                   "refuse 192.168.7.7");
}

static void what_the_outside_does_not_answer_is_said(void **state)
{
    (void)state;
    expect("CONNECT www.test:443 HTTP/1.1\r\nHost: www.test:443\r\n\r\n", "HTTP/1.1 502 ",
           "Connection refused");
    expect("CONNECT nx.test:8000 HTTP/1.1\r\nHost: nx.test:8000\r\n\r\n", "HTTP/1.1 502 ",
           "there is no such name");
    expect("CONNECT fail.test:8000 HTTP/1.1\r\nHost: fail.test:8000\r\n\r\n", "HTTP/1.1 502 ",
           "the DNS servers can't say");
    expect("CONNECT many.test:8000 HTTP/1.1\r\nHost: many.test:8000\r\n\r\n", "HTTP/1.1 502 ",
           "more addresses than are looked at");
    kit_expect_row("SELECT verdict||' '||reason FROM decision WHERE host='nx.test'",
                   "allow DNS: there is no such name");
}

static void a_request_that_two_readers_could_read_differently_is_refused(void **state)
{
    static const char *const requests[] = {
        "GET http://www.test:8000/ HTTP/1.1\r\nHost: other.test\r\n\r\n",
        "GET http://www.test:8000/ HTTP/1.1\r\nHost: www.test\r\n\r\n",
        "GET http://www.test:8000/ HTTP/1.1\r\nHost: www.test:8000\r\nHost: www.test:8000\r\n\r\n",
        "GET http://www.test:8000/ HTTP/1.1\r\n\r\n",
        "CONNECT www.test:8001 HTTP/1.1\r\nHost: other.test:8001\r\n\r\n",
        "CONNECT www.test:8001 HTTP/1.1\r\nHost: www.test:8000\r\n\r\n",
        "CONNECT www.test HTTP/1.1\r\nHost: www.test\r\n\r\n",
        "CONNECT www.test:8001 HTTP/1.1\r\nHost: www.test:8001\r\nContent-Length: 3\r\n\r\nabc",
        "CONNECT http://www.test:8001 HTTP/1.1\r\nHost: www.test:8001\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: www.test:8000\r\n\r\n",
        "GET https://www.test/ HTTP/1.1\r\nHost: www.test\r\n\r\n",
        "GET http:// HTTP/1.1\r\nHost: www.test\r\n\r\n",
        "GET http:///x HTTP/1.1\r\nHost: www.test\r\n\r\n",
        "GET http://user@www.test:8000/ HTTP/1.1\r\nHost: www.test:8000\r\n\r\n",
        "GET http://www.test:8000/#f HTTP/1.1\r\nHost: www.test:8000\r\n\r\n",
        "GET http://www.test:8000/ HTTP/1.1\r\nHost: www.test:8000\r\nUpgrade: websocket\r\n\r\n",
        "GET http://2130706433:8000/ HTTP/1.1\r\nHost: 2130706433:8000\r\n\r\n",
        "GET http://0x0a630001:8000/ HTTP/1.1\r\nHost: 0x0a630001:8000\r\n\r\n",
        "GET http://10.99.1:8000/ HTTP/1.1\r\nHost: 10.99.1:8000\r\n\r\n",
        "GET http://www.test:8000/ HTTP/1.1\r\nHost: www.test:8000\r\nContent-Length : 3\r\n\r\n",
        "GET http://www.test:8000/ HTTP/1.1\nHost: www.test:8000\n\n",
        "\x16\x03\x01\x02 hello\n",
    };
    char count[8];

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(requests); i++)
        expect(requests[i], "HTTP/1.1 400 ", "X-DefenseClaw-Reason: ");
    snprintf(count, sizeof count, "%zu", N_ELEMENTS(requests));
    kit_expect_row("SELECT count(*) FROM decision WHERE verdict='refuse' AND reason NOT NULL",
                   count);
    kit_expect_row("SELECT count(*) FROM decision WHERE verdict='allow'", "0");
}

static void a_head_that_trickles_is_ended(void **state)
{
    autobuf struct buf out = { 0 };
    int fd = kit_dial(EGRESS);

    (void)state;
    kit_send(fd, "GET http://www.test:8000/ HTTP/1.1\r\n");
    for (int i = 0; i < 11 && out.len == 0; i++) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (poll(&p, 1, 1000) > 0)
            break;
        kit_send(fd, "X: y\r\n");
    }
    kit_talk(fd, "", 0, &out);
    assert_true(strncmp(buf_str(&out), "HTTP/1.1 408 ", 13) == 0);
}

static void others_are_served_while_some_are_silent(void **state)
{
    enum { MANY = 300 };
    int fds[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        fds[i] = kit_dial(EGRESS);
        kit_send(fds[i], i % 2 ? "GET http://www.test:8003/ HTTP/1.1\r\nHost: www.test:8003\r\n\r\n"
                               : "GET ");
    }
    expect("GET http://www.test:8000/hint HTTP/1.1\r\nHost: www.test:8000\r\n" END, "HTTP/1.1 200 ",
           "ok");
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
}

static void strangers_are_closed_at_once(void **state)
{
    static const char *const strangers[] = { KIT_HOST, KIT_OUTSIDE, "127.0.0.1" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(strangers); i++) {
        autobuf struct buf out = { 0 };
        int fd = kit_connect(strangers[i], KIT_HOST, EGRESS);

        if (fd < 0)
            continue;
        kit_talk(fd, "CONNECT www.test:8001 HTTP/1.0\r\n\r\n", 34, &out);
        assert_int_equal(out.len, 0);
    }
}

static void full_means_503(void **state)
{
    static int fds[SANDBOX_SLOTS + 1];
    autobuf struct buf out = { 0 };

    (void)state;
    poll(NULL, 0, 200); /* the connections of the tests before have ended */
    for (int i = 0; i < SANDBOX_SLOTS; i++)
        fds[i] = kit_dial(EGRESS);
    fds[SANDBOX_SLOTS] = kit_dial(EGRESS);
    assert_true(kit_wait_for(fds[SANDBOX_SLOTS], "HTTP/1.1 503 ", &out));
    for (int i = 0; i <= SANDBOX_SLOTS; i++)
        close(fds[i]);
    poll(NULL, 0, 100);
    expect("GET http://www.test:8000/hint HTTP/1.1\r\nHost: www.test:8000\r\n" END, "HTTP/1.1 200 ",
           "ok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_http_is_written_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_of_every_framing_arrive_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broken_answer_is_never_passed_off_as_whole, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(bodies_arrive_in_their_framing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_request_of_a_connection_is_decided, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tunnel_carries_bytes_and_both_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_half_closed_early_still_gets_its_answer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_reader_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_reads_late_gets_all_answers_of_a_connection, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_no_entry_names_is_refused_readably, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_that_is_not_the_internets_needs_to_be_listed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_outside_does_not_answer_is_said, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_request_that_two_readers_could_read_differently_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_head_that_trickles_is_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_are_served_while_some_are_silent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strangers_are_closed_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_means_503, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, kit_enter, NULL);
}
