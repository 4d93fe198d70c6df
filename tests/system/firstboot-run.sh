# timeout: 120
# trees: debian13 debian12
# A bundle in /run/defenseclaw/seed.tar, where cloud-init puts it: a broken one stops first boot and can
# be replaced; a good one is taken, and removed. From then on no source is opened.

prepare() {
    mkdir -p /run/dc/seed
    echo '{"policy": "strict", "no-agent": true}' >/run/dc/seed/flags.json
    defenseclaw seed create --serial 2 --output /run/dc/seed.tar.zst /run/dc/seed
    echo 'not a bundle at all' >/run/dc/broken.tar
    echo 'C /run/defenseclaw/seed.tar 0600 root root - /run/dc/broken.tar' >/etc/tmpfiles.d/dc-seed.conf
}

t_case "a broken bundle stops first boot, says so before each login, and stays for a second try"
expect_equal Result "$(systemctl show -P Result defenseclaw-firstboot.service)" exit-code
expect test -e /run/defenseclaw/seed.tar
expect_absent /var/lib/defenseclaw/provisioned.json
run cat /etc/issue.d/defenseclaw.issue
expect_said 'first boot failed'
expect_said 'cause +/run/defenseclaw/seed.tar: '
expect_said 'fix +'

t_case "a good one in its place is taken by a restart of the unit, and removed"
install -m 600 /run/dc/seed.tar.zst /run/defenseclaw/seed.tar
expect systemctl restart defenseclaw-firstboot.service || {
    run journalctl -b --no-pager -u defenseclaw-firstboot.service
    t_note "$(t_said)"
}
expect test -s /var/lib/defenseclaw/provisioned.json
expect_absent /run/defenseclaw/seed.tar
expect_equal serial "$(jq .serial /var/lib/defenseclaw/provisioned.json)" 2
expect_failure grep -q failed /etc/issue.d/defenseclaw.issue

t_case "without an agent everything else runs and verify is green"
expect defenseclaw sandbox verify
expect_failure systemctl is-active openshell-sandbox.service

t_case "a provisioned machine opens no source"
install -m 600 /run/dc/broken.tar /run/defenseclaw/seed.tar
expect strace -f -o $T_OUT/trace defenseclaw firstboot
expect_said 'provisioned already'
expect grep -q 'provisioned\.json' $T_OUT/trace
expect_failure grep -E 'seed\.tar|cmdline|credentials/|defenseclaw-seed-archive' $T_OUT/trace
