/* What is in the way of a network: foreign chains in the shapes that firewalld, ufw, docker and
 * admins make, clashing addresses, held ports. Every fix that is printed is typed. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/mem.h"
#include "host/fence.h"
#include "machine_kit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define FIX_ADDRESSES "defenseclaw sandbox setup --name sandbox --host-ip %15s --sandbox-ip %15s"

/* As an admin types it: a shell's work, so that quotes and && are tried too. */
static void type(const char *line)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("this doesn't work when typed: %s", line);
}

static void load(const char *text)
{
    autofd int fd = open("/run/rules.nft", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    if (machine_run("/usr/sbin/nft -f /run/rules.nft") != 0)
        fail_msg("%s", machine_output("/usr/sbin/nft -f /run/rules.nft"));
}

#define CHAIN(family, table, hook, policy, rules)                                                  \
    "table " family " " table " { chain base { type filter hook " hook                             \
    " priority 0; policy " policy ";\n" rules "\n}\n}\n"
#define INPUT(policy, rules) CHAIN("inet", "filter", "input", policy, rules)

/* firewalld's shape: policy accept, and a reject as the last rule; zones by interface. */
#define FIREWALLD(zone_rule)                                                                       \
    "table inet firewalld {\n"                                                                     \
    " chain filter_INPUT { type filter hook input priority 10; policy accept;\n"                   \
    "  ct state { established, related } accept\n"                                                 \
    "  ct status dnat accept\n"                                                                    \
    "  iifname \"lo\" accept\n"                                                                    \
    "  ct state invalid drop\n"                                                                    \
    "  jump filter_INPUT_ZONES\n"                                                                  \
    "  reject with icmpx admin-prohibited\n"                                                       \
    " }\n"                                                                                         \
    " chain filter_OUTPUT { type filter hook output priority 10; policy accept;\n"                 \
    "  ct state { established, related } accept\n"                                                 \
    "  oifname \"lo\" accept\n"                                                                    \
    " }\n"                                                                                         \
    " chain filter_INPUT_ZONES {\n" zone_rule "  goto filter_IN_public\n }\n"                      \
    " chain filter_IN_trusted { jump filter_IN_trusted_pre\n accept\n }\n"                         \
    " chain filter_IN_trusted_pre { }\n"                                                           \
    " chain filter_IN_public { jump filter_IN_public_allow\n"                                      \
    "  meta l4proto { icmp, ipv6-icmp } accept\n }\n"                                              \
    " chain filter_IN_public_allow { tcp dport 22 accept\n }\n"                                    \
    "}\n"

/* ufw's shape, as iptables-nft writes it. */
#define UFW(user_rules)                                                                            \
    "table ip filter {\n"                                                                          \
    " chain INPUT { type filter hook input priority 0; policy drop;\n"                             \
    "  counter jump ufw-before-logging-input\n  counter jump ufw-before-input\n"                   \
    "  counter jump ufw-after-input\n }\n"                                                         \
    " chain ufw-before-logging-input { }\n"                                                        \
    " chain ufw-before-input { iifname \"lo\" counter accept\n"                                    \
    "  ct state related,established counter accept\n"                                              \
    "  ct state invalid counter drop\n"                                                            \
    "  meta l4proto icmp icmp type echo-request counter accept\n"                                  \
    "  counter jump ufw-not-local\n  counter jump ufw-user-input\n }\n"                            \
    " chain ufw-not-local { fib daddr type local counter return\n"                                 \
    "  fib daddr type multicast counter return\n"                                                  \
    "  limit rate 3/minute burst 10 packets counter drop\n  counter drop\n }\n"                    \
    " chain ufw-user-input {\n" user_rules " }\n"                                                  \
    " chain ufw-after-input { udp dport 137 counter drop\n }\n"                                    \
    "}\n"

#define TUPLE "iifname \"sandbox0\" ip saddr 10.200.0.2 ip daddr 10.200.0.1 "
#define ALL_ALLOWED                                                                                \
    TUPLE "tcp dport { 53, 3128, 4000, 18970 } accept\n" TUPLE "udp dport 53 accept\n"

static const struct scene {
    const char *what, *rules;
    const char *text; /* NULL: nothing is in the way */
    const char *fix;
} scenes[] = {
    { "no rules at all", "", NULL, NULL },
    { "an input chain that accepts", INPUT("accept", "tcp dport 22 accept"), NULL, NULL },
    { "an input policy that drops", INPUT("drop", "iif lo accept"),
      "table inet filter, chain base drops what goes out of the sandbox (tcp 53,3128,4000,18970, "
      "udp 53), by the policy of base",
      "nft insert rule inet filter base iifname sandbox0 ip saddr 10.200.0.2 ip daddr 10.200.0.1 "
      "tcp dport '{ 53,3128,4000,18970 }' accept && " },
    { "one port short",
      INPUT("drop", TUPLE "tcp dport { 53, 3128, 4000 } accept\n" TUPLE "udp dport 53 accept\n"),
      "(tcp 18970), by the policy", "tcp dport '{ 18970 }' accept" },
    { "an input policy that drops, and lets us in", INPUT("drop", ALL_ALLOWED), NULL, NULL },
    { "the allowance behind the drop", INPUT("accept", "drop\n" ALL_ALLOWED), "by a rule in base",
      "nft insert rule" },
    { "a wide accept by device", INPUT("drop", "iifname \"sandbox0\" accept"), NULL, NULL },
    { "an accept by a pattern of names", INPUT("drop", "iifname \"sand*\" accept"), NULL, NULL },
    { "an accept for another device", INPUT("drop", "iifname \"sandbox1\" accept"),
      "by the policy of base", "nft insert" },
    { "an accept by address range", INPUT("drop", "ip saddr 10.200.0.0/24 accept"), NULL, NULL },
    { "an accept by a set of ranges",
      INPUT("drop", "ip saddr { 10.0.0.0/16, 10.199.0.0-10.200.0.2 } accept"), NULL, NULL },
    { "a set of ranges beside us", INPUT("drop", "ip saddr { 10.0.0.0/16, 10.201.0.0/16 } accept"),
      "by the policy", "nft insert" },
    { "ports as ranges", INPUT("drop", "th dport 1-20000 accept"), NULL, NULL },
    { "an accept of new connections only: ours aren't tracked",
      INPUT("drop", "ct state { new, established } accept"), "by the policy", "nft insert" },
    { "a drop of what isn't tracked", INPUT("accept", "ct state untracked drop"), "by a rule",
      "nft insert" },
    { "a drop of what is invalid", INPUT("accept", "ct state invalid drop"), NULL, NULL },
    { "a rate limit", INPUT("accept", "limit rate over 10/second drop"), NULL, NULL },
    { "a drop of one of our ports", INPUT("accept", "tcp dport 3128 drop"), "(tcp 3128), by a rule",
      "tcp dport '{ 3128 }' accept" },
    { "a last rule that rejects", INPUT("accept", "tcp dport 22 accept\nreject"), "by a rule",
      "nft insert" },
    { "a last rule that counts and logs before it drops",
      INPUT("accept", "log prefix \"no \" counter drop"), "by a rule", "nft insert" },
    { "a verdict map that lets us in",
      INPUT("drop", "iifname vmap { \"lo\" : accept, \"sandbox0\" : accept }"), NULL, NULL },
    { "a verdict map that drops", INPUT("accept", "tcp dport vmap { 22 : accept, 4000 : drop }"),
      "(tcp 4000), by a rule", "nft insert" },
    { "a chain that is jumped to",
      "table inet filter { chain deny { drop\n }\n chain base { type filter hook input priority 0; "
      "ip daddr 10.200.0.1 jump deny\n }\n}\n",
      "by a rule in deny", "nft insert rule inet filter base" },
    { "a chain that returns",
      "table inet filter { chain maybe { ip daddr 10.200.0.1 return\n drop\n }\n chain base { type "
      "filter hook input priority 0; jump maybe\n }\n}\n",
      NULL, NULL },
    { "a goto, whose end is the policy's turn",
      "table inet filter { chain other { tcp dport 22 accept\n }\n chain base { type filter hook "
      "input priority 0; policy drop; goto other\n accept\n }\n}\n",
      "by the policy of base", "nft insert" },
    { "prerouting", CHAIN("ip", "early", "prerouting", "drop", "iif lo accept"),
      "table ip early, chain base drops what goes out of", "nft insert rule ip early base" },
    { "output", CHAIN("inet", "strict", "output", "drop", "oif lo accept"),
      "drops what goes to the sandbox", "nft insert rule inet strict base oifname sandbox0" },
    { "output that lets answers out, and us not",
      CHAIN("inet", "strict", "output", "drop", "ct state established accept"),
      "drops what goes to the sandbox", "nft insert rule inet strict base oifname sandbox0" },
    { "forward is nothing to us", CHAIN("inet", "docker", "forward", "drop", ""), NULL, NULL },
    { "IPv6 is nothing to us", CHAIN("ip6", "six", "input", "drop", ""), NULL, NULL },
    { "reverse path filter", INPUT("accept", "fib saddr . iif oif missing drop"), NULL, NULL },
    { "a DNAT of our port",
      "table ip nat { chain pre { type nat hook prerouting priority -100; "
      "tcp dport 3128 dnat to 172.17.0.2:80\n }\n}\n",
      NULL, NULL },
    { "a table that is switched off",
      "table inet off { flags dormant; chain base { type filter hook input priority 0; policy "
      "drop;\n }\n}\n",
      NULL, NULL },
    { "firewalld", FIREWALLD(""),
      "firewalld's table inet firewalld, chain filter_INPUT drops what goes out of the sandbox",
      "firewall-cmd --zone=trusted --change-interface=sandbox0 && firewall-cmd --permanent "
      "--zone=trusted --change-interface=sandbox0" },
    { "firewalld with the device in the zone trusted",
      FIREWALLD("iifname \"sandbox0\" goto filter_IN_trusted\n"), NULL, NULL },
    { "firewalld with the device in the zone public",
      FIREWALLD("iifname \"sandbox0\" goto filter_IN_public\n"), "firewalld's table",
      "firewall-cmd" },
    { "ufw", UFW(""), "ufw's table ip filter, chain INPUT drops what goes out of the sandbox",
      "ufw allow in on sandbox0 from 10.200.0.2 to 10.200.0.1 port 53 proto tcp && ufw allow in on "
      "sandbox0 from 10.200.0.2 to 10.200.0.1 port 3128 proto tcp" },
    { "ufw that lets us in", UFW(ALL_ALLOWED), NULL, NULL },
    { "ufw with an earlier deny", UFW("ip saddr 10.200.0.0/24 counter drop\n" ALL_ALLOWED),
      "ufw's table ip filter, chain INPUT", "ufw prepend allow in on sandbox0 from 10.200.0.2" },
    { "iptables",
      "table ip filter { chain INPUT { type filter hook input priority 0; policy drop;\n }\n}\n",
      "iptables' table ip filter, chain INPUT",
      "iptables -t filter -I INPUT -i sandbox0 -s 10.200.0.2 -d 10.200.0.1 -p tcp -m multiport "
      "--dports "
      "53,3128,4000,18970 -j ACCEPT && iptables -t filter -I INPUT" },
};

static void scene_plays(const struct scene *s)
{
    struct network n = machine_network();
    struct err e = { 0 };
    int r, rounds = 0;

    assert_int_equal(machine_run("/usr/sbin/nft flush ruleset"), 0);
    load(s->rules);
    r = network_fenced(&n, &e);
    if (!s->text) {
        if (r != 0)
            fail_msg("%s: %s", s->what, e.text);
        return;
    }
    if (r != -EACCES || e.status != EXIT_MACHINE || !strstr(e.text, s->text) ||
        !strstr(e.fix, s->fix))
        fail_msg("%s: %d\n%s\n%s\n", s->what, r, e.text, e.fix);
    if (strncmp(e.fix, "nft ", 4) != 0)
        return;
    while (r == -EACCES && rounds++ < 3) {
        type(e.fix);
        r = network_fenced(&n, &e);
    }
    if (r != 0)
        fail_msg("%s: still in the way after its fix: %s", s->what, e.text);
}

static void every_foreign_fence_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(scenes); i++)
        scene_plays(&scenes[i]);
}

/* The judgement against the kernel's own, where both are asked. */
static void the_kernel_judges_alike(void **state)
{
    struct network n = machine_network();
    autofd int egress = machine_listen(SOCK_STREAM, "0.0.0.0", 3128), ns = -EBADF;
    struct err e = { 0 };

    (void)state;
    assert_true(egress >= 0);
    assert_int_equal(network_up(&n, &e), 0);
    ns = open("/run/netns/sandbox0", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < N_ELEMENTS(scenes); i++) {
        bool judged, reached;

        if (strstr(scenes[i].rules, "limit rate over") || strstr(scenes[i].rules, "nat hook"))
            continue;
        load(scenes[i].rules);
        e = (struct err){ 0 };
        judged =
            network_fenced(&n, &e) == 0 || !(strstr(e.text, "3128") || strstr(e.text, "goes to"));
        reached = machine_connect(ns, 4001, "10.200.0.1", 3128) == 0;
        if (judged != reached)
            fail_msg("%s: judged %d, reached %d", scenes[i].what, judged, reached);
        assert_int_equal(machine_run("/usr/sbin/nft flush ruleset"), 0);
        assert_int_equal(network_up(&n, &e), 0);
    }
}

/* iptables in both its forms; each line is what follows the program's name. */
static const struct iptables_scene {
    const char *lines[6];
    const char *text; /* NULL: nothing is in the way */
} iptables_scenes[] = {
    { { "-P INPUT DROP", "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT" },
      "chain INPUT drops what goes out of the sandbox (tcp 53,3128,4000,18970, udp 53), by the "
      "policy of INPUT" },
    { { "-P INPUT DROP",
        "-A INPUT -i sand+ -p tcp -m multiport --dports 53,3000:5000 -m comment --comment x -j "
        "ACCEPT",
        "-A INPUT -i sandbox0 -p udp --dport 53 -j ACCEPT" },
      "(tcp 18970), by the policy of INPUT" },
    { { "-P INPUT DROP", "-A INPUT -s 10.200.0.0/29 -j ACCEPT" }, NULL },
    { { "-N mine", "-A INPUT -j mine", "-A mine -m addrtype --dst-type LOCAL -j RETURN",
        "-A mine -j DROP" },
      NULL },
    { { "-N mine", "-A INPUT -g mine", "-A INPUT -j ACCEPT", "-A mine -p udp -j RETURN",
        "-P INPUT DROP" },
      "by the policy of INPUT" },
    { { "-N mine", "-A INPUT -j mine", "-A mine -i sandbox0 -p tcp --dport 3128 -j REJECT" },
      "(tcp 3128), by a rule in mine" },
    { { "-A INPUT -m conntrack --ctstate INVALID -j DROP", "-A INPUT -f -j DROP" }, NULL },
    { { "-A INPUT ! -i lo -m state --state NEW,UNTRACKED -p tcp --syn -j DROP" },
      "(tcp 53,3128,4000,18970), by a rule in INPUT" },
    { { "-A INPUT -m limit --limit 3/min -j LOG", "-A INPUT -m limit --limit 3/min -j DROP" },
      NULL },
    { { "-A INPUT ! -s 192.0.2.0/24 -p udp -j DROP" }, "(udp 53), by a rule in INPUT" },
    { { "-A OUTPUT -o sandbox0 -j DROP" }, "chain OUTPUT drops what goes to the sandbox" },
    { { "-t raw -A PREROUTING -i sandbox0 -j DROP" }, "table ip raw, chain PREROUTING" },
    { { "-P FORWARD DROP" }, NULL },
};

static void iptables_plays(const char *program, const char *whose, const struct iptables_scene *s)
{
    struct network n = machine_network();
    struct err e = { 0 };
    char line[256];
    int r, rounds = 0;

    assert_int_equal(machine_fresh(NULL), 0);
    for (size_t i = 0; i < N_ELEMENTS(s->lines) && s->lines[i]; i++) {
        snprintf(line, sizeof(line), "%s %s", program, s->lines[i]);
        if (machine_run(line) != 0)
            fail_msg("%s: %s", line, machine_output(line));
    }
    r = network_fenced(&n, &e);
    if (!s->text) {
        if (r != 0)
            fail_msg("%s %s: %s", program, s->lines[0], e.text);
        return;
    }
    if (r != -EACCES || !strstr(e.text, s->text) || strncmp(e.text, whose, strlen(whose)) != 0)
        fail_msg("%s %s: %d %s", program, s->lines[0], r, e.text);
    while (r == -EACCES && rounds++ < 3) {
        type(e.fix);
        r = network_fenced(&n, &e);
    }
    if (r != 0)
        fail_msg("%s: still in the way after its fix: %s", s->lines[0], e.text);
}

static void iptables_is_judged_in_both_its_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(iptables_scenes); i++) {
        iptables_plays("/usr/sbin/iptables-legacy", "iptables-legacy's", &iptables_scenes[i]);
        iptables_plays("/usr/sbin/iptables-nft", "iptables'", &iptables_scenes[i]);
    }
}

static void clash(const char *command, const char *text)
{
    struct network n = machine_network();
    struct err e = { 0 };
    char host[INET_ADDRSTRLEN], inside[INET_ADDRSTRLEN];

    assert_int_equal(machine_run(command), 0);
    assert_int_equal(network_clash(&n, &e), -EADDRINUSE);
    assert_int_equal(e.status, EXIT_USAGE);
    if (!strstr(e.text, text))
        fail_msg("%s: %s", command, e.text);
    if (sscanf(e.fix, FIX_ADDRESSES, host, inside) != 2)
        fail_msg("no free addresses are named: %s", e.fix);
    inet_pton(AF_INET, host, &n.host_ip);
    inet_pton(AF_INET, inside, &n.sandbox_ip);
    assert_int_equal(network_clash(&n, &e), 0);
}

static void addresses_that_the_host_routes_are_refused(void **state)
{
    static const struct {
        const char *make, *text, *undo;
    } cases[] = {
        { "/sbin/ip route add 10.200.0.0/24 dev lan", "route 10.200.0.0/24 on lan covers it",
          "/sbin/ip route del 10.200.0.0/24 dev lan" },
        { "/sbin/ip route add 10.200.0.2/32 dev lan", "--sandbox-ip 10.200.0.2: the host's route",
          "/sbin/ip route del 10.200.0.2/32 dev lan" },
        { "/sbin/ip route add 10.0.0.0/8 dev lan table 77", "route 10.0.0.0/8 on lan",
          "/sbin/ip route flush table 77" },
        { "/sbin/ip route add blackhole 10.192.0.0/10", "route 10.192.0.0/10 covers it",
          "/sbin/ip route del blackhole 10.192.0.0/10" },
        { "/sbin/ip addr add 10.200.0.7/29 dev lan", "address 10.200.0.7/29 on lan",
          "/sbin/ip addr del 10.200.0.7/29 dev lan" },
        { "/sbin/ip addr add 10.200.0.1/32 dev other", "address 10.200.0.1/32 on other",
          "/sbin/ip addr del 10.200.0.1/32 dev other" },
        { "/sbin/ip route add 0.0.0.0/1 dev lan", "route 0.0.0.0/1 on lan",
          "/sbin/ip route del 0.0.0.0/1 dev lan" },
    };

    (void)state;
    assert_int_equal(machine_run("/sbin/ip link add lan type veth peer name other"), 0);
    assert_int_equal(machine_run("/sbin/ip link set lan up"), 0);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        clash(cases[i].make, cases[i].text);
        assert_int_equal(machine_run(cases[i].undo), 0);
    }
}

static void a_default_route_and_our_own_network_are_no_clash(void **state)
{
    struct network n = machine_network();
    struct err e = { 0 };

    (void)state;
    assert_int_equal(machine_run("/sbin/ip link add lan type veth peer name other"), 0);
    assert_int_equal(machine_run("/sbin/ip link set lan up"), 0);
    assert_int_equal(machine_run("/sbin/ip route add default dev lan"), 0);
    assert_int_equal(network_preflight(&n, false, &e), 0);
    assert_int_equal(network_up(&n, &e), 0);
    assert_int_equal(network_preflight(&n, true, &e), 0);
    assert_int_equal(network_down(&n, &e), 0);
    assert_int_equal(machine_run("/sbin/ip link add sandbox0 type veth peer name x"), 0);
    assert_int_equal(network_preflight(&n, false, &e), -EEXIST);
    assert_string_equal(e.text, "sandbox0 veth already exists");
    assert_int_equal(e.status, EXIT_MACHINE);
}

/* Another instance as setup leaves it, on an /etc of the test's own. */
static void instance_there(const struct network *n, uint16_t relay)
{
    struct instance in = {
        .uid = 4002, .gid = 4002, .gateway_uid = 4003, .gateway_gid = 4003, .uuid = OTHER_UUID
    };
    autojson cJSON *j = NULL;
    autofree char *text = NULL;
    autofd int fd = -EBADF;

    spec_defaults(&in.spec);
    strcpy(in.spec.name, "second");
    strcpy(in.spec.home, "/home/second");
    in.spec.host_ip = n->host_ip;
    in.spec.sandbox_ip = n->sandbox_ip;
    in.spec.relay_port = relay;
    j = instance_to_json(&in);
    text = cJSON_Print(j);
    mkdir("/etc/defenseclaw", 0755);
    mkdir("/etc/defenseclaw/second", 0755);
    fd = open("/etc/defenseclaw/second/instance.json", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC,
              0644);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void another_instances_values_are_taken(void **state)
{
    struct network n = machine_network(), other = n;
    struct err e = { 0 };
    char host[INET_ADDRSTRLEN], inside[INET_ADDRSTRLEN];

    (void)state;
    assert_int_equal(mount("none", "/etc", "tmpfs", 0, NULL), 0);
    instance_there(&other, 18790);
    assert_int_equal(network_preflight(&n, false, &e), -EADDRINUSE);
    assert_int_equal(e.status, EXIT_MACHINE);
    assert_non_null(strstr(e.text, "instance second"));
    assert_int_equal(sscanf(e.fix, FIX_ADDRESSES, host, inside), 2);
    inet_pton(AF_INET, host, &n.host_ip);
    inet_pton(AF_INET, inside, &n.sandbox_ip);
    assert_int_equal(network_preflight(&n, false, &e), 0);
    instance_there(&other, 18789);
    assert_int_equal(network_preflight(&n, false, &e), -EADDRINUSE);
    assert_string_equal(e.fix, "defenseclaw sandbox setup --name sandbox --relay-port 18790");
    n.relay_port = 18790;
    assert_int_equal(network_preflight(&n, false, &e), 0);
    assert_int_equal(umount2("/etc", MNT_DETACH), 0);
}

static void held_ports_name_their_holder(void **state)
{
    static const struct {
        int type;
        const char *ip;
        uint16_t port;
        const char *text, *fix;
    } cases[] = {
        { SOCK_STREAM, "0.0.0.0", 3128, "port 3128 (tcp) on 10.200.0.1 is held by process",
          "one address instead of all" },
        { SOCK_STREAM, "0.0.0.0", 4000, "port 4000 (tcp)", "--no-guardrail" },
        { SOCK_DGRAM, "0.0.0.0", 53, "port 53 (udp)", "one address" },
        { SOCK_STREAM, "127.0.0.1", 18789, "port 18789 (tcp) on 127.0.0.1", "--relay-port 18790" },
        { SOCK_STREAM, "127.0.0.1", 3128, NULL, NULL },
        { SOCK_DGRAM, "127.0.0.53", 53, NULL, NULL },
        { SOCK_DGRAM, "0.0.0.0", 3128, NULL, NULL },
        { SOCK_STREAM, "127.0.0.2", 18789, NULL, NULL },
    };
    struct network n = machine_network();

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct err e = { 0 };
        autofd int fd = machine_listen(cases[i].type, cases[i].ip, cases[i].port);
        int r = network_ports_held(&n, false, &e);

        assert_true(fd >= 0);
        if (!cases[i].text) {
            assert_int_equal(r, 0);
            continue;
        }
        assert_int_equal(r, -EADDRINUSE);
        assert_int_equal(e.status, EXIT_MACHINE);
        if (!strstr(e.text, cases[i].text) || !strstr(e.text, "(fence_test)") ||
            !strstr(e.fix, cases[i].fix))
            fail_msg("%s\n%s", e.text, e.fix);
    }
}

static void a_listener_on_ipv6_holds_the_port_too(void **state)
{
    struct network n = machine_network();
    struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(3128) };
    autofd int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    autofd int only = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct err e = { 0 };
    int one = 1;

    (void)state;
    setsockopt(only, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    assert_int_equal(bind(only, (void *)&at, sizeof(at)), 0);
    assert_int_equal(listen(only, 1), 0);
    assert_int_equal(network_ports_held(&n, false, &e), 0);
    close(only);
    only = -EBADF;
    assert_int_equal(bind(fd, (void *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(network_ports_held(&n, false, &e), -EADDRINUSE);
}

#define ON_A_FRESH_MACHINE(test) cmocka_unit_test_setup(test, machine_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_FRESH_MACHINE(every_foreign_fence_is_judged),
        ON_A_FRESH_MACHINE(the_kernel_judges_alike),
        ON_A_FRESH_MACHINE(iptables_is_judged_in_both_its_forms),
        ON_A_FRESH_MACHINE(another_instances_values_are_taken),
        ON_A_FRESH_MACHINE(addresses_that_the_host_routes_are_refused),
        ON_A_FRESH_MACHINE(a_default_route_and_our_own_network_are_no_clash),
        ON_A_FRESH_MACHINE(held_ports_name_their_holder),
        ON_A_FRESH_MACHINE(a_listener_on_ipv6_holds_the_port_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
