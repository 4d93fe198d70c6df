# shellcheck shell=bash
# What the tests of many trials in one boot share: a listing of all that setup can touch, which takes a
# tenth of the whole machine's.

quick() { # FILE
    {
        /usr/lib/dctest/listing /etc "${T_UNLISTED[@]}" | grep -v '^/etc/ld.so.cache'
        /usr/lib/dctest/listing /home
        find /run/netns /run/defenseclaw -printf '%p %M %u %g %l\n' 2>/dev/null | grep -v '^/run/defenseclaw'
        listing_accounts sandbox
        ip -o link | sed 's/^[0-9]*: //; s/ link-netnsid [0-9]*//; s/if[0-9]*//'
        ip -o addr | sed 's/^[0-9]*: //'
        ip route show table all
        ip neigh
        nft -s list ruleset
        systemctl list-units --all --no-legend --no-pager --plain 'defenseclaw*' 'openshell*' |
            awk '{ print $1, $2, $3, $4 }' | grep -v '^defenseclaw-firstboot'
    } >"$1" 2>&1
    [ -s "$1" ] || t_fail "the listing is empty"
}

# A key or a token is new with every first setup, and so are their digests.
without_secrets() { sed -E 's/^([^ ]*(device\.(key|pub)|\.env) .*) [0-9a-f]{32,}/\1/' "$1"; }

as_before() { # WHAT
    quick $T_OUT/now
    expect_same_file $T_OUT/before $T_OUT/now || t_fail "left over: $1"
}

as_set() { # WHAT
    quick $T_OUT/now
    without_secrets $T_OUT/now >$T_OUT/now.bare
    expect_same_file $T_OUT/set $T_OUT/now.bare || t_fail "not converged: $1"
}

# The first round makes the users, which stay: what follows is compared with what it leaves.
first_round() {
    expect_setup || t_give_up
    expect_disable || t_give_up
    listing $T_OUT/whole sandbox /nowhere
    quick $T_OUT/before
    expect_setup
    quick $T_OUT/now
    without_secrets $T_OUT/now >$T_OUT/set
    expect_disable
    as_before "a plain round"
}

whole_machine() {
    run defenseclaw sandbox setup --disable --non-interactive
    listing $T_OUT/whole.now sandbox /nowhere
    expect_same_file $T_OUT/whole $T_OUT/whole.now
}

enough_kills() {
    [ $killed -gt 100 ] || t_fail "killed only $killed times"
    t_note "$killed kills"
}
