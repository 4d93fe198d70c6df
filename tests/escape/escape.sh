# trees: debian13 debian12
# timeout: 420
# What a hostile agent tries. Each attempt first succeeds where the guard isn't, so that none is refused for
# a wrong reason: from a unit that has only User= and NetworkNamespacePath=, or without the rule in question.

# An outside: addresses of the Internet, of a metadata service and of IPv6, and the host's resolver there.
ip netns add up0
ip link add uplink type veth peer name e0 netns up0
ip addr add 10.99.0.2/24 dev uplink
ip -6 addr add 2001:db8:99::2/64 dev uplink nodad
ip link set uplink up
ip -n up0 addr add 10.99.0.1/24 dev e0
ip -n up0 addr add 169.254.169.254/32 dev e0
ip -n up0 -6 addr add 2001:db8:99::1/64 dev e0 nodad
ip -n up0 link set e0 up
ip -n up0 link set lo up
ip route add default via 10.99.0.1
mkdir -p /run/systemd/resolved.conf.d
printf '[Resolve]\nDNS=10.99.0.1\nDomains=~.\nDNSSEC=no\nLLMNR=no\n' >/run/systemd/resolved.conf.d/x.conf
systemctl restart systemd-resolved
ip netns exec up0 python3 /usr/lib/dctest/outside.py $T_OUT/outside.log &
# A socket as docker's: what matters is that it is there and open to all.
python3 -c 'import socket, os, time
s = socket.socket(socket.AF_UNIX); s.bind("/run/docker.sock"); os.chmod("/run/docker.sock", 0o666); s.listen(64)
time.sleep(3600)' &
wait_for 10 grep -q ready $T_OUT/outside.log
useradd -m neighbour
# As Debian's linux-sysctl-defaults has it: everybody may ping.
sysctl -qw net.ipv4.ping_group_range='0 2147483647'

as_user() {
    setpriv --reuid "$1" --regid "$1" --clear-groups env USER="$1" HOME="/home/$1" \
        python3 /usr/lib/dctest/attempt.py "$2" "$3"
}
in_unit() { defenseclaw sandbox run -- /usr/bin/python3 /usr/lib/dctest/attempt.py "$1" "$2"; }
naive() {
    systemd-run -q --pipe --wait -p User=sandbox -p NetworkNamespacePath=/run/netns/sandbox0 \
        python3 /usr/lib/dctest/attempt.py "$1" "$2"
}
arrived() { grep -q -- "$1" $T_OUT/outside.log; }

t_case "setup"
expect_setup --policy default || t_give_up

t_case "what a job inside may do works: the gateway answers, so refusals aren't a broken sandbox"
expect defenseclaw sandbox run -- /usr/bin/curl -sf --noproxy '*' -m 5 http://10.200.0.1:18970/health

for kind in tcp udp icmp ipv6 foreign-resolver metadata host-ssh host-other-address; do
    t_case "from the unit: no $kind; from the host it gets through"
    expect as_user neighbour $kind free-$kind
    expect_failure in_unit $kind unit-$kind
    ! arrived "unit-$kind" || t_fail "it arrived outside"
done

for kind in dbus journal journal-stdout notify container-socket resolved-varlink ssh-unix user-namespace; do
    [ -e /run/ssh-unix-local/socket ] || [ $kind != ssh-unix ] || continue
    t_case "from the unit: no $kind; from a naive unit it gets through"
    expect naive $kind naive-$kind
    expect_failure in_unit $kind unit-$kind
done

for kind in vsock packet; do
    t_case "from the unit: no $kind socket"
    expect_failure in_unit $kind unit-$kind
done

for kind in resolved-dbus nss-resolve; do
    t_case "no name leaves through $kind; without the guards it does"
    run as_user neighbour $kind free-$kind
    arrived "free-$kind" || t_fail "the control didn't arrive" "$(t_said)"
    run in_unit $kind unit-$kind
    ! arrived "unit-$kind" || t_fail "it arrived outside"
done

t_case "a D-Bus policy denies the user everything, outside the unit too"
expect_failure as_user sandbox resolved-dbus user-dbus
! arrived user-dbus || t_fail "it arrived outside"
expect_failure as_user sandbox linger x
expect_failure naive resolved-dbus naive-dbus
! arrived naive-dbus || t_fail "it arrived outside"

t_case "outside the unit the user has no IP traffic of any kind; without the rule it has"
for kind in tcp udp icmp; do
    expect_failure as_user sandbox $kind user-$kind
    ! arrived "user-$kind" || t_fail "$kind arrived outside"
done
nft list table inet defenseclaw_sandbox >$T_OUT/table
nft flush chain inet defenseclaw_sandbox output || t_fail "no chain output to lift"
for kind in tcp udp icmp; do expect as_user sandbox $kind lifted-$kind; done
expect systemctl restart defenseclaw-netns@sandbox.service
expect_failure as_user sandbox tcp user-again

t_case "cron and at don't take the user; a neighbour's jobs run"
expect as_user neighbour crontab cron-neighbour
expect as_user neighbour at at-neighbour
expect_failure as_user sandbox crontab cron-user
expect_failure as_user sandbox at at-user
for kind in crontab crontab-bin at; do expect_failure in_unit $kind unit-$kind; done
wait_for 10 arrived at-neighbour
wait_for 75 arrived cron-neighbour
! arrived cron-user || t_fail "cron ran the user's job"
! arrived at-user || t_fail "at ran the user's job"

t_case "ssh doesn't take the user; it takes a neighbour with the same key"
ssh-keygen -A >/dev/null 2>&1
systemctl start ssh.service 2>/dev/null
for u in neighbour sandbox; do
    mkdir -p /home/$u/.ssh
    [ -e $T_OUT/key ] || ssh-keygen -q -t ed25519 -N '' -f $T_OUT/key
    cp $T_OUT/key.pub /home/$u/.ssh/authorized_keys
    chown -R $u: /home/$u/.ssh
    chmod 700 /home/$u/.ssh
done
usermod -p '*' neighbour
wait_for 5 sh -c 'ss -Hltn sport = :22 | grep -q .'
try_ssh() {
    ssh -i $T_OUT/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o ConnectTimeout=3 "$1@127.0.0.1" true
}
expect try_ssh neighbour
expect_failure try_ssh sandbox

reach() { python3 -c "import socket; socket.create_connection(('10.200.0.1', $1), 2)"; }
t_case "a neighbour on the host reaches none of the gateway's ports; without the rule it does"
expect in_sandbox python3 -c 'import socket; socket.create_connection(("10.200.0.1", 3128), 3)'
for port in 18970 3128 53; do
    expect_failure setpriv --reuid neighbour --clear-groups \
        python3 -c "import socket; socket.create_connection(('10.200.0.1', $port), 2)"
done

nft flush chain inet defenseclaw_sandbox input || t_fail "no chain input to lift"
expect reach 3128
expect systemctl restart defenseclaw-netns@sandbox.service
expect_failure reach 3128

t_case "a container reaches none of the gateway's ports, though it reaches the host"
ip netns add box0
ip link add docker0 type bridge
ip addr add 172.17.0.1/16 dev docker0
ip link set docker0 up
ip link add box0 type veth peer name eth0 netns box0
ip link set box0 master docker0 up
ip -n box0 addr add 172.17.0.2/16 dev eth0
ip -n box0 link set eth0 up
ip -n box0 route add default via 172.17.0.1
wait_for 5 ip netns exec box0 python3 -c "import socket; socket.create_connection(('172.17.0.1', 22), 2)"
for port in 18970 3128 53; do expect_failure ip netns exec box0 bash -c "$(declare -f reach); reach $port"; done
ip netns del box0
ip link del docker0

t_case "a LAN neighbour reaches none of the gateway's ports"
ip -n up0 route add 10.200.0.1/32 via 10.99.0.2
lan() { ip netns exec up0 python3 -c "import socket; socket.create_connection(('10.200.0.1', $1), 2)"; }
for port in 18970 3128 53; do expect_failure lan $port; done
expect ip netns exec up0 python3 -c 'import socket; socket.create_connection(("10.99.0.2", 22), 2)'

t_case "mv ~/.defenseclaw fails, as the user and from the unit"
expect_failure setpriv --reuid sandbox --regid sandbox --clear-groups mv /home/sandbox/.defenseclaw /home/sandbox/.x
expect_failure defenseclaw sandbox run -- /bin/mv /home/sandbox/.defenseclaw /home/sandbox/.x

t_case "a drop-in for all services that weakens the unit is found, and fails closed"
mkdir -p /etc/systemd/system/service.d
printf '[Service]\nNoNewPrivileges=no\nRestrictAddressFamilies=\n' >/etc/systemd/system/service.d/weak.conf
systemctl daemon-reload
expect_status 3 defenseclaw sandbox verify
expect_said 'weak\.conf|drop-in|NoNewPrivileges|RestrictAddressFamilies'
expect_disable
run defenseclaw sandbox setup --non-interactive
[ "$status" != 0 ] || t_fail "setup went through with the drop-in"
expect_failure systemctl is-active openshell-sandbox.service
rm -r /etc/systemd/system/service.d
systemctl daemon-reload

t_case "--disable takes cron.deny, at.deny, sshd's and D-Bus's lines back"
expect_setup
expect_disable
expect_failure grep -rl sandbox /etc/cron.deny /etc/at.deny /etc/ssh/sshd_config.d /etc/dbus-1
crontab -u neighbour -r
kill %1 %2
