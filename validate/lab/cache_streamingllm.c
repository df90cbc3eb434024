/* cache_streamingllm.c - StreamingLLM (Xiao et al., ICLR'24; mit-han-lab/streaming-llm, kv_cache.py): the first 4 tokens and the last. */
#include "validate/lab/cache.h"

typedef struct streamingllm {
    int64_t sinks;
} streamingllm;

static const gbl_param params[] = {
    {"sinks", GBL_P_INT, 0, offsetof(streamingllm, sinks), "4", 0, 1e6, "tokens", NULL, "First tokens that always stay (paper: 4).", NULL},
    {0}};

static int64_t sinks_of(const gbl_cache *c)
{
    int64_t sinks = ((const streamingllm *)c->opt)->sinks;
    return sinks < c->budget ? sinks : c->budget;
}

static void choose(gbl_cache *c, const gbl_note *n)
{
    (void)n;
    int64_t sinks = sinks_of(c), last = c->n - (c->budget - sinks);
    for (int64_t j = 0; j < c->n; j++)
        if (j < sinks || j >= last) gbl_cache_keep(c, j);
}

static void step(gbl_cache *c, const gbl_row *row)
{
    (void)row;
    if (c->held <= c->budget) return;
    int64_t oldest = c->budget > sinks_of(c) ? sinks_of(c) : 0;
    while (!c->in[oldest]) oldest++;
    gbl_cache_evict(c, oldest);
}

const gbl_cache_method gbl_cache_streamingllm = {.name = "streamingllm", .brief = "4 sinks and the last tokens", .source = "Xiao et al., ICLR'24; code kv_cache.py",
                                                 .params = params, .opt_size = sizeof(streamingllm), .choose = choose, .step = step};
