# shellcheck shell=sh
# Sourced. The cache of all that takes long to make (trees, mkosi, OpenClaw), outside the source tree.
# Everything in it is named by the digest of what it was made from, so nothing has to be invalidated.
cache=${DEFENSECLAW_CACHE:-/var/cache/defenseclaw-test}
mkdir -p "$cache"

# cache_key FILE-OR-STRING…: a short name for the contents; a relative tree is read file by file.
cache_key() {
    for part; do
        if [ -d "$part" ]; then find "$part" -type f -exec sha256sum {} + | sort
        elif [ -f "$part" ]; then sha256sum <"$part"
        else printf '%s\n' "$part"; fi
    done | sha256sum | cut -c1-12
}

# cache_locked NAME COMMAND…: runs the command while holding the cache's lock of that name.
cache_locked() {
    exec 9>"$cache/$1.lock"
    flock 9
    shift
    "$@" 9>&-
    exec 9>&-
}

say() { printf '%s\n' "$*" >&2; }
