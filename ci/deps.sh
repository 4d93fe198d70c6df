#!/bin/sh
# Installs what is missing on Debian 12 and 13, from ci/packages and nothing else.
#   ci/deps.sh [PURPOSE…]                  install; default: build run tool
#   ci/deps.sh --print RELEASE PURPOSE…    the package names, one a line
set -eu
here=$(dirname "$0")

names() { # RELEASE PURPOSE…
    release=$1
    shift
    awk -v release="$release" -v want=" $* " '
        /^#/ || NF < 2 || !index(want, " " $1 " ") { next }
        { name = (release >= 13 && NF > 2) ? $3 : $2 }
        name != "-" { print name }' "$here/packages"
}

if [ "${1-}" = --print ]; then
    shift
    names "$@"
    exit
fi

. /etc/os-release
case ${ID-}:${VERSION_ID-} in
debian:12 | debian:13) ;;
*) echo "ci/deps.sh: this is ${PRETTY_NAME-an unknown system}; the list knows Debian 12 and 13" >&2 ;;
esac

# A program that is there by other means (npm from upstream, say) needs no package.
present() {
    case $1 in
    npm | jq | clang | gcc | make | shellcheck | clang-format | clang-tidy) command -v "$1" >/dev/null ;;
    *) dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed ;;
    esac
}

missing=
for p in $(names "${VERSION_ID:-13}" "${@:-build run tool}"); do
    present "$p" || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

echo "installing:$missing"
root=
[ "$(id -u)" = 0 ] || root=sudo
$root apt-get -q update
# shellcheck disable=SC2086 # a list of names, none of which has a space
DEBIAN_FRONTEND=noninteractive $root apt-get -qy --no-install-recommends install $missing
