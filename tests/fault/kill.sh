# trees: debian13
# timeout: 1500
# SIGKILL at every line of the journal, before and after it is written: setup and disable, then a plain
# rerun, and separately a plain --disable.

prog=/usr/lib/dctest/defenseclaw-fault
killed=0

as_before() { # WHAT
    listing $T_OUT/now sandbox /nowhere
    expect_same_file $T_OUT/before $T_OUT/now || t_fail "left over: $1"
}

as_set() { # WHAT
    listing $T_OUT/now sandbox /nowhere
    expect_same_file $T_OUT/set $T_OUT/now || t_fail "not converged: $1"
}

# The first round makes the user, which stays: what follows is compared with what that leaves.
t_case "setup and disable go through"
expect_setup
expect_disable
listing $T_OUT/before sandbox /nowhere
expect_setup
listing $T_OUT/set sandbox /nowhere
expect_disable
as_before "a plain round"

t_case "setup killed at every line, then --disable"
for ((n = 1; n < 1000; n++)); do
    for after in '' 1; do
        run env DEFENSECLAW_KILL_LINE=$n ${after:+DEFENSECLAW_KILL_AFTER=1} $prog sandbox setup --non-interactive
        [ "$status" = 137 ] || break 2
        killed=$((killed + 1))
        expect_disable
        as_before "setup killed ${after:+after }at line $n"
    done
done
[ $killed -gt 100 ] || t_fail "killed only $killed times"
t_note "$killed kills"
expect_disable
as_before "the run that was not killed"

t_case "setup killed at every line, then setup again"
killed=0
for ((n = 1; n < 1000; n++)); do
    run env DEFENSECLAW_KILL_LINE=$n $prog sandbox setup --non-interactive
    [ "$status" = 137 ] || break
    killed=$((killed + 1))
    expect_setup
    as_set "setup killed at line $n"
    expect_disable
done
[ $killed -gt 100 ] || t_fail "killed only $killed times"
t_note "$killed kills"

t_case "disable killed at every line, then --disable again"
killed=0
for ((n = 1; n < 1000; n++)); do
    expect_setup
    run env DEFENSECLAW_KILL_LINE=$n $prog sandbox setup --disable --non-interactive
    [ "$status" = 137 ] || break
    killed=$((killed + 1))
    expect_disable
    as_before "disable killed at line $n"
done
[ $killed -gt 100 ] || t_fail "killed only $killed times"
t_note "$killed kills"

t_case "disable killed at every line, then setup"
killed=0
expect_setup
for ((n = 1; n < 1000; n++)); do
    run env DEFENSECLAW_KILL_LINE=$n DEFENSECLAW_KILL_AFTER=1 $prog sandbox setup --disable --non-interactive
    [ "$status" = 137 ] || break
    killed=$((killed + 1))
    expect_setup
    as_set "disable killed after line $n"
done
[ $killed -gt 100 ] || t_fail "killed only $killed times"
t_note "$killed kills"
