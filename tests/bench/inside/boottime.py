#!/usr/bin/env python3
"""When a unit was through, counted from the start of user space, in seconds.
    boottime.py UNIT OUTPUT.json"""
import json
import subprocess
import sys


def show(unit, key):
    words = ["systemctl", "show", "-P", key] + ([unit] if unit else [])
    return int(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout or 0) / 1e6


unit, output = sys.argv[1:]
start = show("", "UserspaceTimestampMonotonic")
# A oneshot that doesn't remain leaves "active" at once; a target stays.
done = max(show(unit, "ActiveEnterTimestampMonotonic"), show(unit, "ExecMainExitTimestampMonotonic")
           if unit.endswith(".service") else 0, show(unit, "InactiveEnterTimestampMonotonic")
           if unit.endswith(".service") else 0)
began = show(unit, "InactiveExitTimestampMonotonic")
with open(output, "w", encoding="ascii") as f:
    json.dump({"done": done - start, "unit": done - began,
               "multi-user": show("multi-user.target", "ActiveEnterTimestampMonotonic") - start}, f)
