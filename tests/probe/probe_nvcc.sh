#!/bin/sh
# probe_nvcc.sh - make cuda, and gable-probe where no driver is; without nvcc what make cuda says. Prints TAP. All of the program is
# minutes of nvcc: with CHECK=1; else one file of it. In a folder of its own, beside what another test may be linking.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL # no job server of the make that runs this
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
n=0 bad=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ok() { # CODE WHAT
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; bad=1; fi
}
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }

make NVCC= cuda >"$tmp/out" 2>"$tmp/err"
[ $? != 0 ] && grep -q '^cuda: there is no nvcc' "$tmp/err"; ok $? "make cuda without nvcc says what is missing"
# A relative folder, as make itself has it: the lists of headers name their objects by it.
nvcc=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null)
if [ -z "$nvcc" ]; then
    skip "gable-probe built by nvcc" "no nvcc"
else
    own=${build#"$PWD"/}/nvcc target=cuda
    [ "${CHECK:-0}" = 1 ] || target=$own/validate/probe/cuda_stream.cu.o
    make BUILD="$own" CUDA_ARCH=90 "$target" >"$tmp/log" 2>&1 && ! grep -i warning "$tmp/log"; ok $? "nvcc builds it without a warning"
    if [ "$target" != cuda ]; then skip "gable-probe without a driver" "with CHECK=1"
    elif [ -e /dev/nvidia0 ]; then skip "no driver: one line, exit 2" "a GPU is here"; else
        "$own/gable-probe" --quick >"$tmp/out" 2>"$tmp/err"
        [ $? = 2 ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q '^gable-probe: no GPU' "$tmp/err" && [ ! -s "$tmp/out" ]; ok $? "no driver: one line, exit 2"
        "$build/gable" calibrate --probe cuda --program "$own/gable-probe" >"$tmp/out" 2>"$tmp/err"
        [ $? = 2 ] && [ "$(wc -l <"$tmp/err")" -le 4 ] && [ ! -s "$tmp/out" ]; ok $? "calibrate --probe cuda: refused in at most four lines"
    fi
fi
echo "1..$n"
exit $bad
