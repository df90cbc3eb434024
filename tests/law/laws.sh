#!/bin/sh
# laws.sh LAW ROOT - checks one law of the tree below ROOT; prints each violation and exits 1 when there is one.
#   includes  who may include whom (includes.awk)
#   names     file names of code are unique across the tree
#   words     no note to do something later
#   size      no file over 1 MiB
#   paths     no path of somebody's machine
#   memory    allocation goes through base/mem.h
#   globals   nothing in the library keeps state outside its objects ($BUILD/libgable.a)
set -u
here=$(cd "$(dirname "$0")" && pwd)
law=$1
cd "$2" || exit 2
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# What git has or would take; all files where this is no checkout.
if [ -e .git ] && git -c safe.directory='*' ls-files -co --exclude-standard >"$list" 2>/dev/null && [ -s "$list" ]; then
    # Deleted but not yet committed files are listed, too.
    while IFS= read -r f; do [ -f "$f" ] && printf '%s\n' "$f"; done <"$list" | sort >"$list.there"
    mv "$list.there" "$list"
else
    find . -type f ! -path './.git/*' ! -path './build/*' | sed 's|^\./||' | sort >"$list"
fi
code() { grep -E '\.(c|h|cu|cl|cuh)$' "$list"; }
texts() { grep -vE '\.(gz|zst|png)$|^LICENSE$|/corpus/' "$list"; }
in_files() { tr '\n' '\0' | xargs -0 -r grep -nH "$@" /dev/null; }

case $law in
includes)
    code | in_files -E '^[[:space:]]*#[[:space:]]*include' | awk -v files="$list" -f "$here/includes.awk"
    ;;
names)
    # Cards are named after what they describe; a model and a system may share a name.
    grep -E '\.(c|h|cu|cl|cuh|sh|awk|t)$' "$list" | awk '
        { n = $0; sub(/.*\//, "", n); if (n in seen) print $0 ": bears the name of " seen[n]; else seen[n] = $0 }'
    ;;
words)
    # The last one only in comments: traces exist that write it into a column.
    texts | in_files -E '(^|[^A-Za-z0-9_])(TO''DO|FIX''ME)([^A-Za-z0-9_]|$)|(//|/\*|#|^ *\*)(.*[^A-Za-z0-9_])?XX''X([^A-Za-z0-9_]|$)'
    ;;
size)
    while IFS= read -r f; do
        n=$(wc -c <"$f")
        [ "$n" -le 1048576 ] || echo "$f: $n bytes, over 1 MiB"
    done <"$list"
    ;;
paths)
    texts | in_files -E '(^|[^A-Za-z0-9_.}/-])/(work|home|root|Users|mnt|media)/[A-Za-z0-9_.]'
    ;;
memory)
    grep -E '^(base|models|traces|sim|reports|validate|policies|lib|cli)/.*\.c$' "$list" | grep -vx 'base/mem\.c' |
        in_files -E '(^|[^A-Za-z0-9_.>])(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf|getline|alloca) ?\('
    ;;
globals)
    # mem.c counts allocations for the tests that make the nth one fail.
    objdump -t "${BUILD:-build}/libgable.a" | awk '
        /^[^ ]*\.o:/ { object = $1; next }
        / \.(data|bss|tdata|tbss)\t/ || / \*COM\*\t/ {
            if ($0 !~ / d  / && $(NF - 1) !~ /^0+$/ && object != "mem.o:") print object " " $NF " is a variable outside any object"
        }'
    ;;
*)
    echo "no such law: $law"
    ;;
esac >"$list.out"
cat "$list.out"
if [ -s "$list.out" ]; then bad=1; else bad=0; fi
rm -f "$list.out"
exit $bad
