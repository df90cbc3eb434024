/* cuda_attention.cu - launches of attention on tensor cores, and probes of prefill and decode: checks and sweeps. */
#include "validate/probe/cuda_attention.cuh"

#include <algorithm>
#include <cmath>

#include "validate/probe/attention_mma.cuh"
#include "validate/probe/body_attention.h"

namespace probe {

int decode_splits(const Session &s, int sequences, int g, int len)
{
    int groups = sequences * g, wanted = (4 * s.prop.multiProcessorCount + groups - 1) / groups, most = (len + 255) / 256;
    return std::max(1, std::min({wanted, most, 64}));
}

size_t decode_parts_bytes(int sequences, int h, int d, int splits)
{
    return (size_t)sequences * h * splits * (d + 2) * 4;
}

template <int D, int BYTES, bool TALL>
static void decode_as(cudaStream_t stream, const DecodeCache &c, const uint16_t *queries, uint16_t *outputs, float *parts, int groups, int rows, int splits)
{
    auto kernel = decode_mma<D, BYTES, TALL>;
    auto combine = decode_combine<D>;
    float *to = splits > 1 ? parts : nullptr;
    GBL_RUN(kernel, dim3((unsigned)groups, (unsigned)splits), 32 * MMA_WARPS, 0, stream, queries, c, outputs, to, rows);
    if (splits > 1) GBL_RUN(combine, (unsigned)groups, 128, 0, stream, parts, outputs, splits, rows);
}

void decode_launch(cudaStream_t stream, const KvCache &c, const uint16_t *queries, uint16_t *outputs, float *parts, int sequences, int h, int len, int splits)
{
    int rows = h / c.g, groups = sequences * c.g;
    DecodeCache k = {(const uint8_t *)c.keys, (const uint8_t *)c.values, c.key_scales, c.value_scales, c.table, len, c.g};
    auto launch = c.d == 64 ? (c.bytes == 2 ? (rows > 8 ? decode_as<64, 2, true> : decode_as<64, 2, false>) : (rows > 8 ? decode_as<64, 1, true> : decode_as<64, 1, false>))
                            : (c.bytes == 2 ? (rows > 8 ? decode_as<128, 2, true> : decode_as<128, 2, false>) : (rows > 8 ? decode_as<128, 1, true> : decode_as<128, 1, false>));
    launch(stream, k, queries, outputs, parts, groups, rows, splits);
}

template <int D> static void prefill_as(cudaStream_t stream, const PrefillWork &w, int sequences)
{
    auto kernel = prefill_mma<D>;
    GBL_RUN(kernel, dim3((unsigned)((w.chunk + MMA_TILE - 1) / MMA_TILE), (unsigned)w.h, (unsigned)sequences), 32 * MMA_WARPS, 0, stream, w);
}

void prefill_launch(cudaStream_t stream, const KvCache &c, const uint16_t *queries, uint16_t *outputs, int sequences, int h, int chunk, int cached)
{
    PrefillWork w = {queries, (const uint16_t *)c.keys, (const uint16_t *)c.values, c.table, outputs, chunk, cached, h, c.g};
    if (c.d == 64) prefill_as<64>(stream, w, sequences);
    else prefill_as<128>(stream, w, sequences);
}

/* ---- formats of the cache ---- */

typedef void DecodeBody(const uint16_t *, const uint8_t *, const uint8_t *, const float *, const float *, const int *, uint16_t *, int, int, int);
#define BODIES(name) {gbl_probe_decode_##name##_1, gbl_probe_decode_##name##_4, gbl_probe_decode_##name##_8}
static const struct { const char *name; int code, pack, bytes; DecodeBody *body[3]; bool mma; } format[] = {
    {"bf16", GBL_KV_BF16, 1, 2, BODIES(bf16), true}, {"fp8_e4m3", GBL_KV_FP8, 1, 1, BODIES(fp8), true}, {"int8", GBL_KV_INT8, 1, 1, BODIES(int8), false},
    {"int4", GBL_KV_INT4, 2, 1, BODIES(int4), false}, {"int2", GBL_KV_INT2, 4, 1, BODIES(int2), false}};
enum { FORMATS = sizeof format / sizeof *format };

static DecodeBody *body_of(int f, int rows)
{
    return rows == 1 ? format[f].body[0] : rows == 4 ? format[f].body[1] : rows == 8 ? format[f].body[2] : nullptr;
}

static double cache_bytes(int f, double tokens, int g, int d) { return tokens * g * d * format[f].bytes / format[f].pack; } /* of keys, or of values */

/* Keys, values and scales for a number of blocks of GBL_WIDTH tokens, and a table that lists them in random order. */
struct Pool {
    Buffer keys, values, key_scales, value_scales, table;
    int f, g, d, blocks;
    Pool(Session &s, int which, int heads, int dim, int n) : f(which), g(heads), d(dim), blocks(n)
    {
        size_t bytes = (size_t)cache_bytes(f, (double)n * GBL_WIDTH, g, d), scales = format[f].code == GBL_KV_BF16 ? 1 : (size_t)n * GBL_WIDTH * g * 4;
        keys = Buffer(s, bytes);
        values = Buffer(s, bytes);
        key_scales = Buffer(s, scales);
        value_scales = Buffer(s, scales);
        table = Buffer(s, (size_t)n * 4);
        if (!there()) return;
        if (format[f].code == GBL_KV_BF16) {
            fill_bf16(s, keys.p, bytes / 2, 1, 11);
            fill_bf16(s, values.p, bytes / 2, 1, 12);
        } else {
            uint32_t mask = format[f].code == GBL_KV_FP8 ? 0xbfbfbfbfu : ~0u; /* e4m3 below 2: no NaN */
            fill_bytes(s, keys.p, bytes, mask, 11);
            fill_bytes(s, values.p, bytes, mask, 12);
            fill_float(s, key_scales.p, scales / 4, 0.3f, 0.6f, 13);
            fill_float(s, value_scales.p, scales / 4, 0.3f, 0.6f, 14);
        }
        std::vector<int> order(n);
        uint32_t x = 99;
        for (int i = 0; i < n; i++) order[i] = i;
        for (int i = n - 1; i > 0; i--) {
            x = x * 1664525u + 1013904223u;
            std::swap(order[i], order[(size_t)(x >> 4) % (size_t)(i + 1)]);
        }
        upload(table.p, order);
    }
    bool there() const { return keys && values && key_scales && value_scales && table; }
    KvCache cache(int first_block) const
    {
        bool coded = format[f].code != GBL_KV_BF16;
        return {keys.p, values.p, coded ? key_scales.as<float>() : nullptr, coded ? value_scales.as<float>() : nullptr, table.as<int>(first_block), format[f].bytes, g, d};
    }
};

static void body_launch(cudaStream_t stream, int f, const KvCache &c, const uint16_t *queries, uint16_t *outputs, int sequences, int h, int len)
{
    DecodeBody *kernel = body_of(f, h / c.g);
    GBL_RUN(kernel, (unsigned)(sequences * c.g), GBL_WIDTH, 0, stream, queries, (const uint8_t *)c.keys, (const uint8_t *)c.values, c.key_scales, c.value_scales, c.table, outputs, len, c.g, c.d);
}

static void body_prefill(cudaStream_t stream, const KvCache &c, const uint16_t *queries, uint16_t *outputs, int sequences, int h, int chunk, int cached)
{
    int tiles = (chunk + GBL_PREFILL_ROWS - 1) / GBL_PREFILL_ROWS;
    GBL_RUN(gbl_probe_prefill, (unsigned)(tiles * h * sequences), GBL_WIDTH, 0, stream, queries, (const uint8_t *)c.keys, (const uint8_t *)c.values, c.table, outputs, chunk, cached, h, c.g, c.d);
}

/* ---- reference ---- */

/* The cache on the host: element (token of the sequence, KV head, e) of keys or values, widened. */
struct HostCache {
    std::vector<uint8_t> keys, values;
    std::vector<float> key_scales, value_scales;
    std::vector<int> table;
    int f, g, d;
    explicit HostCache(const Pool &p) : f(p.f), g(p.g), d(p.d)
    {
        keys = download<uint8_t>(p.keys.p, p.keys.bytes);
        values = download<uint8_t>(p.values.p, p.values.bytes);
        if (format[f].code != GBL_KV_BF16) {
            key_scales = download<float>(p.key_scales.p, p.key_scales.bytes / 4);
            value_scales = download<float>(p.value_scales.p, p.value_scales.bytes / 4);
        }
        table = download<int>(p.table.p, (size_t)p.blocks);
    }
    double at(bool value, size_t block, int head, int token, int e) const
    {
        int pack = format[f].pack, row = value ? token : e, column = value ? e : token, width = value ? d : (int)GBL_WIDTH, u = row % pack;
        size_t base = block * (size_t)g + (size_t)head, word = base * (size_t)(GBL_WIDTH * d / pack) + (size_t)(row / pack * width + column);
        const std::vector<uint8_t> &from = value ? values : keys;
        int code = format[f].code;
        if (code == GBL_KV_BF16) return bf16_value((uint16_t)(from[2 * word] | from[2 * word + 1] << 8));
        uint8_t w = from[word];
        double x = code == GBL_KV_FP8 ? fp8_value(w) : code == GBL_KV_INT8 ? (int8_t)w : code == GBL_KV_INT4 ? (w >> (4 * u) & 15) - 8 : (w >> (2 * u) & 3) - 1.5;
        return x * (value ? value_scales : key_scales)[base * GBL_WIDTH + (size_t)token];
    }
};

/* One query over `seen` tokens whose blocks stand at table[first]. */
static void attend(const HostCache &c, size_t first, int head, const double *q, int seen, double *out)
{
    std::vector<double> p(seen);
    double most = -1e300, total = 0;
    for (int i = 0; i < seen; i++) {
        size_t block = (size_t)c.table[first + i / GBL_WIDTH];
        double sum = 0;
        for (int e = 0; e < c.d; e++) sum += q[e] * c.at(false, block, head, i % GBL_WIDTH, e);
        p[i] = sum;
        most = std::fmax(most, sum);
    }
    for (double &x : p) total += x = std::exp(x - most);
    for (int e = 0; e < c.d; e++) out[e] = 0;
    for (int i = 0; i < seen; i++)
        for (int e = 0; e < c.d; e++) out[e] += p[i] / total * c.at(true, (size_t)c.table[first + i / GBL_WIDTH], head, i % GBL_WIDTH, e);
}

/* ---- checks ---- */

static bool check_decode(Session &s, int f, bool mma, int rows, int d, int splits)
{
    const int sequences = 2, g = 2, h = rows * g, len = splits > 1 ? 333 : 77, blocks = (len + GBL_WIDTH - 1) / GBL_WIDTH;
    Pool pool(s, f, g, d, sequences * blocks + 3);
    size_t n = (size_t)sequences * h * d;
    Buffer q(s, n * 2), out(s, n * 2), parts(s, decode_parts_bytes(sequences, h, d, splits));
    if (!pool.there() || !q || !out || !parts) return false;
    fill_bf16(s, q.p, n, 0.7f, 15);
    if (mma) decode_launch(s.stream, pool.cache(0), q.as<uint16_t>(), out.as<uint16_t>(), parts.as<float>(), sequences, h, len, splits);
    else body_launch(s.stream, f, pool.cache(0), q.as<uint16_t>(), out.as<uint16_t>(), sequences, h, len);
    MUST(cudaStreamSynchronize(s.stream));
    HostCache c(pool);
    std::vector<double> query = values_bf16(q.p, n), want(n);
    for (int i = 0; i < sequences * h; i++) attend(c, (size_t)(i / h * blocks), i % h / rows, &query[(size_t)i * d], len, &want[(size_t)i * d]);
    char what[100];
    snprintf(what, sizeof what, "decode (%s, %s, %d rows of %d, %d splits)", mma ? "mma" : "body", format[f].name, rows, d, splits);
    return agrees(s, what, values_bf16(out.p, n), want, 0.06);
}

static bool check_prefill(Session &s, bool mma, int d, int chunk, int cached)
{
    const int sequences = 2, g = 2, h = 6, blocks = (cached + chunk + GBL_WIDTH - 1) / GBL_WIDTH;
    Pool pool(s, 0, g, d, sequences * blocks + 1);
    size_t n = (size_t)sequences * chunk * h * d;
    Buffer q(s, n * 2), out(s, n * 2);
    if (!pool.there() || !q || !out) return false;
    fill_bf16(s, q.p, n, 0.7f, 16);
    if (mma) prefill_launch(s.stream, pool.cache(0), q.as<uint16_t>(), out.as<uint16_t>(), sequences, h, chunk, cached);
    else body_prefill(s.stream, pool.cache(0), q.as<uint16_t>(), out.as<uint16_t>(), sequences, h, chunk, cached);
    MUST(cudaStreamSynchronize(s.stream));
    HostCache c(pool);
    std::vector<double> query = values_bf16(q.p, n), want(n);
    for (int i = 0; i < sequences * chunk * h; i++)
        attend(c, (size_t)(i / h / chunk * blocks), i % h / (h / g), &query[(size_t)i * d], cached + i / h % chunk + 1, &want[(size_t)i * d]);
    char what[100];
    snprintf(what, sizeof what, "prefill (%s, %d elements, %d behind %d tokens)", mma ? "mma" : "body", d, chunk, cached);
    return agrees(s, what, values_bf16(out.p, n), want, 0.06);
}

/* ---- sweeps ---- */

struct Heads { int h, g, d; };
/* Llama-3.1-8B, Qwen3-14B, Llama-2-7B, Llama-3.1-70B and their tensor-parallel shards; heads of 64 as in Llama-3.2-1B and gpt-oss. */
static const Heads heads[] = {{32, 8, 128}, {40, 8, 128}, {32, 32, 128}, {64, 8, 128}, {16, 4, 128}, {8, 1, 128}, {8, 8, 128}, {28, 4, 128}, {16, 16, 128}, {12, 2, 128}, {24, 8, 128},
                              {48, 8, 128}, {32, 8, 64}, {64, 8, 64}};
enum { HEADS = sizeof heads / sizeof *heads };

static int heads_of(const Session &s) { return s.opt.quick ? 3 : HEADS; }

static std::string decode_shape(const Heads &m, int b, int len)
{
    return Shape().num("batch_size", b).num("kv_len", len).num("num_heads", m.h).num("num_kv_heads", m.g).num("head_dim", m.d).num("block_size", GBL_WIDTH).end();
}

/* Bytes by the formula of models/: scales of e4m3 are one a tensor there. */
static double decode_bytes(int f, const Heads &m, double b, double len)
{
    double scales = format[f].code == GBL_KV_BF16 || format[f].code == GBL_KV_FP8 ? 0 : 8.0 * m.g;
    return b * len * (2 * cache_bytes(f, 1, m.g, m.d) + scales) + 4.0 * b * m.h * m.d;
}

/* `pool` holds blocks for some copies; fewer leave the shape warm, none is no row. */
static void time_decode(Session &s, const Pool &pool, bool mma, const Heads &m, int b, int len, bool warm)
{
    int f = pool.f, each = b * ((len + GBL_WIDTH - 1) / GBL_WIDTH), splits = mma ? decode_splits(s, b, m.g, len) : 1;
    double touched = 2 * cache_bytes(f, (double)each * GBL_WIDTH, m.g, m.d);
    int copies = warm ? 1 : std::min(cold_copies(s, touched, 128), pool.blocks / each);
    size_t n = (size_t)b * m.h * m.d;
    Buffer q(s, n * 2), out(s, n * 2), parts(s, decode_parts_bytes(b, m.h, m.d, splits));
    if (copies < 1 || !q || !out || !parts) return;
    fill_bf16(s, q.p, n, 0.1f, 15);
    Case c = {warm ? "decode_l2" : "decode", mma ? "mma" : "body", format[f].name, decode_shape(m, b, len), 4.0 * m.h * m.d * b * len, decode_bytes(f, m, b, len), true};
    time_graph(s, c, copies, touched, [&](cudaStream_t stream, int copy) {
        KvCache k = pool.cache(copy * each);
        if (mma) decode_launch(stream, k, q.as<uint16_t>(), out.as<uint16_t>(), parts.as<float>(), b, m.h, len, splits);
        else body_launch(stream, f, k, q.as<uint16_t>(), out.as<uint16_t>(), b, m.h, len);
    });
}

static int pool_blocks(const Session &s, int f, const Heads &m)
{
    double most = std::fmin((double)room(s) * 0.9, s.opt.quick ? 4e9 : 24e9);
    double one = 2 * cache_bytes(f, GBL_WIDTH, m.g, m.d) + GBL_WIDTH * m.g * 8.0 + 4;
    return (int)std::fmin(most / one, 1 << 22);
}

static void sweep_decode(Session &s, int f, bool mma)
{
    static const int batch[] = {1, 4, 16, 64, 256}, len[] = {128, 1024, 4096, 16384};
    for (int i = 0; i < (mma ? heads_of(s) : 2); i++) {
        const Heads &m = heads[mma ? i : i ? 2 : 0];
        if (!mma && !body_of(f, m.h / m.g)) continue;
        Pool pool(s, f, m.g, m.d, pool_blocks(s, f, m));
        if (!pool.there()) continue;
        for (int b : batch)
            for (int l : len) {
                if ((!mma || s.opt.quick) && (b == 4 || l == 1024)) continue;
                if ((double)b * l > 1.1e6) continue;
                if (wants(s, "decode")) time_decode(s, pool, mma, m, b, l, false);
            }
        /* As much KV as a quarter of L2: read from there, and the same shape from HBM. */
        int resident = (int)((double)s.prop.l2CacheSize / 4 / (2 * cache_bytes(f, 8, m.g, m.d)) / GBL_WIDTH) * GBL_WIDTH;
        if (mma && resident >= GBL_WIDTH && wants(s, "decode_l2")) time_decode(s, pool, mma, m, 8, resident, true);
        if (mma && resident >= GBL_WIDTH && wants(s, "decode")) time_decode(s, pool, mma, m, 8, resident, false);
    }
}

void run_decode(Session &s)
{
    for (int f = 0; f < FORMATS; f++) {
        bool right = true, mma = format[f].mma;
        for (int d : {64, 128})
            for (int rows : {1, 4, 8}) right = check_decode(s, f, false, rows, d, 1) && right;
        for (int d : {64, 128})
            for (int rows : {1, 5, 16})
                for (int splits : {1, 3}) mma = mma && check_decode(s, f, true, rows, d, splits);
        if (s.opt.check_only) continue;
        if (mma) sweep_decode(s, f, true);
        if (right && wants(s, "decode")) sweep_decode(s, f, false);
    }
}

static void time_prefill(Session &s, const Pool &pool, bool mma, const Heads &m, int b, int chunk, int cached)
{
    int blocks = b * ((cached + chunk + GBL_WIDTH - 1) / GBL_WIDTH);
    double x = cached, c = chunk, kv = 4.0 * m.g * m.d, touched = b * ((x + c) * kv + c * 4 * m.h * m.d);
    size_t n = (size_t)b * chunk * m.h * m.d;
    if (blocks > pool.blocks) return;
    int fit = (int)std::fmin((double)room(s) * 0.9 / (4.0 * (double)n), 256);
    int copies = std::min({cold_copies(s, touched, 256), pool.blocks / blocks, std::max(fit, 1)});
    Buffer q(s, n * 2 * (size_t)copies), out(s, n * 2 * (size_t)copies); /* as many bytes as the KV, or more: cycled like it */
    if (!q || !out) return;
    fill_bf16(s, q.p, n * (size_t)copies, 0.1f, 16);
    std::string shape = Shape().num("batch_size", b).num("isl", chunk).num("prefix_len", cached).num("num_heads", m.h).num("num_kv_heads", m.g).num("head_dim", m.d).end();
    Case row = {"prefill", mma ? "mma" : "body", "bf16", shape, 4.0 * m.h * m.d * b * (c * x + c * (c + 1) / 2), touched, true};
    time_graph(s, row, copies, touched, [&](cudaStream_t stream, int copy) {
        KvCache k = pool.cache(copy * blocks);
        uint16_t *from = q.as<uint16_t>(n * (size_t)copy), *to = out.as<uint16_t>(n * (size_t)copy);
        if (mma) prefill_launch(stream, k, from, to, b, m.h, chunk, cached);
        else body_prefill(stream, k, from, to, b, m.h, chunk, cached);
    });
}

static void sweep_prefill(Session &s, bool mma)
{
    static const int chunk[] = {32, 128, 512, 1024, 2048, 4096, 8192, 16384}, cached[] = {0, 4096}, batch[] = {1, 8};
    for (int i = 0; i < (mma ? heads_of(s) : 1); i++) {
        const Heads &m = heads[i];
        Pool pool(s, 0, m.g, m.d, std::min(pool_blocks(s, 0, m), 1 << 14));
        if (!pool.there()) continue;
        for (int c : chunk)
            for (int x : cached)
                for (int b : batch) {
                    if ((!mma || s.opt.quick) && (c > 2048 || c == 32 || b > 1)) continue;
                    if ((double)b * c > 33000 || (x && b > 1)) continue;
                    time_prefill(s, pool, mma, m, b, c, x);
                }
    }
}

void run_prefill(Session &s)
{
    bool body = true, mma = true;
    for (int d : {64, 128})
        for (int chunk : {7, 100})
            for (int cached : {0, 45}) {
                body = check_prefill(s, false, d, chunk, cached) && body;
                mma = check_prefill(s, true, d, chunk, cached) && mma;
            }
    if (s.opt.check_only) return;
    if (mma) sweep_prefill(s, true);
    if (body) sweep_prefill(s, false);
}

} // namespace probe
