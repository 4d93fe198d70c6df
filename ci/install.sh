#!/bin/sh
# Called by `make install`, with PREFIX, DESTDIR and BUILD in the environment.
set -eu
bin=$PREFIX/bin
libexec=$PREFIX/lib/defenseclaw
data=$PREFIX/share/defenseclaw
units=$PREFIX/lib/systemd/system
cd "$(dirname "$0")/.."

install -d "$DESTDIR$bin" "$DESTDIR$libexec" "$DESTDIR$data" "$DESTDIR$units/multi-user.target.wants"
install -m 755 "$BUILD/defenseclaw" "$BUILD/defenseclaw-gateway" "$DESTDIR$bin/"
install -m 755 "$BUILD/defenseclaw-seed-archive" "$BUILD/defenseclaw-launch" "$DESTDIR$libexec/"

copy_tree() { # FROM TO: files 0644, directories 0755, whatever the checkout's umask was
    (cd "$1" && find . -type d) | while read -r d; do install -d -m 755 "$2/$d"; done
    (cd "$1" && find . -type f) | while read -r f; do install -m 644 "$1/$f" "$2/$f"; done
}

# A template is what all share with its own files on top: what is read is one plain folder each.
for template in strict default permissive; do
    for part in common "$template"; do
        copy_tree "overlays/policy/$part" "$DESTDIR$data/policy/$template"
    done
done
for part in overlays/*; do
    [ "$part" = overlays/policy ] || [ ! -d "$part" ] || copy_tree "$part" "$DESTDIR$data/${part#overlays/}"
done

# The first-boot unit hangs on multi-user.target by a link beside it: a preset isn't applied on a
# machine whose machine-id is an empty file.
for unit in firstboot/*.service; do
    [ -f "$unit" ] || continue
    name=${unit##*/}
    sed -e "s|@bindir@|$bin|g; s|@libexecdir@|$libexec|g; s|@datadir@|$data|g" "$unit" >"$DESTDIR$units/$name"
    chmod 644 "$DESTDIR$units/$name"
    ln -sfn "../$name" "$DESTDIR$units/multi-user.target.wants/$name"
done

for page in docs/man/*.[1-8]; do
    [ -f "$page" ] || continue
    install -D -m 644 "$page" "$DESTDIR$PREFIX/share/man/man${page##*.}/${page##*/}"
done
# The list of verbs and flags comes from the program's own tables.
install -d "$DESTDIR$PREFIX/share/man/man8"
"$BUILD/defenseclaw" man-options | sed -e '/^@verbs@$/{r /dev/stdin' -e 'd}' docs/man/defenseclaw.8.in \
    >"$DESTDIR$PREFIX/share/man/man8/defenseclaw.8"
chmod 644 "$DESTDIR$PREFIX/share/man/man8/defenseclaw.8"
install -d "$DESTDIR$PREFIX/share/bash-completion/completions"
"$BUILD/defenseclaw" completion bash >"$DESTDIR$PREFIX/share/bash-completion/completions/defenseclaw"
chmod 644 "$DESTDIR$PREFIX/share/bash-completion/completions/defenseclaw"
