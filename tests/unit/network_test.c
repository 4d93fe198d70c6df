/* The network as a whole, in throw-away namespaces. */

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/json.h"
#include "base/mem.h"
#include "machine_kit.h"
#include "resource/kinds.h"
#include "sys/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char differences[4096];

static void remember(void *userdata, const char *difference)
{
    size_t len = strlen(differences);

    (void)userdata;
    snprintf(differences + len, sizeof(differences) - len, "%s\n", difference);
}

static int check(const struct network *n)
{
    struct err e = { 0 };
    int r;

    differences[0] = '\0';
    r = network_check(n, remember, NULL, &e);
    if (r < 0)
        snprintf(differences, sizeof(differences), "%s", e.text);
    return r;
}

static void up(const struct network *n)
{
    struct err e = { 0 };

    if (network_up(n, &e) != 0)
        fail_msg("up: %s", e.text);
}

static void assert_right(const struct network *n)
{
    if (check(n) != 0)
        fail_msg("it isn't right: %s", differences);
}

/* Everything that setup could change, in text. */
static char *listing(void)
{
    static const char *const commands[] = { "/sbin/ip -d link",
                                            "/sbin/ip addr",
                                            "/sbin/ip neigh",
                                            "/sbin/ip route show table all",
                                            "/sbin/ip -6 route show table all",
                                            "/usr/sbin/nft list ruleset",
                                            "/bin/ls -la /run/netns" };
    char *all = calloc(1, 1);

    for (size_t i = 0; i < N_ELEMENTS(commands); i++) {
        const char *part = machine_output(commands[i]);
        char *longer = realloc(all, strlen(all) + strlen(part) + 1);

        assert_non_null(longer);
        all = strcat(longer, part);
    }
    return all;
}

static void up_makes_what_check_wants(void **state)
{
    struct network n = machine_network();

    (void)state;
    assert_true(check(&n) > 0);
    up(&n);
    assert_right(&n);
}

static void up_a_second_time_changes_nothing(void **state)
{
    struct network n = machine_network();
    autofree char *before = NULL, *after = NULL;

    (void)state;
    up(&n);
    before = listing();
    up(&n);
    after = listing();
    assert_string_equal(before, after);
}

static void down_leaves_nothing(void **state)
{
    struct network n = machine_network();
    struct err e = { 0 };
    autofree char *before = NULL, *after = NULL;

    (void)state;
    up(&n); /* the directory of names stays once it is made */
    assert_int_equal(network_down(&n, &e), 0);
    before = listing();
    assert_null(strstr(before, "sandbox"));
    assert_null(strstr(before, "defenseclaw"));
    up(&n);
    assert_int_equal(network_down(&n, &e), 0);
    after = listing();
    assert_string_equal(before, after);
    assert_int_equal(network_down(&n, &e), 0);
}

static void the_sandbox_reaches_the_gateway_and_nothing_else(void **state)
{
    struct network n = machine_network();
    autofd int ns = -EBADF, egress = -EBADF, ssh = -EBADF, dns = -EBADF;

    (void)state;
    egress = machine_listen(SOCK_STREAM, "0.0.0.0", 3128);
    ssh = machine_listen(SOCK_STREAM, "0.0.0.0", 22);
    dns = machine_listen(SOCK_STREAM, "0.0.0.0", 53);
    assert_int_equal(machine_run("/sbin/ip addr add 192.0.2.1/32 dev lo"), 0);
    up(&n);
    assert_int_equal(netns_open("sandbox0", &ns), 0);
    assert_int_equal(machine_connect(ns, 4001, "10.200.0.1", 3128), 0);
    assert_int_equal(machine_connect(ns, 4001, "8.8.8.8", 53), 0);
    assert_int_equal(machine_connect(ns, 4001, "10.200.0.1", 4000), ECONNREFUSED);
    assert_int_equal(machine_connect(ns, 4001, "10.200.0.1", 22), EHOSTUNREACH);
    assert_int_equal(machine_connect(ns, 4001, "8.8.8.8", 443), EHOSTUNREACH);
    assert_int_equal(machine_connect(ns, 4001, "9.9.9.9", 53), ENETUNREACH);
    assert_int_equal(machine_connect(ns, 4001, "192.0.2.1", 3128), ENETUNREACH);
    /* Nobody else reaches those ports, and the user has no network outside. */
    assert_int_equal(machine_connect(-1, 0, "10.200.0.1", 3128), ECONNREFUSED);
    assert_int_equal(machine_connect(-1, 0, "192.0.2.1", 22), 0);
    assert_int_equal(machine_connect(-1, 4001, "192.0.2.1", 22), EHOSTUNREACH);
    assert_int_equal(machine_ping(ns, "10.200.0.1"), 0);
    assert_int_equal(machine_ping(-1, "10.200.0.2"), 0);
}

/* Without the inner fence the host's own one still stands: each is tried alone. */
static void the_hosts_fence_stands_alone(void **state)
{
    struct network n = machine_network();
    autofd int ns = -EBADF, egress = -EBADF, ssh = -EBADF;

    (void)state;
    egress = machine_listen(SOCK_STREAM, "0.0.0.0", 3128);
    ssh = machine_listen(SOCK_STREAM, "0.0.0.0", 22);
    up(&n);
    assert_int_equal(netns_open("sandbox0", &ns), 0);
    assert_int_equal(machine_run("netns sandbox0 /usr/sbin/nft flush ruleset"), 0);
    assert_int_equal(machine_connect(ns, 4001, "10.200.0.1", 3128), 0);
    assert_int_equal(machine_connect(ns, 4001, "10.200.0.1", 22), ETIMEDOUT);
    /* The control: without it the port is reached. */
    assert_int_equal(machine_run("/usr/sbin/nft flush ruleset"), 0);
    assert_int_equal(machine_connect(ns, 4001, "10.200.0.1", 22), 0);
}

/* What somebody may do to it, and what is told about it. */
static const struct damage {
    const char *command, *told;
} damages[] = {
    { "/usr/sbin/nft flush ruleset", "table netdev defenseclaw_sandbox is missing" },
    { "/usr/sbin/nft delete table inet defenseclaw_sandbox",
      "table inet defenseclaw_sandbox is missing" },
    { "/usr/sbin/nft flush chain inet defenseclaw_sandbox output",
      "chain output: rule 1 is missing: skuid 4001 reject" },
    { "/usr/sbin/nft insert rule inet defenseclaw_sandbox input accept",
      "chain input: rule 1 isn't ours: accept" },
    { "/usr/sbin/nft add rule netdev defenseclaw_sandbox in accept",
      "chain in: rule 8 isn't ours: accept" },
    { "/usr/sbin/nft add chain inet defenseclaw_sandbox mine", "chain mine isn't ours" },
    { "/usr/sbin/nft add table inet defenseclaw_sandbox { flags dormant ; }", "switched off" },
    { "netns sandbox0 /usr/sbin/nft flush ruleset", "table inet defenseclaw is missing" },
    { "netns sandbox0 /usr/sbin/nft add element ip defenseclaw_dns servers { 9.9.9.9 }",
      "set servers: other elements" },
    { "netns sandbox0 /usr/sbin/nft add chain inet defenseclaw out { policy accept ; }",
      "policy accept, not drop" },
    { "/sbin/ip addr del 10.200.0.1 peer 10.200.0.2 dev sandbox0",
      "address 10.200.0.1/32 is missing" },
    { "/sbin/ip addr add 192.0.2.7/24 dev sandbox0", "address 192.0.2.7/24 isn't ours" },
    { "/sbin/ip neigh del 10.200.0.2 dev sandbox0", "neighbour 10.200.0.2 is missing" },
    { "/sbin/ip route del 10.200.0.2 dev sandbox0", "route 10.200.0.2/32 is missing" },
    { "/sbin/ip route add 198.51.100.0/24 dev sandbox0", "route 198.51.100.0/24 isn't ours" },
    { "/sbin/ip link set sandbox0 mtu 1400", "another MTU" },
    { "/sbin/ip link set sandbox0 arp on", "answers ARP" },
    { "/sbin/ip link set sandbox0 down", "isn't up" },
    { "/sbin/ip link del sandbox0", "there is no such link" },
    { "netns sandbox0 /sbin/ip route add default via 10.200.0.1 dev eth0 onlink",
      "route 0.0.0.0/0 isn't ours" },
    { "netns sandbox0 /sbin/ip route del 8.8.8.8", "route 8.8.8.8/32 is missing" },
    { "netns sandbox0 /sbin/ip link set eth0 down", "isn't up" },
    { "netns sandbox0 /sbin/ip link set lo down", "loopback is down" },
    { "netns sandbox0 /sbin/sysctl -q -w net.ipv6.conf.all.disable_ipv6=0", "IPv6 is on" },
    { "/sbin/ip netns del sandbox0", "namespace is missing" },
};

static void every_damage_is_told_and_repaired(void **state)
{
    struct network n = machine_network();

    (void)state;
    up(&n);
    for (size_t i = 0; i < N_ELEMENTS(damages); i++) {
        if (machine_run(damages[i].command) != 0)
            fail_msg("%s: the command itself failed", damages[i].command);
        if (check(&n) <= 0 || !strstr(differences, damages[i].told))
            fail_msg("%s: told \"%s\", not \"%s\"", damages[i].command, differences,
                     damages[i].told);
        up(&n);
        if (check(&n) != 0)
            fail_msg("%s: not repaired: %s", damages[i].command, differences);
    }
}

static void refused(const struct network *n, const char *text, const char *undo)
{
    struct err e = { 0 };
    autofree char *before = listing(), *after = NULL;

    assert_int_equal(network_up(n, &e), -EEXIST);
    assert_int_equal(e.status, EXIT_MACHINE);
    assert_non_null(strstr(e.text, text));
    assert_non_null(strstr(e.fix, undo));
    after = listing();
    assert_string_equal(before, after);
    assert_int_equal(network_down(n, &e), 0);
    free(after);
    after = listing();
    assert_string_equal(before, after);
}

static void what_is_not_ours_is_never_touched(void **state)
{
    struct network n = machine_network(), other = n;
    struct err e = { 0 };

    (void)state;
    assert_int_equal(machine_run("/sbin/ip link add sandbox0 type veth peer name x1"), 0);
    refused(&n, "sandbox0 veth already exists", "ip link del sandbox0");
    assert_int_equal(machine_run("/sbin/ip link del sandbox0"), 0);

    assert_int_equal(machine_run("/sbin/ip netns add sandbox0"), 0);
    refused(&n, "sandbox0 veth already exists: a network namespace", "ip netns del sandbox0");
    assert_int_equal(machine_run("/sbin/ip netns del sandbox0"), 0);

    assert_int_equal(machine_run("/usr/sbin/nft add table inet defenseclaw_sandbox"), 0);
    refused(&n, "table inet defenseclaw_sandbox already exists", "nft delete table");
    assert_int_equal(machine_run("/usr/sbin/nft delete table inet defenseclaw_sandbox"), 0);

    /* Another instance of ours, of the same name: its uuid isn't this record's. */
    strcpy(other.uuid, OTHER_UUID);
    assert_int_equal(network_identity(&other), 0);
    up(&other);
    refused(&n, "sandbox0 veth already exists", "ip link del sandbox0");
    assert_right(&other);
    assert_int_equal(network_down(&other, &e), 0);
    up(&n);
    assert_right(&n);
}

/* As a shell's user types it: one command after the other. */
static void type(const char *line)
{
    char copy[1024], *save = NULL, path[1024];

    snprintf(copy, sizeof(copy), "%s", line);
    if (strchr(copy, '#'))
        *strchr(copy, '#') = '\0';
    for (char *c = strtok_r(copy, ";", &save); c; c = strtok_r(NULL, ";", &save)) {
        snprintf(path, sizeof(path), "/usr/sbin/%s", c + strspn(c, " "));
        machine_run(path);
    }
}

static void an_instance_without_a_record_goes_by_what_is_printed(void **state)
{
    struct network n = machine_network(), lost = n;
    struct err e = { 0 };

    (void)state;
    strcpy(lost.uuid, OTHER_UUID);
    assert_int_equal(network_identity(&lost), 0);
    up(&lost);
    assert_int_equal(network_up(&n, &e), -EEXIST);
    assert_string_equal(e.text, "sandbox0 veth already exists");
    type(e.fix);
    up(&n);
    assert_right(&n);
}

static void a_failed_up_takes_its_parts_away(void **state)
{
    struct network n = machine_network();
    struct err e = { 0 };
    autofree char *before = NULL, *after = NULL;

    (void)state;
    up(&n);
    assert_int_equal(network_down(&n, &e), 0);
    assert_int_equal(close(open("/run/netns/sandbox0", O_CREAT | O_WRONLY | O_CLOEXEC, 0)), 0);
    before = listing();
    assert_int_equal(network_up(&n, &e), -EEXIST);
    after = listing();
    assert_string_equal(before, after);
}

/* What a creation leaves that was killed between the two steps of giving the name. */
static void our_own_leftover_name_is_taken_over(void **state)
{
    struct network n = machine_network();
    autofd int fd = -EBADF;

    (void)state;
    assert_int_equal(mkdir("/run/netns", 0755), 0);
    fd = open("/run/netns/sandbox0", O_CREAT | O_WRONLY | O_CLOEXEC, 0400);
    assert_int_equal(write(fd, UUID, UUID_LEN), UUID_LEN);
    assert_int_equal(network_find(&n, NULL), NETWORK_REST);
    up(&n);
    assert_right(&n);
}

static const char *observed(cJSON **state)
{
    struct err e = { 0 };

    cJSON_Delete(*state);
    *state = NULL;
    if (network_observe("sandbox", UUID, state, &e) != 0)
        fail_msg("observe: %s", e.text);
    return json_str(*state, "type");
}

static void observing_reads_back_what_was_wanted(void **state)
{
    struct network n = machine_network(), back;
    autojson cJSON *now = NULL, *want = network_want(&n);
    struct err e = { 0 };

    (void)state;
    assert_string_equal(observed(&now), "absent");
    up(&n);
    observed(&now);
    assert_true(json_same(now, want));
    assert_int_equal(network_from_state("sandbox", now, &back, &e), 0);
    back.relay_port = n.relay_port;
    assert_memory_equal(&back, &n, sizeof(n));

    assert_int_equal(machine_run("netns sandbox0 /usr/sbin/nft flush ruleset"), 0);
    assert_string_equal(observed(&now), "present");
    assert_non_null(cJSON_GetObjectItem(now, "differs"));
    assert_int_equal(machine_run("/usr/sbin/nft flush ruleset"), 0);
    assert_string_equal(observed(&now), "rest");
    assert_int_equal(network_down(&n, &e), 0);
    assert_string_equal(observed(&now), "absent");
    assert_int_equal(machine_run("/sbin/ip link add sandbox0 type veth peer name x1"), 0);
    assert_string_equal(observed(&now), "foreign");
}

static void another_spec_is_put_in_place(void **state)
{
    struct network n = machine_network(), m = n;
    struct stat before, after;

    (void)state;
    up(&n);
    assert_int_equal(stat("/run/netns/sandbox0", &before), 0);
    inet_pton(AF_INET, "10.77.0.1", &m.host_ip);
    inet_pton(AF_INET, "10.77.0.2", &m.sandbox_ip);
    m.dns_count = 0;
    m.guardrail = false;
    m.agent_port = 20000;
    up(&m);
    assert_right(&m);
    assert_true(check(&n) > 0);
    m.host_networking = false;
    up(&m);
    assert_right(&m);
    assert_string_equal(machine_output("/usr/sbin/nft list ruleset"), "");
    up(&n);
    assert_right(&n);
    assert_int_equal(stat("/run/netns/sandbox0", &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

/* Kills the making of a network after a while, over and over, each time a little later. */
static void killed_anywhere_it_converges(void **state)
{
    struct network n = machine_network();
    struct err e = { 0 };

    (void)state;
    for (long us = 0; us < 6000; us += 60) {
        const struct timespec wait = { .tv_nsec = us * 1000 };
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            network_up(&n, &e);
            _exit(0);
        }
        nanosleep(&wait, NULL);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        if (us / 60 % 2) {
            up(&n);
            assert_right(&n);
        }
        assert_int_equal(network_down(&n, &e), 0);
        assert_int_equal(network_find(&n, &e), NETWORK_ABSENT);
    }
}

static void two_instances_live_side_by_side(void **state)
{
    struct network n = machine_network(), m = n;
    struct err e = { 0 };

    (void)state;
    strcpy(m.name, "second");
    strcpy(m.uuid, OTHER_UUID);
    assert_int_equal(network_identity(&m), 0);
    inet_pton(AF_INET, "10.200.0.5", &m.host_ip);
    inet_pton(AF_INET, "10.200.0.6", &m.sandbox_ip);
    up(&n);
    up(&m);
    assert_right(&n);
    assert_right(&m);
    assert_int_equal(network_down(&n, &e), 0);
    assert_right(&m);
}

static void the_kind_puts_and_takes_away(void **state)
{
    struct network n = machine_network();
    struct run run = { .name = "sandbox", .uuid = UUID };
    autojson cJSON *want = network_want(&n), *absent = cJSON_Parse("{\"type\":\"absent\"}"),
                   *now = NULL;
    struct err e = { 0 };

    (void)state;
    assert_int_equal(kind_network.put(&run, "sandbox", absent, want, &e), 0);
    assert_int_equal(kind_network.observe(&run, "sandbox", want, &now, &e), 0);
    assert_true(kind_network.same(now, want));
    assert_int_equal(kind_network.put(&run, "sandbox", now, absent, &e), 0);
    json_freep(&now);
    assert_int_equal(kind_network.observe(&run, "sandbox", NULL, &now, &e), 0);
    assert_true(kind_network.same(now, absent));
}

static double milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Generous, since the machine may be busy; the usual is two milliseconds. */
static void it_is_quick(void **state)
{
    struct network n = machine_network();
    struct err e = { 0 };
    double best = 1e9, start;

    (void)state;
    for (int i = 0; i < 20; i++) {
        start = milliseconds();
        up(&n);
        start = milliseconds() - start;
        best = start < best ? start : best;
        assert_int_equal(network_down(&n, &e), 0);
    }
    print_message("up takes %.2f ms at best\n", best);
    assert_true(best < 50);
}

#define ON_A_FRESH_MACHINE(test) cmocka_unit_test_setup(test, machine_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_FRESH_MACHINE(up_makes_what_check_wants),
        ON_A_FRESH_MACHINE(up_a_second_time_changes_nothing),
        ON_A_FRESH_MACHINE(down_leaves_nothing),
        ON_A_FRESH_MACHINE(the_sandbox_reaches_the_gateway_and_nothing_else),
        ON_A_FRESH_MACHINE(the_hosts_fence_stands_alone),
        ON_A_FRESH_MACHINE(every_damage_is_told_and_repaired),
        ON_A_FRESH_MACHINE(what_is_not_ours_is_never_touched),
        ON_A_FRESH_MACHINE(an_instance_without_a_record_goes_by_what_is_printed),
        ON_A_FRESH_MACHINE(a_failed_up_takes_its_parts_away),
        ON_A_FRESH_MACHINE(our_own_leftover_name_is_taken_over),
        ON_A_FRESH_MACHINE(observing_reads_back_what_was_wanted),
        ON_A_FRESH_MACHINE(another_spec_is_put_in_place),
        ON_A_FRESH_MACHINE(killed_anywhere_it_converges),
        ON_A_FRESH_MACHINE(two_instances_live_side_by_side),
        ON_A_FRESH_MACHINE(the_kind_puts_and_takes_away),
        ON_A_FRESH_MACHINE(it_is_quick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
