#!/bin/bash
# `make check`: builds with both compilers, unit tests with and without sanitizers, link checks and the
# system tests. Prints every result by name; the last line is the sum.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/cache.sh
jobs=$(nproc)
passed=0
failed=0
began=$SECONDS
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

section() { printf '\n# %s (after %d s)\n' "$1" $((SECONDS - began)); }

# One check: a command that succeeds or fails.
check() { # NAME COMMAND…
    local name=$1
    shift
    if "$@" >"$logs/one" 2>&1; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name"
        tail -n 40 "$logs/one" | sed 's/^/# /'
    fi
}

# A suite prints its own results and ends with `N passed, N failed`.
suite() { # NAME COMMAND…
    local name=$1 last
    shift
    "$@" 2>&1 | tee "$logs/suite"
    local status=${PIPESTATUS[0]}
    last=$(tail -n 1 "$logs/suite")
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        [ "$status" = 0 ] || [ "${BASH_REMATCH[2]}" != 0 ] || failed=$((failed + 1))
    else
        failed=$((failed + 1))
        echo "not ok - $name: ended without a sum"
    fi
}

section "what the machine needs"
check "the missing packages are installed" ci/deps.sh build run tool

# The trees come over the network while the compilers work.
(image/trees.sh all && ci/openclaw.sh) >"$logs/trees" 2>&1 &
trees=$!

section "builds"
check "gcc builds everything without a warning" make -j"$jobs" all test-tools
check "clang builds everything without a warning" make -j"$jobs" CC=clang BUILD=build/clang all
check "the sanitized build has no warning" make -j"$jobs" SANITIZE=1 BUILD=build/asan all
check "make install puts everything beneath DESTDIR" make -s install "DESTDIR=$logs/stage"

section "unit tests"
make -s -j"$jobs" unit-programs >"$logs/one" 2>&1 || cat "$logs/one"
suite "unit tests" make -s unit
section "unit tests under ASan and UBSan"
make -s -j"$jobs" SANITIZE=1 BUILD=build/asan unit-programs >"$logs/one" 2>&1 || cat "$logs/one"
suite "unit tests under ASan and UBSan" make -s SANITIZE=1 BUILD=build/asan unit

section "links and hardening"
suite "links and hardening" ci/check-links.sh build
section "the tree itself"
suite "the tree itself" ci/check-tree.sh

section "system tests"
check "mkosi builds the test trees" wait "$trees"
[ ! -s "$logs/trees" ] || sed 's/^/# /' "$logs/trees"
suite "system tests" make -s system

printf '\n# %d s\n' $((SECONDS - began))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
