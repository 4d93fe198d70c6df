#!/usr/bin/env python3
"""Measures, inside one boot: our setup and disable against reference.sh, turn by turn.
    compare.py ROUNDS OUTPUT.json    no round: only the files that reference.sh needs, in /run/reference"""
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

TOOLS = "/usr/lib/dctest"
FILES = "/run/reference"
UNITS = "/etc/systemd/system"
OURS = re.compile(r"^(defenseclaw-[a-z]+@sandbox\.|openshell-sandbox\.|defenseclaw-sandbox\.)")
rounds, output = int(sys.argv[1]), sys.argv[2]


def sh(*command, check=True):
    return subprocess.run(command, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True).stdout


def measured(*command):
    """Runs a command; what it cost."""
    done = subprocess.run([f"{TOOLS}/peak", "/run/peak.json", *command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.returncode}\n{done.stdout}")
    with open("/run/peak.json", encoding="ascii") as f:
        return json.load(f)


def middles(costs):
    return {key: statistics.median(c[key] for c in costs) for key in costs[0]}


def unit_jobs(runs):
    """What systemd takes to stop and to start the units, with nothing else to do: both sides pay it."""
    # All by name: the target's own stop job doesn't wait for those of its parts.
    units = [os.path.basename(p) for p in glob.glob(f"{UNITS}/*") if OURS.match(os.path.basename(p))]
    runs["unit stop"].append(measured("systemctl", "stop", *units))
    time.sleep(0.3)
    runs["unit start"].append(measured("systemctl", "start", "defenseclaw-sandbox.target"))
    time.sleep(0.3)


SETUP = ["defenseclaw", "sandbox", "setup", "--non-interactive", "--policy", "default", "--gateway-user", "defenseclaw"]
DISABLE = ["defenseclaw", "sandbox", "setup", "--disable", "--non-interactive"]


def copy(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    sh("cp", "-a", source, target)


def take_files():
    """What setup made, so that the reference makes the same."""
    os.makedirs(f"{FILES}/units")
    for path in glob.glob(f"{UNITS}/*"):
        if OURS.match(os.path.basename(path)) and os.path.isfile(path):
            copy(path, f"{FILES}/units/")
    copy("/etc/defenseclaw", f"{FILES}/etc/defenseclaw")
    copy("/etc/netns", f"{FILES}/etc/netns")
    copy("/home/sandbox", f"{FILES}/home")
    shutil.copy("/home/sandbox/.openclaw/openclaw.json", f"{FILES}/openclaw.json")
    shutil.rmtree(f"{FILES}/home/.openclaw")
    os.remove(f"{FILES}/home/.defenseclaw/device.key")
    for kind, pattern in (("sshd.conf", "/etc/ssh/sshd_config.d/*defenseclaw*"),
                          ("dbus.conf", "/etc/dbus-1/system.d/*defenseclaw*")):
        shutil.copy(glob.glob(pattern)[0], f"{FILES}/{kind}")
    write("uid", sh("id", "-u", "sandbox"))
    write("mac.host", mac())
    write("mac.inside", mac("ip", "netns", "exec", "sandbox0"))
    write("rules.host", rules())
    write("rules.inside", rules("ip", "netns", "exec", "sandbox0"))


def write(name, text):
    with open(f"{FILES}/{name}", "w", encoding="utf-8") as f:
        f.write(text)


def mac(*inside):
    return json.loads(sh(*inside, "ip", "-j", "link", "show", "eth0" if inside else "sandbox0"))[0]["address"] + "\n"


def rules(*inside):
    text = sh(*inside, "nft", "-s", "list", "ruleset")
    tables = re.findall(r"^table .*?^}\n", text, re.M | re.S)
    return "".join(t for t in tables if "defenseclaw" in t.split("{")[0])


def wipe():
    """The accounts, homes and records that both leave: each round begins on a machine that knows neither."""
    for user in ("sandbox", "defenseclaw"):
        sh("userdel", "-rf", user, check=False)
        sh("groupdel", user, check=False)
    for path in ("/home/sandbox", "/var/lib/defenseclaw", "/var/lib/defenseclaw-gateway", "/var/lib/reference",
                 "/etc/defenseclaw", "/run/defenseclaw"):
        shutil.rmtree(path, ignore_errors=True)


def syscalls(command):
    """Counts of one run under strace: calls, processes, fsyncs."""
    sh("strace", "-f", "-qq", "-o", "/run/strace", *command)
    text = open("/run/strace", encoding="utf-8", errors="replace").read()
    calls = re.findall(r"^\d+ +([a-z0-9_]+)\(", text, re.M)
    # A look along PATH that found nothing is no program; an interrupted line has no status yet.
    programs = [m[1] for m in re.finditer(r"execve\(\"([^\"]+)\".*$", text, re.M) if "ENOENT" not in m[0]]
    return {"syscalls": len(calls), "programs": [os.path.basename(p) for p in programs[1:]],
            "fsyncs": sum(c in ("fsync", "fdatasync", "syncfs") for c in calls),
            "processes": len(set(re.findall(r"^(\d+) ", text, re.M)))}


def main():
    sides = {"ours": (SETUP, DISABLE),
             "reference": ([f"{TOOLS}/reference.sh", "up", FILES], [f"{TOOLS}/reference.sh", "down", FILES])}
    measured(*SETUP)
    take_files()
    if rounds == 0:
        measured(*DISABLE)
        wipe()
        return
    again = [measured(*SETUP) for _ in range(5)]
    verify = [measured("defenseclaw", "sandbox", "verify") for _ in range(7)]
    measured(*DISABLE)
    wipe()
    runs = {f"{side} {what}": [] for side in sides for what in ("setup", "disable")}
    runs.update({"unit start": [], "unit stop": []})
    for _ in range(rounds):
        for side, (up, down) in sides.items():
            runs[f"{side} setup"].append(measured(*up))
            time.sleep(0.3)
            unit_jobs(runs)
            runs[f"{side} disable"].append(measured(*down))
            wipe()
            time.sleep(0.3)
    result = {name: middles(costs) for name, costs in runs.items()}
    result.update({"setup again": middles(again), "verify": middles(verify)})
    result["strace setup"] = syscalls(SETUP)
    result["strace disable"] = syscalls(DISABLE)
    wipe()
    result["strace reference setup"] = syscalls(sides["reference"][0])
    result["strace reference disable"] = syscalls(sides["reference"][1])
    result["rounds"] = rounds
    with open(output, "w", encoding="ascii") as f:
        json.dump(result, f, indent=1)


main()
