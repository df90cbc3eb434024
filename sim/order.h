/* order.h - the order in which one replica of a timed run used its blocks, recorded, to be replayed without time: what Belady
 * would have found in it. The order follows from what the run's own policy kept, so another policy would have made another
 * one; the bound is of this order, in a pool that requests in flight take nothing from. */
#ifndef GBL_ORDER_H
#define GBL_ORDER_H
#include "base/map.h"
#include "sim/hits.h"

typedef struct gbl_order {
    gbl_chains chains;
    gbl_map *dense; /* number of a key */
} gbl_order;

int gbl_order_init(gbl_order *o, gbl_err *err);
void gbl_order_fini(gbl_order *o);
/* A request begins to use blocks; then each of them. */
int gbl_order_begin(gbl_order *o, int64_t now_ns, int32_t uncounted);
int gbl_order_use(gbl_order *o, uint64_t key);
/* Blocks hit by Belady in `capacity` blocks, with and without bypass. */
int gbl_order_belady(const gbl_order *o, int64_t capacity, int64_t *bypass, int64_t *keeping, gbl_err *err);

#endif
