/* cuda_layers.cu - see cuda_layers.cuh. */
#include "validate/probe/cuda_layers.cuh"

#include <cmath>

#include "validate/probe/body_layer.h"

namespace probe {

/* ---- small kernels, with a GPU's width ---- */

static __device__ __forceinline__ float two_low(uint32_t two) { return gbl_bf16_float(two & 0xffffu); }
static __device__ __forceinline__ float two_high(uint32_t two) { return gbl_bf16_float(two >> 16); }
static __device__ __forceinline__ uint32_t two_of(float low, float high) { return gbl_float_bf16(low) | (uint32_t)gbl_float_bf16(high) << 16; }

enum { NORM_THREADS = 256, NORM_WORDS = GBL_HIDDEN_MOST / 2 / NORM_THREADS };

/* residual += x; normed = residual / rms * weight. Group: a token. `hidden` even, up to GBL_HIDDEN_MOST. */
static __global__ void norm_wide(const uint32_t *x, uint32_t *residual, const uint32_t *weight, uint32_t *normed, int hidden)
{
    __shared__ float part[NORM_THREADS / 32];
    float low[NORM_WORDS], high[NORM_WORDS], sum = 0;
    int words = hidden / 2;
    size_t at = (size_t)blockIdx.x * words;
#pragma unroll
    for (int i = 0; i < NORM_WORDS; i++) {
        int w = (int)threadIdx.x + i * NORM_THREADS;
        low[i] = high[i] = 0;
        if (w >= words) continue;
        low[i] = two_low(x[at + w]) + two_low(residual[at + w]);
        high[i] = two_high(x[at + w]) + two_high(residual[at + w]);
        residual[at + w] = two_of(low[i], high[i]);
        sum += low[i] * low[i] + high[i] * high[i];
    }
    for (int mask = 16; mask; mask >>= 1) sum += __shfl_xor_sync(~0u, sum, mask);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = sum;
    __syncthreads();
    float total = 0;
    for (int i = 0; i < NORM_THREADS / 32; i++) total += part[i];
    float by = rsqrtf(total / (float)hidden + 1e-5f);
#pragma unroll
    for (int i = 0; i < NORM_WORDS; i++) {
        int w = (int)threadIdx.x + i * NORM_THREADS;
        if (w < words) normed[at + w] = two_of(low[i] * by * two_low(weight[w]), high[i] * by * two_high(weight[w]));
    }
}

static __device__ __forceinline__ float gated(float gate, float up) { return gate / (1 + exp2f(-1.44269504f * gate)) * up; }

/* gate_up[token][2][ffn] -> out[token][ffn], two elements a thread. */
static __global__ void activate_wide(const uint32_t *gate_up, uint32_t *out, int words, size_t n)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    size_t token = i / (size_t)words, w = i % (size_t)words;
    uint32_t gate = gate_up[token * 2 * words + w], up = gate_up[token * 2 * words + words + w];
    out[i] = two_of(gated(two_low(gate), two_low(up)), gated(two_high(gate), two_high(up)));
}

/* ---- what does not change ---- */

double Stack::weight_bytes(const StackModel &m, int layers)
{
    double layer = (double)m.hidden * ((m.h + 2.0 * m.g) * m.d + (double)m.h * m.d + 3.0 * m.ffn);
    return 2 * (layers * layer + (double)m.hidden * m.vocab);
}

size_t Stack::cache_elements() const
{
    size_t blocks = (size_t)((context + GBL_WIDTH - 1) / GBL_WIDTH) * (size_t)sequences;
    return blocks * GBL_WIDTH * (size_t)m.g * (size_t)m.d;
}

static Buffer weights(Session &s, double layers, double out, double in, uint32_t seed)
{
    Buffer b(s, (size_t)(2 * layers * out * in));
    if (b) fill_bf16(s, b.p, (size_t)(layers * out * in), 1.7f / std::sqrt((float)in), seed); /* keeps variance */
    return b;
}

/* Cosine and sine, a pair for each half element of each position. */
static std::vector<float> turns(int positions, int d, double base)
{
    std::vector<float> t((size_t)positions * d);
    for (int p = 0; p < positions; p++)
        for (int i = 0; i < d / 2; i++) {
            double angle = p * std::pow(base, -2.0 * i / d);
            t[(size_t)p * d + 2 * i] = (float)std::cos(angle);
            t[(size_t)p * d + 2 * i + 1] = (float)std::sin(angle);
        }
    return t;
}

Stack::Stack(Session &session, const StackModel &model, int n, int most) : s(session), m(model), sequences(n), context(most)
{
    size_t blocks = (size_t)((context + GBL_WIDTH - 1) / GBL_WIDTH) * (size_t)sequences;
    qkv = weights(s, m.layers, (m.h + 2.0 * m.g) * m.d, m.hidden, 21);
    o = weights(s, m.layers, m.hidden, (double)m.h * m.d, 22);
    gate_up = weights(s, m.layers, 2.0 * m.ffn, m.hidden, 23);
    down = weights(s, m.layers, m.hidden, m.ffn, 24);
    head = weights(s, 1, m.vocab ? m.vocab : 1, m.hidden, 25);
    norms = weights(s, 1, 2.0 * m.layers + 1, m.hidden, 26);
    keys = Buffer(s, cache_elements() * 2 * (size_t)m.layers);
    values = Buffer(s, cache_elements() * 2 * (size_t)m.layers);
    table = Buffer(s, blocks * 4);
    turn = Buffer(s, (size_t)context * (size_t)m.d * 4);
    if (!there()) return;
    fill_bf16(s, keys.p, keys.bytes / 2, 1, 27);
    fill_bf16(s, values.p, values.bytes / 2, 1, 28);
    fill_bf16(s, norms.p, norms.bytes / 2, 1, 29);
    std::vector<int> order(blocks);
    for (size_t i = 0; i < blocks; i++) order[i] = (int)(blocks - 1 - i);
    upload(table.p, order);
    upload(turn.p, turns(context, m.d, m.rope_base));
}

bool Stack::there() const
{
    return qkv && o && gate_up && down && head && norms && keys && values && table && turn;
}

/* ---- one step ---- */

const char *const part_name[PARTS] = {"norm_1", "qkv", "rope", "attention", "o", "norm_2", "gate_up", "activate", "down"};

Step::Step(Stack &stack, int new_tokens, int old) : k(stack), chunk(new_tokens), cached(old), tokens(stack.sequences * new_tokens)
{
    const StackModel &m = k.m;
    size_t t = (size_t)tokens, wide = (size_t)((m.h + 2 * m.g) * m.d), across = (size_t)(m.h * m.d);
    splits = decode_splits(k.s, k.sequences, m.g, cached + chunk);
    embedded = Buffer(k.s, t * m.hidden * 2);
    residual = Buffer(k.s, t * m.hidden * 2);
    x = Buffer(k.s, t * m.hidden * 2);
    normed = Buffer(k.s, t * m.hidden * 2);
    in_qkv = Buffer(k.s, t * wide * 2);
    q = Buffer(k.s, t * across * 2);
    attended = Buffer(k.s, t * across * 2);
    in_gate = Buffer(k.s, t * 2 * m.ffn * 2);
    active = Buffer(k.s, t * m.ffn * 2);
    logits = Buffer(k.s, (size_t)k.sequences * (size_t)(m.vocab ? m.vocab : 1) * 2);
    parts = Buffer(k.s, decode_parts_bytes(k.sequences, m.h, m.d, splits));
    if (!embedded || !parts) return;
    fill_bf16(k.s, embedded.p, t * m.hidden, 1, 31);
    qkv.reset(new Product(k.s, LT_BF16, tokens, (int)wide, m.hidden));
    o.reset(new Product(k.s, LT_BF16, tokens, m.hidden, (int)across));
    gate_up.reset(new Product(k.s, LT_BF16, tokens, 2 * m.ffn, m.hidden));
    down.reset(new Product(k.s, LT_BF16, tokens, m.hidden, m.ffn));
    if (m.vocab) head.reset(new Product(k.s, LT_BF16, k.sequences, m.vocab, m.hidden));
}

bool Step::there() const
{
    return embedded && residual && x && normed && in_qkv && q && attended && in_gate && active && logits && parts && qkv->usable() && o->usable() && gate_up->usable() &&
           down->usable() && (!head || head->usable());
}

static void norm(cudaStream_t stream, const Step &t, int which)
{
    const StackModel &m = t.k.m;
    GBL_RUN(norm_wide, (unsigned)t.tokens, NORM_THREADS, 0, stream, t.x.as<uint32_t>(), t.residual.as<uint32_t>(), t.k.norms.as<uint32_t>((size_t)which * m.hidden / 2),
            t.normed.as<uint32_t>(), m.hidden);
}

static void rope(cudaStream_t stream, const Step &t, int layer)
{
    const StackModel &m = t.k.m;
    size_t at = t.k.cache_elements() * (size_t)layer;
    GBL_RUN(gbl_probe_rope, (unsigned)(t.tokens * (m.h + 2 * m.g)), GBL_STREAM, 0, stream, t.in_qkv.as<uint16_t>(), t.k.turn.as<float>(), t.k.table.as<int>(), t.q.as<uint16_t>(),
            t.k.keys.as<uint16_t>(at), t.k.values.as<uint16_t>(at), t.chunk, t.cached, m.h, m.g, m.d);
}

static void attention(cudaStream_t stream, const Step &t, int layer)
{
    const StackModel &m = t.k.m;
    size_t at = t.k.cache_elements() * (size_t)layer;
    KvCache c = {t.k.keys.as<uint16_t>(at), t.k.values.as<uint16_t>(at), nullptr, nullptr, t.k.table.as<int>(), 2, m.g, m.d};
    if (t.chunk == 1) decode_launch(stream, c, t.q.as<uint16_t>(), t.attended.as<uint16_t>(), t.parts.as<float>(), t.k.sequences, m.h, t.cached + 1, t.splits);
    else prefill_launch(stream, c, t.q.as<uint16_t>(), t.attended.as<uint16_t>(), t.k.sequences, m.h, t.chunk, t.cached);
}

static void activate(cudaStream_t stream, const Step &t)
{
    size_t words = (size_t)t.k.m.ffn / 2, n = words * (size_t)t.tokens;
    GBL_RUN(activate_wide, (unsigned)((n + 255) / 256), 256, 0, stream, t.in_gate.as<uint32_t>(), t.active.as<uint32_t>(), (int)words, n);
}

void Step::run_part(cudaStream_t stream, int part, int layer) const
{
    const StackModel &m = k.m;
    size_t l = (size_t)layer, hidden = (size_t)m.hidden, wide = (size_t)((m.h + 2 * m.g) * m.d), across = (size_t)(m.h * m.d), ffn = (size_t)m.ffn;
    switch (part) {
    case PART_NORM_1: norm(stream, *this, 2 * layer); break;
    case PART_QKV: qkv->run(stream, normed.p, k.qkv.as<uint16_t>(l * wide * hidden), in_qkv.p); break;
    case PART_ROPE: rope(stream, *this, layer); break;
    case PART_ATTENTION: attention(stream, *this, layer); break;
    case PART_O: o->run(stream, attended.p, k.o.as<uint16_t>(l * across * hidden), x.p); break;
    case PART_NORM_2: norm(stream, *this, 2 * layer + 1); break;
    case PART_GATE_UP: gate_up->run(stream, normed.p, k.gate_up.as<uint16_t>(l * 2 * ffn * hidden), in_gate.p); break;
    case PART_ACTIVATE: activate(stream, *this); break;
    default: down->run(stream, active.p, k.down.as<uint16_t>(l * ffn * hidden), x.p); break;
    }
}

/* The residual starts as zero and x as what was embedded, so that the first norm adds them up. The head sees the last token of each
 * sequence; as its norm is made for all, rows are taken with a stride only where a sequence has one. */
void Step::run(cudaStream_t stream) const
{
    MUST(cudaMemsetAsync(residual.p, 0, residual.bytes, stream));
    MUST(cudaMemcpyAsync(x.p, embedded.p, x.bytes, cudaMemcpyDeviceToDevice, stream));
    for (int layer = 0; layer < k.m.layers; layer++)
        for (int part = 0; part < PARTS; part++) run_part(stream, part, layer);
    norm(stream, *this, 2 * k.m.layers);
    if (head) head->run(stream, normed.as<uint16_t>((size_t)(chunk - 1) * k.m.hidden), k.head.p, logits.p);
}

} // namespace probe
