"""keys.py GABLE - every flag of every command, and every key of the documents that commands take besides scenarios: it gives another outcome than the command without it, or is said to
change nothing; and where nothing would read it it is refused, by its name, with nothing on standard output. The flags are those of
`gable help --json`, the keys those of `gable schema`, so that one without a line in flags.txt or documents.txt fails. An outcome is the exit status, what is printed but for times and
memory, and every file that is written. Prints TAP."""

import concurrent.futures
import functools
import json
import os
import re
import shlex
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile

GABLE, HERE = os.path.abspath(sys.argv[1]), os.path.dirname(os.path.abspath(__file__))
TIMES = re.compile(r'("wall_s"|"peak_rss_mib"): .*|simulated +\d+ steps.*|in [0-9.]+ s\b|[0-9.]+ s a run|"seconds": .*')


def scenario(**more):
    work = {"requests": 40, "arrival": {"use": "poisson", "rate_s": 8}, "input": {"use": "uniform", "low": 100, "high": 900}, "output": {"use": "uniform", "low": 10, "high": 60}}
    return {"trace": {"generate": work}, "engine": {"max_num_seqs": 8}, **more}


def recording(path):
    """Attention of two layers as validate/lab/recording.h lays it out, the second with a window."""
    tokens, prompt, heads, dims, windows = 40, 30, 2, 4, (0, 8)
    head = struct.pack("<14I", 1, 256, len(windows), heads, 1, dims, tokens, tokens, 0, prompt, 0, 4, 0, 0)
    head += struct.pack("<4I", 0, windows[0], 1, windows[1]) + struct.pack(f"<{tokens}I", *range(tokens))
    with open(path, "wb") as to:
        to.write((b"GBLATTN\0" + head).ljust(256, b"\0"))
        for window in windows:
            to.write(struct.pack(f"<{tokens * dims}f", *(i * 37 % 11 - 5.0 for i in range(tokens * dims))))
            for h in range(heads):
                for q in range(tokens):
                    row = [1.0 + (k * 13 + h * 5 + q) % 7 for k in range(max(0, q - window + 1) if window else 0, q + 1)]
                    to.write(struct.pack(f"<{len(row)}f", *(x / sum(row) for x in row)))


def fixtures(folder):
    plan = {"gable": "plan/1", "scenario": "s.json", "slo": {"ttft_ms": 300, "tpot_ms": 50, "attain": 0.9}}
    documents = {
        "s.json": scenario(),
        "other.json": scenario(engine={"max_num_seqs": 2}),
        "fp8.json": scenario(policy={"compress": ["minicache"]}),
        "snap.json": scenario(policy={"compress": ["snapkv"]}),
        "sweep.json": {"gable": "sweep/1", "scenario": "s.json", "grid": {"engine.max_num_seqs": [4, 64], "run.seed": [1, 2]}},
        "list.json": {"gable": "sweep/1", "scenario": "s.json", "list": [{"engine.max_num_seqs": 4}]},
        "rate.json": {**plan, "find": "rate"},
        "fleet.json": {**plan, "find": "fleet", "choices": {"cluster.hardware": ["h100-sxm", "l40s"], "cluster.replicas": [1, 2, 3]}},
        "latin.json": {"gable": "sweep/1", "scenario": "s.json", "latin": {"samples": 4, "keys": {"engine.memory_utilization": {"low": 0.3, "high": 0.9}, "engine.max_num_batched_tokens": {"low": 500, "high": 900, "integer": True}}}},
        "mix.json": {**plan, "find": "fleet", "mix": {"hardware": ["h100-sxm", "l40s"], "most_replicas": 2}},
        "few.json": {**plan, "find": "fleet"},
        "snapplan.json": {**plan, "scenario": "snap.json", "find": "rate", "replications": 1, "quality": {"task": "LongBench", "most_loss": 0.2}},
        "mine.json": {"gable": "engine/1", "name": "mine", "kind": "requests", "file": "log.csv", "columns": {"arrival": {"column": "at", "unit": "s"}, "input": "in", "output": "out", "e2e": {"column": "ms", "unit": "ms"}}, "scenario": {}},
    }
    for name, document in documents.items():
        with open(os.path.join(folder, name), "w") as to:
            json.dump(document, to)
    with open(os.path.join(folder, "t.jsonl"), "w") as to:
        for i in range(60):
            head = [i % 7 * 10 + k for k in range(3)]
            to.write(json.dumps({"timestamp": i * 100, "input_length": 2000, "output_length": 60 + i, "hash_ids": head + [1000 + i]}) + "\n")
    with open(os.path.join(folder, "gemm.csv"), "w") as to:
        to.write("dtype,m,n,k,latency_us\n")
        for n in (4096, 8192, 16384):
            for k in (4096, 8192, 16384):
                for m in (1, 4, 16, 64, 256, 1024, 4096):
                    for dtype, peak in (("bf16", 700e6), ("fp8", 1300e6)):
                        to.write(f"{dtype},{m},{n},{k},{4 + 1.15 * n * k * 2 / 3.35e6 + 2 * m * n * k / peak:.4f}\n")
    row = '{"probe": "copy", "shape": {"elements": %d}, "bytes": %d, "median_us": %.4f, "low_us": %.4f, "high_us": %.4f, "repetitions": 20, "device": "NVIDIA H200", "driver": "580"}\n'
    with open(os.path.join(folder, "probe.jsonl"), "w") as to:
        size = 65536.0
        while size < 2e9:
            us = 3 + int(size) / 4.1e6
            to.write(row % (size / 8, size, us, us * 0.99, us * 1.01))
            size *= 1.3
    layers = '{"probe": "layers", "shape": {"phase": "decode", "model": "llama-3.1-8b", "layers": 4, "hidden": 4096, "num_heads": 32, "num_kv_heads": 8, "head_dim": 128, "ffn": 14336, "vocab": 0, "batch_size": 8, "tokens": 1024}, "format": "bf16", "median_us": 700, "low_us": 690, "high_us": 710, "repetitions": 20, "device": "NVIDIA H200", "driver": "580"}\n'
    with open(os.path.join(folder, "layers.jsonl"), "w") as to:
        to.write(layers)
    with open(os.path.join(folder, "probe"), "w") as to:
        to.write('#!/bin/sh\ncase "$*" in *--quick*) head -n 30 probe.jsonl ;; *) cat probe.jsonl ;; esac\n')
    os.chmod(os.path.join(folder, "probe"), 0o755)
    with open(os.path.join(folder, "log.csv"), "w") as to:
        to.write("at,in,out,ms\n0,100,9,100\n1,100,9,90\n")
    recording(os.path.join(folder, "a.attn"))
    os.mkdir(os.path.join(folder, "kernels"))
    os.mkdir(os.path.join(folder, "elsewhere"))
    with open(os.path.join(folder, "elsewhere", "log.csv"), "w") as to:
        to.write("at,in,out,ms\n0,100,9,50\n1,100,9,60\n")
    for line in ("run s.json --db kept.db --requests all", "run other.json --db kept.db --requests all", "sweep sweep.json --db kept.db --requests none", "run s.json --db kept.db --requests all", "run other.json --db one.db --requests all", "baseline s.json --replications 10 -o base.json"):
        subprocess.run([GABLE, *shlex.split(line)], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def digest(path):
    with open(path, "rb") as f:
        data = f.read()
    if not data.startswith(b"SQLite format 3"):
        return TIMES.sub("", data.decode("utf-8", "replace"))
    with sqlite3.connect(path) as db:
        tables = [t for (t,) in db.execute("select name from sqlite_master where type = 'table' order by 1")]
        return str([(t, db.execute(f'select count(*) from "{t}"').fetchone()) for t in tables])


def contents(folder):
    return {p: digest(os.path.join(d, p)) for d, _, names in os.walk(folder) for p in names if not p.endswith(("-wal", "-shm"))}


@functools.lru_cache(maxsize=None)
def outcome(folder, line, alias=""):
    """`alias`: a file's name that is not told apart from another."""
    with tempfile.TemporaryDirectory() as tmp:
        work = os.path.join(tmp, "work")
        shutil.copytree(folder, work)
        before = contents(work)
        got = subprocess.run([GABLE, *shlex.split(line)], cwd=work, capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, "XDG_CACHE_HOME": os.path.join(tmp, "cache"), "HOME": tmp})
        files = {p: text for p, text in contents(work).items() if before.get(p) != text}
        told = [TIMES.sub("", text).replace(alias or "\0", "FILE") for text in (got.stdout, got.stderr)]
        return got.returncode, told[0], files, told[1]


def flags_of(commands, prefix=""):
    for c in commands:
        name = prefix + c["name"]
        yield from flags_of(c["commands"], name + " ") if "commands" in c else (f"{name} --{f['flag']}" for f in c["flags"])


def read_table(name):
    table = {}
    with open(os.path.join(HERE, name)) as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            what, base, more, other = (part.strip() for part in line.split(" | "))
            table[what] = base, more, other
    return table


def compare(without, with_it, other, what):
    """What is wrong with two outcomes, or None."""
    if with_it[0] == 1 or with_it[0] < 0:
        return f"{what} ends with {with_it[0]}: {with_it[3]}"
    if without[0] not in (0, 3, 4) and with_it[0] not in (0, 3, 4):
        return f"{what} ends well neither way: {with_it[3]}"
    same = without[:3] == with_it[:3]
    if other.startswith("same:"):
        return None if same else f"{what} changes the outcome"
    return f"{what} changes nothing" if same and without[3] == with_it[3] else None


def refused(got, name, what):
    code, printed, files, said = got
    if code != 2 or printed or files:
        return f"{what} would not read {name}, and ends with {code}"
    return None if name in said else f"{what} is refused without {name}: {said}"


def judge_flag(folder, name, base, args, other):
    if other.startswith("skip:"):
        return None
    wrong = compare(outcome(folder, base), outcome(folder, f"{base} {args}"), other, f"`{base} {args}`")
    if wrong or other.startswith(("same:", "always:")):
        return wrong
    return refused(outcome(folder, other), "--" + name.split(" --")[1], f"`{other}`")


def put(folder, source, setting, target):
    """A copy of a document with one value changed; a dot that belongs to a key is written \\."""
    path, value = setting.split("=", 1)
    with open(os.path.join(folder, source)) as f:
        document = json.load(f)
    at, steps = document, [s.replace("\\", "") for s in re.split(r"(?<!\\)\.", path)]
    for step in steps[:-1]:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    at[int(steps[-1]) if isinstance(at, list) else steps[-1]] = json.loads(value)
    with open(os.path.join(folder, target), "w") as to:
        json.dump(document, to)


def judge_key(folder, name, base, setting, other):
    kind, key = name.split()
    command = {"sweep": "sweep", "plan": "plan --json", "baseline": "gate --json"}[kind]
    with tempfile.TemporaryDirectory() as tmp:
        work = os.path.join(tmp, "work")
        shutil.copytree(folder, work)
        put(work, base, setting, "changed.json")
        if not other.startswith(("same:", "always:")):
            source, refusal = other.split(": ", 1)
            put(work, source, refusal, "unread.json")
        wrong = compare(outcome(folder, f"{command} {base}", base), outcome(work, f"{command} changed.json", "changed.json"), other, f"{setting} in {base}")
        if wrong or other.startswith(("same:", "always:")):
            return wrong
        return refused(outcome(work, f"{command} unread.json"), key.split(".")[-1], f"{refusal} in {source}")


def keys_of(kind):
    schema = json.loads(subprocess.run([GABLE, "schema", kind], capture_output=True, check=True).stdout)
    yield from (f"{kind} {key}" for key in schema["properties"])
    yield from (f"{kind} {part}.{key}" for part, inside in schema.get("$defs", {}).items() for key in inside["properties"])


def main():
    help_text = subprocess.run([GABLE, "help", "--json"], capture_output=True, check=True).stdout
    tables = {
        "flags.txt": (list(flags_of(json.loads(help_text)["commands"])), judge_flag),
        "documents.txt": ([key for kind in ("sweep", "plan", "baseline") for key in keys_of(kind)], judge_key),
    }
    jobs = {}
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        fixtures(folder)
        for name, (there, judge) in tables.items():
            table = read_table(name)
            jobs.update({what: pool.submit(lambda n=name: f"no line in tests/keys/{n}") for what in there if what not in table})
            jobs.update({what: pool.submit(lambda: "there is no such thing") for what in table if what not in there})
            jobs.update({what: pool.submit(judge, folder, what, *table[what]) for what in there if what in table})
        failed = 0
        for n, (what, job) in enumerate(jobs.items(), 1):
            wrong = job.result()
            failed += wrong is not None
            skip = read_table("flags.txt").get(what, ("",))[-1]
            print(f"ok {n} - {what}" + (f" # SKIP {skip[6:]}" if skip.startswith("skip:") else "") if wrong is None else f"not ok {n} - {what}\n#   {wrong}", flush=True)
    print(f"1..{len(jobs)}")
    return failed > 0


sys.exit(main())
