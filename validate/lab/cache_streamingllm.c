/* cache_streamingllm.c - StreamingLLM (Xiao et al., ICLR'24; mit-han-lab/streaming-llm, kv_cache.py): the first 4 tokens and the last. */
#include "validate/lab/cache.h"

enum { SINKS = 4 };

static void choose(gbl_cache *c, const gbl_note *n)
{
    (void)n;
    int64_t sinks = c->budget < SINKS ? c->budget : SINKS, last = c->n - (c->budget - sinks);
    for (int64_t j = 0; j < c->n; j++)
        if (j < sinks || j >= last) gbl_cache_keep(c, j);
}

static void step(gbl_cache *c, const gbl_row *row)
{
    (void)row;
    if (c->held <= c->budget) return;
    int64_t oldest = c->budget > SINKS ? SINKS : 0;
    while (!c->in[oldest]) oldest++;
    gbl_cache_evict(c, oldest);
}

const gbl_cache_method gbl_cache_streamingllm = {.name = "streamingllm", .brief = "4 sinks and the last tokens", .source = "Xiao et al., ICLR'24; code kv_cache.py",
                                                 .choose = choose, .step = step};
