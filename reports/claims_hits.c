/* claims_hits.c - what an eviction policy would find again in a scenario's trace, without time: gable trace hits as a measure. */
#include <string.h>

#include "base/text.h"
#include "reports/claims_parts.h"
#include "sim/hits.h"
#include "sim/scenario.h"

typedef struct count {
    const char *name;
    double value;
} count;

static int pick(const gbl_hits *h, const gbl_node *metric, double *out, gbl_err *err)
{
    const count all[] = {{"hit_blocks", (double)h->hit_blocks},
                         {"missed_blocks", (double)(h->total_blocks - h->hit_blocks)},
                         {"total_blocks", (double)h->total_blocks},
                         {"hit_tokens", (double)h->hit_tokens},
                         {"total_tokens", (double)h->total_tokens},
                         {"missed_cost", h->missed_cost},
                         {"total_cost", h->total_cost},
                         {"evicted_blocks", (double)h->evicted_blocks},
                         {"requests_any_hit", (double)h->requests_any_hit}};
    enum { N = sizeof all / sizeof *all };
    const char *known[N];
    for (size_t i = 0; i < N; i++) {
        known[i] = all[i].name;
        if (strcmp(known[i], gbl_node_text(metric)) != 0) continue;
        *out = all[i].value;
        return GBL_OK;
    }
    gbl_node_fail(metric, err, "a replay without time has no number \"%s\"", gbl_node_text(metric));
    gbl_expected(err, "hit_blocks, missed_blocks, total_blocks, hit_tokens, total_tokens, missed_cost, total_cost, evicted_blocks or requests_any_hit");
    return gbl_nearest(err, gbl_near(gbl_node_text(metric), known, N));
}

int gbl_claims_hits(const gbl_claims *c, const gbl_claims_hits_ask *ask, double *out, gbl_err *err)
{
    gbl_scenario *s = NULL;
    gbl_source *source = NULL;
    gbl_chains chains = {0};
    gbl_hits h = {0};
    gbl_choice evict;
    int64_t blocks = ask->blocks < 9e18 ? (int64_t)ask->blocks : -1;
    int code = gbl_claims_scenario(c, ask->scenario, ask->set, ask->n_set, &s, err);
    if (!code) code = gbl_choice_bind(&evict, GBL_EVICT, ask->evict, "lru", c->arena, err);
    if (!code) code = gbl_source_open(&source, s->trace, (uint64_t)s->seed, err);
    if (!code) code = gbl_chains_read(&chains, source, err);
    if (!code && ask->cost) code = gbl_chains_costs(&chains, ask->cost, (uint64_t)s->seed, err);
    if (!code) code = gbl_hits_replay(&h, &chains, &evict, blocks, (uint64_t)s->seed, err);
    if (!code) code = pick(&h, ask->metric, out, err);
    gbl_chains_fini(&chains);
    gbl_source_close(source);
    gbl_scenario_free(s);
    return code;
}
