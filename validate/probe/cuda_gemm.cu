/* cuda_gemm.cu - matrix products: the body that runs everywhere, and cuBLASLt. */
#include "validate/probe/cublas_lt.cuh"

#include <cmath>

#include "validate/probe/body_gemm.h"

namespace probe {

typedef void Body(const uint16_t *, const uint16_t *, uint16_t *, int, int, int);
static const struct { int rows; Body *kernel; } body[] = {{1, gbl_probe_gemm_1}, {2, gbl_probe_gemm_2}, {4, gbl_probe_gemm_4}, {8, gbl_probe_gemm_8}, {12, gbl_probe_gemm_12}};
enum { BODIES = sizeof body / sizeof *body };

/* The body with the most rows that are all used, the largest for many. */
static int body_for(int m)
{
    int best = 0;
    for (int i = 0; i < BODIES; i++)
        if (body[i].rows <= m) best = i;
    return best;
}

static void run_body(cudaStream_t stream, int which, const uint16_t *a, const uint16_t *w, uint16_t *c, int m, int n, int k)
{
    int rows = body[which].rows;
    Body *kernel = body[which].kernel;
    GBL_RUN(kernel, (unsigned)((m + rows - 1) / rows * (n / GBL_WIDTH)), GBL_WIDTH, 0, stream, a, w, c, m, n, k);
}

static double half_value(uint16_t x)
{
    int exponent = x >> 10 & 31, mantissa = x & 1023;
    double size = exponent ? std::ldexp(1 + mantissa / 1024.0, exponent - 15) : std::ldexp(mantissa / 1024.0, -14);
    return x & 0x8000 ? -size : size;
}

static void fill(Session &s, Format f, void *to, size_t n, uint32_t seed)
{
    if (f == LT_BF16) fill_bf16(s, to, n, 1, seed);
    else if (f == LT_FP8) fill_bytes(s, to, n, 0xbfbfbfbfu, seed);      /* below 2, no NaN */
    else if (f == LT_FP16) fill_bytes(s, to, 2 * n, 0xbfffbfffu, seed); /* below 2 */
    else fill_float(s, to, n, -1, 1, seed);
}

static std::vector<double> values(Format f, const void *from, size_t n)
{
    std::vector<double> out(n);
    if (f == LT_BF16) return values_bf16(from, n);
    if (f == LT_FP8) {
        std::vector<uint8_t> raw = download<uint8_t>(from, n);
        for (size_t i = 0; i < n; i++) out[i] = fp8_value(raw[i]);
    } else if (f == LT_FP16) {
        std::vector<uint16_t> raw = download<uint16_t>(from, n);
        for (size_t i = 0; i < n; i++) out[i] = half_value(raw[i]);
    } else {
        std::vector<float> raw = download<float>(from, n);
        out.assign(raw.begin(), raw.end());
    }
    return out;
}

/* c = a w, w by rows of k elements, one for each of the n columns. */
static std::vector<double> reference(const std::vector<double> &a, const std::vector<double> &w, int m, int n, int k)
{
    std::vector<double> c((size_t)m * n);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int e = 0; e < k; e++) sum += a[(size_t)i * k + e] * w[(size_t)j * k + e];
            c[(size_t)i * n + j] = sum;
        }
    return c;
}

static bool check_body(Session &s, int which)
{
    const int m = 13, n = 64, k = 128;
    Buffer a(s, m * k * 2), w(s, n * k * 2), c(s, m * n * 2);
    if (!a || !w || !c) return false;
    fill_bf16(s, a.p, m * k, 1, 1);
    fill_bf16(s, w.p, n * k, 1, 2);
    run_body(s.stream, which, a.as<uint16_t>(), w.as<uint16_t>(), c.as<uint16_t>(), m, n, k);
    MUST(cudaStreamSynchronize(s.stream));
    std::vector<double> panels = values_bf16(w.p, n * k), rows((size_t)n * k);
    for (int j = 0; j < n; j++)
        for (int e = 0; e < k; e++) rows[(size_t)j * k + e] = panels[((size_t)(j / GBL_WIDTH) * k + e) * GBL_WIDTH + j % GBL_WIDTH];
    std::string what = "gemm (body, " + std::to_string(body[which].rows) + " rows)";
    return agrees(s, what.c_str(), values_bf16(c.p, m * n), reference(values_bf16(a.p, m * k), rows, m, n, k), 0.02);
}

static bool check_library(Session &s, Format f)
{
    const int m = 48, n = 64, k = 128;
    Buffer a(s, m * k * 4), w(s, n * k * 4), c(s, m * n * 4);
    Product p(s, f, m, n, k);
    if (!a || !w || !c || !p.usable()) {
        note("cuBLASLt has no %s products here", lt_format[f].name);
        return false;
    }
    fill(s, f, a.p, m * k, 1);
    fill(s, f, w.p, n * k, 2);
    p.run(s.stream, a.p, w.p, c.p);
    MUST(cudaStreamSynchronize(s.stream));
    std::string what = "gemm (cublaslt, " + std::string(lt_format[f].name) + ")";
    Format out = f == LT_FP8 ? LT_BF16 : f;
    return agrees(s, what.c_str(), values(out, c.p, m * n), reference(values(f, a.p, m * k), values(f, w.p, n * k), m, n, k), f == LT_FP8 ? 0.1 : 0.03);
}

/* Weights of whole layers of Llama-3.1-8B and 70B (tensor-parallel shards, too), Qwen3-14B, and sizes around them; k, n. */
static const int layer[][2] = {{4096, 6144},  {4096, 4096}, {4096, 28672}, {14336, 4096}, {5120, 7168},  {5120, 5120},  {5120, 34816}, {17408, 5120}, {8192, 10240},
                               {8192, 8192},  {8192, 57344}, {28672, 8192}, {8192, 1280}, {3584, 8192},  {8192, 7168},  {2048, 2048},  {4096, 128256}, {12288, 12288},
                               {5120, 1792},  {1024, 8192},  {4096, 14336}, {2560, 9728}, {16384, 16384}, {6144, 24576}};
enum { LAYERS = sizeof layer / sizeof *layer };
static const int rows_full[] = {1, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}, rows_quick[] = {1, 16, 128, 1024, 4096};

/* Operands for all shapes, as large as the largest of them where there is room. */
struct Arena {
    Buffer a, w, c;
    static size_t part(const Session &s, double share, size_t most)
    {
        size_t n = (size_t)(share * (double)room(s)) / 256 * 256;
        return n < most ? n : most;
    }
    Arena(Session &s, Format f) : a(s, part(s, 0.15, (size_t)8192 * 28672 * lt_format[f].bytes)), w(s, part(s, 0.5, (size_t)4 << 30)), c(s, part(s, 0.9, (size_t)8192 * 128256 * lt_format[f].out_bytes)) {}
};

static Case case_of(const char *kernel, Format f, int m, int n, int k)
{
    double in = lt_format[f].bytes, bytes = (double)n * k * in + (double)m * k * in + (double)m * n * lt_format[f].out_bytes;
    return {"gemm", kernel, lt_format[f].name, Shape().num("m", m).num("n", n).num("k", k).end(), 2.0 * m * n * k, bytes, true};
}

/* False: the operands have no room. */
static bool fits(const Arena &r, Format f, int m, int n, int k)
{
    return r.a && r.w && r.c && (size_t)m * k * lt_format[f].bytes <= r.a.bytes && (size_t)n * k * lt_format[f].bytes <= r.w.bytes &&
           (size_t)m * n * lt_format[f].out_bytes <= r.c.bytes;
}

static int copies_of(const Session &s, const Arena &r, Format f, int n, int k)
{
    double one = (double)n * k * lt_format[f].bytes;
    return cold_copies(s, one, (int)std::fmin((double)r.w.bytes / one, 64));
}

static void time_library(Session &s, const Arena &r, Format f, int m, int n, int k)
{
    if (!fits(r, f, m, n, k)) return;
    Product p(s, f, m, n, k);
    if (!p.usable()) return;
    size_t one = (size_t)n * k * lt_format[f].bytes;
    time_graph(s, case_of("cublaslt", f, m, n, k), copies_of(s, r, f, n, k), (double)one,
               [&](cudaStream_t stream, int copy) { p.run(stream, r.a.p, r.w.as<char>(one * (size_t)copy), r.c.p); });
}

static void time_body(Session &s, const Arena &r, int m, int n, int k)
{
    if (!fits(r, LT_BF16, m, n, k)) return;
    int which = body_for(m);
    size_t one = (size_t)n * k;
    time_graph(s, case_of("body", LT_BF16, m, n, k), copies_of(s, r, LT_BF16, n, k), 2.0 * (double)one, [&](cudaStream_t stream, int copy) {
        run_body(stream, which, r.a.as<uint16_t>(), r.w.as<uint16_t>(one * (size_t)copy), r.c.as<uint16_t>(), m, n, k);
    });
}

static void sweep(Session &s, const Arena &r, Format f)
{
    bool main_format = f == LT_BF16 || f == LT_FP8;
    int layers = s.opt.quick || !main_format ? 4 : LAYERS;
    const int *rows = s.opt.quick || !main_format ? rows_quick : rows_full;
    int n_rows = s.opt.quick || !main_format ? (int)(sizeof rows_quick / sizeof *rows_quick) : (int)(sizeof rows_full / sizeof *rows_full);
    for (int i = 0; i < layers; i++)
        for (int j = 0; j < n_rows; j++) time_library(s, r, f, rows[j], layer[i][1], layer[i][0]);
}

void run_gemm(Session &s)
{
    bool right[LT_FORMATS] = {false}, body_right = true, there = lt_open(s);
    for (int i = 0; i < BODIES; i++) body_right = check_body(s, i) && body_right;
    for (int f = 0; f < LT_FORMATS && there; f++) right[f] = check_library(s, (Format)f);
    if (s.opt.check_only) return;
    for (int f = 0; f < LT_FORMATS; f++) {
        if (!right[f] && !(f == LT_BF16 && body_right)) continue;
        Arena r(s, (Format)f);
        if (!r.a || !r.w || !r.c) {
            note("no room for %s products", lt_format[f].name);
            continue;
        }
        fill(s, (Format)f, r.a.p, r.a.bytes / (size_t)lt_format[f].bytes, 1);
        fill(s, (Format)f, r.w.p, r.w.bytes / (size_t)lt_format[f].bytes, 2);
        if (right[f]) sweep(s, r, (Format)f);
        for (int i = 0; f == LT_BF16 && body_right && i < 2; i++)
            for (int m : {1, 8, 64}) time_body(s, r, m, layer[i][1], layer[i][0]);
    }
}

} // namespace probe
