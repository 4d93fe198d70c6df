# layer: ufw
# timeout: 180
# A host whose admin runs ufw. iptables' old modules aren't in every kernel: then ufw itself can't start.

works() {
    expect in_sandbox curl -sf -m 3 http://10.200.0.1:18970/health
    expect curl -sf -m 3 http://127.0.0.1:18789/readyz
}

t_case "ufw starts here"
expect ufw --force enable || t_give_up
run nft list ruleset

t_case "ufw is found before anything changes: exit 4, table, chain and ufw's own command"
listing $T_OUT/before sandbox /nowhere
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said '^ERROR: .*ufw' '^fix: .*ufw .*allow'
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after

t_case "after the commands that were printed setup goes through"
sed -n '/^fix: /,$p' $T_OUT/stderr >$T_OUT/fix
expect sh -c "$(sed -e 's/^fix: //' -e '/^ERROR/d' $T_OUT/fix)" || t_give_up
cp -a /etc/ufw $T_OUT/ufw.now
expect_setup || t_give_up
works

for what in 'ufw reload' 'systemctl restart ufw'; do
    t_case "it survives $what"
    expect $what
    works
    expect defenseclaw sandbox verify
done

t_case "undo leaves /etc as ufw's command left it"
expect_disable
expect diff -r /etc/ufw $T_OUT/ufw.now
expect_failure grep -rl 'defenseclaw' /etc --include='*.conf' --include='*.service'
