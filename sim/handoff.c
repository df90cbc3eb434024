/* Prompts here, decodes there. A replica of a prefill pool computes a prompt and its first token; then the request's KV moves
 * over the network to a replica that decodes it (Patel et al.: Splitwise, ISCA 2024; Zhong et al.: DistServe, OSDI 2024).
 * Blocks at the other end are reserved before the first byte leaves, first come first served; until the last byte has arrived
 * both ends hold the KV, so a full decode side is felt where prompts are computed.
 *
 * "after": everything moves when the prompt is done. "layerwise": as soon as the prompt's last step begins, where there is
 * room then; all but the last layer's part cannot arrive before the step ends, and the last layer's leaves after it (Splitwise,
 * section 4.2). Whole blocks move; what the other end has in its prefix cache need not (cluster.kv_transfer_reuse). */
#include <assert.h>
#include <math.h>

#include "base/text.h"
#include "sim/tier_flow.h"

static int32_t line_out(const gbl_replica *r) { return 2 * r->index; }
static int32_t line_in(const gbl_replica *r) { return 2 * r->index + 1; }

int gbl_handoff_init(gbl_engine *e, gbl_err *err) {
    if (!e->s->networked) return 0;
    int code = gbl_network_init(&e->net, 2 * (size_t)e->n_replicas + 1, err); /* the last is the store's */
    for (int32_t i = 0; i < e->n_replicas && !code; i++) {
        gbl_replica *r = &e->replica[i];
        double card = isnan(e->s->network_gb_s) ? r->kind->hw.network_bps : e->s->network_gb_s * 1e9;
        e->net.line[line_out(r)].bps = e->net.line[line_in(r)].bps = card * gbl_cost_gpus(r->price) * e->s->network_share;
        r->hands_off = r->kind->role == GBL_ROLE_PREFILL;
    }
    if (!code) e->net.line[2 * e->n_replicas].bps = 1;
    return code ? code : gbl_shared_new(e, err);
}

/* ---- flows ---- */

static void arm(gbl_engine *e) {
    int64_t next = gbl_network_next(&e->net);
    if (e->net_event >= 0) gbl_heap_cancel(e->heap, e->net_event);
    e->net_event = -1;
    if (next == INT64_MAX) return;
    e->net_event = gbl_heap_push(e->heap, (gbl_event){next, GBL_EV_NETWORK, GBL_EV_NETWORK, 0});
    if (e->net_event < 0) gbl_engine_fail(e, gbl_nomem(e->err, sizeof(gbl_event)));
}

void gbl_network_send(gbl_engine *e, double bytes, const int32_t *lines, int32_t n, double limit_bps, int64_t tag) {
    if (gbl_network_start(&e->net, e->now_ns, bytes, lines, n, limit_bps, tag, e->err)) gbl_engine_fail(e, GBL_EFAULT);
    arm(e);
}

static void send(gbl_engine *e, int32_t id, double bytes, double limit_bps) {
    const gbl_handoff *m = e->priv[id].move;
    int32_t lines[] = {line_out(&e->replica[m->from]), line_in(&e->replica[m->to])};
    gbl_network_send(e, bytes, lines, 2, limit_bps, id);
}

static void arrived(gbl_engine *e, int32_t id) {
    gbl_event_at(e, e->now_ns + (int64_t)(e->s->network_latency_us * 1e3), GBL_EV_LANDED, id);
}

/* The last part can leave when the prompt is done and everything before it has arrived. */
static void send_tail(gbl_engine *e, int32_t id) {
    gbl_handoff *m = e->priv[id].move;
    if (!m->prompt_done || !m->sent) return;
    if (m->tail_bytes <= 0) {
        arrived(e, id);
        return;
    }
    double bytes = m->tail_bytes;
    m->tail_bytes = 0;
    send(e, id, bytes, INFINITY);
}

void gbl_handoff_network(gbl_engine *e) {
    int64_t id;
    e->net_event = -1;
    while (!e->failed && gbl_network_finish(&e->net, e->now_ns, &id)) {
        if (id >> GBL_SHARED_TAG_SHIFT) {
            gbl_shared_flow_end(e, id);
            continue;
        }
        e->priv[id].move->sent = 1;
        send_tail(e, (int32_t)id);
    }
    arm(e);
}

/* ---- the two ends ---- */

/* What a request holds where it stands, against what it holds at the other end. */
static void other_end(gbl_engine *e, int32_t id) {
    gbl_priv *p = &e->priv[id];
    gbl_handoff *m = p->move, was = *m;
    m->chain = p->chain;
    m->chain_room = p->chain_room;
    m->n_chain = p->n_chain;
    m->private_blocks = p->private_blocks;
    m->blocks = e->req[id].blocks;
    p->chain = was.chain;
    p->chain_room = was.chain_room;
    p->n_chain = was.n_chain;
    p->private_blocks = was.private_blocks;
    e->req[id].blocks = was.blocks;
}

static int64_t tokens_to_land(gbl_replica *to, int32_t id) {
    const gbl_schedule_policy *p = (const void *)to->e->s->choice[GBL_SCHEDULE].policy;
    int64_t least = (int64_t)to->e->req[id].input + 1;
    gbl_replica_refresh(to);
    int64_t want = p->land_tokens ? p->land_tokens(to->instance[GBL_SCHEDULE], &to->host, id) : least;
    return want > least ? want : least;
}

/* Called with the request standing at the end that it moves to. 0: no room yet. `began`: bytes may move from now on. */
static int land(gbl_replica *to, int32_t id, double limit_s) {
    gbl_engine *e = to->e;
    gbl_req *q = &e->req[id];
    gbl_handoff *m = e->priv[id].move;
    gbl_replica_account(to, e->now_ns);
    int32_t hit = gbl_replica_reserve(to, id, tokens_to_land(to, id), e->s->kv_transfer_reuse);
    if (hit < 0) return 0;
    int64_t bs = e->block_size, cached = (int64_t)hit * bs;
    double bytes = gbl_units_bytes(to, gbl_units(to, id, q->input) - hit * to->unit);
    to->view.n_loading++;
    to->live_tokens += q->input - cached;
    m->landing = 1;
    m->began_ns = e->now_ns;
    m->tail_bytes = limit_s > 0 ? bytes / (double)e->s->llm.layers : 0;
    e->m.moves++;
    e->m.moved_bytes += bytes;
    e->m.moved_reused_tokens += cached;
    bytes -= m->tail_bytes;
    m->sent = bytes <= 0;
    if (bytes > 0) send(e, id, bytes, limit_s > 0 ? bytes / limit_s : INFINITY);
    else send_tail(e, id);
    gbl_replica_refresh(to);
    return 1;
}

/* Nobody is moved in ahead of a request that was put out here. */
static int is_closed(const gbl_replica *r) {
    return r->view.n_swapped || (r->waiting.n && r->e->req[r->waiting.a[r->waiting.head]].generated);
}

void gbl_handoff_land(gbl_replica *to) {
    gbl_engine *e = to->e;
    while (to->landing.n && !e->failed && !is_closed(to)) {
        int32_t id = to->landing.a[to->landing.head];
        if (!land(to, id, 0)) return;
        gbl_deque_remove(&to->landing, 0);
        to->queued_tokens -= e->req[id].known;
        e->m.move_wait_ns += e->now_ns - e->priv[id].move->asked_ns;
    }
}

static gbl_handoff *handoff_of(gbl_engine *e, int32_t id) {
    gbl_priv *p = &e->priv[id];
    if (p->move) return p->move;
    p->move = gbl_alloc(1, sizeof *p->move);
    if (!p->move) gbl_engine_fail(e, gbl_nomem(e->err, sizeof *p->move));
    else p->move->to = -1;
    return p->move;
}

/* Where it goes; it keeps standing where it stands. NULL: the policy failed. */
static gbl_replica *pick_end(gbl_replica *from, int32_t id) {
    gbl_engine *e = from->e;
    gbl_handoff *m = handoff_of(e, id);
    gbl_replica *to = m ? gbl_route(e, GBL_GATE_DECODE, id) : NULL;
    assert(to || e->failed); /* a request that nobody can decode was rejected when it came */
    if (!to) return NULL;
    e->req[id].replica = from->index;
    *m = (gbl_handoff){.from = from->index, .to = to->index, .chain = m->chain, .chain_room = m->chain_room, .asked_ns = e->now_ns};
    return to;
}

void gbl_handoff_early(gbl_replica *r) {
    gbl_engine *e = r->e;
    if (e->s->kv_transfer != GBL_TRANSFER_LAYERWISE) return;
    for (int32_t i = 0; i < r->plan.n && !e->failed; i++) {
        int32_t id = r->item[i];
        gbl_req *q = &e->req[id];
        if (q->computed != q->known || q->output == 1) continue;
        gbl_replica *to = pick_end(r, id);
        if (!to) return;
        if (to->landing.n || is_closed(to)) continue; /* it will wait its turn when its prompt is done */
        other_end(e, id);
        q->replica = to->index;
        land(to, id, (double)r->cost.demand.alone_ns * 1e-9);
        q->replica = r->index;
        other_end(e, id);
    }
}

void gbl_handoff_begin(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    gbl_req *q = &e->req[id];
    gbl_handoff *m = e->priv[id].move;
    int early = m && m->to >= 0; /* chosen when the prompt's last step began */
    gbl_replica *to = early ? &e->replica[m->to] : pick_end(r, id);
    if (!to) return;
    m = e->priv[id].move;
    gbl_shared_put(r, id);
    gbl_clock_phase(r, id, GBL_PHASE_MOVING);
    gbl_tier_unswap(r, id);
    q->state = GBL_REQ_LOADING;
    q->replica = to->index;
    m->asked_ns = e->now_ns;
    m->prompt_done = 1;
    r->n_parting++;
    if (e->priv[id].leaving) {
        r->n_leaving--;
        to->n_leaving++;
    }
    other_end(e, id);
    if (m->landing) {
        m->began_ns = e->now_ns;
        send_tail(e, id);
        return;
    }
    m->sent = 0;
    to->queued_tokens += q->known;
    if (gbl_deque_push(&to->landing, id)) gbl_engine_fail(e, gbl_nomem(e->err, sizeof id));
    gbl_handoff_land(to);
}

static void part(gbl_engine *e, int32_t id) {
    gbl_handoff *m = e->priv[id].move;
    gbl_replica *from = &e->replica[m->from];
    gbl_replica_account(from, e->now_ns);
    int64_t bs = e->block_size, private_tokens = e->req[id].computed - (int64_t)m->n_chain * bs;
    int32_t freed = gbl_kvpool_unref(&from->pool, m->chain, m->n_chain, e->now_ns);
    gbl_kvpool_give(&from->pool, m->private_blocks);
    from->live_tokens -= private_tokens + (int64_t)freed * bs;
    from->n_parting--;
    m->n_chain = m->blocks = 0;
    m->private_blocks = 0;
    m->to = -1;
    gbl_replica_expire(from);
    gbl_replica_wake(from);
}

int gbl_handoff_forget(gbl_replica *to, int32_t id) {
    gbl_engine *e = to->e;
    size_t i = 0;
    while (i < to->landing.n && to->landing.a[to->landing.head + i] != id) i++;
    if (i == to->landing.n) return 0;
    gbl_deque_remove(&to->landing, i);
    to->queued_tokens -= e->req[id].known;
    e->m.dropped += e->req[id].computed;
    part(e, id);
    gbl_client_gone(e, id);
    gbl_handoff_land(to);
    return 1;
}

void gbl_handoff_landed(gbl_engine *e, int32_t id) {
    gbl_req *q = &e->req[id];
    gbl_replica *to = &e->replica[q->replica];
    e->m.move_wire_ns += e->now_ns - e->priv[id].move->began_ns;
    part(e, id);
    gbl_replica_account(to, e->now_ns);
    to->view.n_loading--;
    q->state = GBL_REQ_RUNNING;
    if (e->s->compress) gbl_units_settle(to, id);
    if (gbl_replica_run(to, id)) return;
    gbl_replica_index_prompt(to, id);
    if (gbl_deque_push(&to->joined, id)) gbl_engine_fail(e, gbl_nomem(e->err, sizeof id));
    gbl_replica_wake(to);
}

void gbl_handoff_joined(gbl_replica *r) {
    size_t kept = 0;
    for (size_t i = 0; i < r->joined.n; i++) {
        int32_t id = r->joined.a[r->joined.head + i];
        if (r->e->req[id].state != GBL_REQ_RUNNING || r->e->req[id].replica != r->index || r->e->priv[id].phase != GBL_PHASE_MOVING) continue; /* put out, or gone, before it ever ran */
        if (r->e->req[id].scheduled) gbl_clock_phase(r, id, GBL_PHASE_DECODE);
        else r->joined.a[r->joined.head + kept++] = id;
    }
    r->joined.n = kept;
}
