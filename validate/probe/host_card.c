/* host_card.c - see host_card.h. */
#include "validate/probe/host_card.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "validate/probe/body_attention.h"
#include "validate/probe/body_gemm.h"
#include "validate/probe/body_move.h"

enum { REPETITIONS = 200, PEAK_LOOPS = 20000, CACHE_GUESS = 32 << 20 };

/* The least of the repetitions: what others take of the machine only ever adds. */
static int best_of(gbl_backend *b, const gbl_launch *l, double *s, gbl_err *err)
{
    *s = INFINITY;
    for (int i = 0; i < REPETITIONS; i++) {
        double now;
        if (gbl_backend_run(b, l, 1, &now, err)) return err->code;
        if (now < *s) *s = now;
    }
    return 0;
}

static int peak_flops(gbl_backend *b, double *out, gbl_err *err)
{
    int groups = 8 * gbl_backend_units(b);
    gbl_launch l = {"peak", groups, 0, 1, 1, {gbl_memory_new(b, (size_t)groups * GBL_WIDTH * 4, err)}, {PEAK_LOOPS}};
    double s;
    if (!l.buffer[0]) return err->code;
    int code = best_of(b, &l, &s, err);
    gbl_memory_free(l.buffer[0]);
    *out = 2.0 * groups * GBL_WIDTH * GBL_PEAK_CHAINS * PEAK_LOOPS / s;
    return code;
}

/* Triad over three arrays of twice the cache. A write to memory first reads its line: 16 bytes a word instead of STREAM's 12. */
static int memory_bps(gbl_backend *b, double *out, gbl_err *err)
{
    size_t bytes = 2 * (gbl_backend_cache(b) ? gbl_backend_cache(b) : CACHE_GUESS);
    int words = (int)(bytes / 4), each = GBL_STREAM_WORDS * GBL_STREAM, code = 0;
    gbl_launch l = {"triad", (words + each - 1) / each, 1, 3, 1, {NULL}, {words}};
    double s;
    for (int i = 0; i < 3 && !code; i++)
        if (!(l.buffer[i] = gbl_memory_new(b, bytes, err))) code = err->code;
    if (!code) code = best_of(b, &l, &s, err);
    if (!code) *out = 16.0 * words / s;
    for (int i = 0; i < 3; i++) gbl_memory_free(l.buffer[i]);
    return code;
}

static void number(FILE *to, const char *key, double value, const char *source)
{
    fprintf(to, "  \"%s\": {\"value\": %.6g, \"source\": \"%s\"},\n", key, value, source);
}

static void calibration(const gbl_backend *b, const char *date, FILE *to)
{
    fprintf(to,
            "  \"calibration\": {\n"
            "    \"status\": \"transferred\",\n"
            "    \"from\": \"a100-80-sxm\",\n"
            "    \"source\": \"nothing fitted yet: another machine's parameters but for what the probe's kernels are (gable calibrate --probe fits the rest)\",\n"
            "    \"date\": \"%s\",\n"
            "    \"gemm\": {\n"
            "      \"source\": \"the probe's kernels: body_gemm.h\",\n"
            "      \"tile_rows\": {\"value\": %d, \"source\": \"rows of the largest tile\"},\n"
            "      \"tile_columns\": {\"value\": %d, \"source\": \"columns of every tile\"},\n"
            "      \"phi_c\": {\"value\": 1, \"source\": \"by definition: the probe's rate is the engine's\"},\n"
            "      \"phi_m\": {\"value\": 1, \"source\": \"by definition\"}\n"
            "    },\n"
            "    \"prefill\": {\n"
            "      \"source\": \"the probe's kernels: body_attention.h\",\n"
            "      \"tile_rows\": {\"value\": %d, \"source\": \"query rows of a tile\"}\n"
            "    },\n"
            "    \"decode\": {\n"
            "      \"source\": \"the probe's kernels: body_attention.h\",\n"
            "      \"dense_p\": {\"value\": 1, \"source\": \"by form: a core widens a key, then multiplies with it\"},\n"
            "      \"combine_us\": {\"value\": 0, \"source\": \"there is no such kernel\"},\n"
            "      \"transpose_us\": {\"value\": 0, \"source\": \"there is no such kernel\"}\n"
            "    },\n"
            "    \"small\": {\n"
            "      \"source\": \"the probe's kernels: body_layer.h\",\n"
            "      \"kernels_layer\": {\"value\": 4, \"source\": \"two norms, rope with cache write, activation\"}\n"
            "    }\n"
            "  }\n",
            date, gbl_backend_gemm_rows(b), GBL_WIDTH, GBL_PREFILL_ROWS);
}

int gbl_host_card(gbl_backend *b, const char *date, FILE *to, gbl_err *err)
{
    double flops = 0, bps = 0;
    char measured[400];
    if (peak_flops(b, &flops, err) || memory_bps(b, &bps, err)) return err->code;
    int units = gbl_backend_units(b);
    double each = flops / units / 2, fma = exp2(round(log2(each / 3e9))), memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGE_SIZE);
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 0);
    snprintf(measured, sizeof measured, "%.150s, %.100s; %s", gbl_backend_device(b), gbl_backend_driver(b), date);
    gbl_json_str(j, NULL, measured);
    fprintf(to, "{\n  \"gable\": \"hardware/1\",\n  \"name\": \"host\",\n  \"arch\": \"cpu\",\n  \"note\": %s,\n", gbl_json_text(j));
    fprintf(to, "  \"peak_TFLOP_s\": {\n    \"bf16\": {\"value\": %.6g, \"source\": \"measured: fp32 multiply-adds in registers on all cores, best of %d; bf16 is widened\"},\n", flops * 1e-12, REPETITIONS);
    fprintf(to, "    \"fp32\": {\"value\": %.6g, \"source\": \"measured: the same\"}\n  },\n", flops * 1e-12);
    gbl_json_free(j);
    number(to, "memory_MiB", memory / 1048576, "the system's physical memory");
    number(to, "memory_GB_s", bps * 1e-9, "measured: triad over six times the last cache, line fills of the written array counted, best of 200");
    number(to, "l2_MiB", (double)(gbl_backend_cache(b) ? gbl_backend_cache(b) : CACHE_GUESS) / 1048576, gbl_backend_cache(b) ? "the last cache, as the system says" : "assumed");
    number(to, "sms", units, "cores, or compute units");
    number(to, "clock_MHz", each / fma * 1e-6, "derived: the measured peak over cores and multiply-adds a clock");
    number(to, "fma_sm_clock", fma, "derived: the power of two that puts the clock next to 3 GHz");
    number(to, "pcie_GB_s", bps * 1e-9, "there is no link: the same memory");
    number(to, "dram_GB_s", bps * 1e-9, "the same memory");
    number(to, "ssd_GB_s", 1, "assumed");
    number(to, "network_GB_s", 1.25, "assumed: 10 Gbit/s");
    number(to, "gpus_per_node", 1, "by definition");
    number(to, "tdp_W", 100, "assumed");
    number(to, "idle_W", 10, "assumed: a tenth of it");
    calibration(b, date, to);
    fprintf(to, "}\n");
    return ferror(to) ? gbl_fail(err, GBL_EFAULT, "cannot write the card") : 0;
}
