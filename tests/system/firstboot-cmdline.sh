# timeout: 120
# A bundle named on the kernel's command line (in a container: its init's) comes before one in /run, which
# isn't even opened.

prepare() {
    mkdir -p /run/dc/seed
    echo '{"policy": "strict", "no-agent": true}' >/run/dc/seed/flags.json
    defenseclaw seed create --serial 4 --output /etc/named.tar.xz /run/dc/seed
    echo 'not a bundle at all' >/run/dc/broken.tar
    echo 'C /run/defenseclaw/seed.tar 0600 root root - /run/dc/broken.tar' >/etc/tmpfiles.d/dc-seed.conf
    nspawn_argument defenseclaw.seed=/etc/named.tar.xz
}

t_case "the bundle named on the command line was taken"
expect_equal Result "$(systemctl show -P Result defenseclaw-firstboot.service)" success || {
    run journalctl -b --no-pager -u defenseclaw-firstboot.service
    t_note "$(t_said)"
}
expect_equal serial "$(jq .serial /var/lib/defenseclaw/provisioned.json)" 4

t_case "the one of the lower rank was left alone, and so was the named file"
expect test -e /run/defenseclaw/seed.tar
expect test -e /etc/named.tar.xz
