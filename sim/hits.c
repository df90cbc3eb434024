/* Untimed replay of prefix-block ids. Hits are counted before a request's own blocks are touched; then its blocks are
 * touched from first to last, missing ones are inserted, and one block goes whenever the pool is over capacity. A policy
 * that works tail first is touched from last to first and evicts once at the end; one that makes room before the
 * insertion says so by a flag. A hit is the leading run of resident blocks, in tokens at most the prompt. */
#include "sim/hits.h"

#include <string.h>

#include "base/map.h"

typedef struct flat {
    const gbl_evict_policy *p;
    void *state, *blocks;
    gbl_map *dense;      /* trace id -> dense block */
    char *resident;      /* by dense block */
    size_t room;
    int64_t n_resident, capacity, evicted, now;
    int32_t n_ids;
} flat;

typedef struct chains { /* all requests, dense ids end to end */
    int32_t *block;
    size_t room, n;
    struct one { int64_t input; size_t first; int32_t n, id_tokens; } *one;
    size_t one_room, n_one;
} chains;

static int read_all(chains *c, flat *f, gbl_source *s, gbl_hits *out, gbl_err *err) {
    gbl_record rec;
    int rc;
    while ((rc = gbl_source_next(s, &rec, err)) == 1) {
        if (gbl_grow(&c->one, &c->one_room, c->n_one + 1, sizeof *c->one) || gbl_grow(&c->block, &c->room, c->n + (size_t)rec.n_ids, sizeof *c->block))
            return gbl_nomem(err, c->n * sizeof *c->block);
        c->one[c->n_one++] = (struct one){rec.input, c->n, rec.n_ids, rec.id_tokens};
        for (int32_t i = 0; i < rec.n_ids; i++) {
            int32_t id = gbl_map_get(f->dense, rec.ids[i]);
            if (id < 0) {
                id = f->n_ids++;
                if (gbl_map_put(f->dense, rec.ids[i], id)) return gbl_nomem(err, 64);
            }
            c->block[c->n++] = id;
        }
        out->total_tokens += rec.input;
        out->total_blocks += rec.n_ids;
    }
    out->requests = (int64_t)c->n_one;
    if (rc == 2) return gbl_fail(err, GBL_EINPUT, "a closed loop has no order of its own to replay");
    if (rc < 0 || c->n) return rc < 0 ? GBL_EINPUT : 0;
    gbl_fail(err, GBL_EINPUT, "the trace carries no prefix-block ids, so there is nothing to hit");
    return gbl_expected(err, "a trace with hash_ids, such as Mooncake JSONL");
}

static int evict_one(flat *f, gbl_err *err) {
    int32_t out;
    if (f->p->victims(f->state, 1, &out) != 1 || out < 0 || out >= f->n_ids || !f->resident[out])
        return gbl_fail(err, GBL_EFAULT, "policy evict/%s broke its contract: its victim is not resident", f->p->head.name);
    if (f->p->gone) f->p->gone(f->state, out, GBL_GONE_EVICTED);
    f->resident[out] = 0;
    f->n_resident--;
    f->evicted++;
    return 0;
}

static int use_block(flat *f, const int32_t *chain, int32_t i, int32_t tokens, int evict_now, gbl_err *err) {
    int32_t b = chain[i];
    gbl_block_info info = {(uint64_t)b, i ? chain[i - 1] : -1, i, tokens, f->now++, INT64_MAX};
    if (f->resident[b]) {
        if (f->p->touch) f->p->touch(f->state, b, &info);
        return 0;
    }
    int before = (f->p->head.flags & GBL_EVICT_BEFORE_INSERT) != 0;
    if (f->p->miss) f->p->miss(f->state, &info);
    int code = before && f->n_resident >= f->capacity ? evict_one(f, err) : 0;
    if (code) return code;
    if (f->p->insert) f->p->insert(f->state, b, &info);
    f->resident[b] = 1;
    f->n_resident++;
    return evict_now && f->n_resident > f->capacity ? evict_one(f, err) : 0;
}

static int replay_one(flat *f, const chains *c, const struct one *q, gbl_hits *out, gbl_err *err) {
    const int32_t *chain = c->block + q->first;
    int32_t run = 0;
    while (run < q->n && f->resident[chain[run]]) run++;
    int64_t tokens = (int64_t)run * q->id_tokens;
    out->hit_blocks += run;
    out->hit_tokens += tokens < q->input ? tokens : q->input;
    out->requests_any_hit += run > 0;
    int tail = (f->p->head.flags & GBL_EVICT_TAIL_FIRST) != 0, code = 0;
    for (int32_t i = 0; i < q->n && !code; i++) code = use_block(f, chain, tail ? q->n - 1 - i : i, q->id_tokens, !tail, err);
    while (!code && f->n_resident > f->capacity) code = evict_one(f, err);
    return code;
}

static int make_pool(flat *f, const gbl_choice *evict, gbl_err *err) {
    const gbl_policy *head = evict->policy;
    size_t n = (size_t)f->n_ids, block = head->block_size ? head->block_size : 1;
    f->state = gbl_alloc(1, head->state_size ? head->state_size : 1);
    f->blocks = gbl_alloc(n, block);
    f->resident = gbl_alloc(n, 1);
    if (!f->state || !f->blocks || !f->resident) return gbl_nomem(err, n * block);
    if (head->state_size) memcpy(f->state, evict->config, head->state_size);
    static const gbl_host nobody = {.size = sizeof(gbl_host)};
    if (f->p->init) f->p->init(f->state, &nobody, f->n_ids, f->blocks);
    return 0;
}

int gbl_hits_replay(gbl_hits *out, gbl_source *s, const gbl_choice *evict, int64_t blocks, gbl_err *err) {
    *out = (gbl_hits){.capacity_blocks = blocks};
    flat f = {.p = (const void *)evict->policy, .capacity = blocks < 0 ? INT64_MAX : blocks, .dense = gbl_map_new(1 << 16)};
    chains c = {0};
    int code = f.dense ? read_all(&c, &f, s, out, err) : gbl_nomem(err, 1 << 16);
    if (!code) code = make_pool(&f, evict, err);
    for (size_t i = 0; i < c.n_one && !code; i++) code = replay_one(&f, &c, &c.one[i], out, err);
    out->evicted_blocks = f.evicted;
    gbl_map_free(f.dense);
    gbl_free(f.state);
    gbl_free(f.blocks);
    gbl_free(f.resident);
    gbl_free(c.block);
    gbl_free(c.one);
    return code;
}
