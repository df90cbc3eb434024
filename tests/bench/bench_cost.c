/* What a step costs: the function that every simulated step calls, for decodes alone and with a prefill chunk. */
#include "models/cost.h"
#include "bench.h"

static void steps(const gbl_cost *c, const char *name, int64_t n, int64_t chunk)
{
    gbl_batch b = {0};
    gbl_step_cost out;
    uint64_t sum = 0;

    for (int i = 0; i < 64; i++) gbl_batch_decode(c, &b, 700 + 10 * i);
    if (chunk) gbl_batch_chunk(c, &b, chunk, 512, 1);
    double start = bench_now();
    for (int64_t i = 0; i < n; i++) {
        gbl_batch_advance(&b);
        gbl_cost_step(c, &b, &out);
        sum += (uint64_t)out.demand.alone_ns;
    }
    bench_line(name, n, "steps", bench_now() - start, sum);
}

int main(void)
{
    gbl_arena *a = gbl_arena_new();
    gbl_hw hw;
    gbl_llm llm;
    gbl_runtime rt;
    gbl_cost *c = NULL;
    gbl_err err = {0};
    char text[2048];

    if (!a) return 1;
    int code = gbl_hw_load(&hw, "a100-80-sxm", NULL, a, &err);
    if (!code) code = gbl_llm_load(&llm, "llama-3.1-8b", NULL, a, &err);
    if (!code) code = gbl_runtime_load(&rt, "vllm", NULL, a, &err);
    gbl_cost_spec spec = {.hw = &hw, .llm = &llm, .runtime = &rt, .tp = 1, .pp = 1, .dp = 1, .ep = 1,
                          .weights = GBL_BF16, .activations = GBL_BF16, .kv = GBL_BF16, .block_size = 16,
                          .memory_utilization = 0.9, .max_num_seqs = 256, .max_num_batched_tokens = 8192, .kv_blocks = -1};
    if (!code) code = gbl_cost_new(&c, &spec, &err);
    if (code) {
        gbl_err_text(&err, text, sizeof text);
        fputs(text, stderr);
        return code;
    }
    steps(c, "step cost, 64 decodes", bench_n(5000000), 0);
    steps(c, "step cost, with a chunk", bench_n(5000000), 448);
    gbl_cost_free(c);
    gbl_arena_free(a);
    return 0;
}
