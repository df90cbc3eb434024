/* hits.h - untimed replay of a trace's prefix-block ids through one flat pool: what an eviction policy is worth. */
#ifndef GBL_HITS_H
#define GBL_HITS_H
#include "sim/policy_table.h"
#include "traces/trace.h"

/* All requests of a trace, their block ids dense from 0 in order of first sight. */
typedef struct gbl_chain {
    int64_t input, session, arrival_ns;
    size_t first; /* in gbl_chains.block */
    int32_t n, id_tokens;
    int32_t tenant;
    int32_t uncounted; /* last blocks that are used but cannot be hits */
} gbl_chain;
typedef struct gbl_chains {
    int32_t *block;
    gbl_chain *one;
    size_t n, n_one, room, one_room; /* n: blocks of all requests */
    int32_t n_ids;
    int64_t output; /* tokens of all requests */
    double *cost;   /* by id, of computing what ends in it; NULL: 1 each */
} gbl_chains;
/* Reads a source to its end; fails where it carries no ids. */
int gbl_chains_read(gbl_chains *c, gbl_source *s, gbl_err *err);
void gbl_chains_fini(gbl_chains *c);
/* Gives each id a cost of its own, of two: {"low", "high", "share"}, high with probability `share`, drawn by the seed. */
int gbl_chains_costs(gbl_chains *c, const gbl_node *n, uint64_t seed, gbl_err *err);

typedef struct gbl_hits {
    int64_t capacity_blocks; /* -1: unbounded */
    /* hit_blocks: of the leading run of resident blocks, seen before the request's own are touched; found_blocks: those
     * resident when their turn to be touched came. */
    int64_t hit_blocks, found_blocks, total_blocks, hit_tokens, total_tokens, requests, requests_any_hit, evicted_blocks;
    /* Of all requests, and of those of which not every block was found: what their last blocks cost. */
    double total_cost, missed_cost;
} gbl_hits;
/* blocks -1: no bound. `seed`: of a policy's draws. */
int gbl_hits_replay(gbl_hits *out, const gbl_chains *c, const gbl_choice *evict, int64_t blocks, uint64_t seed, gbl_err *err);

/* What a policy with an oracle reads, by access (all blocks of all requests, first to last). */
typedef struct gbl_oracle {
    int32_t *next;    /* next access of the same block, INT32_MAX for none */
    uint8_t *discard; /* the optimum without bypass evicts it before that */
    uint8_t *phase;   /* it is used again in the next phase of `capacity` distinct blocks */
} gbl_oracle;
int gbl_oracle_next(gbl_oracle *o, const gbl_chains *c, gbl_err *err);
int gbl_oracle_advice(gbl_oracle *o, const gbl_chains *c, int64_t capacity, gbl_err *err); /* after gbl_oracle_next */
void gbl_oracle_fini(gbl_oracle *o);

#endif
