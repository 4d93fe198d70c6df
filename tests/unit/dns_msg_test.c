/* DNS messages: strict queries, answers held against their questions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/dns_msg.h"
#include "gateway/upstreams.h"

#include <stdlib.h>
#include <string.h>

/* id 0x1234, RD, one question: www.Example A IN */
static const uint8_t plain[] = { 0x12, 0x34, 1,   0,   0,   1,   0, 0,   0,   0,
                                 0,    0,    3,   'w', 'w', 'w', 7, 'E', 'x', 'a',
                                 'm',  'p',  'l', 'e', 0,   0,   1, 0,   1 };
static const uint8_t opt[] = { 0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0 };

/* A copy of the plain query with one byte changed, and so many bytes of it. */
static int judge_changed(size_t at, uint8_t to, size_t len)
{
    struct dns_query q;
    uint8_t m[sizeof plain + 16] = { 0 };

    memcpy(m, plain, sizeof plain);
    m[at] = to;
    return dns_read_query(m, len, &q);
}

static void a_plain_query_is_read(void **state)
{
    struct dns_query q;

    (void)state;
    assert_int_equal(dns_read_query(plain, sizeof plain, &q), 0);
    assert_int_equal(q.id, 0x1234);
    assert_int_equal(q.type, 1);
    assert_int_equal(q.class, 1);
    assert_string_equal(q.name, "www.example");
    assert_true(q.recursion);
    assert_false(q.edns);
    assert_int_equal(q.udp_size, 512);
}

static void edns_is_read_and_its_options_are_dropped(void **state)
{
    uint8_t m[sizeof plain + sizeof opt + 8], out[DNS_QUERY_MAX];
    struct dns_query q;
    size_t len = sizeof plain + sizeof opt;

    (void)state;
    memcpy(m, plain, sizeof plain);
    memcpy(m + sizeof plain, opt, sizeof opt);
    m[11] = 1;
    assert_int_equal(dns_read_query(m, len, &q), 0);
    assert_true(q.edns && q.dnssec);
    assert_int_equal(q.udp_size, 4096);
    m[len - 1] = 4; /* an option of no length: code and size */
    memset(m + len, 0, 4);
    assert_int_equal(dns_read_query(m, len + 4, &q), 0);
    assert_int_equal(dns_write_query(&q, 7, out), sizeof plain + sizeof opt);
    m[len - 1] = 5;
    assert_int_equal(dns_read_query(m, len + 4, &q), DNS_FORMERR);
}

static void what_is_no_query_is_dropped_or_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < 12; len++)
        assert_int_equal(judge_changed(0, 0x12, len), -EBADMSG);
    assert_int_equal(judge_changed(2, 0x81, sizeof plain), -EBADMSG);    /* an answer */
    assert_int_equal(judge_changed(2, 0x29, sizeof plain), DNS_NOTIMP);  /* UPDATE */
    assert_int_equal(judge_changed(2, 0x03, sizeof plain), DNS_FORMERR); /* truncated */
    assert_int_equal(judge_changed(5, 0, sizeof plain), DNS_FORMERR);    /* no question */
    assert_int_equal(judge_changed(5, 2, sizeof plain), DNS_FORMERR);
    assert_int_equal(judge_changed(7, 1, sizeof plain), DNS_FORMERR); /* an answer record */
    assert_int_equal(judge_changed(9, 1, sizeof plain), DNS_FORMERR);
    assert_int_equal(judge_changed(11, 1, sizeof plain),
                     DNS_FORMERR); /* a record that isn't there */
    assert_int_equal(judge_changed(11, 2, sizeof plain), DNS_FORMERR);
    assert_int_equal(judge_changed(12, 0xc0, sizeof plain), DNS_FORMERR); /* compressed */
    assert_int_equal(judge_changed(12, 64, sizeof plain), DNS_FORMERR);
    assert_int_equal(judge_changed(12, 60, sizeof plain), DNS_FORMERR);      /* beyond the end */
    assert_int_equal(judge_changed(0, 0x12, sizeof plain + 1), DNS_FORMERR); /* a byte behind */
    assert_int_equal(judge_changed(26, 252, sizeof plain), DNS_REFUSED);     /* AXFR */
    assert_int_equal(judge_changed(26, 251, sizeof plain), DNS_REFUSED);
    for (size_t len = 12; len < sizeof plain; len++)
        assert_int_equal(judge_changed(0, 0x12, len), DNS_FORMERR);
}

static void a_name_is_at_most_255_bytes(void **state)
{
    uint8_t m[400] = { 0, 1, 1, 0, 0, 1 };
    struct dns_query q;
    size_t at = 12;

    (void)state;
    for (int i = 0; i < 3; i++) {
        m[at] = 63;
        memset(m + at + 1, 'a', 63);
        at += 64;
    }
    m[at] = 61; /* 3 * 64 + 62 + 1 = 255 */
    memset(m + at + 1, 'b', 63);
    m[at + 62] = 0;
    memcpy(m + at + 63, "\0\1\0\1", 4);
    assert_int_equal(dns_read_query(m, at + 67, &q), 0);
    m[at] = 62;
    m[at + 62] = 'b';
    m[at + 63] = 0;
    memcpy(m + at + 64, "\0\1\0\1", 4);
    assert_int_equal(dns_read_query(m, at + 68, &q), DNS_FORMERR);
}

static void a_name_is_one_word_in_a_log(void **state)
{
    static const uint8_t odd[] = { 0, 1,    1,   0,   0,   1, 0,   0, 0, 0, 0, 0,
                                   6, '\n', ' ', '.', 'A', 0, '"', 0, 0, 1, 0, 1 };
    static const uint8_t root[] = { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1 };
    struct dns_query q;

    (void)state;
    assert_int_equal(dns_read_query(odd, sizeof odd, &q), 0);
    assert_string_equal(q.name, "\\010\\032\\046a\\000\\034");
    assert_int_equal(dns_read_query(root, sizeof root, &q), 0);
    assert_string_equal(q.name, ".");
}

static void a_query_goes_out_under_an_id_of_our_own(void **state)
{
    uint8_t out[DNS_QUERY_MAX];
    struct dns_query q, again;

    (void)state;
    assert_int_equal(dns_read_query(plain, sizeof plain, &q), 0);
    assert_int_equal(dns_write_query(&q, 0xbeef, out), sizeof plain);
    assert_int_equal(dns_read_query(out, sizeof plain, &again), 0);
    assert_int_equal(again.id, 0xbeef);
    assert_memory_equal(out + 2, plain + 2, sizeof plain - 2);
}

/* What dns_check_answer says of the plain query's answer with one byte changed. */
static int check_changed(size_t at, uint8_t to, size_t len)
{
    struct dns_query q;
    uint8_t m[sizeof plain];

    assert_int_equal(dns_read_query(plain, sizeof plain, &q), 0);
    memcpy(m, plain, sizeof m);
    m[2] = 0x81;
    m[3] = 0x80;
    m[at] = to;
    return dns_check_answer(&q, 0x1234, m, len);
}

static void an_answer_must_be_to_the_question_that_was_asked(void **state)
{
    (void)state;
    assert_int_equal(check_changed(3, 0x80, sizeof plain), DNS_NOERROR);
    assert_int_equal(check_changed(3, 0x83, sizeof plain), DNS_NXDOMAIN);
    assert_int_equal(check_changed(13, 'W', sizeof plain), DNS_NOERROR); /* case doesn't count */
    assert_int_equal(check_changed(0, 0x13, sizeof plain), -EBADMSG);    /* another id */
    assert_int_equal(check_changed(2, 0x01, sizeof plain), -EBADMSG);    /* a query */
    assert_int_equal(check_changed(2, 0xa9, sizeof plain), -EBADMSG);    /* another opcode */
    assert_int_equal(check_changed(13, 'x', sizeof plain), -EBADMSG);    /* another name */
    assert_int_equal(check_changed(26, 28, sizeof plain), -EBADMSG);     /* another type */
    assert_int_equal(check_changed(28, 3, sizeof plain), -EBADMSG);      /* another class */
    assert_int_equal(check_changed(5, 2, sizeof plain), -EBADMSG);
    assert_int_equal(check_changed(5, 0, sizeof plain), -EBADMSG);
    for (size_t len = 0; len < sizeof plain; len++)
        assert_int_equal(check_changed(3, 0x80, len), -EBADMSG);
}

static void an_error_may_leave_the_question_out(void **state)
{
    uint8_t m[12] = { 0x12, 0x34, 0x81, 0x81 };
    struct dns_query q;

    (void)state;
    assert_int_equal(dns_read_query(plain, sizeof plain, &q), 0);
    assert_int_equal(dns_check_answer(&q, 0x1234, m, sizeof m), DNS_FORMERR);
    m[3] = 0x80;
    assert_int_equal(dns_check_answer(&q, 0x1234, m, sizeof m), -EBADMSG);
}

static void an_answer_of_our_own_fits_its_query(void **state)
{
    uint8_t out[DNS_QUERY_MAX];
    struct dns_query q;

    (void)state;
    assert_int_equal(dns_read_query(plain, sizeof plain, &q), 0);
    assert_int_equal(dns_write_answer(&q, DNS_SERVFAIL, false, out), sizeof plain);
    assert_int_equal(dns_check_answer(&q, 0x1234, out, sizeof plain), DNS_SERVFAIL);
    dns_write_answer(&q, DNS_NOERROR, true, out);
    assert_true(out[2] & 2);
    assert_int_equal(dns_read_query(plain, 13, &q), DNS_FORMERR);
    assert_int_equal(dns_write_answer(&q, DNS_FORMERR, false, out), 12);
}

static void types_and_codes_have_names(void **state)
{
    char text[12];

    (void)state;
    assert_string_equal(dns_type_text(28, text), "AAAA");
    assert_string_equal(dns_type_text(65535, text), "TYPE65535");
    assert_string_equal(dns_rcode_text(3, text), "NXDOMAIN");
    assert_string_equal(dns_rcode_text(11, text), "RCODE11");
}

static void servers_are_read_from_a_resolv_conf(void **state)
{
    static const char text[] =
        "# nameserver 9.9.9.9\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # x\n"
        "search a.example\nnameserver fe80::1%lo\nnameserver nonsense\n"
        "nameserver 192.0.2.300\n nameserver 192.0.2.9\nnameserver 192.0.2.2";
    struct upstream list[UPSTREAMS_MAX];
    char out[80];

    (void)state;
    assert_int_equal(upstreams_parse(text, list), 4);
    assert_string_equal(upstream_text(&list[0], out), "192.0.2.1");
    assert_string_equal(upstream_text(&list[1], out), "2001:db8::1");
    assert_string_equal(upstream_text(&list[2], out), "fe80::1%lo");
    assert_string_equal(upstream_text(&list[3], out), "192.0.2.2");
}

static void no_more_servers_are_read_than_there_is_room_for(void **state)
{
    char text[1024] = "";
    struct upstream list[UPSTREAMS_MAX];

    (void)state;
    for (int i = 1; i < 20; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "nameserver 192.0.2.%d\n", i);
    assert_int_equal(upstreams_parse(text, list), UPSTREAMS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_query_is_read),
        cmocka_unit_test(edns_is_read_and_its_options_are_dropped),
        cmocka_unit_test(what_is_no_query_is_dropped_or_refused),
        cmocka_unit_test(a_name_is_at_most_255_bytes),
        cmocka_unit_test(a_name_is_one_word_in_a_log),
        cmocka_unit_test(a_query_goes_out_under_an_id_of_our_own),
        cmocka_unit_test(an_answer_must_be_to_the_question_that_was_asked),
        cmocka_unit_test(an_error_may_leave_the_question_out),
        cmocka_unit_test(an_answer_of_our_own_fits_its_query),
        cmocka_unit_test(types_and_codes_have_names),
        cmocka_unit_test(servers_are_read_from_a_resolv_conf),
        cmocka_unit_test(no_more_servers_are_read_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
