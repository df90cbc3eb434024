#!/bin/sh
# probe_fake.sh - gable-probe without a GPU: its kernels, checks, options and rows on the CUDA runtime of tests/probe/fake. Prints TAP.
# With CHECK=1 the slow kernels also in other orders of threads, with wrong results and without memory.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
dir=$build/probe_fake
n=0 bad=0
ok() { # CODE WHAT
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; bad=1; fi
}

if ! command -v g++ >/dev/null; then
    echo "ok 1 - gable-probe on a fake GPU # SKIP no g++"
    exit 0
fi
mkdir -p "$dir"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for f in validate/probe/*.cu tests/probe/fake/*.cpp; do
    case $f in */probe_library.cu) continue ;; esac # the fake has its own
    echo "$f"
done >"$dir/sources"
newest=$(ls -t validate/probe/*.cu validate/probe/*.cuh validate/probe/body*.h validate/probe/probe_stats.h tests/probe/fake/* "$0" | head -n 1)
if [ ! -x "$dir/gable-probe" ] || [ -n "$(find "$newest" -newer "$dir/gable-probe")" ]; then
    rm -f "$dir"/*.o
    xargs -P "$(nproc)" -I{} sh -c 'g++ -std=c++17 -O1 -U_FORTIFY_SOURCE -Wall -Werror -Wno-unknown-pragmas -Itests/probe/fake -I. -DGBL_VERSION=\"test\" -x c++ -c -o "$1/$(basename "$2").o" "$2"' build "$dir" {} <"$dir/sources" >"$tmp/log" 2>&1 &&
        g++ -rdynamic -o "$dir/gable-probe" "$dir"/*.o -ldl >>"$tmp/log" 2>&1
    ok $? "it builds for the host without a warning"
    cat "$tmp/log"
fi
probe=$dir/gable-probe
[ -x "$probe" ] || exit 1

prefill='' all=0
[ "${CHECK:-0}" = 1 ] && prefill=,prefill all=1
"$probe" --check >"$tmp/out" 2>"$tmp/err"
ok $? "every kernel's result agrees with its reference"
grep wrong "$tmp/err"
[ ! -s "$tmp/out" ]; ok $? "--check prints no row"
FAKE_CUDA_ORDER=reverse "$probe" --check --only "top_k,compact,merge,layers$prefill" >/dev/null 2>"$tmp/err"
ok $? "nor does it hang on the order of threads between barriers"
FAKE_CUDA_WRONG=1 "$probe" --check --only "copy,gemm,decode,gather,layers$prefill" >"$tmp/out" 2>"$tmp/err"
[ $? = 1 ] && grep -q 'decode (mma, bf16' "$tmp/err" && { [ $all = 0 ] || grep -q 'prefill (mma' "$tmp/err"; } && grep -q 'layers (decode) is wrong' "$tmp/err" && [ ! -s "$tmp/out" ]
ok $? "wrong results are told, have no rows, and end with 1"
[ "$(grep -c 'is wrong' "$tmp/err")" -ge 40 ]; ok $? "whichever kernel it is ($(grep -c 'is wrong' "$tmp/err") of them)"

FAKE_CUDA_LAZY=2 "$probe" --quick --json-header >"$tmp/rows.jsonl" 2>"$tmp/err"
ok $? "it measures"
for p in copy triad gemm prefill decode quantise dequantise scores top_k gather merge host_copy launch overlap; do
    grep -q "^{\"probe\": \"$p\"" "$tmp/rows.jsonl"; ok $? "rows of $p"
done
FAKE_CUDA_MIB=2200 FAKE_CUDA_LAZY=2 "$probe" --quick --only layers,layer_kernel >"$tmp/layers.jsonl" 2>>"$tmp/err"
grep -q '"probe": "layers".*"model": "llama-3.1-8b"' "$tmp/layers.jsonl" && grep -q '"part": "gate_up"' "$tmp/layers.jsonl"; ok $? "steps of layers"
cat "$tmp/layers.jsonl" >>"$tmp/rows.jsonl"
# The reader takes every row, and finds its work as the formulas say; only then does it see that such times cannot be.
"$build/gable" calibrate "$tmp/rows.jsonl" --hardware h200-sxm >/dev/null 2>"$tmp/err"
[ $? = 2 ] && grep -q 'shapes are faster than the data sheet' "$tmp/err"; ok $? "gable reads them, and does not believe the times"
FAKE_CUDA_NO_LT=1 FAKE_CUDA_LAZY=2 "$probe" --quick --only gemm >"$tmp/out" 2>"$tmp/err"
[ $? = 0 ] && grep -q 'no libcublasLt here' "$tmp/err" && grep -q '"kernel": "body"' "$tmp/out"; ok $? "without cuBLASLt the body remains"

# A clock on which a launch takes the host 10 us and a kernel 2: a row has the kernel's time alone, on one GPU and on four.
FAKE_CUDA_CLOCK=1 FAKE_CUDA_DEVICES=4 FAKE_CUDA_LAZY=2 "$probe" --quick --only copy,all_reduce,top_k,gather,merge >"$tmp/out" 2>"$tmp/err"
[ $? = 0 ] && [ "$(grep -c '"median_us": 2,' "$tmp/out")" = "$(grep -c . "$tmp/out")" ] && [ "$(grep -c '"num_gpus": [24],' "$tmp/out")" = 8 ]; ok $? "the host's launches are in no time"
! grep -q '"top_k".*"format"' "$tmp/out" && grep -q '"rows": 65536, "kept": 16384, "row_bytes": 256' "$tmp/out" && grep -q '"pairs": 16384, "row_bytes": 256' "$tmp/out"; ok $? "shapes as the protocol has them"
FAKE_CUDA_DEVICES=4 FAKE_CUDA_WRONG=1 "$probe" --check --only all_reduce >/dev/null 2>"$tmp/err"
[ $? = 1 ] && grep -q 'all_reduce is wrong' "$tmp/err"; ok $? "a wrong sum over GPUs is told"
# Queries and outputs are cycled with the KV: with 768 KiB of L2 there is memory for enough copies, with 20 MiB there is not.
for l2 in 768:true 20480:false; do
    FAKE_CUDA_CLOCK=1 FAKE_CUDA_LAZY=1 FAKE_CUDA_MIB=64 FAKE_CUDA_L2_KIB=${l2%:*} "$probe" --quick --only prefill >"$tmp/out" 2>"$tmp/err"
    grep -q '"isl": 128, "prefix_len": 0, .*"cold": '"${l2#*:}" "$tmp/out"; ok $? "prefill behind $l2 (KiB of L2, cold)"
done

FAKE_CUDA_MIB=1 "$probe" --quick --only "gemm,decode,layers,copy$prefill" >"$tmp/out" 2>"$tmp/err"
ok $? "next to no memory: less is measured"
FAKE_CUDA_DEVICES=0 "$probe" >"$tmp/out" 2>"$tmp/err"
[ $? = 2 ] && [ "$(wc -l <"$tmp/err")" = 1 ] && [ ! -s "$tmp/out" ]; ok $? "no GPU: one line, exit 2"
"$build/gable" calibrate --probe cuda --program "$probe" --device 7 >/dev/null 2>&1; [ $? = 2 ]; ok $? "gable has no flag of the probe"
for bad_call in --lst '--only gem' '--device x' '--device 5' --only; do
    # shellcheck disable=SC2086
    "$probe" $bad_call >"$tmp/out" 2>"$tmp/err"
    [ $? = 2 ] && [ -s "$tmp/err" ] && [ "$(wc -l <"$tmp/err")" -le 2 ] && [ ! -s "$tmp/out" ]; ok $? "refused: $bad_call"
done

echo "1..$n"
exit $bad
