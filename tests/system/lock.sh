# timeout: 120
# Two at once, and what the machine can refuse: no room, a read-only /etc.

t_case "two setups at once: one wins, the other names the process that holds the lock"
defenseclaw sandbox setup --non-interactive >$T_OUT/first 2>&1 &
first=$!
until [ -s /run/defenseclaw/sandbox.lock ]; do :; done
kill -STOP $first
run defenseclaw sandbox setup --non-interactive
second=$status
kill -CONT $first
wait $first
expect_equal "status of the one that holds the lock" $? 0
[ "$second" = 4 ] || [ "$second" = 1 ] || t_fail "the second ended with $second"
expect_said "^ERROR: .*\\b$first\\b"

t_case "a disable beside a setup is refused likewise"
defenseclaw sandbox setup --non-interactive --policy strict >$T_OUT/first 2>&1 &
first=$!
until grep -q "^ *$first$" /run/defenseclaw/sandbox.lock || ! kill -0 $first; do :; done
kill -STOP $first
run defenseclaw sandbox setup --disable --non-interactive
said=$status
kill -CONT $first
wait $first
[ "$said" != 0 ] || t_fail "the disable went through"
expect_said "\\b$first\\b"
expect_disable

# A machine that knows nothing of us again: with /var hidden the user would be a stranger's.
userdel -rf sandbox 2>/dev/null
rm -rf /home/sandbox /var/lib/defenseclaw

t_case "with no room in /var setup fails clearly and leaves nothing half done"
mkdir -p /var/lib/defenseclaw
mount -t tmpfs -o size=64k none /var/lib/defenseclaw
dd if=/dev/zero of=/var/lib/defenseclaw/full bs=1k count=60 2>/dev/null
listing $T_OUT/before sandbox /nowhere
run defenseclaw sandbox setup --non-interactive
expect_equal status "$status" 1
expect_said '^ERROR: .*(No space left|no room)'
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after
umount /var/lib/defenseclaw

t_case "with a read-only /etc setup fails clearly and leaves nothing half done"
mount --bind /etc /etc && mount -o remount,bind,ro /etc
listing $T_OUT/before sandbox /nowhere
run defenseclaw sandbox setup --non-interactive
[ "$status" = 1 ] || [ "$status" = 4 ] || t_fail "status $status"
expect_said '^ERROR: .*[Rr]ead-only'
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after
umount /etc

t_case "with a full /etc setup fails clearly and leaves nothing half done"
mkdir /run/etc && mount -t tmpfs -o size=16m none /run/etc && cp -a /etc/. /run/etc/ && mount --bind /run/etc /etc
dd if=/dev/zero of=/etc/full bs=4k 2>/dev/null
listing $T_OUT/before sandbox /nowhere
run defenseclaw sandbox setup --non-interactive
expect_equal status "$status" 1
expect_said '^ERROR: .*(No space left|no room|useradd|groupadd)'
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after
umount /etc

t_case "and setup goes through when there is room again"
expect_setup
expect defenseclaw sandbox verify
