#!/bin/sh
# `make install` into an empty folder, then what a user does with it: the installed binary finds its own data, and a
# program of somebody else's builds against the installed headers and library and runs a simulation.
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
step "it is complete" test -x "$at/bin/gable" -a -f "$at/lib/libgable.a" -a -f "$at/include/gable/policies/policy.h" -a -f "$at/lib/pkgconfig/gable.pc"
# The tree it was built in must not be what it reads: moved, it still finds its cards.
mv "$tmp/stage" "$tmp/moved"
at=$tmp/moved/opt/gable
cd "$tmp" || exit 1
step "the installed binary lists its cards" sh -c "'$at/bin/gable' list hardware | grep -q h100-sxm"
step "the installed binary runs the shipped default" "$at/bin/gable" run --json
cat >"$tmp/mine.c" <<'X'
#include <stdio.h>
#include "sim/run.h"
int main(void)
{
    gbl_err err = {0};
    gbl_scenario *s = NULL;
    gbl_result *r = NULL;
    gbl_run_options opt = {.progress = 0};
    char text[2048];
    int code = gbl_scenario_open(&s, NULL, NULL, 0, &err);
    if (!code) code = gbl_run(&r, s, &opt, &err);
    if (code) {
        gbl_err_text(&err, text, sizeof text);
        fputs(text, stderr);
        return code;
    }
    double n = gbl_result_get(r, "requests.completed");
    gbl_result_free(r);
    gbl_scenario_free(s);
    return n > 0 ? 0 : 1;
}
X
libs=$(sed -n 's/^Libs: -L[^ ]* //p' "$at/lib/pkgconfig/gable.pc")
# shellcheck disable=SC2086
step "a program of somebody else's builds" ${CC:-gcc} -std=c11 -Wall -Wextra -Werror ${CFLAGS:-} -I"$at/include/gable" -o mine mine.c -L"$at/lib" $libs
step "and runs" env GABLE_DATA="$at/share/gable" ./mine
# Each header stands alone.
headers() {
    (cd "$at/include/gable" && find . -name '*.h') | while read -r h; do
        printf '#include "%s"\nint main(void) { return 0; }\n' "${h#./}" >"$tmp/one.c"
        ${CC:-gcc} -std=c11 -Wall -Wextra -Werror -fsyntax-only -I"$at/include/gable" "$tmp/one.c" || { echo "$h does not stand alone"; exit 1; }
    done
}
step "each installed header stands alone" headers
echo "1..$n"
exit $failed
