#!/bin/sh
# polish.sh - what gable says of itself holds together: every name of every list is explained, every schema is one and every shipped
# document keeps it, completions of bash and zsh know every flag, the manual pages have no complaint. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
python=${PYTHON:-/usr/bin/python3}
gable=$build/gable
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$root" || exit 1
n=0 failed=0
check() { # NAME NEEDS COMMAND...: skipped where the program or module NEEDS is not there
    n=$((n + 1)) name=$1 needs=$2
    shift 2
    case $needs in
    python3-*) "$python" -c "import ${needs#python3-}" 2>/dev/null ;;
    *) command -v "$needs" >/dev/null ;;
    esac || { echo "ok $n - $name # SKIP no $needs"; return; }
    if "$@" >"$tmp/out" 2>&1; then echo "ok $n - $name"; else
        failed=1
        echo "not ok $n - $name"
        head -n 20 "$tmp/out" | sed 's/^/#   /'
    fi
}

# "run --seed" a line, "trace hits --price" too.
"$python" tests/polish/polish.py "$gable" flags >"$tmp/flags"

bash_knows() {
    "$gable" help --completion bash >"$tmp/completion.bash" && bash -c '
        . "$1" || exit 1
        bad=0
        while read -r line; do
            flag=${line##* } command=${line% *}
            COMP_WORDS=(gable $command --) COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
            _gable
            case " ${COMPREPLY[*]} " in *" $flag "*) ;; *) echo "bash does not know $line"; bad=1 ;; esac
        done
        exit $bad' bash "$tmp/completion.bash" <"$tmp/flags"
}
zsh_knows() {
    "$gable" help --completion zsh >"$tmp/_gable" && zsh -n "$tmp/_gable" &&
        zsh -fc 'fpath=($1 $fpath); autoload -Uz compinit && compinit -u -D && [[ $_comps[gable] == _gable ]]' zsh "$tmp" || return 1
    bad=0
    while read -r line; do
        grep -q -- "--${line##*--}[=[]" "$tmp/_gable" || { echo "zsh does not know $line"; bad=1; }
    done <"$tmp/flags"
    return $bad
}
# A page that follows from the program alone has no date.
man_lints() {
    "$gable" help --man >"$tmp/gable.1"
    ! mandoc -T lint -W warning "$tmp/gable.1" lib/gable.3 | grep -v 'missing date'
}
every_flag_is_in_man() {
    bad=0
    "$gable" help --man | sed 's/\\-/-/g' >"$tmp/plain.1"
    while read -r line; do grep -q -- "--${line##*--}\( \|$\)" "$tmp/plain.1" || { echo "the page has no $line"; bad=1; }; done <"$tmp/flags"
    return $bad
}

check "there are flags to look for" sh test "$(wc -l <"$tmp/flags")" -gt 150
check "every name of every list is explained" python3-json "$python" tests/polish/polish.py "$gable" explained
check "every schema is one, and every shipped document keeps it" python3-jsonschema "$python" tests/polish/polish.py "$gable" valid
check "bash completes every flag of every command" bash bash_knows
check "zsh loads its completion, which has every flag" zsh zsh_knows
check "the manual pages lint" mandoc man_lints
check "and have every flag" sh every_flag_is_in_man
echo "1..$n"
exit $failed
