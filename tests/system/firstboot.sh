# timeout: 120
# trees: debian13 debian12
# A machine that gets its seed bundle as a systemd credential provisions itself once, at its first boot.

prepare() {
    mkdir -p /run/dc/seed/policy
    cat >/run/dc/seed/flags.json <<'F'
{"policy": "default", "sandbox-ip": "10.200.0.2", "host-ip": "10.200.0.1", "dns": ["8.8.8.8", "1.1.1.1"]}
F
    cat >/run/dc/seed/policy/egress.yaml <<'F'
network_policies:
  bundled:
    endpoints:
      - host: bundled.example
        ports: [443]
F
    printf 'GREETING=hello from the bundle\n' >/run/dc/seed/env
    printf 'PROVIDER_KEY=not-for-the-sandbox\n' >/run/dc/seed/secrets
    defenseclaw seed create --serial 7 --output /run/dc/seed.tar /run/dc/seed
    nspawn_argument --load-credential=defenseclaw.seed:/run/dc/seed.tar
}

if [ "$T_BOOT" = 2 ]; then
    t_case "a provisioned machine opens no source at all"
    expect_equal ConditionResult "$(systemctl show -P ConditionResult defenseclaw-firstboot.service)" no
    t_case "the agent runs again after a reboot, and verify is green"
    expect systemctl is-active defenseclaw-sandbox.target
    expect defenseclaw sandbox verify
    t_case "--reprovision with the same serial is refused"
    expect_failure defenseclaw firstboot --reprovision --seed /run/dc/seed.tar
    expect_said serial
    return
fi

t_case "first boot provisioned and ended well"
wait_for 60 sh -c 'systemctl show -P ActiveState defenseclaw-firstboot.service | grep -qE "^(active|failed|inactive)$"'
expect_equal Result "$(systemctl show -P Result defenseclaw-firstboot.service)" success || {
    run journalctl -b --no-pager -u defenseclaw-firstboot.service
    t_note "$(t_said)"
}
expect test -s /var/lib/defenseclaw/provisioned.json

t_case "the target is active, and the agent answers"
expect systemctl is-active defenseclaw-sandbox.target
wait_for 5 in_sandbox curl -sf -m 2 http://10.200.0.2:18789/readyz

t_case "the bundle's policy file is in force in the gateway"
expect cmp /run/dc/seed/policy/egress.yaml /etc/defenseclaw/sandbox/policy/egress.yaml
run in_sandbox curl -sS -m 5 -x http://10.200.0.1:3128 https://api.telegram.org/
run in_sandbox curl -s -m 5 -o /dev/null -w '%{http_connect}' -x http://10.200.0.1:3128 https://other.example/
expect_equal "CONNECT to a host that only the template lists" "$(cat $T_OUT/stdout)" 403

t_case "the template's other files lie beneath it"
expect test -s /etc/defenseclaw/sandbox/policy/admission.yaml

t_case "env is the sandbox's, secrets are the gateway's alone"
expect grep -qx 'GREETING=hello from the bundle' /home/sandbox/.defenseclaw/.env
expect_failure grep -rq not-for-the-sandbox /home/sandbox /etc /var/lib/defenseclaw
expect_failure sh -c 'journalctl -b --no-pager | grep -q not-for-the-sandbox'
expect test -s /etc/defenseclaw/sandbox/secrets/PROVIDER_KEY.cred
# Any process will do: the unit's first one may be the PID namespace's init.
expect sh -c "grep -qszx 'GREETING=hello from the bundle' /proc/[0-9]*/environ"

t_case "the short table is on the console and in issue.d"
expect grep -rq . /etc/issue.d
run cat /etc/issue.d/*
expect_said '[Dd]efense[Cc]law'

t_case "verify is green"
expect defenseclaw sandbox verify

t_close
t_reboot
