#!/bin/sh
# python.sh - the Python binding as a user gets it: `pip install .` in a fresh virtual environment, the worked example, and its
# tests; typed by mypy where there is one. No package index is needed: setuptools, wheel and pytest are Debian's. Prints TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
case $build in /*) ;; *) build=$root/$build ;; esac
python=${PYTHON:-/usr/bin/python3}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset GABLE_DATA MAKEFLAGS MFLAGS MAKELEVEL PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1 BUILD="$build"
n=0 failed=0
step() { # NAME COMMAND...
    n=$((n + 1)) name=$1
    shift
    if "$@" >"$tmp/out" 2>&1; then echo "ok $n - $name"; else
        failed=1
        echo "not ok $n - $name"
        tail -n 40 "$tmp/out" | sed 's/^/#   /'
    fi
}
finish() {
    echo "1..$n"
    exit $failed
}
skip() {
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

if "$python" -c 'import mypy' 2>/dev/null; then
    typed() { (cd "$root" && "$python" -m mypy --cache-dir "$tmp/mypy"); }
    step "mypy --strict has no complaint" typed
else
    skip "mypy --strict has no complaint" "no mypy"
fi
case $(cat "$build/flags" 2>/dev/null) in
*fsanitize*) skip "the binding" "an instrumented library needs an instrumented python"; finish ;;
esac
"$python" -c 'import venv, ensurepip, setuptools, wheel, pytest' 2>/dev/null ||
    { skip "the binding" "no python3-venv, setuptools, wheel or pytest"; finish; }

# Debian's setuptools, wheel and pytest are seen from inside; nothing else of the system is named gable.
step "a fresh virtual environment" "$python" -m venv --system-site-packages "$tmp/venv"
step "pip install ." "$tmp/venv/bin/python" -m pip install --no-build-isolation --no-deps "$root"
"$tmp/venv/bin/python" -m pip show -q gable 2>/dev/null || finish
cd "$tmp" || exit 1
step "import gable, typed, from there" "$tmp/venv/bin/python" -c "
import gable, pathlib, sys
at = pathlib.Path(gable.__file__)
assert at.is_relative_to('$tmp/venv') and (at.parent / 'py.typed').exists() and gable.__version__, at
assert pathlib.Path(gable.data_folder()).is_relative_to('$tmp/venv')"
step "the package says GPL-3 and who made it so" sh -c "
    '$tmp/venv/bin/python' -m pip show -v gable | tee show | grep -q 'GPLv3+' && grep -q 'GNU Scientific Library' show"
step "a wheel for any Python 3 of this platform" sh -c "
    '$tmp/venv/bin/python' -m pip wheel -q --no-build-isolation --no-deps -w wheel '$root' && ls wheel/gable-*-py3-none-linux_*.whl"
step "the worked example" sh -c "mkdir ex && '$tmp/venv/bin/python' '$root/python/examples/chunk_size.py' ex && test -s ex/chunk_size.csv"
# README's block, as written.
awk '/^```python$/ { on = 1; next } /^```/ { on = 0 } on' "$root/README.md" "$root/python/README.md" >readme.py
step "the examples of both READMEs" "$tmp/venv/bin/python" readme.py

GABLE="$build/gable" GABLE_DATA='' "$tmp/venv/bin/python" -m pytest -q -rA -p no:cacheprovider "$root/python/tests" >"$tmp/out" 2>&1
code=$?
awk -v n=$n '
    /^(PASSED|FAILED|ERROR|SKIPPED) / {
        n++; name = $0; sub(/^[A-Z]+ (\[[0-9]+\] )?/, "", name); sub(/.*python\/tests\//, "", name)
        if ($1 == "PASSED") print "ok " n " - " name
        else if ($1 == "SKIPPED") print "ok " n " - " name " # SKIP " name
        else print "not ok " n " - " name
    }
    END { print "1.." n }' "$tmp/out"
[ $code = 0 ] || { grep -v '^PASSED' "$tmp/out" | sed 's/^/#   /' | tail -n 80; failed=1; }
exit $failed
