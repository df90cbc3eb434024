/* hits.h - untimed replay of a trace's prefix-block ids through one flat pool: what an eviction policy is worth. */
#ifndef GBL_HITS_H
#define GBL_HITS_H
#include "sim/policy_table.h"
#include "traces/trace.h"

typedef struct gbl_hits {
    int64_t capacity_blocks; /* -1: unbounded */
    int64_t hit_blocks, total_blocks, hit_tokens, total_tokens, requests, requests_any_hit, evicted_blocks;
} gbl_hits;
/* blocks -1: no bound. A hit is the leading run of resident blocks. Fails where the trace carries no ids. */
int gbl_hits_replay(gbl_hits *out, gbl_source *s, const gbl_choice *evict, int64_t blocks, gbl_err *err);

#endif
