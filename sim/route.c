/* Who serves a request: the two questions of the route policy, what it is lent, and what could never run. */
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "sim/engine.h"

static gbl_replica *behind(const gbl_host *h, int32_t i) {
    gbl_gate *g = h->engine;
    return &g->e->replica[g->replica[i]];
}

static const gbl_replica_view *lend_replica(const gbl_host *h, int32_t i) {
    gbl_replica *r = behind(h, i);
    r->seen = (gbl_replica_view){.n_waiting = (int32_t)(r->waiting.n + r->landing.n), .n_running = r->view.n_running + r->view.n_loading,
                                 .n_swapped = r->view.n_swapped, .used_blocks = gbl_kvpool_used(&r->pool) / r->unit, .total_blocks = r->view.total_blocks,
                                 .block_size = r->view.block_size, .queued_tokens = r->queued_tokens, .outstanding_tokens = r->outstanding_tokens};
    return &r->seen;
}
static const gbl_req *lend_request(const gbl_host *h, int32_t id) {
    const gbl_gate *g = h->engine;
    return &g->e->req[id];
}
static double lend_draw(const gbl_host *h, uint32_t stream, uint64_t entity, uint64_t k) {
    const gbl_gate *g = h->engine;
    return gbl_draw((uint64_t)g->e->s->seed, GBL_STREAM_POLICY + stream, entity, k);
}
static int64_t lend_now_ns(const gbl_host *h) { return ((const gbl_gate *)h->engine)->e->now_ns; }
static int64_t lend_cached_at(const gbl_host *h, int32_t i, int32_t id) { return gbl_replica_resident_tokens(behind(h, i), id); }

/* Longer than the context, or than the whole pool under this scheduler's reservation: it could never run. A replica that only
 * computes prompts needs room for the prompt alone. */
int gbl_can_ever_run(gbl_replica *r, int32_t id) {
    const gbl_engine *e = r->e;
    const gbl_req *q = &e->req[id];
    const gbl_schedule_policy *p = (const void *)e->s->choice[GBL_SCHEDULE].policy;
    const gbl_kvmem_policy *k = (const void *)e->s->choice[GBL_KVMEM].policy;
    if ((int64_t)q->input + q->output > e->max_model_len) return 0;
    int64_t tokens = r->hands_off ? q->input : (int64_t)q->input + q->output - 1;
    gbl_replica_refresh(r);
    if (r->strides && gbl_stride_most(r, id) > tokens) tokens = gbl_stride_most(r, id);
    if (p->most_tokens && p->most_tokens(r->instance[GBL_SCHEDULE], &r->host, id) > tokens)
        tokens = p->most_tokens(r->instance[GBL_SCHEDULE], &r->host, id);
    tokens = k->reserve(r->instance[GBL_KVMEM], &r->host, id, tokens);
    if (r->pieces && !gbl_pieces_fit_alone(r, id, tokens)) return 0;
    return gbl_units_most(r, id, tokens) <= r->capacity;
}

/* Replicas of a role, in order. Where one is too small for a request that another can take, only that request does not see it. */
static void see(gbl_gate *g, enum gbl_gate_kind k, int32_t id) {
    gbl_engine *e = g->e;
    int32_t not_role = k == GBL_GATE_PROMPT ? GBL_ROLE_DECODE : GBL_ROLE_PREFILL;
    g->host.n_replicas = 0;
    for (int32_t i = 0; i < e->n_replicas; i++)
        if (e->replica[i].kind->role != not_role && gbl_scale_takes(&e->replica[i]) && (id < 0 || gbl_can_ever_run(&e->replica[i], id))) g->replica[g->host.n_replicas++] = i;
}

static int is_split(const gbl_engine *e) { return e->gate[GBL_GATE_DECODE].state != NULL; }

static int somebody_decodes(gbl_engine *e, int32_t id) {
    for (int32_t i = 0; i < e->n_replicas; i++)
        if (e->replica[i].kind->role != GBL_ROLE_PREFILL && gbl_can_ever_run(&e->replica[i], id)) return 1;
    return 0;
}

gbl_replica *gbl_route(gbl_engine *e, enum gbl_gate_kind k, int32_t id) {
    const gbl_route_policy *p = (const void *)e->s->choice[GBL_ROUTE].policy;
    gbl_gate *g = &e->gate[k];
    if (is_split(e)) {
        if (k == GBL_GATE_PROMPT && !somebody_decodes(e, id)) return NULL;
        see(g, k, id);
    } else if (e->scaler.state) see(g, k, -1);
    if (!g->host.n_replicas) return NULL;
    int32_t i = p->pick(g->state, &g->host, id);
    if (i < 0 || i >= g->host.n_replicas) {
        gbl_policy_fault(&e->replica[0], GBL_ROUTE, "it picks a replica that does not exist");
        return NULL;
    }
    e->req[id].replica = g->replica[i];
    return &e->replica[g->replica[i]];
}

static int gate_init(gbl_engine *e, enum gbl_gate_kind k, gbl_err *err) {
    const gbl_choice *c = &e->s->choice[GBL_ROUTE];
    const gbl_route_policy *p = (const void *)c->policy;
    gbl_gate *g = &e->gate[k];
    size_t size = p->head.state_size;
    *g = (gbl_gate){.e = e, .state = gbl_alloc(1, size ? size : 1), .replica = gbl_alloc((size_t)e->n_replicas, sizeof *g->replica)};
    if (!g->state || !g->replica) return gbl_nomem(err, size);
    if (size) memcpy(g->state, c->config, size);
    g->host = (gbl_host){.size = sizeof(gbl_host), .engine = g, .draw = lend_draw, .replica = lend_replica, .request = lend_request, .cached_at = lend_cached_at, .now_ns = lend_now_ns};
    see(g, k, -1);
    if (p->init) p->init(g->state, &g->host);
    return 0;
}

static int admit_init(gbl_engine *e, gbl_err *err) {
    const gbl_choice *c = &e->s->choice[GBL_ADMIT];
    const gbl_admit_policy *p = (const void *)c->policy;
    size_t size = p->head.state_size;
    e->admit_state = gbl_alloc(1, size ? size : 1);
    if (!e->admit_state) return gbl_nomem(err, size);
    if (size) memcpy(e->admit_state, c->config, size);
    if (p->init) p->init(e->admit_state, &e->gate[GBL_GATE_PROMPT].host);
    return 0;
}

int gbl_gates_init(gbl_engine *e, gbl_err *err) {
    int split = 0, code = gate_init(e, GBL_GATE_PROMPT, err);
    if (!code) code = admit_init(e, err);
    for (size_t i = 0; i < e->s->n_pools; i++) split |= e->s->pool[i].role == GBL_ROLE_PREFILL;
    return code || !split ? code : gate_init(e, GBL_GATE_DECODE, err);
}

void gbl_gates_fini(gbl_engine *e) {
    for (int k = 0; k < GBL_GATES; k++) {
        gbl_free(e->gate[k].state);
        gbl_free(e->gate[k].replica);
    }
}
