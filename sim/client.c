/* Clients that do not wait for ever: a user leaves, or a client's time runs out and it sends the request again. The engine lets
 * go of a request between two steps, as engines do. A request that is sent again is still one request: its latencies count from
 * its first arrival, and what former tries computed is lost. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "sim/tier_flow.h"

static int64_t ns_of(double s) { return s < 9e9 ? (int64_t)floor(s * 1e9 + 0.5) : INT64_MAX / 2; }

/* ---- when ---- */

static void arm(gbl_engine *e, int32_t id, int64_t timeout_ns) {
    gbl_priv *p = &e->priv[id];
    int64_t t = p->cancel_ns < timeout_ns ? p->cancel_ns : timeout_ns;
    p->timer = -1;
    if (t == INT64_MAX) return;
    p->timer = gbl_heap_push(e->heap, (gbl_event){t > e->now_ns ? t : e->now_ns, GBL_EV_CLIENT, GBL_EV_CLIENT, id});
    if (p->timer < 0) gbl_engine_fail(e, gbl_nomem(e->err, sizeof(gbl_event)));
}

void gbl_client_start(gbl_engine *e, int32_t id) {
    const gbl_scenario *s = e->s;
    gbl_priv *p = &e->priv[id];
    p->timer = -1;
    if (!s->impatient) return;
    uint64_t seed = (uint64_t)s->seed, who = (uint64_t)e->req[id].serial;
    if (!p->tries++) {
        int leaves = s->cancel_share > 0 && gbl_draw(seed, GBL_STREAM_CLIENT, who, 0) < s->cancel_share;
        p->cancel_ns = leaves ? e->now_ns + ns_of(gbl_q_exponential(gbl_draw(seed, GBL_STREAM_CLIENT, who, 1), s->cancel_s)) : INT64_MAX;
    }
    arm(e, id, isnan(s->timeout_s) ? INT64_MAX : e->now_ns + ns_of(s->timeout_s));
}

void gbl_client_stop(gbl_engine *e, int32_t id) {
    gbl_priv *p = &e->priv[id];
    if (e->s->impatient && p->timer >= 0) gbl_heap_cancel(e->heap, p->timer);
    p->timer = -1;
}

/* ---- letting go ---- */

/* Exponential; jitter 1 is "full jitter", 0.5 "equal jitter" (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). */
static double backoff_s(const gbl_engine *e, int32_t id) {
    const gbl_scenario *s = e->s;
    int tries = e->priv[id].tries;
    double u = gbl_draw((uint64_t)s->seed, GBL_STREAM_CLIENT, (uint64_t)e->req[id].serial, 1 + (uint64_t)tries); /* 0 and 1: whether and when it leaves */
    return ldexp(s->backoff_s, tries - 1) * (1 - s->backoff_jitter * u);
}

static void send_again(gbl_engine *e, int32_t id) {
    gbl_req *q = &e->req[id];
    gbl_priv *p = &e->priv[id];
    e->m.retried++;
    e->m.generated += q->generated;
    q->known = q->input;
    p->strides = p->again = p->silent = 0;
    q->computed = q->generated = q->cached = q->blocks = q->scheduled = 0;
    q->state = GBL_REQ_WAITING;
    q->replica = -1;
    gbl_units_forget(p);
    p->first_ns = p->last_ns = p->scheduled_ns = -1;
    p->gap_sum = p->gap_n = 0;
    p->load = p->prefetched = p->from_store = 0;
    memset(p->from_tier, 0, sizeof p->from_tier);
    p->admitted = p->chunk = p->copied = p->kept_chunks = p->leaving = 0;
    p->phase = GBL_PHASE_PREFILL;
    memset(p->part_ns, 0, sizeof p->part_ns);
    gbl_event_at(e, e->now_ns + ns_of(backoff_s(e, id)), GBL_EV_ARRIVAL, id);
}

/* It holds nothing any more. */
void gbl_client_gone(gbl_engine *e, int32_t id) {
    enum gbl_leaving why = (enum gbl_leaving)e->priv[id].leaving;
    gbl_client_stop(e, id);
    if (why == GBL_LEAVE_RETRY) {
        send_again(e, id);
        gbl_door_left(e);
        return;
    }
    if (why == GBL_LEAVE_CANCEL) e->m.cancelled++;
    else e->m.timed_out++;
    gbl_request_leave(e, id, 2);
}

static int take_out(gbl_deque *d, int32_t id) { /* its place, or -1 */
    for (size_t i = 0; i < d->n; i++) {
        if (d->a[d->head + i] != id) continue;
        gbl_deque_remove(d, i);
        return (int)i;
    }
    return -1;
}

/* What comes from below for a request that only waits comes for nobody. */
static void drop_load(gbl_replica *r, int32_t id) {
    gbl_priv *p = &r->e->priv[id];
    gbl_replica_account(r, r->e->now_ns);
    int64_t freed = gbl_kvpool_unref(&r->pool, p->chain, p->n_chain, r->e->now_ns) + p->private_blocks / r->unit;
    gbl_kvpool_give(&r->pool, p->private_blocks);
    r->live_tokens -= freed * r->e->block_size;
    p->n_chain = p->load = 0;
    p->private_blocks = 0;
}

static void leave_queue(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    int at = take_out(&r->waiting, id);
    if (at < 0) return; /* still in the front end: it goes when it reaches the queue */
    if ((size_t)at < r->visible) r->visible--;
    if (e->priv[id].load) drop_load(r, id);
    r->queued_tokens -= e->req[id].known;
    r->outstanding_tokens -= e->req[id].known;
    r->disturbed = 1;
    gbl_client_gone(e, id);
    gbl_replica_wake(r);
}

static void leave_swapped(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    int32_t at = 0;
    while (r->swapped[at] != id) at++;
    for (int32_t i = at + 1; i < r->view.n_swapped; i++) r->swapped[i - 1] = r->swapped[i];
    r->view.n_swapped--;
    r->view.swapped_blocks -= e->priv[id].swapped_blocks;
    gbl_tier_unswap(r, id);
    if (r->pieces) gbl_pieces_leave(r, id);
    e->priv[id].swapped_blocks = 0;
    e->m.dropped += e->req[id].computed;
    r->disturbed = 1;
    gbl_client_gone(e, id);
    gbl_replica_wake(r);
}

static void let_go(gbl_engine *e, int32_t id) {
    const gbl_req *q = &e->req[id];
    if (q->replica < 0) {
        gbl_door_forget(e, id);
        gbl_client_gone(e, id);
        return;
    }
    gbl_replica *r = &e->replica[q->replica];
    if (q->state == GBL_REQ_WAITING) leave_queue(r, id);
    else if (q->state == GBL_REQ_SWAPPED) leave_swapped(r, id);
    else if (q->state != GBL_REQ_LOADING || !gbl_handoff_forget(r, id)) { /* between two steps, or when its KV has come */
        r->n_leaving++;
        r->disturbed = 1;
        gbl_replica_wake(r);
    }
}

void gbl_client_event(gbl_engine *e, int32_t id) {
    const gbl_scenario *s = e->s;
    gbl_priv *p = &e->priv[id];
    p->timer = -1;
    if (p->cancel_ns <= e->now_ns) p->leaving = GBL_LEAVE_CANCEL;
    else if (s->timeout_until == GBL_UNTIL_FIRST && p->first_ns >= 0) {
        arm(e, id, INT64_MAX);
        return;
    } else p->leaving = p->tries <= s->retries ? GBL_LEAVE_RETRY : GBL_LEAVE_TIMEOUT;
    let_go(e, id);
}

/* The running requests of r that are to go, go. */
void gbl_client_sweep(gbl_replica *r) {
    gbl_engine *e = r->e;
    int32_t kept = 0, n = r->view.n_running;
    gbl_replica_account(r, e->now_ns);
    for (int32_t i = 0; i < n; i++) {
        int32_t id = r->running[i];
        const gbl_req *q = &e->req[id];
        if (!e->priv[id].leaving) {
            r->running[kept++] = id;
            continue;
        }
        if (q->generated == 0 || q->known - q->computed != 1) r->outstanding_tokens -= q->known - q->computed;
        e->m.dropped += q->computed;
        e->priv[id].load = 0;
        gbl_replica_release(r, id);
        r->n_leaving--;
        gbl_client_gone(e, id);
    }
    r->view.n_running = kept;
    assert(r->n_leaving >= 0);
}
