/* Rewritten models: what their KV, their weights and their steps come to, against the published formulas worked out by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/cost.h"
#include "models/sheet.h"
#include "tests/unit/check.h"

typedef struct world {
    gbl_arena *a;
    gbl_hw hw;
    gbl_llm llm;
    gbl_runtime runtime;
    gbl_kv_plan *plan;
    gbl_cost *c;
} world;

static void plan_for(world *w, const char *compress, double bytes) {
    gbl_err err = {0};
    if (gbl_kv_plan_text(&w->plan, compress, &w->llm, bytes, w->a, &err)) fail_msg("%s: %s", compress, err.what);
}

/* `compress` NULL: the model as it is. */
static void start(world *w, const char *llm, const char *compress, int32_t tp) {
    gbl_err err = {0};
    memset(w, 0, sizeof *w);
    w->a = gbl_arena_new();
    if (gbl_hw_load(&w->hw, "h200-sxm", "", w->a, &err) || gbl_llm_load(&w->llm, llm, "", w->a, &err) || gbl_runtime_load(&w->runtime, "vllm", "", w->a, &err)) fail_msg("%s", err.what);
    if (compress) plan_for(w, compress, 2);
    gbl_cost_spec s = {.hw = &w->hw, .llm = &w->llm, .runtime = &w->runtime, .tp = tp, .pp = 1, .dp = 1, .ep = 1, .weights = GBL_FP8, .activations = -1, .kv = GBL_BF16,
                       .block_size = 16, .memory_utilization = 0.9, .max_num_seqs = 256, .max_num_batched_tokens = 8192, .kv_blocks = -1, .compress = w->plan};
    if (gbl_cost_new(&w->c, &s, &err)) fail_msg("%s", err.what);
}

static void end(world *w) {
    gbl_cost_free(w->c);
    gbl_kv_plan_free(w->plan);
    gbl_arena_free(w->a);
}

static gbl_step_cost prompt_of(const world *w, int64_t tokens) {
    gbl_batch b = {0};
    gbl_step_cost out;
    gbl_batch_chunk_of(w->c, &b, tokens, tokens, 0, 1);
    gbl_cost_step(w->c, &b, &out);
    return out;
}

static gbl_step_cost decodes_of(const world *w, int n, int64_t prompt, int64_t kv) {
    gbl_batch b = {0};
    gbl_step_cost out;
    for (int i = 0; i < n; i++) gbl_batch_decode_of(w->c, &b, prompt, kv);
    gbl_cost_step(w->c, &b, &out);
    return out;
}

static double head_flops(const gbl_llm *m) { return 2 * (double)m->vocab * (double)m->hidden; }

/* FLOPs of a prompt without the LM head, over those of the model as it is. */
static double prompt_share(const char *llm, const char *compress, int64_t tokens, int32_t tp) {
    world a, b;
    start(&a, llm, NULL, tp);
    start(&b, llm, compress, tp);
    double head = head_flops(&a.llm), share = (prompt_of(&b, tokens).flops - head) / (prompt_of(&a, tokens).flops - head);
    end(&a);
    end(&b);
    return share;
}

static double kv_share(const char *llm, const char *compress, int64_t p, int64_t n, double bytes) {
    world w = {.a = gbl_arena_new()};
    gbl_err err = {0};
    if (gbl_llm_load(&w.llm, llm, "", w.a, &err)) fail_msg("%s", err.what);
    plan_for(&w, compress, bytes);
    double share = gbl_kv_resident_bytes(w.plan, p, n) / (gbl_llm_kv_bytes(&w.llm, 2) * (double)n);
    end(&w);
    return share;
}

/* SwiftKV: [keep (lin + attn) + (L - keep) kv] / [L (lin + attn)]; the last token runs all layers, 1/tokens of the rest more. */
static void prompts_leave_early(void **state) {
    (void)state;
    assert_close(prompt_share("llama-3.1-8b", "swiftkv", 2048, 1), .519, 2e-3);
    assert_close(prompt_share("llama-3.1-70b", "swiftkv", 2048, 4), .510, 2e-3);
    assert_close(prompt_share("llama-3.1-70b", "swiftkv", 131072, 4), .504, 2e-3);
    double lin = 4096 * (32 + 16) * 128.0 + 32 * 128 * 4096.0 + 3 * 4096 * 14336.0, attn = 2 * 4096 * 2049 / 2.0, kv = 2 * 8 * 128 * 4096.0;
    double rest = (16 * (lin + attn) - 16 * kv) / (32 * (lin + attn));
    assert_close(prompt_share("llama-3.1-8b", "swiftkv", 2048, 1), .5 + 16 * kv / (32 * (lin + attn)) + rest / 2048, 2e-4);
}

static void later_layers_share(void **state) { /* AcrossKV: 1/2 + 1/(2g), times bits/16 */
    (void)state;
    assert_close(kv_share("llama-3.1-8b", "swiftkv", 8192, 8192, 2), 1, 1e-9);
    assert_close(kv_share("llama-3.1-8b", "swiftkv{group=2}", 8192, 8192, 2), .75, 1e-9);
    assert_close(kv_share("llama-3.1-8b", "swiftkv{group=4}", 8192, 8192, 2), .625, 1e-9);
    assert_close(kv_share("llama-3.1-8b", "swiftkv{group=2}", 8192, 8192, 1), .375, 1e-9);
}

/* A prompt in chunks costs what it costs whole, and decodes cost what they did. */
static void chunks_leave_early_too(void **state) {
    (void)state;
    world w, base;
    start(&w, "llama-3.1-8b", "swiftkv", 1);
    start(&base, "llama-3.1-8b", NULL, 1);
    double whole = prompt_of(&w, 4096).flops, parts = 0;
    for (int i = 0; i < 4; i++) {
        gbl_batch b = {0};
        gbl_step_cost s;
        gbl_batch_chunk_of(w.c, &b, 4096, 1024, 1024 * i, i == 3);
        gbl_cost_step(w.c, &b, &s);
        parts += s.flops;
    }
    assert_close(parts, whole, 1e-9);
    assert_int_equal(decodes_of(&w, 32, 2000, 2100).demand.alone_ns, decodes_of(&base, 32, 2000, 2100).demand.alone_ns);
    end(&w);
    end(&base);
}

static void streams_read_weights_once(void **state) { /* ParScale: KV P (n + 48), FLOPs x P, P H (H+1) parameters */
    (void)state;
    world w, base;
    start(&w, "qwen2.5-3b", "parscale{streams=4}", 1);
    start(&base, "qwen2.5-3b", NULL, 1);
    assert_close(gbl_kv_resident_bytes(w.plan, 1000, 1000), 4 * 1048 * gbl_llm_kv_bytes(&w.llm, 2), 1e-9);
    double H = (double)w.llm.hidden, joint = 4 * H * (H + 1), more = gbl_cost_parameters(w.c, NULL) - gbl_cost_parameters(base.c, NULL);
    assert_close(more, joint, 1e-9);
    gbl_step_cost p = decodes_of(&w, 8, 1000, 1000), q = decodes_of(&base, 8, 1000, 1000);
    double head = 8 * head_flops(&w.llm), pair = (double)(w.llm.heads * w.llm.head_dim * 4 * w.llm.layers);
    assert_close(p.flops, 4 * (q.flops - head) + head + 8 * 2 * joint + 8 * 4 * 48 * pair, 1e-6);
    assert_close(p.bytes - q.bytes, joint + 8 * (4 * 1049 - 1001) * gbl_llm_kv_bytes(&w.llm, 2), 1e-3);
    end(&w);
    end(&base);
}

static void recursions_share_weights(void **state) { /* MoR: KV (R+1)/(2R) or 1/R of the shared layers, weights 1/R of them */
    (void)state;
    const double active[] = {.75, 2.0 / 3, .6}; /* mean depth of R = 2, 3 and 5 over 30 shared layers of 32 */
    const char *const text[] = {"mor{recursions=2}", "mor{recursions=3}", "mor{recursions=5}"};
    const double R[] = {2, 3, 5};
    for (int i = 0; i < 3; i++) {
        world w, base;
        start(&w, "llama-3.1-8b", text[i], 1);
        start(&base, "llama-3.1-8b", NULL, 1);
        assert_close(kv_share("llama-3.1-8b", text[i], 30000, 30000, 2), (2 + 30 * active[i]) / 32, 1e-4);
        double body = gbl_llm_parameters(&w.llm) - gbl_llm_table_parameters(&w.llm);
        assert_close(gbl_cost_parameters(base.c, NULL) - gbl_cost_parameters(w.c, NULL), body * 30 / 32 * (1 - 1 / R[i]), 1e-9);
        /* Decodes keep every row busy: the linear part is the mean depth's. */
        double head = 64 * head_flops(&w.llm), a = decodes_of(&w, 64, 16, 16).flops - head, b = decodes_of(&base, 64, 16, 16).flops - head;
        assert_close(a / b, (2 + 30 * active[i]) / 32, 5e-3);
        end(&w);
        end(&base);
    }
    assert_close(kv_share("llama-3.1-8b", "mor{recursions=3,kv_once=1}", 30000, 30000, 2), (2 + 10) / 32.0, 1e-9);
    /* Pairs of a prompt: (k/n)^2 a recursion. */
    world w, base;
    start(&w, "llama-3.1-8b", "mor{recursions=2}", 1);
    start(&base, "llama-3.1-8b", NULL, 1);
    double pair = (double)(w.llm.heads * w.llm.head_dim * 4), n = 65536, lin = (double)gbl_llm_matmul_parameters(&w.llm) * 2 - head_flops(&w.llm);
    assert_close(prompt_of(&w, 65536).flops - head_flops(&w.llm), n * lin * (2 + 30 * .75) / 32 + pair * n * (n + 1) / 2 * (2 + 15 + 15 * .25), 1e-6);
    end(&w);
    end(&base);
}

static void steps_of_several_tokens(void **state) { /* HAMburger: KV p + g/m; t = base + embed + m micro */
    (void)state;
    world w, base;
    start(&w, "llama-3.2-1b", "hamburger{tokens=2,micro_layers=0}", 1);
    start(&base, "llama-3.2-1b", NULL, 1);
    assert_close(gbl_kv_tokens(&w.plan->cell[0], 100, 100 + 4096), 100 + 4096 / 2.0, 0);
    assert_close(gbl_kv_tokens(&w.plan->cell[0], 100, 100), 100, 0);
    assert_close(decodes_of(&w, 4, 1000, 1000).flops - decodes_of(&base, 4, 1000, 1000).flops, 4 * head_flops(&w.llm), 1e-6); /* a head more */
    end(&w);
    start(&w, "llama-3.2-1b", "hamburger{tokens=2,micro_layers=0.125}", 1);
    double lin = 2 * gbl_llm_matmul_parameters(&w.llm) - head_flops(&w.llm);
    assert_close(decodes_of(&w, 4, 1000, 1000).flops - decodes_of(&base, 4, 1000, 1000).flops, 4 * (head_flops(&w.llm) + 2 * .125 * lin), 1e-6);
    assert_int_equal(prompt_of(&w, 777).demand.alone_ns, prompt_of(&base, 777).demand.alone_ns);
    end(&w);
    end(&base);
}

static void blocks_and_tokens(void **state) { /* Block Transformer: KV L_b n/4 + 6 L_t, reads 1/16 of L_b, prompts 1/8 */
    (void)state;
    world w, base;
    start(&w, "llama-2-7b", "block_transformer", 1);
    start(&base, "llama-2-7b", NULL, 1);
    double layer = gbl_llm_kv_bytes(&w.llm, 2) / 32;
    assert_close(gbl_kv_resident_bytes(w.plan, 4096, 4096), layer * (16 * 1024 + 16 * 6), 1e-9);
    assert_close(gbl_kv_resident_bytes(w.plan, 4, 5), layer * (16 * 2 + 16 * 5), 1e-9);
    gbl_kv_read r = gbl_kv_read_at(w.plan, 4096, 4096);
    assert_close((double)r.bytes_q8 / 256, layer * (16 * 1024 / 4.0 + 16 * 6), 1e-6); /* global part: 1/32 of the model's */
    double head = head_flops(&w.llm), lin = 2 * gbl_llm_matmul_parameters(&w.llm) - head, pair = 32 * 128 * 4.0;
    assert_close(prompt_of(&w, 4096).flops - head, lin * 4096 / 8 + 16 * pair * 4096.0 * 4097 / 2 / 16, 1e-6);
    assert_close(decodes_of(&w, 8, 4096, 4096).flops - 8 * head, 8 * (lin * (.5 + .125) + pair * (16 * 1024 / 4.0 + 16 * 6)), 1e-6);
    end(&w);
    end(&base);
}

static void states_do_not_grow(void **state) { /* MiniMax-M1: 40,960 B a token, 70 x 64 x 128 x 128 x 4 B = 294 MB */
    (void)state;
    world w;
    start(&w, "minimax-m1", "", 8);
    assert_close(gbl_llm_parameters(&w.llm) / 1e9, 456.088, 1e-5);
    assert_close(gbl_llm_active_parameters(&w.llm) / 1e9, 48.402, 1e-4);
    assert_close(gbl_cost_kv_bytes_per_token(w.c), 40960, 1e-12);
    assert_close(gbl_llm_state_bytes(&w.llm), 293601280, 1e-12);
    assert_close(gbl_kv_resident_bytes(w.plan, 1000000, 1000000), 40.96e9 + 293601280, 1e-12);
    assert_int_equal(w.plan->shareable, 0);
    gbl_batch b = {0};
    gbl_op op[GBL_OPS_MOST];
    gbl_batch_decode_of(w.c, &b, 1000, 1000);
    int n = gbl_cost_operators(w.c, &b, "decode", op, GBL_OPS_MOST), seen = 0;
    for (int i = 0; i < n; i++)
        if (!strcmp(op[i].name, "linear_attention")) {
            seen++;
            assert_close(op[i].count, 70, 0);
            assert_close(op[i].flops, 6 * 64 * 128 * 128 / 8.0, 1e-9);
            assert_close(op[i].hbm_bytes, 2 * 64 * 128 * 128 * 4 / 8.0, 1e-2); /* read and written */
        }
    assert_int_equal(seen, 1);
    end(&w);
}

/* Against DeepSeek-R1 with keys and values expanded, over a generation of n tokens: the same FLOPs as a prompt of n. */
static void long_generations(void **state) {
    (void)state;
    world m1, r1;
    start(&m1, "minimax-m1", "", 8);
    start(&r1, "deepseek-r1", NULL, 8);
    const int64_t n[] = {65536, 100000};
    const double published[] = {.43, .33}; /* worked out by hand from the same formulas */
    for (int i = 0; i < 2; i++) {
        double heads = (double)n[i] - 1, a = prompt_of(&m1, n[i]).flops + heads * head_flops(&m1.llm), b = prompt_of(&r1, n[i]).flops + heads * head_flops(&r1.llm);
        if (fabs(a / b - published[i]) > .02) fail_msg("%ld tokens: %.4f", (long)n[i], a / b);
    }
    end(&m1);
    end(&r1);
}

static void the_twin_becomes_the_hybrid(void **state) { /* the card on an all-softmax twin is the model itself */
    (void)state;
    world own, twin;
    start(&own, "minimax-m1", "", 8);
    start(&twin, "minimax-m1", "", 8);
    gbl_kv_plan_free(twin.plan);
    gbl_cost_free(twin.c);
    twin.llm.linear_layers = twin.llm.linear_state_B = 0;
    assert_close(gbl_llm_kv_bytes(&twin.llm, 2), 327680, 1e-12);
    plan_for(&twin, "minimax_m1", 2);
    gbl_cost_spec s = *gbl_cost_spec_of(own.c);
    gbl_err err = {0};
    s.llm = &twin.llm;
    s.compress = twin.plan;
    if (gbl_cost_new(&twin.c, &s, &err)) fail_msg("%s", err.what);
    assert_close(gbl_kv_resident_bytes(twin.plan, 4096, 4096), gbl_kv_resident_bytes(own.plan, 4096, 4096), 1e-12);
    assert_close(gbl_cost_parameters(twin.c, NULL), gbl_cost_parameters(own.c, NULL), 1e-12);
    assert_int_equal(prompt_of(&twin, 3000).demand.alone_ns, prompt_of(&own, 3000).demand.alone_ns);
    assert_int_equal(decodes_of(&twin, 5, 3000, 3100).demand.alone_ns, decodes_of(&own, 5, 3000, 3100).demand.alone_ns);
    assert_close(prompt_of(&twin, 3000).flops, prompt_of(&own, 3000).flops, 1e-12);
    end(&own);
    end(&twin);
}

static void fewer_kv_heads(void **state) { /* weights fall by (1-f) 2 H Hkv d L, KV by f; a step of n reads half as much */
    (void)state;
    world w, base;
    start(&w, "llama-2-7b", "compress_kv_heads", 1);
    start(&base, "llama-2-7b", NULL, 1);
    assert_close(gbl_cost_parameters(base.c, NULL) - gbl_cost_parameters(w.c, NULL), .5 * 2 * 4096 * 32 * 128 * 32.0, 1e-9);
    assert_close(gbl_kv_resident_bytes(w.plan, 4096, 4096) / gbl_kv_full_bytes(w.plan, 4096), .5, 1e-12);
    assert_true(gbl_cost_kv_blocks(w.c) > gbl_cost_kv_blocks(base.c)); /* the same blocks in the memory that weights leave */
    assert_close(gbl_cost_kv_bytes_per_token(w.c), gbl_cost_kv_bytes_per_token(base.c), 0);
    double pair = 4 * 32 * 128.0 * 32; /* query heads do the same work */
    assert_close(decodes_of(&w, 1, 4096, 4096).flops - decodes_of(&w, 1, 2048, 2048).flops, 2048 * pair, 1e-9);
    assert_close(decodes_of(&w, 1, 4096, 4096).bytes - decodes_of(&w, 1, 2048, 2048).bytes, 2048 * gbl_llm_kv_bytes(&w.llm, 1), 1e-9);
    end(&w);
    end(&base);
}

/* Operator rows add up to the step, and a hold's aggregates are those of its steps. */
static void rows_add_up(void **state) {
    (void)state;
    const char *const text[] = {"swiftkv", "swiftkv{group=4}", "parscale{streams=2}", "mor", "mor{kv_once=1}", "mor{recursions=6}", "block_transformer", "minimax_m1", "hamburger", "compress_kv_heads", "swiftkv,kivi-4bit"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        world w;
        start(&w, "llama-3.1-8b", text[i], 2);
        for (int mixed = 0; mixed < 2; mixed++) {
            gbl_batch b = {0};
            gbl_op op[GBL_OPS_MOST];
            gbl_step_cost s;
            for (int k = 0; k < 20; k++) gbl_batch_decode_of(w.c, &b, 100 + k, 300 + 7 * k);
            if (mixed) gbl_batch_chunk_of(w.c, &b, 900, 600, 300, 1);
            gbl_cost_step(w.c, &b, &s);
            int n = gbl_cost_operators(w.c, &b, "decode", op, GBL_OPS_MOST);
            double us = 0;
            for (int k = 0; k < n; k++) us += op[k].count * op[k].time_us;
            assert_true(n < GBL_OPS_MOST);
            if (fabs(us * 1e3 - (double)s.demand.alone_ns) > 2) fail_msg("%s: rows of %.3f us, a step of %.3f", text[i], us, (double)s.demand.alone_ns / 1e3);
            assert_true(s.flops > 0 && s.bytes > 0);
        }
        end(&w);
    }
}

static void refused(const char *llm, const char *text, const char *part) {
    world w = {.a = gbl_arena_new()};
    gbl_err err = {0};
    if (gbl_llm_load(&w.llm, llm, "", w.a, &err)) fail_msg("%s", err.what);
    assert_int_equal(gbl_kv_plan_text(&w.plan, text, &w.llm, 2, w.a, &err), GBL_EINPUT);
    if (!strstr(err.what, part)) fail_msg("%s: \"%s\" does not speak of \"%s\"", text, err.what, part);
    end(&w);
}

static void what_does_not_fit(void **state) {
    (void)state;
    refused("llama-3.1-8b", "swiftkv,mor", "both act on");
    refused("llama-3.1-8b", "swiftkv,snapkv", "rule g");
    refused("llama-3.1-8b", "block_transformer,streamingllm", "rule arch");
    refused("llama-3.1-8b", "mor{recursions=2.5}", "whole number");
    refused("llama-3.1-8b", "mor{recursions=6,own_layers=30}", "fewer than one");
    refused("llama-3.1-8b", "parscale{streams=1.5}", "whole number");
    refused("mixtral-8x7b-v0.1", "mor", "mixture of experts");
    refused("mixtral-8x7b-v0.1", "block_transformer", "mixture of experts");
    refused("deepseek-v3", "swiftkv", "does not fit");
    refused("deepseek-v3", "minimax_m1", "does not fit");
    refused("mistral-7b-v0.1", "parscale", "sliding window");
    refused("minimax-m1", "minimax_m1", "linear layers of its own");
    refused("llama-3.1-8b", "compress_kv_heads{heads=0.4}", "do not divide");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_leave_early), cmocka_unit_test(later_layers_share), cmocka_unit_test(chunks_leave_early_too),
        cmocka_unit_test(streams_read_weights_once), cmocka_unit_test(recursions_share_weights), cmocka_unit_test(steps_of_several_tokens),
        cmocka_unit_test(blocks_and_tokens), cmocka_unit_test(states_do_not_grow), cmocka_unit_test(long_generations),
        cmocka_unit_test(the_twin_becomes_the_hybrid), cmocka_unit_test(fewer_kv_heads), cmocka_unit_test(rows_add_up), cmocka_unit_test(what_does_not_fit)};
    return cmocka_run_group_tests_name("models_arch", tests, NULL, NULL);
}
