# needs: openclaw
# timeout: 180
# Under strict OpenClaw's configuration is root's, read-only to the agent.

t_case "setup goes through with the template strict"
expect_setup --policy strict || t_give_up
expect_equal "the file in force" 'root:sandbox 440' \
    "$(stat -c '%U:%G %a' /etc/defenseclaw/sandbox/openclaw/openclaw.json)"

t_case "OpenClaw runs with it"
wait_for 90 in_sandbox curl -sf -m 3 http://10.200.0.2:18789/readyz
expect curl -sf -m 5 http://127.0.0.1:18789/readyz

t_case "the copy in the home says what the one in force says"
expect cmp /etc/defenseclaw/sandbox/openclaw/openclaw.json /home/sandbox/.openclaw/openclaw.json

t_case "verify is green"
expect defenseclaw sandbox verify
