/* An egress policy's bytes: whatever is read must decide without a crash, allow only by a named
 * entry, and give its reasons for all else. */
#include "base/mem.h"
#include "policy/policy.h"

#include <string.h>

#define CHECK(ok) ((ok) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void decide(const struct egress_policy *p, const char *text)
{
    struct hostname host;
    struct address a;
    struct policy_answer answer;

    if (hostname_parse(text, strlen(text), &host) < 0)
        return;
    for (int http = 0; http < 2; http++) {
        struct policy_request q = { .host = &host,
                                    .port = http ? 80 : 443,
                                    .method = http ? "GET" : NULL,
                                    .path = http ? "/v1/a" : NULL };

        policy_decide(p, &q, &answer);
        CHECK(answer.allowed == (answer.rule != NULL));
        CHECK(answer.allowed == (answer.reason[0] == '\0'));
        CHECK(address_parse("224.0.0.1", &a) == 0 && policy_address_fault(p, &q, &a));
        CHECK(address_parse("9.9.9.9", &a) == 0 && !policy_address_fault(p, &q, &a));
        CHECK(address_parse("10.0.0.1", &a) == 0);
        CHECK(answer.allowed || policy_address_fault(p, &q, &a));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const hosts[] = { "a.example", "x.y.a.example", "10.0.0.1",
                                         "[2001:db8::1]" };
    struct egress_policy *p = NULL;
    struct err e = { 0 };
    char host[256] = "";
    int r = policy_load("f", data, len, &p, &e);

    CHECK((r == 0) == (p != NULL));
    CHECK(r == 0 || (e.text[0] && e.status));
    memcpy(host, data, len < sizeof host - 1 ? len : sizeof host - 1);
    for (size_t i = 0; p && i < N_ELEMENTS(hosts); i++)
        decide(p, hosts[i]);
    if (p)
        decide(p, host);
    policy_free(p);
    return 0;
}
