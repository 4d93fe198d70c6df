#!/bin/bash
# Rules of the source tree that no compiler knows.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0

# rule NAME COMMAND…: passes when the command prints nothing.
rule() {
    local name=$1 found
    shift
    found=$("$@")
    if [ -z "$found" ]; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name"
        head -n 20 <<<"$found" | sed 's/^/#   /'
    fi
}

# The folders from the top down; an #include may only point down.
order="cli setup firstboot seed probe provision host resource engine gateway policy launch spec sys base"
# Said aloud: a run carries its bus connection, and the units' want names the live proofs.
known="src/sys/bus.h:engine/run.h src/provision/units.c:probe/"
upward_includes() {
    awk -v order="$order" -v known="$known" '
        BEGIN {
            n = split(order, o, " "); for (i = 1; i <= n; i++) rank[o[i]] = i
            m = split(known, k, " ")
        }
        function said(line,  i, part) {
            for (i = 1; i <= m; i++) {
                split(k[i], part, ":")
                if (FILENAME == part[1] && index(line, part[2])) return 1
            }
            return 0
        }
        match($0, /^#include "[a-z0-9]+\//) {
            split(FILENAME, path, "/"); from = path[2]
            to = substr($0, 11, RLENGTH - 11)
            if (!(from in rank)) print FILENAME ": folder " from " is not in the list"
            else if (rank[to] < rank[from] && !said($0)) print FILENAME ":" FNR ": " $0
        }' $(git ls-files 'src/*.c' 'src/*.h')
}

# A library's header is included from one folder only (libsodium, which also wipes secrets, is for all).
shared_libraries() {
    local names='systemd|netlink|libnftnl|libmnl|archive|event2|ares|yaml|sqlite3|jansson|seccomp|http_parser|pcre2'
    git grep -hoE "^#include <($names)[^>]*>" -- 'src/*.[ch]' |
        sort -u | sed 's/#include <//; s/>//' | while read -r header; do
        git grep -lF "#include <$header>" -- 'src/*.[ch]' | cut -d/ -f1-2 | sort -u | awk -v h="$header" '
            { n++; folders = folders " " $0 } END { if (n > 1) print h ":" folders }'
    done
}

long_lines() {
    git ls-files '*.c' '*.h' '*.sh' | xargs awk 'length($0) > 120 { print FILENAME ":" FNR ": " length($0) " columns" }'
}

left_overs() { git grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -- . ':!ci/check-tree.sh' ':!LICENSE'; }
shells_out() { git grep -nE '\b(system|popen)\(' -- 'src/*.c'; }

rule "an #include only points down the list of folders" upward_includes
rule "a library is included from one folder only" shared_libraries
rule "nothing is left to do in a comment" left_overs
rule "no program runs a shell" shells_out
rule "no line is longer than 120 columns" long_lines

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
