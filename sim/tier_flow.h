/* tier_flow.h - transfers between a replica's HBM and the tiers below it. Everything here is for sim/ alone. */
#ifndef GBL_TIER_FLOW_H
#define GBL_TIER_FLOW_H
#include "sim/engine.h"

/* tier_host.c */
void gbl_tier_match(gbl_replica *r, int32_t id, gbl_match *m); /* adds what is loaded, or coming already, for a waiting request */
/* Where the blocks to be loaded lie; asked before taking blocks pushes others down. */
void gbl_tier_count(const gbl_replica *r, int32_t id, const gbl_match *m, int32_t below[GBL_TIERS]);
void gbl_tier_admit(gbl_replica *r, int32_t id, const gbl_match *m, const int32_t below[GBL_TIERS]); /* it waits for its load */
void gbl_tier_credit(gbl_replica *r, int32_t id, int64_t cached); /* hits by tier, at a first admission */
void gbl_tier_prefetch(gbl_replica *r);                           /* asks for those who joined the queue */
void gbl_tier_bind(gbl_replica *r);                               /* its functions into the host table */

/* tier_swap.c */
int gbl_tier_swap_out(gbl_replica *r, int32_t id); /* 1: its own blocks are on their way down, it holds nothing; 0: no room below */
int gbl_tier_swap_in(gbl_replica *r, int32_t id);  /* 1: on its way, 0: not now, -1: part of its prefix is lost */
void gbl_tier_unswap(gbl_replica *r, int32_t id);  /* its copies below are of no use any more */

/* tier_flow.c */

void gbl_tier_ready(gbl_replica *r);       /* once, when the pool stands */
void gbl_tier_write_now(gbl_replica *r);   /* after blocks were taken: starts the writes that the taker waits for */
void gbl_tier_write_later(gbl_replica *r); /* at a step's end: what it computed is written through */
/* Starts to load for a request; its slot in r->loads, or -1 without memory. */
int gbl_tier_load(gbl_replica *r, int32_t id, const int32_t blocks[GBL_TIERS], double share, int layerwise);
/* A load that somebody else carries, in whole blocks; its slot, or -1. It ends with gbl_tier_elsewhere_end. */
int gbl_tier_load_elsewhere(gbl_replica *r, int32_t id, int32_t blocks);
void gbl_tier_elsewhere_end(gbl_replica *r, int slot);
int gbl_tier_layerwise(const gbl_replica *r, const int32_t blocks[GBL_TIERS]);
int64_t gbl_tier_load_ns(const gbl_replica *r, const int32_t blocks[GBL_TIERS]);
int32_t gbl_tier_load_blocks(const gbl_replica *r, int32_t id); /* of the load under way for it */
void gbl_tier_flow_end(gbl_replica *r, int64_t tag);
int32_t gbl_tier_beside(const gbl_replica *r);

#endif
