/* DNS messages in both directions: a query that is taken is asked as it was meant, and no answer
 * passes that isn't to it. */
#include "base/mem.h"
#include "gateway/dns_msg.h"

#include <string.h>

#define CHECK(ok) ((ok) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_name(const char *name)
{
    size_t len = strlen(name);

    CHECK(len && len < DNS_NAME_TEXT);
    for (size_t i = 0; i < len; i++)
        CHECK(name[i] > ' ' && name[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t usual[] = { 0, 7,   1,   0,   0,   1,   0,   0,   0, 0, 0, 0, 1, 'a',
                                     7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1 };
    uint8_t out[DNS_QUERY_MAX];
    struct dns_query q, again;
    int r = dns_read_query(data, len, &q), rcode;
    size_t n;

    if (r >= 0) {
        n = dns_write_answer(&q, DNS_SERVFAIL, false, out);
        CHECK(n >= 12 && n <= sizeof out);
    }
    if (r == 0) {
        check_name(q.name);
        n = dns_write_query(&q, 0x4242, out);
        CHECK(n <= sizeof out && n <= len + 11);
        CHECK(dns_read_query(out, n, &again) == 0);
        CHECK(again.type == q.type && again.class == q.class && strcmp(again.name, q.name) == 0);
        n = dns_write_answer(&q, DNS_NXDOMAIN, false, out);
        CHECK(dns_check_answer(&q, q.id, out, n) == DNS_NXDOMAIN);
        CHECK(dns_check_answer(&q, (uint16_t)(q.id ^ 1), out, n) == -EBADMSG);
    }
    CHECK(dns_read_query(usual, sizeof usual, &q) == 0);
    rcode = dns_check_answer(&q, 7, data, len);
    CHECK(rcode >= -EBADMSG && rcode <= 15);
    CHECK(rcode < 0 || (len >= 12 && data[0] == 0 && data[1] == 7 && data[2] & 0x80));
    return 0;
}
