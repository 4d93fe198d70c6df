# trees: debian13 debian12
# timeout: 300
# After setup and --disable the machine is as it was: each template, each flag.

# What setup finds and has to put back.
adduser --quiet --disabled-password --gecos '' admin 2>/dev/null || useradd -m admin
mkdir -p /srv/box

undone() { # NAME FLAG…
    t_case "$1"
    shift
    local home=/home/sandbox n=sandbox want=("$@")
    while [ $# -gt 0 ]; do
        case $1 in
        --sandbox-home) home=$2 ;;
        --name) n=$2; home=${home/sandbox/$2} ;;
        esac
        shift
    done
    # Our own users and homes of earlier rounds stay, as the page says; each round compares with its start.
    listing $T_OUT/before "$n" "$home"
    expect_setup "${want[@]}" || { run defenseclaw sandbox setup --disable --non-interactive; return; }
    expect defenseclaw sandbox setup --disable --non-interactive --name "$n" || return
    listing $T_OUT/after "$n" "$home"
    expect_same_file $T_OUT/before $T_OUT/after
    expect defenseclaw sandbox setup --disable --non-interactive --name "$n"
    expect_said 'nothing to do'
}

undone "with the page's defaults" --policy permissive
undone "with the template default" --policy default
undone "with the template strict" --policy strict
undone "with other addresses" --sandbox-ip 10.77.0.2 --host-ip 10.77.0.1
undone "with another port of OpenClaw" --openclaw-port 20001
undone "with another relay port" --relay-port 20002
undone "with other DNS servers" --dns 9.9.9.9
undone "with the host's DNS" --dns host
undone "with --dns-filter none" --dns-filter none
undone "without pairing" --no-auto-pair
undone "without host networking" --no-host-networking
undone "without the guardrail" --no-guardrail
undone "without an agent" --no-agent
undone "with a gateway user" --gateway-user admin
undone "with another home" --name other --sandbox-ip 10.78.0.2 --host-ip 10.78.0.1 --sandbox-home /srv/box/home
undone "with another name" --name second --sandbox-ip 10.79.0.2 --host-ip 10.79.0.1
undone "with everything that can be left out left out" --policy strict --no-auto-pair --no-host-networking \
    --no-guardrail --no-agent

t_case "a second round leaves exactly what the first left"
listing $T_OUT/before sandbox /nowhere
expect_setup --policy strict
expect_disable
listing $T_OUT/after sandbox /nowhere
expect_same_file $T_OUT/before $T_OUT/after
