# trees: debian13
# timeout: 1500
# SIGKILL of setup at every line of its journal, before and after the line is written: then a plain
# --disable, and separately a plain setup. The whole machine is compared at the end, and what setup can
# touch after every trial.

prog=/usr/lib/dctest/defenseclaw-fault
. /usr/lib/dctest/trials.sh

t_case "setup and disable go through"
first_round

t_case "setup killed before every line, then --disable"
killed=0
for ((n = 1; n < 1000; n++)); do
    run env DEFENSECLAW_KILL_LINE=$n $prog sandbox setup --non-interactive
    [ "$status" = 137 ] || break
    killed=$((killed + 1))
    expect_disable
    as_before "setup killed before line $n"
done
enough_kills
expect_disable
as_before "the run that was not killed"

t_case "setup killed after every line, then setup again, then --disable"
killed=0
for ((n = 1; n < 1000; n++)); do
    run env DEFENSECLAW_KILL_LINE=$n DEFENSECLAW_KILL_AFTER=1 $prog sandbox setup --non-interactive
    [ "$status" = 137 ] || break
    killed=$((killed + 1))
    expect_setup
    as_set "setup killed after line $n"
    expect_disable
    as_before "setup killed after line $n, then finished and disabled"
done
enough_kills
expect_disable

t_case "the whole machine is as it was"
whole_machine
