# trees: debian13 debian12
# needs: nothing
# The test bed itself: what the other tests take for granted.

if [ "$T_BOOT" = 2 ]; then
    t_case "a reboot keeps what was written"
    expect test -e /etc/kept
    return
fi

t_case "the machine boots real systemd and reaches multi-user"
expect systemctl is-active --quiet multi-user.target
expect_equal "process 1" "$(cat /proc/1/comm)" systemd
run systemctl --failed --no-legend
expect_equal "failed units" "$(cat $T_OUT/stdout)" ''

t_case "namespaces, veth pairs and nftables work inside"
expect ip netns add try0
expect ip link add try0 type veth peer name eth0 netns try0
expect nft add table inet try
expect ip netns del try0
expect nft delete table inet try

t_case "a listing of an untouched machine equals itself"
listing $T_OUT/one
listing $T_OUT/two
expect_same_file $T_OUT/one $T_OUT/two

t_case "a listing sees a mode, an xattr, an ACL, a link, a rule, a sysctl and a unit that changed"
touch /etc/mode /etc/xattr /etc/acl
listing $T_OUT/before
chmod 600 /etc/mode
setfattr -n user.x -v 1 /etc/xattr
setfacl -m u:daemon:r /etc/acl
ln -s try /etc/link
ip link add try0 type veth peer name try1
nft add table inet try
sysctl -qw net.ipv4.conf.lo.rp_filter=1
systemctl -q stop cron.service
listing $T_OUT/after
diff $T_OUT/before $T_OUT/after >$T_OUT/said
expect_said '^> /etc/mode - 0600' '^> /etc/xattr .*user.x=31' '^> /etc/acl .*posix_acl_access=' \
    '^> /etc/link l .*->try' '^> try0@try1: ' '^> table inet try' '^> net.ipv4.conf.lo.rp_filter = 1' \
    '^< cron.service '
ip link del try0
nft delete table inet try

t_case "a machine is fresh"
expect_absent /etc/kept
touch /etc/kept
t_reboot
