/* evictor.h - one instance of an eviction policy, as a pool of blocks holds it: its state, its memory by block, and what it
 * borrowed in init. Shared by the engine's KV pool and the flat sets of `gable trace hits`. */
#ifndef GBL_EVICTOR_H
#define GBL_EVICTOR_H
#include "sim/policy_table.h"

typedef struct gbl_evictor {
    const gbl_evict_policy *p;
    void *state, *blocks;
    gbl_host host;     /* what it is lent */
    struct gbl_lent *lent;
    int32_t no_memory; /* a loan failed in init */
    int32_t blind;     /* GBL_EVICT_BLIND: what is told of a block need not be gathered */
    void *owner;       /* the pool */
    void (*forget)(void *owner, int32_t block);
} gbl_evictor;

/* `host` may be NULL (no engine: draws then follow `seed`). `capacity`: blocks of the pool, INT64_MAX unbounded; `ids`: block ids
 * that the pool may use. The evictor must not move after this. */
typedef struct gbl_evictor_spec {
    const gbl_choice *choice;
    const gbl_host *host;
    uint64_t *seed; /* read at each draw where host is NULL; must live as long */
    int64_t capacity, accesses;
    int32_t ids;
    void *owner;
    void (*forget)(void *owner, int32_t block);
} gbl_evictor_spec;
int gbl_evictor_init(gbl_evictor *e, const gbl_evictor_spec *spec, gbl_err *err);
void gbl_evictor_fini(gbl_evictor *e);

#endif
