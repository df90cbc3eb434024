/* Precision cards: what they store and multiply follows from their numbers, by hand. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/cost.h"
#include "models/kernels.h"
#include "models/sheet.h"
#include "tests/unit/check.h"

static gbl_arena *arena;

static gbl_precision card(const char *name)
{
    gbl_precision p;
    gbl_err err = {0};
    if (gbl_precision_load(&p, name, "", arena, &err))
        fail_msg("%s: %s (%s)", name, err.what, err.where);
    return p;
}

static gbl_hw gpu(const char *name)
{
    gbl_hw hw;
    gbl_err err = {0};
    if (gbl_hw_load(&hw, name, "", arena, &err))
        fail_msg("%s: %s", name, err.what);
    return hw;
}

static void bytes_and_peaks(void **state)
{
    (void)state;
    gbl_hw a100 = gpu("a100-80-sxm"), h100 = gpu("h100-sxm");
    gbl_precision marlin = card("marlin"), comet = card("comet"), w3a4 = card("ap-tensorcore-w3a4"), three = card("tilus-3bit");
    assert_close(marlin.weight_bytes, 0.5 + 2. / 128, 1e-12);
    assert_close(gbl_precision_peak(&marlin, &a100), a100.flops[GBL_BF16], 1e-12);
    assert_close(comet.weight_bytes, 0.515625, 1e-12);
    assert_close(gbl_precision_peak(&comet, &a100), 1 / (.84 / (2 * a100.flops[GBL_INT8]) + .16 / a100.flops[GBL_INT8]), 1e-12);
    assert_close(gbl_precision_peak(&w3a4, &a100), a100.flops[GBL_INT8] * 8 / 12, 1e-12);
    assert_close(three.weight_bytes, 3. / 8 + 2. / 128, 1e-12);
    assert_int_equal(gbl_precision_compute(&comet, &a100), GBL_INT8);
    assert_int_equal(gbl_precision_compute(&comet, &h100), -1); /* no INT4 tensor cores */
    assert_int_equal(gbl_precision_compute(&marlin, &h100), GBL_BF16);
}

static void between_published_sizes(void **state)
{
    (void)state;
    gbl_precision comet = card("comet"), marlin = card("marlin");
    assert_close(gbl_precision_share(&comet, 1), .75, 1e-12);
    assert_close(gbl_precision_share(&comet, 32), .76, 1e-9); /* half-way from 16 to 64 by its logarithm */
    assert_close(gbl_precision_share(&comet, 64), .77, 1e-12);
    assert_close(gbl_precision_share(&comet, 4096), .86, 1e-12);
    assert_close(gbl_precision_share(&marlin, 64), 1, 1e-12);
}

static void a_product_by_hand(void **state)
{
    (void)state;
    gbl_hw hw = gpu("a100-80-sxm");
    gbl_precision comet = card("comet"), stack = card("bitstack");
    gbl_machine g = {&hw, hw.eff, 0, 1, 1};
    gbl_gemm_shape s = {256, 4096, 8192, GBL_INT8, comet.weight_bytes, comet.act_bytes, 2, 0, 0, &comet};
    gbl_kernel k;
    gbl_gemm(&g, &s, &k);
    double bytes = 4096. * 8192 * .515625 + 256 * 8192 * .58 + 256 * 4096 * 2, flops = 2. * 256 * 4096 * 8192;
    assert_close(k.hbm_bytes, bytes, 1e-12);
    gbl_gemm_shape wide = {256, 4096, 8192, GBL_BF16, 2, 2, 2, 0, 0, NULL};
    gbl_kernel w;
    gbl_gemm(&g, &wide, &w);
    double roof = fmax(bytes / hw.hbm_bps, flops / gbl_precision_peak(&comet, &hw)), roof_wide = fmax(w.hbm_bytes / hw.hbm_bps, flops / hw.flops[GBL_BF16]);
    assert_close(k.time_s, w.time_s * roof / roof_wide / .86, 1e-9);
    g.ideal = 1;
    s = (gbl_gemm_shape){1, 4096, 8192, GBL_BF16, stack.weight_bytes, 2, 2, 0, 0, &stack};
    gbl_gemm(&g, &s, &k); /* weights are rebuilt before: 128 FLOP and 4 B an element */
    double rebuild = 4096. * 8192 * fmax(128 / hw.flops[GBL_BF16], 4 / hw.hbm_bps);
    assert_close(k.time_s, rebuild + k.hbm_bytes / hw.hbm_bps, 1e-9);
}

static double decode_ms(const char *weights, int64_t batch, double *bytes)
{
    gbl_sheet sheet;
    gbl_err err = {0};
    gbl_sheet_ask ask = {.llm = "llama-2-7b", .hardware = "a100-80-sxm", .weights = weights, .batch = batch, .context = 512};
    if (gbl_model_sheet(&sheet, &ask, arena, &err))
        fail_msg("%s: %s", weights, err.what);
    *bytes = sheet.weight_bytes;
    gbl_sheet_free(&sheet);
    return sheet.decode_ms;
}

static void fewer_bits_are_read_faster(void **state)
{
    (void)state;
    double last = INFINITY, last_bytes = INFINITY, bytes;
    for (int bits = 8; bits >= 1; bits--) {
        char name[32];
        snprintf(name, sizeof name, "tilus-%dbit", bits);
        double ms = decode_ms(name, 1, &bytes);
        assert_true(ms < last && bytes < last_bytes);
        last = ms;
        last_bytes = bytes;
    }
    double all = 6738415616, tables = 2. * 32000 * 4096 + 65. * 4096; /* embeddings, head and norms stay in 16 bits */
    decode_ms("marlin", 1, &bytes);
    assert_close(bytes, (all - tables) * 0.515625 + tables * 2, 1e-3);
}

/* An 8-bit cache is the same, said as the engine's format or as a card. */
static void codes_and_formats_agree(void **state)
{
    (void)state;
    gbl_err err = {0};
    double ms[2][2];
    for (int i = 0; i < 4; i++) {
        gbl_sheet sheet;
        gbl_sheet_ask ask = {.llm = "llama-3.1-8b", .hardware = "h100-sxm", .batch = 64, .context = 8192, .kv = i & 1 ? NULL : "fp8", .compress = i & 1 ? "fp8_kv" : NULL, .runtime = i & 2 ? "ideal" : "vllm"};
        if (gbl_model_sheet(&sheet, &ask, arena, &err))
            fail_msg("%s", err.what);
        ms[i >> 1][i & 1] = sheet.decode_ms;
        gbl_sheet_free(&sheet);
    }
    assert_close(ms[0][0], ms[0][1], 1e-3);
    assert_close(ms[1][0], ms[1][1], 1e-3);
}

static void refused(const char *json, const char *part)
{
    gbl_precision p;
    gbl_err err = {0};
    FILE *f = fopen("./precision_test.json", "w");
    assert_non_null(f);
    fputs(json, f);
    fclose(f);
    assert_int_equal(gbl_precision_load(&p, "./precision_test.json", "", arena, &err), GBL_EINPUT);
    remove("./precision_test.json");
    if (!strstr(err.what, part) && !strstr(err.where, part))
        fail_msg("\"%s\" (%s) does not speak of \"%s\"", err.what, err.where, part);
}

#define HEAD "{\"gable\": \"precision/1\", \"name\": \"x\", \"title\": \"t\", \"source\": \"s\", \"verdict\": \"precision\""
#define WORK "\"compute\": [{\"format\": \"bf16\", \"work\": 1, \"source\": \"s\"}], \"activations\": {\"bits\": 16, \"source\": \"s\"}"
static void bad_cards(void **state)
{
    (void)state;
    refused(HEAD ", " WORK "}", "weights");
    refused(HEAD ", " WORK ", \"weights\": {\"bits\": 4}}", "source");
    refused(HEAD ", " WORK ", \"weights\": {\"bits\": 40, \"source\": \"s\"}}", "bits");
    refused(HEAD ", " WORK ", \"weights\": {\"bits\": 4, \"scale_bits\": 16, \"source\": \"s\"}}", "group");
    refused(HEAD ", " WORK ", \"weights\": {\"bit\": 4, \"source\": \"s\"}}", "bit");
    refused(HEAD ", \"compute\": [{\"format\": \"int5\", \"work\": 1, \"source\": \"s\"}], \"activations\": {\"bits\": 16, \"source\": \"s\"}, \"weights\": {\"bits\": 4, \"source\": \"s\"}}", "int5");
    refused(HEAD ", " WORK ", \"weights\": {\"bits\": 4, \"source\": \"s\"}, \"efficiency\": [{\"rows\": 8, \"share\": 1, \"source\": \"s\"}, {\"rows\": 8, \"share\": 1, \"source\": \"s\"}]}", "ascend");
    refused(HEAD ", \"compute\": [], \"activations\": {\"bits\": 16, \"source\": \"s\"}, \"weights\": {\"bits\": 4, \"source\": \"s\"}}", "no list");
    refused(HEAD ", " WORK ", \"weights\": {\"bits\": 4, \"source\": \"s\"}, \"architectures\": \"ampere\"}", "no list");
    gbl_precision p;
    gbl_err err = {0};
    assert_int_equal(gbl_precision_load(&p, "marlim", "", arena, &err), GBL_EINPUT);
    assert_string_equal(err.nearest, "marlin");
    assert_int_equal(gbl_precision_load(&p, "tilus-9bit", "", arena, &err), GBL_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_and_peaks), cmocka_unit_test(between_published_sizes), cmocka_unit_test(a_product_by_hand),
                                       cmocka_unit_test(fewer_bits_are_read_faster), cmocka_unit_test(bad_cards), cmocka_unit_test(codes_and_formats_agree)};
    arena = gbl_arena_new();
    int code = cmocka_run_group_tests(tests, NULL, NULL);
    gbl_arena_free(arena);
    return code;
}
