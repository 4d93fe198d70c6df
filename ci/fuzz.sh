#!/bin/sh
# Runs the fuzzers of tests/fuzz, each for FUZZ_SECONDS, over its kept corpus; a crash fails.
#   ci/fuzz.sh [NAME…]          FUZZ_SECONDS=60 ci/fuzz.sh seed
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build/fuzz}
folders="gateway seed resource policy spec sys base"
passed=0
failed=0

libs=""
for f in $folders; do libs="$libs $build/lib$f.a"; done
# shellcheck disable=SC2086
CFLAGS=-fsanitize=fuzzer-no-link make -s CC=clang SANITIZE=1 BUILD="$build" $libs

# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(basename -a -s _fuzz.c tests/fuzz/*_fuzz.c)
for name; do
    objects="$build/tests/fuzz/${name}_fuzz.o"
    if [ "$name" = seed ]; then
        for o in scan header crc32 pack xz zstd; do objects="$objects $build/src/seed/archive/$o.o"; done
    fi
    # shellcheck disable=SC2086
    CFLAGS=-fsanitize=fuzzer-no-link make -s CC=clang SANITIZE=1 BUILD="$build" $objects
    # shellcheck disable=SC2086,SC2046
    clang -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -pie $objects -Wl,--start-group $libs \
        -Wl,--end-group $(pkg-config --libs libcjson libsodium yaml-0.1) -lhttp_parser \
        -Wl,-Bstatic -lunistring -Wl,-Bdynamic -lm -o "$build/${name}_fuzz"
    mkdir -p "$build/corpus/$name" "tests/fuzz/corpus/$name"
    if "$build/${name}_fuzz" -max_total_time="${FUZZ_SECONDS:-30}" -max_len=65536 -verbosity=0 \
        -artifact_prefix="$build/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" >"$build/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok - fuzzer $name, ${FUZZ_SECONDS:-30} s"
    else
        failed=$((failed + 1))
        echo "not ok - fuzzer $name"
        tail -n 40 "$build/$name.log" | sed 's/^/# /'
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
