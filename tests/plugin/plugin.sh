#!/bin/sh
# plugin.sh - policies from shared objects: README's policy built outside the tree against policy.h alone runs, is kept with its hash,
# and keeps its contract; one with a static, one of another version, and files that are no plug-ins are told apart. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/include/policies" "$tmp/docs"
cp "$root/policies/policy.h" "$tmp/include/policies/"
awk '/^```c$/ { on = 1; text = ""; next } /^```/ { if (on && text ~ /GBL_EXPORT/) printf "%s", text; on = 0 } on { text = text $0 "\n" }' "$root/README.md" >"$tmp/mine.c"
cd "$tmp" || exit 1
gable="env GABLE_DATA=${GABLE_DATA:-$root} $build/gable"
n=0 failed=0
check() { # NAME COMMAND: a shell line
    n=$((n + 1))
    if sh -c "$2" >"$tmp/out" 2>&1; then echo "ok $n - $1"; else
        failed=1
        echo "not ok $n - $1"
        tail -n 15 "$tmp/out" | sed 's/^/#   /'
    fi
}
object() { "${CC:-cc}" -shared -fPIC -O2 -I include -o "$1.so" "$1.c"; }
says() { # STATUS WORDS... of a run that is refused
    status=$1
    shift
    printf '%s >out.txt 2>err.txt; test $? = %s && ! test -s out.txt && test $(wc -l <err.txt) -le 4' "$1" "$status"
    shift
    for w; do printf " && grep -q -- '%s' err.txt" "$w"; done
}

check "README's policy builds against policy.h alone" "$(command -v "${CC:-cc}") -shared -fPIC -O2 -Wall -Werror -I include -o mine.so mine.c"
check "it runs by its path" "$gable run --set 'policy.schedule={\"plugin\": \"./mine.so\", \"use\": \"short_first\"}'"
check "the only one of its family needs no name, and its parameters are read" "$gable run --set 'policy.schedule={\"plugin\": \"./mine.so\", \"longest\": 4000}'"
printf '{"gable": "scenario/1", "policy": {"schedule": {"plugin": "./mine.so"}}}' >docs/s.json
cp mine.so docs/
check "its path starts from the document" "cd / && $gable run '$tmp/docs/s.json' --json | grep -q '\"plugin\":\"./mine.so\"'"
check "the store keeps its hash" "$gable run --set 'policy.schedule={\"plugin\": \"./mine.so\"}' --db p.db && $gable sql 'select plugins from run' --db p.db | grep -q 'mine.so\":\"[0-9a-f]\{16\}'"
check "it keeps its contract" "$gable conform ./mine.so && ! $gable conform ./mine.so | grep -q FAIL"
check "so does every policy of the house" "$gable conform | tee all.txt && ! grep -q FAIL all.txt && test \$(wc -l <all.txt) -gt 200"

sed 's/int32_t best = v->waiting\[0\];/static int asked; int32_t best = v->waiting[0]; if (asked++ % 5 == 4) return v->waiting[v->n_waiting - 1];/' mine.c >static.c
object static
check "one that keeps a static is found out" "$gable conform ./static.so >all.txt; test \$? = 1 && grep -q 'FAIL.*\(held\|second\|hold\)' all.txt"
sed 's/p->tokens < v->max_num_batched_tokens)/1)/; s/v->max_num_batched_tokens - p->tokens, 0/0, 0/' mine.c >greedy.c
object greedy
check "one that breaks a rule ends with its name" "$gable run --set 'policy.schedule={\"plugin\": \"./greedy.so\"}' 2>err.txt; test \$? = 1 && grep -q 'short_first broke its contract' err.txt"

body=$(grep -n '^static void plan(' mine.c | cut -d: -f1)
sed "${body}s|\$| *(volatile int32_t *)(uintptr_t)(16 * (h != 0)) = 7;|" mine.c >wild.c
object wild
check "one that crashes is said, check by check" "$gable conform ./wild.so >all.txt 2>&1; test \$? = 1 && test \$(grep -c 'FAIL schedule/short_first .*it crashed: signal' all.txt) = 6"
sed "${body}s|\$| for (volatile int i = 0; i < 2;) i = h == 0;|" mine.c >forever.c
object forever
check "one that never answers is stopped, and its other checks are left" "$gable conform ./forever.so >all.txt 2>&1; test \$? = 1 && test \$(grep -c FAIL all.txt) = 1 && grep -q 'it does not end: stopped after' all.txt"
cp "$root/policies/compress/lserve.c" pages.c
object pages
check "a name that gable has as well is noted" "$gable conform ./pages.so | grep -q 'note compress/lserve .*gable has a policy of this name'"
check "what a compress policy counts comes from a plug-in, too" "$gable run --set 'policy.compress=[{\"plugin\": \"./pages.so\", \"budget\": 2048}, \"int8_kv\"]' --set trace.limit=50"
sed 's/p->read = less(at->to, s->budget)/p->read = at->to + 1/' pages.c >unread.c
object unread
check "one that reads what is not there ends with its name" "$gable run --set 'policy.compress=[{\"plugin\": \"./unread.so\"}]' 2>err.txt; test \$? = 1 && grep -q 'compress/lserve broke its contract: a step reads' err.txt"
sed 's/out\[n\].heads = heads - some;/out[n].heads = 1;/' pages.c >part.c
object part
check "one that forgets heads ends with its name" "$gable run --set 'policy.compress=[{\"plugin\": \"./part.so\"}]' 2>err.txt; test \$? = 1 && grep -q 'do not cover every layer and head' err.txt"
sed 's/return s->interval == 1 ? steps/return 1 ? steps/' pages.c >forgets.c
object forgets
check "one that grows otherwise than it said is found out" "$gable conform ./forgets.so >all.txt; test \$? = 1 && grep -q 'FAIL.*hold' all.txt"

cp "$root/policies/execute/scales.c" grids.c
object grids
check "steps of many tokens come from a plug-in, too" "$gable run --set 'policy.execute={\"plugin\": \"./grids.so\", \"images\": \"var-256\"}' --set trace.limit=50"
sed 's/\.yields = k || yields > 0 ? yields : 1/.yields = 0/' grids.c >silent.c
object silent
check "one whose prompts end without a token ends with its name" "$gable run --set 'policy.execute={\"plugin\": \"./silent.so\"}' 2>err.txt; test \$? = 1 && grep -q 'execute/scales broke its contract: the step in which a prompt ends' err.txt"
sed 's/\.yields = k || yields > 0 ? yields : 1/.yields = k == 0/' grids.c >endless.c
object endless
check "one that never comes to an end ends with its name" "$gable run --set 'policy.execute={\"plugin\": \"./endless.so\"}' 2>err.txt; test \$? = 1 && grep -q '1,024 strides' err.txt"
sed 's/(int32_t)(before + queries)/1/' grids.c >blind.c
object blind
check "one that attends less than it computes ends with its name" "$gable run --set 'policy.execute={\"plugin\": \"./blind.so\"}' 2>err.txt; test \$? = 1 && grep -q 'attends fewer tokens' err.txt"
sed 's/out->tokens = P \* (k + 1)/out->tokens = 0 * (k + 1)/' "$root/policies/execute/quickvideo.c" >empty_piece.c
object empty_piece
check "one whose pieces are empty ends with its name" "$gable run --set 'policy.execute={\"plugin\": \"./empty_piece.so\"}' 2>err.txt; test \$? = 1 && grep -q 'a piece of a prompt has no tokens' err.txt"

sed 's/GBL_SCHEDULE, GBL_ABI,/GBL_SCHEDULE, 7,/' mine.c >abi.c
object abi
sed 's/until nothing shorter does\."/&, "lenght=1"/' mine.c >when.c
object when
use() { printf "%s run --set 'policy.schedule={\"plugin\": \"%s\"}'" "$gable" "$1"; }
check "another ABI is refused with both versions" "$(says 2 "$(use ./abi.so)" 'version 7' 'has version 0')"
check "a parameter that hangs on a choice that is not there" "$(says 2 "$(use ./when.so)" 'is read when lenght=1')"
check "a file that is no shared object" "$(says 2 "$(use ./mine.c)" 'cannot load the plug-in')"
printf 'int nothing;\n' >empty.c
object empty
check "a shared object that is no plug-in" "$(says 2 "$(use ./empty.so)" 'no symbol gable_policies')"
# Symbols that lie: each object is refused before anything of it is read or called.
hostile() { # NAME TEXT OF C WORDS
    printf '#include "policies/policy.h"\nstatic void plan(void *s, const gbl_host *h, gbl_plan *p) { (void)s, (void)h, (void)p; }\n%s\n' "$2" >"$1.c"
    object "$1"
    check "hostile: $3" "$(says 2 "$(use "./$1.so")" "$3")"
}
of() { printf 'static const gbl_param rows[] = {%s};\nstatic const gbl_schedule_policy one = {.head = {%s}, .plan = %s};\nGBL_EXPORT(&one.head);' "$1" "$2" "$3"; }
head='.size = sizeof one, .family = GBL_SCHEDULE, .abi = GBL_ABI, .name = "one", .params = rows, .state_size = 8'
good='{.name = "a", .type = GBL_P_INT, .dflt = "1", .low = 1, .help = "A."}, {.name = NULL}'
hostile wild_list 'const gbl_export gable_policies = {GBL_POLICY_MAGIC, GBL_ABI, (const gbl_policy *const *)0x1000};' 'list of policies does not end'
hostile no_list 'const gbl_export gable_policies = {GBL_POLICY_MAGIC, GBL_ABI, 0};' 'lists no policy'
hostile wild_name "$(of "$good" "$head, .help = (const char *)16" plan)" 'lies outside of what is loaded'
hostile words "$(of "$good" "$head, .name = \"BAD name; drop\"" plan)" "BAD name; drop. is no name of a policy"
hostile no_hook "$(of "$good" "$head" NULL)" 'lacks a hook'
hostile data_hook "$(of "$good" "$head" '(void (*)(void *, const gbl_host *, gbl_plan *))(uintptr_t)4096')" 'hook 2 of its gbl_schedule_policy is no code'
hostile much "$(of "$good" "$head + 0xf0000000u" plan)" 'wants 4026531848 bytes of state'
hostile outside "$(of "{.name = \"a\", .type = GBL_P_INT, .offset = 4, .dflt = \"1\", .low = 1, .help = \"A.\"}, {.name = NULL}" "$head" plan)" 'lies outside its state of 8 bytes'
hostile default "$(of "{.name = \"a\", .type = GBL_P_INT, .dflt = \"one\", .low = 1, .help = \"A.\"}, {.name = NULL}" "$head" plan)" "the default of parameter .a. is no value of it: one"
hostile choice "$(of "{.name = \"a\", .type = GBL_P_CHOICE, .dflt = \"1\", .low = 1, .help = \"A.\"}, {.name = NULL}" "$head" plan)" 'is a choice without choices'
check "a file that is not there" "$(says 2 "$(use ./nowhere.so)" 'cannot read the plug-in')"
check "a name without a slash is not searched for" "$(says 2 "$(use mine.so)" 'path with a slash')"
check "a policy that it does not have" "$(says 2 "$gable run --set 'policy.schedule={\"plugin\": \"./mine.so\", \"use\": \"shortest\"}'" "no schedule policy" 'short_first')"
check "a family that it does not have" "$(says 2 "$gable run --set 'policy.evict={\"plugin\": \"./mine.so\"}'" 'no evict policy')"
check "conform refuses what it cannot load" "$(says 2 "$gable conform ./empty.so" 'no symbol')"
check "and a name that nobody has" "$(says 2 "$gable conform evict/lruu" 'no policy is called')"
echo "1..$n"
exit $failed
