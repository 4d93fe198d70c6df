/* The sandbox's resolver alive, over UDP and TCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/dns.h"
#include "gateway_kit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define POLICY "network_policies: {}\n"

static int set_up(void **state)
{
    (void)state;
    kit_serve_dns(KIT_OUTSIDE);
    kit_start(POLICY, NULL);
    return 0;
}

/* Both servers of --dns are named; a test starts those that it wants. */
static int set_up_two(void **state)
{
    static const struct kit_options two = { .dns = KIT_OUTSIDE "," KIT_OUTSIDE2 };

    (void)state;
    kit_start(POLICY, &two);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(kit_stop(), 0);
    kit_stop_servers();
    return 0;
}

/* A query under id 0x4242; name's labels are divided by dots. Returns its length. */
static size_t query(const char *name, uint16_t type, uint8_t *out)
{
    struct dns_query q = { .type = type, .recursion = true };
    size_t at = 0;

    while (*name) {
        size_t len = strcspn(name, ".");

        q.question[at++] = (uint8_t)len;
        memcpy(q.question + at, name, len);
        at += len;
        name += len + (name[len] == '.');
    }
    q.question[at] = 0;
    memcpy(q.question + at + 1, (const uint8_t[]){ (uint8_t)(type >> 8), (uint8_t)type, 0, 1 }, 4);
    q.question_len = at + 5;
    return dns_write_query(&q, 0x4242, out);
}

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sends m over UDP from an address; the answer's length, -1 when none came within 2.5 s. */
static ssize_t ask_from(const char *from, const uint8_t *m, size_t len, uint8_t *out, size_t size)
{
    struct sockaddr_in a = { .sin_family = AF_INET },
                       b = { .sin_family = AF_INET, .sin_port = htons(53) };
    autofd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct pollfd p = { .fd = fd, .events = POLLIN };

    inet_pton(AF_INET, from, &a.sin_addr);
    inet_pton(AF_INET, KIT_HOST, &b.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&a, sizeof a), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&b, sizeof b), 0);
    assert_int_equal(send(fd, m, len, 0), len);
    return poll(&p, 1, 2500) > 0 ? recv(fd, out, size, 0) : -1;
}

/* Asks for a name; the answer's rcode, -1 when none came. */
static int ask(const char *name, uint16_t type, uint8_t *out, ssize_t *len)
{
    uint8_t m[DNS_QUERY_MAX];
    size_t n = query(name, type, m);

    *len = ask_from(KIT_SANDBOX, m, n, out, 4096);
    if (*len < 0)
        return -1;
    assert_int_equal(out[0] << 8 | out[1], 0x4242);
    return out[3] & 15;
}

static void a_name_is_answered_and_recorded(void **state)
{
    uint8_t out[4096];
    ssize_t len;

    (void)state;
    assert_int_equal(ask("www.TEST", 1, out, &len), DNS_NOERROR);
    assert_memory_equal(out + len - 4, "\x0a\x63\0\x01", 4);
    assert_int_equal(ask("nx.test", 28, out, &len), DNS_NXDOMAIN);
    kit_expect_row("SELECT proto||' '||host||' '||port||' '||method||' '||verdict||' '||reason FROM"
                   " decision WHERE id=1",
                   "dns www.test 53 A allow NOERROR from 10.99.0.1");
    kit_expect_row("SELECT method||' '||reason FROM decision WHERE id=2",
                   "AAAA NXDOMAIN from 10.99.0.1");
    kit_expect_row("SELECT count(*) FROM decision", "2");
}

static void an_answer_that_is_not_to_the_question_is_ignored(void **state)
{
    uint8_t out[4096];
    ssize_t len;

    (void)state;
    assert_int_equal(ask("forged.test", 1, out, &len), DNS_NOERROR);
    assert_memory_equal(out + 12, "\6forged\4test", 12);
    assert_int_equal(out[7], 1);
}

static void a_silent_server_gives_servfail_within_two_seconds(void **state)
{
    uint8_t out[4096];
    int64_t began = clock_ms();
    ssize_t len;

    (void)state;
    assert_int_equal(ask("drop.test", 1, out, &len), DNS_SERVFAIL);
    assert_in_range(clock_ms() - began, 1500, 2300);
    kit_expect_row("SELECT verdict||' '||reason FROM decision", "allow no server answers");
}

static void the_second_server_is_asked_when_the_first_is_gone(void **state)
{
    uint8_t out[4096];
    int64_t began = clock_ms();
    ssize_t len;

    (void)state;
    kit_serve_dns(KIT_OUTSIDE2);
    assert_int_equal(ask("www.test", 1, out, &len), DNS_NOERROR);
    assert_in_range(clock_ms() - began, 0, 600);
    kit_expect_row("SELECT reason FROM decision", "NOERROR from 10.99.0.2");
}

static void no_server_at_all_gives_servfail_at_once(void **state)
{
    uint8_t out[4096];
    int64_t began = clock_ms();
    ssize_t len;

    (void)state;
    assert_int_equal(ask("www.test", 1, out, &len), DNS_SERVFAIL);
    assert_in_range(clock_ms() - began, 0, 600);
}

/* One message over TCP, with its length. */
static void put(struct buf *b, const uint8_t *m, size_t len)
{
    buf_add(b, (const uint8_t[]){ (uint8_t)(len >> 8), (uint8_t)len }, 2);
    buf_add(b, m, len);
}

static void a_truncated_answer_is_whole_over_tcp(void **state)
{
    autobuf struct buf in = { 0 }, out = { 0 };
    uint8_t m[DNS_QUERY_MAX], answer[4096];
    size_t first;
    ssize_t len;

    (void)state;
    assert_int_equal(ask("big.test", 16, answer, &len), DNS_NOERROR);
    assert_true(answer[2] & 2);
    put(&in, m, query("big.test", 16, m));
    put(&in, m, query("www.test", 1, m));
    put(&in, m, query("nx.test", 1, m));
    kit_talk(kit_dial(53), buf_str(&in), in.len, &out);
    first = (size_t)out.data[0] << 8 | out.data[1];
    assert_true(first > 4000 && out.len > first + 4);
    assert_int_equal(out.data[2] << 8 | out.data[3], 0x4242);
    assert_memory_equal(out.data + 2 + first + 2, "\x42\x42", 2);
    kit_expect_row("SELECT count(*) FROM decision WHERE proto='dns-tcp'", "3");
    kit_expect_row("SELECT bytes_down>4000 FROM decision WHERE proto='dns-tcp' AND host='big.test'",
                   "1");
}

static void what_is_no_query_gets_no_answer_or_an_error(void **state)
{
    uint8_t m[DNS_QUERY_MAX + 1], out[4096];
    size_t len = query("www.test", 1, m);

    (void)state;
    m[len] = 0;
    assert_true(ask_from(KIT_SANDBOX, m, len + 1, out, sizeof out) >= 12);
    assert_int_equal(out[3] & 15, DNS_FORMERR);
    len = query("www.test", 252, m);
    assert_true(ask_from(KIT_SANDBOX, m, len, out, sizeof out) >= 12);
    assert_int_equal(out[3] & 15, DNS_REFUSED);
    m[2] |= 0x80;
    assert_int_equal(ask_from(KIT_SANDBOX, m, len, out, sizeof out), -1);
    kit_expect_row("SELECT count(*) FROM decision WHERE verdict='refuse'", "2");
}

static void strangers_get_no_answer(void **state)
{
    uint8_t m[DNS_QUERY_MAX], out[4096];
    size_t len = query("www.test", 1, m);

    (void)state;
    assert_int_equal(ask_from(KIT_HOST, m, len, out, sizeof out), -1);
    assert_int_equal(ask_from("127.0.0.1", m, len, out, sizeof out), -1);
    kit_expect_row("SELECT count(*) FROM decision", "0");
}

static void queries_beyond_the_limit_are_refused(void **state)
{
    enum { MANY = DNS_PENDING_MAX + 20 };
    struct sockaddr_in a = { .sin_family = AF_INET },
                       b = { .sin_family = AF_INET, .sin_port = htons(53) };
    autofd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    uint8_t m[DNS_QUERY_MAX], out[4096];
    size_t len = query("drop.test", 1, m);
    int refused = 0, failed = 0;

    (void)state;
    inet_pton(AF_INET, KIT_SANDBOX, &a.sin_addr);
    inet_pton(AF_INET, KIT_HOST, &b.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&a, sizeof a), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&b, sizeof b), 0);
    kill(kit_pid(), SIGSTOP); /* so that they come at once, however busy the machine is */
    for (int i = 0; i < MANY; i++)
        assert_int_equal(send(fd, m, len, 0), len);
    kill(kit_pid(), SIGCONT);
    while (refused + failed < MANY && poll(&p, 1, 3000) > 0) {
        assert_true(recv(fd, out, sizeof out, 0) >= 12);
        refused += (out[3] & 15) == DNS_REFUSED;
        failed += (out[3] & 15) == DNS_SERVFAIL;
    }
    assert_int_equal(refused, 20);
    assert_int_equal(failed, DNS_PENDING_MAX);
    kit_expect_row("SELECT count(*) FROM decision WHERE reason='too many queries at once'", "20");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_is_answered_and_recorded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_that_is_not_to_the_question_is_ignored, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_silent_server_gives_servfail_within_two_seconds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_second_server_is_asked_when_the_first_is_gone,
                                        set_up_two, tear_down),
        cmocka_unit_test_setup_teardown(no_server_at_all_gives_servfail_at_once, set_up_two,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_truncated_answer_is_whole_over_tcp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_query_gets_no_answer_or_an_error, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(strangers_get_no_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(queries_beyond_the_limit_are_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, kit_enter, NULL);
}
