#!/bin/sh
# The real OpenClaw from npm, with a Node of its own, as a tree that the tests bind at /opt/openclaw.
# Prints the tree's directory; makes it first if it isn't in the cache.
set -eu
. "$(dirname "$0")/cache.sh"
node=24.21.0
openclaw=2026.9.6

tree=$cache/openclaw-$(cache_key "$0")

install_tree() {
    [ ! -d "$tree" ] || return 0
    say "openclaw: installing $openclaw with node $node from npm (once, into $tree)"
    new=$tree.new
    rm -rf "$new"
    mkdir -p "$new/bin"
    cd "$new"
    # npm writes the registry's address into every entry of a lock file unless it is told not to.
    printf 'omit-lockfile-registry-resolved=true\nfund=false\naudit=false\nupdate-notifier=false\n' >.npmrc
    npm install --loglevel=error "node@$node" >&2
    # The install scripts of OpenClaw's packages only warn and prebuild; it runs without them, and a
    # build that runs no foreign script is one less thing to trust.
    PATH=$new/node_modules/node/bin:$PATH \
        npm install --loglevel=error --ignore-scripts "openclaw@$openclaw" >&2
    printf '#!/bin/sh\nexec /opt/openclaw/node_modules/node/bin/node %s "$@"\n' \
        /opt/openclaw/node_modules/openclaw/openclaw.mjs >bin/openclaw
    chmod 755 bin/openclaw
    chown -R 0:0 .
    chmod -R go-w .
    "$new/node_modules/node/bin/node" "$new/node_modules/openclaw/openclaw.mjs" --version >&2
    cd /
    mv "$new" "$tree"
}

cache_locked openclaw install_tree
echo "$tree"
