# trees: debian13
# timeout: 1500
# Every thing that setup puts, and every thing that disable puts back, fails once: rolled back, one
# error with step, cause and fix, exit 1, and the machine as it was.

prog=/usr/lib/dctest/defenseclaw-fault
. /usr/lib/dctest/trials.sh
export DEFENSECLAW_FAULT_LOG=$T_OUT/struck

# What a failed run has to leave: $1 compares, $2 is what failed.
check_failed() {
    [ "$status" = 1 ] || t_fail "status $status instead of 1 when failing: $2" "$(t_said)"
    grep -q '^ERROR: ' $T_OUT/stderr || t_fail "no error line when failing: $2" "$(t_said)"
    [ "$(grep -c '^ERROR: ' $T_OUT/stderr)" = 1 ] || t_fail "more than one error: $2" "$(t_said)"
    grep -q '^fix: ' $T_OUT/stderr || t_fail "no fix when failing: $2" "$(t_said)"
    ! grep -q 'rolling back failed' $T_OUT/stderr || t_fail "not rolled back: $2" "$(t_said)"
    "$1" "failing: $2"
}

fail_each() { # COMPARE RESTORE COMMAND…: each thing in turn, until there is no Nth one any more
    local compare=$1 restore=$2 n what
    shift 2
    for ((n = 1; n < 1000; n++)); do
        rm -f $T_OUT/struck
        run env DEFENSECLAW_FAIL_ITEM=$n "$@"
        if [ -e $T_OUT/struck ]; then
            what=$(cat $T_OUT/struck)
            struck=$((struck + 1))
            check_failed "$compare" "$what"
        elif [ "$n" -gt "$(cat $T_OUT/struck.items)" ]; then
            break
        else # that thing needed no call that could fail: put the machine back, and go on
            t_note "nothing to fail: thing $n"
            $restore
        fi
    done
}

t_case "setup and disable go through"
first_round

t_case "every thing that setup puts fails once, and is rolled back"
struck=0
fail_each as_before expect_disable $prog sandbox setup --non-interactive
[ $struck -gt 50 ] || t_fail "only $struck things failed"
t_note "$struck things failed"

t_case "setup stands afterwards"
expect defenseclaw sandbox verify

t_case "every thing that disable puts back fails once, and the instance stands as before"
struck=0
fail_each as_set expect_setup $prog sandbox setup --disable --non-interactive
[ $struck -gt 50 ] || t_fail "only $struck things failed"
t_note "$struck things failed"

t_case "nothing is left to disable afterwards"
expect_disable
expect_said 'nothing to do'
whole_machine
