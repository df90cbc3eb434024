/* Prompts that come in pieces: the host makes one after another as flows beside the GPU's steps. A request reaches the queue with its first
 * piece; when all that is there of its prompt is computed it leaves the running, KV and slot kept, until the next piece is made. */
#include "sim/engine.h"

static const char *broken(const gbl_input_piece *f) {
    if (f->tokens < 1) return "a piece of a prompt has no tokens";
    if (f->demand.alone_ns < 0 || (double)f->demand.alone_ns > GBL_DEMAND_MOST_NS) return "a piece of a prompt takes less than no time, or more than can be counted";
    for (int i = 0; i < GBL_R_N; i++)
        if (!(f->demand.busy_ns[i] >= 0 && f->demand.busy_ns[i] <= (double)f->demand.alone_ns)) return "a piece of a prompt keeps a resource busy for longer than it takes";
    return NULL;
}

/* 1: the next piece is under way; 0: there is none, the rest is there. */
static int begin(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    const gbl_execute_policy *policy = (const void *)e->s->choice[GBL_EXECUTE].policy;
    gbl_priv *p = &e->priv[id];
    gbl_input_piece f = {0};
    int64_t left = e->req[id].input - p->ready;
    gbl_replica_refresh(r); /* others may have come since the last plan, and requests moved in memory */
    if (!left || !policy->feed(r->instance[GBL_EXECUTE], &r->host, id, p->fed, &f)) {
        p->ready = e->req[id].input;
        return 0;
    }
    const char *rule = broken(&f);
    if (rule) {
        gbl_policy_fault(r, GBL_EXECUTE, rule);
        return 0;
    }
    p->coming = (int32_t)(f.tokens < left ? f.tokens : left);
    for (int i = 0; i < GBL_R_N; i++) r->load.busy_ns[i] += f.demand.busy_ns[i];
    if (gbl_fluid_start(&r->fluid, e->now_ns, &f.demand, (int64_t)GBL_TAG_FEED - id, e->err)) gbl_engine_fail(e, GBL_EFAULT);
    gbl_replica_arm_flows(r);
    return 1;
}

int gbl_feed_waits(gbl_replica *r, int32_t id) { return !r->e->priv[id].ready && begin(r, id); }

void gbl_feed_end(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    gbl_priv *p = &e->priv[id];
    p->ready += p->coming;
    if (!p->fed++) gbl_replica_enqueue(r, id);
    else if (e->req[id].state == GBL_REQ_LOADING) gbl_replica_loaded(r, id);
    if (!e->failed) begin(r, id);
}

void gbl_feed_rest(gbl_replica *r) {
    gbl_engine *e = r->e;
    int32_t kept = 0, n = r->view.n_running;
    for (int32_t i = 0; i < n; i++) {
        int32_t id = r->running[i];
        gbl_req *q = &e->req[id];
        if (e->priv[id].ready >= q->input || q->computed < e->priv[id].ready) {
            r->running[kept++] = id;
            continue;
        }
        q->state = GBL_REQ_LOADING;
        r->view.n_loading++;
        gbl_clock_phase(r, id, GBL_PHASE_LOADING);
    }
    r->view.n_running = kept;
}

double gbl_feed_ahead(const gbl_replica *r, int64_t t, int resource) {
    double ahead = 0;
    for (size_t i = 0; i < r->fluid.n; i++) {
        const gbl_flow *f = &r->fluid.flow[i];
        double left = f->left_ns - f->speed * (double)(t - r->fluid.now_ns);
        if (f->tag <= GBL_TAG_FEED && left > 0) ahead += f->rate[resource] * left;
    }
    return ahead;
}
