#!/bin/sh
# The harness is tested, too: planted failures, crashes, hangs and silence must be counted as failures by run.sh,
# and planted differences be seen by transcript.sh.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0
# expect NAME WANTED GOT
expect() {
    n=$((n + 1))
    if [ "$2" = "$3" ]; then echo "ok $n - $1"; else
        failed=$((failed + 1))
        echo "not ok $n - $1"
        echo "# expected: $2"
        echo "# got:      $3"
    fi
}
item() { cat >"$tmp/$1.sh"; }
run() { # the last line and exit status for the named items
    items=
    for i in "$@"; do items="$items $tmp/$i"; done
    # shellcheck disable=SC2086
    TEST_TIMEOUT_S=1 sh "$root/tests/run.sh" $items >"$tmp/out" 2>&1
    code=$?
    echo "$(tail -n 1 "$tmp/out") ($code)"
}

item good <<'X'
echo "1..2"; echo "ok 1 - a"; echo "ok 2 - b"
X
item bad <<'X'
echo "1..2"; echo "ok 1 - a"; echo "not ok 2 - b"; exit 1
X
item skip <<'X'
echo "1..2"; echo "ok 1 - a"; echo "not ok 2 # SKIP b"
X
item crash <<'X'
echo "1..2"; echo "ok 1 - a"; kill -SEGV $$
X
item quiet <<'X'
exit 0
X
item liar <<'X'
echo "not ok 1 - a"; exit 0
X
item late <<'X'
echo "ok 1 - a"; exit 3
X
item hang <<'X'
echo "ok 1 - a"; sleep 20
X
expect "passes are counted" "2 passed, 0 failed (0)" "$(run good.sh)"
expect "a failure fails the run" "1 passed, 1 failed (1)" "$(run bad.sh)"
expect "skipped tests are counted apart" "1 passed, 0 failed, 1 skipped (0)" "$(run skip.sh)"
expect "a crash is a failure" "1 passed, 1 failed (1)" "$(run crash.sh)"
expect "no test at all is a failure" "0 passed, 1 failed (1)" "$(run quiet.sh)"
expect "exit 0 does not hide a failure" "0 passed, 1 failed (1)" "$(run liar.sh)"
expect "a bad exit status after passes is a failure" "1 passed, 1 failed (1)" "$(run late.sh)"
expect "a hang is a failure" "1 passed, 1 failed (1)" "$(run hang.sh)"
expect "a missing program is a failure" "0 passed, 1 failed (1)" "$(run nowhere)"
expect "all together" "6 passed, 5 failed, 1 skipped (1)" "$(run good.sh bad.sh skip.sh crash.sh quiet.sh hang.sh nowhere)"

# transcript.sh
t() { # NAME: runs the transcript on standard input; prints counts of ok and not ok, and the exit status
    cat >"$tmp/$1.t"
    sh "$root/tests/cli/transcript.sh" "$tmp/$1.t" >"$tmp/out" 2>&1
    code=$?
    echo "$(grep -c '^ok ' "$tmp/out") $(grep -c '^not ok ' "$tmp/out") $code"
}
expect "exact output" "1 0 0" "$(printf '$ echo one; echo two\none\ntwo\n' | t exact)"
expect "another line" "0 1 1" "$(printf '$ echo one\ntwo\n' | t other)"
expect "a line too few" "0 1 1" "$(printf '$ echo one; echo two\none\n' | t few)"
expect "a line too many" "0 1 1" "$(printf '$ echo one\none\ntwo\n' | t many)"
expect "a star matches" "1 0 0" "$(printf '$ echo took 12 ms\ntook * ms\n' | t star)"
expect "a star does not match anything" "0 1 1" "$(printf '$ echo took 12 s\ntook * ms\n' | t nostar)"
expect "an escaped star is a star" "0 1 1" "$(printf '$ echo took 12 ms\ntook \\* ms\n' | t escaped)"
expect "other characters are themselves" "0 1 1" "$(printf '$ echo axb\na.b\n' | t dot)"
expect "dots skip lines" "1 0 0" "$(printf '$ seq 9\n1\n...\n8\n9\n' | t dots)"
expect "dots need what follows" "0 1 1" "$(printf '$ seq 9\n1\n...\n7\n9\n' | t dotsno)"
expect "escaped dots are dots" "1 1 1" "$(printf '$ echo ...\n\\...\n$ echo x\n\\...\n' | t dotsesc)"
expect "standard error is apart" "1 0 0" "$(printf '$ echo a; echo b >&2\n! b\na\n' | t err)"
expect "unexpected standard error" "0 1 1" "$(printf '$ echo a; echo b >&2\na\n' | t errno)"
expect "the exit status" "1 0 0" "$(printf '$ exit 3\n? 3\n' | t status)"
expect "an unexpected exit status" "0 1 1" "$(printf '$ exit 3\n' | t statusno)"
expect "an expected exit status that does not come" "0 1 1" "$(printf '$ true\n? 3\n' | t statusmiss)"
expect "two commands share a folder" "2 0 0" "$(printf '$ echo hi > f\n\n$ cat f\nhi\n' | t folder)"
expect "a file without a command is a failure" "0 1 1" "$(printf '# nothing\n' | t empty)"
printf '# kept\n$ seq 3\n1\n...\n\n$ echo "a*b"; exit 4\nold\n' >"$tmp/up.t"
UPDATE=1 sh "$root/tests/cli/transcript.sh" "$tmp/up.t" >/dev/null 2>&1
expect "UPDATE=1 rewrites what differs and keeps what matches" '# kept|$ seq 3|1|...||$ echo "a*b"; exit 4|a\*b|? 4|' "$(tr '\n' '|' <"$tmp/up.t")"
expect "and passes then" "2 0 0" "$(t again <"$tmp/up.t")"
echo "1..$n"
exit $((failed > 0))
