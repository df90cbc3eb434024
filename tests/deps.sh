#!/bin/sh
# deps.sh require|install PACKAGE... - the Debian packages that a target needs.
#   require: nothing when all are there, else one line and exit 1 (installs nothing)
#   install: apt-get install of what is missing, as root or through sudo; fast and silent when nothing is
# On a system without dpkg both let the compiler speak for itself.
set -eu
mode=$1
shift
command -v dpkg-query >/dev/null 2>&1 || exit 0

# A package counts when it, or one that provides it, is installed.
have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Provides}\n' 2>/dev/null |
    awk '$1 == "ii" { gsub(/\([^)]*\)|,/, " "); for (i = 2; i <= NF; i++) print $i }')
missing=
for p in "$@"; do
    printf '%s\n' "$have" | grep -qxF -e "$p" || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if [ "$mode" = require ]; then
    echo "missing packages:$missing (\`make deps\` installs them)" >&2
    exit 1
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "missing packages:$missing (install them as root, or install sudo)" >&2
        exit 1
    }
    as_root=sudo
fi
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be absent or stale: fetch them only when the first try fails.
# shellcheck disable=SC2086
if ! apt install -y --no-install-recommends $missing >"$log" 2>&1; then
    { apt update && apt install -y --no-install-recommends $missing; } >"$log" 2>&1 || {
        cat "$log" >&2
        echo "could not install:$missing" >&2
        exit 1
    }
fi
