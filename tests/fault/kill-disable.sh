# trees: debian13
# timeout: 1500
# SIGKILL of disable at every line of its journal: then a plain --disable, and separately a plain setup.

prog=/usr/lib/dctest/defenseclaw-fault
. /usr/lib/dctest/trials.sh

t_case "setup and disable go through"
first_round

t_case "disable killed before every line, then --disable again"
killed=0
for ((n = 1; n < 1000; n++)); do
    expect_setup
    run env DEFENSECLAW_KILL_LINE=$n $prog sandbox setup --disable --non-interactive
    [ "$status" = 137 ] || break
    killed=$((killed + 1))
    expect_disable
    as_before "disable killed before line $n"
done
enough_kills

t_case "disable killed after every line, then setup"
killed=0
expect_setup
for ((n = 1; n < 1000; n++)); do
    run env DEFENSECLAW_KILL_LINE=$n DEFENSECLAW_KILL_AFTER=1 $prog sandbox setup --disable --non-interactive
    [ "$status" = 137 ] || break
    killed=$((killed + 1))
    expect_setup
    as_set "disable killed after line $n"
done
enough_kills

t_case "the whole machine is as it was"
whole_machine
