#!/bin/sh
# The report page in headless Chromium: no error on the console, no request, the store's numbers, tables that sort, charts that
# answer a pointer, no sideways scrolling on a phone, a hostile scenario's name as text. TAP; skips where there is no Chromium
# (a big package: `make check` installs it, GABLE_CHROMIUM names another one).
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
chromium=${GABLE_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
skip() {
    echo "ok 1 - the page in Chromium # SKIP $1"
    echo "1..1"
    exit 0
}
[ -n "$chromium" ] || skip "there is no Chromium here"
command -v python3 >/dev/null || skip "there is no python3 here"
[ -f "${GABLE_CHARTJS:-/usr/share/javascript/chart.js/chart.min.js}" ] || skip "there is no Chart.js here"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 "$root/tests/page/page.py" "$build/gable" "$chromium" "$root" "$tmp"
