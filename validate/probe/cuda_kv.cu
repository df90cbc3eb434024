/* cuda_kv.cu - what KV compression does to the cache: the bodies, checked and timed. */
#include "validate/probe/probe.cuh"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "validate/probe/body_kv.h"

namespace probe {

typedef void Narrow(const uint16_t *, uint8_t *, float *, int);
typedef void Widen(const uint8_t *, const float *, uint16_t *, int);
static const struct { const char *name; int code, pack; Narrow *narrow; Widen *widen; } format[] = {
    {"int8", GBL_KV_INT8, 1, gbl_probe_quantise_int8, gbl_probe_dequantise_int8},
    {"fp8_e4m3", GBL_KV_FP8, 1, gbl_probe_quantise_fp8, gbl_probe_dequantise_fp8},
    {"int4", GBL_KV_INT4, 2, gbl_probe_quantise_int4, gbl_probe_dequantise_int4},
    {"int2", GBL_KV_INT2, 4, gbl_probe_quantise_int2, gbl_probe_dequantise_int2}};

static double code_value(int code, uint8_t word, int u)
{
    if (code == GBL_KV_FP8) return fp8_value(word);
    if (code == GBL_KV_INT8) return (int8_t)word;
    if (code == GBL_KV_INT4) return (word >> (4 * u) & 15) - 8;
    return (word >> (2 * u) & 3) - 1.5;
}

/* Half the distance between neighbouring codes at x, the range being +-most: what rounding may lose. */
static double loss_at(int code, double x, double most)
{
    if (code == GBL_KV_INT8) return 0.5 * most / 127;
    if (code == GBL_KV_INT4) return 0.5 * most / 7;
    if (code == GBL_KV_INT2) return 0.5 * most / 1.5;
    double unit = most / 448, size = std::fabs(x) / unit;
    return unit * std::ldexp(0.5, (int)std::floor(std::log2(std::fmax(size, std::ldexp(1, -6)))) - 3);
}

/* Narrowed and widened again, every element is within half a step of what it was; and widening is exact but for bf16. */
static bool check_codes(Session &s, int f)
{
    const int d = 64, blocks = 5, n = blocks * d * GBL_WIDTH;
    Buffer from(s, n * 2), codes(s, n), scales(s, blocks * GBL_WIDTH * 4), to(s, n * 2);
    if (!from || !codes || !scales || !to) return false;
    fill_bf16(s, from.p, n, 2, 5);
    Narrow *narrow = format[f].narrow;
    Widen *widen = format[f].widen;
    GBL_RUN(narrow, blocks, GBL_WIDTH, 0, s.stream, from.as<uint16_t>(), codes.as<uint8_t>(), scales.as<float>(), d);
    GBL_RUN(widen, blocks, GBL_WIDTH, 0, s.stream, codes.as<uint8_t>(), scales.as<float>(), to.as<uint16_t>(), d);
    MUST(cudaStreamSynchronize(s.stream));
    std::vector<double> was = values_bf16(from.p, n), is = values_bf16(to.p, n), want(n);
    std::vector<uint8_t> word = download<uint8_t>(codes.p, (size_t)n / format[f].pack);
    std::vector<float> scale = download<float>(scales.p, blocks * GBL_WIDTH);
    for (int b = 0; b < blocks; b++)
        for (int l = 0; l < GBL_WIDTH; l++) {
            double most = 0;
            for (int e = 0; e < d; e++) most = std::fmax(most, std::fabs(was[(b * d + e) * GBL_WIDTH + l]));
            for (int e = 0; e < d; e++) {
                int at = (b * d + e) * GBL_WIDTH + l, pack = format[f].pack;
                double v = code_value(format[f].code, word[(size_t)((b * d + e) / pack) * GBL_WIDTH + l], e % pack) * scale[b * GBL_WIDTH + l];
                want[at] = v;
                if (std::fabs(v - was[at]) <= 1.01 * loss_at(format[f].code, was[at], most)) continue;
                note("quantise (%s) is wrong: %g for %g, range %g", format[f].name, v, was[at], most);
                s.wrong++;
                return false;
            }
        }
    std::string what = std::string("dequantise (") + format[f].name + ")";
    return agrees(s, what.c_str(), is, want, 0.02);
}

static void time_codes(Session &s, int f)
{
    for (double elements = 1 << 20; elements <= (s.opt.quick ? 1 << 24 : 1 << 28); elements *= 4) {
        const int d = 128;
        int blocks = (int)(elements / d / GBL_WIDTH), copies = cold_copies(s, 2 * elements, 64);
        double code_bytes = elements / format[f].pack, scale_bytes = elements / d * 4;
        Buffer wide(s, (size_t)(2 * elements) * copies), codes(s, (size_t)code_bytes * copies), scales(s, (size_t)scale_bytes * copies);
        if (!wide || !codes || !scales) return;
        fill_bf16(s, wide.p, (size_t)elements * copies, 2, 5);
        Narrow *narrow = format[f].narrow;
        Widen *widen = format[f].widen;
        auto w = [&](int c) { return wide.as<uint16_t>((size_t)elements * c); };
        auto q = [&](int c) { return codes.as<uint8_t>((size_t)code_bytes * c); };
        auto a = [&](int c) { return scales.as<float>((size_t)(scale_bytes / 4) * c); };
        std::string shape = Shape().num("elements", elements).num("group", d).end();
        if (wants(s, "quantise"))
            time_graph(s, {"quantise", "body", format[f].name, shape, NAN, 4 * elements + code_bytes + scale_bytes, true}, copies, 2 * elements + code_bytes,
                       [&](cudaStream_t stream, int c) { GBL_RUN(narrow, (unsigned)blocks, GBL_WIDTH, 0, stream, w(c), q(c), a(c), d); });
        else /* codes must be something */
            for (int c = 0; c < copies; c++) GBL_RUN(narrow, (unsigned)blocks, GBL_WIDTH, 0, s.stream, w(c), q(c), a(c), d);
        if (wants(s, "dequantise"))
            time_graph(s, {"dequantise", "body", format[f].name, shape, NAN, 2 * elements + code_bytes + scale_bytes, true}, copies, 2 * elements + code_bytes,
                       [&](cudaStream_t stream, int c) { GBL_RUN(widen, (unsigned)blocks, GBL_WIDTH, 0, stream, q(c), a(c), w(c), d); });
    }
}

/* ---- scores ---- */

static unsigned score_groups(int n) { return (unsigned)((n + GBL_STREAM * GBL_STREAM_WORDS - 1) / (GBL_STREAM * GBL_STREAM_WORDS)); }

static bool check_scores(Session &s)
{
    const int n = 2 * GBL_STREAM * GBL_STREAM_WORDS + 123, groups = (int)score_groups(n);
    Buffer scores(s, n * 4), sums(s, n * 4), least(s, groups * 4);
    if (!scores || !sums || !least) return false;
    fill_float(s, scores.p, n, 0, 1, 1);
    fill_float(s, sums.p, n, 0, 9, 2);
    std::vector<float> x = download<float>(scores.p, n), y = download<float>(sums.p, n);
    GBL_RUN(gbl_probe_score, (unsigned)groups, GBL_STREAM, 0, s.stream, scores.as<float>(), sums.as<float>(), least.as<float>(), n);
    MUST(cudaStreamSynchronize(s.stream));
    std::vector<float> z = download<float>(sums.p, n), low = download<float>(least.p, groups);
    std::vector<double> want, got(z.begin(), z.end());
    std::vector<double> lowest(groups, 1e30);
    for (int i = 0; i < n; i++) {
        want.push_back((double)x[i] + y[i]);
        double &l = lowest[i / (GBL_STREAM * GBL_STREAM_WORDS)];
        l = std::fmin(l, want[i]);
    }
    return agrees(s, "scores", got, want, 1e-6) && agrees(s, "scores (the least)", std::vector<double>(low.begin(), low.end()), lowest, 1e-6);
}

static void time_scores(Session &s)
{
    for (double n = 1 << 18; n <= (s.opt.quick ? 1 << 22 : 1 << 28); n *= 4) {
        int copies = cold_copies(s, 8 * n, 64);
        Buffer scores(s, (size_t)(4 * n) * copies), sums(s, (size_t)(4 * n) * copies), least(s, score_groups((int)n) * 4);
        if (!scores || !sums || !least) return;
        fill_float(s, scores.p, (size_t)n * copies, 0, 1, 1);
        fill_float(s, sums.p, (size_t)n * copies, 0, 1, 2);
        time_graph(s, {"scores", "body", nullptr, Shape().num("rows", 1).num("keys", n).end(), NAN, 12 * n, true}, copies, 8 * n, [&](cudaStream_t stream, int c) {
            GBL_RUN(gbl_probe_score, score_groups((int)n), GBL_STREAM, 0, stream, scores.as<float>((size_t)n * c), sums.as<float>((size_t)n * c), least.as<float>(), (int)n);
        });
    }
}

/* ---- selection ---- */

static bool check_select(Session &s)
{
    const int rows = 3, n = 1000, k = 37;
    Buffer keys(s, rows * n * 2), chosen(s, rows * k * 4);
    if (!keys || !chosen) return false;
    fill_bytes(s, keys.p, rows * n * 2, 0x03ff03ffu, 3); /* few values: ties */
    GBL_RUN(gbl_probe_select, rows, GBL_STREAM, 0, s.stream, keys.as<uint16_t>(), chosen.as<int>(), n, k);
    MUST(cudaStreamSynchronize(s.stream));
    std::vector<uint16_t> key = download<uint16_t>(keys.p, rows * n);
    std::vector<int> at = download<int>(chosen.p, rows * k);
    std::vector<uint32_t> got, want;
    for (int r = 0; r < rows; r++) {
        std::vector<uint16_t> sorted(key.begin() + r * n, key.begin() + (r + 1) * n);
        std::vector<int> mine(at.begin() + r * k, at.begin() + (r + 1) * k);
        std::sort(sorted.begin(), sorted.end(), [](uint16_t a, uint16_t b) { return a > b; });
        std::sort(mine.begin(), mine.end());
        if (std::unique(mine.begin(), mine.end()) != mine.end() || mine[0] < 0 || mine[k - 1] >= n) {
            note("top_k is wrong: positions twice or outside the row");
            s.wrong++;
            return false;
        }
        std::vector<uint32_t> found;
        for (int i : mine) found.push_back(key[(size_t)r * n + i]);
        std::sort(found.rbegin(), found.rend());
        got.insert(got.end(), found.begin(), found.end());
        want.insert(want.end(), sorted.begin(), sorted.begin() + k);
    }
    return equals(s, "top_k", got, want);
}

static void time_select(Session &s)
{
    for (int rows : {8, 64, 512})
        for (int n = 2048; n <= 131072; n *= s.opt.quick ? 64 : 8) {
            int k = n / 8;
            double bytes = 2.0 * rows * n;
            int copies = cold_copies(s, bytes, 64);
            Buffer keys(s, (size_t)bytes * copies), chosen(s, (size_t)rows * k * 4);
            if (!keys || !chosen) return;
            fill_bytes(s, keys.p, (size_t)bytes * copies, ~0u, 3);
            time_graph(s, {"top_k", "body", nullptr, Shape().num("rows", rows).num("keys", n).num("k", k).end(), NAN, 3 * bytes + 4.0 * rows * k, true}, copies, bytes,
                       [&](cudaStream_t stream, int c) {
                           GBL_RUN(gbl_probe_select, (unsigned)rows, GBL_STREAM, 0, stream, keys.as<uint16_t>((size_t)rows * n * c), chosen.as<int>(), n, k);
                       });
        }
}

/* ---- rows that move ---- */

static std::vector<int> shuffled(int n)
{
    std::vector<int> v(n);
    uint32_t x = 12345;
    for (int i = 0; i < n; i++) v[i] = i;
    for (int i = n - 1; i > 0; i--) {
        x = x * 1664525u + 1013904223u;
        std::swap(v[i], v[(size_t)x % (size_t)(i + 1)]);
    }
    return v;
}

static bool check_gather(Session &s)
{
    const int rows = 9, words = 300, total = 40;
    Buffer from(s, total * words * 4), index(s, rows * 4), to(s, rows * words * 4);
    if (!from || !index || !to) return false;
    fill_bytes(s, from.p, total * words * 4, ~0u, 7);
    std::vector<int> at = shuffled(total);
    at.resize(rows);
    upload(index.p, at);
    GBL_RUN(gbl_probe_gather, rows, GBL_STREAM, 0, s.stream, from.as<uint32_t>(), index.as<int>(), to.as<uint32_t>(), words);
    MUST(cudaStreamSynchronize(s.stream));
    std::vector<uint32_t> all = download<uint32_t>(from.p, total * words), want;
    for (int r : at) want.insert(want.end(), all.begin() + (size_t)r * words, all.begin() + (size_t)(r + 1) * words);
    return equals(s, "gather", download<uint32_t>(to.p, rows * words), want);
}

static bool check_compact(Session &s)
{
    const int sequences = 2, n = 300, words = 70;
    Buffer rows(s, sequences * n * words * 4), mask(s, sequences * n);
    if (!rows || !mask) return false;
    fill_bytes(s, rows.p, sequences * n * words * 4, ~0u, 7);
    fill_bytes(s, mask.p, sequences * n, 0x01010101u, 8);
    std::vector<uint32_t> want = download<uint32_t>(rows.p, sequences * n * words);
    std::vector<uint8_t> keep = download<uint8_t>(mask.p, sequences * n);
    GBL_RUN(gbl_probe_compact, sequences, GBL_STREAM, 0, s.stream, rows.as<uint32_t>(), mask.as<uint8_t>(), n, words);
    MUST(cudaStreamSynchronize(s.stream));
    for (int q = 0; q < sequences; q++) {
        uint32_t *base = want.data() + (size_t)q * n * words;
        for (int i = 0, kept = 0; i < n; i++)
            if (keep[(size_t)q * n + i]) memmove(base + (size_t)kept++ * words, base + (size_t)i * words, words * 4);
    }
    return equals(s, "compact", download<uint32_t>(rows.p, sequences * n * words), want);
}

static bool check_merge(Session &s)
{
    const int pairs = 6, d = 96;
    Buffer a(s, pairs * d * 2), b(s, pairs * d * 2);
    if (!a || !b) return false;
    fill_bf16(s, a.p, pairs * d, 1, 1);
    fill_bf16(s, b.p, pairs * d, 3, 2);
    std::vector<double> x = values_bf16(a.p, pairs * d), y = values_bf16(b.p, pairs * d), want(pairs * d);
    GBL_RUN(gbl_probe_merge, pairs, GBL_WIDTH, 0, s.stream, a.as<uint16_t>(), b.as<uint16_t>(), d);
    MUST(cudaStreamSynchronize(s.stream));
    for (int r = 0; r < pairs; r++) {
        double p = 0, q = 0, length = 0;
        for (int e = r * d; e < (r + 1) * d; e++) p += x[e] * x[e], q += y[e] * y[e];
        p = std::sqrt(p), q = std::sqrt(q);
        for (int e = r * d; e < (r + 1) * d; e++) {
            want[e] = 0.6 * x[e] / p + 0.4 * y[e] / q;
            length += want[e] * want[e];
        }
        for (int e = r * d; e < (r + 1) * d; e++) want[e] *= 0.5 * (p + q) / std::sqrt(length);
    }
    return agrees(s, "merge", values_bf16(a.p, pairs * d), want, 0.02);
}

static void time_gather(Session &s)
{
    for (int row_bytes : {256, 1024, 4096, 32768})
        for (double bytes = 1 << 22; bytes <= (s.opt.quick ? 1 << 24 : 1 << 30); bytes *= 16) {
            int rows = (int)(bytes / row_bytes), words = row_bytes / 4;
            Buffer from(s, (size_t)rows * row_bytes * 4), index(s, (size_t)rows * 4 * 4), to(s, (size_t)bytes); /* from four times as many rows */
            if (!from || !index || !to) return;
            fill_bytes(s, from.p, from.bytes, ~0u, 7);
            upload(index.p, shuffled(rows * 4));
            time_graph(s, {"gather", "body", nullptr, Shape().num("rows", rows * 4).num("kept", rows).num("row_bytes", row_bytes).end(), NAN, 2 * bytes + 4.0 * rows, true}, 4, bytes, /* one output */
                       [&](cudaStream_t stream, int c) {
                           GBL_RUN(gbl_probe_gather, (unsigned)rows, GBL_STREAM, 0, stream, from.as<uint32_t>(), index.as<int>((size_t)rows * c), to.as<uint32_t>(), words);
                       });
        }
}

/* In place: what moved once lies in front, and moves onto itself from then on. Bytes are the same. */
static void time_compact(Session &s)
{
    for (int n : {1024, 8192}) {
        const int sequences = 256, words = 64;
        double bytes = 4.0 * sequences * n * words;
        Buffer rows(s, (size_t)bytes), mask(s, (size_t)sequences * n);
        if (!rows || !mask) return;
        fill_bytes(s, rows.p, rows.bytes, ~0u, 7);
        fill_bytes(s, mask.p, mask.bytes, 0x01010101u, 8);
        std::vector<uint8_t> keep = download<uint8_t>(mask.p, mask.bytes);
        double kept = 0;
        for (uint8_t k : keep) kept += k;
        time_graph(s, {"compact", "body", nullptr, Shape().num("rows", (double)sequences * n).num("kept", kept).num("row_bytes", words * 4).end(), NAN, (double)sequences * n + 8 * kept * words, true}, 1,
                   4 * kept * words, [&](cudaStream_t stream, int) { GBL_RUN(gbl_probe_compact, sequences, GBL_STREAM, 0, stream, rows.as<uint32_t>(), mask.as<uint8_t>(), n, words); });
    }
}

static void time_merge(Session &s)
{
    for (double pairs = 1 << 14; pairs <= (s.opt.quick ? 1 << 16 : 1 << 22); pairs *= 16) {
        const int d = 128;
        Buffer a(s, (size_t)pairs * d * 2), b(s, (size_t)pairs * d * 2);
        if (!a || !b) return;
        fill_bf16(s, a.p, (size_t)pairs * d, 1, 1);
        fill_bf16(s, b.p, (size_t)pairs * d, 1, 2);
        time_graph(s, {"merge", "body", "bf16", Shape().num("pairs", pairs).num("row_bytes", 2 * d).end(), 10 * pairs * d, 6 * pairs * d, true}, 1, 4 * pairs * d,
                   [&](cudaStream_t stream, int) { GBL_RUN(gbl_probe_merge, (unsigned)pairs, GBL_WIDTH, 0, stream, a.as<uint16_t>(), b.as<uint16_t>(), d); });
    }
}

void run_kv(Session &s)
{
    for (int f = 0; f < (int)(sizeof format / sizeof *format); f++)
        if ((wants(s, "quantise") || wants(s, "dequantise")) && check_codes(s, f) && !s.opt.check_only) time_codes(s, f);
    const struct { const char *name; bool (*check)(Session &); void (*time)(Session &); } rest[] = {
        {"scores", check_scores, time_scores}, {"top_k", check_select, time_select}, {"gather", check_gather, time_gather},
        {"compact", check_compact, time_compact}, {"merge", check_merge, time_merge}};
    for (const auto &r : rest)
        if (wants(s, r.name) && r.check(s) && !s.opt.check_only) r.time(s);
}

} // namespace probe
