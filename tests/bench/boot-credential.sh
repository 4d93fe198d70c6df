# layer: cloudinit
# upper: disk
# First boot from a credential.
prepare() {
    touch /etc/cloud/cloud-init.disabled
    mkdir -p /run/dc/seed
    echo '{"policy": "default", "gateway-user": "defenseclaw"}' >/run/dc/seed/flags.json
    defenseclaw seed create --output /run/dc/seed.tar /run/dc/seed
    nspawn_argument --load-credential=defenseclaw.seed:/run/dc/seed.tar
}
t_case "first boot from a credential is measured"
mkdir -p $T_OUT/export
expect systemctl is-active openshell-sandbox.service
expect python3 /usr/lib/dctest/boottime.py defenseclaw-firstboot.service $T_OUT/export/boot-credential.json
