# timeout: 120
# Bad input on the command line: exit 2, one line that names the input, nothing written.

listing $T_OUT/before sandbox /nowhere

# refused NAMED FLAG…: NAMED is a word of the error's line.
refused() {
    local named=$1
    shift
    t_case "refused: setup $*"
    expect_status 2 defenseclaw sandbox setup --non-interactive "$@"
    expect_equal "error lines" "$(grep -c '^ERROR: ' $T_OUT/stderr)" 1
    grep '^ERROR: ' $T_OUT/stderr | grep -qF -- "$named" || t_fail "the line doesn't name $named" "$(t_said)"
}

ip link add dummy0 type veth peer name dummy1
ip addr add 192.0.2.1/24 dev dummy0
ip link set dummy0 up
ip link set dummy1 up
ip route add 198.51.100.0/24 via 192.0.2.9 dev dummy0
ip route add default via 192.0.2.9 dev dummy0

refused policy --policy lenient
refused policy --policy ''
refused policy --policy STRICT
refused strct --policy strct
refused sandbox-ip --sandbox-ip 10.200.0
refused sandbox-ip --sandbox-ip 10.200.0.256
refused sandbox-ip --sandbox-ip 010.200.0.2
refused sandbox-ip --sandbox-ip 10.200.0.2/24
refused sandbox-ip --sandbox-ip ' 10.200.0.2'
refused sandbox-ip --sandbox-ip 0.0.0.0
refused sandbox-ip --sandbox-ip 127.0.0.2
refused sandbox-ip --sandbox-ip 255.255.255.255
refused sandbox-ip --sandbox-ip 224.0.0.1
refused sandbox-ip --sandbox-ip 169.254.169.254
refused sandbox-ip --sandbox-ip ::1
refused sandbox-ip --sandbox-ip example.test
refused sandbox-ip --sandbox-ip 10.200.0.1
refused host-ip --host-ip 10.200.0.2
refused host-ip --host-ip 127.0.0.1
refused host-ip --host-ip 0.0.0.0
refused host-ip --host-ip 255.255.255.255
refused host-ip --host-ip 239.1.1.1
refused host-ip --host-ip 0x0a.0.0.1
refused 192.0.2.7 --sandbox-ip 192.0.2.7
refused 192.0.2.1 --host-ip 192.0.2.1
refused 198.51.100.3 --sandbox-ip 198.51.100.3
refused 192.0.2.255 --sandbox-ip 192.0.2.255
refused sandbox-home --sandbox-home relative/home
refused sandbox-home --sandbox-home /srv/not/there
refused sandbox-home --sandbox-home /
refused sandbox-home --sandbox-home /etc/home
refused sandbox-home --sandbox-home /home/../etc
refused sandbox-home --sandbox-home /usr/home
refused sandbox-home --sandbox-home /root/home
refused sandbox-home --sandbox-home ''
refused sandbox-home --sandbox-home '/home/with space/%n'
refused sandbox-home --sandbox-home "/home/$(printf 'x%.0s' {1..300})"
refused sandbox-home --sandbox-home $'/home/new\nline'
refused openclaw-port --openclaw-port 0
refused openclaw-port --openclaw-port 70000
refused openclaw-port --openclaw-port -1
refused openclaw-port --openclaw-port 18789x
refused openclaw-port --openclaw-port ''
refused openclaw-port --openclaw-port 0x4965
refused openclaw-port --openclaw-port 18970
refused relay-port --relay-port 0
refused relay-port --relay-port 65536
refused relay-port --relay-port 99999999999999999999
refused dns --dns ''
refused dns --dns 8.8.8.8,
refused dns --dns ,8.8.8.8
refused dns --dns 8.8.8.8,,1.1.1.1
refused dns --dns '8.8.8.8 1.1.1.1'
refused dns --dns 8.8.8
refused dns --dns dns.example.test
refused dns --dns host,8.8.8.8
refused dns --dns 8.8.8.8,8.8.8.8
refused dns --dns 2001:db8::1
refused dns --dns 127.0.0.53
refused dns --dns 0.0.0.0
refused dns --dns 10.200.0.1
refused dns --dns 1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9
refused dns-filter --dns-filter maybe
refused dns-filter --dns-filter policy
refused name --name ''
refused name --name Sandbox
refused name --name 1box
refused name --name a-b
refused name --name thirteenchars
refused name --name '../x'
refused name --name 'a b'
refused root --name root
refused gateway-user --gateway-user root
refused gateway-user --gateway-user sandbox
refused gateway-user --gateway-user nosuchuser
refused openclaw --openclaw relative/openclaw
refused openclaw --openclaw /tmp/nosuch
refused --polcy --polcy strict
refused --no-autopair --no-autopair
refused --disabled --disabled
refused extra extra
refused sandbox-ip --sandbox-ip

t_case "an unknown flag's error offers the nearest known one"
expect_status 2 defenseclaw sandbox setup --polcy strict
expect_said '--policy'
expect_status 2 defenseclaw sandbox setup --no-autopair
expect_said '--no-auto-pair'

t_case "a flag given twice is refused, or the last one counts and is named"
run defenseclaw sandbox setup --non-interactive --policy strict --policy default --dry-run
[ "$status" = 2 ] || [ "$status" = 0 ] || t_fail "status $status" "$(t_said)"

t_case "an unknown verb is refused and the nearest one offered"
expect_status 2 defenseclaw sandbox stup
expect_said 'setup'

t_case "nothing of all that was written"
ip link del dummy0
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after
expect_absent /var/lib/defenseclaw/sandbox/record.json /etc/defenseclaw
expect_failure getent passwd sandbox
