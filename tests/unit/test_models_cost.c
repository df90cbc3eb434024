/* The cost of a step: hand-worked rooflines, tables against direct evaluation bit for bit, holds against recomputation,
 * growth where physics says so, and what is refused. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "models/cost.h"
#include "models/sheet.h"

typedef struct world {
    gbl_arena *a;
    gbl_hw hw;
    gbl_llm llm;
    gbl_runtime runtime;
    gbl_cost *c;
} world;

static gbl_cost_spec spec_of(const world *w, int32_t tp)
{
    return (gbl_cost_spec){.hw = &w->hw, .llm = &w->llm, .runtime = &w->runtime, .tp = tp, .pp = 1, .dp = 1, .ep = 1, .weights = GBL_BF16, .activations = -1, .kv = GBL_BF16,
                           .block_size = 16, .memory_utilization = 0.9, .max_num_seqs = 256, .max_num_batched_tokens = 8192, .kv_blocks = -1};
}

static void load(world *w, const char *hw, const char *llm, const char *runtime)
{
    gbl_err err = {0};
    memset(w, 0, sizeof *w);
    w->a = gbl_arena_new();
    assert_non_null(w->a);
    if (gbl_hw_load(&w->hw, hw, "", w->a, &err) || gbl_llm_load(&w->llm, llm, "", w->a, &err) || gbl_runtime_load(&w->runtime, runtime, "", w->a, &err))
        fail_msg("%s %s", err.what, err.where);
}

static void end(world *w)
{
    gbl_cost_free(w->c);
    gbl_arena_free(w->a);
}

/* The cost borrows hw, llm and runtime, so they stay where they are. */
#define WORLD(w, hwname, llmname, rtname, tp)                    \
    world w;                                                     \
    do {                                                         \
        gbl_err err_ = {0};                                      \
        load(&w, hwname, llmname, rtname);                       \
        gbl_cost_spec s_ = spec_of(&w, tp);                      \
        if (gbl_cost_new(&w.c, &s_, &err_))                      \
            fail_msg("%s", err_.what);                           \
    } while (0)

static gbl_step_cost step_of(const gbl_cost *c, const gbl_batch *b)
{
    gbl_step_cost out;
    gbl_cost_step(c, b, &out);
    return out;
}

static gbl_batch decodes(const gbl_cost *c, int n, int64_t kv)
{
    gbl_batch b = {0};
    for (int i = 0; i < n; i++)
        gbl_batch_decode(c, &b, kv);
    return b;
}

/* Llama-3.1-8B, one A100-80 (312 TFLOP/s, 2039 GB/s), 8 decodes at 1000 tokens: every operator is bound by memory.
 * Matrices a layer 4096x6144 + 4096x4096 + 4096x28672 + 14336x4096 = 218103808, LM head 4096x128256; 2 B each.
 * Activations in and out, 8 rows: 2 B x 8 x (4096+6144 + 4096+4096 + 4096+28672 + 14336+4096) a layer, (4096+128256) once.
 * Attention: KV 8000 x 4096 B a layer, queries and outputs 8 x 4 x 32 x 128 B. */
static void a_decode_step_by_hand(void **state)
{
    WORLD(w, "a100-80-sxm", "llama-3.1-8b", "ideal", 1);
    (void)state;
    gbl_batch b = decodes(w.c, 8, 1000);
    gbl_step_cost got = step_of(w.c, &b);
    double layer = 2.0 * 218103808 + 16.0 * 69632 + 8000.0 * 4096 + 8.0 * 16384;
    double head = 2.0 * 4096 * 128256 + 16.0 * (4096 + 128256);
    double ns = (32 * layer + head) / 2039e9 * 1e9;
    assert_close((double)got.demand.alone_ns, ceil(ns), 1e-12);
    assert_int_equal(got.bound, 1);
    assert_close(got.demand.busy_ns[GBL_R_HBM], ns, 1e-9);
    double flops = 2.0 * 8 * (32 * 218103808.0 + 4096.0 * 128256) + 32 * 4.0 * 32 * 128 * 8000;
    assert_close(got.flops, flops, 1e-12);
    assert_close(got.demand.busy_ns[GBL_R_SM], flops / 312e12 * 1e9, 1e-9);
    assert_close(got.bytes, 2.0 * (32 * 218103808.0 + 4096.0 * 128256) + 131072.0 * 8008, 1e-12);
    end(&w);
}

/* The same machine, one prompt of 4096: matrices and attention bound by compute, the one sampled row by memory. */
static void a_prefill_step_by_hand(void **state)
{
    WORLD(w, "a100-80-sxm", "llama-3.1-8b", "ideal", 1);
    (void)state;
    gbl_batch b = {0};
    gbl_batch_chunk(w.c, &b, 4096, 0, 1);
    double pairs = 4096.0 * 4097 / 2;
    double sm = (2.0 * 4096 * 32 * 218103808.0 + 32 * 4.0 * 32 * 128 * pairs) / 312e12;
    double head = (2.0 * 4096 * 128256 + 2.0 * (4096 + 128256)) / 2039e9;
    gbl_step_cost got = step_of(w.c, &b);
    assert_close((double)got.demand.alone_ns, ceil((sm + head) * 1e9), 1e-12);
    assert_int_equal(got.bound, 0);
    end(&w);
}

/* Two GPUs: half the matrices each, and 64 all-reduces of 2 (n-1)/n x 8 x 4096 x 2 B over 300 GB/s. */
static void tensor_parallel_by_hand(void **state)
{
    WORLD(w, "a100-80-sxm", "llama-3.1-8b", "ideal", 2);
    (void)state;
    gbl_batch b = decodes(w.c, 8, 1000);
    gbl_op op[GBL_OPS_MOST];
    int n = gbl_cost_operators(w.c, &b, "decode", op, GBL_OPS_MOST), seen = 0;
    for (int i = 0; i < n; i++) {
        if (!strcmp(op[i].name, "qkv")) {
            assert_close(op[i].hbm_bytes, 2.0 * 4096 * 3072 + 16.0 * (4096 + 3072), 0);
            seen++;
        }
        if (!strcmp(op[i].name, "all_reduce")) {
            assert_close(op[i].count, 64, 0);
            assert_close(op[i].link_bytes, 65536, 0);
            assert_close(op[i].time_us, 65536 / 300e9 * 1e6, 1e-12);
            seen++;
        }
    }
    assert_int_equal(seen, 2);
    assert_close(gbl_cost_kv_bytes_per_token(w.c), 131072, 0);
    end(&w);
}

/* Eight KV heads over 8 ranks are split; one KV head (or a latent) is on each of them. */
static void replicated_kv(void **state)
{
    WORLD(a, "h100-sxm", "qwen3-30b-a3b", "vllm", 8);
    WORLD(b, "h100-sxm", "deepseek-v2-lite", "vllm", 2);
    (void)state;
    assert_close(gbl_cost_kv_bytes_per_token(a.c), 2 * 98304, 0);
    assert_close(gbl_cost_kv_bytes_per_token(b.c), 2 * 31104, 0);
    end(&a);
    end(&b);
}

static int64_t draw(uint64_t k, int64_t low, int64_t high)
{
    return low + (int64_t)(gbl_draw(7, GBL_STREAM_SHAPE, 1, k) * (double)(high - low + 1));
}

static void same_bits(const gbl_step_cost *a, const gbl_step_cost *b)
{
    assert_true(a->demand.alone_ns == b->demand.alone_ns);
    assert_memory_equal(a->demand.busy_ns, b->demand.busy_ns, sizeof a->demand.busy_ns);
    assert_true(a->flops == b->flops && a->bytes == b->bytes && a->bound == b->bound);
}

/* A cost whose tables hold next to nothing works everything out each time. */
static void tables_change_no_bit(void **state)
{
    static const char *const llms[] = {"llama-3.1-8b", "gpt-oss-20b", "deepseek-v2-lite"};
    (void)state;
    for (int m = 0; m < 3; m++) {
        WORLD(w, "h100-sxm", llms[m], "vllm", 2);
        gbl_cost_spec s = spec_of(&w, 2);
        gbl_cost *direct;
        gbl_err err = {0};
        s.max_num_seqs = s.max_num_batched_tokens = 1;
        assert_int_equal(gbl_cost_new(&direct, &s, &err), 0);
        for (uint64_t k = 0; k < 200; k++) {
            gbl_batch b = {0};
            for (int64_t i = draw(8 * k, 0, 80); i > 0; i--)
                gbl_batch_decode(w.c, &b, draw(8 * k + 1, 1, 5000) + i);
            if (draw(8 * k + 2, 0, 1))
                gbl_batch_chunk(w.c, &b, draw(8 * k + 3, 1, 2048), draw(8 * k + 4, 0, 9000), 1);
            gbl_step_cost first = step_of(w.c, &b), again = step_of(w.c, &b), plain = step_of(direct, &b);
            same_bits(&first, &again);
            same_bits(&first, &plain);
        }
        gbl_cost_free(direct);
        end(&w);
    }
}

static void advancing_equals_recounting(void **state)
{
    static const char *const llms[] = {"llama-3.1-8b", "gpt-oss-20b", "mistral-7b-v0.1"};
    (void)state;
    for (int m = 0; m < 3; m++) {
        WORLD(w, "h100-sxm", llms[m], "vllm", 1);
        int64_t kv[40], hold = INT64_MAX;
        gbl_batch held = {0};
        for (int i = 0; i < 40; i++) {
            kv[i] = draw((uint64_t)(100 * m + i), 1, 9000);
            gbl_batch_decode(w.c, &held, kv[i]);
            int64_t slope = gbl_batch_slope(w.c, kv[i]);
            if (slope < hold)
                hold = slope;
        }
        if (hold > 300)
            hold = 300;
        for (int64_t t = 1; t <= hold; t++) {
            gbl_batch fresh = {0};
            gbl_batch_advance(&held);
            for (int i = 0; i < 40; i++)
                gbl_batch_decode(w.c, &fresh, kv[i] + t);
            if (t < hold) /* at the last step dec_below has changed: that is what the hold ends for */
                assert_memory_equal(&held, &fresh, sizeof held);
            assert_true(held.dec_kv == fresh.dec_kv && held.dec_kv_win == fresh.dec_kv_win);
        }
        end(&w);
    }
}

static void chunk_aggregates_by_hand(void **state)
{
    WORLD(w, "h100-sxm", "gpt-oss-20b", "vllm", 1); /* window 128, tiles of 128 rows */
    (void)state;
    gbl_batch b = {0};
    gbl_batch_chunk(w.c, &b, 200, 100, 1);
    gbl_batch_chunk(w.c, &b, 50, 0, 0);
    assert_int_equal(b.pre_n, 2);
    assert_int_equal(b.pre_tokens, 250);
    assert_int_equal(b.pre_kv, 350);
    assert_int_equal(b.pre_pairs, 200 * 100 + 200 * 201 / 2 + 50 * 51 / 2);
    int64_t window = 0;
    for (int i = 0; i < 200; i++)
        window += 100 + i + 1 < 128 ? 100 + i + 1 : 128;
    assert_int_equal(b.pre_pairs_win, window + 50 * 51 / 2);
    assert_int_equal(b.pre_tiles, 3);
    assert_int_equal(b.pre_work, 2 * 128 * (100 + (200 + 128) / 2) + 128 * ((50 + 128) / 2));
    assert_int_equal(b.pre_longest, 300);
    assert_int_equal(b.sampled, 1);
    end(&w);
}

static void time_grows_with_work(void **state)
{
    static const char *const hws[] = {"a100-80-sxm", "h100-sxm", "rtx-4090"};
    static const char *const runtimes[] = {"vllm", "ideal"};
    (void)state;
    for (int h = 0; h < 6; h++) {
        WORLD(w, hws[h % 3], "qwen3-8b", runtimes[h / 3], 1);
        int64_t before = 0;
        for (int64_t kv = 1; kv < 30000; kv += 1 + kv / 7) {
            gbl_batch b = decodes(w.c, 12, kv);
            int64_t now = step_of(w.c, &b).demand.alone_ns;
            assert_true(now >= before);
            before = now;
        }
        before = 0;
        for (int64_t x = 0; x < 30000; x += 1 + x / 5) {
            gbl_batch b = {0};
            gbl_batch_chunk(w.c, &b, 256, x, 1);
            int64_t now = step_of(w.c, &b).demand.alone_ns;
            assert_true(now >= before);
            before = now;
        }
        end(&w);
    }
}

/* Growth with tokens holds at whole tiles; between them a longer chunk may fill its waves better. */
static void prefill_grows_with_tokens(void **state)
{
    WORLD(w, "h100-sxm", "llama-3.1-8b", "vllm", 1);
    (void)state;
    int64_t before = 0;
    for (int64_t c = 256; c <= 8192; c += 256) {
        gbl_batch b = {0};
        gbl_batch_chunk(w.c, &b, c, 0, 1);
        int64_t now = step_of(w.c, &b).demand.alone_ns;
        assert_true(now > before);
        before = now;
    }
    end(&w);
}

static void a_resource_is_never_busier_than_the_step(void **state)
{
    static const char *const llms[] = {"llama-3.1-8b", "mixtral-8x7b-v0.1", "gpt-oss-20b", "deepseek-v2-lite"};
    (void)state;
    for (int m = 0; m < 8; m++) {
        WORLD(w, m & 1 ? "h100-sxm" : "a100-80-sxm", llms[m / 2], m & 1 ? "vllm" : "ideal", 4);
        for (uint64_t k = 0; k < 100; k++) {
            gbl_batch b = decodes(w.c, (int)draw(4 * k, 0, 60), draw(4 * k + 1, 1, 3000));
            gbl_batch_chunk(w.c, &b, draw(4 * k + 2, 1, 3000), draw(4 * k + 3, 0, 3000), 1);
            gbl_step_cost s = step_of(w.c, &b);
            assert_true(s.demand.alone_ns > 0);
            for (int r = 0; r < GBL_R_N; r++)
                assert_true(s.demand.busy_ns[r] >= 0 && s.demand.busy_ns[r] <= (double)s.demand.alone_ns);
            double mfu = s.flops / ((double)s.demand.alone_ns * 1e-9 * gbl_cost_peak_flops(w.c));
            assert_true(mfu > 0 && mfu <= 1.0000001);
        }
        end(&w);
    }
}

static void operators_sum_to_the_step(void **state)
{
    static const char *const llms[] = {"llama-3.1-8b", "gpt-oss-20b", "deepseek-v2-lite", "opt-13b"};
    (void)state;
    for (int m = 0; m < 4; m++) {
        WORLD(w, "h100-sxm", llms[m], "vllm", 2);
        for (int mixed = 0; mixed < 2; mixed++) {
            gbl_batch b = decodes(w.c, 13, 777);
            if (mixed)
                gbl_batch_chunk(w.c, &b, 512, 300, 1);
            gbl_op op[GBL_OPS_MOST];
            int n = gbl_cost_operators(w.c, &b, "decode", op, GBL_OPS_MOST);
            double us = 0;
            for (int i = 0; i < n; i++) {
                us += op[i].count * op[i].time_us;
                assert_true(op[i].efficiency >= 0 && op[i].efficiency <= 1.0000001);
            }
            assert_close(us * 1e3, (double)step_of(w.c, &b).demand.alone_ns, 1e-6);
        }
        end(&w);
    }
}

static void an_empty_step_costs_nothing(void **state)
{
    WORLD(w, "h100-sxm", "llama-3.1-8b", "vllm", 1);
    gbl_batch b = {0};
    gbl_op op[GBL_OPS_MOST];
    (void)state;
    assert_int_equal(step_of(w.c, &b).demand.alone_ns, 0);
    assert_int_equal(gbl_cost_operators(w.c, &b, "decode", op, GBL_OPS_MOST), 0);
    end(&w);
}

/* vLLM's own counts: 7462 blocks of Llama-2-7B (0.15.1, 2048 tokens, 128
 * sequences), 18038 of Qwen3-14B (0.23, 8192 tokens, 256 sequences; at which utilisation is not recorded). */
static void kv_blocks_near_the_engines(void **state)
{
    static const struct { const char *llm, *runtime; int64_t tokens, seqs, blocks; double util, most; } rows[] = {
        {"llama-2-7b", "vllm-0.15", 2048, 128, 7462, 0.9, 0.02}, {"qwen3-14b", "vllm-0.23", 8192, 256, 18038, 0.92, 0.02},
        {"qwen3-14b", "vllm-0.23", 8192, 256, 18038, 0.9, 0.02}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        world w;
        gbl_err err = {0};
        load(&w, "h100-sxm", rows[i].llm, rows[i].runtime);
        gbl_cost_spec s = spec_of(&w, 1);
        s.max_num_batched_tokens = rows[i].tokens;
        s.max_num_seqs = rows[i].seqs;
        s.memory_utilization = rows[i].util;
        assert_int_equal(gbl_cost_new(&w.c, &s, &err), 0);
        assert_close((double)gbl_cost_kv_blocks(w.c), (double)rows[i].blocks, rows[i].most);
        printf("  %s at %.2f: %lld blocks, the engine's %lld\n", rows[i].llm, rows[i].util, (long long)gbl_cost_kv_blocks(w.c), (long long)rows[i].blocks);
        end(&w);
    }
}

static void given_blocks_are_taken(void **state)
{
    world w;
    gbl_err err = {0};
    (void)state;
    load(&w, "h100-sxm", "llama-2-7b", "vllm");
    gbl_cost_spec s = spec_of(&w, 1);
    s.kv_blocks = 7462;
    assert_int_equal(gbl_cost_new(&w.c, &s, &err), 0);
    assert_int_equal(gbl_cost_kv_blocks(w.c), 7462);
    end(&w);
}

static void formats(void **state)
{
    world w;
    gbl_err err = {0};
    (void)state;
    load(&w, "h100-sxm", "llama-3.1-8b", "vllm");
    gbl_cost_spec s = spec_of(&w, 1);
    s.weights = GBL_FP8;
    s.kv = GBL_FP8;
    assert_int_equal(gbl_cost_new(&w.c, &s, &err), 0);
    assert_close(gbl_cost_peak_flops(w.c), 1979e12, 0);
    assert_close(gbl_cost_kv_bytes_per_token(w.c), 65536, 0);
    assert_close(gbl_cost_weight_bytes(w.c), 32 * 218103808.0 + 2 * (8030261248.0 - 32 * 218103808.0), 1e-12);
    gbl_cost_free(w.c);
    s.weights = GBL_INT4; /* widened to bf16 in the GEMM */
    assert_int_equal(gbl_cost_new(&w.c, &s, &err), 0);
    assert_close(gbl_cost_peak_flops(w.c), 989e12, 0);
    end(&w);
    load(&w, "a100-80-sxm", "llama-3.1-8b", "vllm");
    s = spec_of(&w, 1);
    s.weights = GBL_FP8; /* no fp8 arithmetic: weights alone */
    assert_int_equal(gbl_cost_new(&w.c, &s, &err), 0);
    assert_close(gbl_cost_peak_flops(w.c), 312e12, 0);
    end(&w);
}

typedef void change(gbl_cost_spec *s);
static void tp3(gbl_cost_spec *s) { s->tp = 3; }
static void tp64(gbl_cost_spec *s) { s->tp = 64; }
static void tp0(gbl_cost_spec *s) { s->tp = 0; }
static void pp33(gbl_cost_spec *s) { s->pp = 33; }
static void dp2(gbl_cost_spec *s) { s->dp = 2; }
static void ep4(gbl_cost_spec *s) { s->ep = 4; }
static void fp8_activations(gbl_cost_spec *s) { s->weights = s->activations = GBL_FP8; }
static void bf16_by_fp8(gbl_cost_spec *s) { s->activations = GBL_FP8; }
static void kv_int4(gbl_cost_spec *s) { s->kv = GBL_INT4; }
static void little_memory(gbl_cost_spec *s) { s->memory_utilization = 0.1; }
static void no_memory(gbl_cost_spec *s) { s->memory_utilization = 0; }
static void no_block(gbl_cost_spec *s) { s->block_size = 0; }
static void no_seqs(gbl_cost_spec *s) { s->max_num_seqs = 0; }

static void what_cannot_run_is_refused(void **state)
{
    static const struct { change *how; const char *what, *expected; } rows[] = {
        {tp3, "tp 3 does not divide 32 attention heads", "one of 1, 2, 4, 8, 16, 32"},
        {tp64, "tp 64 does not divide 32 attention heads", "one of 1, 2, 4, 8, 16, 32"},
        {tp0, "tp 0 is out of range", "1 .. 1024"},
        {pp33, "pp 33 is out of range: a stage holds at least one layer", "1 .. 32"},
        {dp2, "dp 2 of a model without experts shares nothing", "1, and cluster.replicas 2"},
        {ep4, "ep 4 of a model without experts", "1"},
        {fp8_activations, "these weights and activations in fp8 are not possible on a100-80-sxm", "bf16, fp16"},
        {bf16_by_fp8, "these weights and activations in fp8 are not possible", "bf16, fp16"},
        {kv_int4, "KV in this format is not modelled", "bf16, fp16, fp8, int8 or fp32"},
        {little_memory, "llama-3.1-8b does not fit: 16.1 GB of weights a GPU (bf16, tp 1)", "a larger tp, fewer bits"},
        {no_memory, "memory_utilization 0 is out of range", "above 0, at most 1"},
        {no_block, "block_size 0 is not positive", ""},
        {no_seqs, "max_num_seqs and max_num_batched_tokens are at least 1", ""},
    };
    world w;
    (void)state;
    load(&w, "a100-80-sxm", "llama-3.1-8b", "vllm");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gbl_err err = {0};
        gbl_cost_spec s = spec_of(&w, 1);
        rows[i].how(&s);
        assert_int_equal(gbl_cost_new(&w.c, &s, &err), GBL_EINPUT);
        assert_null(w.c);
        if (strncmp(err.what, rows[i].what, strlen(rows[i].what)) || strncmp(err.expected, rows[i].expected, strlen(rows[i].expected)))
            fail_msg("%s | %s", err.what, err.expected);
    }
    end(&w);
}

static void no_memory_at_any_allocation(void **state)
{
    world w;
    (void)state;
    load(&w, "h100-sxm", "llama-3.1-8b", "vllm");
    gbl_cost_spec s = spec_of(&w, 1);
    for (long n = 1; n < 10; n++) {
        gbl_err err = {0};
        gbl_alloc_fail_at(n);
        int rc = gbl_cost_new(&w.c, &s, &err);
        gbl_alloc_fail_at(0);
        assert_int_equal(rc, n <= 5 ? GBL_EFAULT : 0);
        gbl_cost_free(w.c);
    }
    w.c = NULL;
    end(&w);
}

/* 1 GB over PCIe 5 x16 at 0.8 of 64 GB/s; 10,000 small pieces are bound by their number; ideal: the data sheet. */
static void transfers(void **state)
{
    WORLD(w, "h100-sxm", "llama-3.1-8b", "vllm", 1);
    WORLD(v, "h100-sxm", "llama-3.1-8b", "ideal", 1);
    gbl_demand d;
    (void)state;
    gbl_cost_transfer(w.c, 1e9, 1, GBL_R_PCIE_D2H, &d);
    assert_close((double)d.alone_ns, 1e9 / (0.8 * 64) + 10e3, 1e-6);
    assert_true(d.busy_ns[GBL_R_PCIE_D2H] > 0 && d.busy_ns[GBL_R_PCIE_H2D] == 0);
    gbl_cost_transfer(w.c, 1e6, 10000, GBL_R_PCIE_H2D, &d);
    assert_close((double)d.alone_ns, 10000 * 1500 + 10e3, 1e-6);
    gbl_cost_transfer(v.c, 1e9, 1, GBL_R_PCIE_D2H, &d);
    assert_close((double)d.alone_ns, 1e9 / 64, 1e-6);
    assert_close(gbl_cost_context_switch_s(v.c, 1000), 2 * 131072e3 / 64e9, 1e-6);
    gbl_cost_transfer(v.c, 0, 0, GBL_R_PCIE_D2H, &d);
    assert_int_equal(d.alone_ns, 0);
    assert_close((double)gbl_cost_frontend_ns(w.c, 1000, 0), 2.8e6, 1e-6);
    assert_int_equal(gbl_cost_frontend_ns(v.c, 1000, 64), 0);
    end(&w);
    end(&v);
}

static void the_sheet(void **state)
{
    static gbl_sheet s;
    gbl_arena *a = gbl_arena_new();
    gbl_err err = {0};
    gbl_sheet_ask ask = {.llm = "mistral-7b-v0.1", .hardware = "a100-80-sxm", .runtime = "ideal", .batch = 4, .context = 8001};
    (void)state;
    assert_int_equal(gbl_model_sheet(&s, &ask, a, &err), 0);
    assert_close(s.kv_resident_bytes, 4.0 * 8001 * 131072, 0);
    assert_close(s.kv_paged_bytes, 4.0 * 8016 * 131072, 0);
    assert_close(s.kv_read_bytes, 4.0 * 4096 * 131072, 0); /* every layer slides over 4096 tokens */
    assert_int_equal(s.prompt, 8001);
    assert_int_equal(s.max_concurrency, s.kv_capacity_tokens / 8016);
    assert_string_equal(s.warning, "");
    double decode = 0, prefill = 0;
    for (int i = 0; i < s.n_op; i++)
        *(strcmp(s.op[i].phase, "decode") ? &prefill : &decode) += s.op[i].count * s.op[i].time_us * 1e-3;
    assert_close(decode, s.decode_ms, 1e-6);
    assert_close(prefill, s.prefill_ms, 1e-6);
    ask.context = 40000;
    assert_int_equal(gbl_model_sheet(&s, &ask, a, &err), 0);
    assert_string_equal(s.warning, "40000 tokens are beyond the context of mistral-7b-v0.1 (32768)");
    ask.kv = "bf61";
    assert_int_equal(gbl_model_sheet(&s, &ask, a, &err), GBL_EINPUT);
    assert_string_equal(err.what, "unknown format \"bf61\" of kv");
    assert_string_equal(err.nearest, "bf16");
    gbl_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decode_step_by_hand),   cmocka_unit_test(a_prefill_step_by_hand),
        cmocka_unit_test(tensor_parallel_by_hand), cmocka_unit_test(replicated_kv),
        cmocka_unit_test(tables_change_no_bit),    cmocka_unit_test(advancing_equals_recounting),
        cmocka_unit_test(chunk_aggregates_by_hand), cmocka_unit_test(time_grows_with_work),
        cmocka_unit_test(prefill_grows_with_tokens), cmocka_unit_test(a_resource_is_never_busier_than_the_step),
        cmocka_unit_test(operators_sum_to_the_step), cmocka_unit_test(an_empty_step_costs_nothing),
        cmocka_unit_test(kv_blocks_near_the_engines), cmocka_unit_test(given_blocks_are_taken),
        cmocka_unit_test(formats),                 cmocka_unit_test(what_cannot_run_is_refused),
        cmocka_unit_test(no_memory_at_any_allocation), cmocka_unit_test(transfers),
        cmocka_unit_test(the_sheet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
