#!/bin/sh
# Makes the trees that the tests boot, and prints where they are, top layer first, as overlayfs wants
# its lowerdir= (a:b:c).
#   image/trees.sh debian13|debian12 [LAYER…]      LAYER: a file of mkosi.profiles
#   image/trees.sh all
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
. "$root/ci/cache.sh"
cd "$root"

suite_of() {
    case $1 in
    debian12) echo bookworm ;;
    debian13) echo trixie ;;
    *) say "image/trees.sh: no tree is called $1; there are debian13 and debian12"; exit 2 ;;
    esac
}

# What mkosi gets besides its files: this machine's package sources and what it needs to reach them.
sandbox_tree() { # SUITE
    dir=$cache/sources-$1
    mkdir -p "$dir/etc/apt/sources.list.d" "$dir/etc/apt/apt.conf.d"
    ci/apt-sources "$1" >"$dir/etc/apt/sources.list.d/mkosi.sources"
    apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-)' >"$dir/etc/apt/apt.conf.d/90-machine" || :
    echo "$dir"
}

run_mkosi() { # SUITE OUTPUT ARGUMENT…
    suite=$1
    output=$2
    shift 2
    mkdir -p "$cache/mkosi-work" "$cache/mkosi-packages-$suite"
    log=$cache/$output.log
    sources=$(sandbox_tree "$suite")
    if ! ci/mkosi --directory "$root" --release "$suite" --sandbox-tree "$sources" \
        --package-cache-directory "$cache/mkosi-packages-$suite" --workspace-directory "$cache/mkosi-work" \
        --output-directory "$cache" --output "$output.new" --force "$@" build >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        say "image/trees.sh: mkosi failed; the whole log is $log"
        exit 1
    fi
    mv "$cache/$output.new" "$cache/$output"
}

# The key of the plain tree: all that decides what is in it.
base_key() { cache_key mkosi.conf mkosi.conf.d image/tree "$(ci/deps.sh --print "${1#debian}" run)"; }

make_base() { # TREE NAME
    [ ! -d "$cache/$2" ] || return 0
    say "trees: building $1 with mkosi (once, into $cache/$2)"
    # shellcheck disable=SC2046 # package names
    run_mkosi "$(suite_of "$1")" "$2" $(ci/deps.sh --print "${1#debian}" run | sed 's/^/--package=/')
}

make_layer() { # TREE BASE LAYER NAME
    [ ! -d "$cache/$4" ] || return 0
    [ -f "mkosi.profiles/$3.conf" ] || { say "image/trees.sh: no layer is called $3"; exit 2; }
    say "trees: laying $3 over $1 (once, into $cache/$4)"
    run_mkosi "$(suite_of "$1")" "$4" --profile layer --profile "$3" --base-tree "$cache/$2"
}

lowerdir() { # TREE LAYER…
    tree=$1
    shift
    suite_of "$tree" >/dev/null
    key=$(base_key "$tree")
    base=tree-$tree-$key
    cache_locked trees make_base "$tree" "$base"
    dirs=$cache/$base
    for layer; do
        name=layer-$tree-$layer-$(cache_key "$key" "mkosi.profiles/$layer.conf")
        cache_locked trees make_layer "$tree" "$base" "$layer" "$name"
        dirs=$cache/$name:$dirs
    done
    echo "$dirs"
}

if [ "${1-}" = all ]; then
    for tree in debian13 debian12; do lowerdir "$tree"; done
    for layer in firewalld ufw networkmanager cloudinit; do lowerdir debian13 "$layer"; done
else
    lowerdir "${@:?debian13 or debian12}"
fi
