# trees: debian13 debian12
# timeout: 180
# The network among other networks: two instances, clashes that come later, and the next boot.

fixed() { # what the last error said to type, with the flags that a script needs
    local line
    line=$(sed -n 's/^fix: //p' $T_OUT/stderr)
    case $line in 'defenseclaw sandbox setup '*) ;; *) t_fail "nothing to type: $line" ;; esac
    run sh -c "$line $* --non-interactive"
}

addresses() { ip -o -4 addr show dev sandbox0; ip -o -4 addr show dev second0; }

if [ "$T_BOOT" = 2 ]; then
    t_case "after a boot both networks are there, and both verify green"
    wait_for 30 systemctl is-active defenseclaw-sandbox.target
    wait_for 30 systemctl is-active defenseclaw-second.target
    expect defenseclaw sandbox verify
    expect defenseclaw sandbox verify --name second
    expect_equal "addresses" "$(addresses | sed 's/^[0-9]*//')" "$(cat /var/tmp/addresses)"

    t_case "one instance's disable leaves the other as it is"
    expect_disable
    expect_failure ip link show sandbox0
    expect_failure nft list table inet defenseclaw_sandbox
    expect defenseclaw sandbox verify --name second

    t_case "the last one's disable leaves no table, link or name"
    expect_disable --name second
    expect_equal "tables" "$(nft list tables)" ""
    expect_equal "links" "$(ip -o link | grep -c veth)" 0
    expect_equal "names" "$(ip netns list)" ""
    expect_absent /etc/netns /etc/cron.deny /etc/defenseclaw
    return
fi

t_case "names are looked up by ip-netns(8) as the sandbox does"
expect_setup --dns 192.0.2.53,192.0.2.54 || t_give_up
expect ip netns exec sandbox0 grep -c 'nameserver 192.0.2.5' /etc/resolv.conf
expect_equal "servers" "$(ip netns exec sandbox0 sed -n 's/nameserver //p' /etc/resolv.conf | tr '\n' ' ')" \
    "192.0.2.53 192.0.2.54 "
expect_equal "routes" "$(ip -n sandbox0 -o route | awk '{ print $1 }' | tr '\n' ' ')" \
    "10.200.0.1 192.0.2.53 192.0.2.54 "

t_case "other servers change the network, and nothing but it"
expect_setup --dns host
expect_equal "routes" "$(ip -n sandbox0 -o route | awk '{ print $1 }' | tr '\n' ' ')" "10.200.0.1 "
expect_failure ip netns exec sandbox0 nft list table ip defenseclaw_dns
expect_equal "server" "$(ip netns exec sandbox0 sed -n 's/nameserver //p' /etc/resolv.conf)" 10.200.0.1
expect defenseclaw sandbox verify

t_case "a second instance on the same addresses is told who has them, and free ones"
expect_status 4 defenseclaw sandbox setup --name second --non-interactive
expect_said 'instance sandbox'
fixed --relay-port 18790
expect_equal "status" "$status" 0

t_case "a second instance on the same relay port is told a free one"
expect_disable --name second
expect_status 4 defenseclaw sandbox setup --name second --host-ip 10.200.0.5 --sandbox-ip 10.200.0.6 --non-interactive
expect_said 'relay'
fixed --host-ip 10.200.0.5 --sandbox-ip 10.200.0.6
expect_equal "status" "$status" 0

t_case "both run, and neither reaches the other"
expect defenseclaw sandbox verify
expect defenseclaw sandbox verify --name second
expect in_sandbox curl -sf -m 3 http://10.200.0.1:18970/health
expect_failure in_sandbox curl -sf -m 2 http://10.200.0.5:18970/health
expect_failure ip netns exec sandbox0 curl -sf -m 2 http://10.200.0.6:18789/readyz
expect ip netns exec second0 curl -sf -m 3 http://10.200.0.5:18970/health
expect_failure ip netns exec second0 curl -sf -m 2 http://10.200.0.1:18970/health

t_case "a network that comes later and covers ours is found at the next start, and named"
expect defenseclaw sandbox verify
ip link add later type veth peer name later2
ip link set later up
ip addr add 10.200.0.14/28 dev later
run systemctl restart defenseclaw-netns@second.service
[ "$status" != 0 ] || t_fail "the namespace came up beside it"
run journalctl -b -u defenseclaw-netns@second.service -n 5 -o cat
expect_said '10\.200\.0\.5.*10\.200\.0\.14/28 on later'
ip link del later
expect systemctl restart defenseclaw-second.target
expect defenseclaw sandbox verify --name second

t_case "what an admin breaks is told in words, and the unit's restart mends it"
ip addr del 10.200.0.1 peer 10.200.0.2 dev sandbox0
nft add rule inet defenseclaw_sandbox input accept
expect_status 3 defenseclaw sandbox verify
expect_said 'address 10\.200\.0\.1/32 is missing' 'chain input: rule 2 isn.t ours: accept'
expect systemctl restart defenseclaw-netns@sandbox.service
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.1:18970/health
wait_for 10 systemctl is-active openshell-sandbox.service
expect defenseclaw sandbox verify
addresses | sed 's/^[0-9]*//' >/var/tmp/addresses

t_reboot
