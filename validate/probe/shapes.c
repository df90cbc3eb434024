/* shapes.c - the shapes that are measured. Those of attention and products are fitted on 70 % of them and judged on the rest. */
#include <stddef.h>

#include "validate/probe/cases.h"

typedef struct shape {
    const char *probe, *format;
    int64_t v[GBL_DIMS_MOST];
    const char *exact;
} shape;

/* Small enough for an emulator; ragged where a kernel takes it. They are checked, counted and raced. */
static const shape small[] = {
    {"copy", "", {5000}, "B"},
    {"triad", "", {5000}, "FB"},
    {"gemm", "bf16", {1, 32, 64}, "FB"},
    {"gemm", "bf16", {2, 64, 64}, "F"},
    {"gemm", "bf16", {4, 32, 128}, "FB"},
    {"gemm", "bf16", {8, 64, 64}, "F"},
    {"gemm", "bf16", {12, 32, 64}, "FB"},
    {"gemm", "bf16", {23, 64, 64}, ""},
    {"prefill", "", {1, 32, 0, 1, 1, 32}, "T"},
    {"prefill", "", {1, 8, 24, 1, 1, 32}, "B"},
    {"prefill", "", {2, 37, 33, 4, 2, 32}, ""},
    {"prefill", "", {1, 64, 32, 2, 1, 64}, "T"},
    {"decode", "bf16", {1, 32, 4, 1, 64}, "FB"},
    {"decode", "bf16", {2, 45, 16, 2, 32}, ""},
    {"decode", "bf16", {1, 64, 2, 2, 128}, "FB"},
    {"decode", "int8", {2, 45, 8, 2, 32}, ""},
    {"decode", "fp8_e4m3", {1, 64, 8, 1, 64}, "FB"},
    {"decode", "int4", {1, 45, 4, 1, 64}, ""},
    {"decode", "int2", {1, 64, 2, 2, 64}, "FB"},
    {"quantise", "int8", {4096, 64}, "B"},
    {"quantise", "fp8_e4m3", {4096, 64}, "B"},
    {"quantise", "int4", {4096, 128}, "B"},
    {"quantise", "int2", {4096, 32}, "B"},
    {"dequantise", "int8", {4096, 64}, "B"},
    {"dequantise", "fp8_e4m3", {4096, 64}, "B"},
    {"dequantise", "int4", {4096, 128}, "B"},
    {"dequantise", "int2", {4096, 32}, "B"},
    {"scores", "", {3, 1000}, "B"},
    {"top_k", "", {2, 700, 60}, "B"},
    {"gather", "", {50, 20, 256}, "B"},
    {"gather", "", {50, 20, 192}, "B"},
    {"compact", "", {300, 120, 256}, "B"},
    {"merge", "bf16", {5, 128}, "B"},
    {"norm", "", {3, 320}, "B"},
    {"rope", "", {2, 5, 30, 4, 2, 64}, "B"},
    {"activate", "", {3, 300}, "B"},
};

/* What each probe costs on this machine, over sizes. (n, k) of small models' projections, several rows of each: 30 % of the
 * (n, k) are kept out of the fit whole. */
static const int64_t gemm_nk[][2] = {{1024, 1024}, {2048, 1024}, {3072, 1024}, {5632, 1024},  {2048, 2048},  {3072, 2048}, {6144, 2048}, {11264, 2048}, {2048, 5632},
                                     {4096, 2048}, {1536, 1536}, {4096, 4096}, {8192, 2048},  {2560, 2560},  {1024, 4096}, {14336, 1024}, {2048, 8192},  {12288, 4096}};
static const int64_t gemm_m[] = {1, 2, 4, 8, 16, 48, 128, 256};
/* heads, KV heads, elements of a head. */
static const int64_t heads[][3] = {{8, 2, 128}, {16, 4, 128}, {32, 8, 128}, {16, 2, 128}, {8, 8, 128}, {16, 16, 128}, {8, 1, 128}, {32, 4, 128}, {24, 6, 128}, {4, 4, 128}, {24, 3, 128}, {28, 7, 128}, {20, 20, 128}, {4, 1, 128}};
static const int64_t chunks[][2] = {{64, 0}, {128, 0}, {256, 0}, {512, 0}, {128, 512}, {256, 1024}};
static const int64_t contexts[][2] = {{1, 4096}, {4, 2048}, {8, 4096}, {16, 1024}, {32, 4096}, {64, 2048}, {2, 16384}, {16, 3072}, {48, 1500}, {128, 1024}};
static const int64_t streams[] = {1 << 14, 1 << 16, 100000, 1 << 24, 24 << 20, 1 << 25, 40 << 20};

static int visit(gbl_case_visit *fn, void *to, const char *probe, const char *format, gbl_err *err, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)
{
    return fn(to, probe, format, (int64_t[]){a, b, c, d, e, f}, "", err);
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

static int each_stream(gbl_case_visit *fn, void *to, gbl_err *err)
{
    for (size_t i = 0; i < COUNT(streams); i++)
        if (visit(fn, to, "copy", "", err, streams[i], 0, 0, 0, 0, 0) || visit(fn, to, "triad", "", err, streams[i], 0, 0, 0, 0, 0)) return err->code;
    return 0;
}

static int each_product(gbl_case_visit *fn, void *to, gbl_err *err)
{
    for (size_t i = 0; i < COUNT(gemm_nk); i++)
        for (size_t m = 0; m < COUNT(gemm_m); m++)
            if (visit(fn, to, "gemm", "bf16", err, gemm_m[m], gemm_nk[i][0], gemm_nk[i][1], 0, 0, 0)) return err->code;
    return 0;
}

/* Decodes whose KV is below 2 MB, or 64 MB and more: what lies between stays in caches from step to step, or not. */
static int each_attention(gbl_case_visit *fn, void *to, gbl_err *err)
{
    for (size_t i = 0; i < COUNT(heads); i++) {
        const int64_t *h = heads[i];
        for (size_t k = 0; k < COUNT(chunks); k++)
            if (visit(fn, to, "prefill", "", err, 1, chunks[k][0], chunks[k][1], h[0], h[1], h[2])) return err->code;
        for (size_t k = 0; k < COUNT(contexts); k++) {
            int64_t bytes = contexts[k][0] * contexts[k][1] * h[1] * h[2] * 4;
            if ((bytes >= 2000000 && bytes < 64 << 20) || bytes > 512 << 20) continue;
            if (visit(fn, to, "decode", "bf16", err, contexts[k][0], contexts[k][1], h[0], h[1], h[2], 0)) return err->code;
        }
        if (visit(fn, to, "decode", "bf16", err, 1, 256, h[0], h[1], h[2], 0) || visit(fn, to, "decode", "fp8_e4m3", err, 8, 12288, h[0], h[1], h[2], 0) ||
            visit(fn, to, "decode", "fp8_e4m3", err, 64, 2048, h[0], h[1], h[2], 0))
            return err->code;
    }
    return 0;
}

static int each_code(gbl_case_visit *fn, void *to, gbl_err *err)
{
    static const char *const format[] = {"int8", "fp8_e4m3", "int4", "int2"};
    for (size_t i = 0; i < COUNT(format); i++)
        for (int64_t n = 1 << 18; n <= 1 << 24; n <<= 3)
            if (visit(fn, to, "quantise", format[i], err, n, 128, 0, 0, 0, 0) || visit(fn, to, "dequantise", format[i], err, n, 128, 0, 0, 0, 0)) return err->code;
    for (size_t i = 0; i < COUNT(format); i++)
        if (i != 1 /* fp8 above */ && (visit(fn, to, "decode", format[i], err, 8, 8192, 32, 8, 128, 0) || visit(fn, to, "decode", format[i], err, 8, 8192, 8, 8, 128, 0))) return err->code;
    return 0;
}

static int each_rest(gbl_case_visit *fn, void *to, gbl_err *err)
{
    for (int64_t n = 4096; n <= 131072; n *= 8)
        if (visit(fn, to, "scores", "", err, 64, n, 0, 0, 0, 0) || visit(fn, to, "top_k", "", err, 64, n, n / 8, 0, 0, 0) ||
            visit(fn, to, "gather", "", err, n, n / 4, 256, 0, 0, 0) || visit(fn, to, "compact", "", err, n, n / 4, 256, 0, 0, 0) ||
            visit(fn, to, "merge", "bf16", err, n, 256, 0, 0, 0, 0))
            return err->code;
    for (int64_t tokens = 1; tokens <= 256; tokens *= 16)
        if (visit(fn, to, "norm", "", err, tokens, 2048, 0, 0, 0, 0) || visit(fn, to, "rope", "", err, 1, tokens, 0, 16, 4, 128) ||
            visit(fn, to, "activate", "", err, tokens, 5632, 0, 0, 0, 0))
            return err->code;
    return 0;
}

int gbl_case_each(int quick, gbl_case_visit *fn, void *to, gbl_err *err)
{
    for (size_t i = 0; quick && i < COUNT(small); i++)
        if (fn(to, small[i].probe, small[i].format, small[i].v, small[i].exact, err)) return err->code;
    if (quick) return 0;
    return each_stream(fn, to, err) || each_product(fn, to, err) || each_attention(fn, to, err) || each_code(fn, to, err) || each_rest(fn, to, err) ? err->code : 0;
}
