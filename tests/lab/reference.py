"""reference.py GABLE FOLDER [RECORDING] - the lab's H2O, SnapKV and StreamingLLM against implementations written here from the papers' text, as TAP.

Both read the same recordings: made here of random heads that favour some tokens (fp32, fp16 and bf16, grouped heads, a row in three of the prompt's beginning), and one of
a real model where one is given. Kept sets must be equal, after the prompt and after the last row. Plain Python: nothing to install."""
import json
import math
import random
import struct
import subprocess
import sys


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


# ---------------------------------------------------------------- recordings ----

def number(x, form):
    if form == 2:
        return struct.pack("<I", struct.unpack("<I", struct.pack("<f", x))[0] + 0x8000)[2:]
    return struct.pack("<f" if form == 0 else "<e", x)


def make(path, seed, form, heads, kv_heads, tokens, prompt, stride):
    draw = random.Random(seed)
    rows = [t for t in range(tokens) if t >= prompt - 64 or t % stride == 0]
    layers = [2, 7]
    table = b"".join(struct.pack("<2I", i, 0) for i in layers) + struct.pack("<%dI" % len(rows), *rows) + b"random\nnothing"
    size = (64 + len(table) + 63) // 64 * 64
    with open(path, "wb") as f:
        f.write(struct.pack("<8s14I", b"GBLATTN\0", 1, size, len(layers), heads, kv_heads, 0, tokens, len(rows), form, prompt, 0, 12, 14, 0))
        f.write(table.ljust(size - 64, b"\0"))
        for _ in layers:
            for _ in range(heads):
                favour = [3 * draw.random() ** 4 for _ in range(tokens)]
                for t in rows:
                    w = [math.exp(favour[j] + draw.gauss(0, 1) + (2 if t - j < 4 else 0)) for j in range(t + 1)]
                    f.write(b"".join(number(x / sum(w), form) for x in w))


def read(path):
    """(prompt, tokens, layers by number, KV heads, rows): rows[layer][KV head] is a list of (query, mean weights)."""
    data = open(path, "rb").read()
    version, size, n_layers, heads, kv, dims, tokens, n_rows, form, prompt = struct.unpack_from("<10I", data, 8)
    assert data[:8] == b"GBLATTN\0" and version == 1
    layers = [struct.unpack_from("<2I", data, 64 + 8 * i) for i in range(n_layers)]
    assert all(window == 0 for _, window in layers)
    rows = struct.unpack_from("<%dI" % n_rows, data, 64 + 8 * n_layers)
    width, at, out = (4 if form == 0 else 2), size, {}
    for layer, _ in layers:
        at += kv * tokens * dims * width
        units = [[[0.0] * (t + 1) for t in rows] for _ in range(kv)]
        for h in range(heads):
            mean = units[h // (heads // kv)]
            for i, t in enumerate(rows):
                if form == 2:
                    v = [struct.unpack("<f", b"\0\0" + data[at + 2 * j:at + 2 * j + 2])[0] for j in range(t + 1)]
                else:
                    v = struct.unpack_from("<%d%s" % (t + 1, "f" if form == 0 else "e"), data, at)
                at += (t + 1) * width
                total = 0.0
                for x in v:
                    total += x
                for j, x in enumerate(v):  # the lab's own arithmetic is in single precision up to here
                    mean[i][j] = f32(mean[i][j] + f32(f32(x / total) / (heads // kv)))
        out[layer] = [list(zip(rows, u)) for u in units]
    assert at == len(data)
    return prompt, tokens, kv, out


# ---------------------------------------------------------------- the methods ----

def largest(score, among, k):
    return set(sorted(among, key=lambda j: (-score[j], j))[:max(k, 0)])


def streamingllm(rows, prompt, tokens, budget):
    """Attention sinks: the first 4 tokens and a rolling window, `budget` in all."""
    def kept(n):
        return {j for j in range(n) if j < 4 or j >= n - (budget - 4)}
    return kept(prompt), kept(tokens)


def snapkv(rows, prompt, tokens, budget, window=32, pool=7):
    """Voting by the observation window at the prompt's end, clustered by a max pool; everything generated stays."""
    votes = [0.0] * prompt
    for t, a in rows:
        if prompt - window <= t < prompt:
            for j, x in enumerate(a):
                votes[j] += x
    old = range(prompt - window)
    pooled = [max(votes[max(j - pool // 2, 0):min(j + pool // 2 + 1, prompt - window)]) for j in old]
    kept = largest(pooled, old, budget - window) | set(range(prompt - window, prompt))
    return kept, kept | set(range(prompt, tokens))


def h2o(rows, prompt, tokens, budget):
    """Heavy hitters by accumulated attention over the tokens still in the cache, beside the most recent; one token goes a step."""
    heavy, before, score = budget // 2, -1, [0.0] * tokens
    recent = budget - heavy
    for t, a in rows:
        if t < prompt:
            for j, x in enumerate(a):
                score[j] += (t - before) * x
            before = t
    kept = largest(score, range(prompt - recent), heavy) | set(range(prompt - recent, prompt))
    after_prompt = set(kept)
    for t, a in rows:
        if t < prompt:
            continue
        kept.add(t)
        total = 0.0
        for j in sorted(kept):
            total += a[j]
        for j in kept:
            score[j] += a[j] / total
        if len(kept) > budget:
            old = sorted(kept)[:-recent]
            kept.remove(min(old, key=lambda j: (score[j], j)))
    return after_prompt, kept


# ---------------------------------------------------------------- the comparison ----

def main(gable, folder, *recordings):
    cases = []
    for i, (form, heads, kv, tokens, prompt, stride) in enumerate([(0, 2, 2, 160, 120, 1), (1, 4, 2, 300, 200, 1), (2, 4, 1, 260, 240, 1), (1, 2, 1, 280, 200, 3)]):
        path = "%s/%d.attn" % (folder, i)
        make(path, i, form, heads, kv, tokens, prompt, stride)
        cases.append((["fp32", "fp16, two groups of heads", "bf16, one group", "every third row"][i], path, (0.3, 0.5)))
    cases += [("a real model", path, (0.1, 0.25)) for path in recordings]
    n = failed = 0
    for name, path, budgets in cases:
        prompt, tokens, kv, layers = read(path)
        for method in (h2o, snapkv, streamingllm):
            text = subprocess.check_output([gable, "lab", "sets", method.__name__, "--recorded", path, "--json", "--budgets", ",".join(map(str, budgets))])
            got = {(s["layer"], s["unit"], s["budget"], s["end"]): set(s["tokens"]) for s in json.loads(text)["sets"]}
            want = {}
            for layer, units in layers.items():
                for unit, rows in enumerate(units):
                    for b in budgets:
                        first, last = method(rows, prompt, tokens, int(b * prompt + 0.5))
                        want[layer, unit, b, False], want[layer, unit, b, True] = first, last
            n += 1
            failed += got != want
            print("%s %d - %s keeps the same tokens as here: %s, %d sets" % ("ok" if got == want else "not ok", n, method.__name__, name, len(want)), flush=True)
            for key in want if got != want else ():
                if got.get(key) != want[key]:
                    print("#   %s: lab alone %s, here alone %s" % (key, sorted(got.get(key, set()) - want[key])[:9], sorted(want[key] - got.get(key, set()))[:9]))
    print("1..%d" % n)
    return failed > 0


sys.exit(main(*sys.argv[1:]))
