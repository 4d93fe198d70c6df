# timeout: 180
# trees: debian13 debian12
# `sandbox verify` goes red for each thing that it claims to look at, and green again once that is right.

# red NAME…: verify is red, and these rows failed.
red() {
    local name
    expect_status 3 defenseclaw sandbox verify --json
    cp $T_OUT/stdout $T_OUT/verify
    expect jq -e '.result == "red"' $T_OUT/verify
    for name; do
        jq -e --arg n "$name" '[.checks[] | select(.result == "fail") | .name] | any(contains($n))' \
            $T_OUT/verify >/dev/null || t_fail "$name did not fail" "$(rows fail)"
    done
}

green() { expect defenseclaw sandbox verify; }

rows() { jq -r --arg r "$1" '.checks[] | select(.result == $r) | "\(.name): \(.got)"' $T_OUT/verify; }

t_case "without an instance verify ends with 2 and says what to type"
expect_status 2 defenseclaw sandbox verify
expect_said 'no such instance' '^fix: sudo defenseclaw sandbox setup$'

t_case "after setup every row passes, and each says what was tried, expected and seen"
expect_setup --policy default || t_give_up
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz
expect defenseclaw sandbox verify --json
cp $T_OUT/stdout $T_OUT/verify
expect jq -e '.schema == "defenseclaw.verify/1" and .instance == "sandbox" and .result == "green"' $T_OUT/verify
expect jq -e '.checks | all(.result == "pass")' $T_OUT/verify
expect jq -e '.checks | all((.name, .tried, .expected, .got) != "" and has("control"))' $T_OUT/verify

t_case "all that the design lists is among the rows"
for name in health proxy-allows proxy-refuses tcp-outside udp-outside icmp-outside tcp-internet udp-internet \
    icmp-internet other-resolver-udp other-resolver-tcp metadata ipv6-tcp ipv6-udp host-port-tcp host-port-udp \
    host-ssh user-outside-tcp user-outside-udp gateway-egress-from-host 'host sockets' 'agent ready'; do
    jq -e --arg n "$name" '.checks | any(.name == $n)' $T_OUT/verify >/dev/null || t_fail "no row $name"
done

t_case "every refusal has a control that succeeded"
expect jq -e '[.checks[] | select(.expected == "refused" or .expected == "HTTP 403")] |
    length > 20 and all(.control | startswith("answered"))' $T_OUT/verify

t_case "--junit writes the same checks"
expect defenseclaw sandbox verify --junit /root/verify.xml
expect grep -q '<testsuite .*failures="0"' /root/verify.xml
expect_equal rows "$(grep -c '<testcase' /root/verify.xml)" "$(jq '.checks | length' $T_OUT/verify)"

t_case "only root may verify: exit 4, and the fix works when typed"
expect_status 4 runuser -u nobody -- defenseclaw sandbox verify
expect_said 'needs root' '^fix: sudo defenseclaw sandbox verify$'

t_case "red when the host's rules were flushed"
nft flush ruleset
red 'network: sandbox' user-outside-tcp user-outside-udp gateway-api-from-host gateway-egress-from-host
systemctl restart defenseclaw-netns@sandbox.service
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz
green

t_case "red when the namespace's rules are gone, and when a route leads out"
ip netns exec sandbox0 nft flush ruleset
red 'network: sandbox'
ip -n sandbox0 route add default via 10.200.0.1 dev eth0 onlink
red 'network: sandbox' tcp-outside udp-outside icmp-outside metadata other-resolver-udp
systemctl restart defenseclaw-netns@sandbox.service
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz
green

t_case "red for one rule more in our table"
nft insert rule inet defenseclaw_sandbox output accept
red 'network: sandbox' user-outside-tcp
systemctl restart defenseclaw-netns@sandbox.service
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz
green

t_case "red for a drop-in that weakens the agent's unit, and for one that no longer applies"
mkdir -p /etc/systemd/system/service.d
printf '[Service]\nNoNewPrivileges=no\n' >/etc/systemd/system/service.d/10-weak.conf
systemctl daemon-reload
red 'unit openshell-sandbox.service: walls' 'unit defenseclaw-gateway@sandbox.service: walls'
rm -r /etc/systemd/system/service.d
systemctl daemon-reload
green

t_case "red when a host's socket can be reached from inside"
systemd-run --quiet --unit=leak --socket-property=ListenStream=/home/sandbox/leak.sock \
    --socket-property=Accept=yes --socket-property=SocketMode=0777 /bin/true
expect test -S /home/sandbox/leak.sock
red 'host sockets'
systemctl stop leak.socket
rm -f /home/sandbox/leak.sock
green

t_case "red when the policy file isn't the one in force"
cp -p /etc/defenseclaw/sandbox/policy/egress.yaml /root/egress.yaml
echo '# more' >>/etc/defenseclaw/sandbox/policy/egress.yaml
red 'policy in force' 'egress.yaml'
cp -p /root/egress.yaml /etc/defenseclaw/sandbox/policy/egress.yaml
green

t_case "red for another device key"
cp -p /home/sandbox/.defenseclaw/device.key /root/device.key
sed -i '2s/^..../AAAA/' /home/sandbox/.defenseclaw/device.key
red 'device key'
cat /root/device.key >/home/sandbox/.defenseclaw/device.key
green

t_case "red when the agent or the gateway is down, and status says which"
systemctl stop openshell-sandbox.service
red 'unit openshell-sandbox.service: state' 'agent ready'
expect_status 3 defenseclaw sandbox status
systemctl stop defenseclaw-sandbox.target 'defenseclaw-*@sandbox.*'
red 'unit defenseclaw-gateway@sandbox.service: state' fence
expect_status 1 defenseclaw sandbox status
systemctl start defenseclaw-sandbox.target
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz
green
expect defenseclaw sandbox status

t_case "what a flag switched off is skipped, not passed"
expect_setup --no-auto-pair --no-guardrail
expect defenseclaw sandbox verify --json
expect jq -e '[.checks[] | select(.result == "skipped") | .name] | sort == ["device key", "guardrail"]' $T_OUT/stdout

t_case "without an agent the look for sockets runs as a job behind the same walls"
expect_setup --no-agent
expect defenseclaw sandbox verify --json
expect jq -e '.checks[] | select(.name == "host sockets") | .result == "pass"' $T_OUT/stdout
