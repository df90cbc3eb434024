#!/usr/bin/env python3
"""Cuts the samples of this folder out of the published traces; see README.md.

    thin.py chat MOONCAKE_CONVERSATION.jsonl.gz chat.jsonl.gz
    thin.py code AZURE_2023_CODE.csv azure_code_head.csv
"""
import gzip
import json
import sys

FAMILIES, KEEP, HEAD = 6, 3, 500


def chat(source, target):
    """Every request shares block 0, so the second id names the prefix family. Whole families are kept or dropped:
    dropping single requests would thin the reuse too."""
    dense, kept = {}, []
    with gzip.open(source, "rt") as rows:
        for row in map(json.loads, rows):
            ids = row["hash_ids"]
            if ids[min(1, len(ids) - 1)] % FAMILIES == KEEP:
                row["hash_ids"] = [dense.setdefault(i, len(dense)) for i in ids]
                kept.append(json.dumps(row) + "\n")
    with open(target, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write("".join(kept).encode())


def code(source, target):
    with open(source, "rb") as rows, open(target, "wb") as out:
        out.writelines(line for _, line in zip(range(HEAD + 1), rows))


if len(sys.argv) != 4 or sys.argv[1] not in ("chat", "code"):
    sys.exit(__doc__)
{"chat": chat, "code": code}[sys.argv[1]](*sys.argv[2:])
