#!/bin/sh
# The bodies of the probes: right on the CPU and on OpenCL, counted and raced by an emulator, and a formula that is broken on
# purpose is seen. Rows are read back by gable. Prints TAP. An OpenCL compiler takes half a minute over all kernels: with CHECK=1.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
probe=$BUILD/gable-probe-host gable=$BUILD/gable
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export POCL_CACHE_DIR="$tmp/pocl" GABLE_DATA="${GABLE_DATA:-$root}"
n=0 failed=0
result() { # STATUS NAME: what $tmp/out says is shown on failure
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else
        failed=1
        echo "not ok $n - $2"
        head -n 20 "$tmp/out" | sed 's/^/#   /'
    fi
}
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
adopt() { # the TAP lines of a file, numbered on
    grep -E '^(not )?ok |^#' "$1" >"$tmp/lines"
    while IFS= read -r line; do
        case $line in
        ok*) n=$((n + 1)); echo "ok $n - ${line#* - }" ;;
        not*) n=$((n + 1)) failed=1; echo "not ok $n - ${line#* - }" ;;
        *) echo "$line" ;;
        esac
    done <"$tmp/lines"
}

# ---- values
"$probe" --check >"$tmp/out" 2>&1
result $? "every kernel on the CPU gives what double precision gives"
adopt "$tmp/out"
sanitized=$(grep -c fsanitize "$BUILD/flags")
few='--only copy,compact,merge'
[ "${CHECK:-0}" = 1 ] && few=
# shellcheck disable=SC2086
if ! ASAN_OPTIONS=detect_leaks=0 "$probe" --backend opencl --check $few >"$tmp/out" 2>&1 && grep -q 'OpenCL knows no device\|there is no OpenCL' "$tmp/out"; then
    skip "kernels on OpenCL" "there is no OpenCL device here (pocl-opencl-icd)"
else
    ! grep -q '^not ok\|^gable-probe-host:' "$tmp/out"
    result $? "kernels on OpenCL give what double precision gives"
    adopt "$tmp/out"
fi

# ---- counts
counted=0
if ! command -v oclgrind >/dev/null; then
    skip "operations and bytes counted" "there is no oclgrind here"
elif [ "$sanitized" != 0 ]; then
    skip "operations and bytes counted" "for plain builds"
else
    oclgrind --inst-counts --data-races --max-errors 20 "$probe" --backend opencl --count >"$tmp/counts" 2>"$tmp/errors"
    code=$?
    cat "$tmp/errors" >"$tmp/out"
    result $code "the emulator runs every kernel"
    ! grep -iE 'race|invalid|out of bounds|error' "$tmp/errors" >"$tmp/out"
    result $? "the emulator sees no data race and no access out of bounds"
    awk -f "$root/tests/probe/counts.awk" "$tmp/counts" >"$tmp/tap"
    adopt "$tmp/tap"
    counted=1
fi

# ---- formulas broken on purpose, each in a copy of its file, beside what the emulator counted
seen=0
mutant() { # NAME FILE SED: the counts must no longer fit. Every fourth without CHECK=1: each is a compiler and a linker
    seen=$((seen + 1))
    [ "${CHECK:-0}" = 1 ] || [ $((seen % 4)) = 1 ] || return
    mkdir -p "$tmp/m/$(dirname "$2")"
    sed "$3" "$root/$2" >"$tmp/m/$2"
    if cmp -s "$root/$2" "$tmp/m/$2"; then
        echo "the edit $3 changes nothing in $2" >"$tmp/out"
        result 1 "seen: $1"
        return
    fi
    source=validate/probe/cases.c
    case $2 in *.c) source=$2 ;; esac
    from=$root/$source
    [ -f "$tmp/m/$source" ] && from=$tmp/m/$source
    ${CC:-gcc} -std=c11 -D_DEFAULT_SOURCE -O1 -I"$tmp/m" -I"$root" -c "$from" -o "$tmp/mutant.o" >"$tmp/out" 2>&1 || { result 1 "seen: $1"; return; }
    objects=
    for o in "$BUILD"/validate/probe/*.o; do
        case $o in "$BUILD/${source%.c}.o" | *.cu.o) ;; *) objects="$objects $o" ;; esac # make cuda leaves its objects there, too
    done
    # shellcheck disable=SC2086
    ${CC:-gcc} -fopenmp -o "$tmp/mutant" "$tmp/mutant.o" $objects "$BUILD/libgable.a" -lcjson -lgsl -lgslcblas -lsqlite3 -lxxhash -lz -lzstd -ldl -lm >"$tmp/out" 2>&1 ||
        { result 1 "seen: $1"; return; }
    "$tmp/mutant" --count >"$tmp/lines" 2>"$tmp/out" || { result 1 "seen: $1"; return; }
    # The broken program's own lines take the places of the whole one's.
    awk -v lines="$tmp/lines" '/^count / { getline line < lines; print line; next } { print }' "$tmp/counts" >"$tmp/mixed"
    ! awk -f "$root/tests/probe/counts.awk" "$tmp/mixed" >"$tmp/out" && grep -q '^not ok' "$tmp/out"
    result $? "seen: $1"
    rm -rf "$tmp/m"
}
if [ $counted = 1 ]; then
    mutant "a product with three FLOP a multiply-add" models/kernel_gemm.c 's/out->flops = 2 \* s->m \* s->n/out->flops = 3 * s->m * s->n/'
    mutant "a product that forgets its output" models/kernel_gemm.c 's/ + s->m \* s->n \* s->out_bytes;/;/'
    mutant "a decode that reads no queries" models/kernel_attention.c 's/out->qo = b \* s->qo_bytes/out->qo = 0 * s->qo_bytes/'
    mutant "a prefill that reads what was cached twice" models/kernel_attention.c 's/out->hbm_bytes = l->kv \* s->kv_bytes/out->hbm_bytes = 2 * l->kv * s->kv_bytes/'
    mutant "memory fetched by 128 bytes" models/kernel_move.c 's/granule = 64;/granule = 128;/'
    mutant "codes made from one reading" models/kernel_move.c 's/to < from ? 2 \* from + to/to < from ? from + to/'
    mutant "a selection of one pass less" models/kernel_move.c 's/: width + 1;/: width;/'
    mutant "rows gathered without an index" models/kernel_move.c 's/ + bytes + 4 \* rows : 0/ + bytes : 0/'
    mutant "a compaction without its mask" models/kernel_move.c 's/n > 0 ? n + touched/n > 0 ? touched/'
    mutant "scores that are not searched" models/kernel_move.h 's/return 12 \* n;/return 8 * n;/'
    mutant "a merge that reads one row" models/kernel_move.h 's/return 3 \* pairs/return 2 * pairs/'
    mutant "a norm without its residual" models/kernels.h 's/(8 \* hidden/(4 * hidden/'
else
    skip "formulas broken on purpose" "nothing was counted"
fi

# ---- rows and words
OMP_NUM_THREADS=1 "$probe" --quick --json-header >"$tmp/rows.jsonl" 2>"$tmp/out" && "$gable" validate layers "$tmp/rows.jsonl" --hardware h100-sxm >>"$tmp/out" 2>&1 &&
    grep -q 'both: \|noisy' "$tmp/out"
result $? "gable reads every row"
"$probe" --card >"$tmp/card.json" 2>"$tmp/out"
"$gable" model llama-2-7b --hardware "$tmp/card.json" --json >"$tmp/out" 2>&1
result $? "the host's card is one"
for bad in '--onyl gemm' '--only gem' '--only' '--backend cuda' 'rows' '--only gemm,,decode'; do
    # shellcheck disable=SC2086
    "$probe" $bad >"$tmp/answer" 2>"$tmp/out"
    [ $? = 2 ] && [ ! -s "$tmp/answer" ] && [ "$(wc -l <"$tmp/out")" -le 4 ] && grep -q expected "$tmp/out"
    result $? "refused: $bad"
done
echo "1..$n"
exit $failed
