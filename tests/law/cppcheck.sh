#!/bin/sh
# cppcheck.sh FILE.c... - cppcheck at zero warnings. Style remarks are the compiler's and the reader's business.
set -u
command -v cppcheck >/dev/null 2>&1 || { echo "check: no cppcheck here; skipped"; exit 0; }
cppcheck --quiet --std=c11 --language=c --platform=unix64 -j "$(nproc)" -I. --enable=warning,performance,portability \
    --inline-suppr --suppress=missingIncludeSystem \
    -D__GNUC__=12 -DGBL_VERSION='"x"' --error-exitcode=1 "$@"
