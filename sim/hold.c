/* Holding plans: while the policy's answer would be the same and every sequence advances by one token a step, a step costs
 * O(1). The batch's integer aggregates advance in place; the sequences themselves are brought up to date when the hold
 * ends. The answers are equal to the last bit with holds off (--exact), which asks the policy and walks the batch at
 * every step. */
#include <assert.h>
#include <string.h>

#include "sim/engine.h"

static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

static int somebody_waits(const gbl_replica *r) { return r->visible || r->view.n_swapped || r->landing.n; }

/* All items are decodes that have their token of the last step. Sets up the counters; 0 where a hold is no use. */
int gbl_hold_begin(gbl_replica *r) {
    gbl_engine *e = r->e;
    gbl_hold *h = &r->hold;
    if (r->batch.pre_n || r->plan.pad_seqs || r->plan.n == 0 || r->fluid.n || r->disturbed || r->plan.n != r->view.n_running || (r->strides && gbl_stride_any(r))) return 0;
    if (r->gave_back && somebody_waits(r)) return 0; /* and may have room now */
    int32_t bs = e->block_size;
    int by_more = (e->s->choice[GBL_KVMEM].policy->flags & GBL_KVMEM_UNSHARED) != 0; /* growth is the kvmem policy's to say */
    memset(h->ring, 0, (size_t)bs * sizeof *h->ring);
    h->most = INT64_MAX;
    h->finish = INT64_MAX;
    h->k = 0;
    h->measured = 0;
    h->each = h->gross = 0;
    int plain = r->plain;
    if (r->pieces) h->most = gbl_pieces_hold(r);
    for (int32_t i = 0; i < r->plan.n; i++) {
        const gbl_req *q = &e->req[r->item[i]];
        h->measured += q->arrival_ns >= e->m.measured_from_ns;
        int64_t left = q->output - q->generated; /* it finishes at the end of held step `left` */
        h->finish = min64(h->finish, left);
        if (r->pieces) continue;
        if (!plain) h->most = min64(h->most, gbl_batch_slope_of(r->price, e->priv[r->item[i]].kv_prompt, q->computed));
        if (!plain && e->s->compress) {
            int64_t each = 0;
            h->most = min64(h->most, gbl_units_hold(r, r->item[i], &each, h->ring));
            h->each += each;
            h->gross += each > 0 ? each : 0;
            if (!i) gbl_batch_forget_events(&r->batch);
            gbl_batch_next_event(r->price, &r->batch, e->priv[r->item[i]].kv_prompt, q->computed);
            continue;
        }
        int64_t spare = (int64_t)q->blocks * bs - q->computed; /* tokens before it needs a block */
        if (spare >= left) continue;
        if (spare < bs && !by_more) h->ring[spare]++;
        else h->most = min64(h->most, spare);
    }
    h->slack = h->gross - h->each;
    h->most = min64(h->most, h->finish);
    if (h->most < 1) return 0;
    h->on = 1;
    return 1;
}

/* Brings every sequence up to date after k held steps, of which the last has not ended where `cut` is 1. */
void gbl_hold_end(gbl_replica *r, int cut) {
    gbl_engine *e = r->e;
    gbl_hold *h = &r->hold;
    h->on = 0;
    if (!h->k) return;
    int32_t k = (int32_t)h->k, bs = e->block_size;
    for (int32_t i = 0; i < r->plan.n; i++) {
        gbl_req *q = &e->req[r->item[i]];
        gbl_priv *p = &e->priv[r->item[i]];
        q->computed += k;
        q->known += k - cut;
        q->generated += k - cut;
        p->gap_sum += e->now_ns - p->last_ns;
        p->gap_n += k - cut;
        p->last_ns = e->now_ns;
        if (!r->plain && e->s->compress) {
            if (q->computed > p->kv_to) gbl_units_set(r, r->item[i], gbl_units(r, r->item[i], q->computed), q->computed);
            if (r->pieces) gbl_pieces_held(r, r->item[i]);
            continue;
        }
        if (q->computed <= (int64_t)q->blocks * bs) continue;
        int32_t blocks = (q->computed + bs - 1) / bs;
        p->private_blocks += blocks - q->blocks;
        q->blocks = blocks;
    }
}

void gbl_hold_step_end(gbl_replica *r, int64_t now_ns) {
    if (!r->e->opt->itl_per_request && r->hold.measured)
        gbl_quantile_add_int(r->e->m.series[GBL_ITL], now_ns - r->step_start_ns, r->hold.measured);
}

static int may_go_on(gbl_replica *r) {
    const gbl_deque *d = &r->waiting;
    const gbl_hold *h = &r->hold;
    if (h->k >= h->most || r->fluid.n || r->view.n_running != r->plan.n || r->disturbed) return 0; /* somebody was moved in, or left */
    if (r->visible < d->n && r->e->req[d->a[d->head + r->visible]].queued_ns <= r->seen_ns) return 0;
    int64_t need = h->each + h->ring[h->k % r->e->block_size], have = gbl_kvpool_free(&r->pool);
    if (r->pool.below && need > gbl_kvpool_empty(&r->pool)) return 0; /* what goes is written down: a transfer begins */
    if (h->slack && ((need < 0 && somebody_waits(r)) || need + h->slack > have)) return 0; /* who may have room now; in the plan's order it may not fit */
    return need <= have && have / r->unit >= r->plan.hold_free_blocks;
}

static void held_step(gbl_replica *r, int64_t now_ns) {
    gbl_hold *h = &r->hold;
    gbl_replica_account(r, now_ns);
    int64_t need = h->each + h->ring[h->k % r->e->block_size];
    if (need < 0) gbl_kvpool_give(&r->pool, -need);
    if (need > 0) {
        const char *broken = gbl_kvpool_take(&r->pool, need);
        if (broken) gbl_policy_fault(r, GBL_EVICT, broken);
    }
    h->k++;
    r->live_tokens += r->plan.n;
    r->e->m.taken += r->plan.n;
    gbl_batch_advance(&r->batch);
    gbl_step_begin(r, now_ns);
    r->e->steps_fast++;
}

int gbl_hold_run(gbl_replica *r) {
    gbl_engine *e = r->e;
    int64_t most_end = e->stop_ns < (int64_t)GBL_TRACE_MOST_NS ? e->stop_ns : (int64_t)GBL_TRACE_MOST_NS; /* beyond it the loop refuses */
    const gbl_event *next = gbl_heap_peek(e->heap);
    int64_t until = next ? next->time_ns : INT64_MAX;
    while (!e->failed) {
        if (!may_go_on(r)) {
            gbl_hold_end(r, 0);
            return 0;
        }
        held_step(r, e->now_ns);
        int64_t end = e->now_ns + r->cost.demand.alone_ns;
        if (end >= until || end > most_end || gbl_engine_tick(e, end)) {
            gbl_event_at(e, end, GBL_EV_STEP, r->index);
            return 1;
        }
        e->now_ns = end;
        gbl_clock_step(r);
        gbl_hold_step_end(r, end);
        r->seen_ns = e->s->runtime.lag ? r->step_start_ns : end;
    }
    return 1;
}
