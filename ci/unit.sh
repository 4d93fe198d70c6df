#!/bin/sh
# Runs unit test programs, given as arguments, each case by name; ends with `N passed, N failed`.
set -u
passed=0
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

for program; do
    name=$(basename "$program")
    CMOCKA_MESSAGE_OUTPUT=STDOUT timeout 300 "$program" >"$out" 2>&1
    status=$?
    ok=$(grep -c '^\[       OK \]' "$out")
    bad=$(grep -c '^\[  FAILED  \] [a-z0-9_]*$' "$out")
    # Names as sentences; a failed one with what it said.
    sed -n "s/^\[       OK \] \(.*\)/ok - $name: \1/p" "$out" | tr _ ' '
    if [ "$status" != 0 ] || [ "$ok" = 0 ]; then
        # A program that dies on the way has failed, whatever its cases said before.
        [ "$bad" -gt 0 ] || bad=1
        echo "not ok - $name: exit status $status"
        sed 's/^/# /' "$out"
    fi
    passed=$((passed + ok))
    failed=$((failed + bad))
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
