# timeout: 180
# Bundles that must be refused: exit 2, one line that names the input, nothing written.

python3 /usr/lib/dctest/mkseed.py --bad /run/bad
listing $T_OUT/before sandbox /nowhere

t_case "a good bundle made by hand is taken, so the bad ones aren't refused for a wrong reason"
mkdir /run/good && echo '{"policy": "default"}' >/run/good/flags.json
expect python3 /usr/lib/dctest/mkseed.py /run/good /run/good.tar
expect defenseclaw seed inspect /run/good.tar
for c in gzip xz zstd; do
    $c -k -c /run/good.tar >/run/good.$c
    expect defenseclaw seed inspect /run/good.$c
done

while IFS=$'\t' read -r name word; do
    t_case "refused: bundle $name"
    case $name in
    expired | other-machine) # sound, but not for this machine now: inspect shows them
        expect_status 2 defenseclaw firstboot --seed "/run/bad/$name.tar"
        word=${word/not_after/ended}
        ;;
    *) expect_status 2 defenseclaw seed inspect "/run/bad/$name.tar" ;;
    esac
    expect_equal "error lines" "$(grep -c '^ERROR: ' $T_OUT/stderr)" 1
    [ -z "$word" ] || grep '^ERROR: ' $T_OUT/stderr | grep -qF -- "$word" ||
        t_fail "the line doesn't name $word" "$(t_said)"
    expect_status 2 defenseclaw firstboot --seed "/run/bad/$name.tar"
done </run/bad/list

t_case "nothing of all that was written"
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after
expect_absent /var/lib/defenseclaw/provisioned.json /etc/defenseclaw
expect_failure getent passwd sandbox
