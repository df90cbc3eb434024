/* Cards: every one loads, peaks are explained by the chip, counts are the published ones, and bad cards are refused. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "models/calib.h"
#include "models/hardware.h"
#include "models/llm.h"
#include "models/runtime.h"

static gbl_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = gbl_arena_new();
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    gbl_arena_free(arena);
    return 0;
}

/* A temporary file with this text; its path. */
static const char *file_of(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/gable-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    size_t n = strlen(text);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    close(fd);
    return path;
}

/* Rates of the other formats over the 16-bit one, where they are stated: int8 and int4 double each time, fp8 is int8's rate but for
 * GeForce (half of it: fp32 accumulation), tf32 half of 16 bits. B200 is sold with a peak 5.6 % below its boost clock's. */
static void formats_double(const gbl_hw *hw)
{
    double bf16 = hw->flops[GBL_BF16], int8 = hw->flops[GBL_INT8], fp8 = hw->flops[GBL_FP8], tf32 = hw->flops[GBL_TF32];
    double times = fp8 > 0 && int8 > 1.5 * fp8 ? 2 : 1; /* GeForce Ada and Blackwell */
    if (!strcmp(hw->name, "rtx-3090")) /* the same of Ampere, which has no fp8 */
        times = 2;
    if (int8 > 0)
        assert_close(int8, 2 * times * bf16, 0.015);
    if (fp8 > 0)
        assert_close(fp8, 2 * bf16, 0.015);
    if (hw->flops[GBL_FP4] > 0)
        assert_close(hw->flops[GBL_FP4], 2 * times * fp8, 0.001);
    if (hw->flops[GBL_INT4] > 0)
        assert_close(hw->flops[GBL_INT4], 2 * int8, 0.001);
    if (tf32 > 0)
        assert_close(tf32, bf16 / 2, 0.015);
}

/* fp32 outside the tensor cores: 64 FMA an SM and cycle on A100, 128 elsewhere. Data sheets take the boost clock for it, up to 9 %
 * above the one that explains the tensor peaks. */
static void fp32_is_that_of_the_cores(const gbl_hw *hw)
{
    double fma = strncmp(hw->name, "a100", 4) ? 128 : 64, chip = hw->sms * fma * 2 * hw->clock_hz;
    if (hw->flops[GBL_FP32] > 0)
        assert_close(hw->flops[GBL_FP32], chip, 0.09);
}

static void peaks_are_explained_by_the_chip(void **state)
{
    size_t n = 0;
    gbl_err err = {0};
    const char **names = gbl_data_list(arena, "models/cards/hardware", &n);
    (void)state;
    assert_true(n >= 29);
    for (size_t i = 0; i < n; i++) {
        gbl_hw hw;
        if (gbl_hw_load(&hw, names[i], "", arena, &err))
            fail_msg("%s: %s %s", names[i], err.what, err.where);
        assert_string_equal(hw.name, names[i]);
        double chip = hw.sms * hw.fma * 2 * hw.clock_hz, off = hw.flops[GBL_BF16] / chip - 1;
        double most = strcmp(hw.name, "b200-sxm") ? 0.015 : 0.06; /* a sparse figure would be off by 2 */
        if (fabs(off) > most)
            fail_msg("%s: peak is %.3f of SM x FMA x 2 x clock", names[i], 1 + off);
        formats_double(&hw);
        fp32_is_that_of_the_cores(&hw);
        assert_non_null(hw.eff);
        assert_true(hw.eff->gemm.e_c > 0.3 && hw.eff->gemm.p >= 1 && hw.hash != 0);
        assert_int_equal((int)hw.eff->pre_rows % 2, 0);
    }
}

/* ../shared/reference/hardware.json: every device has a card of its name, and every figure of the file is the card's. What the
 * file leaves open (null, a range, no field) the card derives or assumes, and says so. */
static void card_name(const char *name, char *out, size_t size);
static double card_value(const gbl_node *card, const char *key, int peak)
{
    const gbl_node *of = peak ? gbl_node_get(card, "peak_TFLOP_s") : card, *n = gbl_node_get(of, key);
    const gbl_node *v = n && gbl_node_kind(n) == GBL_OBJECT ? gbl_node_get(n, "value") : n;
    return v && gbl_node_kind(v) == GBL_NUMBER ? gbl_node_num(v) : NAN;
}

static void hardware_agrees_with_the_reference(void **state)
{
    static const struct { const char *theirs, *ours; int peak; } rows[] = {
        {"fp32", "fp32", 1}, {"tf32", "tf32", 1}, {"bf16", "bf16", 1}, {"fp16", "bf16", 1}, {"fp8", "fp8", 1}, {"int8", "int8", 1}, {"npu_int8", "int8", 1},
        {"int4", "int4", 1}, {"fp4", "fp4", 1}, {"mem_driver_MiB", "memory_MiB", 0}, {"bw_GBs", "memory_GB_s", 0}, {"L2_MiB", "l2_MiB", 0}, {"SMs", "sms", 0},
        {"MHz", "clock_MHz", 0}, {"nvlink_uni_GBs", "nvlink_GB_s", 0}, {"pcie_uni_GBs", "pcie_GB_s", 0}, {"ib_GBs", "network_GB_s", 0}, {"tdp_W", "tdp_W", 0}};
    const char *path = "../shared/reference/hardware.json";
    gbl_doc *doc = NULL;
    gbl_err err = {0};
    int devices = 0, figures = 0;
    (void)state;
    if (access(path, R_OK)) {
        printf("  no %s here: figures are not compared\n", path);
        skip();
    }
    assert_int_equal(gbl_doc_read(&doc, path, &err), 0);
    for (const gbl_node *d = gbl_node_first(gbl_node_get(gbl_doc_root(doc), "devices")); d; d = gbl_node_next(d)) {
        char name[80], file[160];
        gbl_doc *card = NULL;
        card_name(gbl_node_key(d), name, sizeof name);
        snprintf(file, sizeof file, "models/cards/hardware/%s.json", name);
        if (gbl_doc_read(&card, file, &err))
            fail_msg("%s: %s", name, err.what);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            const gbl_node *v = gbl_node_get(gbl_node_get(d, rows[i].theirs), "v");
            if (!v || gbl_node_kind(v) != GBL_NUMBER)
                continue;
            double ours = card_value(gbl_doc_root(card), rows[i].ours, rows[i].peak);
            if (ours != gbl_node_num(v))
                fail_msg("%s: %s is %g, not %g", name, rows[i].ours, ours, gbl_node_num(v));
            figures++;
        }
        gbl_doc_free(card);
        devices++;
    }
    gbl_doc_free(doc);
    assert_int_equal(devices, 28);
    assert_true(figures > 230);
}

/* A user's card may state bare numbers; those that are shipped say of each where it comes from. */
static void every_number_has_its_source(void **state)
{
    size_t n = 0;
    gbl_err err = {0};
    const char **names = gbl_data_list(arena, "models/cards/hardware", &n);
    (void)state;
    for (size_t i = 0; i < n; i++) {
        gbl_doc *card = NULL;
        const char *path = gbl_arena_printf(arena, "models/cards/hardware/%s.json", names[i]);
        assert_int_equal(gbl_doc_read(&card, path, &err), 0);
        const gbl_node *const groups[] = {gbl_doc_root(card), gbl_node_get(gbl_doc_root(card), "peak_TFLOP_s")};
        for (int k = 0; k < 2; k++)
            for (const gbl_node *v = gbl_node_first(groups[k]); v; v = gbl_node_next(v)) {
                const gbl_node *source = gbl_node_kind(v) == GBL_OBJECT && gbl_node_get(v, "value") ? gbl_node_get(v, "source") : NULL;
                if (gbl_node_kind(v) == GBL_NUMBER || (gbl_node_get(v, "value") && !(source && strlen(gbl_node_text(source)) > 3)))
                    fail_msg("%s: %s has no source", names[i], gbl_node_key(v));
            }
        gbl_doc_free(card);
    }
}

/* ---- what other tools' tables get wrong, and what is right: so that nobody "mends" it ---- */

static gbl_hw hardware(const char *name)
{
    gbl_hw hw;
    gbl_err err = {0};
    if (gbl_hw_load(&hw, name, "", arena, &err))
        fail_msg("%s: %s", name, err.what);
    return hw;
}

static gbl_llm model(const char *name)
{
    gbl_llm m;
    gbl_err err = {0};
    if (gbl_llm_load(&m, name, "", arena, &err))
        fail_msg("%s: %s", name, err.what);
    return m;
}

static void wrong_elsewhere(void **state)
{
    (void)state;
    /* 1. inference-sim hardware_config.json: L40S TFlopsFP8 1466 is sparse */
    assert_close(hardware("l40s").flops[GBL_FP8], 733e12, 0);
    /* 2. LLM-Viewer hardware_params.py: H100 SXM 3072e9 B/s; the data sheet says 3.35 TB/s */
    assert_close(hardware("h100-sxm").hbm_bps, 3350e9, 0);
    /* 3. LLM-Viewer has an L40 where an L40S is meant: 362 TFLOP/s, not 181 */
    assert_close(hardware("l40s").flops[GBL_BF16], 362.05e12, 0);
    /* 4. InferSim hardware/gpu.py: GB200 mem_bw 13400 GB/s; a GPU has 8 TB/s */
    assert_close(hardware("gb200").hbm_bps, 8000e9, 0);
    /* 5. GenZ system_configs.py: A100 links 150 GB/s (NVLink 3 has 300 a direction); Hopper bf16 1979 is sparse */
    assert_close(hardware("a100-80-sxm").nvlink_bps, 300e9, 0);
    assert_close(hardware("h200-sxm").flops[GBL_BF16], 989e12, 0);
    /* 6. GenZ meta.py: OPT-13B hidden 5140; Llama-3.1-70B is given Llama-2-70B's vocabulary and context */
    assert_int_equal(model("opt-13b").hidden, 5120);
    assert_int_equal(model("llama-3.1-70b").vocab, 128256);
    assert_int_equal(model("llama-3.1-70b").context, 131072);
    /* 7. GenZ misc.py: DeepSeek-V3 with 2 KV heads and no latent; a token takes (512 + 64) x 61 x 2 B */
    gbl_llm v3 = model("deepseek-v3");
    assert_close(gbl_llm_kv_bytes(&v3, 2), 70272, 0);
    /* 8. Vidur model_config.py: Llama-2 vocabulary 32768, Llama-3-8B context 4096 */
    assert_int_equal(model("llama-2-7b").vocab, 32000);
    assert_int_equal(model("llama-2-70b").vocab, 32000);
    assert_int_equal(model("llama-3-8b").context, 8192);
    /* 9. LLMCompass GA100.json: L2 of 48 MB and 128 cores are the full die's; an A100 has 40 MiB and 108 */
    assert_close(hardware("a100-40-sxm").l2_bytes, 40 * 1048576.0, 0);
    assert_int_equal(hardware("a100-40-sxm").sms, 108);
    /* 10. pytorch-lightning throughput.py: bf16 of RTX 4090, 3090 and A6000 at the rate without tensor cores (82.6, 35.6, 38.7) */
    assert_close(hardware("rtx-4090").flops[GBL_BF16], 165.2e12, 0);
    assert_close(hardware("rtx-3090").flops[GBL_BF16], 71.2e12, 0);
    assert_close(hardware("rtx-a6000").flops[GBL_BF16], 154.8e12, 0);
    /* 11. fleet-sim catalog.py: L40S on PCIe 5 at 64 GB/s, 48 GiB; GB200 200 GiB */
    assert_close(hardware("l40s").pcie_bps, 32e9, 0);
    assert_close(hardware("l40s").hbm_bytes, 46068 * 1048576.0, 0);
    assert_close(hardware("gb200").hbm_bytes, 189471 * 1048576.0, 0);
    /* 12. aiconfigurator b200_sxm.yaml: PCIe 6 at 128 GB/s, memory at 7.7 TB/s; DGX hosts have PCIe 5, the data sheet 8 TB/s */
    assert_close(hardware("b200-sxm").pcie_bps, 64e9, 0);
    assert_close(hardware("b200-sxm").hbm_bps, 8000e9, 0);
}

static void known_cards(void **state)
{
    gbl_hw a, h, lender;
    gbl_err err = {0};
    (void)state;
    assert_int_equal(gbl_hw_load(&a, "a100-80-sxm", "", arena, &err), 0);
    assert_int_equal(gbl_hw_load(&h, "h200-sxm", "", arena, &err), 0);
    assert_close(a.flops[GBL_BF16], 312e12, 0);
    assert_close(a.flops[GBL_FP8], 0, 0);
    assert_close(a.hbm_bytes, 81920.0 * 1048576, 0);
    assert_string_equal(a.calibration, "fitted");
    assert_string_equal(h.calibration, "transferred");
    assert_string_equal(h.eff_from, "h100-sxm");
    assert_close(h.hbm_bps, 4.8e12, 0);
    /* What it has taken over is its lender's, standard error and covariance included; how well it transfers is its own. */
    assert_int_equal(gbl_hw_load(&lender, "h100-sxm", "", arena, &err), 0);
    assert_close(h.eff->dec_e_m, lender.eff->dec_e_m, 0);
    assert_close(h.eff_se->dec_e_m, lender.eff_se->dec_e_m, 0);
    assert_true(h.eff_se->dec_e_m > 0);
    assert_memory_equal(h.spread->group, lender.spread->group, sizeof h.spread->group);
    assert_close(lender.spread->transfer, 0, 0);
    assert_true(h.spread->transfer > 0);
}

static void counts_are_the_published_ones(void **state)
{
    static const struct { const char *name; double all, active, kv; } rows[] = {
        {"llama-3.1-8b", 8030261248.0, 8030261248.0, 131072},    {"llama-2-7b", 6738415616.0, 6738415616.0, 524288},
        {"llama-3.1-70b", 70553706496.0, 70553706496.0, 327680}, {"mistral-7b-v0.1", 7241732096.0, 7241732096.0, 131072},
        {"mixtral-8x7b-v0.1", 46702792704.0, 12879925248.0, 131072}, {"llama-3.2-1b", 1235814400.0, 1235814400.0, 32768},
        {"qwen2.5-7b-instruct", 7615616512.0, 7615616512.0, 57344}, {"qwen3-14b", 14768307200.0, 14768307200.0, 163840},
        {"opt-13b", 12853473280.0, 12853473280.0, 819200},       {"qwen3-30b-a3b", 30532122624.0, 3353032704.0, 98304},
        {"mamba-2.8b", 2768345600.0, 2768345600.0, 0}, /* the checkpoint's (state-spaces/mamba-2.8b) */
    };
    gbl_err err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gbl_llm m;
        assert_int_equal(gbl_llm_load(&m, rows[i].name, "", arena, &err), 0);
        assert_close(gbl_llm_parameters(&m), rows[i].all, 1e-12);
        assert_close(gbl_llm_active_parameters(&m), rows[i].active, 1e-12);
        assert_close(gbl_llm_kv_bytes(&m, 2), rows[i].kv, 0);
    }
}

static void latent_attention_stores_its_latent(void **state)
{
    gbl_llm m;
    gbl_err err = {0};
    (void)state;
    assert_int_equal(gbl_llm_load(&m, "deepseek-v3", "", arena, &err), 0);
    assert_close(gbl_llm_kv_bytes(&m, 2), (512 + 64) * 61 * 2, 0);
    assert_close(gbl_llm_parameters(&m), 671.026e9, 1e-5);
    assert_close(gbl_llm_active_parameters(&m), 37.551e9, 1e-4);
    assert_int_equal(m.moe_layers, 58);
}

/* ../shared/reference/models.json: name -> card's name as the contract says. */
static void card_name(const char *name, char *out, size_t size)
{
    size_t n = 0;
    for (const char *p = name; *p && *p != '(' && n + 1 < size; p++)
        out[n++] = *p == ' ' ? '-' : (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    while (n && out[n - 1] == '-')
        n--;
    if (n > 3 && !strncmp(out + n - 3, "-hf", 3))
        n -= 3;
    out[n] = 0;
}

static void cards_agree_with_the_reference(void **state)
{
    gbl_doc *doc = NULL;
    gbl_err err = {0};
    int checked = 0, models = 0;
    const char *path = "../shared/reference/models.json";
    (void)state;
    if (access(path, R_OK)) {
        printf("  no %s here: counts are not compared\n", path);
        skip();
    }
    assert_int_equal(gbl_doc_read(&doc, path, &err), 0);
    const gbl_node *list = gbl_node_get(gbl_doc_root(doc), "models");
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n)) {
        char name[80];
        gbl_llm m;
        const gbl_node *all = gbl_node_get(n, "params_total_B_computed"), *active = gbl_node_get(n, "params_active_B_computed");
        card_name(gbl_node_text(gbl_node_get(n, "name")), name, sizeof name);
        if (gbl_llm_load(&m, name, "", arena, &err))
            fail_msg("%s: %s %s", name, err.what, err.where);
        models++;
        if (!strcmp(name, "minimax-m1")) /* the reference counts its linear layers as softmax attention */
            continue;
        assert_close(gbl_llm_kv_bytes(&m, 2), gbl_node_num(gbl_node_get(n, "kv_bytes_per_token_bf16_computed")), 0);
        if (!all) /* state-space models: their counts stand in counts_are_the_published_ones */
            continue;
        /* The reference counts matrices; OPT's position tables and biases are up to 0.4 % more. */
        double most = m.positions ? 4e-3 : 1e-3;
        assert_close(gbl_llm_parameters(&m) / 1e9, gbl_node_num(all), most);
        assert_close(gbl_llm_active_parameters(&m) / 1e9, gbl_node_num(active), most);
        checked++;
    }
    gbl_doc_free(doc);
    assert_int_equal(models, 74);
    assert_int_equal(checked, 71);
}

static void runtimes(void **state)
{
    static const char *const names[] = {"ideal", "vllm", "vllm-0.15", "vllm-0.19", "vllm-0.23"};
    gbl_err err = {0};
    gbl_runtime r;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(gbl_runtime_load(&r, names[i], "", arena, &err), 0);
        assert_string_equal(r.name, names[i]);
        assert_int_equal(r.ideal, i == 0);
        assert_int_equal(r.host_step_s > 0, i != 0);
    }
    assert_close(r.host_step_s, 345e-6, 1e-12);
    assert_close(r.frontend_s, 2.8e-3, 1e-12);
}

static void refuses(int code, const gbl_err *err, const char *what, const char *where)
{
    assert_int_equal(code, GBL_EINPUT);
    if (!strstr(err->what, what) || (where && !strstr(err->where, where)))
        fail_msg("what: %s, where: %s", err->what, err->where);
}

static void unknown_names_offer_the_nearest(void **state)
{
    gbl_err err = {0};
    gbl_hw hw;
    gbl_llm m;
    gbl_runtime r;
    (void)state;
    refuses(gbl_hw_load(&hw, "h100-smx", "", arena, &err), &err, "unknown hardware \"h100-smx\"", NULL);
    assert_string_equal(err.nearest, "h100-sxm");
    refuses(gbl_llm_load(&m, "lama-3.1-8b", "", arena, &err), &err, "unknown llm", NULL);
    assert_string_equal(err.nearest, "llama-3.1-8b");
    refuses(gbl_runtime_load(&r, "vlm", "", arena, &err), &err, "unknown runtime", NULL);
    refuses(gbl_llm_load(&m, "", "", arena, &err), &err, "unknown llm \"\"", NULL);
    assert_int_equal(gbl_hw_load(&hw, "/nonexistent/card.json", "", arena, &err), GBL_EINPUT);
}

static void bad_cards_are_refused(void **state)
{
    static const struct { const char *text, *what, *where; } llm[] = {
        {"[]", "a card is an object", NULL},
        {"{\"gable\": \"llm/2\"}", "not a card of this kind", "(gable)"},
        {"{\"gable\": \"llm/1\", \"name\": \"x\", \"source\": \"y\"}", "\"layers\" is missing", NULL},
        {"{\"gable\": \"llm/1\", \"name\": \"x\", \"sauce\": \"y\"}", "sauce", NULL},
        {"{\"gable\": \"llm/1\", \"name\": \"x\", \"source\": \"y\", \"layers\": 1.5}", "", "(layers)"},
        {"{\"gable\": \"llm/1\", \"name\": \"x\", \"source\": \"y\", \"layers\": -1}", "out of range", "(layers)"},
        {"{\"gable\":\"llm/1\",\"name\":\"x\",\"source\":\"y\",\"layers\":1,\"hidden\":8,\"heads\":4,\"kv_heads\":3,\"head_dim\":2,\"ffn\":8,"
         "\"vocab\":8,\"context\":8}", "KV heads do not divide", NULL},
        {"{\"gable\":\"llm/1\",\"name\":\"x\",\"source\":\"y\",\"layers\":1,\"hidden\":8,\"heads\":4,\"kv_heads\":2,\"head_dim\":2,\"ffn\":8,"
         "\"vocab\":8,\"context\":8,\"experts\":4}", "experts need top_k", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof llm / sizeof *llm; i++) {
        gbl_llm m;
        gbl_err err = {0};
        const char *path = file_of(llm[i].text);
        refuses(gbl_llm_load(&m, path, "", arena, &err), &err, llm[i].what, llm[i].where);
        unlink(path);
    }
}

static void numbers_need_a_source(void **state)
{
    static const struct { const char *text, *what; } hw[] = {
        {"{\"gable\":\"hardware/1\",\"name\":\"x\",\"arch\":\"y\",\"peak_TFLOP_s\":{\"bf16\":{\"value\":1}}}", "\"source\" is missing"},
        {"{\"gable\":\"hardware/1\",\"name\":\"x\",\"arch\":\"y\",\"peak_TFLOP_s\":{\"bf16\":{\"value\":1,\"source\":\"\"}}}", "without a source"},
        {"{\"gable\":\"hardware/1\",\"name\":\"x\",\"arch\":\"y\",\"peak_TFLOP_s\":{\"bf16\":{\"value\":-1,\"source\":\"z\"}}}", "out of range"},
        {"{\"gable\":\"hardware/1\",\"name\":\"x\",\"arch\":\"y\",\"peak_TFLOP_s\":{\"bf61\":1}}", "bf61"},
        {"{\"gable\":\"hardware/1\",\"name\":\"x\",\"arch\":\"y\"}", "\"peak_TFLOP_s\" is missing"},
        {"{\"gable\":\"hardware/1\",\"name\":\"x\",\"arch\":\"y\",\"bandwidth\":1}", "bandwidth"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof hw / sizeof *hw; i++) {
        gbl_hw h;
        gbl_err err = {0};
        const char *path = file_of(hw[i].text);
        /* A path that does not end in .json is one by its slash. */
        refuses(gbl_hw_load(&h, path, "", arena, &err), &err, hw[i].what, NULL);
        unlink(path);
    }
}

/* A data sheet alone is enough; it borrows and says so. */
static void a_data_sheet_alone(void **state)
{
    gbl_hw h;
    gbl_err err = {0};
    const char *path = file_of(
        "{\"gable\":\"hardware/1\",\"name\":\"new\",\"arch\":\"x\",\"peak_TFLOP_s\":{\"bf16\":1000},\"memory_MiB\":81920,\"memory_GB_s\":4000,"
        "\"l2_MiB\":50,\"sms\":140,\"clock_MHz\":1800,\"fma_sm_clock\":2048,\"pcie_GB_s\":64,\"dram_GB_s\":70,\"ssd_GB_s\":3,\"network_GB_s\":50,"
        "\"tdp_W\":700,\"idle_W\":70}");
    (void)state;
    assert_int_equal(gbl_hw_load(&h, path, "", arena, &err), 0);
    unlink(path);
    assert_string_equal(h.calibration, "datasheet");
    assert_string_equal(h.eff_from, "h100-sxm");
    assert_close(h.flops[GBL_FP16], 1e15, 0);
    assert_close(h.nvlink_bps, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peaks_are_explained_by_the_chip), cmocka_unit_test(hardware_agrees_with_the_reference), cmocka_unit_test(every_number_has_its_source), cmocka_unit_test(wrong_elsewhere),
        cmocka_unit_test(known_cards),
        cmocka_unit_test(counts_are_the_published_ones),   cmocka_unit_test(latent_attention_stores_its_latent),
        cmocka_unit_test(cards_agree_with_the_reference),  cmocka_unit_test(runtimes),
        cmocka_unit_test(unknown_names_offer_the_nearest), cmocka_unit_test(bad_cards_are_refused),
        cmocka_unit_test(numbers_need_a_source),           cmocka_unit_test(a_data_sheet_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
