# upper: disk
# timeout: 600
# Setup and disable side by side with the reference script, in one boot, on a disk that syncs.

t_case "both sides run and are measured"
mkdir -p $T_OUT/export
expect python3 /usr/lib/dctest/compare.py 15 $T_OUT/export/compare.json
