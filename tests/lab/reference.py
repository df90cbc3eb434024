"""reference.py GABLE FOLDER [RECORDING] - five of the lab's methods against implementations written here from the papers' text, as TAP.

Both read the same recordings: made here of random heads that favour some tokens (fp32, fp16 and bf16, grouped heads, a row in three of the prompt's beginning), and one of
a real model where one is given. Kept sets must be equal, after the prompt and after the last row, and so must the mean mass, which hangs on the sets at every
row between. Plain Python: nothing to install."""
import collections
import functools
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

Unit = collections.namedtuple("Unit", "rows prompt tokens layer unit")  # a KV head: its (query, mean weights)
# A method is a generator: the tokens kept after the prompt, then those in while each generated row looks, then those after the last row.


def largest(score, among, k):
    return set(sorted(among, key=lambda j: (-score[j], j))[:max(k, 0)])


def generated(u):
    return [(t, a) for t, a in u.rows if t >= u.prompt]


def streamingllm(u, budget):
    """Attention sinks: the first 4 tokens and a rolling window, `budget` in all."""
    def kept(n):
        return {j for j in range(n) if j < 4 or j >= n - (budget - 4)}
    yield kept(u.prompt)
    for t, _ in generated(u):
        yield kept(t) | {t}
    yield kept(u.tokens)


def snapkv(u, budget, window=32, pool=7):
    """Voting by the observation window at the prompt's end, clustered by a max pool; everything generated stays."""
    votes, old = [0.0] * u.prompt, range(u.prompt - window)
    for t, a in u.rows:
        if u.prompt - window <= t < u.prompt:
            for j, x in enumerate(a):
                votes[j] += x
    pooled = [max(votes[max(j - pool // 2, 0):min(j + pool // 2 + 1, u.prompt - window)]) for j in old]
    kept = largest(pooled, old, budget - window) | set(range(u.prompt - window, u.prompt))
    yield kept
    for t, _ in generated(u):
        yield kept | set(range(u.prompt, t + 1))
    yield kept | set(range(u.prompt, u.tokens))


def scored(u, budget, recent, score, gather):
    """The most recent tokens beside those of the largest scores; a generated row adds to the scores of what is in, then one token goes."""
    kept = largest(score, range(u.prompt - recent), budget - recent) | set(range(u.prompt - recent, u.prompt))
    yield set(kept)
    for t, a in generated(u):
        kept.add(t)
        yield set(kept)
        gather(t, a, sorted(kept))
        if len(kept) > budget:
            kept.remove(min(sorted(kept)[:-recent], key=lambda j: (score[j], j)))
    yield kept


def h2o(u, budget):
    """Heavy hitters by accumulated attention over the tokens still in the cache, beside as many of the most recent."""
    before, score = -1, [0.0] * u.tokens
    for t, a in u.rows:
        if t < u.prompt:
            for j, x in enumerate(a):
                score[j] += (t - before) * x
            before = t

    def gather(t, a, kept):
        total = 0.0
        for j in kept:
            total += a[j]
        for j in kept:
            score[j] += a[j] / total
    return scored(u, budget, budget - budget // 2, score, gather)


def philox(counter, key):
    """Philox-4x32-10 (Salmon et al., SC'11)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def mix64(a, b):
    """base/text.h"""
    low = 0xFFFFFFFFFFFFFFFF

    def spread(x):
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & low
        x = (x ^ x >> 27) * 0x94D049BB133111EB & low
        return x ^ x >> 31
    return spread(spread(a + 0x9E3779B97F4A7C15 & low) + b * 0xD1B54A32D192ED03 & low)


@functools.lru_cache(None)
def exponentials(entity, k, seed=1, stream=64 + 4098):
    """Two exponential draws: which they are is gable's own (base/random.h), what is done with them Keyformer's."""
    z = mix64(seed, stream)
    out = philox((entity & 0xFFFFFFFF, entity >> 32, k & 0xFFFFFFFF, k >> 32), (z & 0xFFFFFFFF, z >> 32))
    return [-math.log((x + 0.5) / 2.0 ** 32) for x in out[:2]]


def keyformer(u, budget):
    """Scores are softmax((x + gumbel) / tau) of the logits x, gathered; tau from 1 to 2, a hundredth a generated token; 30 % are recent.
    With x = ln(a) and gumbel = -ln(E) that is (a / E)^(1 / tau) over its sum."""
    score, before = [0.0] * u.tokens, -1

    def add(t, a, among, tau, times):
        noisy = {j: (a[j] / exponentials(u.layer << 16 | u.unit, t << 24 | j // 2)[j % 2]) ** (1 / tau) for j in among}
        total = 0.0
        for j in among:
            total += noisy[j]
        for j in among:
            score[j] += times * noisy[j] / total
    for t, a in u.rows:
        if t < u.prompt:
            add(t, a, range(t + 1), 1, t - before)
            before = t
    return scored(u, budget, max(int(0.3 * budget + 0.5), 1), score, lambda t, a, kept: add(t, a, kept, min(1 + 0.01 * (t - u.prompt + 1), 2), 1))


def moments(rows, j):
    """Mean and variance over queries of the weight of key j, nothing where a query is before it."""
    v = [a[j] if j < len(a) else 0.0 for a in rows]
    mean = sum(v) / len(v)
    return mean, sum((x - mean) ** 2 for x in v) / len(v)


def cake(u, budget, window=32, gamma=200, pool=5):
    """By mean + gamma x variance of the last 32 queries' weights, at the prompt's end averaged over 5 neighbours, beside the last 32 tokens."""
    seen = collections.deque((a for t, a in u.rows if t < u.prompt), maxlen=window)
    old = u.prompt - min(budget, window)

    def indicator(j):
        mean, variance = moments(seen, j)
        return mean + gamma * variance
    raw = [indicator(j) for j in range(old)]
    even = [sum(raw[max(j - pool // 2, 0):min(j + pool // 2 + 1, old)]) / pool for j in range(old)]
    kept = largest(even, range(old), budget - (u.prompt - old)) | set(range(old, u.prompt))
    yield set(kept)
    for t, a in generated(u):
        kept.add(t)
        yield set(kept)
        total = sum(a[j] for j in kept)
        seen.append([f32(x / total) if j in kept else 0.0 for j, x in enumerate(a)])
        if len(kept) > budget:
            among = sorted(kept)[:-window] or sorted(kept)
            kept.remove(min(among, key=lambda j: (indicator(j), j)))
    yield kept


def cake_layers(layers, prompt, budget, window=32, tau1=1.6, tau2=0.4):
    """Tokens of each layer: the window, and of the others in proportion to entropy^(1/tau1) x variance^(1/tau2), none above what there is."""
    prefers = {}
    for layer, units in layers.items():
        entropy = variance = 0.0
        for u in units:
            seen = [a for t, a in u.rows if prompt - window <= t < prompt]
            entropy -= sum(x * math.log(x) for a in seen for x in a if x > 0) / window / len(units)
            variance += sum(moments(seen, j)[1] for j in range(prompt)) / len(units)
        prefers[layer] = entropy ** (1 / tau1) * variance ** (1 / tau2)
    most, left, out = prompt - window, (budget - window) * len(layers), {}
    if left <= 0:
        return {layer: budget for layer in layers}
    while prefers:
        total = sum(prefers.values())
        over = [layer for layer in prefers if prefers[layer] / total * left >= most]
        for layer in over or list(prefers):
            out[layer] = window + (most if over else prefers[layer] / total * left)
        for layer in over:
            del prefers[layer]
            left -= most
        if not over:
            break
    return out


# ---------------------------------------------------------------- the comparison ----

def evaluate(method, layers, prompt, budget):
    """Sets by (layer, unit, end), and the mean mass."""
    sets, masses = {}, []
    share = cake_layers(layers, prompt, budget) if method is cake else {layer: budget for layer in layers}
    for layer, units in layers.items():
        for i, u in enumerate(units):
            kept = list(method(u, min(max(int(share[layer] + 0.5), 1), prompt)))
            sets[layer, i, False], sets[layer, i, True] = kept[0], kept[-1]
            masses += [sum(a[j] for j in now) for now, (_, a) in zip(kept[1:], generated(u))]
    return sets, sum(masses) / len(masses)


def gable_json(gable, what, method, path, budgets):
    return json.loads(subprocess.check_output([gable, "lab", what, method.__name__, "--recorded", path, "--json", "--budgets", ",".join(map(str, budgets))]))


def compare(gable, method, layers, prompt, path, budgets):
    """Differences, as lines."""
    got = {(s["layer"], s["unit"], s["budget"], s["end"]): set(s["tokens"]) for s in gable_json(gable, "sets", method, path, budgets)["sets"]}
    cells = {c["budget"]: c["mass"] for c in gable_json(gable, "mass", method, path, budgets)["methods"][0]["budgets"]}
    for b in budgets:
        sets, mass = evaluate(method, layers, prompt, b * prompt)
        if abs(mass - cells[b]) > 1e-6:
            yield "budget %g: mass %.9f in the lab, %.9f here" % (b, cells[b], mass)
        for (layer, unit, end), want in sets.items():
            have = got.pop((layer, unit, b, end), set())
            if have != want:
                yield "layer %d, unit %d, budget %g, end %d: lab alone %s, here alone %s" % (layer, unit, b, end, sorted(have - want)[:9], sorted(want - have)[:9])
    if got:
        yield "%d sets that are not here" % len(got)


def main(gable, folder, *recordings):
    cases = []
    for i, (form, heads, kv, tokens, prompt, stride) in enumerate([(0, 2, 2, 160, 120, 1), (1, 4, 2, 300, 200, 1), (2, 4, 1, 260, 240, 1), (1, 2, 1, 280, 200, 3)]):
        path = "%s/%d.attn" % (folder, i)
        make(path, i, form, heads, kv, tokens, prompt, stride)
        cases.append((["fp32", "fp16, two groups of heads", "bf16, one group", "every third row"][i], path, (0.3, 0.5)))
    cases += [("a real model", path, (0.1, 0.25)) for path in recordings]
    n = failed = 0
    for name, path, budgets in cases:
        prompt, tokens, kv, read_layers = read(path)
        layers = {layer: [Unit(rows, prompt, tokens, layer, i) for i, rows in enumerate(units)] for layer, units in read_layers.items()}
        for method in (h2o, snapkv, streamingllm, keyformer, cake):
            wrong = list(compare(gable, method, layers, prompt, path, budgets))
            n += 1
            failed += bool(wrong)
            print("%s %d - %s keeps the tokens and the mass that it does here: %s" % ("not ok" if wrong else "ok", n, method.__name__, name), flush=True)
            for line in wrong:
                print("#   " + line)
    print("1..%d" % n)
    return failed > 0


sys.exit(main(*sys.argv[1:]))
