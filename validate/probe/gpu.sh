#!/bin/sh
# gpu.sh FOLDER - everything that a GPU is asked, in one go and below nine minutes: builds, checks every kernel, by
# compute-sanitizer, too, measures, fits a card and prints the errors on shapes and steps that no fit has seen. FOLDER gets
# rows.jsonl, card.json, table.txt, check.txt, sanitizer.txt, and log.txt with what was said. Run in the repository; needs nvcc
# and gable's packages (without them the rows are measured all the same, and fitted elsewhere).
set -u
out=${1:?"usage: gpu.sh FOLDER"}
mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/../.." || exit 1
log=$out/log.txt
: >"$log"
start=$(date +%s)
bad=0
say() { printf '%4d s  %s\n' $(($(date +%s) - start)) "$*" | tee -a "$log"; }
left() { # MOST: seconds until the end, at most so many
    l=$((530 - ($(date +%s) - start)))
    [ $l -lt "$1" ] && echo $((l > 5 ? l : 5)) || echo "$1"
}

command -v nvidia-smi >/dev/null && nvidia-smi >"$out/smi.txt" 2>&1
arch=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d .)
say "make cuda for compute capability ${arch:-as by default}"
make ${arch:+CUDA_ARCH="$arch"} cuda >>"$log" 2>&1 || { say "make cuda failed"; tail -n 20 "$log"; exit 1; }
make build/gable >>"$log" 2>&1 && fit=1 || { fit=0; say "gable itself does not build here: rows are fitted elsewhere"; }

say "results against their references"
timeout "$(left 90)" build/gable-probe --check >"$out/check.txt" 2>&1
code=$?
[ $code = 0 ] || { bad=1; say "ended with $code:"; cat "$out/check.txt"; }
[ $code != 2 ] || exit 2 # no GPU

say "measuring"
# Families one by one, so that what was measured is there whatever happens later; the steps of layers first, as they are what it is for.
: >"$out/rows.jsonl"
for only in layers,layer_kernel gemm decode,decode_l2 prefill copy,triad host_copy,launch,overlap quantise,dequantise,scores,top_k,gather,compact,merge all_reduce; do
    timeout "$(left 150)" build/gable-probe --only $only >>"$out/rows.jsonl" 2>>"$log" || { bad=1; say "$only ended with an error or ran out of time"; }
    say "$only: $(wc -l <"$out/rows.jsonl") rows in all, $(grep -c '"noisy": true' "$out/rows.jsonl") of them noisy"
done

if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck; do
        say "compute-sanitizer, $tool"
        timeout "$(left 100)" compute-sanitizer --tool $tool --error-exitcode 9 build/gable-probe --check >>"$out/sanitizer.txt" 2>&1 || { bad=1; say "$tool: see sanitizer.txt"; }
        tail -n 2 "$out/sanitizer.txt" | tee -a "$log"
    done
else
    say "no compute-sanitizer here"
fi

if [ "$fit" = 1 ]; then
    # A row cut short by the clock would refuse the file.
    sed -i '${/}$/!d}' "$out/rows.jsonl"
    say "fitting"
    build/gable calibrate --probe cuda --rows "$out/rows.jsonl" -o "$out/card.json" --db "$out/rows.db" >"$out/table.txt" 2>&1 || { bad=1; say "no fit:"; }
    [ -s "$out/card.json" ] && { echo; build/gable validate layers "$out/rows.jsonl" --hardware "$out/card.json"; } >>"$out/table.txt" 2>&1
    cat "$out/table.txt"
fi
say "done, $bad"
exit $bad
