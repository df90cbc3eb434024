/* Runtimes: every key of a card changes what a step, a request or the memory costs, by the amount worked out here; what the
 * shipped cards promise. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/cost.h"
#include "models/kernel_move.h"

typedef struct world {
    gbl_arena *a;
    gbl_hw hw;
    gbl_llm llm;
    gbl_runtime runtime;
    gbl_cost_spec spec;
} world;

static void load_on(world *w, const char *hw, const char *llm, const char *runtime)
{
    gbl_err err = {0};
    memset(w, 0, sizeof *w);
    w->a = gbl_arena_new();
    assert_non_null(w->a);
    if (gbl_hw_load(&w->hw, hw, "", w->a, &err) || gbl_llm_load(&w->llm, llm, "", w->a, &err) || gbl_runtime_load(&w->runtime, runtime, "", w->a, &err))
        fail_msg("%s %s", err.what, err.where);
    w->spec = (gbl_cost_spec){.hw = &w->hw, .llm = &w->llm, .runtime = &w->runtime, .tp = 1, .pp = 1, .dp = 1, .ep = 1, .weights = GBL_BF16, .activations = -1, .kv = GBL_BF16,
                           .block_size = 16, .memory_utilization = 0.9, .max_num_seqs = 512, .max_num_batched_tokens = 8192, .kv_blocks = -1};
}

static void load(world *w, const char *runtime)
{
    load_on(w, "h100-sxm", "llama-3.1-8b", runtime);
}

static void end(world *w)
{
    gbl_arena_free(w->a);
}

static gbl_cost *cost_of(const world *w)
{
    gbl_cost *c;
    gbl_err err = {0};
    if (gbl_cost_new(&c, &w->spec, &err))
        fail_msg("%s", err.what);
    return c;
}

/* Microseconds of a step of n decodes at kv tokens, and of one chunk (0: none) behind 100 cached tokens. */
static double step_us(const world *w, int n, int64_t kv, int64_t chunk)
{
    gbl_cost *c = cost_of(w);
    gbl_batch b = {0};
    gbl_step_cost out;
    for (int i = 0; i < n; i++)
        gbl_batch_decode(c, &b, kv);
    if (chunk)
        gbl_batch_chunk(c, &b, chunk, 100, 1);
    gbl_cost_step(c, &b, &out);
    gbl_cost_free(c);
    return (double)out.demand.alone_ns * 1e-3;
}

static int64_t blocks(const world *w)
{
    gbl_cost *c = cost_of(w);
    int64_t n = gbl_cost_kv_blocks(c);
    gbl_cost_free(c);
    return n;
}

enum { ROUNDED = 5 }; /* ns: steps are rounded up to whole ones */
static void differ_us(double more, double less, double want)
{
    assert_close(more - less, want, 1e-9 + ROUNDED * 1e-3 / fabs(want));
}

static void host_time(void **state)
{
    world w;
    (void)state;
    load(&w, "vllm");
    double before = step_us(&w, 20, 500, 0);
    w.runtime.host_step_s += 1e-3;
    differ_us(step_us(&w, 20, 500, 0), before, 1000);
    before = step_us(&w, 20, 500, 64);
    w.runtime.host_seq_s += 10e-6;
    differ_us(step_us(&w, 20, 500, 64), before, 210);
    before = step_us(&w, 20, 500, 0);
    w.runtime.host_multi_s = 5e-3;
    assert_close(step_us(&w, 20, 500, 0), before, 0); /* one GPU */
    w.spec.tp = 2;
    double two = step_us(&w, 20, 500, 0);
    w.runtime.host_multi_s = 0;
    differ_us(two, step_us(&w, 20, 500, 0), 5000);
    end(&w);
}

/* Hidden host time costs nothing below the device time, and is all there is above it. */
static void hidden_host_time(void **state)
{
    world w;
    (void)state;
    load(&w, "vllm");
    w.runtime.host_step_s = w.runtime.host_seq_s = 0;
    double device = step_us(&w, 20, 500, 0);
    w.runtime.host_step_s = 4e-3;
    w.runtime.host_hidden = 1;
    assert_close(step_us(&w, 20, 500, 0), device, 0);
    w.runtime.host_hidden = 0.75;
    differ_us(step_us(&w, 20, 500, 0), device, 1000);
    w.runtime.host_step_s = 50e-3;
    w.runtime.host_hidden = 1;
    assert_close(step_us(&w, 20, 500, 0), 50000, 1e-7);
    end(&w);
}

static void frontend_time(void **state)
{
    world w;
    (void)state;
    load(&w, "vllm");
    w.runtime.frontend_s = 3e-3;
    w.runtime.frontend_token_s = 2e-6;
    gbl_cost *c = cost_of(&w);
    w.runtime.frontend_running_s = 1e-5;
    assert_close((double)gbl_cost_frontend_ns(c, 1000, 0), 5e6, 1e-6);
    assert_close((double)gbl_cost_frontend_ns(c, 1000, 100), 6e6, 1e-6);
    gbl_cost_free(c);
    end(&w);
}

/* Tokens that the layers compute in a decode step of n, seen by the bytes of queries and outputs of the O product. */
static int computed(const world *w, int n)
{
    gbl_cost *c = cost_of(w);
    gbl_batch b = {0};
    gbl_op op[GBL_OPS_MOST];
    double rows = 0;
    for (int i = 0; i < n; i++)
        gbl_batch_decode(c, &b, 100);
    int k = gbl_cost_operators(c, &b, "decode", op, GBL_OPS_MOST);
    for (int i = 0; i < k; i++)
        if (!strcmp(op[i].name, "o"))
            rows = op[i].flops / (2.0 * 4096 * 4096);
    gbl_cost_free(c);
    return (int)lround(rows);
}

static void graph_sizes(void **state)
{
    static const struct { int n, vllm, trtllm; } rows[] = {{1, 1, 1}, {2, 2, 2}, {3, 4, 4}, {5, 8, 8}, {9, 16, 16}, {121, 128, 128}, {129, 136, 129},
                                                           {256, 256, 256}, {257, 272, 257}, {500, 512, 500}};
    world w, t;
    (void)state;
    load(&w, "vllm");
    load(&t, "trtllm");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(computed(&w, rows[i].n), rows[i].vllm);
        assert_int_equal(computed(&t, rows[i].n), rows[i].trtllm);
    }
    w.runtime.graph_step = 32;
    assert_int_equal(computed(&w, 33), 64);
    w.runtime.graph_wide_from = 64;
    w.runtime.graph_wide_step = 100;
    assert_int_equal(computed(&w, 101), 200);
    w.runtime.graph_max = 150;
    assert_int_equal(computed(&w, 101), 101); /* the next captured size is too large */
    w.runtime.graphs = 0;
    assert_int_equal(computed(&w, 3), 3);
    end(&w);
    end(&t);
}

/* 32 layers x 38 launches of 25 us are a floor of 30.4 ms; graphs take it away, and so does a device that is slower. */
static void eager_launches(void **state)
{
    world w;
    (void)state;
    load(&w, "vllm");
    w.runtime.host_step_s = w.runtime.host_seq_s = 0;
    double graph = step_us(&w, 8, 500, 0);
    w.runtime.layer_launches = 38;
    w.runtime.launch_s = 25e-6;
    assert_close(step_us(&w, 8, 500, 0), graph, 0);
    w.runtime.graphs = 0;
    assert_close(step_us(&w, 8, 500, 0), 30400, 1e-6);
    assert_true(step_us(&w, 8, 500, 8192) > 100000); /* a long prompt hides its launches */
    w.runtime.graphs = 1;
    w.runtime.graph_prefill = 1;
    double piecewise = step_us(&w, 8, 500, 64);
    assert_true(piecewise < 20000);
    w.runtime.graph_prefill = 0;
    assert_close(step_us(&w, 8, 500, 64), 30400, 1e-6);
    w.runtime.graph_prefill = 1;
    w.runtime.graph_max = 64;
    assert_close(step_us(&w, 8, 500, 64), 30400, 1e-6); /* 72 tokens are above the largest graph */
    end(&w);
}

static void sampler_and_attention(void **state)
{
    world w;
    (void)state;
    load(&w, "vllm");
    double before = step_us(&w, 20, 500, 0);
    w.runtime.sampler_s += 100e-6;
    differ_us(step_us(&w, 20, 500, 0), before, 100);
    before = step_us(&w, 20, 500, 0);
    double t0 = w.hw.eff->dec_t0 * 1e6;
    w.runtime.attention_t0 += 0.2;
    differ_us(step_us(&w, 20, 500, 0), before, 0.2 * 32 * t0);
    end(&w);
}

/* 81,559 MiB; a block of Llama-3.1-8B is 16 x 131,072 B. */
static void memory(void **state)
{
    world w;
    (void)state;
    load(&w, "vllm");
    double block = 16 * 131072.0;
    w.runtime.reserve_bytes = w.runtime.activation_copies = w.runtime.logit_bytes = 0;
    int64_t all = blocks(&w);
    assert_close((double)all, (0.9 * 81559 * 1048576 - 2 * 8030261248.0) / block, 1e-4);
    w.runtime.reserve_bytes = 1000 * block;
    assert_int_equal(all - blocks(&w), 1000);
    w.runtime.reserve_bytes = 0;
    w.runtime.logit_bytes = 6; /* 512 rows x 128,256 x 6 B */
    assert_close((double)(all - blocks(&w)), 512 * 128256 * 6.0 / block, 0.01);
    w.runtime.logit_bytes = 0;
    w.runtime.activation_copies = 1; /* 8,192 tokens x (2 x 4,096 + 28,672) x 2 B */
    assert_close((double)(all - blocks(&w)), 8192 * 36864 * 2.0 / block, 0.01);
    w.runtime.activation_copies = 0;
    w.runtime.reserve_util_bytes = 1000 * block;
    assert_int_equal(blocks(&w), all); /* one GPU communicates with nobody */
    w.spec.tp = 2;
    int64_t two = blocks(&w);
    w.runtime.reserve_util_bytes = 0;
    assert_int_equal(blocks(&w) - two, 2000); /* half a block each */
    end(&w);
}

/* KV of 64 x 4,000 tokens, 4,096 B a token and layer, at a tenth of 3,350 GB/s: 100.2 ms over 32 layers, whatever the kernel. */
static void kv_bandwidth(void **state)
{
    world w;
    (void)state;
    load(&w, "vllm");
    w.runtime.kv_share = 0.1;
    double slow = step_us(&w, 64, 4000, 0);
    w.runtime.kv_share = 0.05;
    differ_us(step_us(&w, 64, 4000, 0), slow, 64 * 4000 * 4096.0 * 32 / 335e9 * 1e6);
    w.runtime.kv_share = 1; /* faster than the kernel: the kernel counts */
    double kernel = step_us(&w, 64, 4000, 0);
    w.runtime.kv_share = 0;
    assert_close(step_us(&w, 64, 4000, 0), kernel, 0);
    end(&w);
}

/* kvpress' notebook, Llama-3.1-8B on A100: 3.0 s for 100 tokens at least; 128k tokens of context 9.0 s in bf16, and 19.7 s in 4
 * bits, widened by quanto (here in 8 bits: the widening is what costs). */
static void the_eager_engine(void **state)
{
    world w;
    (void)state;
    load_on(&w, "a100-80-sxm", "llama-3.1-8b", "hf_eager");
    assert_close(step_us(&w, 1, 1000, 0), 30500, 0.03);
    double wide = step_us(&w, 1, 128000, 0);
    assert_close(wide, 90000, 0.05);
    w.spec.kv = GBL_INT8;
    assert_close(step_us(&w, 1, 128000, 0), 197000, 0.05);
    w.runtime.kv_dequant_passes -= 1; /* 16.78 GB over 2,039 GB/s */
    double less = step_us(&w, 1, 128000, 0);
    w.runtime.kv_dequant_passes += 1;
    differ_us(step_us(&w, 1, 128000, 0), less, 128000 * 131072.0 / 2039e9 * 1e6);
    w.runtime.fused_dequant = 1; /* half the bytes at the same rate, and nothing to widen */
    assert_true(step_us(&w, 1, 128000, 0) < wide);
    end(&w);
}

/* int4 weights: fused they are read once; not fused also written and read in 16 bits by a kernel of their own. */
static void weight_only_products(void **state)
{
    world w;
    (void)state;
    load(&w, "vllm");
    double wide = step_us(&w, 8, 500, 0);
    w.spec.weights = GBL_INT4;
    double fused = step_us(&w, 8, 500, 0);
    w.runtime.fused_dequant = 0;
    double own = step_us(&w, 8, 500, 0);
    assert_true(fused < wide / 1.5);
    double bytes = 32 * 218103808.0 * 4, hbm = 3350e9 * w.hw.eff->gemm.e_m * w.hw.eff->gemm.phi_m;
    /* the widening pass and its launches; the product then has no tiles for few rows either */
    double pass = (bytes / hbm + 4 * 32 * w.hw.eff->gemm.t0) * 1e6;
    assert_true(own - fused >= 0.999 * pass && own - fused <= 1.2 * pass);
    w.spec.weights = GBL_INT8;
    w.spec.activations = GBL_BF16; /* weight-only: one byte a weight, products in 16 bits */
    w.runtime.fused_dequant = 1;
    double eight = step_us(&w, 8, 500, 0);
    assert_true(eight > fused && eight < wide);
    end(&w);
}

static void pinning(void **state)
{
    world w;
    gbl_demand pinned, pageable;
    (void)state;
    load(&w, "vllm");
    gbl_cost *c = cost_of(&w);
    gbl_cost_transfer(c, 1e9, 1, GBL_R_PCIE_D2H, &pinned);
    w.runtime.pinned = 0;
    gbl_cost_transfer(c, 1e9, 1, GBL_R_PCIE_D2H, &pageable);
    differ_us((double)pageable.alone_ns * 1e-3, (double)pinned.alone_ns * 1e-3, 1e9 / 10e9 * 1e6); /* one more copy at 10 GB/s */
    gbl_cost_free(c);
    end(&w);
}

/* ---- the cards ---- */

static void same_but_for_the_host(const gbl_runtime *a, const gbl_runtime *b)
{
    gbl_runtime x = *a, y = *b;
    gbl_runtime *both[] = {&x, &y};
    for (int i = 0; i < 2; i++) {
        both[i]->name = both[i]->status = NULL;
        both[i]->hash = 0;
        both[i]->host_step_s = both[i]->host_seq_s = both[i]->host_multi_s = both[i]->host_hidden = 0;
        both[i]->frontend_s = both[i]->frontend_token_s = both[i]->frontend_running_s = 0;
        both[i]->lag = 0;
    }
    assert_memory_equal(&x, &y, sizeof x);
}

static void versions_differ_in_the_host_alone(void **state)
{
    static const char *const names[] = {"vllm-0.15", "vllm-0.19", "vllm-0.23", "vllm-2025-10", "vllm-v0"};
    world w, v;
    (void)state;
    load(&w, "vllm");
    for (int i = 0; i < 5; i++) {
        load(&v, names[i]);
        same_but_for_the_host(&w.runtime, &v.runtime);
        end(&v);
    }
    end(&w);
}

/* Decode steps of 32 at 1,000 tokens, by runtime: about 6 ms of host in 2024's vLLM, eager floors, hidden hosts. */
static void runtimes_differ(void **state)
{
    static const char *const names[] = {"ideal", "trtllm", "sglang", "vllm", "vllm-v0", "hf_eager"};
    double before = 0;
    (void)state;
    for (int i = 0; i < 6; i++) {
        world w;
        load(&w, names[i]);
        double us = step_us(&w, 32, 1000, 0);
        printf("  %-10s %8.2f ms a step, %lld KV blocks\n", names[i], us * 1e-3, (long long)blocks(&w));
        assert_true(us >= before);
        before = us;
        end(&w);
    }
    world v0, v1;
    load(&v0, "vllm-v0");
    load(&v1, "vllm");
    v1.runtime.host_step_s = v1.runtime.host_seq_s = 0;
    assert_close(step_us(&v0, 32, 1000, 0) - step_us(&v1, 32, 1000, 0), 5885, 0.01);
    end(&v0);
    end(&v1);
}

static void flexgen_walks_its_kv(void **state)
{
    world w;
    (void)state;
    load_on(&w, "a100-80-sxm", "opt-6.7b", "flexgen");
    double more = step_us(&w, 24, 2000, 0), less = step_us(&w, 24, 1000, 0);
    double rate = 24 * 1000 * 2.0 * 4096 * 32 * 2 / ((more - less) * 1e-6);
    assert_close(rate, 1.38e12, 0.03); /* H2O's logs: 1.27, 1.55, 1.32 TB/s */
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_time),        cmocka_unit_test(hidden_host_time),      cmocka_unit_test(frontend_time),
        cmocka_unit_test(graph_sizes),      cmocka_unit_test(eager_launches),        cmocka_unit_test(sampler_and_attention),
        cmocka_unit_test(memory),           cmocka_unit_test(kv_bandwidth),          cmocka_unit_test(the_eager_engine),
        cmocka_unit_test(weight_only_products), cmocka_unit_test(pinning),           cmocka_unit_test(versions_differ_in_the_host_alone),
        cmocka_unit_test(runtimes_differ),  cmocka_unit_test(flexgen_walks_its_kv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
