# timeout: 180
# Setup again: what is the same stays untouched, what differs is all that changes.

if [ "$T_BOOT" = 2 ]; then
    t_case "all comes up again by itself after a reboot, and verify is green"
    expect systemctl is-active defenseclaw-sandbox.target
    wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz
    expect defenseclaw sandbox verify
    t_case "--disable after the reboot ends with 0"
    expect_disable
    return
fi

main_pid() { systemctl show -P MainPID openshell-sandbox.service; }
gateway_pid() { systemctl show -P MainPID defenseclaw-gateway@sandbox.service; }

t_case "setup goes through"
expect_setup --policy default || t_give_up
agent=$(main_pid) gateway=$(gateway_pid)

t_case "the same flags again change nothing and say so"
listing $T_OUT/before sandbox /nowhere
expect_setup --policy default
expect_said 'nothing to (do|change)|[Nn]othing changed|already'
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after
expect_equal "the agent's process" "$(main_pid)" "$agent"
expect_equal "the gateway's process" "$(gateway_pid)" "$gateway"

t_case "no flag at all keeps the recorded ones"
expect_setup
expect_equal "the agent's process" "$(main_pid)" "$agent"
expect_equal policy "$(jq -r .spec.policy /etc/defenseclaw/sandbox/instance.json)" default

t_case "another policy changes only what differs; the agent is restarted only for its own file"
cp /home/sandbox/.openclaw/openclaw.json $T_OUT/openclaw.json
expect_setup --policy permissive
cp $T_OUT/said $T_OUT/widened
expect_equal policy "$(jq -r .spec.policy /etc/defenseclaw/sandbox/instance.json)" permissive
if cmp -s /home/sandbox/.openclaw/openclaw.json $T_OUT/openclaw.json; then
    expect_equal "the agent's process" "$(main_pid)" "$agent"
fi
expect_equal "the gateway's process" "$(gateway_pid)" "$gateway"
expect cmp /etc/defenseclaw/sandbox/policy/egress.yaml /home/sandbox/.defenseclaw/policy/egress.yaml

t_case "what widens is named"
expect grep -qiE 'widen|wider|may do more|lets .*out' $T_OUT/widened
agent=$(main_pid)

t_case "another port of OpenClaw restarts the agent"
expect_setup --openclaw-port 20001
[ "$(main_pid)" != "$agent" ] || t_fail "the agent was not restarted"
wait_for 5 in_sandbox curl -sf -m 2 http://10.200.0.2:20001/readyz

t_case "--defaults goes back to the page's"
expect_setup --defaults
expect_equal port "$(jq -r '.spec["openclaw-port"] // 18789' /etc/defenseclaw/sandbox/instance.json)" 18789

t_case "a damaged file is put right"
echo broken >/etc/defenseclaw/sandbox/policy/egress.yaml
rm /home/sandbox/pair.sh
expect_status 3 defenseclaw sandbox verify
expect_setup
expect test -x /home/sandbox/pair.sh
expect defenseclaw sandbox verify

t_case "--dry-run prints the plan and touches nothing"
listing $T_OUT/before sandbox /nowhere
expect defenseclaw sandbox setup --dry-run --policy strict --non-interactive
expect defenseclaw sandbox setup --dry-run --policy strict --non-interactive --json
expect jq -e '.schema == "defenseclaw.plan/1"' $T_OUT/stdout
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after

t_case "without a terminal and without --non-interactive setup ends with 2 and says so"
expect_status 2 defenseclaw sandbox setup --policy strict
expect_said '^ERROR: .*' '^fix: .*--non-interactive'
expect_status 2 defenseclaw sandbox setup --disable
expect_said '--non-interactive'

t_reboot
