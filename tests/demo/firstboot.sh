# needs: openclaw
# timeout: 300
# The demo's first half: a new machine and a seed bundle.

prepare() {
    mkdir -p /run/dc/seed
    cat >/run/dc/seed/flags.json <<'F'
{"policy": "default", "sandbox-ip": "10.200.0.2", "host-ip": "10.200.0.1", "dns": ["8.8.8.8", "1.1.1.1"]}
F
    say "A seed bundle is a tar with the flags of setup (and a policy, a profile, secrets):"
    show cat /run/dc/seed/flags.json
    show defenseclaw seed create --output /run/dc/seed.tar /run/dc/seed
    show defenseclaw seed inspect /run/dc/seed.tar
    say '' "Debian 13 boots with it as the systemd credential defenseclaw.seed; first boot ends when OpenClaw answers" \
        "or after 90 seconds. This takes about half a minute."
    nspawn_argument --load-credential=defenseclaw.seed:/run/dc/seed.tar
}

t_case "first boot read the bundle, provisioned, and verified"
say '' "The machine is up. What first boot did:"
show journalctl -b --no-pager -o cat _SYSTEMD_UNIT=defenseclaw-firstboot.service
expect_equal Result "$(systemctl show -P Result defenseclaw-firstboot.service)" success

t_case "the sandbox proves itself from inside"
show defenseclaw sandbox verify
show defenseclaw sandbox status

t_case "the agent answers through the relay"
show curl -s -m 5 http://127.0.0.1:18789/readyz
say ''

t_case "the page's rows"
show systemctl --no-pager --lines=0 status defenseclaw-sandbox.target
show sudo -u sandbox defenseclaw-gateway status
show ip netns exec sandbox0 ping -c 1 -W 1 10.200.0.1
