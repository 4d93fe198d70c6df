# timeout: 120
# A bundle's secrets: sealed, given to the gateway alone, kept by later setups, replaced and removed by
# later bundles, gone after --disable.

cred=/etc/defenseclaw/sandbox/secrets/PROVIDER_KEY.cred
given() { cat /run/credentials/defenseclaw-gateway@sandbox.service/PROVIDER_KEY; }

bundle() { # SERIAL SECRET-LINES
    rm -rf /run/seed
    mkdir -p /run/seed
    echo '{"policy": "default", "no-agent": true}' >/run/seed/flags.json
    [ -z "$2" ] || printf '%s\n' "$2" >/run/seed/secrets
    expect defenseclaw seed create --serial "$1" --output /run/seed.tar /run/seed
    expect_silent_about key-number
    run defenseclaw seed inspect --json /run/seed.tar
    expect_silent_about key-number
}

t_case "a secret is sealed, root's alone, and the gateway has it"
bundle 1 PROVIDER_KEY=key-number-1
expect defenseclaw firstboot --seed /run/seed.tar
expect_silent_about key-number
expect_equal "mode of the file" "$(stat -c '%a %U:%G' $cred)" "600 root:root"
expect_equal "mode of its directory" "$(stat -c '%a %U:%G' ${cred%/*})" "700 root:root"
expect_failure grep -q key-number $cred
expect_equal "what the gateway has" "$(given)" key-number-1

t_case "a setup without a bundle keeps it, byte for byte"
cp $cred /run/before
expect_setup --policy strict
expect cmp $cred /run/before
expect_equal "what the gateway has" "$(given)" key-number-1

t_case "the same again changes nothing"
expect_setup --policy strict
expect_said 'nothing changed'

t_case "a later bundle brings another value, and the gateway has that"
bundle 2 PROVIDER_KEY=key-number-2
expect defenseclaw firstboot --reprovision --seed /run/seed.tar
expect_equal "what the gateway has" "$(given)" key-number-2

t_case "a later bundle without it takes it away"
bundle 3 ''
expect defenseclaw firstboot --reprovision --seed /run/seed.tar
expect_absent $cred ${cred%/*}
expect_failure given
expect defenseclaw sandbox verify

t_case "after --disable nothing of it is left"
bundle 4 PROVIDER_KEY=key-number-4
expect defenseclaw firstboot --reprovision --seed /run/seed.tar
expect_disable
expect_absent /etc/defenseclaw/sandbox
expect_failure grep -rq key-number /etc /var/lib/defenseclaw /home
expect_failure sh -c 'journalctl -b --no-pager | grep -q key-number'
