#!/bin/bash
# `sudo make demo`: watch a real Debian 13 provision itself, and an ordinary one come back exactly.
set -eu
cd "$(dirname "$0")/.."
. ci/cache.sh
[ "$(id -u)" = 0 ] || { echo "the demo boots machines: sudo make demo" >&2; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

step() { # TEXT COMMAND…
    printf '%s' "$bold==> $1$plain ... "
    local began=$SECONDS
    shift
    if "$@" >"$log" 2>&1; then
        printf 'done (%d s)\n' $((SECONDS - began))
    else
        printf 'failed\n'
        tail -n 40 "$log"
        exit 1
    fi
}

step "installing what is missing" ci/deps.sh build run tool
step "building the programs" make -j"$(nproc)" all test-tools
step "building a Debian 13 tree with mkosi (kept in $cache)" image/trees.sh debian13
step "installing the real OpenClaw from npm (kept in $cache)" ci/openclaw.sh
printf '%s\n\n' "$bold==> a new machine takes a seed bundle$plain"
tests/system/run --show -j 1 tests/demo/firstboot.sh
printf '\n%s\n\n' "$bold==> a machine that exists: setup, and --disable$plain"
tests/system/run --show -j 1 tests/demo/onhost.sh
printf '\n%s\n' "${bold}That was all real: mkosi's tree, systemd, OpenClaw." \
    "Nothing of it is left on this machine but $cache.$plain"
