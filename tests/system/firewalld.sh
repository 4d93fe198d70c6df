# layer: firewalld
# timeout: 180
# A host whose admin runs firewalld.

works() {
    expect in_sandbox curl -sf -m 3 http://10.200.0.1:18970/health
    expect curl -sf -m 3 http://127.0.0.1:18789/readyz
}

expect systemctl start firewalld
wait_for 20 firewall-cmd --state
cp -a /etc/firewalld $T_OUT/firewalld.before

t_case "firewalld is found before anything changes: exit 4, table, chain and firewalld's own command"
listing $T_OUT/before sandbox /nowhere
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said '^ERROR: .*firewalld.*filter_INPUT' '^fix: .*firewall-cmd'
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after

t_case "after the command that was printed setup goes through"
sed -n 's/^fix: //p; /^fix: /,$ { /^ /p }' $T_OUT/stderr | grep -oE 'firewall-cmd [^;&]*' >$T_OUT/fix
t_note "typed: $(tr '\n' ';' <$T_OUT/fix)"
[ -s $T_OUT/fix ] || t_give_up
while read -r line; do expect sh -c "$line"; done <$T_OUT/fix
expect_setup || t_give_up
works

for what in 'firewall-cmd --reload' 'firewall-cmd --complete-reload' 'systemctl restart firewalld'; do
    t_case "it survives $what"
    expect $what
    wait_for 20 firewall-cmd --state
    works
    expect defenseclaw sandbox verify
done

t_case "undo leaves what firewalld's command wrote, and nothing of ours, in /etc"
cp -a /etc/firewalld $T_OUT/firewalld.now
expect_disable
expect diff -r /etc/firewalld $T_OUT/firewalld.now
expect_failure grep -rl defenseclaw /etc --exclude='passwd*' --exclude='group*' --exclude='shadow*' --exclude='gshadow*'
