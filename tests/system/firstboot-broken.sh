# timeout: 120
# A bundle that can't be taken: first boot fails closed, names file, line and reason, and nothing runs.

prepare() {
    mkdir -p /run/dc/seed/policy
    echo '{"policy": "default"}' >/run/dc/seed/flags.json
    printf 'network_policies:\n  broken:\n    endpoints:\n      - host: [unclosed\n' >/run/dc/seed/policy/egress.yaml
    defenseclaw seed create --output /run/dc/seed.tar /run/dc/seed ||
        # A program that checks so early can't make it: then by hand, digests and all.
        python3 /usr/lib/dctest/mkseed.py /run/dc/seed /run/dc/seed.tar
    nspawn_argument --load-credential=defenseclaw.seed:/run/dc/seed.tar
}

t_case "first boot failed, and says which file, which line and why"
expect_equal Result "$(systemctl show -P Result defenseclaw-firstboot.service)" exit-code
run journalctl -b --no-pager -o cat -u defenseclaw-firstboot.service
expect_said 'egress\.yaml: line [45]'

t_case "no agent runs, and nothing is left of the try"
expect_failure systemctl is-active openshell-sandbox.service
expect_failure systemctl is-active defenseclaw-sandbox.target
expect_absent /var/lib/defenseclaw/provisioned.json /etc/defenseclaw/sandbox
expect_failure ip netns exec sandbox0 true

t_case "the machine is up all the same"
expect systemctl is-active multi-user.target
