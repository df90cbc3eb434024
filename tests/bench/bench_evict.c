/* Eviction policies on a real trace's block ids, tiled with ids of their own so that the work is longer and the pool turns
 * over: block requests a second through the policy interface, ids dense, one thread. An oracle's preparation (the number
 * of each access's next use) is timed apart. */
#include "bench.h"

#include <string.h>

#include "sim/hits.h"

#define TRACE "../shared/traces/mooncake_conversation_trace.jsonl.gz"
enum { TILES = 20, BLOCKS = 50000 };

static int tile(gbl_chains *out, const gbl_chains *one, int32_t tiles)
{
    *out = (gbl_chains){.block = gbl_alloc(one->n * (size_t)tiles, sizeof *out->block), .one = gbl_alloc(one->n_one * (size_t)tiles, sizeof *out->one),
                        .n = one->n * (size_t)tiles, .n_one = one->n_one * (size_t)tiles, .n_ids = one->n_ids * tiles};
    if (!out->block || !out->one) return -1;
    for (int32_t t = 0; t < tiles; t++) {
        for (size_t i = 0; i < one->n; i++) out->block[(size_t)t * one->n + i] = one->block[i] + t * one->n_ids;
        for (size_t i = 0; i < one->n_one; i++) {
            gbl_chain *c = &out->one[(size_t)t * one->n_one + i];
            *c = one->one[i];
            c->first += (size_t)t * one->n;
        }
    }
    return 0;
}

static int measure(const gbl_chains *c, const char *name, gbl_err *err)
{
    gbl_arena *a = gbl_arena_new();
    gbl_choice choice;
    gbl_hits h;
    gbl_oracle o = {0};
    double prepare = 0;
    char label[40];
    int code = a ? gbl_choice_bind(&choice, GBL_EVICT, NULL, name, a, err) : -1;
    if (!code && (choice.policy->flags & GBL_EVICT_NEEDS_ORACLE)) {
        double start = bench_now();
        code = gbl_oracle_next(&o, c, err);
        prepare = bench_now() - start;
        gbl_oracle_fini(&o);
    }
    double best = 1e300;
    for (int again = 0; again < 3 && !code; again++) {
        double start = bench_now();
        code = gbl_hits_replay(&h, c, &choice, BLOCKS, 1, err);
        double s = bench_now() - start - prepare;
        if (s < best) best = s;
    }
    snprintf(label, sizeof label, "evict %s", name);
    if (!code) bench_line(label, (int64_t)c->n, "blocks", best, (uint64_t)h.found_blocks);
    if (!code && prepare > 0) bench_line("evict next uses", (int64_t)c->n, "blocks", prepare, 0);
    gbl_arena_free(a);
    return code;
}

int main(void)
{
    static const char *const names[] = {"lru", "lru_tail", "fifo", "belady", "s3fifo", "sieve", "clock", "twoq", "arc", "lfu", "gdsf", "leaf_lru", NULL};
    gbl_err err = {0};
    gbl_source *s;
    gbl_chains one, all;
    if (gbl_source_open_file(&s, TRACE, NULL, &err)) {
        puts("evict                      (skipped: " TRACE " is absent)");
        return 0;
    }
    int code = gbl_chains_read(&one, s, &err);
    gbl_source_close(s);
    if (code || tile(&all, &one, (int32_t)bench_n(TILES))) return 1;
    for (int i = 0; names[i] && !code; i++) code = measure(&all, names[i], &err);
    gbl_chains_fini(&one);
    gbl_chains_fini(&all);
    return code != 0;
}
