#!/bin/bash
# clang-format, clang-tidy and shellcheck over the tree.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
step() { "$@" || failed=1; }

step clang-format --dry-run --Werror $(git ls-files '*.c' '*.h')
step shellcheck -S warning -x -s sh -e SC1091,SC2154 $(git grep -lE '^#!/bin/sh' -- ci image tests)
step shellcheck -S warning -x -s bash -e SC1091,SC2016,SC2046,SC2154,SC2317 $(git grep -lE '^#!/bin/bash' -- ci tests)
# The tests' files are sourced: what they use stands in lib.sh.
step shellcheck -S warning -s bash -e SC1090,SC1091,SC2034,SC2154,SC2317,SC2016,SC2088 \
    tests/system/*.sh tests/escape/*.sh tests/fault/*.sh tests/bench/*.sh tests/demo/*.sh
if command -v clang-tidy >/dev/null; then
    step clang-tidy --quiet $(git ls-files 'src/*.c') -- -Isrc -D_GNU_SOURCE -std=c17 \
        $(pkg-config --cflags libnl-3.0)
fi
step ci/check-tree.sh
exit $failed
