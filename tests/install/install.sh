#!/bin/sh
# `make install` into an empty folder, then what a user does with it: the installed binary finds its own data, and a
# program of somebody else's builds against the installed header and either library, as pkg-config says, and works.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset GABLE_DATA MAKEFLAGS MFLAGS MAKELEVEL
export LC_ALL=C
n=0 failed=0
step() { # NAME COMMAND...
    n=$((n + 1)) name=$1
    shift
    if "$@" >"$tmp/out" 2>&1; then echo "ok $n - $name"; else
        echo "not ok $n - $name"
        tail -n 20 "$tmp/out" | sed 's/^/#   /'
        failed=1
    fi
}
at=$tmp/stage/opt/gable
step "make install PREFIX= DESTDIR=" make -C "$root" install BUILD="$build" PREFIX=/opt/gable DESTDIR="$tmp/stage"
complete() {
    for f in bin/gable lib/libgable.a lib/libgable.so lib/libgable.so.1 include/gable/gable.h include/gable/policies/policy.h \
        lib/pkgconfig/gable.pc share/man/man1/gable.1 share/man/man3/gable.3 share/bash-completion/completions/gable \
        share/zsh/site-functions/_gable share/gable/traces/samples/chat.jsonl.gz; do
        [ -s "$at/$f" ] || { echo "there is no $f"; return 1; }
    done
    [ "$(find "$at/include" -name '*.h' | wc -l)" = 2 ] || { echo "other headers, too"; return 1; }
}
step "it is complete" complete
# The tree it was built in must not be what it reads: moved, it still finds its cards.
mv "$tmp/stage" "$tmp/moved"
at=$tmp/moved/opt/gable
cd "$tmp" || exit 1
step "the installed binary lists its cards" sh -c "'$at/bin/gable' list hardware | grep -q h100-sxm"
step "the installed binary runs the shipped default" "$at/bin/gable" run --json
only_public() {
    objdump -p "$at/lib/libgable.so.1" | grep -q 'SONAME *libgable.so.1$' || { echo "another soname"; return 1; }
    nm -D --defined-only "$at/lib/libgable.so.1" | awk '$2 != "A" && $3 !~ /^gable_/ { print "shows " $3; bad = 1 } END { exit bad }' || return 1
    # Every function that the header declares is there.
    grep -o 'gable_[a-z_]*(' "$at/include/gable/gable.h" | tr -d '(' | sort -u | while read -r f; do
        nm -D --defined-only "$at/lib/libgable.so.1" | grep -q " $f@" || { echo "lacks $f"; exit 1; }
    done
}
case $(cat "$build/flags" 2>/dev/null) in
*fsanitize*) ;; # sanitizers show symbols of their own
*) step "the shared library shows gable.h and nothing else" only_public ;;
esac
command -v pkg-config >/dev/null 2>&1 || { n=$((n + 1)); echo "ok $n - pkg-config # SKIP there is none"; echo "1..$n"; exit $failed; }
pc() { env PKG_CONFIG_PATH="$at/lib/pkgconfig" pkg-config --define-variable=prefix="$at" "$@"; }
strict="-std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror ${CFLAGS:-}"
cp "$root/tests/install/downstream.c" mine.c
# shellcheck disable=SC2046,SC2086
step "a program of somebody else's builds with the shared library" ${CC:-gcc} $strict $(pc --cflags gable) -pthread -o shared mine.c $(pc --libs gable) -lm
# shellcheck disable=SC2046,SC2086
step "and with the static one" ${CC:-gcc} $strict $(pc --cflags gable) -o static mine.c $(pc --static --libs gable | sed 's/-lgable/-l:libgable.a/') -lm
mkdir one two
step "the first works, and finds the cards beside the library" env LD_LIBRARY_PATH="$at/lib" ./shared one
step "the second works, told where the cards are" env GABLE_DATA="$(pc --variable=datadir gable)" ./static two
# README's program, as written: its first C block with gable.h.
awk '/^```c$/ { on = 1; text = ""; next } /^```/ { if (on && text ~ /gable\.h/) printf "%s", text; on = 0 } on { text = text $0 "\n" }' "$root/README.md" >readme.c
# shellcheck disable=SC2046,SC2086
step "README's program builds" ${CC:-gcc} $strict $(pc --cflags gable) -o readme readme.c $(pc --libs gable)
step "and prints its number" sh -c "LD_LIBRARY_PATH='$at/lib' ./readme | grep -qx 'P99 TTFT [0-9]* ms'"
# Each header stands alone, as C and as C++.
stands_alone() { # COMPILER LANGUAGE
    for h in gable.h policies/policy.h; do
        printf '#include "%s"\nint main(void) { return 0; }\n' "$h" >"one.$2"
        $1 -Wall -Wextra -Werror -fsyntax-only -I"$at/include/gable" "one.$2" || return 1
    done
}
step "each installed header stands alone in C11" stands_alone "${CC:-gcc} -std=c11" c
if command -v g++ >/dev/null 2>&1; then step "and in C++" stands_alone "g++ -std=c++17 -Wno-missing-field-initializers" cc; fi
echo "1..$n"
exit $failed
