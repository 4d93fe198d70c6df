#!/usr/bin/env python3
"""Seed bundles by hand, good and bad.

    mkseed.py DIR FILE        a right bundle of DIR, whatever is in its members
    mkseed.py --bad OUTDIR    every bundle that must be refused: OUTDIR/NAME.tar, and OUTDIR/list with
                              lines NAME<tab>WORD, where WORD has to stand in the error
"""
import gzip
import hashlib
import io
import json
import lzma
import os
import sys
import tarfile

FLAGS = b'{"policy": "default"}'


def digest(data):
    return hashlib.blake2b(data).hexdigest()


def manifest_of(members, **more):
    doc = {"schema": "defenseclaw.seed/1", "serial": 1, "name": "sandbox",
           "files": {name: digest(data) for name, data in members.items()}}
    doc.update(more)
    return doc


def info(name, size=0, **attributes):
    t = tarfile.TarInfo(name)
    t.size, t.mode = size, 0o644
    for key, value in attributes.items():
        setattr(t, key, value)
    return t


def tar(members, extra=(), form=tarfile.USTAR_FORMAT):
    """members: (name, bytes) pairs; extra: TarInfo objects without data."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as t:
        for name, data in members:
            t.addfile(info(name, len(data)), io.BytesIO(data))
        for i in extra:
            t.addfile(i)
    return out.getvalue()


def bundle(members=None, extra=(), manifest=None, **more):
    members = {"flags.json": FLAGS} if members is None else members
    manifest = manifest if manifest is not None else json.dumps(manifest_of(members, **more)).encode()
    return tar([("manifest.json", manifest)] + list(members.items()), extra)


def with_flags(text):
    return bundle({"flags.json": text if isinstance(text, bytes) else text.encode()})


def bad():
    good = bundle()
    link = info("policy/egress.yaml", type=tarfile.SYMTYPE, linkname="/etc/shadow")
    yield "absolute-name", "/etc/passwd", bundle({"flags.json": FLAGS, "/etc/passwd": b"x"})
    yield "dotdot-name", "..", bundle({"flags.json": FLAGS, "../x": b"x"})
    yield "dotdot-inside", "..", bundle({"flags.json": FLAGS, "policy/../../x": b"x"})
    yield "symlink", "policy/egress.yaml", bundle(extra=[link])
    yield "hard-link", "env", bundle(extra=[info("env", type=tarfile.LNKTYPE, linkname="flags.json")])
    yield "device", "env", bundle(extra=[info("env", type=tarfile.CHRTYPE, devmajor=1, devminor=3)])
    yield "fifo", "env", bundle(extra=[info("env", type=tarfile.FIFOTYPE)])
    yield "twice", "flags.json", tar([("manifest.json", json.dumps(manifest_of({"flags.json": FLAGS})).encode()),
                                      ("flags.json", FLAGS), ("flags.json", FLAGS)])
    yield "manifest-twice", "manifest.json", tar([
        ("manifest.json", json.dumps(manifest_of({"flags.json": FLAGS})).encode())] * 2 + [("flags.json", FLAGS)])
    yield "unknown-member", "readme.txt", bundle({"flags.json": FLAGS, "readme.txt": b"hello"})
    yield "unknown-policy", "policy/extra.yaml", bundle({"flags.json": FLAGS, "policy/extra.yaml": b"a: 1"})
    yield "no-manifest", "manifest.json", tar([("flags.json", FLAGS)])
    yield "no-flags", "flags.json", bundle({})
    yield "wrong-digest", "flags.json", bundle(manifest=json.dumps(manifest_of({"flags.json": b"{}"})).encode())
    yield "not-listed", "env", bundle({"flags.json": FLAGS, "env": b"A=b\n"},
                                      manifest=json.dumps(manifest_of({"flags.json": FLAGS})).encode())
    yield "listed-only", "env", bundle(manifest=json.dumps(manifest_of({"flags.json": FLAGS, "env": b""})).encode())
    yield "short-digest", "flags.json", bundle(files={"flags.json": digest(FLAGS)[:64]})
    yield "other-schema", "schema", bundle(schema="defenseclaw.seed/2")
    yield "no-schema", "schema", bundle(manifest=json.dumps(
        {"serial": 1, "name": "sandbox", "files": {"flags.json": digest(FLAGS)}}).encode())
    yield "serial-zero", "serial", bundle(serial=0)
    yield "serial-text", "serial", bundle(serial="1")
    yield "serial-fraction", "serial", bundle(serial=1.5)
    yield "bad-name", "name", bundle(name="../x")
    yield "expired", "not_after", bundle(not_after="2001-01-01T00:00:00Z")
    yield "bad-time", "not_after", bundle(not_after="tomorrow")
    yield "other-machine", "machine", bundle(machine="ffffffffffffffffffffffffffffffff")
    yield "manifest-key", "colour", bundle(colour=1)
    yield "manifest-not-json", "manifest.json", bundle(manifest=b"{")
    yield "manifest-duplicate-key", "serial", bundle(
        manifest=json.dumps(manifest_of({"flags.json": FLAGS})).replace('"serial": 1', '"serial": 1, "serial": 2').encode())
    yield "flags-unknown", "polcy", with_flags('{"polcy": "strict"}')
    yield "flags-disable", "disable", with_flags('{"disable": true}')
    yield "flags-dry-run", "dry-run", with_flags('{"dry-run": true}')
    yield "flags-json", "json", with_flags('{"json": true}')
    yield "flags-adopt-user", "adopt-user", with_flags('{"adopt-user": true}')
    yield "flags-openclaw", "openclaw", with_flags('{"openclaw": "/tmp/x"}')
    yield "flags-verify", "verify", with_flags('{"verify": true}')
    yield "flags-defaults", "defaults", with_flags('{"defaults": true}')
    yield "flags-bad-value", "sandbox-ip", with_flags('{"sandbox-ip": "10.0.0"}')
    yield "flags-bad-type", "openclaw-port", with_flags('{"openclaw-port": true}')
    yield "flags-false", "no-guardrail", with_flags('{"no-guardrail": false}')
    yield "flags-twice", "policy", with_flags('{"policy": "strict", "policy": "permissive"}')
    yield "flags-list", "flags.json", with_flags("[]")
    yield "flags-trailing", "flags.json", with_flags("{} {}")
    yield "flags-not-utf8", "flags.json", with_flags(b'{"policy": "\xff"}')
    yield "flags-nul", "flags.json", with_flags(b'{"policy": "strict\\u0000"}')
    yield "flags-dns-junk", "dns", with_flags('{"dns": ["8.8.8.8", "x"]}')
    yield "flags-dns-nested", "dns", with_flags('{"dns": [["8.8.8.8"]]}')
    yield "env-lower-case", "env", bundle({"flags.json": FLAGS, "env": b"lower=x\n"})
    yield "env-no-equals", "env", bundle({"flags.json": FLAGS, "env": b"NAME\n"})
    yield "env-nul", "env", bundle({"flags.json": FLAGS, "env": b"A=x\0y\n"})
    yield "secrets-not-utf8", "secrets", bundle({"flags.json": FLAGS, "secrets": b"A=\xff\n"})
    yield "profile-not-json5", "openclaw.json", bundle({"flags.json": FLAGS, "openclaw.json": b"{ gateway: "})
    yield "nested-archive", "policy/egress.yaml", bundle({"flags.json": FLAGS, "policy/egress.yaml": good})
    yield "trailing-garbage", "trailing", good + b"garbage"
    yield "second-archive", "trailing", good + good
    yield "trailing-after-gzip", "trailing", gzip.compress(good) + b"garbage"
    yield "second-gzip", "trailing", gzip.compress(good) + gzip.compress(good)
    yield "truncated", "trunc", good[:len(good) // 4]
    yield "truncated-gzip", "", gzip.compress(good)[:-20]
    yield "truncated-xz", "", lzma.compress(good)[:-20]
    yield "xz-big-window", "", lzma.compress(good, filters=[{"id": lzma.FILTER_LZMA2, "preset": 9,
                                                            "dict_size": 64 << 20}])
    yield "empty", "", b""
    yield "not-a-tar", "", os.urandom(4096)
    yield "zip", "", b"PK\x03\x04" + bytes(4096)
    yield "too-many", "", tar([("manifest.json", b"{}")] + [(f"policy/rego/{i}.rego", b"") for i in range(4200)])
    yield "too-big", "", bundle({"flags.json": FLAGS, "policy/egress.yaml": b"#" + b"x" * (65 << 20)})
    yield "bomb", "", gzip.compress(bundle({"flags.json": FLAGS, "policy/egress.yaml": bytes(256 << 20)}), 9)


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--bad":
        out = sys.argv[2]
        os.makedirs(out)
        with open(f"{out}/list", "w", encoding="utf-8") as names:
            for name, word, data in bad():
                with open(f"{out}/{name}.tar", "wb") as f:
                    f.write(data)
                names.write(f"{name}\t{word}\n")
        return
    folder, target = sys.argv[1:]
    members = {}
    for base, _, files in sorted(os.walk(folder)):
        for f in sorted(files):
            path = os.path.join(base, f)
            with open(path, "rb") as data:
                members[os.path.relpath(path, folder)] = data.read()
    with open(target, "wb") as f:
        f.write(bundle(members))


main()
