/* Several GPUs as one replica: a hand-worked pipeline, experts spread over GPUs, collectives inside and between nodes, what
 * each GPU holds, and what is refused. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/cost.h"
#include "models/kernels.h"

typedef struct world {
    gbl_arena *a;
    gbl_hw hw;
    gbl_llm llm;
    gbl_runtime runtime;
    gbl_cost *c;
} world;

typedef struct degrees { int32_t tp, pp, dp, ep; } degrees;

static gbl_cost_spec spec_of(const world *w, degrees d)
{
    return (gbl_cost_spec){.hw = &w->hw, .llm = &w->llm, .runtime = &w->runtime, .tp = d.tp, .pp = d.pp, .dp = d.dp, .ep = d.ep, .weights = GBL_BF16, .activations = -1, .kv = GBL_BF16,
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

static gbl_cost *cost_of(world *w, degrees d)
{
    gbl_err err = {0};
    gbl_cost_spec s = spec_of(w, d);
    gbl_cost_free(w->c);
    if (gbl_cost_new(&w->c, &s, &err))
        fail_msg("%s | %s", err.what, err.expected);
    return w->c;
}

static void end(world *w)
{
    gbl_cost_free(w->c);
    gbl_arena_free(w->a);
}

static gbl_batch decodes(const gbl_cost *c, int n, int64_t kv)
{
    gbl_batch b = {0};
    for (int i = 0; i < n; i++)
        gbl_batch_decode(c, &b, kv);
    return b;
}

static gbl_step_cost step_of(const gbl_cost *c, const gbl_batch *b)
{
    gbl_step_cost out;
    gbl_cost_step(c, b, &out);
    int64_t parts = 0;
    for (int i = 0; i < 4; i++)
        parts += out.part_ns[i];
    assert_true(parts == out.demand.alone_ns);
    for (int r = 0; r < GBL_R_N; r++)
        assert_true(out.demand.busy_ns[r] >= 0 && out.demand.busy_ns[r] <= (double)out.demand.alone_ns);
    return out;
}

static double ns_of(const gbl_cost *c, const gbl_batch *b)
{
    return (double)step_of(c, b).demand.alone_ns;
}

/* Llama-3.1-8B on four A100 as four stages of eight layers, perfect kernels, all bound by memory. A micro-batch of n decodes at
 * 1000 tokens takes n tokens' share of tests/unit/test_models_cost.c's step a layer; the last stage has the LM head too. */
static double layer_ns(double n)
{
    return (2.0 * 218103808 + 2.0 * n * 69632 + n * 1000 * 4096 + n * 16384) / 2039e9 * 1e9;
}
static double head_ns(double n)
{
    return (2.0 * 4096 * 128256 + 2.0 * n * (4096 + 128256)) / 2039e9 * 1e9;
}
static double hop_ns(double n)
{
    return n * 4096 * 4 / 300e9 * 1e9;
}

static void a_pipeline_by_hand(void **state)
{
    world w;
    (void)state;
    load(&w, "a100-80-sxm", "llama-3.1-8b", "ideal");
    gbl_cost *c = cost_of(&w, (degrees){1, 4, 1, 1});
    /* 32 decodes: four micro-batches of 8 keep four stages busy; each waits for the last stage. */
    gbl_batch b = decodes(c, 32, 1000);
    double full = 4 * (8 * layer_ns(8) + head_ns(8) + hop_ns(8));
    assert_close(ns_of(c, &b), full, 1e-6);
    /* One sequence: no pipeline, the latency of all stages. */
    b = decodes(c, 1, 1000);
    assert_close(ns_of(c, &b), 32 * layer_ns(1) + head_ns(1) + 3 * hop_ns(1), 1e-6);
    /* Two sequences: two micro-batches of one in four stages; half of the stages idle, the latency stays. */
    b = decodes(c, 2, 1000);
    double two = fmax(2 * (8 * layer_ns(1) + head_ns(1) + hop_ns(1)), 32 * layer_ns(1) + head_ns(1) + 3 * hop_ns(1));
    assert_close(ns_of(c, &b), two, 1e-6);
    /* One GPU runs the 32 in one batch: less than four micro-batches through it, more than the pipeline's round. */
    gbl_cost *one = cost_of(&w, (degrees){1, 1, 1, 1});
    b = decodes(one, 32, 1000);
    assert_close(ns_of(one, &b), 32 * layer_ns(32) + head_ns(32), 1e-6);
    end(&w);
}

/* 32 layers in 5 stages: 7, 7, 6, 6, 6 with the head on a short one; 32/6 is what a GPU's KV is made of. */
static void uneven_stages(void **state)
{
    world w;
    (void)state;
    load(&w, "a100-80-sxm", "llama-3.1-8b", "ideal");
    gbl_cost *c = cost_of(&w, (degrees){1, 5, 1, 1});
    gbl_batch b = decodes(c, 40, 1000);
    assert_close(ns_of(c, &b), 5 * (fmax(7 * layer_ns(8), 6 * layer_ns(8) + head_ns(8)) + hop_ns(8)), 1e-6);
    assert_int_equal(gbl_cost_gpus(c), 5);
    /* Per GPU 7 of 32 layers and one of the two tables: 0.9 x 81920 MiB less that, in blocks of 16 x 7 x 4096 B. */
    double tables = gbl_llm_table_parameters(&w.llm), body = gbl_llm_parameters(&w.llm) - tables;
    double room = 0.9 * 81920 * 1048576 - 2 * (body * 7 / 32 + tables / 2);
    assert_close((double)gbl_cost_kv_blocks(c), floor(room / (16 * 7 * 4096.0)), 0);
    end(&w);
}

/* One prompt and 30 decodes on two stages: the prompt lies in one of two micro-batches. */
static void one_micro_batch_has_the_prompt(void **state)
{
    world w;
    (void)state;
    load(&w, "a100-80-sxm", "llama-3.1-8b", "vllm");
    gbl_cost *one = NULL;
    gbl_err err = {0};
    gbl_cost_spec s = spec_of(&w, (degrees){1, 1, 1, 1});
    assert_int_equal(gbl_cost_new(&one, &s, &err), 0);
    gbl_cost *c = cost_of(&w, (degrees){1, 2, 1, 1});
    gbl_batch light = decodes(one, 15, 900), heavy = light, all = decodes(c, 30, 900);
    gbl_batch_chunk(one, &heavy, 1024, 0, 1);
    gbl_batch_chunk(c, &all, 1024, 0, 1);
    double alone = ns_of(one, &heavy), got = ns_of(c, &all);
    assert_true(ns_of(one, &light) < alone / 2);
    /* The round lasts as long as the micro-batch with the prompt takes through both stages, and the hop between them: 1039
     * tokens of 16 KiB at 0.80 of 300 GB/s after 7.7 us. */
    assert_close(got, alone + 7700 + 1039 * 16384 / (0.80 * 300), 1e-6);
    /* With a prompt in each, the stages are what counts. */
    gbl_batch_chunk(c, &all, 1024, 0, 1);
    double both = ns_of(c, &all);
    assert_true(both >= got && both < 2 * got);
    gbl_cost_free(one);
    end(&w);
}

/* Every kind of GPU count gets the same round from the same aggregates, whether they were advanced or counted anew. */
static void holds_hold_in_a_pipeline(void **state)
{
    static const degrees shapes[] = {{1, 4, 1, 1}, {2, 2, 2, 4}, {1, 1, 4, 4}, {2, 1, 4, 1}};
    world w;
    (void)state;
    load(&w, "h100-sxm", "qwen3-30b-a3b", "vllm");
    for (int i = 0; i < 4; i++) {
        gbl_cost *c = cost_of(&w, shapes[i]);
        gbl_batch held = decodes(c, 37, 500);
        for (int t = 1; t < 50; t++) {
            gbl_batch_advance(&held);
            gbl_batch fresh = decodes(c, 37, 500 + t);
            gbl_step_cost a = step_of(c, &held), b = step_of(c, &fresh);
            assert_memory_equal(&a.demand, &b.demand, sizeof a.demand);
        }
    }
    end(&w);
}

static void rows_sum_to_the_step(void **state)
{
    static const degrees shapes[] = {{1, 4, 1, 1}, {2, 2, 2, 4}, {1, 1, 8, 8}, {4, 1, 2, 1}, {8, 1, 1, 8}, {8, 1, 2, 16}};
    world w;
    (void)state;
    load(&w, "h100-sxm", "qwen3-30b-a3b", "vllm");
    for (int i = 0; i < 6; i++) {
        gbl_cost *c = cost_of(&w, shapes[i]);
        for (int mixed = 0; mixed < 2; mixed++) {
            gbl_batch b = decodes(c, 19, 777);
            if (mixed)
                gbl_batch_chunk(c, &b, 512, 300, 1);
            gbl_op op[GBL_OPS_MOST];
            int n = gbl_cost_operators(c, &b, "decode", op, GBL_OPS_MOST);
            double us = 0;
            for (int k = 0; k < n; k++)
                us += op[k].count * op[k].time_us;
            assert_close(us * 1e3, ns_of(c, &b), 1e-6);
        }
    }
    end(&w);
}

static const gbl_op *op_of(const gbl_cost *c, const gbl_batch *b, const char *name)
{
    static gbl_op op[GBL_OPS_MOST];
    int n = gbl_cost_operators(c, b, "decode", op, GBL_OPS_MOST);
    for (int i = 0; i < n; i++)
        if (!strcmp(op[i].name, name))
            return &op[i];
    fail_msg("no operator %s", name);
    return NULL;
}

/* Qwen3-30B-A3B: 128 experts of 768 columns, 8 a token, hidden 2048. 64 decodes see 128 (1 - (1 - 8/128)^64) = 125.94 experts.
 * On one GPU (ep 1) it reads them all, on 8 an eighth each and a bit: the busiest has 64 + sqrt(2 x 64 x 7/8 x ln 8) choices. */
static void experts_by_hand(void **state)
{
    world w;
    (void)state;
    load(&w, "h100-sxm", "qwen3-30b-a3b", "ideal");
    double pair = 3.0 * 2048 * 768 * 2, moved = (2 * 2048 + 3 * 768) * 2.0;
    gbl_cost *c = cost_of(&w, (degrees){1, 1, 1, 1});
    gbl_batch b = decodes(c, 64, 100);
    double distinct = 128 * (1 - pow(1 - 8.0 / 128, 64));
    assert_close(op_of(c, &b, "experts")->hbm_bytes, distinct * pair + 64 * 8 * moved, 1e-9);
    c = cost_of(&w, (degrees){1, 1, 8, 8});
    b = decodes(c, 64, 100);
    double mine = (64 + sqrt(2 * 64 * 7.0 / 8 * log(8))) / 64; /* choices a token on the busiest GPU */
    double here = 16 * (1 - pow(1 - mine / 16, 64));
    assert_close(op_of(c, &b, "experts")->hbm_bytes, here * pair + 64 * mine * moved, 1e-9);
    /* All-to-all: 8 tokens a GPU, each to 8 (1 - (7/8)^8) GPUs of 4096 B, 7/8 of them others'. */
    double copies = 8 * (1 - pow(7.0 / 8, 8));
    const gbl_op *d = op_of(c, &b, "dispatch");
    assert_close(d->link_bytes, 8 * copies * 4096 * 7 / 8, 1e-9);
    assert_close(d->count, 48, 0);
    assert_close(d->time_us, d->link_bytes / 450e9 * 1e6, 1e-9);
    assert_close(op_of(c, &b, "qkv")->hbm_bytes, 2.0 * 2048 * 5120 + 2 * 8.0 * (2048 + 5120), 1e-9); /* 8 of the 64 rows */
    /* Split experts: 64 tokens gathered everywhere, 64 sums scattered. */
    c = cost_of(&w, (degrees){1, 1, 8, 1});
    b = decodes(c, 64, 100);
    assert_close(op_of(c, &b, "combine")->link_bytes, 64 * 4096 * 7.0 / 8, 1e-9);
    assert_close(op_of(c, &b, "experts")->hbm_bytes, distinct * pair / 8 + 64 * 8 * (2 * 2048 + 3 * 96) * 2, 1e-9);
    end(&w);
}

/* Each of 8 dp ranks holds all of attention and an eighth of the experts, and has a pool of its own. */
static void memory_of_a_gpu(void **state)
{
    world w;
    (void)state;
    load(&w, "h100-sxm", "qwen3-30b-a3b", "ideal");
    double all = gbl_llm_parameters(&w.llm), routed = 48.0 * 128 * 3 * 2048 * 768, have = 0.9 * w.hw.hbm_bytes;
    double block = gbl_llm_kv_bytes(&w.llm, 2) * 16;
    gbl_cost *c = cost_of(&w, (degrees){1, 1, 1, 1});
    assert_close((double)gbl_cost_kv_blocks(c), floor((have - 2 * all) / block), 0);
    c = cost_of(&w, (degrees){1, 1, 8, 8});
    assert_close((double)gbl_cost_kv_blocks(c), 8 * floor((have - 2 * (all - routed) - 2 * routed / 8) / block), 0);
    assert_int_equal(gbl_cost_gpus(c), 8);
    assert_close(gbl_cost_weight_bytes(c), 2 * all, 0);
    c = cost_of(&w, (degrees){4, 1, 2, 8});
    assert_close((double)gbl_cost_kv_blocks(c), 2 * floor((have - 2 * (all - routed) / 4 - 2 * routed / 8) / (block / 4)), 0);
    end(&w);
}

/* H100: 450 GB/s inside, 50 GB/s between nodes, 8 GPUs a node. */
static void collectives_by_hand(void **state)
{
    world w;
    gbl_kernel k;
    (void)state;
    load(&w, "h100-sxm", "llama-3.1-8b", "ideal");
    gbl_machine g = {&w.hw, w.hw.eff, 1, 0, 1};
    gbl_all_reduce(&g, 8e6, 8, &k);
    assert_close(k.time_s, 2 * 7.0 / 8 * 8e6 / 450e9, 1e-12);
    assert_close(k.net_s, 0, 0);
    gbl_all_reduce(&g, 8e6, 16, &k); /* two nodes: 1/8 of the bytes of each GPU go over the network, there and back */
    assert_close(k.time_s, 2 * 7.0 / 8 * 8e6 / 450e9 + 2 * 0.5 * 1e6 / 50e9, 1e-12);
    assert_close(k.net_s, 1e6 / 50e9, 1e-12);
    gbl_all_gather(&g, 8e6, 16, &k);
    assert_close(k.time_s, 7.0 / 8 * 8e6 / 450e9 + 0.5 * 1e6 / 50e9, 1e-12);
    gbl_reduce_scatter(&g, 8e6, 4, &k);
    assert_close(k.time_s, 3.0 / 4 * 8e6 / 450e9, 1e-12);
    gbl_all_to_all(&g, 8e6, 8, &k);
    assert_close(k.time_s, 7.0 / 8 * 8e6 / 450e9, 1e-12);
    gbl_all_to_all(&g, 8e6, 16, &k); /* 8/16 leave the node, 7/16 stay with others: the network is the slower */
    assert_close(k.time_s, 4e6 / 50e9, 1e-12);
    assert_close(k.link_bytes, 7.5e6, 1e-12);
    gbl_send(&g, 1e6, 0, &k);
    assert_close(k.time_s, 1e6 / 450e9, 1e-12);
    gbl_send(&g, 1e6, 1, &k);
    assert_close(k.time_s, 1e6 / 50e9, 1e-12);
    g.ideal = 0;
    gbl_send(&g, 36e6, 1, &k); /* 19 us + 36 MB at 0.72 of the card */
    assert_close(k.time_s, 19e-6 + 1e-3, 1e-9);
    gbl_send(&g, 360e6, 0, &k);
    assert_close(k.time_s, 7.7e-6 + 1e-3, 1e-9);
    gbl_all_to_all(&g, 1e6, 1, &k);
    assert_close(k.time_s, 0, 0);
    end(&w);
}

/* tp beyond a node pays the network; stages beyond a node send over it. */
static void nodes(void **state)
{
    world w;
    (void)state;
    load(&w, "h100-sxm", "llama-3.1-70b", "vllm");
    gbl_cost *c = cost_of(&w, (degrees){8, 1, 1, 1});
    gbl_batch b = decodes(c, 32, 1000);
    double eight = ns_of(c, &b);
    assert_close(step_of(c, &b).demand.busy_ns[GBL_R_NETWORK], 0, 0);
    c = cost_of(&w, (degrees){16, 1, 1, 1});
    b = decodes(c, 32, 1000);
    assert_true(ns_of(c, &b) > eight); /* 160 all-reduces of 38 us of latency */
    assert_true(step_of(c, &b).demand.busy_ns[GBL_R_NETWORK] > 0);
    c = cost_of(&w, (degrees){8, 2, 1, 1});
    b = decodes(c, 32, 1000);
    assert_true(step_of(c, &b).demand.busy_ns[GBL_R_NETWORK] > 0);
    assert_true(ns_of(c, &b) < eight * 1.6);
    c = cost_of(&w, (degrees){4, 2, 1, 1}); /* both stages in one node */
    b = decodes(c, 32, 1000);
    assert_close(step_of(c, &b).demand.busy_ns[GBL_R_NETWORK], 0, 0);
    end(&w);
}

static void refuse(world *w, degrees d, const char *what, const char *expected)
{
    gbl_err err = {0};
    gbl_cost_spec s = spec_of(w, d);
    gbl_cost *c;
    assert_int_equal(gbl_cost_new(&c, &s, &err), GBL_EINPUT);
    if (strcmp(err.what, what) || strcmp(err.expected, expected))
        fail_msg("%s | %s", err.what, err.expected);
}

static void refusals(void **state)
{
    world w;
    (void)state;
    load(&w, "h100-sxm", "qwen3-30b-a3b", "vllm"); /* 32 heads, 4 KV heads, 128 experts of 768 columns */
    refuse(&w, (degrees){3, 1, 1, 1}, "tp 3 does not divide 32 attention heads", "one of 1, 2, 4, 8, 16, 32");
    refuse(&w, (degrees){2, 1, 2, 3}, "ep 3 does not divide 4 GPUs (tp x dp) that hold a layer's experts", "one of 1, 2, 4");
    refuse(&w, (degrees){1, 1, 3, 3}, "ep 3 does not divide 128 experts", "one of 1, 2");
    refuse(&w, (degrees){1, 1, 5, 1}, "tp 1 leaves an expert to 5 GPUs (tp x dp / ep), which do not divide its 768 columns",
           "a larger ep (it divides 5 GPUs and 128 experts), or a smaller tp");
    refuse(&w, (degrees){4, 1, 3, 1}, "dp 3 makes stages of 12 GPUs, which are no whole nodes of 8", "tp x dp at most 8, or a multiple of it");
    refuse(&w, (degrees){1, 49, 1, 1}, "pp 49 is out of range: a stage holds at least one layer", "1 .. 48");
    refuse(&w, (degrees){1, 1, 0, 1}, "dp 0 is out of range", "1 .. 1024");
    w.hw.network_bps = 0;
    refuse(&w, (degrees){16, 1, 1, 1}, "16 GPUs are more than a node of h100-sxm holds, and its card has no network",
           "network_GB_s on the card, or at most 8 GPUs");
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipeline_by_hand), cmocka_unit_test(uneven_stages),       cmocka_unit_test(one_micro_batch_has_the_prompt),
        cmocka_unit_test(holds_hold_in_a_pipeline), cmocka_unit_test(rows_sum_to_the_step), cmocka_unit_test(experts_by_hand),
        cmocka_unit_test(memory_of_a_gpu),    cmocka_unit_test(collectives_by_hand), cmocka_unit_test(nodes),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
