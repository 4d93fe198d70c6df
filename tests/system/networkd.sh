# environment: SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes
# timeout: 120
# A host where networkd takes every link that nobody else claims, with udev at work.

prepare() {
    printf '[Match]\nName=*\n[Network]\nDHCP=yes\nLinkLocalAddressing=yes\n' >/etc/systemd/network/80-all.network
    systemctl enable systemd-networkd.service
    systemctl mask systemd-udev-trigger.service systemd-sysctl.service \
        systemd-modules-load.service
}

addresses() {
    ip -o addr show dev sandbox0 | sed 's/^[0-9]*: //; s/ valid_lft.*//'
    ip neigh show dev sandbox0
    ip route
}

t_case "networkd and udev run"
expect systemctl is-active systemd-networkd.service
expect systemctl is-active systemd-udevd.service
# Process 1 listens to udev only where it was there first, or /dev is the kernel's own: not in a container.
# Without it the sockets' BindToDevice= waits for a device unit that never comes.
expect systemctl daemon-reexec

t_case "a link that nobody marked is taken by the catch-all, so that there is something to withstand"
ip link add victim type veth peer name victim2
ip addr add 10.99.0.1 peer 10.99.0.2 dev victim
ip link set victim up
ip link set victim2 up
wait_for 15 sh -c '! networkctl --no-legend list victim | grep -q unmanaged'
ip link del victim

t_case "setup works"
expect_setup || t_give_up
addresses >$T_OUT/addresses
expect grep -q '10.200.0.1 peer 10.200.0.2' $T_OUT/addresses
sleep 6
expect_equal "addresses after 6 s" "$(addresses)" "$(cat $T_OUT/addresses)"

for what in 'networkctl reload' 'systemctl restart systemd-networkd' 'networkctl reconfigure sandbox0'; do
    t_case "it survives $what"
    run $what
    sleep 2
    expect_equal "addresses" "$(addresses)" "$(cat $T_OUT/addresses)"
    expect in_sandbox curl -sf -m 3 http://10.200.0.1:18970/health
done

t_case "verify is green"
expect defenseclaw sandbox verify

t_case "undo leaves the folder as it was"
expect_disable
expect_equal "/etc/systemd/network" "$(ls /etc/systemd/network)" 80-all.network
