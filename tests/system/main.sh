# shellcheck shell=bash
# Runs inside the machine: `prepare` before it boots, `run` once it is up, `stop` after the test.
. /usr/lib/dctest/lib.sh
case $1 in
prepare)
    # The function alone: the rest of the file is for the booted machine.
    eval "$(sed -n '/^prepare() {/,/^}/p' /run/dc/test.sh)"
    prepare
    ;;
run)
    t_start
    . /run/dc/test.sh
    t_finish
    ;;
stop)
    if [ -e /run/dc/reboot ]; then
        rm /run/dc/reboot
        systemctl --no-block reboot
    else
        grep -q '^not ok' /run/dc/results && journalctl -b --no-pager -o short-precise >/run/dc/journal
        systemctl --no-block poweroff
    fi
    ;;
esac
