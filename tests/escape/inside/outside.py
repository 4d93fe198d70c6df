#!/usr/bin/env python3
"""The outside world: takes TCP and UDP tokens and DNS queries on every address, and logs them.
    outside.py LOG"""
import selectors
import socket
import sys

log = open(sys.argv[1], "a", buffering=1, encoding="utf-8")
sel = selectors.DefaultSelector()


def listen(kind, port):
    s = socket.socket(socket.AF_INET6, kind)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", port))
    if kind == socket.SOCK_STREAM:
        s.listen(64)
    sel.register(s, selectors.EVENT_READ, port)


def name_of(query):
    labels, at = [], 12
    while at < len(query) and query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
        at += query[at] + 1
    return ".".join(labels)


for port in (53, 80, 443):
    listen(socket.SOCK_STREAM, port)
    listen(socket.SOCK_DGRAM, port)
print("ready", file=log)
while True:
    for key, _ in sel.select():
        s, port = key.fileobj, key.data
        if s.type == socket.SOCK_STREAM:
            c, peer = s.accept()
            c.settimeout(1)
            try:
                print("TCP", port, c.recv(200).decode("ascii", "replace").strip(), file=log)
            except OSError:
                pass
            c.close()
            continue
        data, peer = s.recvfrom(2000)
        if port == 53 and len(data) > 12:
            print("DNS", name_of(data), file=log)
            # No such name: an answer all the same, so that nobody asks again.
            s.sendto(data[:2] + b"\x81\x83" + data[4:6] + bytes(6) + data[12:], peer)
        else:
            print("UDP", port, data.decode("ascii", "replace").strip(), file=log)
            s.sendto(b"seen", peer)
