# timeout: 240
# An agent that never becomes ready: after 90 seconds it is stopped again and first boot has failed; the
# walls stand. With an agent that works the next boot converges.

prepare() {
    mkdir -p /run/dc/seed
    echo '{"policy": "default"}' >/run/dc/seed/flags.json
    defenseclaw seed create --output /run/dc/seed.tar /run/dc/seed
    cp /usr/local/bin/openclaw /run/dc/openclaw
    printf '#!/bin/sh\n[ "$1" != gateway ] || exec sleep 100000\n' >/usr/local/bin/openclaw
    nspawn_argument --load-credential=defenseclaw.seed:/run/dc/seed.tar
}

if [ "$T_BOOT" = 2 ]; then
    t_case "the next boot, with an agent that works, converges to green"
    expect_equal Result "$(systemctl show -P Result defenseclaw-firstboot.service)" success || {
        run journalctl -b --no-pager -u defenseclaw-firstboot.service
        t_note "$(t_said)"
    }
    expect test -s /var/lib/defenseclaw/provisioned.json
    expect systemctl is-active defenseclaw-sandbox.target
    expect defenseclaw sandbox verify

    t_case "a machine that lost provisioned.json provisions itself again and is the same"
    cp -a /var/lib/defenseclaw/sandbox/record.json /run/before.json
    rm /var/lib/defenseclaw/provisioned.json
    expect systemctl restart defenseclaw-firstboot.service
    expect systemctl is-active defenseclaw-sandbox.target
    expect defenseclaw sandbox verify
    expect_equal "entries of the record" "$(jq -S .entries /var/lib/defenseclaw/sandbox/record.json | md5sum)" \
        "$(jq -S .entries /run/before.json | md5sum)"
    return
fi

t_case "first boot failed with 3 and names the agent's checks"
expect_equal Result "$(systemctl show -P Result defenseclaw-firstboot.service)" exit-code
expect_equal status "$(systemctl show -P ExecMainStatus defenseclaw-firstboot.service)" 3
run cat /etc/issue.d/defenseclaw.issue
expect_said 'first boot failed; the agent is not running'
expect_said 'cause +verify is red: .*agent'
expect_absent /var/lib/defenseclaw/provisioned.json

t_case "the agent was stopped again and would not start at a boot"
expect_failure systemctl is-active openshell-sandbox.service
expect_failure systemctl is-active defenseclaw-sandbox.target
expect_absent /etc/systemd/system/multi-user.target.wants/defenseclaw-sandbox.target

t_case "the walls and the gateway stand, and the machine is up"
expect systemctl is-active defenseclaw-gateway@sandbox.service
expect ip netns exec sandbox0 true
expect systemctl is-active multi-user.target

cp /run/dc/openclaw /usr/local/bin/openclaw
t_close
t_reboot
