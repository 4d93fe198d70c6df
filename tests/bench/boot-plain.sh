# layer: cloudinit
# upper: disk
# The tree with neither: what a boot costs by itself.
prepare() {
    touch /etc/cloud/cloud-init.disabled
}
t_case "the plain boot is measured"
mkdir -p $T_OUT/export
expect python3 /usr/lib/dctest/boottime.py multi-user.target $T_OUT/export/boot-plain.json
