# timeout: 180
# Every bad bundle that the unit tests know, given to first boot: exit 2, one line that names it, and
# nothing written.

mkdir -p /run/bad
/usr/lib/dctest/badseeds /run/bad
listing $T_OUT/before

for bundle in /run/bad/*.tar; do
    what=${bundle##*/}
    what=${what%.tar}
    t_case "first boot refuses a bundle for ${what//_/ }"
    expect_status 2 defenseclaw firstboot --seed "$bundle"
    expect_equal "lines that name the bundle" "$(grep -c "^ERROR: $bundle: " $T_OUT/stderr)" 1
    expect_equal "other lines" "$(grep -cvE '^(ERROR|fix): ' $T_OUT/said)" 0
done

t_case "there were at least 60 of them"
expect test "$(find /run/bad -name '*.tar' | wc -l)" -ge 60

t_case "nothing was written by any"
listing $T_OUT/after
expect_same_file $T_OUT/before $T_OUT/after
expect_absent /var/lib/defenseclaw /etc/defenseclaw /etc/issue.d/defenseclaw.issue
