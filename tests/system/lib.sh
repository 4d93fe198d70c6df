# shellcheck shell=bash
# What a system test is written with. A test is a shell file that runs as root inside a booted machine:
#
#   t_case "the target is active"
#   expect systemctl is-active --quiet defenseclaw-sandbox.target
#   expect_status 2 defenseclaw sandbox setup --openclaw-port 0 --non-interactive
#   expect_said 'port'
#
# A case ends where the next begins; it has failed if one expectation in it did. Nothing stops at a
# failure: what cannot go on says `|| t_give_up`. `prepare() { …; }` runs in the machine before it boots
# (files, users, a seed bundle); `nspawn_argument WORD…` there adds to the boot's command line.
# T_BOOT is 1, and one more after each `t_reboot`.

T_OUT=/run/dc
T_BOOT=1

# --- cases ----------------------------------------------------------------------------------------

t_start() {
    [ ! -e $T_OUT/boots ] || T_BOOT=$(($(wc -l <$T_OUT/boots) + 1))
    echo boot >>$T_OUT/boots
    t_name='' t_failed=0 t_began=$EPOCHREALTIME
    : >$T_OUT/said
}

t_close() {
    [ -n "$t_name" ] || return 0
    local word=ok
    [ "$t_failed" = 0 ] || word='not ok'
    printf '%s - %s (%s s)\n' "$word" "$t_name" \
        "$(awk -v a="$t_began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')" >>$T_OUT/results
    [ ! -s $T_OUT/details ] || { sed 's/^/# /' $T_OUT/details >>$T_OUT/results; : >$T_OUT/details; }
    t_name=''
}

t_case() {
    t_close
    t_name=$1 t_failed=0 t_began=$EPOCHREALTIME
    echo "=== $1"
}

t_finish() {
    t_close
    echo '# end' >>$T_OUT/results
}

# Ends the test here: what follows would only say the same again.
t_give_up() {
    t_fail "the rest of this file needs this"
    t_finish
    exit 1
}

# Boots the machine again; the file runs from its top with T_BOOT one higher.
t_reboot() {
    t_close
    : >$T_OUT/reboot
    exit 0
}

t_fail() {
    t_failed=1
    t_name=${t_name:-what comes before the first case}
    printf '%s\n' "$@" >>$T_OUT/details
    printf 'FAILED: %s\n' "$@"
}

t_note() { printf '%s\n' "$@" >>$T_OUT/details; }

# --- running and expecting ------------------------------------------------------------------------

# run COMMAND…: its status is in $status, what it said in $T_OUT/said (stdout, then stderr).
run() {
    echo "+ $*"
    # Renamed afterwards, so that a command may read what the one before it said.
    "$@" >$T_OUT/stdout.new 2>$T_OUT/stderr.new </dev/null
    status=$?
    mv $T_OUT/stdout.new $T_OUT/stdout
    mv $T_OUT/stderr.new $T_OUT/stderr
    cat $T_OUT/stdout $T_OUT/stderr >$T_OUT/said
    sed 's/^/  /' $T_OUT/said
    return 0
}

t_said() { tail -n 15 $T_OUT/said | sed 's/^/    /'; }

expect() {
    run "$@"
    [ "$status" = 0 ] || { t_fail "status $status: $*" "$(t_said)"; return 1; }
}

expect_status() { # STATUS COMMAND…
    local want=$1
    shift
    run "$@"
    [ "$status" = "$want" ] || { t_fail "status $status instead of $want: $*" "$(t_said)"; return 1; }
}

# Any failure will do; for commands whose status is nobody's contract.
expect_failure() {
    run "$@"
    [ "$status" != 0 ] || { t_fail "succeeded: $*" "$(t_said)"; return 1; }
}

# expect_said REGEX…: each in what the last command said.
expect_said() {
    local r
    for r; do
        grep -qE -e "$r" $T_OUT/said || { t_fail "did not say: $r" "$(t_said)"; return 1; }
    done
}

expect_silent_about() { # REGEX
    ! grep -qE -e "$1" $T_OUT/said || { t_fail "said: $1" "$(t_said)"; return 1; }
}

expect_equal() { # WHAT GOT WANT
    [ "$2" = "$3" ] || { t_fail "$1: got «$2», want «$3»"; return 1; }
}

expect_same_file() { # BEFORE AFTER
    diff -u "$1" "$2" >$T_OUT/diff 2>&1 ||
        { t_fail "$1 and $2 differ:" "$(grep -E '^[-+]' $T_OUT/diff | head -n 30)"; return 1; }
}

expect_absent() { # PATH…
    local p
    for p; do
        [ ! -e "$p" ] && [ ! -L "$p" ] || { t_fail "$p is there"; return 1; }
    done
}

wait_for() { # SECONDS COMMAND…
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { t_fail "waited in vain for: $*"; return 1; }
        sleep 0.05
    done
}

# --- the program ----------------------------------------------------------------------------------

dc_setup() { run defenseclaw sandbox setup --non-interactive "$@"; }
expect_setup() { expect defenseclaw sandbox setup --non-interactive "$@"; }
expect_disable() { expect defenseclaw sandbox setup --disable --non-interactive "$@"; }

# As the sandbox user inside the namespace, but outside the unit: what a naive sandbox would be.
in_sandbox() {
    local n=${T_INSTANCE:-sandbox}
    ip netns exec "${n}0" setpriv --reuid "$n" --regid "$n" --clear-groups "$@"
}

# --- for `tests/system/run --show` ----------------------------------------------------------------

say() { printf '%s\n' "$@" >>$T_OUT/show; }

# show COMMAND…: the command as a person types it, and what it prints.
show() {
    printf '\n\033[1m# %s\033[0m\n' "$*" >>$T_OUT/show
    "$@" >$T_OUT/said 2>&1 </dev/null
    status=$?
    sed 's/^/  /' $T_OUT/said | tee -a $T_OUT/show
    [ $status = 0 ] || t_fail "status $status: $*"
}

# --- the machine's listing ------------------------------------------------------------------------

# What the page says stays after --disable, and what no machine keeps still. Nothing else is left out.
T_UNLISTED=(
    /proc /sys /dev /run /tmp       # no disk's; links, rulesets and sysctls are listed by their tools
    /var/log                        # logs
    /var/lib/systemd                # systemd's own: timers' stamps, the catalogue, linger
    /var/lib/defenseclaw            # the record in state `disabled`
    /var/lib/defenseclaw-gateway    # the audit database
    /var/lib/private /var/tmp/systemd-private-'*' /var/cache/private
    /etc/passwd /etc/group /etc/shadow /etc/gshadow     # listed below without ours
    /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/.pwd.lock
    /root/.cache
)
# The sandbox user's home stays, with its profile of OpenClaw and the shell's own files.
T_HOME_STAYS=('' /.openclaw /.openclaw/agents /.bashrc /.profile /.bash_logout)

listing_files() { # HOME…
    local home stays=() h
    for home; do
        for h in "${T_HOME_STAYS[@]}"; do stays+=("$home$h"); done
    done
    # The home's own line goes, what is in it is listed.
    /usr/lib/dctest/listing / "${T_UNLISTED[@]}" | if [ ${#stays[@]} -gt 0 ]; then
        awk -v stays="${stays[*]}" 'BEGIN { n = split(stays, a, " "); for (i = 1; i <= n; i++) skip[a[i]] = 1 }
            !($1 in skip)'
    else
        cat
    fi
}

listing_accounts() { # INSTANCE
    local f
    for f in passwd group shadow gshadow subuid subgid; do
        [ -e /etc/$f ] || continue
        stat -c "%n %a %u:%g" /etc/$f
        grep -vE "^($1|defenseclaw):" /etc/$f
    done
}

# Counters and random numbers.
T_UNSTEADY_SYSCTLS='kernel\.(random|ns_last_pid|pty\.nr|keys|perf|sched|hostname)|vm\.stat|dev\.cdrom'
T_UNSTEADY_SYSCTLS+='|fs\.(dentry|inode|file-nr|aio-nr|quota)|net\.netfilter\.nf_conntrack_count'
T_UNSTEADY_SYSCTLS+='|net\.ipv4\.tcp_(fastopen_key|mem)'

listing_network() {
    ip -d -o link | sed 's/^[0-9]*: //; s/ link-netnsid [0-9]*//'
    ip -o addr | sed 's/^[0-9]*: //'
    ip route show table all
    ip -6 route show table all
    ip rule
    ip neigh
    ip netns list
    nft -s list ruleset # without its counters
    sysctl -a 2>/dev/null | grep -vE "^($T_UNSTEADY_SYSCTLS)"
}

# What a timer, a bus name or a session starts comes and goes by itself; so do mounts and devices.
T_UNSTEADY_UNITS='dc-test|systemd-(hostnamed|tmpfiles-clean|timedated|localed|creds)|polkit|modprobe@'
T_UNSTEADY_UNITS+='|dpkg-db-backup|logrotate|apt-daily|session-|user@|user-|init\.scope|system-'
T_UNSTEADY_UNITS+='|run-|tmp|proc-|sys-|dev-'

listing_units() {
    systemctl list-unit-files --no-legend --no-pager
    # Services that a timer or a bus name starts come and go by themselves.
    systemctl list-units --all --no-legend --no-pager --plain --state=active,failed |
        awk '{ print $1, $2, $3, $4 }' |
        grep -vE "^($T_UNSTEADY_UNITS)"
}

# listing FILE [INSTANCE [HOME]]: the whole machine.
listing() {
    local n=${2:-sandbox}
    {
        listing_files "${3:-/home/$n}"
        listing_accounts "$n"
        listing_network
        listing_units
    } >"$1" 2>$T_OUT/listing.err
    [ -s "$1" ] || t_fail "the listing is empty: $(cat $T_OUT/listing.err)"
}

journal_tail() { journalctl -b --no-pager -n "${1:-40}"; }

nspawn_argument() { printf '%s\n' "$@" >>$T_OUT/nspawn-arguments; }
