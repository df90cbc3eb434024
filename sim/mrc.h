/* mrc.h - the hits of LRU at every capacity from one pass over a trace's block ids, by stack distances (Mattson, Gecsei,
 * Slutz, Traiger: "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970), and how far apart and
 * how long blocks are used.
 *
 * The distance of a block is the number of other blocks used since it was: LRU with more blocks than that still holds it. A
 * request hits the leading run of resident blocks, so its block i is hit where the capacity exceeds the largest distance of
 * blocks 0..i, all taken when the request comes: the same counts as replaying each capacity (gbl_hits_replay).
 *
 * Sampling (Waldspurger, Park, Garthwaite, Ahmad: "Efficient MRC construction with SHARDS", FAST 2015): only ids whose hash
 * lies below `sample` are followed, distances and counts are divided by it, and the difference between the blocks seen and
 * the blocks expected goes to the shortest distance (SHARDS-adj). Memory then grows with the sampled ids. */
#ifndef GBL_MRC_H
#define GBL_MRC_H
#include "traces/trace.h"

typedef struct gbl_mrc gbl_mrc;
enum { GBL_MRC_REACH = 40, GBL_MRC_LIVES = 8 };
typedef struct gbl_mrc_facts {
    double sample;
    int64_t requests, total_blocks, total_tokens;
    double unique_blocks;         /* estimated where sampled */
    double cold;                  /* uses of a block never used before */
    double reach[GBL_MRC_REACH];  /* uses at distance 0, 1, 2..3, 4..7, ...: bucket k > 0 starts at 2^(k-1) */
    double lives[GBL_MRC_LIVES];  /* blocks by time from first to last use; see gbl_mrc_life_s */
} gbl_mrc_facts;
/* Upper bound of lifetime bucket k in seconds: bucket 0 holds blocks used at one instant only (0 s); the last is unbounded. */
double gbl_mrc_life_s(int k);

/* tail_first: a request's blocks are touched from last to first (lru_tail). sample in (0,1]; 1: exact. */
int gbl_mrc_new(gbl_mrc **out, gbl_source *s, double sample, int tail_first, gbl_err *err);
void gbl_mrc_free(gbl_mrc *m);
const gbl_mrc_facts *gbl_mrc_know(const gbl_mrc *m);
/* Hits with `blocks` blocks (INT64_MAX: unbounded). Whole numbers. */
void gbl_mrc_at(const gbl_mrc *m, int64_t blocks, double *hit_blocks, double *hit_tokens);

#endif
