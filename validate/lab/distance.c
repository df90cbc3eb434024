/* distance.c - see distance.h. */
#include "validate/lab/distance.h"

enum { DISTANCE = 25 };

void gbl_cache_step_distance(gbl_cache *c, const gbl_row *row)
{
    double most = (double)c->budget / (double)c->prompt * (double)(row->t + 1);
    if ((double)c->held <= most || c->held < 2) return;
    int64_t back = c->held < DISTANCE ? c->held : DISTANCE, j = c->n;
    while (back > 0) back -= c->in[--j];
    gbl_cache_evict(c, j);
}
