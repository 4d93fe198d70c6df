# layer: cloudinit
# upper: disk
# cloud-init (NoCloud) that runs the reference script: the same units, the same files.
prepare() {
    touch /etc/cloud/cloud-init.disabled
    mkdir -p /var/lib/cloud/seed/nocloud
    printf 'instance-id: one\n' >/var/lib/cloud/seed/nocloud/meta-data
    printf '#cloud-config\nruncmd:\n  - [/usr/lib/dctest/reference.sh, up, /var/lib/reference-files]\n' \
        >/var/lib/cloud/seed/nocloud/user-data
    # Debian's own configuration, but for what would look for other sources and for a network.
    printf 'datasource_list: [ NoCloud, None ]\nnetwork: {config: disabled}\n' >/etc/cloud/cloud.cfg.d/99-bench.cfg
}
if [ "$T_BOOT" = 1 ]; then
    # The reference needs the files that setup makes; they are taken here and cloud-init runs at the next boot.
    t_case "the reference's files are taken"
    expect python3 /usr/lib/dctest/compare.py 0 /dev/null
    cp -a /run/reference /var/lib/reference-files
    rm /etc/cloud/cloud-init.disabled
    t_close
    t_reboot
fi
t_case "a boot with cloud-init is measured"
mkdir -p $T_OUT/export
expect cloud-init status --wait
wait_for 20 systemctl is-active openshell-sandbox.service
expect python3 /usr/lib/dctest/boottime.py cloud-final.service $T_OUT/export/boot-cloudinit.json
