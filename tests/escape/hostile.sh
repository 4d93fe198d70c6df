# trees: debian13 debian12
# timeout: 400
# A home that its user has prepared against us. Root neither follows nor overwrites anything outside it.

H=/home/sandbox
as_n() { setpriv --reuid sandbox --regid sandbox --clear-groups "$@"; }

# A user of somebody else's, with a home of its own, taken over.
fresh_user() {
    rm -rf $H /etc/canary
    getent passwd sandbox >/dev/null || useradd -r -M -U -d $H -s /bin/bash sandbox
    mkdir -m 0755 $H
    chown sandbox:sandbox $H
    mkdir /etc/canary
    echo "root's own" >/etc/canary/openclaw.json
    echo "root's own" >/etc/canary/file
    chmod 600 /etc/canary/*
    find /etc/canary -printf '%p %M %u %g %s\n' -type f -exec cat {} \; | sort >$T_OUT/canary
    find $H -printf '%p %M %u %g %s %l\n' | sort >$T_OUT/home
}

canary_lives() {
    find /etc/canary -printf '%p %M %u %g %s\n' -type f -exec cat {} \; | sort >$T_OUT/canary.now
    expect_same_file $T_OUT/canary $T_OUT/canary.now
}

# Setup on a trap: it may refuse or go through; the canary lives, and --disable leaves the trap as it was.
trap_holds() {
    find $H -printf '%p %M %u %g %s %l\n' | sort >$T_OUT/home
    run defenseclaw sandbox setup --non-interactive --adopt-user
    case $status in
    0) ;;
    1 | 2 | 4) grep -q '^ERROR: .' $T_OUT/stderr || t_fail "no error line" "$(t_said)" ;;
    *) t_fail "status $status" "$(t_said)" ;;
    esac
    canary_lives
    expect_disable
    canary_lives
    find $H -printf '%p %M %u %g %s %l\n' | sort >$T_OUT/home.now
    expect_same_file $T_OUT/home $T_OUT/home.now
}

t_case "a foreign user is not taken over unasked"
fresh_user
expect_status 4 defenseclaw sandbox setup --non-interactive
expect_said 'adopt-user'

t_case "~/.openclaw is a link to a directory of root's"
fresh_user
as_n ln -s /etc/canary $H/.openclaw
trap_holds

t_case "openclaw.json is a link to a file of root's"
fresh_user
as_n mkdir $H/.openclaw
as_n ln -s /etc/canary/openclaw.json $H/.openclaw/openclaw.json
trap_holds

t_case "openclaw.json is a FIFO, and setup does not hang"
fresh_user
as_n mkdir $H/.openclaw
as_n mkfifo $H/.openclaw/openclaw.json
trap_holds

t_case "openclaw.json is a directory"
fresh_user
as_n mkdir -p $H/.openclaw/openclaw.json/x
trap_holds

t_case "openclaw.json has a second name outside"
fresh_user
as_n mkdir $H/.openclaw
install -m 0644 -o sandbox -g sandbox /dev/null /home/outside
echo '{}' >/home/outside
ln /home/outside $H/.openclaw/openclaw.json
trap_holds
expect_equal "the other name's text" "$(cat /home/outside)" '{}'
rm -f /home/outside

t_case "~/.defenseclaw is a link to a directory of root's"
fresh_user
as_n ln -s /etc/canary $H/.defenseclaw
trap_holds

t_case "device.key is a link to a file of root's"
fresh_user
as_n mkdir $H/.defenseclaw
as_n ln -s /etc/canary/file $H/.defenseclaw/device.key
trap_holds

t_case ".env is a link to a file of root's"
fresh_user
as_n mkdir $H/.defenseclaw
as_n ln -s /etc/canary/file $H/.defenseclaw/.env
trap_holds

t_case "~/.claw is a link, and skills inside a link further on"
fresh_user
as_n ln -s /etc/canary $H/.claw
trap_holds
fresh_user
as_n mkdir $H/.claw
as_n ln -s /etc/canary $H/.claw/skills
trap_holds

t_case "the launchers and .bashrc are links to files of root's"
fresh_user
for f in run-sandbox.sh pair.sh .bashrc; do as_n ln -s /etc/canary/file $H/$f; done
trap_holds

t_case "temporary names that setup could use are links to files of root's"
fresh_user
as_n mkdir $H/.openclaw
for f in .openclaw.json.tmp .openclaw.json.00000000.tmp openclaw.json.tmp; do
    as_n ln -s /etc/canary/file $H/.openclaw/$f
done
trap_holds

t_case "the home itself is a link"
fresh_user
rmdir $H
ln -s /etc/canary $H
run defenseclaw sandbox setup --non-interactive --adopt-user
[ "$status" != 0 ] || t_fail "setup followed the home" "$(t_said)"
canary_lives
rm $H

t_case "names swapped while setup and disable run"
fresh_user
cat >/run/swap.sh <<'EOF'
cd /home/sandbox || exit 1
while [ -e /run/swapping ]; do
    mkdir -p .openclaw 2>/dev/null
    ln -sfn /etc/canary/openclaw.json .openclaw/openclaw.json 2>/dev/null
    mv -T .openclaw .away 2>/dev/null && ln -sfn /etc/canary .openclaw 2>/dev/null
    rm -f .openclaw 2>/dev/null
    mv -T .away .openclaw 2>/dev/null
    rm -f .openclaw/openclaw.json 2>/dev/null
    echo '{}' 2>/dev/null >.openclaw/openclaw.json
    ln -f .openclaw/openclaw.json .openclaw/second 2>/dev/null
    rm -f .openclaw/second .openclaw/openclaw.json 2>/dev/null
done
EOF
: >/run/swapping
as_n sh /run/swap.sh &
swapper=$!
going=0
for _ in 1 2 3 4 5 6 7 8; do
    # The user runs something, so that adoption is refused: let it be taken over first.
    run defenseclaw sandbox setup --non-interactive --adopt-user --no-agent
    run defenseclaw sandbox setup --disable --non-interactive
    canary_lives || break
    going=$((going + 1))
done
rm /run/swapping
wait $swapper
expect_equal rounds $going 8
run defenseclaw sandbox setup --disable --non-interactive

t_case "names swapped while a set-up instance is converged and disabled"
userdel -f sandbox 2>/dev/null
rm -rf $H /var/lib/defenseclaw
expect_setup
systemctl stop openshell-sandbox.service
: >/run/swapping
as_n sh /run/swap.sh &
swapper=$!
for _ in 1 2 3 4 5 6; do
    run defenseclaw sandbox setup --non-interactive --policy default
    run defenseclaw sandbox setup --non-interactive --policy permissive
    canary_lives || break
done
run defenseclaw sandbox setup --disable --non-interactive
canary_lives
rm /run/swapping
wait $swapper
run defenseclaw sandbox setup --disable --non-interactive

t_case "the user can't rename, replace or add to what is root's in its home"
rm -rf $H/.openclaw
expect_setup
expect_failure as_n mv $H/.defenseclaw $H/.x
expect_failure as_n mv $H/.claw $H/.x
expect_failure as_n rm -f $H/.claw/extensions/defenseclaw/index.js
expect_failure as_n sh -c "echo x >$H/.claw/skills/codeguard/more.md"
expect_failure as_n sh -c "echo x >$H/.defenseclaw/policy/egress.yaml"
expect_failure as_n mv $H/run-sandbox.sh $H/x
expect_failure as_n mv $H/.bashrc $H/x

t_case "the copy of openclaw.json in the home is no authority"
as_n sh -c "echo '{\"evil\":1}' >$H/.openclaw/openclaw.json.defenseclaw.bak" 2>/dev/null
expect_disable
[ ! -e $H/.openclaw/openclaw.json ] || ! grep -q evil $H/.openclaw/openclaw.json ||
    t_fail "the forged copy was put back"

t_case "a policy in the home is never read back"
expect_setup --policy strict
as_n sh -c "mkdir -p $H/.defenseclaw/new; echo x >$H/.defenseclaw/new/egress.yaml" 2>/dev/null
systemctl reload defenseclaw-gateway@sandbox.service
expect cmp /etc/defenseclaw/sandbox/policy/egress.yaml /usr/local/share/defenseclaw/policy/strict/egress.yaml
run rm -rf $H/.defenseclaw/new

t_case "a forged device key is not accepted, and the next setup makes a new one"
old=$(cat /etc/defenseclaw/sandbox/device.pub)
as_n sh -c "openssl rand -base64 32 2>/dev/null | sed '1i -----BEGIN ED25519 PRIVATE KEY-----
\$a -----END ED25519 PRIVATE KEY-----' >$H/.defenseclaw/device.key" || t_fail "could not forge"
expect_status 1 defenseclaw pair
expect_said 'device pair failed: 401'
expect_status 3 defenseclaw sandbox verify
expect_setup
[ "$(cat /etc/defenseclaw/sandbox/device.pub)" != "$old" ] || t_fail "the forged key's partner stayed"
expect defenseclaw pair

t_case "nobody else's namespaces, links and tables go"
ip netns add sandbox0x
ip netns add sandbox
ip link add sandbox01 type veth peer name sandbox02 # a kernel may lack dummy
nft add table inet defenseclaw_sandbox2
expect_disable
expect ip netns exec sandbox0x true
expect ip netns exec sandbox true
expect ip link show sandbox01
expect nft list table inet defenseclaw_sandbox2

t_case "no sysctl was touched for it"
expect_equal route_localnet "$(cat /proc/sys/net/ipv4/conf/all/route_localnet)" 0
expect_equal ip_forward "$(cat /proc/sys/net/ipv4/ip_forward)" 0
