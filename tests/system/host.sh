# trees: debian13
# The machine: who the gateway runs as, and whose OpenClaw is trusted.

t_case "a gateway user that isn't there, root, or a sandbox is refused with 2, and nothing is written"
for u in nosuch root sandbox; do
    expect_status 2 defenseclaw sandbox setup --non-interactive --gateway-user $u
    expect_said "^ERROR: --gateway-user: $u: "
done
expect_absent /etc/defenseclaw /home/sandbox /var/lib/defenseclaw/sandbox

t_case "an OpenClaw that others can change is refused, and the fix works when typed"
mkdir -p /opt/claw
cp /usr/local/bin/openclaw /opt/claw/openclaw
chown 1234 /opt/claw
expect_status 4 defenseclaw sandbox setup --non-interactive --openclaw /opt/claw/openclaw
expect_said '^ERROR: .*/opt/claw: others than root can change it'
fix=$(sed -n 's/^fix: //p' $T_OUT/said)
expect bash -c "${fix%%, or*}"
expect_setup --openclaw /opt/claw/openclaw || t_give_up

t_case "its tree outside /usr is seen inside, and read-only"
expect defenseclaw sandbox run -- test -x /opt/claw/openclaw
expect_failure defenseclaw sandbox run -- touch /opt/claw/x
wait_for 10 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz

t_case "the gateway runs as the user of the first setup, whoever runs the next"
useradd -m first
useradd -m second
expect_disable
SUDO_USER=first expect_setup
expect_equal user "$(systemctl show -P User defenseclaw-gateway@sandbox.service)" first
SUDO_USER=second expect_setup
expect_equal user "$(systemctl show -P User defenseclaw-gateway@sandbox.service)" first
expect defenseclaw sandbox verify

t_case "the user of one sandbox can't be another's gateway"
expect_status 2 defenseclaw sandbox setup --non-interactive --name other --gateway-user sandbox \
    --sandbox-ip 10.200.1.2 --host-ip 10.200.1.1 --openclaw-port 18790
expect_said 'sandbox.s own user'

t_case "not root is 4, with what to type"
expect_status 4 setpriv --reuid 65534 --clear-groups defenseclaw sandbox setup --non-interactive
expect_said '^ERROR: not root' '^fix: sudo defenseclaw'
