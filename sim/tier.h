/* tier.h - where KV blocks of one replica lie below HBM: host memory, an SSD, fastest first.
 *
 * Contents are bits in the pool's own tree (sim/kvpool.h), so a block that goes down or comes up keeps its id, and a chain may
 * lie in HBM at its head, in DRAM behind that and on the SSD at its tail. Each tier orders its blocks by an eviction policy of
 * its own; a block with a child in the same tier is held, as in HBM.
 *
 * A block that leaves level l is put at level l + 1 unless it lies there already or at a faster level. So a block's parent
 * always lies at its own level or a faster one: nothing below is ever out of reach, and what leaves the last level has no
 * child anywhere. Accounts of a tier, asserted:   inserted = resident + evicted + moved up.
 *
 * What moves is only counted here (`due`); the transfers are flows of the replica, see sim/tier_flow.c. A tier that several
 * replicas share would receive what falls off the last one of these: drop_out() in tier.c is the one place. */
#ifndef GBL_TIER_H
#define GBL_TIER_H
#include "models/cost.h"
#include "sim/kvpool.h"

struct gbl_shared_spec;
enum { GBL_TIERS = 4 };
enum gbl_tier_kind { GBL_TIER_DRAM, GBL_TIER_SSD };
enum gbl_tier_write { GBL_WRITE_BACK, GBL_WRITE_THROUGH };
enum gbl_tier_promote { GBL_PROMOTE_COPY, GBL_PROMOTE_MOVE };

typedef struct gbl_tier_spec { /* one element of the scenario's "tiers" */
    const char *name;
    int32_t kind, write, promote, layerwise;
    double bytes, piece_bytes, bandwidth_gb_s, latency_us, iops; /* NaN: see the rows in tier_spec.c */
    double dwpd, warranty_years;
    const gbl_node *evict_node, *at;
    gbl_choice evict;
} gbl_tier_spec;

enum gbl_due { GBL_DUE_NOW /* HBM blocks that are wanted at once */, GBL_DUE_LATER /* computed just now */, GBL_DUE_DOWN /* from the tier above */, GBL_DUES };
typedef struct gbl_tier {
    const gbl_tier_spec *spec;
    struct gbl_tiers *all;
    int32_t level;
    int64_t capacity, n, peak;              /* blocks */
    int64_t set_aside;                      /* of the capacity, for requests that were put out; below capacity */
    int64_t inserted, evicted, moved, ghosts;
    int64_t due[GBL_DUES];                  /* blocks to be written that no flow carries yet */
    int64_t written;                        /* blocks carried by flows ... */
    double loaded;                          /* ... an encoded one counted as its share */
    int64_t hit_blocks, hit_tokens;         /* loaded for requests; tokens: at first admissions */
    gbl_evictor evictor;
} gbl_tier;
typedef struct gbl_tiers {
    gbl_kvpool *pool;
    int32_t n;
    gbl_tier tier[GBL_TIERS];
    double reload_s[GBL_TIERS + 1]; /* of a block from the tier below level i; the replica sets it */
    const char *broken;             /* the rule that an eviction policy broke, or NULL */
} gbl_tiers;

double gbl_tier_blocks(const gbl_tier_spec *spec, double block_bytes); /* whole blocks that it holds; may be huge */
int gbl_tier_too_small(const gbl_tier_spec *spec, double block_bytes, gbl_err *err);
int gbl_tiers_new(gbl_tiers **out, gbl_kvpool *p, const gbl_kvpool_spec *spec, int32_t ids, gbl_err *err);
void gbl_tiers_free(gbl_tiers *b); /* NULL: nothing */
void gbl_tiers_check(const gbl_tiers *b);
int64_t gbl_tiers_with_hbm(const gbl_kvpool *p); /* capacity of HBM and the tiers together */
static inline double gbl_tiers_reload_s(const gbl_tiers *b, int32_t level) { return b->reload_s[level]; }

/* For kvpool.c. A block is about to leave HBM: it goes down, NOW where its place is wanted, LATER where its time was up. NULL,
 * or the rule that a policy broke. */
const char *gbl_tiers_receive(gbl_kvpool *p, int32_t node, enum gbl_due due);
/* A block is in HBM from now on: it leaves the tiers that move, is written to those that write through. May set `broken`. */
void gbl_tiers_rise(gbl_kvpool *p, int32_t node);
const char *gbl_tiers_expire(gbl_kvpool *p);
/* Takes `blocks` of the first tier away from cached ones; the caller has seen that this leaves one. */
const char *gbl_tiers_set_aside(gbl_tiers *b, int64_t blocks);
/* Level of the fastest tier where a block lies that is not in HBM. */
static inline int32_t gbl_tiers_level(const gbl_kvpool *p, int32_t node) { return __builtin_ctz(p->node[node].at); }

/* tier_spec.c: the scenario's words. */
int gbl_tiers_bind(gbl_tier_spec *out, int32_t *n, const gbl_node *list, gbl_arena *a, gbl_err *err); /* out: GBL_TIERS of them */
/* The first key of a tier that is not `read` and says something other than its default, or NULL. */
const gbl_node *gbl_tier_unread(const gbl_tier_spec *t, const char *const *read);
void gbl_tiers_json(const gbl_tier_spec *spec, int32_t n, const struct gbl_shared_spec *store, gbl_json *j); /* an array member "tiers" */
void gbl_tiers_schema(gbl_json *j);

#endif
