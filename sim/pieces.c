/* KV that a policy in C counts (policy.h, gbl_compress_policy): its answers checked, and turned into what the pool holds and a step does.
 * Without such a policy r->pieces is NULL and nothing here is called.
 *
 * A sequence has state of the policy's from its admission until it starts over or ends. Of whoever is not admitted yet the policy is
 * asked with state that begins then and there and is thrown away. */
#include <math.h>
#include <string.h>

#include "sim/engine.h"

typedef struct owned { int64_t dram_q8; /* of the sequence, as of its last step */ } owned;
enum { HEAD = 16 };

struct gbl_pieces {
    gbl_replica *r;
    const gbl_compress_policy *policy;
    const void *state;
    gbl_kv_piece *at[3];
    int32_t most;
    void *scratch;
    gbl_kv_toll toll[2];
    int64_t steps;                 /* that its last decision stands for */
    int64_t dram_q8, resting_q8, dram_peak_q8, dram_most_q8; /* resting: of sequences outside a held plan */
    gbl_pieces_load load;
};

static const gbl_kv_plan *plan_of(const gbl_pieces *x) { return x->r->e->s->compress; }

/* ---- the policy's answers ---- */

static owned *owned_of(const gbl_pieces *x, int32_t id) { return (owned *)(void *)(x->r->e->own + (size_t)id * x->r->e->own_size); }

static const void *own_of(const gbl_pieces *x, int32_t id) {
    if (x->r->e->priv[id].kv_prompt) return (const char *)owned_of(x, id) + HEAD;
    memset(x->scratch, 0, x->policy->request_size);
    if (x->policy->begin) x->policy->begin(x->state, x->scratch, &x->r->host, id);
    return x->scratch;
}

static const char *wrong_piece(const gbl_kv_at *at, const gbl_kv_piece *p) {
    const int64_t counts[] = {p->hbm, p->dram, p->read, p->within, p->up, p->down, p->again, p->index, p->keys, p->queries, p->ranked, p->gathered};
    double walks = (double)p->layers * p->heads;
    if (p->layers < 1 || p->heads < 1) return "a piece has no layers or no heads";
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] < 0 || (double)counts[i] * walks > 1e14) return "a piece counts less than nothing, or more than can be priced";
    if (p->products < 0 || p->flops < 0 || fmax((double)p->keys * (double)p->queries * 100, (double)p->products + (double)p->flops) * walks > 1e15) return "a piece counts less than nothing, or more than can be priced";
    if (p->hbm > at->to || p->dram > at->to || p->up > p->dram || p->down > at->to) return "a piece has more tokens than the sequence";
    if (at->settled) return NULL;
    if (at->to <= at->prompt) return p->read > at->from || p->again ? "a chunk reads tokens that were not computed before it" : NULL;
    return p->read < 1 || p->read > p->hbm + p->up + p->down + p->again ? "a step reads nothing, or what is neither in device memory, nor fetched, nor computed again" : NULL;
}

static const char *wrong(const gbl_pieces *x, const gbl_kv_at *at, const gbl_kv_piece *p, int32_t n) {
    const gbl_kv_shape *s = &plan_of(x)->shape;
    int64_t walks = 0, stands = at->settled || at->to <= at->prompt ? s->kv_heads : 0;
    if (n < 1 || n > x->most) return "it fills no piece, or more than there is room for";
    for (int32_t i = 0; i < n; i++) {
        const char *rule = wrong_piece(at, &p[i]);
        if (rule) return rule;
        walks += (int64_t)p[i].layers * p[i].heads;
        if (p[i].read <= p[i].hbm) stands += (int64_t)p[i].layers * p[i].heads;
    }
    if (stands < s->kv_heads) return "no layer has in device memory what it attends: what is fetched or computed again stands there, too";
    return walks != s->layers * s->kv_heads ? "its pieces do not cover every layer and head once" : NULL;
}

static int32_t ask(gbl_pieces *x, const gbl_kv_at *at, gbl_kv_piece *out) {
    const gbl_kv_shape *s = &plan_of(x)->shape;
    gbl_engine *e = x->r->e;
    x->r->view.req = e->req; /* a request may be asked about as it arrives */
    memset(out, 0, (size_t)x->most * sizeof *out);
    int32_t n = e->failed ? 0 : x->policy->pieces(x->state, own_of(x, at->id), &x->r->host, at, out, x->most);
    const char *rule = e->failed ? NULL : wrong(x, at, out, n);
    if (rule) gbl_policy_fault(x->r, GBL_COMPRESS, rule);
    if (!e->failed) return n;
    out[0] = (gbl_kv_piece){.layers = (int32_t)s->layers, .heads = (int32_t)s->kv_heads, .hbm = at->to, .read = at->to <= at->prompt ? at->from : at->to};
    return 1;
}

static int64_t units_at(gbl_pieces *x, gbl_kv_at at) {
    int32_t n = ask(x, &at, x->at[0]);
    return gbl_kv_pieces_q8(plan_of(x), x->at[0], n, x->r->e->block_size);
}

static int64_t dram_at(gbl_pieces *x, gbl_kv_at at) {
    int32_t n = ask(x, &at, x->at[0]);
    return gbl_kv_pieces_toll(plan_of(x), x->at[0], n).dram_q8;
}

static int64_t prompt_of(const gbl_pieces *x, int32_t id) {
    const gbl_engine *e = x->r->e;
    return e->priv[id].kv_prompt ? e->priv[id].kv_prompt : e->req[id].known;
}

/* ---- memory ---- */

int64_t gbl_pieces_units(const gbl_replica *r, int32_t id, int64_t tokens) {
    gbl_pieces *x = r->pieces;
    int64_t prompt = prompt_of(x, id), done = r->e->priv[id].shrunk ? prompt : r->e->req[id].computed, to = tokens < prompt ? tokens : prompt, first = 0;
    if (to > done) first = units_at(x, (gbl_kv_at){id, 0, prompt, done, to});
    else if (tokens <= prompt) first = units_at(x, (gbl_kv_at){id, 1, prompt, done, done});
    if (tokens <= prompt) return first;
    int64_t then = units_at(x, (gbl_kv_at){id, 0, prompt, tokens - 1, tokens});
    return first > then ? first : then;
}

int gbl_pieces_fit(const gbl_replica *r, int32_t id) {
    gbl_pieces *x = r->pieces;
    int64_t prompt = prompt_of(x, id);
    return x->dram_most_q8 == INT64_MAX || x->dram_q8 + dram_at(x, (gbl_kv_at){id, 1, prompt, prompt, prompt}) <= x->dram_most_q8;
}

int gbl_pieces_fit_alone(const gbl_replica *r, int32_t id, int64_t tokens) {
    gbl_pieces *x = r->pieces;
    int64_t prompt = prompt_of(x, id), to = tokens > prompt ? tokens : prompt + 1;
    return x->dram_most_q8 == INT64_MAX || dram_at(x, (gbl_kv_at){id, 0, prompt, to - 1, to}) <= x->dram_most_q8;
}

/* A prompt, as it is or again after the last preemption, that ends in the largest chunk or in the smallest; then what is reserved behind it. */
int64_t gbl_pieces_units_most(const gbl_replica *r, int32_t id, int64_t tokens) {
    gbl_pieces *x = r->pieces;
    int whole = (r->e->s->choice[GBL_SCHEDULE].policy->flags & GBL_SCHEDULE_WHOLE) != 0;
    int64_t chunk = whole ? INT64_MAX : r->view.max_num_batched_tokens, most = 0, prompts[] = {prompt_of(x, id), (int64_t)r->e->req[id].input + r->e->req[id].output - 1};
    for (int i = 0; i < 2; i++) {
        int64_t p = prompts[i], last = p > chunk ? p - chunk : 0;
        const gbl_kv_at at[] = {{id, 0, p, last, p}, {id, 0, p, p - 1, p}, {id, 0, p, tokens - 1, tokens}};
        for (int k = 0; k < (tokens > p ? 3 : 2); k++) {
            int64_t units = units_at(x, at[k]);
            if (units > most) most = units;
        }
    }
    return most;
}

static void note(gbl_pieces *x, int32_t id, int64_t dram_q8) {
    owned *o = owned_of(x, id);
    x->dram_q8 += dram_q8 - o->dram_q8;
    o->dram_q8 = dram_q8;
    if (x->dram_q8 > x->dram_peak_q8) x->dram_peak_q8 = x->dram_q8;
}

/* What it has in host memory now, or will have at its prompt's end. */
static void keep(gbl_pieces *x, int32_t id) {
    int64_t prompt = x->r->e->priv[id].kv_prompt, n = x->r->e->req[id].computed;
    note(x, id, n > prompt ? dram_at(x, (gbl_kv_at){id, 0, prompt, n - 1, n}) : dram_at(x, (gbl_kv_at){id, 1, prompt, prompt, prompt}));
}

void gbl_pieces_begin(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    const gbl_pieces *x = r->pieces;
    if (gbl_grow(&e->own, &e->own_room, (size_t)id + 1, e->own_size)) {
        gbl_engine_fail(e, gbl_nomem(e->err, e->own_size));
        return;
    }
    memset(owned_of(x, id), 0, e->own_size);
    r->view.req = e->req;
    if (x->policy->begin) x->policy->begin(x->state, (char *)owned_of(x, id) + HEAD, &r->host, id);
    keep(r->pieces, id);
}

void gbl_pieces_leave(gbl_replica *r, int32_t id) {
    if (r->e->priv[id].kv_prompt) note(r->pieces, id, 0);
}

/* ---- steps ---- */

static void full(gbl_pieces *x) {
    if (x->dram_q8 > x->dram_most_q8) gbl_policy_fault(x->r, GBL_COMPRESS, "it puts more into host memory than the tier has");
}

int32_t gbl_pieces_batch(gbl_replica *r) {
    gbl_pieces *x = r->pieces;
    const gbl_cost *c = r->price;
    x->toll[0] = x->toll[1] = (gbl_kv_toll){0};
    r->batch.kv.toll = x->toll;
    for (int32_t i = 0; i < r->plan.n; i++) {
        int32_t id = r->item[i];
        const gbl_req *q = &r->e->req[id];
        gbl_kv_at at = {id, 0, prompt_of(x, id), q->computed - q->scheduled, q->computed};
        if (r->e->priv[id].chunk) keep(x, id);
        int32_t n = ask(x, &at, x->at[0]);
        if (r->e->priv[id].chunk) {
            gbl_batch_chunk_pieces(c, &r->batch, at.prompt, q->scheduled, q->computed == q->known, x->at[0], n);
            continue;
        }
        note(x, id, gbl_kv_pieces_toll(plan_of(x), x->at[0], n).dram_q8);
        gbl_batch_decode_pieces(c, &r->batch, at.prompt, at.to, x->at[0], n);
    }
    full(x);
    return r->plan.n;
}

void gbl_pieces_count(gbl_replica *r) {
    gbl_pieces *x = r->pieces;
    int64_t dram = x->resting_q8 + x->toll[0].dram_q8;
    x->load.up_bytes += (double)r->batch.kv.read.link_q8 / 256;
    x->load.down_bytes += (double)x->toll[0].down_q8 / 256;
    if (r->hold.on && dram > x->dram_peak_q8) x->dram_peak_q8 = dram;
}

gbl_pieces_load gbl_pieces_load_of(const gbl_replica *r) {
    gbl_pieces_load l = r->pieces->load;
    l.dram_peak_bytes = (double)r->pieces->dram_peak_q8 / 256;
    return l;
}

/* More than a sequence holds is taken where it is free, less is given back. */
static void settle(gbl_replica *r, int32_t id) {
    const gbl_priv *p = &r->e->priv[id];
    int64_t to = p->kv_to > r->e->req[id].computed ? p->kv_to : r->e->req[id].computed, held = gbl_units_held(r, id), units = gbl_pieces_units(r, id, to);
    keep(r->pieces, id);
    if (units == held || r->e->failed) return;
    if (units - held > gbl_kvpool_free(&r->pool)) { /* what was reserved beyond its tokens lapses */
        to = r->e->req[id].computed;
        units = gbl_pieces_units(r, id, to);
    }
    if (units - held > gbl_kvpool_free(&r->pool)) gbl_policy_fault(r, GBL_COMPRESS, "it decides to hold more than is free");
    else if (units < held) gbl_kvpool_give(&r->pool, held - units);
    else gbl_kvpool_take(&r->pool, units - held); /* nothing is cached under such a policy, so nothing is evicted */
    if (!r->e->failed) gbl_units_set(r, id, units, to);
}

void gbl_pieces_decide(gbl_replica *r) {
    gbl_pieces *x = r->pieces;
    if (!x->policy->step) return;
    x->steps = x->policy->step(r->instance[GBL_COMPRESS], &r->host);
    if (x->steps < 1) gbl_policy_fault(r, GBL_COMPRESS, "its decision stands for less than one step");
    for (int32_t i = 0; i < r->view.n_running && !r->e->failed; i++) settle(r, r->running[i]);
    gbl_replica_refresh(r);
}

/* ---- holds ---- */

static int same_shape(const gbl_kv_piece *a, const gbl_kv_piece *b, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        if (a[i].layers != b[i].layers || a[i].heads != b[i].heads) return 0;
    return 1;
}

/* Steps that a decode's coming pieces lie on a line, from its next step on; its growth is added. 0: its next step is not to be held. */
static int64_t line_of(gbl_replica *r, int32_t id) {
    gbl_pieces *x = r->pieces;
    int64_t prompt = r->e->priv[id].kv_prompt, kv = r->e->req[id].computed, spare = r->e->priv[id].kv_to - kv;
    gbl_kv_at at[3] = {{id, 0, prompt, kv - 1, kv}, {id, 0, prompt, kv, kv + 1}, {id, 0, prompt, kv + 1, kv + 2}};
    int32_t n[3];
    int64_t each = 0;
    for (int i = 0; i < 3; i++) n[i] = ask(x, &at[i], x->at[i]);
    const gbl_kv_piece *const p[3] = {x->at[0], x->at[1], x->at[2]};
    if (r->e->failed || n[0] != n[1] || n[1] != n[2] || !same_shape(p[0], p[1], n[0]) || !same_shape(p[1], p[2], n[0]) || gbl_kv_pieces_again(p[1], n[1])) return 0;
    int64_t most = x->policy->until ? x->policy->until(x->state, own_of(x, id), &r->host, &at[0]) : 1;
    if (most < 1) gbl_policy_fault(r, GBL_COMPRESS, "its counts keep growing alike for less than one step");
    if (spare > 0) most = spare < most ? spare : most; /* room is reserved */
    else if (!gbl_kv_pieces_growth(plan_of(x), p, n[0], r->e->block_size, &each, r->hold.ring)) most = 1;
    r->hold.each += each;
    r->hold.gross += each > 0 ? each : 0;
    gbl_batch_next_pieces(r->price, &r->batch, prompt, kv + 1, p[1], most > 1 ? p[2] : NULL, n[0]);
    return most;
}

int64_t gbl_pieces_hold(gbl_replica *r) {
    gbl_pieces *x = r->pieces;
    int64_t most = x->steps - 1;
    x->resting_q8 = x->dram_q8;
    gbl_batch_forget_pieces(&r->batch);
    for (int32_t i = 0; i < r->plan.n && most > 0; i++) {
        int64_t m = line_of(r, r->item[i]);
        if (m < most) most = m;
        x->resting_q8 -= owned_of(x, r->item[i])->dram_q8;
    }
    return r->batch.kv.read.attended > 0 ? most : 0; /* a batch advances from something */
}

void gbl_pieces_held(gbl_replica *r, int32_t id) { keep(r->pieces, id); }

/* ---- life ---- */

static void *lend_own(const gbl_host *h, int32_t id) {
    const gbl_replica *r = h->engine;
    if (id < 0 || id >= r->e->n_ids || r->e->req[id].replica != r->index || !r->e->priv[id].kv_prompt) return NULL;
    return (char *)owned_of(r->pieces, id) + HEAD;
}

int gbl_pieces_new(gbl_replica *r, gbl_err *err) {
    const gbl_choice *c = &r->e->s->choice[GBL_COMPRESS];
    const gbl_compress_policy *p = (const void *)c->policy;
    if (!p) return 0;
    gbl_pieces *x = r->pieces = gbl_alloc(1, sizeof *x);
    if (!x) return gbl_nomem(err, sizeof *x);
    *x = (gbl_pieces){.r = r, .policy = p, .most = 2 * r->view.layers + 8, .steps = INT64_MAX};
    r->e->own_size = HEAD + (p->request_size + 15) / 16 * 16;
    r->view.heads = (int32_t)plan_of(x)->shape.heads;
    r->view.kv_heads = (int32_t)plan_of(x)->shape.kv_heads;
    r->view.head_dim = (int32_t)plan_of(x)->shape.dk;
    r->view.kv_tokens = gbl_kv_pieces_tokens_in(plan_of(x), r->capacity);
    x->dram_most_q8 = r->e->s->n_tiers ? (int64_t)(fmin(r->e->s->tier[0].bytes, 3e16) * 256) : INT64_MAX;
    r->view.dram_tokens = r->e->s->n_tiers ? gbl_kv_pieces_tokens_in(plan_of(x), x->dram_most_q8) : INT64_MAX;
    r->host.own = lend_own;
    size_t size = c->policy->state_size;
    void *state = r->instance[GBL_COMPRESS] = gbl_alloc(1, size ? size : 1);
    x->state = state;
    x->scratch = gbl_alloc(1, r->e->own_size);
    int ok = state && x->scratch;
    for (int i = 0; i < 3; i++) ok &= (x->at[i] = gbl_alloc((size_t)x->most, sizeof *x->at[i])) != NULL;
    if (!ok) return gbl_nomem(err, size);
    if (size) memcpy(state, c->config, size);
    return 0;
}

void gbl_pieces_init(gbl_replica *r) {
    if (r->pieces && r->pieces->policy->init) r->pieces->policy->init(r->instance[GBL_COMPRESS], &r->host);
}

void gbl_pieces_free(gbl_pieces *x) {
    if (!x) return;
    for (int i = 0; i < 3; i++) gbl_free(x->at[i]);
    gbl_free(x->scratch);
    gbl_free(x);
}
