#!/bin/sh
# What each program is linked with and how it was built, read from the files themselves.
#   ci/check-links.sh BUILD
set -u
build=${1:-build}
passed=0
failed=0

ok() { passed=$((passed + 1)); echo "ok - $*"; }
bad() { failed=$((failed + 1)); echo "not ok - $*"; }
check() { # NAME COMMAND…
    name=$1
    shift
    if "$@"; then ok "$name"; else bad "$name"; fi
}

needed() { readelf -dW "$build/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
needs_none_of() { # PROGRAM REGEX
    ! needed "$1" | grep -E "^lib($2)(-|\.)" | sed 's/^/#   links /' | grep .
}
needs() { needed "$1" | grep -qE "^lib($2)(-|\.)"; }
lacks_symbols() { ! nm "$build/$1" | grep -E " [TtDdBb] ($2)" | sed 's/^/#   /' | grep .; }

pie() { readelf -hW "$build/$1" | grep -q 'Type: *DYN'; }
relro() { readelf -lW "$build/$1" | grep -q GNU_RELRO && readelf -dW "$build/$1" | grep -q BIND_NOW; }
no_exec_stack() { readelf -lW "$build/$1" | grep 'GNU_STACK' | grep -qv 'RWE'; }
imports() { nm -D --undefined-only "$build/$1" | grep -qE " $2(@|\$)"; }
endbr() { objdump -d --no-show-raw-insn --disassemble=main "$build/$1" | grep -q endbr64; }
no_rpath() { ! readelf -dW "$build/$1" | grep -qE 'RPATH|RUNPATH'; }

check "only the seed reader links libarchive" needs defenseclaw-seed-archive archive
for p in defenseclaw defenseclaw-gateway defenseclaw-launch; do
    check "$p doesn't link libarchive" needs_none_of $p archive
done
check "the gateway links neither nftables nor netlink" needs_none_of defenseclaw-gateway 'nftnl|mnl|nl-3|nl-route-3'
check "the gateway holds nothing of the engine" lacks_symbols defenseclaw-gateway 'plan_|journal_|record_|walk_|kind_'
check "the provisioner doesn't link SQLite" needs_none_of defenseclaw sqlite3
check "the launcher links neither D-Bus nor netlink" needs_none_of defenseclaw-launch 'systemd|nl-3|nftnl|mnl'

for p in defenseclaw defenseclaw-gateway defenseclaw-seed-archive defenseclaw-launch; do
    check "$p is position independent" pie $p
    check "$p has full RELRO" relro $p
    check "$p has no executable stack" no_exec_stack $p
    check "$p is built with the stack protector" imports $p __stack_chk_fail
    check "$p is built with _FORTIFY_SOURCE" imports $p '__[a-z]*_chk'
    check "$p has no run path" no_rpath $p
    # The compiler puts the landing pads where it knows how to (x86).
    [ "$(uname -m)" != x86_64 ] || check "$p has CET's landing pads" endbr $p
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
