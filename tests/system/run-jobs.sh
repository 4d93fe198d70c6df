# trees: debian13 debian12
# timeout: 120
# `defenseclaw sandbox run`: whose status is whose, and what the job gets.

inside() { run defenseclaw sandbox run "$@"; }
status_of() { # WANT COMMAND…
    local want=$1
    shift
    expect_status "$want" defenseclaw sandbox run "$@"
}

t_case "without an instance it ends with 125 and names setup"
status_of 125 -- true
expect_said '^ERROR: ' '^fix: .*setup'
expect_setup --policy default || t_give_up

t_case "the job's own status comes through"
status_of 0 -- true
status_of 7 -- sh -c 'exit 7'

t_case "a signal is 128 and its number"
status_of 137 -- sh -c 'kill -KILL $$'
status_of 143 -- sh -c 'kill -TERM $$; sleep 5'

t_case "a command that isn't there is 127, one that can't run is 126"
status_of 127 -- nonesuch
status_of 127 -- /nonesuch
status_of 126 -- /etc/passwd

t_case "--timeout ends it with 124"
status_of 124 --timeout 1 -- sleep 60

t_case "bad usage is 2, and what comes later says so"
status_of 2
status_of 2 --timeout 0 -- true
status_of 2 --ephemeral -- true
expect_said 'ephemeral: comes with'
status_of 2 --fail-on-deny -- true
expect_said 'fail-on-deny: comes with'

t_case "its words reach it as they stand"
status_of 0 -- printf '%s|' '$HOME' '%n' 'a  b' '' "it's"
expect_said '^\$HOME\|%n\|a  b\|\|it.s\|$'

t_case "input, output and errors are its own"
echo from-outside | defenseclaw sandbox run -- cat >$T_OUT/said
expect_said '^from-outside$'
run defenseclaw sandbox run -- sh -c 'echo good; echo bad >&2'
expect_equal stdout "$(cat $T_OUT/stdout)" good
expect_equal stderr "$(cat $T_OUT/stderr)" bad

t_case "on a terminal it has one of its own"
tty_of_run() { script -qec "defenseclaw sandbox run -- sh -c 'tty; echo size \$(stty size); exit 5'" /dev/null; }
expect_status 5 tty_of_run
expect_said '/dev/pts/' '^size '

t_case "--json says how it ended, and nothing else is on standard output"
status_of 3 --json -- sh -c 'echo noise; exit 3'
expect jq -e '.schema == "defenseclaw.run/1" and .status == 3 and .result == "exited"' $T_OUT/stdout
status_of 124 --json --timeout 1 -- sleep 9

t_case "it is the sandbox user, in its namespace, without any privilege"
inside -- sh -c 'id; grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status
    python3 -c "import socket; print(socket.if_nameindex())"'
expect_said 'uid=[0-9]+\(sandbox\) gid=[0-9]+\(sandbox\) groups=[0-9]+\(sandbox\)$' \
    'CapEff:.0000000000000000' 'CapBnd:.0000000000000000' 'NoNewPrivs:.1' 'Seccomp:.2' "'eth0'"

t_case "it sees no file system but what the table binds"
inside -- sh -c 'ls /; ls /run; ls /var; ls /etc'
expect_silent_about '^(root|srv|mnt|opt|media|shadow|ssh|systemd-private.*|lib-modules|crontab)$'

t_case "it starts nothing that lends rights"
for p in sudo su crontab at; do
    [ ! -e /usr/bin/$p ] || expect_failure defenseclaw sandbox run -- /bin/$p --version
    [ ! -e /usr/bin/$p ] || expect_failure defenseclaw sandbox run -- /usr/bin/$p --version
done

t_case "nothing of a job is left behind, a daemon of it neither"
inside -- sh -c 'setsid sleep 300 >/dev/null 2>&1 & exit 0'
sleep 0.2
expect_failure pgrep -u sandbox -f 'sleep 300'
expect_equal "units" "$(systemctl list-units --all --no-legend --plain 'defenseclaw-run*')" ""

t_case "an orphan of the job is no zombie"
inside -- sh -c 'sh -c "sleep 0.1 &"; sleep 0.5; ps -o stat=,args= ax'
expect_silent_about '^Z'

t_case "a signal to run is one to the job"
defenseclaw sandbox run -- sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done' &
pid=$!
wait_for 10 pgrep -u sandbox -f 'trap .exit 9'
kill -TERM $pid
wait $pid
expect_equal status $? 9

t_case "with the instance stopped it ends with 125 and says what to start"
systemctl stop defenseclaw-sandbox.target
status_of 125 -- true
expect_said '^fix: systemctl start defenseclaw-sandbox.target'
