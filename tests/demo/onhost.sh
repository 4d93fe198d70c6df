# needs: openclaw
# timeout: 300
# The demo's second half: a machine that exists already, provisioned and put back.

t_case "setup provisions"
say "Another Debian 13, an ordinary one. First a listing of all of it: every file with mode, owner, digest" \
    "and attributes, links, routes, rulesets, sysctls, units."
listing $T_OUT/before
say "$(wc -l <$T_OUT/before) lines."
show defenseclaw sandbox setup --policy default --non-interactive

t_case "--disable puts everything back"
show defenseclaw sandbox setup --disable --non-interactive
listing $T_OUT/after
expect_same_file $T_OUT/before $T_OUT/after &&
    say '' "The listing again: $(wc -l <$T_OUT/after) lines, equal to the first, line for line." \
        "(What the page says stays is left out: the user, its home and profile, the audit database, our record, logs.)"
