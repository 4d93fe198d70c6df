# No bundle in any source: one line, exit 0, nothing provisioned, no agent.

t_case "first boot ended well and says in one line that there is no bundle"
expect_equal Result "$(systemctl show -P Result defenseclaw-firstboot.service)" success
run journalctl -b --no-pager -o cat _COMM=defenseclaw
expect_said 'no .*bundle|no seed'
expect_equal lines "$(wc -l <$T_OUT/stdout)" 1

t_case "nothing is provisioned"
expect_absent /var/lib/defenseclaw/provisioned.json /etc/defenseclaw/sandbox
expect_failure getent passwd sandbox

t_case "a bundle given by path is taken"
mkdir -p /run/seed
echo '{"policy": "strict"}' >/run/seed/flags.json
expect defenseclaw seed create --output /run/seed.tar /run/seed
expect defenseclaw seed inspect /run/seed.tar
expect setpriv --reuid nobody --clear-groups defenseclaw seed inspect /run/seed.tar
expect defenseclaw firstboot --seed /run/seed.tar
expect defenseclaw sandbox verify

t_case "on a provisioned machine another one only with --reprovision and a higher serial"
expect_failure defenseclaw firstboot --seed /run/seed.tar
expect_failure defenseclaw firstboot --seed /run/seed.tar --reprovision
echo '{"policy": "default"}' >/run/seed/flags.json
expect defenseclaw seed create --serial 2 --output /run/seed2.tar /run/seed
expect defenseclaw firstboot --seed /run/seed2.tar --reprovision
expect_equal policy "$(jq -r .spec.policy /etc/defenseclaw/sandbox/instance.json)" default
