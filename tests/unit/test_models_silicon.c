/* Kernel times of the A100 and H100 cards against public measurements (../shared/data/kernels; skips without them):
 * prints median, 90th percentile and bias by operator and region, and holds the medians. Rows whose working set stays
 * in L2 are left out, because the benchmarks re-use their buffers. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"
#include "base/mem.h"
#include "base/text.h"
#include "models/kernels.h"

static const char *const folders[] = {"../shared/data/kernels", "../../shared/data/kernels"};
static const char *folder;

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { MOST = 120000 };
typedef struct errors { double v[MOST]; int n; } errors;

static double at(errors *e, double p)
{
    qsort(e->v, (size_t)e->n, sizeof *e->v, by_size);
    return e->n ? e->v[(int)(p * (e->n - 1))] : NAN;
}

/* Prints one line and returns the median of the absolute error, percent. */
static double report(const char *gpu, const char *what, const errors *e)
{
    static errors size;
    errors *s = &size, *sorted = malloc(sizeof *sorted);
    assert_non_null(sorted);
    *sorted = *e;
    s->n = e->n;
    for (int i = 0; i < e->n; i++)
        s->v[i] = fabs(e->v[i]);
    double median = at(s, 0.5), p90 = at(s, 0.9), bias = at(sorted, 0.5);
    printf("  %-12s %-34s %6d rows  median %5.1f %%  p90 %5.1f %%  bias %+5.1f %%\n", gpu, what, e->n, 100 * median, 100 * p90, 100 * bias);
    free(sorted);
    return 100 * median;
}

static void push(errors *e, double predicted, double measured)
{
    assert_true(e->n < MOST);
    e->v[e->n++] = predicted / measured - 1;
}

/* Splits a CSV line in place; returns the number of fields. */
static int split(char *line, char **field, int most)
{
    int n = 0;
    for (char *p = line; n < most;) {
        field[n++] = p;
        p = strchr(p, ',');
        if (!p)
            break;
        *p++ = 0;
    }
    return n;
}

typedef struct bench { gbl_hw hw; gbl_machine g; const char *gpu, *file; gbl_arena *a; } bench;
typedef void row_reader(const bench *b, char **field, void *to);

static void read_rows(const bench *b, const char *name, int fields, row_reader *fn, void *to)
{
    gbl_lines *l = NULL;
    gbl_err err = {0};
    char *line, *field[16], path[256];
    size_t len;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(gbl_lines_open(&l, path, &err), 0);
    assert_int_equal(gbl_lines_next(l, &line, &len, &err), 1);
    while (gbl_lines_next(l, &line, &len, &err) == 1) {
        assert_int_equal(split(line, field, 16), fields);
        fn(b, field, to);
    }
    gbl_lines_close(l);
}

static int open_bench(bench *b, const char *gpu, const char *file)
{
    gbl_err err = {0};
    memset(b, 0, sizeof *b);
    b->a = gbl_arena_new();
    assert_non_null(b->a);
    int rc = gbl_hw_load(&b->hw, gpu, "", b->a, &err);
    if (rc)
        print_error("%s\n", err.what);
    assert_int_equal(rc, 0);
    b->g = (gbl_machine){&b->hw, b->hw.eff, 0, 0, 1};
    b->gpu = gpu;
    b->file = file;
    return 0;
}

enum { REGIONS = 6 };
typedef struct regions { errors e[REGIONS]; const char *dtype; } regions;

static void gemm_row(const bench *b, char **f, void *to)
{
    regions *r = to;
    int fp8 = !strcmp(r->dtype, "fp8");
    double bytes = fp8 ? 1 : 2;
    if (strcmp(f[0], r->dtype))
        return;
    gbl_gemm_shape s = {strtod(f[1], NULL), strtod(f[2], NULL), strtod(f[3], NULL), fp8 ? GBL_FP8 : GBL_BF16, bytes, bytes, 2, 0, fp8};
    if (6 * s.n * s.k * bytes < 2 * b->hw.l2_bytes)
        return;
    gbl_kernel k;
    double t = strtod(f[4], NULL);
    gbl_gemm(&b->g, &s, &k);
    push(&r->e[0], k.time_s * 1e6, t);
    push(&r->e[s.m <= 32 ? 1 : s.m <= 256 ? 2 : s.m <= 1024 ? 3 : 4], k.time_s * 1e6, t);
    if (s.n >= 1024 && s.k >= 1024 && t >= 20)
        push(&r->e[5], k.time_s * 1e6, t);
}

static void gemm_errors(const char *gpu, const char *file, const char *dtype, double most)
{
    static const char *const names[] = {"all", "m <= 32", "m 33..256", "m 257..1024", "m > 1024", "n,k >= 1024, t >= 20 us"};
    static regions r;
    bench b;
    memset(&r, 0, sizeof r);
    r.dtype = dtype;
    open_bench(&b, gpu, file);
    read_rows(&b, file, 6, gemm_row, &r);
    for (int i = 0; i < REGIONS; i++) {
        char what[64];
        snprintf(what, sizeof what, "GEMM %s %s", dtype, names[i]);
        double median = report(gpu, what, &r.e[i]);
        if (i == 5)
            assert_true(median <= most);
    }
    gbl_arena_free(b.a);
}

static gbl_attn_shape heads_of(const bench *b, double h, double g, double d)
{
    return (gbl_attn_shape){h, g, 4 * d, 4 * d, 4 * g * d, 4 * h * d, b->hw.flops[GBL_BF16]};
}

static void decode_row(const bench *b, char **f, void *to)
{
    regions *r = to;
    double batch = strtod(f[0], NULL), kv = strtod(f[1], NULL), h = strtod(f[2], NULL), g = strtod(f[3], NULL);
    if (strcmp(f[4], "128") || strcmp(f[5], "bfloat16") || strcmp(f[6], "0"))
        return;
    gbl_attn_shape s = heads_of(b, h, g, 128);
    gbl_decode_terms t;
    gbl_kernel k;
    double bytes = batch * kv * s.kv_bytes, measured = strtod(f[7], NULL);
    gbl_decode_prepare(&b->g, &s, batch, &t);
    gbl_decode(&b->g, &s, &t, batch * kv, &k);
    if (bytes < 2e6)
        push(&r->e[0], k.time_s * 1e6, measured);
    if (bytes < 2 * b->hw.l2_bytes)
        return;
    push(&r->e[bytes < 500e6 ? 1 : 2], k.time_s * 1e6, measured);
    push(&r->e[3], k.time_s * 1e6, measured);
}

static void decode_errors(const char *gpu, const char *file)
{
    static const char *const names[] = {"decode KV < 2 MB", "decode 2 L2 .. 500 MB", "decode > 500 MB", "decode all > 2 L2"};
    static regions r;
    bench b;
    memset(&r, 0, sizeof r);
    open_bench(&b, gpu, file);
    read_rows(&b, file, 9, decode_row, &r);
    for (int i = 0; i < 4; i++) {
        double median = report(gpu, names[i], &r.e[i]);
        if (i == 3)
            assert_true(median <= 6);
    }
    gbl_arena_free(b.a);
}

static void prefill_row(const bench *b, char **f, void *to)
{
    regions *r = to;
    double n = strtod(f[0], NULL), c = strtod(f[1], NULL), x = strtod(f[2], NULL), h = strtod(f[3], NULL), g = strtod(f[4], NULL);
    if (strcmp(f[5], "128") || strcmp(f[6], "bfloat16") || strcmp(f[7], "0"))
        return;
    gbl_attn_shape s = heads_of(b, h, g, 128);
    double br = b->hw.eff->pre_rows, tiles = ceil(c / br), measured = strtod(f[8], NULL);
    gbl_prefill_load l = {n * c, n * (x + c), n * tiles * br * (x + (c + br) / 2), n * tiles, n * (c * x + c * (c + 1) / 2), x + c, 0, 0};
    gbl_kernel k;
    gbl_prefill(&b->g, &s, &l, &k);
    push(&r->e[c < 128 ? 0 : c < 1024 ? 1 : c <= 4096 ? 2 : 3], k.time_s * 1e6, measured);
    if (c >= 128)
        push(&r->e[4], k.time_s * 1e6, measured);
}

static void prefill_errors(const char *gpu, const char *file)
{
    static const char *const names[] = {"prefill chunk < 128", "prefill 128..1023", "prefill 1024..4096", "prefill > 4096", "prefill chunk >= 128"};
    static regions r;
    bench b;
    memset(&r, 0, sizeof r);
    open_bench(&b, gpu, file);
    read_rows(&b, file, 10, prefill_row, &r);
    for (int i = 0; i < 5; i++) {
        double median = report(gpu, names[i], &r.e[i]);
        if (i == 4)
            assert_true(median <= 6);
    }
    gbl_arena_free(b.a);
}

/* system,op,library,version,mode,dtype,gpus,elements,bytes,us */
static void reduce_row(const bench *b, char **f, void *to)
{
    regions *r = to;
    if (strncmp(f[0], b->gpu, 4) || strcmp(f[1], "all_reduce") || strcmp(f[4], "vllm_graph"))
        return;
    double bytes = strtod(f[8], NULL), measured = strtod(f[9], NULL);
    gbl_kernel k;
    gbl_all_reduce(&b->g, bytes, atoi(f[6]), &k);
    push(&r->e[bytes < 65536 ? 0 : bytes < 8e6 ? 1 : 2], k.time_s * 1e6, measured);
    push(&r->e[3], k.time_s * 1e6, measured);
}

static void reduce_errors(const char *gpu)
{
    static const char *const names[] = {"all-reduce < 64 KiB", "all-reduce 64 KiB .. 8 MB", "all-reduce > 8 MB", "all-reduce all"};
    static regions r;
    bench b;
    memset(&r, 0, sizeof r);
    open_bench(&b, gpu, NULL);
    read_rows(&b, "collectives_a100_h100.csv.gz", 10, reduce_row, &r);
    for (int i = 0; i < 4; i++) {
        double median = report(gpu, names[i], &r.e[i]);
        if (i == 3)
            assert_true(median <= 6);
    }
    gbl_arena_free(b.a);
}

static void kernels_match_silicon(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (!access(folders[i], R_OK))
            folder = folders[i];
    if (!folder) {
        printf("  no ../shared/data/kernels here: kernel times are not compared\n");
        skip();
    }
    gemm_errors("a100-80-sxm", "a100_sxm_gemm.csv.gz", "bfloat16", 6.5);
    gemm_errors("h100-sxm", "h100_sxm_gemm.csv.gz", "bfloat16", 6.5);
    gemm_errors("h100-sxm", "h100_sxm_gemm.csv.gz", "fp8", 9);
    decode_errors("a100-80-sxm", "a100_sxm_gen_attn.csv.gz");
    decode_errors("h100-sxm", "h100_sxm_gen_attn.csv.gz");
    prefill_errors("a100-80-sxm", "a100_sxm_ctx_attn.csv.gz");
    prefill_errors("h100-sxm", "h100_sxm_ctx_attn.csv.gz");
    reduce_errors("a100-80-sxm");
    reduce_errors("h100-sxm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kernels_match_silicon)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
