# trees: debian13 debian12
# timeout: 180
# The units: what systemd makes of them, and what weakens them being found.

AGENT=openshell-sandbox.service GATEWAY=defenseclaw-gateway@sandbox.service
main_pid() { systemctl show -P MainPID "$1"; }
loaded() { systemctl list-units --all --no-legend --plain 'defenseclaw*' 'openshell*' | grep -v firstboot; }
exposure() { systemd-analyze security "$1" | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p'; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a <= b) }'; }
version=$(systemctl --version | awk 'NR == 1 { print $2 }')

if [ "$T_BOOT" = 2 ]; then
    t_case "after a reboot the target brings everything up"
    expect systemctl is-active defenseclaw-sandbox.target $AGENT $GATEWAY

    t_case "no ordering cycle is found at boot"
    journalctl -b --no-pager >$T_OUT/said
    expect_silent_about 'ordering cycle'

    t_case "--disable after the reboot leaves no unit loaded, though multi-user.target held them"
    expect_disable
    expect_equal "units loaded" "$(loaded)" ""
    return
fi

t_case "systemd-analyze has nothing to say about our unit files"
expect_setup --policy default || t_give_up
run systemd-analyze --man=no verify /etc/systemd/system/defenseclaw*@sandbox.* \
    /etc/systemd/system/openshell-sandbox.service /etc/systemd/system/defenseclaw-sandbox.target
expect_silent_about 'defenseclaw|openshell'

t_case "systemd logged no line of ours that it ignores"
journalctl -b --no-pager >$T_OUT/said
expect_silent_about '(defenseclaw|openshell)[^ ]*:[0-9]+: '

t_case "the exposure is 1.8 or better for the agent and 1.5 for the gateway"
agent=$(exposure $AGENT) gateway=$(exposure $GATEWAY)
t_note "agent $agent, gateway $gateway (systemd $version)"
at_most "$agent" 1.8 || t_fail "agent: $agent"
at_most "$gateway" 1.5 || t_fail "gateway: $gateway"

t_case "restarting the gateway leaves the agent alone and the ports held"
before=$(main_pid $AGENT)
expect systemctl kill -s KILL $GATEWAY
expect_failure nc -l -s 10.200.0.1 -p 3128 -w 1
wait_for 10 systemctl is-active $GATEWAY
expect_equal "the agent's process" "$(main_pid $AGENT)" "$before"

t_case "restarting the namespace takes all with it and brings all back"
expect systemctl restart defenseclaw-netns@sandbox.service
wait_for 15 systemctl is-active defenseclaw-sandbox.target
expect systemctl start defenseclaw-sandbox.target
wait_for 15 systemctl is-active $AGENT
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.1:18970/health
[ "$(main_pid $AGENT)" != "$before" ] || t_fail "the agent is still in the old namespace"

t_case "the agent fails closed when the namespace can't be made"
systemctl stop defenseclaw-sandbox.target
mv /usr/local/bin/defenseclaw /usr/local/bin/defenseclaw.away
expect_failure systemctl start $AGENT
expect_failure systemctl is-active $AGENT
mv /usr/local/bin/defenseclaw.away /usr/local/bin/defenseclaw
systemctl reset-failed
expect systemctl start defenseclaw-sandbox.target

for weak in service.d $AGENT.d defenseclaw-gateway@.service.d; do
    t_case "a drop-in in $weak is found by verify, and by setup, which fails closed"
    mkdir -p /etc/systemd/system/$weak
    printf '[Service]\nNoNewPrivileges=no\n' >/etc/systemd/system/$weak/10-weak.conf
    systemctl daemon-reload
    systemctl restart defenseclaw-sandbox.target
    expect_status 3 defenseclaw sandbox verify
    expect_said 'drop-in'
    expect_disable
    expect_status 1 defenseclaw sandbox setup --policy default --non-interactive
    expect_said "^ERROR: .*drop-in .*$weak/10-weak.conf" '^fix: '
    expect_failure systemctl is-active $AGENT
    rm -r /etc/systemd/system/$weak
    systemctl daemon-reload
    expect_setup --policy default || t_give_up
done

t_case "a job is refused while a drop-in for all services would weaken it"
mkdir -p /etc/systemd/system/service.d
printf '[Service]\nPrivateDevices=no\n' >/etc/systemd/system/service.d/10-weak.conf
expect_status 125 defenseclaw sandbox run -- true
expect_said 'service.d'
rm -r /etc/systemd/system/service.d

t_case "a property that systemd ignores is found"
sed -i 's/^PrivateDevices=yes/PrivateDevicez=yes/' /etc/systemd/system/$AGENT
systemctl daemon-reload
systemctl restart $AGENT
expect_status 3 defenseclaw sandbox verify
expect_said 'PrivateDevices'
expect_setup
expect systemctl is-active $AGENT
expect_equal PrivateDevices "$(systemctl show -P PrivateDevices $AGENT)" yes

t_case "a change of policy that fails puts the old policy back in force"
in_force() { systemctl show -P StatusText $GATEWAY; }
before=$(in_force)
mkdir -p /etc/systemd/system/$AGENT.d
printf '[Service]\nNoNewPrivileges=no\n' >/etc/systemd/system/$AGENT.d/10-weak.conf
systemctl daemon-reload
expect_status 1 defenseclaw sandbox setup --policy strict --non-interactive
expect_said '^ERROR: .*drop-in'
expect_silent_about 'rolling back failed'
expect_equal "policy in force" "$(in_force)" "$before"
expect grep -q '"default"' /etc/defenseclaw/sandbox/instance.json
rm -r /etc/systemd/system/$AGENT.d
systemctl daemon-reload
expect_setup

t_case "strict restarts the agent, whose configuration then lies outside its home"
before=$(main_pid $AGENT)
expect_setup --policy strict
[ "$(main_pid $AGENT)" != "$before" ] || t_fail "the agent was not restarted"
systemctl show -P Environment $AGENT >$T_OUT/said
expect_said OPENCLAW_CONFIG_PATH=/etc/defenseclaw/sandbox/openclaw/openclaw.json
expect_setup --policy default

t_case "setup and --disable within one boot leave no unit loaded"
expect_disable
expect_equal "units loaded" "$(loaded)" ""

t_case "so does --disable after somebody's daemon-reload"
expect_setup --policy default
systemctl daemon-reload
expect_disable
expect_equal "units loaded" "$(loaded)" ""

t_case "a unit that fails is named with what it said last, and all is rolled back"
mv /usr/local/bin/defenseclaw-gateway /usr/local/bin/gw
printf '#!/bin/sh\necho no tea today >&2\nexit 3\n' >/usr/local/bin/defenseclaw-gateway
chmod 755 /usr/local/bin/defenseclaw-gateway
expect_status 1 defenseclaw sandbox setup --policy default --non-interactive
expect_said '^ERROR: units: defenseclaw-gateway@sandbox.service: .*no tea today' \
    '^fix: journalctl -u defenseclaw-gateway@sandbox.service'
expect_equal "units loaded" "$(loaded)" ""
mv /usr/local/bin/gw /usr/local/bin/defenseclaw-gateway

t_case "it comes up again for the reboot"
expect_setup --policy default

t_reboot
