# layer: networkmanager
# environment: SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes
# timeout: 120
# A host whose network is NetworkManager's.

prepare() {
    systemctl mask systemd-udev-trigger.service systemd-sysctl.service systemd-modules-load.service
}

t_case "NetworkManager runs"
wait_for 10 nmcli general status || t_give_up
# Process 1 listens to udev only where it was there first, or /dev is the kernel's own: not in a container.
# Without it the sockets' BindToDevice= waits for a device unit that never comes.
expect systemctl daemon-reexec
ls -R /etc/NetworkManager >$T_OUT/before

t_case "setup works, and the device is unmanaged"
expect_setup || t_give_up
run nmcli -t -f DEVICE,STATE device
expect_said '^sandbox0:unmanaged'

for what in 'nmcli general reload' 'systemctl restart NetworkManager' 'nmcli device set sandbox0 managed yes'; do
    t_case "it survives $what"
    run $what
    sleep 2
    expect in_sandbox curl -sf -m 3 http://10.200.0.1:18970/health
    expect curl -sf -m 3 http://127.0.0.1:18789/readyz
done

t_case "verify is green"
expect defenseclaw sandbox verify

t_case "undo leaves NetworkManager's folders as they were"
expect_disable
ls -R /etc/NetworkManager >$T_OUT/after
expect_same_file $T_OUT/before $T_OUT/after
