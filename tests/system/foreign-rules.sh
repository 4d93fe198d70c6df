# trees: debian13 debian12
# timeout: 180
# Other people's rules and links: found before anything changes, named, and never taken over.

refused() { # ruleset file on stdin; WORDS… in the error
    nft -f - || t_fail "the test's own rules"
    listing $T_OUT/before sandbox /nowhere
    expect_status 4 defenseclaw sandbox setup --non-interactive
    expect_said '^ERROR: ' '^fix: ' "$@"
    listing $T_OUT/after sandbox /nowhere
    expect_same_file $T_OUT/before $T_OUT/after
    nft delete table inet theirs
}

t_case "an input chain with policy drop is named with its table"
refused theirs incoming <<'R'
table inet theirs {
    chain incoming { type filter hook input priority 0; policy drop; iif lo accept; }
}
R

t_case "an input chain whose last rule drops is named with its table"
refused theirs incoming <<'R'
table inet theirs {
    chain incoming { type filter hook input priority 0; policy accept; ct state established accept; drop; }
}
R

t_case "an input chain whose last rule rejects is named with its table"
refused theirs incoming <<'R'
table inet theirs {
    chain incoming { type filter hook input priority 0; policy accept; tcp dport 22 accept; reject; }
}
R

t_case "an input chain that drops another interface only is no obstacle"
nft -f - <<'R'
table inet theirs {
    chain incoming { type filter hook input priority 0; policy accept; iifname "eth7" drop; }
}
R
expect_setup
expect_disable
nft delete table inet theirs

t_case "docker's forward drop changes nothing for us"
nft -f - <<'R'
table ip theirs {
    chain forward { type filter hook forward priority 0; policy drop; }
}
R
expect_setup
expect defenseclaw sandbox verify
expect_disable
nft delete table ip theirs

t_case "arp_ignore=1 and rp_filter=1 change nothing for us"
sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.rp_filter=1
expect_setup
expect defenseclaw sandbox verify
expect_disable
sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.rp_filter=0

t_case "sandbox0 veth already exists, and isn't ours: exit 4 with the page's words"
ip link add sandbox0 type veth peer name theirs1
listing $T_OUT/before sandbox /nowhere
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said 'sandbox0 veth already exists' '^fix: '
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after
ip link del sandbox0

t_case "a namespace sandbox0 of somebody else's is left alone"
ip netns add sandbox0
expect_status 4 defenseclaw sandbox setup --non-interactive
expect ip netns exec sandbox0 true
ip netns del sandbox0

t_case "a port held by somebody else names its holder"
nc -l -k 0.0.0.0 3128 &
holder=$!
wait_for 3 sh -c 'ss -Hltn sport = :3128 | grep -q .'
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said '3128' "\\b$holder\\b|\\bnc\\b"
kill $holder

t_case "a relay port held by somebody else names its holder and a free port"
nc -l -k 127.0.0.1 18789 &
holder=$!
wait_for 3 sh -c 'ss -Hltn sport = :18789 | grep -q .'
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said '18789' "\\b$holder\\b|\\bnc\\b" '--relay-port [0-9]+'
fix=$(sed -n 's/^fix: //p' $T_OUT/stderr | grep -oE '(sudo )?defenseclaw sandbox setup [^;,]*--relay-port [0-9]+')
expect sh -c "$fix --non-interactive"
kill $holder
expect_disable

t_case "a user that exists and isn't ours is refused without --adopt-user"
userdel -rf sandbox 2>/dev/null
rm -rf /home/sandbox
useradd -m sandbox
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said 'sandbox' '--adopt-user'
expect_absent /home/sandbox/.defenseclaw
userdel -r sandbox 2>/dev/null

t_case "a user with other groups is refused even with --adopt-user"
useradd -m -G sudo sandbox
expect_status 4 defenseclaw sandbox setup --non-interactive --adopt-user
expect_said 'sudo'
userdel -r sandbox 2>/dev/null

t_case "a home that is another person's is refused"
useradd -m -s /bin/bash alice
expect_status 4 defenseclaw sandbox setup --non-interactive --sandbox-home /home/alice
expect_said '/home/alice: belongs to user alice'
expect_equal "her home" "$(stat -c '%U %a' /home/alice)" "alice $(stat -c %a /home/alice)"
userdel -r alice 2>/dev/null

t_case "jobs that cron would still start, and an allow file with the user in it, are refused"
expect_setup
expect_disable
install -d /var/spool/cron/crontabs
echo '* * * * * true' >/var/spool/cron/crontabs/sandbox
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said 'crontab'
rm /var/spool/cron/crontabs/sandbox
echo sandbox >/etc/cron.allow
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said '/etc/cron.allow'
rm /etc/cron.allow

t_case "nft flush ruleset while running: the namespace's fence stands, verify is red, a restart brings the host's back"
expect_setup
nft flush ruleset
expect_status 3 defenseclaw sandbox verify
expect ip netns exec sandbox0 nft list table inet defenseclaw
expect_failure in_sandbox curl -s -m 2 http://10.200.0.1:22/
expect systemctl restart defenseclaw-netns@sandbox.service
wait_for 10 systemctl is-active openshell-sandbox.service
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz
expect defenseclaw sandbox verify

t_case "systemctl restart nftables while running: likewise"
expect systemctl restart nftables.service
expect_status 3 defenseclaw sandbox verify
expect systemctl restart defenseclaw-netns@sandbox.service
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz
expect defenseclaw sandbox verify
expect_disable
