/* The step loop of one replica: plan, wait for transfers that the plan needs, run the step, hand out its tokens. */
#include <assert.h>
#include <string.h>

#include "sim/tier_flow.h"

int gbl_deque_push(gbl_deque *d, int32_t id) {
    if (d->head + d->n == d->room && d->head > d->room / 2) { /* slide down instead of growing for ever */
        memmove(d->a, d->a + d->head, d->n * sizeof *d->a);
        d->head = 0;
    }
    if (gbl_grow(&d->a, &d->room, d->head + d->n + 1, sizeof *d->a)) return -1;
    d->a[d->head + d->n++] = id;
    return 0;
}

int gbl_deque_push_front(gbl_deque *d, int32_t id) {
    if (!d->head) {
        size_t gap = d->n / 2 + 16;
        if (gbl_grow(&d->a, &d->room, d->n + gap, sizeof *d->a)) return -1;
        memmove(d->a + gap, d->a, d->n * sizeof *d->a);
        d->head = gap;
    }
    d->a[--d->head] = id;
    d->n++;
    return 0;
}

void gbl_deque_remove(gbl_deque *d, size_t i) {
    assert(i < d->n);
    if (i == 0) d->head++;
    else memmove(d->a + d->head + i, d->a + d->head + i + 1, (d->n - i - 1) * sizeof *d->a);
    d->n--;
}

static int make_instances(gbl_replica *r, gbl_err *err) {
    static const enum gbl_family per_replica[] = {GBL_SCHEDULE, GBL_PREEMPT, GBL_KVMEM, GBL_PREFIX, GBL_PREFETCH, GBL_EXECUTE};
    for (size_t i = 0; i < sizeof per_replica / sizeof *per_replica; i++) {
        enum gbl_family f = per_replica[i];
        const gbl_choice *c = &r->e->s->choice[f];
        size_t size = c->policy->state_size;
        r->instance[f] = gbl_alloc(1, size ? size : 1);
        if (!r->instance[f]) return gbl_nomem(err, size);
        if (size) memcpy(r->instance[f], c->config, size);
    }
    return 0;
}

/* Every per-replica family has init at the same place, right behind the head. */
static void call_inits(gbl_replica *r) {
    const gbl_choice *c = r->e->s->choice;
    const gbl_schedule_policy *s = (const void *)c[GBL_SCHEDULE].policy;
    const gbl_preempt_policy *p = (const void *)c[GBL_PREEMPT].policy;
    const gbl_kvmem_policy *k = (const void *)c[GBL_KVMEM].policy;
    const gbl_prefix_policy *x = (const void *)c[GBL_PREFIX].policy;
    const gbl_prefetch_policy *f = (const void *)c[GBL_PREFETCH].policy;
    const gbl_execute_policy *y = (const void *)c[GBL_EXECUTE].policy;
    if (s->init) s->init(r->instance[GBL_SCHEDULE], &r->host);
    if (p->init) p->init(r->instance[GBL_PREEMPT], &r->host);
    if (k->init) k->init(r->instance[GBL_KVMEM], &r->host);
    if (x->init) x->init(r->instance[GBL_PREFIX], &r->host);
    if (f->init) f->init(r->instance[GBL_PREFETCH], &r->host);
    if (y->init) y->init(r->instance[GBL_EXECUTE], &r->host);
    gbl_pieces_init(r);
}

int gbl_replica_init(gbl_replica *r, gbl_engine *e, int32_t index, size_t pool, gbl_err *err) {
    *r = (gbl_replica){.e = e, .index = index, .kind = &e->s->pool[pool], .price = e->cost[pool], .plain = gbl_cost_plain(e->cost[pool]), .flow_event = -1, .plan_event = -1, .seen_ns = INT64_MIN};
    const gbl_scenario *s = e->s;
    int64_t capacity = gbl_cost_kv_blocks(r->price);
    r->view = (gbl_view){.total_blocks = capacity, .block_size = e->block_size, .max_num_seqs = (int32_t)s->max_num_seqs,
                         .max_num_batched_tokens = s->max_num_batched_tokens * r->kind->dp, .max_model_len = e->max_model_len, .block_bytes = gbl_cost_kv_bytes_per_token(r->price) * (double)e->block_size,
                         .layers = (int32_t)s->llm.layers};
    r->strides = ((const gbl_execute_policy *)(const void *)s->choice[GBL_EXECUTE].policy)->stride != NULL;
    r->feeds = ((const gbl_execute_policy *)(const void *)s->choice[GBL_EXECUTE].policy)->feed != NULL;
    r->plain = r->plain && !r->strides && !r->feeds;
    r->view.step_tokens = s->compress && s->compress->arch.tokens_step > 1 ? s->compress->arch.tokens_step : 1;
    r->view.recursions = s->compress && s->compress->arch.recursions > 1 ? (int32_t)s->compress->arch.recursions : 1;
    r->view.kv_row_bytes = gbl_cost_kv_bytes_per_token(r->price) / (double)(s->llm.layers * r->kind->tp * (s->llm.kv_lora ? 1 : 2));
    gbl_host_bind(r);
    int code = make_instances(r, err);
    if (code) return code;
    if ((code = gbl_units_init(r, capacity, err)) || (code = gbl_pieces_new(r, err))) return code;
    int indexed = gbl_scenario_shares(s);
    gbl_kvpool_spec pool_spec = {.capacity = r->capacity, .each = r->unit, .block_size = e->block_size, .n_tiers = indexed ? s->n_tiers : 0,
                                 .evict = indexed ? &s->choice[GBL_EVICT] : NULL, .tier = s->tier, .host = &r->host};
    if ((code = gbl_kvpool_init(&r->pool, &pool_spec, err))) return code;
    gbl_tier_ready(r);
    if (indexed && gbl_reuse_keeps(r, GBL_PREFIX_TAILS) && (code = gbl_kvpool_look_inside(&r->pool, err))) return code;
    if (s->belady) {
        if (!(r->order = gbl_alloc(1, sizeof *r->order))) return gbl_nomem(err, sizeof *r->order);
        if ((code = gbl_order_init(r->order, err))) return code;
    }
    r->hold.ring = gbl_alloc((size_t)e->block_size, sizeof *r->hold.ring);
    if (!r->hold.ring) return gbl_nomem(err, (size_t)e->block_size * sizeof *r->hold.ring);
    gbl_replica_refresh(r);
    call_inits(r);
    return 0;
}

void gbl_replica_fini(gbl_replica *r) {
    for (int f = 0; f < GBL_FAMILIES; f++) gbl_free(r->instance[f]);
    gbl_kvpool_fini(&r->pool);
    if (r->order) gbl_order_fini(r->order);
    gbl_free(r->order);
    gbl_fluid_fini(&r->fluid);
    gbl_free(r->running);
    gbl_free(r->waiting.a);
    gbl_free(r->landing.a);
    gbl_free(r->joined.a);
    gbl_free(r->swapped);
    gbl_free(r->item);
    gbl_free(r->loads);
    gbl_free(r->hold.ring);
    gbl_pieces_free(r->pieces);
}

void gbl_replica_state(gbl_replica *r, enum gbl_replica_state s) {
    r->state_ns[r->state] += r->e->now_ns - r->state_since_ns;
    r->state_since_ns = r->e->now_ns;
    r->state = s;
}

void gbl_replica_enqueue(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    e->req[id].queued_ns = e->now_ns;
    if (e->priv[id].leaving) { /* it left while it was in the front end */
        r->queued_tokens -= e->req[id].known;
        r->outstanding_tokens -= e->req[id].known;
        gbl_client_gone(e, id);
        return;
    }
    if (r->feeds && gbl_feed_waits(r, id)) return;
    gbl_replica_expire(r);
    if (gbl_deque_push(&r->waiting, id)) {
        gbl_engine_fail(e, gbl_nomem(e->err, sizeof id));
        return;
    }
    gbl_shared_fetch(r, id);
    gbl_replica_wake(r);
}

void gbl_replica_wake(gbl_replica *r) {
    gbl_engine *e = r->e;
    if (r->state != GBL_IDLE || r->plan_event >= 0) return;
    r->plan_event = gbl_heap_push(e->heap, (gbl_event){e->now_ns, GBL_EV_PLAN, GBL_EV_PLAN, r->index});
    if (r->plan_event < 0) gbl_engine_fail(e, gbl_nomem(e->err, sizeof(gbl_event)));
}

static void show_arrivals(gbl_replica *r) {
    const gbl_deque *d = &r->waiting;
    while (r->visible < d->n && r->e->req[d->a[d->head + r->visible]].queued_ns <= r->seen_ns) r->visible++;
    r->view.n_waiting = (int32_t)r->visible;
}

static void ask(gbl_replica *r) {
    const gbl_schedule_policy *p = (const void *)r->e->s->choice[GBL_SCHEDULE].policy;
    r->plan = (gbl_plan){0};
    r->gave_back = 0;
    show_arrivals(r);
    gbl_replica_refresh(r);
    if (r->pool.below) gbl_tier_prefetch(r);
    if (r->pieces) gbl_pieces_decide(r);
    r->planning = 1;
    p->plan(r->instance[GBL_SCHEDULE], &r->host, &r->plan);
    r->planning = 0;
}

static void add_copies(gbl_replica *r) {
    for (int32_t i = 0; i < r->plan.n; i++) {
        r->batch.pre_kv += 2 * (int64_t)r->e->priv[r->item[i]].copied; /* a copy reads and writes */
        r->e->priv[r->item[i]].copied = 0;
    }
    r->copies = 0;
}

static __attribute__((noinline)) void add_other(gbl_replica *r, int32_t id) {
    const gbl_req *q = &r->e->req[id];
    const gbl_priv *p = &r->e->priv[id];
    if (p->striding) gbl_stride_batch(r, id);
    else if (p->chunk) gbl_batch_chunk_of(r->price, &r->batch, q->known, q->scheduled, q->computed - q->scheduled, q->computed == q->known);
    else gbl_batch_decode_of(r->price, &r->batch, p->kv_prompt, q->computed);
}

static void build_batch(gbl_replica *r) {
    const gbl_cost *c = r->price;
    const gbl_req *req = r->e->req;
    const gbl_priv *priv = r->e->priv;
    int64_t decodes = 0, kv = 0;
    int plain = r->plain;
    r->batch = (gbl_batch){0};
    int32_t counted = r->pieces ? gbl_pieces_batch(r) : 0;
    for (int32_t i = counted; i < r->plan.n; i++) {
        int32_t id = r->item[i];
        if (plain && !priv[id].chunk) {
            decodes++;
            kv += req[id].computed;
        } else add_other(r, id);
    }
    gbl_batch_decodes(&r->batch, decodes, kv);
    if (r->copies) add_copies(r);
    for (int32_t i = 0; i < r->plan.pad_seqs; i++) gbl_batch_decode(c, &r->batch, r->plan.pad_kv_tokens);
    r->batch.pad = r->plan.pad_seqs;
}

void gbl_step_begin(gbl_replica *r, int64_t now_ns) {
    gbl_cost_step(r->price, &r->batch, &r->cost);
    if (r->pieces) gbl_pieces_count(r);
    r->step_start_ns = now_ns;
    int64_t used = gbl_kvpool_used(&r->pool);
    if (used > r->peak_used) r->peak_used = used;
    gbl_replica_load *l = &r->load;
    const double *busy = r->cost.demand.busy_ns;
    l->busy_ns[GBL_R_SM] += busy[GBL_R_SM];
    l->busy_ns[GBL_R_HBM] += busy[GBL_R_HBM];
    l->busy_ns[GBL_R_NVLINK] += busy[GBL_R_NVLINK];
    l->busy_ns[GBL_R_HOST] += busy[GBL_R_HOST];
    l->busy_ns[GBL_R_PCIE_H2D] += busy[GBL_R_PCIE_H2D];
    l->busy_ns[GBL_R_PCIE_D2H] += busy[GBL_R_PCIE_D2H];
    l->busy_ns[GBL_R_NETWORK] += busy[GBL_R_NETWORK];
    l->power_ns += busy[GBL_R_SM] > busy[GBL_R_HBM] ? busy[GBL_R_SM] : busy[GBL_R_HBM];
    l->flops += r->cost.flops;
    l->bytes += r->cost.bytes;
    r->e->steps++;
}

/* Whoever was seen late because the last step was already planned is seen by the step after this one. */
void gbl_replica_go(gbl_replica *r) {
    gbl_engine *e = r->e;
    gbl_clock_wait(r);
    gbl_replica_state(r, GBL_STEPPING);
    gbl_step_begin(r, e->now_ns);
    r->late = r->pool.below ? gbl_tier_beside(r) : 0;
    if (r->hands_off) gbl_handoff_early(r);
    if (!r->fluid.n) {
        gbl_event_at(e, e->now_ns + r->cost.demand.alone_ns, GBL_EV_STEP, r->index);
        return;
    }
    if (gbl_fluid_start(&r->fluid, e->now_ns, &r->cost.demand, GBL_TAG_STEP, e->err)) gbl_engine_fail(e, GBL_EFAULT);
    gbl_replica_arm_flows(r);
}

static int stuck(const gbl_replica *r) {
    return r->view.n_loading == 0 && r->outs == 0 && r->n_parting == 0 && r->n_fetching == 0 && r->fluid.n == 0 && (r->view.n_running || r->view.n_waiting || r->view.n_swapped);
}

/* Asks for a plan and starts it; idle when there is nothing to do. */
static void plan_next(gbl_replica *r) {
    gbl_engine *e = r->e;
    gbl_clock_wait(r);
    gbl_replica_account(r, e->now_ns);
    r->disturbed = 0;
    if (r->n_leaving) gbl_client_sweep(r);
    for (int tries = 0; tries < 3; tries++) {
        ask(r);
        if (e->failed) return;
        if (r->joined.n) gbl_handoff_joined(r);
        if (r->landing.n) gbl_handoff_land(r);
        if (r->plan.n || r->plan.pad_seqs) {
            build_batch(r);
            if (r->outs) gbl_replica_state(r, GBL_FETCHING);
            else gbl_replica_go(r);
            return;
        }
        /* An engine with nothing in flight has no step that its scheduler could lag behind; and a plan may have spent
         * itself on preempting. */
        r->seen_ns = e->now_ns;
        if (!r->plan.preempted && r->visible == r->waiting.n) break;
    }
    gbl_replica_state(r, GBL_IDLE);
    if (stuck(r)) gbl_policy_fault(r, GBL_SCHEDULE, "it plans nothing while requests could run");
}

void gbl_replica_plan(gbl_replica *r) {
    r->seen_ns = r->e->now_ns;
    plan_next(r);
}

static void finish(gbl_replica *r, int32_t id) {
    gbl_clock_phase(r, id, GBL_PHASE_DECODE);
    if (r->e->priv[id].leaving) { /* too late to go */
        r->e->priv[id].leaving = GBL_STAY;
        r->n_leaving--;
    }
    gbl_shared_put(r, id);
    r->e->m.finished_tokens += r->e->req[id].computed;
    gbl_replica_release(r, id);
    gbl_request_leave(r->e, id, 0);
}

/* Decodes of one batch mostly share their gap, so equal neighbours are added together. */
typedef struct gap_run {
    gbl_quantile *to;
    int64_t gap, n;
} gap_run;
static void add_gap(gap_run *g, int64_t gap) {
    if (gap != g->gap && g->n) {
        gbl_quantile_add_int(g->to, g->gap, g->n);
        g->n = 0;
    }
    g->gap = gap;
    g->n++;
}

/* What this step computed of prompts can be shared from now on, where the prefix policy waits for that. */
static void index_computed(gbl_replica *r) {
    gbl_replica_account(r, r->e->now_ns);
    for (int32_t i = 0; i < r->plan.n; i++)
        if (r->e->priv[r->item[i]].chunk) gbl_replica_index_prompt(r, r->item[i]);
}

/* Of a request whose known tokens are computed, where that is not all there is to say. */
static int yields(gbl_replica *r, int32_t id) {
    gbl_units_computed(r, id);
    return !r->strides || gbl_stride_end(r, id);
}

/* One token for every sequence whose known tokens are all computed. Returns whether any is done here. */
static int hand_out(gbl_replica *r) {
    gbl_engine *e = r->e;
    gap_run run = {.to = e->m.series[GBL_ITL]};
    int done = 0, plain = r->plain, hands_off = r->hands_off;
    int64_t measured = e->opt->itl_per_request ? INT64_MAX : e->m.measured_from_ns, now_ns = e->now_ns;
    for (int32_t i = 0; i < r->plan.n; i++) {
        int32_t id = r->item[i];
        gbl_req *q = &e->req[id];
        gbl_priv *p = &e->priv[id];
        q->scheduled = 0;
        if (q->computed != q->known) {
            if (!plain) gbl_units_computed(r, id);
            continue;
        }
        q->generated++;
        q->known++;
        if (!plain && !yields(r, id)) continue;
        if (p->phase != GBL_PHASE_DECODE) gbl_clock_phase(r, id, GBL_PHASE_DECODE);
        if (p->first_ns < 0) p->first_ns = now_ns;
        else {
            int64_t gap = now_ns - p->last_ns;
            p->gap_sum += gap;
            p->gap_n++;
            if (q->arrival_ns >= measured) add_gap(&run, gap);
        }
        p->last_ns = now_ns;
        done |= (q->generated == q->output) | hands_off;
    }
    if (run.n) gbl_quantile_add_int(run.to, run.gap, run.n);
    return done;
}

static void retire(gbl_replica *r) {
    gbl_engine *e = r->e;
    int32_t kept = 0, n = r->view.n_running;
    for (int32_t i = 0; i < n; i++) {
        int32_t id = r->running[i];
        if (e->req[id].generated == e->req[id].output) finish(r, id);
        else if (r->hands_off && e->req[id].generated) gbl_handoff_begin(r, id);
        else r->running[kept++] = id;
    }
    r->view.n_running = kept;
}

static void let_go(gbl_replica *r) {
    gbl_replica_account(r, r->e->now_ns);
    retire(r);
    if (r->pool.below) gbl_tier_write_later(r); /* outputs that are cached from now on */
}

void gbl_replica_step_end(gbl_replica *r) {
    gbl_engine *e = r->e;
    gbl_clock_step(r);
    r->seen_ns = e->s->runtime.lag ? r->step_start_ns : e->now_ns;
    int held = r->hold.on;
    if (!held && e->rules.when_computed && r->batch.pre_n) index_computed(r);
    if (r->pool.below) gbl_tier_write_later(r);
    if (held) gbl_hold_step_end(r, e->now_ns);
    else if (hand_out(r)) let_go(r);
    else if (r->plan.hold && !e->opt->exact && !r->plan.preempted) held = gbl_hold_begin(r);
    if (held) {
        if (gbl_hold_run(r)) return;
        if (r->hold.k == r->hold.finish) let_go(r);
    }
    if (r->feeds) gbl_feed_rest(r);
    if (!e->failed) plan_next(r);
}
