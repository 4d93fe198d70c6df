#!/bin/bash
# The same work with the usual tools: what `defenseclaw sandbox setup` and `--disable` are measured against.
# Written as one would for speed: batches for ip, one transaction for nft, one jq, no loop that forks.
#   reference.sh up|down FILES      FILES: what compare.py took from a machine that we had set up
set -eu
files=$2
n=sandbox
home=/home/$n
state=/var/lib/reference

up() {
    mkdir -p $state

    # 1 the accounts
    useradd --system --user-group --uid "$(cat "$files/uid")" --no-create-home --home-dir $home --shell /bin/bash $n
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin defenseclaw
    install -d -o root -g $n -m 1770 $home $home/.defenseclaw
    install -d -o $n -g $n -m 700 $home/.openclaw
    printf '%s\n' $n >>/etc/cron.deny
    printf '%s\n' $n >>/etc/at.deny
    cp "$files/sshd.conf" /etc/ssh/sshd_config.d/defenseclaw-$n.conf
    cp "$files/dbus.conf" /etc/dbus-1/system.d/defenseclaw-$n.conf
    busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig
    systemctl reload ssh.service

    # 2 the namespace, the link and the rules
    ip netns add ${n}0
    ip -b - <<EOF
link add ${n}0 address $(cat "$files/mac.host") type veth peer name eth0 address $(cat "$files/mac.inside") netns ${n}0
addr add 10.200.0.1 peer 10.200.0.2 dev ${n}0
link set ${n}0 arp off up
neigh replace 10.200.0.2 lladdr $(cat "$files/mac.inside") dev ${n}0 nud permanent
EOF
    ip -n ${n}0 -b - <<EOF
link set lo up
addr add 10.200.0.2 peer 10.200.0.1 dev eth0
link set eth0 arp off up
neigh replace 10.200.0.1 lladdr $(cat "$files/mac.host") dev eth0 nud permanent
route add 8.8.8.8/32 via 10.200.0.1 dev eth0 onlink
route add 1.1.1.1/32 via 10.200.0.1 dev eth0 onlink
EOF
    nft -f "$files/rules.host"
    ip netns exec ${n}0 nft -f "$files/rules.inside"

    # 3, 6, 7, 8 the files
    cp -a "$files/etc/defenseclaw" "$files/etc/netns" /etc/
    cp -a "$files/home/." $home/
    openssl genpkey -algorithm ed25519 -out $home/.defenseclaw/device.key
    chown $n: $home/.defenseclaw/device.key
    openssl pkey -in $home/.defenseclaw/device.key -pubout -outform DER | tail -c 32 | basenc --base64url |
        tr -d = >/etc/defenseclaw/$n/device.pub

    # 4 OpenClaw's configuration
    if [ -e $home/.openclaw/openclaw.json ]; then
        cp -a $home/.openclaw/openclaw.json $state/openclaw.json
    else
        echo '{}' >$home/.openclaw/openclaw.json
    fi
    jq -s '.[0] * .[1]' $home/.openclaw/openclaw.json "$files/openclaw.json" >$home/.openclaw/openclaw.json.new
    chown $n: $home/.openclaw/openclaw.json.new
    mv $home/.openclaw/openclaw.json.new $home/.openclaw/openclaw.json

    # 5 the units
    cp -a "$files/units/." /etc/systemd/system/
    systemctl --quiet enable --now defenseclaw-$n.target
}

down() {
    systemctl --quiet disable --now defenseclaw-$n.target
    (cd "$files/units" && find . -type f) | (cd /etc/systemd/system && xargs rm -f)
    systemctl daemon-reload
    ip link del ${n}0 2>/dev/null || :
    ip netns del ${n}0 2>/dev/null || :
    nft -f - <<EOF
destroy table netdev defenseclaw_$n
destroy table inet defenseclaw_$n
EOF
    if [ -e $state/openclaw.json ]; then
        mv $state/openclaw.json $home/.openclaw/openclaw.json
    else
        rm -f $home/.openclaw/openclaw.json
    fi
    rm -rf /etc/defenseclaw/$n /etc/netns/${n}0 $home/.defenseclaw $home/.claw $home/run-sandbox.sh $home/pair.sh \
        /etc/ssh/sshd_config.d/defenseclaw-$n.conf /etc/dbus-1/system.d/defenseclaw-$n.conf
    sed -i "/^$n\$/d" /etc/cron.deny /etc/at.deny
    busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig
    systemctl reload ssh.service
}

"$1"
