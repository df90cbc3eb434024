/* shared.h - a KV store that all replicas share over the network (MemServe's pool, Mooncake's store): an element of "tiers" with
 * kind "remote".
 *
 * A finished prompt's full blocks are written to it in the background; a block can be read once its bytes have arrived. When a
 * request joins a replica's queue, the blocks that continue what the replica itself has are fetched into its prefix cache, where
 * that is estimated to be faster than to compute them (or always). The store holds blocks by content, whoever computed them,
 * least recently used first out; the head of a prompt counts as used after its tail, so that what stays can be matched.
 * Accounts, asserted: inserted = resident + evicted. */
#ifndef GBL_SHARED_H
#define GBL_SHARED_H
#include "base/json.h"
#include "base/mem.h"
#include "base/doc.h"

enum gbl_shared_load { GBL_SHARED_COST, GBL_SHARED_ALWAYS };
typedef struct gbl_shared_spec {
    const char *name;
    int32_t kind, load;
    double bytes, bandwidth_gb_s; /* NaN: only the replicas' ports limit it */
    const gbl_node *at;
} gbl_shared_spec;

/* shared_spec.c. An element of "tiers" is the store where its kind, or its name alone, says "remote". */
int gbl_shared_is(const gbl_node *element);
int gbl_shared_bind(gbl_shared_spec *out, const gbl_node *list, gbl_arena *a, gbl_err *err); /* bytes 0 where there is none */
void gbl_shared_json(const gbl_shared_spec *s, gbl_json *j); /* one more element of an open array */
void gbl_shared_schema(gbl_json *j); /* members: what tier_spec.c does not say */

struct gbl_engine;
struct gbl_replica;
typedef struct gbl_shared gbl_shared;
typedef struct gbl_shared_facts {
    int64_t capacity, blocks, peak, inserted, evicted, fetched, written; /* blocks */
    int64_t hit_tokens; /* at first admissions */
} gbl_shared_facts;
int gbl_shared_new(struct gbl_engine *e, gbl_err *err);
void gbl_shared_free(gbl_shared *s); /* NULL allowed */
void gbl_shared_put(struct gbl_replica *r, int32_t id);   /* what it computed of a prompt; before it is released */
void gbl_shared_fetch(struct gbl_replica *r, int32_t id); /* it joins the queue */
void gbl_shared_credit(struct gbl_replica *r, int32_t id, int64_t cached); /* hits, at a first admission */
void gbl_shared_flow_end(struct gbl_engine *e, int64_t tag);
void gbl_shared_check(const gbl_shared *s);
gbl_shared_facts gbl_shared_know(const gbl_shared *s);

enum { GBL_SHARED_TAG_SHIFT = 56 }; /* tags of its flows begin at 1 << 56 */

#endif
