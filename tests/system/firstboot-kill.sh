# timeout: 180
# First boot killed at moments spread over its run: the agent never runs before the walls were verified, and
# the next try converges.

mkdir -p /run/seed
echo '{"policy": "default"}' >/run/seed/flags.json
defenseclaw seed create --output /run/seed.tar /run/seed

for ms in 20 60 120 200 300 450 600 800 1000 1300; do
    t_case "killed after $ms ms: the agent runs only behind verified walls"
    defenseclaw firstboot --seed /run/seed.tar >$T_OUT/said 2>&1 &
    victim=$!
    sleep "$(printf '0.%03d' $((ms % 1000)) | sed "s/^0/$((ms / 1000))/")"
    kill -KILL $victim 2>/dev/null
    wait $victim
    if systemctl is-active --quiet openshell-sandbox.service && ! grep -q 'verify: green' $T_OUT/said; then
        t_fail "the agent runs: $(cat $T_OUT/said)"
    fi
    if [ -e /var/lib/defenseclaw/provisioned.json ]; then
        expect grep -q 'starting the agent' $T_OUT/said
        rm /var/lib/defenseclaw/provisioned.json
    fi
    expect_failure grep -q '^ERROR' $T_OUT/said
done

t_case "the next try is green"
expect defenseclaw firstboot --seed /run/seed.tar
expect test -s /var/lib/defenseclaw/provisioned.json
expect systemctl is-active defenseclaw-sandbox.target
expect defenseclaw sandbox verify

t_case "nothing of the killed tries is left beside"
expect_failure sh -c 'find /etc /home /var/lib/defenseclaw* -name "*.tmp" | grep .'
