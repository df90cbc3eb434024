/* Strides: steps of a request that are no single token, as the execute policy describes them. Between two steps one token of a running
 * request is known and not computed, as of any that decodes: it stands for the stride to come. A step so takes the scheduled
 * tokens, and the stride takes back or adds what differs: `more`. */
#include <assert.h>

#include "sim/engine.h"

enum { NO_YIELD_MOST = 1024 };

static const gbl_execute_policy *policy_of(const gbl_replica *r) { return (const void *)r->e->s->choice[GBL_EXECUTE].policy; }

static const char *broken(const gbl_stride *x, int64_t k) {
    if (x->queries < 0 || (k && !x->queries) || x->grows < 0 || x->yields < 0) return "a stride computes, grows or yields a negative number of tokens, or computes none";
    if (x->keys < x->queries) return "a stride attends fewer tokens than it computes";
    if (x->queries > 1 << 28 || x->keys > 1 << 30 || x->grows > 1 << 28) return "a stride computes, attends or grows by more than 268,435,456 tokens";
    if (x->recursion < 0 || (x->recursion && (k == 0 || x->queries != 1))) return "a recursion is of one token, and not of a prompt's";
    if (k == 0 && !x->yields) return "the step in which a prompt ends yields no token";
    return NULL;
}

/* `out` comes with what is filled in. */
static int stride_at(gbl_replica *r, int32_t id, int64_t k, gbl_stride *out) {
    if (r->e->failed || !policy_of(r)->stride(r->instance[GBL_EXECUTE], &r->host, id, k, out)) return 0;
    const char *rule = broken(out, k);
    if (!rule && out->recursion > r->view.recursions) rule = "a recursion is above those that the model has";
    if (rule) gbl_policy_fault(r, GBL_EXECUTE, rule);
    return !rule;
}

static int both_ways(const gbl_replica *r) { return (policy_of(r)->head.flags & GBL_EXECUTE_BOTH_WAYS) != 0; }

int gbl_stride_whole(gbl_replica *r, int32_t id) {
    const gbl_priv *p = &r->e->priv[id];
    const gbl_req *q = &r->e->req[id];
    gbl_stride x = {.generated = q->generated, .silent = p->silent};
    return both_ways(r) && !(q->generated && !p->strides) && stride_at(r, id, p->strides, &x);
}

/* After a preemption what was cached comes anew with the stride. */
static int64_t queries_of(const gbl_replica *r, const gbl_priv *p) { return both_ways(r) && p->again ? p->stride.keys : p->stride.queries; }

int64_t gbl_stride_ask(gbl_replica *r, int32_t id, int64_t to) {
    gbl_priv *p = &r->e->priv[id];
    const gbl_req *q = &r->e->req[id];
    int decodes = p->strides > 0 && !p->again;
    p->striding = p->more = 0;
    if (to < q->known || (q->generated && !p->strides)) return to; /* its prompt goes on, or it was declined */
    p->stride = (gbl_stride){.generated = q->generated, .silent = p->silent};
    p->striding = stride_at(r, id, p->strides, &p->stride);
    if (!p->striding) return to;
    p->more = p->stride.grows - decodes;
    return to + p->more;
}

void gbl_stride_plan(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    gbl_req *q = &r->e->req[id];
    int decodes = p->strides > 0 && !p->again;
    if (!p->striding) return;
    if (!decodes && !p->chunk) r->outstanding_tokens -= q->scheduled; /* the last token of what is computed again */
    q->computed += p->more;
    q->known += p->more;
    r->live_tokens += p->more;
    r->e->m.taken += p->more;
    r->plan.tokens += both_ways(r) ? queries_of(r, p) - q->scheduled : p->stride.queries - decodes;
}

void gbl_stride_unplan(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    gbl_req *q = &r->e->req[id];
    if (!p->striding) return;
    q->computed -= p->more;
    q->known -= p->more;
    r->live_tokens -= p->more;
    r->e->m.taken -= p->more;
    r->plan.tokens -= p->stride.queries - 1;
    p->striding = 0;
}

void gbl_stride_batch(gbl_replica *r, int32_t id) {
    const gbl_priv *p = &r->e->priv[id];
    const gbl_req *q = &r->e->req[id];
    int64_t tokens = q->known - p->more, cached = tokens - q->scheduled;
    if (both_ways(r)) {
        gbl_batch_span_of(r->price, &r->batch, p->kv_prompt, queries_of(r, p), p->stride.keys);
        return;
    }
    if (!p->strides || p->again) gbl_batch_chunk_of(r->price, &r->batch, tokens, q->scheduled, cached, 1);
    if (p->stride.queries == 1) r->batch.yields += p->stride.yields;
    if (p->stride.recursion) gbl_batch_recursion_of(r->price, &r->batch, p->kv_prompt, p->stride.keys, p->stride.yields > 0);
    else if (p->stride.queries) gbl_batch_span_of(r->price, &r->batch, p->kv_prompt, p->stride.queries, p->stride.keys);
}

int32_t gbl_stride_end(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    gbl_req *q = &r->e->req[id];
    if (!p->striding) return 1;
    int32_t left = q->output - (q->generated - 1), yields = p->stride.yields < left ? p->stride.yields : left;
    q->generated += yields - 1;
    p->strides++;
    p->silent = yields ? 0 : p->silent + 1;
    p->again = 0;
    return yields;
}

int gbl_stride_any(const gbl_replica *r) {
    for (int32_t i = 0; i < r->plan.n; i++)
        if (r->e->priv[r->item[i]].striding) return 1;
    return 0;
}

/* What it held is a prompt now, and the token that stood for the stride to come is none of it. */
void gbl_stride_restart(gbl_priv *p, gbl_req *q) {
    if (!p->strides || p->again) return;
    p->again = 1;
    q->known--;
}

int64_t gbl_stride_most(gbl_replica *r, int32_t id) {
    const gbl_req *q = &r->e->req[id];
    int64_t tokens = q->input, yielded = 0;
    int32_t silent = 0;
    for (int64_t k = 0; yielded < q->output && silent < NO_YIELD_MOST; k++) {
        gbl_stride x = {.generated = (int32_t)yielded, .silent = silent};
        if (!stride_at(r, id, k, &x)) return k ? tokens : (int64_t)q->input + q->output - 1;
        tokens += x.grows;
        yielded += x.yields;
        silent = x.yields ? 0 : silent + 1;
    }
    if (silent == NO_YIELD_MOST) gbl_policy_fault(r, GBL_EXECUTE, "1,024 strides of a request that follow each other yield nothing");
    return tokens < INT32_MAX / 2 ? tokens : INT32_MAX / 2;
}
