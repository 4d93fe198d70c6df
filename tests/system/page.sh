# trees: debian13 debian12
# timeout: 120
# The page, typed as the page types it: one-command setup, "Verify it worked", undo.

adduser --quiet --disabled-password --gecos '' admin 2>/dev/null || useradd -m admin
echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin

t_case "the page's one command ends with 0"
expect sudo -u admin sudo defenseclaw sandbox setup \
    --policy default \
    --sandbox-ip 10.200.0.2 \
    --host-ip 10.200.0.1 \
    --dns 8.8.8.8,1.1.1.1 \
    --non-interactive || t_give_up

t_case "setup names verify as the next step"
expect_said 'defenseclaw sandbox verify'

t_case "sudo systemctl status defenseclaw-sandbox.target: active"
expect sudo systemctl status defenseclaw-sandbox.target
expect_said 'Active: active'

t_case "sudo -u sandbox defenseclaw-gateway status exits 0, also while the agent starts"
expect sudo -u sandbox defenseclaw-gateway status

t_case "ping of the host address from inside the namespace answers"
# shellcheck disable=SC2046,SC2116 # as the page types it
expect ip netns exec sandbox0 ping -c 1 -W 1 $(eval echo "$(cat ~sandbox/.defenseclaw/.host-ip)")
expect_said '1 received'

t_case "the guardrail section is found by jq where OpenClaw's validator accepts it"
expect sudo -u sandbox jq -e '.plugins.entries.defenseclaw.config.guardrail' ~sandbox/.openclaw/openclaw.json

t_case "/health answers from inside the namespace"
expect in_sandbox curl -sS -m 5 http://10.200.0.1:18970/health
expect jq -e '.gateway.state == "running" and .guardrail.state == "absent"' $T_OUT/stdout

t_case "the user is as the page says"
run getent passwd sandbox
expect_said ':/home/sandbox:/bin/bash$'
expect_equal "groups of sandbox" "$(id -nG sandbox)" sandbox
run grep -c . /home/sandbox/.bashrc
expect grep -q openclaw /home/sandbox/.bashrc
run passwd -S sandbox
expect_said '^sandbox L'

t_case "the gateway runs as the admin who ran sudo"
expect_equal "User=" "$(systemctl show -P User defenseclaw-gateway@sandbox.service)" admin

t_case "every file of the page's list is there"
for f in run-sandbox.sh pair.sh .bashrc .openclaw/openclaw.json .claw/skills/codeguard/SKILL.md \
    .claw/extensions/defenseclaw/openclaw.plugin.json .defenseclaw/policy/egress.yaml \
    .defenseclaw/policy/admission.yaml .defenseclaw/policy/rego/admission.rego \
    .defenseclaw/policy/rego/data.json .defenseclaw/policy/guardrail/rules/secrets.yaml \
    .defenseclaw/device.key .defenseclaw/.host-ip .defenseclaw/config.yaml .defenseclaw/.env; do
    expect test -s "/home/sandbox/$f"
done
expect test -x /home/sandbox/run-sandbox.sh
expect test -x /home/sandbox/pair.sh

t_case "secrets in the home are the user's own, 0600"
expect_equal device.key "$(stat -c '%a %U' /home/sandbox/.defenseclaw/device.key)" '600 sandbox'
expect_equal .env "$(stat -c '%a %U' /home/sandbox/.defenseclaw/.env)" '600 sandbox'

t_case "the target comes up at boot, by its link"
expect systemctl is-enabled defenseclaw-sandbox.target

t_case "sandbox status and list say that it runs"
expect defenseclaw sandbox status
expect defenseclaw sandbox status --json
expect jq -e '.schema == "defenseclaw.status/1"' $T_OUT/stdout
expect defenseclaw sandbox list --json
expect jq -e '.schema == "defenseclaw.list/1"' $T_OUT/stdout

t_case "sandbox verify is green"
expect defenseclaw sandbox verify
expect defenseclaw sandbox verify --json
expect jq -e '.schema == "defenseclaw.verify/1" and .result == "green"' $T_OUT/stdout

t_case "verify takes less than half a second with the agent up"
began=$EPOCHREALTIME
run defenseclaw sandbox verify
took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
t_note "verify: $took s"
[ "${took%.*}" = 0 ] && [ "$(awk -v t="$took" 'BEGIN { print (t < 0.5) }')" = 1 ] || t_fail "took $took s"

t_case "sandbox run gives the job's own status"
expect_status 7 defenseclaw sandbox run -- /bin/sh -c 'id -un; exit 7'
expect_said '^sandbox'

t_case "pair.sh proves the key to the gateway"
expect sudo -u sandbox -i true
expect sudo /home/sandbox/pair.sh

t_case "the page's undo ends with 0, and a second one has nothing to do"
expect sudo defenseclaw sandbox setup --disable --non-interactive
expect_failure ip netns exec sandbox0 true
expect_failure systemctl is-active defenseclaw-sandbox.target
expect getent passwd sandbox
expect sudo defenseclaw sandbox setup --disable --non-interactive
expect_said 'nothing to do'
