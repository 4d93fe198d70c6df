/* The rule table against the rules as nft(8) makes them of text, rule by rule; and that each
 * comparison notices each kind of change. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/mem.h"
#include "machine_kit.h"
#include "resource/ruleset.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

/* The tested rulesets, as an admin would type them. */
static const char host_text[] =
    "table netdev defenseclaw_sandbox {\n"
    " chain in { type filter hook ingress device \"sandbox0\" priority -500; policy drop;\n"
    "  meta protocol != ip counter drop\n"
    "  ip frag-off & 0x3fff != 0 counter drop\n"
    "  ip saddr 10.200.0.2 ip daddr 10.200.0.1 tcp dport { 53, 3128, 4000, 18970 } counter accept\n"
    "  ip saddr 10.200.0.2 ip daddr 10.200.0.1 udp dport 53 counter accept\n"
    "  ip saddr 10.200.0.2 ip daddr 10.200.0.1 tcp sport 18789 tcp flags & (syn | ack) != syn "
    "counter accept\n"
    "  ip saddr 10.200.0.2 ip daddr 10.200.0.1 icmp type { echo-request, echo-reply } counter "
    "accept\n"
    "  counter drop\n"
    " }\n"
    "}\n"
    "table inet defenseclaw_sandbox {\n"
    " chain raw { type filter hook prerouting priority raw; policy accept;\n"
    "  iifname \"sandbox0\" ip saddr 10.200.0.2 ip daddr 10.200.0.1 tcp dport { 53, 3128, 4000, "
    "18970 } counter notrack\n"
    "  iifname \"sandbox0\" ip saddr 10.200.0.2 ip daddr 10.200.0.1 udp dport 53 counter notrack\n"
    " }\n"
    " chain rawout { type filter hook output priority raw; policy accept;\n"
    "  oifname \"sandbox0\" ip saddr 10.200.0.1 ip daddr 10.200.0.2 tcp sport { 53, 3128, 4000, "
    "18970 } counter notrack\n"
    "  oifname \"sandbox0\" ip saddr 10.200.0.1 ip daddr 10.200.0.2 udp sport 53 counter notrack\n"
    " }\n"
    " chain input { type filter hook input priority -10; policy accept;\n"
    "  iifname != \"sandbox0\" ip daddr 10.200.0.1 meta l4proto { tcp, udp } th dport { 53, 3128, "
    "4000, 18970 } counter reject\n"
    " }\n"
    " chain forward { type filter hook forward priority -10; policy accept;\n"
    "  iifname \"sandbox0\" counter drop\n"
    "  oifname \"sandbox0\" counter drop\n"
    " }\n"
    " chain output { type filter hook output priority -10; policy accept;\n"
    "  meta skuid 4001 counter reject with icmpx type admin-prohibited\n"
    " }\n"
    "}\n";

static const char inside_text[] =
    "table inet defenseclaw {\n"
    " chain out { type filter hook output priority 0; policy drop;\n"
    "  oif lo accept\n"
    "  ip daddr 10.200.0.1 tcp dport { 53, 3128, 4000, 18970 } counter accept\n"
    "  ip daddr 10.200.0.1 udp dport 53 counter accept\n"
    "  ip daddr 10.200.0.1 tcp sport 18789 counter accept\n"
    "  ip daddr 10.200.0.1 icmp type { echo-request, echo-reply } counter accept\n"
    "  counter reject with icmpx type admin-prohibited\n"
    " }\n"
    " chain in { type filter hook input priority 0; policy drop;\n"
    "  iif lo accept\n"
    "  ip saddr 10.200.0.1 tcp sport { 53, 3128, 4000, 18970 } counter accept\n"
    "  ip saddr 10.200.0.1 udp sport 53 counter accept\n"
    "  ip saddr 10.200.0.1 tcp dport 18789 counter accept\n"
    "  ip saddr 10.200.0.1 icmp type { echo-request, echo-reply } counter accept\n"
    "  ip saddr 10.200.0.1 icmp type destination-unreachable counter accept\n"
    "  counter drop\n"
    " }\n"
    "}\n"
    "table ip defenseclaw_dns {\n"
    " set servers { type ipv4_addr; elements = { 8.8.8.8, 1.1.1.1 } }\n"
    " chain out { type nat hook output priority -100; policy accept;\n"
    "  ip daddr @servers udp dport 53 counter dnat to 10.200.0.1\n"
    "  ip daddr @servers tcp dport 53 counter dnat to 10.200.0.1\n"
    " }\n"
    "}\n";

static char told[4096];

static void remember(void *userdata, const char *difference)
{
    size_t len = strlen(told);

    (void)userdata;
    snprintf(told + len, sizeof(told) - len, "%s\n", difference);
}

static void load(const char *text)
{
    autofd int fd = open("/run/rules.nft", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    if (machine_run("/usr/sbin/nft -f /run/rules.nft") != 0)
        fail_msg("%s", machine_output("/usr/sbin/nft -f /run/rules.nft"));
}

/* Compares what is live with what the table of rules gives, the marks aside. */
static int compare_live(const struct network *n, enum fence_side side)
{
    autoruleset struct nft_ruleset *now = nft_ruleset_new(), *want = nft_ruleset_new();
    autonft struct nft *nft = NULL;
    int count = 0;

    told[0] = '\0';
    assert_int_equal(nft_open(&nft), 0);
    assert_int_equal(nft_read_tables(nft, now), 0);
    assert_int_equal(ruleset_want(n, side, want), 0);
    for (struct nft_table *t = nft_ruleset_tables(want); t; t = t->next) {
        struct nft_table *live = nft_table_find(now, t->family, t->name);

        assert_non_null(live);
        assert_int_equal(nft_read_rules(nft, now, live), 0);
        live->comment = t->comment;
        live->params = t->params;
        count += ruleset_compare(live, t, remember, NULL);
    }
    return count;
}

static void the_hosts_tables_are_the_tested_ones(void **state)
{
    struct network n = machine_network();

    (void)state;
    assert_int_equal(machine_run("/sbin/ip link add sandbox0 type veth peer name x1"), 0);
    load(host_text);
    if (compare_live(&n, FENCE_HOST) != 0)
        fail_msg("%s", told);
}

static void the_namespaces_tables_are_the_tested_ones(void **state)
{
    struct network n = machine_network();

    (void)state;
    load(inside_text);
    if (compare_live(&n, FENCE_INSIDE) != 0)
        fail_msg("%s", told);
}

/* The text with one word exchanged for another, in its nth place. */
static void load_changed(const char *text, const char *from, const char *to, int place)
{
    char changed[8192];
    const char *at = text;

    while (place-- > 0)
        at = strstr(at, from) + 1;
    at = strstr(at, from);
    assert_non_null(at);
    snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    load(changed);
}

static const struct change {
    const char *from, *to;
    int place;
} changes[] = {
    { "3128", "3129", 0 },
    { "3128", "3129", 1 },
    { "10.200.0.1", "10.200.0.3", 0 },
    { "tcp dport", "udp dport", 0 },
    { "counter accept", "accept", 0 },
    { "admin-prohibited", "no-route", 0 },
    { "oif lo", "oifname lo", 0 },
    { "policy drop", "policy accept", 0 },
    { "priority 0", "priority 5", 1 },
    { "hook input", "hook forward", 0 },
    { "counter drop", "counter accept", 0 },
    { "8.8.8.8", "8.8.4.4", 0 },
    { ", 1.1.1.1", "", 0 },
    { "dnat to 10.200.0.1", "dnat to 10.200.0.9", 1 },
    { "dnat to 10.200.0.1", "dnat to 10.200.0.1:54", 0 },
    { "dnat to 10.200.0.1", "redirect", 0 },
    { "@servers", "!= @servers", 0 },
    { ", echo-reply", "", 0 },
    { "destination-unreachable", "redirect", 0 },
    { "counter drop\n", "", 0 },
    { "counter drop\n", "counter drop\n counter drop\n", 0 },
};

static void every_change_is_noticed(void **state)
{
    struct network n = machine_network();

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(changes); i++) {
        assert_int_equal(machine_run("/usr/sbin/nft flush ruleset"), 0);
        load_changed(inside_text, changes[i].from, changes[i].to, changes[i].place);
        if (compare_live(&n, FENCE_INSIDE) == 0)
            fail_msg("%s for %s isn't noticed", changes[i].to, changes[i].from);
    }
}

static void counters_are_no_difference(void **state)
{
    struct network n = machine_network();

    (void)state;
    load_changed(inside_text, "counter accept", "counter packets 7 bytes 700 accept", 0);
    assert_int_equal(compare_live(&n, FENCE_INSIDE), 0);
}

static void flags_change_what_is_wanted(void **state)
{
    struct network n = machine_network();
    autoruleset struct nft_ruleset *rs = nft_ruleset_new();

    (void)state;
    n.host_networking = false;
    n.dns_count = 0;
    assert_int_equal(ruleset_want(&n, FENCE_HOST, rs), 0);
    assert_null(nft_ruleset_tables(rs));
    assert_int_equal(ruleset_want(&n, FENCE_INSIDE, rs), 0);
    assert_string_equal(nft_ruleset_tables(rs)->name, "defenseclaw");
    assert_null(nft_ruleset_tables(rs)->next);
    load(inside_text);
    assert_int_equal(compare_live(&n, FENCE_INSIDE), 0);
    n.guardrail = false;
    assert_true(compare_live(&n, FENCE_INSIDE) > 0);
}

static void values_travel_in_the_tables(void **state)
{
    struct network n = machine_network(), back = n;
    unsigned char buf[NFT_PARAMS_MAX];
    struct nft_bytes params = { buf, 0 };

    (void)state;
    for (n.dns_count = 0; n.dns_count <= DNS_MAX; n.dns_count++) {
        if (n.dns_count)
            n.dns[n.dns_count - 1].s_addr = htonl(0x01020300 + (uint32_t)n.dns_count);
        params.len = (uint32_t)ruleset_params_put(&n, buf);
        memset(back.dns, 0, sizeof(back.dns));
        back.uid = 0;
        assert_int_equal(ruleset_params_get(&back, params), 0);
        assert_int_equal(back.dns_count, n.dns_count);
        assert_memory_equal(back.dns, n.dns, n.dns_count * sizeof(n.dns[0]));
        assert_int_equal(back.uid, n.uid);
        assert_int_equal(back.host_ip.s_addr, n.host_ip.s_addr);
    }
    n.dns_count = DNS_MAX;
    params.len--;
    assert_true(ruleset_params_get(&back, params) < 0);
    params.len = 3;
    assert_true(ruleset_params_get(&back, params) < 0);
    params.len = 48;
    buf[0] = 99;
    assert_true(ruleset_params_get(&back, params) < 0);
}

#define ON_A_FRESH_MACHINE(test) cmocka_unit_test_setup(test, machine_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_FRESH_MACHINE(the_hosts_tables_are_the_tested_ones),
        ON_A_FRESH_MACHINE(the_namespaces_tables_are_the_tested_ones),
        ON_A_FRESH_MACHINE(every_change_is_noticed),
        ON_A_FRESH_MACHINE(counters_are_no_difference),
        ON_A_FRESH_MACHINE(flags_change_what_is_wanted),
        cmocka_unit_test(values_travel_in_the_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
