/* chains.c - the block chains of a whole trace in memory, and what an oracle knows of them. */
#include <string.h>

#include "base/map.h"
#include "base/param.h"
#include "base/random.h"
#include "sim/hits.h"

static int add(gbl_chains *c, gbl_map *dense, const gbl_record *r, gbl_err *err) {
    if (gbl_grow(&c->one, &c->one_room, c->n_one + 1, sizeof *c->one) || gbl_grow(&c->block, &c->room, c->n + (size_t)r->n_ids, sizeof *c->block))
        return gbl_nomem(err, c->n * sizeof *c->block);
    c->one[c->n_one++] = (gbl_chain){r->input, r->session, r->arrival_ns, c->n, r->n_ids, r->id_tokens, r->tenant};
    c->output += r->output;
    for (int32_t i = 0; i < r->n_ids; i++) {
        int32_t id = gbl_map_get(dense, r->ids[i]);
        if (id < 0) {
            id = c->n_ids++;
            if (gbl_map_put(dense, r->ids[i], id)) return gbl_nomem(err, 64);
        }
        c->block[c->n++] = id;
    }
    if (c->n < INT32_MAX) return 0;
    return gbl_fail(err, GBL_EINPUT, "the trace has more than %d block ids; that is the most that can be replayed at once", INT32_MAX - 1);
}

int gbl_chains_read(gbl_chains *c, gbl_source *s, gbl_err *err) {
    gbl_record rec;
    int rc, code = 0;
    *c = (gbl_chains){0};
    gbl_map *dense = gbl_map_new(1 << 16);
    if (!dense) return gbl_nomem(err, 1 << 16);
    while (!code && (rc = gbl_source_next(s, &rec, err)) == 1) code = add(c, dense, &rec, err);
    gbl_map_free(dense);
    if (!code && rc < 0) code = GBL_EINPUT;
    if (!code && rc == 2) code = gbl_fail(err, GBL_EINPUT, "a closed loop has no order of its own to replay");
    if (!code && !c->n) {
        gbl_fail(err, GBL_EINPUT, "the trace carries no prefix-block ids, so there is nothing to hit");
        code = gbl_expected(err, "a trace with hash_ids, such as Mooncake JSONL");
    }
    if (code) gbl_chains_fini(c);
    return code;
}

void gbl_chains_fini(gbl_chains *c) {
    gbl_free(c->block);
    gbl_free(c->one);
    gbl_free(c->cost);
    *c = (gbl_chains){0};
}

/* ---- costs ---- */

typedef struct two {
    int32_t use;
    double low, high, share;
} two;
static const gbl_param two_rows[] = {
    {"use", GBL_P_CHOICE, 0, offsetof(two, use), "\"two\"", 0, 0, NULL, "two", "The law: one of two costs."},
    {"low", GBL_P_REAL, 0, offsetof(two, low), "1", 0, 1e12, NULL, NULL, "The lower cost."},
    {"high", GBL_P_REAL, 0, offsetof(two, high), "100", 0, 1e12, NULL, NULL, "The higher one."},
    {"share", GBL_P_REAL, 0, offsetof(two, share), "0.5", 0, 1, "share", NULL, "How many have the higher one."},
    {0}};

int gbl_chains_costs(gbl_chains *c, const gbl_node *n, uint64_t seed, gbl_err *err) {
    two t;
    gbl_arena *a = gbl_arena_new();
    int code = a ? gbl_param_defaults(two_rows, &t, a, err) : gbl_nomem(err, sizeof t);
    if (!code) code = gbl_param_bind(two_rows, &t, n, NULL, a, err);
    if (!code && !(c->cost = gbl_alloc((size_t)c->n_ids + 1, sizeof *c->cost))) code = gbl_nomem(err, (size_t)c->n_ids * sizeof *c->cost);
    for (int32_t i = 0; i < c->n_ids && !code; i++) c->cost[i] = gbl_draw(seed, GBL_STREAM_COST, (uint64_t)i, 0) < t.share ? t.high : t.low;
    gbl_arena_free(a);
    return code;
}

int gbl_oracle_next(gbl_oracle *o, const gbl_chains *c, gbl_err *err) {
    int32_t *seen = gbl_alloc((size_t)c->n_ids + 1, sizeof *seen);
    *o = (gbl_oracle){.next = gbl_alloc(c->n + 1, sizeof *o->next)};
    int ok = seen && o->next;
    for (int32_t b = 0; ok && b < c->n_ids; b++) seen[b] = INT32_MAX;
    for (size_t i = c->n; ok && i-- > 0;) {
        o->next[i] = seen[c->block[i]];
        seen[c->block[i]] = (int32_t)i;
    }
    gbl_free(seen);
    return ok ? 0 : gbl_nomem(err, c->n * sizeof *o->next);
}

/* ---- advice ---- */

typedef struct optimum { /* Belady without bypass, counting only */
    gbl_bits next;  /* next uses of the resident */
    gbl_bag dead;   /* last accesses of the resident that are never used again */
    void *words;
} optimum;

/* Runs the optimum over the flat order; resident[a] is told by whether the bit of access number a is still set when a comes. */
static void run_optimum(gbl_oracle *o, const gbl_chains *c, int64_t capacity, optimum *opt, const int32_t *prev) {
    int64_t n_resident = 0;
    for (int64_t a = 0; a < (int64_t)c->n; a++) {
        int32_t next = o->next[a];
        if (gbl_bits_has(&opt->next, a)) gbl_bits_clear(&opt->next, a);
        else if (n_resident < capacity) n_resident++;
        else if (opt->dead.n) {
            int32_t out = opt->dead.block[opt->dead.n - 1];
            gbl_bag_drop(&opt->dead, out);
            o->discard[out] = 1;
        } else {
            int64_t out = gbl_bits_last(&opt->next);
            gbl_bits_clear(&opt->next, out);
            o->discard[prev[out]] = 1;
        }
        if (next == INT32_MAX) gbl_bag_put(&opt->dead, (int32_t)a);
        else gbl_bits_set(&opt->next, next);
    }
}

static int discard_bits(gbl_oracle *o, const gbl_chains *c, int64_t capacity, gbl_err *err) {
    size_t n = c->n;
    optimum opt = {.words = gbl_alloc(1, gbl_bits_bytes((int64_t)n))};
    int32_t *prev = gbl_alloc(n, sizeof *prev);
    opt.dead = (gbl_bag){gbl_alloc(n, sizeof(int32_t)), gbl_alloc(n, sizeof(int32_t)), 0};
    int ok = opt.words && prev && opt.dead.block && opt.dead.where;
    if (ok) {
        for (size_t a = 0; a < n; a++)
            if (o->next[a] != INT32_MAX) prev[o->next[a]] = (int32_t)a;
        gbl_bits_init(&opt.next, (int64_t)n, opt.words);
        run_optimum(o, c, capacity, &opt, prev);
    }
    gbl_free(prev);
    gbl_free(opt.words);
    gbl_free(opt.dead.block);
    gbl_free(opt.dead.where);
    return ok ? 0 : gbl_nomem(err, n * sizeof *prev);
}

/* Phases are the longest runs of at most `capacity` distinct blocks, cut from the start. */
static int phase_bits(gbl_oracle *o, const gbl_chains *c, int64_t capacity, gbl_err *err) {
    int32_t *phase = gbl_alloc(c->n, sizeof *phase), *seen = gbl_alloc((size_t)c->n_ids, sizeof *seen);
    int ok = phase && seen;
    if (ok) {
        int32_t now = 1;
        int64_t distinct = 0;
        for (size_t a = 0; a < c->n; a++) {
            if (seen[c->block[a]] != now && distinct++ == capacity) now++, distinct = 1;
            seen[c->block[a]] = phase[a] = now;
        }
        memset(seen, 0, (size_t)c->n_ids * sizeof *seen); /* from here on: the earliest later phase that uses it */
        for (size_t end = c->n; end > 0;) {
            size_t from = end;
            while (from > 0 && phase[from - 1] == phase[end - 1]) from--;
            for (size_t a = from; a < end; a++) o->phase[a] = seen[c->block[a]] == phase[a] + 1;
            for (size_t a = from; a < end; a++) seen[c->block[a]] = phase[a];
            end = from;
        }
    }
    gbl_free(phase);
    gbl_free(seen);
    return ok ? 0 : gbl_nomem(err, c->n * sizeof *phase);
}

int gbl_oracle_advice(gbl_oracle *o, const gbl_chains *c, int64_t capacity, gbl_err *err) {
    o->discard = gbl_alloc(c->n, 1);
    o->phase = gbl_alloc(c->n, 1);
    if (!o->discard || !o->phase) return gbl_nomem(err, c->n);
    int code = discard_bits(o, c, capacity, err);
    return code ? code : phase_bits(o, c, capacity, err);
}

void gbl_oracle_fini(gbl_oracle *o) {
    gbl_free(o->next);
    gbl_free(o->discard);
    gbl_free(o->phase);
    *o = (gbl_oracle){0};
}
