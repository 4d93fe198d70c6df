# trees: debian13 debian12
# needs: openclaw
# timeout: 300
# The real OpenClaw under the hardened unit.

t_case "setup goes through with the real OpenClaw"
expect_setup --policy default || t_give_up

as_agent() { sudo -u sandbox env HOME=/home/sandbox "$@"; }

t_case "openclaw config validate accepts the edited file"
expect as_agent openclaw config validate
expect_said 'valid'

t_case "openclaw plugins list shows ours"
expect as_agent openclaw plugins list
expect_said '[Dd]efense[Cc]law'

t_case "openclaw skills list shows ours"
expect as_agent openclaw skills list
expect_said 'codeguard'

t_case "OpenClaw answers /readyz from inside the sandbox"
wait_for 90 in_sandbox curl -sf -m 3 http://10.200.0.2:18789/readyz || t_give_up

t_case "OpenClaw answers /readyz through the relay on the host's loopback"
expect curl -sf -m 5 http://127.0.0.1:18789/readyz
expect jq -e .ready $T_OUT/stdout

t_case "the plugin is loaded, and hears from the gateway that there is no guardrail"
said_by_agent() { journalctl -b --no-pager -o cat -u openshell-sandbox.service | grep "$@"; }
wait_for 30 said_by_agent 'defenseclaw: guardrail absent: reporting only'

t_case "systemd rates the agent's unit 1.8 or better"
run systemd-analyze security --no-pager openshell-sandbox.service
level=$(grep -oE 'exposure level for openshell-sandbox.service: [0-9.]+' $T_OUT/said | grep -oE '[0-9.]+$')
t_note "exposure: $level"
[ "$(awk -v l="${level:-10}" 'BEGIN { print (l <= 1.8) }')" = 1 ] || t_fail "exposure $level"

t_case "verify is green"
expect defenseclaw sandbox verify

t_case "what openclaw config set writes after setup stays at --disable, and only our keys go"
expect as_agent openclaw config set gateway.controlUi.enabled false
expect_disable
expect jq -e '.gateway.controlUi.enabled == false and (.plugins.entries.defenseclaw | not)' \
    /home/sandbox/.openclaw/openclaw.json

t_case "a profile that a person made comes back byte for byte"
expect_setup --policy default
systemctl stop openshell-sandbox.service
expect_disable
printf '// mine\r\n{ gateway: { mode: "local", },\r\n  meta: { big: 12345678901234567890 } }\r\n' \
    >/home/sandbox/.openclaw/openclaw.json
chown sandbox: /home/sandbox/.openclaw/openclaw.json
cp -a /home/sandbox/.openclaw/openclaw.json $T_OUT/profile
expect_setup --policy default
expect grep -q '// mine' /home/sandbox/.openclaw/openclaw.json
systemctl stop openshell-sandbox.service
expect_disable
expect cmp /home/sandbox/.openclaw/openclaw.json $T_OUT/profile
