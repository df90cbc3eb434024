#!/bin/sh
# The laws of the tree, and the proof that each sees what it forbids: a small tree that keeps them all, and the same
# tree with one violation planted at a time.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
laws=$root/tests/law/laws.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0
result() { # STATUS NAME
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else
        failed=1
        echo "not ok $n - $2"
        sed 's/^/#   /' "$tmp/out"
    fi
}

for law in includes names words size paths memory; do
    sh "$laws" $law "$root" >"$tmp/out" 2>&1
    result $? "the tree keeps the law of $law"
done
# Instrumented builds add variables of their own.
if [ ! -f "$BUILD/libgable.a" ] || grep -q fsanitize "$BUILD/flags"; then
    n=$((n + 1))
    echo "ok $n - the library keeps the law of globals # SKIP for plain builds"
else
    sh "$laws" globals "$root" >"$tmp/out" 2>&1
    result $? "the library keeps the law of globals"
fi

tree() { # a fresh tree that keeps every law
    rm -rf "$tmp/t"
    mkdir -p "$tmp/t/base" "$tmp/t/models/cards" "$tmp/t/traces" "$tmp/t/sim" "$tmp/t/reports" "$tmp/t/validate/probe" "$tmp/t/cli" \
        "$tmp/t/policies/evict" "$tmp/t/policies/cards" "$tmp/t/tests/unit"
    cd "$tmp/t" || exit 1
    printf '#include <stdint.h>\n' >policies/policy.h
    printf '#include "policies/policy.h"\n' >policies/evict/lru.c
    printf '#include "../policy.h"\n' >policies/evict/fifo.c
    printf '#include "policies/policy.h"\n#include <stdio.h>\n' >base/err.h
    printf '#include "err.h"\n#include <cjson/cJSON.h>\n' >base/doc.c
    printf '#include <gsl/gsl_cdf.h>\n' >base/random.c
    printf '#include "base/err.h"\n' >models/cost.h
    printf '#include "base/err.h"\n' >traces/trace.h
    printf '#include "models/cost.h"\n#include "traces/trace.h"\n' >sim/run.h
    printf '#include "sim/run.h"\n#include <sqlite3.h>\nint sum(int a) { return my_malloc(a); }\n' >reports/store.c
    printf '#include <cuda_runtime.h>\n' >validate/probe/probe.cu
    printf '#include "sim/run.h"\n' >cli/main.c
    printf '#include <cmocka.h>\n#include "sim/run.h"\n' >tests/unit/test_run.c
    printf '{}\n' >models/cards/vllm.json
    printf '{}\n' >policies/cards/vllm.json
}
tree
for law in includes names words size paths memory; do
    sh "$laws" $law "$tmp/t" >"$tmp/out" 2>&1
    result $? "a clean small tree keeps the law of $law"
done

# planted LAW FILE LINE WHY: the line, appended, must be reported once, with its file
planted() {
    tree
    mkdir -p "$(dirname "$2")"
    printf '%b\n' "$3" >>"$2"
    sh "$laws" "$1" "$tmp/t" >"$tmp/out" 2>&1
    code=$?
    [ $code = 1 ] && [ "$(wc -l <"$tmp/out")" = 1 ] && grep -q "^$2:" "$tmp/out"
    result $? "seen: $4"
}
planted includes policies/evict/lru.c '#include "base/err.h"' "a policy that includes base"
planted includes policies/evict/lru.c '#include <stdlib.h>' "a policy that includes the C library by itself"
planted includes policies/evict/lru.c '#include "fifo.c"' "a policy that includes a policy"
planted includes policies/policy.h '#include "base/err.h"' "policy.h above base"
planted includes base/err.h '#include "models/cost.h"' "base that includes models"
planted includes base/err.h '  #  include "../sim/run.h"' "base that includes sim, by a winding path"
planted includes models/cost.h '#include "traces/trace.h"' "models that includes traces"
planted includes traces/trace.h '#include "models/cost.h"' "traces that includes models"
planted includes traces/trace.h '#include "sim/run.h"' "traces that includes sim"
planted includes sim/run.h '#include "policies/evict/lru.c"' "the engine that includes a policy"
planted includes sim/run.h '#include <sqlite3.h>' "SQLite outside reports"
planted includes models/cost.h '#include <gsl/gsl_sf.h>' "GSL outside its files"
planted includes sim/run.h '#include <cjson/cJSON.h>' "cJSON outside its file"
planted includes traces/trace.h '#include <zlib.h>' "zlib outside the readers and writers of packed files"
planted includes cli/main.c '#include <cuda.h>' "CUDA outside the probe"
planted includes validate/probe/probe.cu '#include "base/err.h"' "a probe that does not stand alone"
planted includes reports/store.c '#include "nowhere.h"' "a header that is not there"
planted includes cli/main.c '#include SOME_MACRO' "an include that cannot be read"
planted includes tests/unit/test_run.c '#include "policies/evict/lru.c"' "a test that includes a policy"
planted includes extra/new.c '#include "base/err.h"' "a folder without a place"
planted names sim/err.h '' "two headers of one name"
planted words cli/main.c '/* TO''DO: later */' "a note for later"
planted words cli/main.c 'int x; // XX''X wrong' "a mark of doubt in a comment"
planted paths cli/main.c 'x = "/ho''me/someone/x";' "a machine's path"
planted memory reports/store.c 'x = malloc(3);' "an allocation past base/mem.h"
tree
head -c 1048577 /dev/zero >models/cards/big.json
! sh "$laws" size "$tmp/t" >"$tmp/out" 2>&1 && grep -q '^models/cards/big.json:' "$tmp/out"
result $? "seen: a file over 1 MiB"

# A library with one variable outside any object.
mkdir -p "$tmp/lib"
printf 'int const table[2] = {1, 2};\nconst char *const names[] = {"a"};\n' >"$tmp/lib/good.c"
printf 'int next_id(void);\nint next_id(void) { static int id; return ++id; }\n' >"$tmp/lib/bad.c"
(cd "$tmp/lib" && ${CC:-gcc} -fPIC -c good.c && ar rcs libgable.a good.o) >"$tmp/out" 2>&1 &&
    BUILD=$tmp/lib sh "$laws" globals "$root" >"$tmp/out" 2>&1
result $? "constant tables are no globals"
(cd "$tmp/lib" && ${CC:-gcc} -fPIC -c bad.c && ar rcs libgable.a bad.o) >"$tmp/out" 2>&1 &&
    ! BUILD=$tmp/lib sh "$laws" globals "$root" >"$tmp/out" 2>&1 && grep -q 'bad.o: id' "$tmp/out"
result $? "seen: a function that keeps state"
echo "1..$n"
exit $failed
