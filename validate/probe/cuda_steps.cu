/* cuda_steps.cu - probes `layers` and `layer_kernel`: steps of whole layer stacks at the shapes of Llama-3.1-8B and Qwen3-14B (its norms of
 * queries and keys left out), checked on a small stack against a double-precision reference of the whole. */
#include "validate/probe/cuda_layers.cuh"

#include <algorithm>
#include <cmath>

#include "validate/probe/body.h"

namespace probe {

/* ---- the whole stack in double ---- */

typedef std::vector<double> Row;

static Row times(const Row &w, size_t from, const Row &x, int out)
{
    Row y(out);
    size_t in = x.size();
    for (int i = 0; i < out; i++) {
        double sum = 0;
        for (size_t e = 0; e < in; e++) sum += w[from + (size_t)i * in + e] * x[e];
        y[i] = sum;
    }
    return y;
}

static Row normed(const Row &x, const Row &w, size_t from)
{
    double sum = 0;
    for (double v : x) sum += v * v;
    double by = 1 / std::sqrt(sum / (double)x.size() + 1e-5);
    Row y(x.size());
    for (size_t i = 0; i < x.size(); i++) y[i] = x[i] * by * w[from + i];
    return y;
}

static void turn(double *x, int d, int position, double base)
{
    for (int i = 0; i < d / 2; i++) {
        double angle = position * std::pow(base, -2.0 * i / d), a = x[i], b = x[d / 2 + i];
        x[i] = a * std::cos(angle) - b * std::sin(angle);
        x[d / 2 + i] = b * std::cos(angle) + a * std::sin(angle);
    }
}

struct Reference {
    StackModel m;
    Row qkv, o, gate_up, down, head, norms;
    std::vector<std::vector<Row>> cache; /* [layer][position]: keys and values of one sequence */
    explicit Reference(const Stack &k) : m(k.m)
    {
        qkv = values_bf16(k.qkv.p, k.qkv.bytes / 2);
        o = values_bf16(k.o.p, k.o.bytes / 2);
        gate_up = values_bf16(k.gate_up.p, k.gate_up.bytes / 2);
        down = values_bf16(k.down.p, k.down.bytes / 2);
        head = values_bf16(k.head.p, k.head.bytes / 2);
        norms = values_bf16(k.norms.p, k.norms.bytes / 2);
        cache.resize((size_t)m.layers);
    }

    Row attend(const std::vector<Row> &past, const double *q, int head_of_kv) const
    {
        Row p, out((size_t)m.d, 0);
        double most = -1e300, total = 0;
        for (const Row &kv : past) {
            double sum = 0;
            for (int e = 0; e < m.d; e++) sum += q[e] / std::sqrt((double)m.d) * kv[(size_t)(head_of_kv * m.d + e)];
            p.push_back(sum);
            most = std::max(most, sum);
        }
        for (double &x : p) total += x = std::exp(x - most);
        for (size_t i = 0; i < past.size(); i++)
            for (int e = 0; e < m.d; e++) out[(size_t)e] += p[i] / total * past[i][(size_t)((m.g + head_of_kv) * m.d + e)];
        return out;
    }

    /* One token through all layers. */
    Row token(Row x, int position)
    {
        size_t hidden = (size_t)m.hidden, wide = (size_t)((m.h + 2 * m.g) * m.d), across = (size_t)(m.h * m.d), ffn = (size_t)m.ffn;
        Row residual = x;
        for (size_t l = 0; l < (size_t)m.layers; l++) {
            Row all = times(qkv, l * wide * hidden, normed(residual, norms, 2 * l * hidden), (int)wide), mixed;
            for (int i = 0; i < m.h + m.g; i++) turn(&all[(size_t)(i * m.d)], m.d, position, m.rope_base);
            cache[l].push_back(Row(all.begin() + (long)across, all.end()));
            for (int i = 0; i < m.h; i++) {
                Row one = attend(cache[l], &all[(size_t)(i * m.d)], i / (m.h / m.g));
                mixed.insert(mixed.end(), one.begin(), one.end());
            }
            Row y = times(o, l * across * hidden, mixed, m.hidden);
            for (size_t i = 0; i < hidden; i++) residual[i] += y[i];
            Row gates = times(gate_up, l * 2 * ffn * hidden, normed(residual, norms, (2 * l + 1) * hidden), 2 * m.ffn), active(ffn);
            for (size_t i = 0; i < ffn; i++) active[i] = gates[i] / (1 + std::exp(-gates[i])) * gates[ffn + i];
            y = times(down, l * ffn * hidden, active, m.hidden);
            for (size_t i = 0; i < hidden; i++) residual[i] += y[i];
        }
        return times(head, 0, normed(residual, norms, 2 * (size_t)m.layers * hidden), m.vocab);
    }
};

/* A prompt, then one token behind it: the logits of both steps. */
static bool check(Session &s)
{
    const StackModel m = {"tiny", 2, 128, 4, 2, 64, 256, 96, 10000};
    const int prompt = 37;
    Stack k(s, m, 1, prompt + 1);
    if (!k.there()) return false;
    Step first(k, prompt, 0), second(k, 1, prompt);
    if (!first.there() || !second.there()) return false;
    first.run(s.stream);
    second.run(s.stream);
    MUST(cudaStreamSynchronize(s.stream));
    Reference r(k);
    Row embedded = values_bf16(first.embedded.p, (size_t)prompt * m.hidden), want;
    for (int i = 0; i < prompt; i++) want = r.token(Row(embedded.begin() + i * m.hidden, embedded.begin() + (i + 1) * m.hidden), i);
    bool right = agrees(s, "layers (prefill)", values_bf16(first.logits.p, (size_t)m.vocab), want, 0.12);
    want = r.token(values_bf16(second.embedded.p, (size_t)m.hidden), prompt);
    return agrees(s, "layers (decode)", values_bf16(second.logits.p, (size_t)m.vocab), want, 0.12) && right;
}

/* ---- times ---- */

static const StackModel models[] = {{"llama-3.1-8b", 32, 4096, 32, 8, 128, 14336, 128256, 500000}, {"qwen3-14b", 40, 5120, 40, 8, 128, 17408, 151936, 1000000}};
struct StepShape { bool decode; int sequences, tokens; }; /* of a prompt; of context with the new one */
static const StepShape full[] = {{false, 1, 512}, {false, 1, 2048}, {false, 1, 8192}, {true, 1, 2048}, {true, 8, 4096}, {true, 32, 2048}, {true, 128, 1024}, {true, 64, 4096}};
static const StepShape quick[] = {{false, 1, 512}, {true, 8, 1024}};

static std::string shape_of(const Stack &k, const StepShape &t, const char *part)
{
    const StackModel &m = k.m;
    Shape x;
    x.word("phase", t.decode ? "decode" : "prefill").word("model", m.name).num("layers", m.layers).num("hidden", m.hidden).num("num_heads", m.h);
    x.num("num_kv_heads", m.g).num("head_dim", m.d).num("ffn", m.ffn).num("vocab", m.vocab).num("batch_size", t.sequences).num("tokens", t.tokens);
    if (part) x.word("part", part);
    return x.end();
}

static double step_flops(const StackModel &m, const StepShape &t)
{
    double rows = t.sequences * (t.decode ? 1.0 : t.tokens), n = t.tokens, pairs = t.sequences * (t.decode ? n : n * (n + 1) / 2);
    double layer = m.hidden * ((m.h + 2.0 * m.g) * m.d + (double)m.h * m.d + 3.0 * m.ffn);
    return m.layers * (2 * rows * layer + 4.0 * m.h * m.d * pairs) + 2.0 * t.sequences * m.hidden * m.vocab;
}

/* Weights once, and the KV that is read or written. */
static double step_bytes(const StackModel &m, const StepShape &t)
{
    return Stack::weight_bytes(m, m.layers) + (double)m.layers * t.sequences * t.tokens * 4.0 * m.g * m.d;
}

static void time_step(Session &s, const StackModel &m, const StepShape &t)
{
    Stack k(s, m, t.sequences, t.tokens);
    Step step(k, t.decode ? 1 : t.tokens, t.decode ? t.tokens - 1 : 0);
    if (!k.there() || !step.there()) {
        note("no room for %s, %d sequences of %d tokens", m.name, t.sequences, t.tokens);
        return;
    }
    double bytes = step_bytes(m, t);
    if (wants(s, "layers")) {
        Case c = {"layers", "cublaslt_mma", "bf16", shape_of(k, t, nullptr), step_flops(m, t), bytes, true};
        time_graph(s, c, 1, bytes, [&](cudaStream_t stream, int) { step.run(stream); });
    }
    for (int part = 0; part < PARTS && wants(s, "layer_kernel"); part++) {
        Case c = {"layer_kernel", "cublaslt_mma", "bf16", shape_of(k, t, part_name[part]), NAN, NAN, true};
        time_graph(s, c, m.layers, bytes / m.layers, [&](cudaStream_t stream, int layer) { step.run_part(stream, part, layer); });
    }
}

/* As many layers as memory has room for beside the cache. */
static StackModel fitted(const Session &s, StackModel m, const StepShape &t)
{
    double step = 2.0 * t.sequences * (t.decode ? 1 : t.tokens) * (5.0 * m.hidden + (2.0 * m.h + 2 * m.g) * m.d + 3.0 * m.ffn) + 1e8;
    double left = (double)room(s) * 0.95 - step - Stack::weight_bytes(m, 0);
    double each = Stack::weight_bytes(m, 1) - Stack::weight_bytes(m, 0) + 4.0 * m.g * m.d * t.sequences * (t.tokens + (double)GBL_WIDTH);
    int layers = (int)std::floor(left / each);
    m.layers = s.opt.quick ? std::min(layers, 4) : std::min(layers, m.layers);
    return m;
}

void run_layers(Session &s)
{
    if (!lt_open(s)) {
        note("layers: no cuBLASLt, so none is measured");
        return;
    }
    if (!check(s) || s.opt.check_only) return;
    for (const StackModel &m : models) {
        auto one = [&](const StepShape &t) {
            StackModel some = fitted(s, m, t);
            if (some.layers > 0) time_step(s, some, t);
            else note("no room for one layer of %s with %d sequences of %d tokens", m.name, t.sequences, t.tokens);
        };
        if (s.opt.quick) std::for_each(std::begin(quick), std::end(quick), one);
        else std::for_each(std::begin(full), std::end(full), one);
    }
}

} // namespace probe
