/* cache_elastic.c - Elastic Cache (Liu et al., ECCV'24; liuzuyan/ElasticCache, kv_cache.py): by layer, heads averaged. At the prompt's end
 * the tokens with the least column sums are merged into the nearest one that stays, by position; the first 4 stay. Then the token
 * 25 places before the end goes whenever more than the budget's share of all tokens is held. */
#include "validate/lab/cache.h"
#include "validate/lab/distance.h"

enum { SINKS = 4 };

static void choose(gbl_cache *c, const gbl_note *n)
{
    int64_t sinks = c->budget < SINKS ? c->budget : SINKS, left = -1;
    for (int64_t j = 0; j < sinks; j++) gbl_cache_keep(c, j);
    gbl_cache_keep_top(c, n->sum[0], sinks, c->n, c->budget - sinks);
    for (int64_t j = c->n, right = -1; j-- > 0;) {
        if (c->in[j]) right = j;
        c->order[j] = right;
    }
    for (int64_t j = 0; j < c->n; j++) {
        if (c->in[j]) {
            left = j;
            continue;
        }
        int64_t right = c->order[j], into = left < 0 || (right >= 0 && right - j < j - left) ? right : left;
        gbl_cache_merge(c, j, into, gbl_cache_alike(c, j, into));
    }
}

const gbl_cache_method gbl_cache_elastic = {.name = "elastic_cache", .brief = "by layer: light tokens of the prompt merge into the nearest that stays",
                                            .source = "Liu et al., ECCV'24; code kv_cache.py", .sets = GBL_SETS_LAYER, .observe = gbl_note_sums,
                                            .choose = choose, .step = gbl_cache_step_distance, .needs_keys = 1};
