# trees: debian13 debian12
# Bundles made by hand with tar and b2sum are taken as well as our own, by any user, and shown without a
# secret value.

mkdir -p /run/members/policy
echo '{"policy": "strict", "dns": "host"}' >/run/members/flags.json
printf 'network_policies: {}\n' >/run/members/policy/egress.yaml
printf 'PROVIDER_KEY=very-secret\n' >/run/members/secrets
as_nobody() { setpriv --reuid nobody --clear-groups "$@"; }

t_case "a manifest made with b2sum fits"
cd /run/members || t_give_up
{
    printf '{"schema": "defenseclaw.seed/1", "serial": 5, "name": "sandbox", "files": {'
    find . -type f ! -name manifest.json | sed 's|^\./||' | while read -r f; do
        printf '%s"%s": "%s"' "$comma" "$f" "$(b2sum <"$f" | cut -d' ' -f1)"
        comma=', '
    done
    printf '}}\n'
} >/run/manifest.json
mv /run/manifest.json .
expect jq . manifest.json

for format in ustar gnu pax; do
    t_case "GNU tar's $format format is taken"
    expect tar -c --format=$format -f /run/hand.tar -- *
    chmod 644 /run/hand.tar
    expect as_nobody defenseclaw seed inspect /run/hand.tar
    expect_said 'serial +5' 'secrets +PROVIDER_KEY'
    expect_silent_about very-secret
done

for packer in 'gzip -9' 'xz -6' 'zstd -19'; do
    # shellcheck disable=SC2086
    command -v ${packer%% *} >/dev/null || continue
    t_case "packed by $packer"
    # shellcheck disable=SC2086
    $packer -c /run/hand.tar >/run/hand.packed
    chmod 644 /run/hand.packed
    expect as_nobody defenseclaw seed inspect /run/hand.packed
done

t_case "a window of xz -9 is refused with that reason"
xz -9 -c /run/hand.tar >/run/hand.packed
expect_status 2 as_nobody defenseclaw seed inspect /run/hand.packed
expect_said 'ERROR: /run/hand.packed: an xz window of 64 MiB: at most 8 MiB'

t_case "tar's ./ names are refused with that reason"
tar -cf /run/dot.tar .
chmod 644 /run/dot.tar
expect_status 2 as_nobody defenseclaw seed inspect /run/dot.tar
expect_said "'\.' in its name"

t_case "--json is one document, without a secret value"
expect as_nobody defenseclaw seed inspect --json /run/hand.tar
expect_silent_about very-secret
expect_equal schema "$(jq -r .schema $T_OUT/stdout)" defenseclaw.seed/1
expect_equal secrets "$(jq -c .secrets $T_OUT/stdout)" '["PROVIDER_KEY"]'

t_case "ours says the same, and is deterministic"
rm /run/members/manifest.json
expect defenseclaw seed create --serial 5 --output /run/one.tar.gz /run/members
sleep 1.1
expect defenseclaw seed create --serial 5 --output /run/two.tar.gz /run/members
expect cmp /run/one.tar.gz /run/two.tar.gz
expect_equal mode "$(stat -c %a /run/one.tar.gz)" 600

t_case "wrong use ends with 2 and says what is right"
expect_status 2 defenseclaw seed create --output /run/x.zip /run/members
expect_said 'must end with \.tar'
expect_status 2 defenseclaw seed create --serial 0 --output /run/x.tar /run/members
expect_status 2 defenseclaw seed create --not-after tomorrow --output /run/x.tar /run/members
expect_status 2 defenseclaw seed create --name 'Bad Name' --output /run/x.tar /run/members
expect_status 2 defenseclaw seed create --output /run/x.tar
expect_status 2 defenseclaw seed create --output /run/x.tar /nowhere
expect_status 2 defenseclaw seed inspekt /run/hand.tar
expect_said 'nearest is inspect'
expect_status 2 defenseclaw seed sign /run/hand.tar
expect_said 'comes with'
expect_status 4 as_nobody defenseclaw firstboot
expect_status 2 defenseclaw firstboot --reprovision
expect_absent /run/x.tar /run/x.zip
