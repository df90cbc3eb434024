/* The event loop: arrivals, routing, the replicas' events, and at the end the laws that every run must have kept. */
#include "sim/engine.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "base/text.h"
#include "sim/result.h"

int gbl_engine_fail(gbl_engine *e, int code) {
    e->failed = 1;
    if (!e->err->code) e->err->code = code;
    return code;
}

void gbl_policy_fault(gbl_replica *r, enum gbl_family f, const char *rule) {
    gbl_engine *e = r->e;
    if (e->failed) return;
    gbl_fail(e->err, GBL_EFAULT, "policy %s/%s broke its contract: %s", gbl_family_name(f), e->s->choice[f].policy->name, rule);
    gbl_where(e->err, "replica %d at %.9f s of simulated time (seed %lld)", r->index, (double)e->now_ns * 1e-9, (long long)e->s->seed);
    gbl_engine_fail(e, GBL_EFAULT);
}

void gbl_event_at(gbl_engine *e, int64_t t, enum gbl_event_kind k, int64_t arg) {
    if (gbl_heap_push(e->heap, (gbl_event){t, k, k, arg}) < 0) gbl_engine_fail(e, gbl_nomem(e->err, sizeof(gbl_event)));
}

/* ---- time line, progress, interruption ---- */

enum { SAMPLES = 2048 };

static void thin_samples(gbl_engine *e) {
    size_t kept = 0, n = (size_t)e->n_replicas, rows = e->n_sample / n;
    for (size_t i = 1; i < rows; i += 2)
        for (size_t r = 0; r < n; r++) {
            gbl_sample *w = &e->sample[i * n + r];
            for (int k = 0; k < GBL_R_N; k++) w->busy_us[k] += w[-(ptrdiff_t)n].busy_us[k];
            e->sample[kept++] = *w;
        }
    e->n_sample = kept;
    e->sample_every_ns *= 2;
}

/* A step counts with all its busy time when it begins, and so does a piece of a prompt: what of it lies behind t is taken off again. */
static gbl_sample sample_of(gbl_replica *r, int64_t t) {
    gbl_sample w = {t, r->index, r->view.n_running, (int32_t)(r->waiting.n + r->landing.n), {0}, gbl_kvpool_used(&r->pool) / r->unit, r->view.total_blocks};
    double alone = (double)r->cost.demand.alone_ns, ahead = 0;
    if (r->state == GBL_STEPPING && alone > 0) ahead = fmax(0, 1 - (double)(t - r->step_start_ns) / alone);
    for (int k = 0; k < GBL_R_N; k++) {
        double busy = r->load.busy_ns[k] - ahead * r->cost.demand.busy_ns[k] - (r->feeds ? gbl_feed_ahead(r, t, k) : 0);
        if (!(busy > r->sampled_busy_ns[k])) continue;
        w.busy_us[k] = (float)((busy - r->sampled_busy_ns[k]) * 1e-3);
        r->sampled_busy_ns[k] = busy;
    }
    return w;
}

static void take_samples(gbl_engine *e, int64_t t) {
    while (e->sample_ns <= t && !e->failed) {
        if (e->n_sample / (size_t)e->n_replicas >= SAMPLES) thin_samples(e);
        if (gbl_grow(&e->sample, &e->sample_room, e->n_sample + (size_t)e->n_replicas, sizeof *e->sample)) {
            gbl_engine_fail(e, gbl_nomem(e->err, sizeof *e->sample));
            return;
        }
        for (int32_t i = 0; i < e->n_replicas; i++) e->sample[e->n_sample++] = sample_of(&e->replica[i], e->sample_ns);
        int64_t next = (e->sample_ns / e->sample_every_ns + 1) * e->sample_every_ns;
        e->sample_ns = next;
    }
}

int gbl_engine_tick(gbl_engine *e, int64_t t) {
    if (t >= e->sample_ns) take_samples(e, t);
    if (++e->ticks & 0xfff) return e->failed;
    if (e->opt->stop && *e->opt->stop) {
        gbl_fail(e->err, *e->opt->stop == 15 ? GBL_ETERM : GBL_EINTERRUPT, "interrupted at %.3f s of simulated time", (double)e->now_ns * 1e-9);
        gbl_engine_fail(e, GBL_EINTERRUPT);
    }
    if (e->progress && !(e->ticks & 0x3ffff)) {
        double share = gbl_source_progress(e->source);
        gbl_progress_tick(e->progress, share >= 0 ? share : (double)e->m.completed, share >= 0 ? 1.0 : 0.0, "");
    }
    return e->failed;
}

/* ---- requests ---- */

static int32_t request_id(gbl_engine *e) {
    if (e->n_unused) return e->unused[--e->n_unused];
    size_t need = (size_t)e->n_ids + 1, before = e->req_room, priv_room = e->req_room;
    if (gbl_grow(&e->req, &e->req_room, need, sizeof *e->req) || gbl_grow(&e->priv, &priv_room, e->req_room, sizeof *e->priv) ||
        gbl_grow(&e->unused, &e->unused_room, e->req_room, sizeof *e->unused)) {
        gbl_engine_fail(e, gbl_nomem(e->err, need * sizeof *e->priv));
        return -1;
    }
    if (e->req_room > before) memset(e->priv + before, 0, (e->req_room - before) * sizeof *e->priv);
    return e->n_ids++;
}

/* An id is kept as the hash of the chain that ends in it: equal ids behind different prefixes are different blocks. Chunks
 * have no prefix. */
static int keep_ids(gbl_engine *e, gbl_priv *p, const gbl_record *rec) {
    int32_t n = rec->n_ids + rec->n_output_ids;
    if (!rec->n_ids || e->s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_NO_INDEX) return 0;
    if (gbl_grow(&p->ids, &p->ids_room, (size_t)n, sizeof *p->ids)) return gbl_engine_fail(e, gbl_nomem(e->err, (size_t)n * sizeof *p->ids));
    int chained = !(e->s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_CHUNKS);
    uint64_t root = gbl_reuse_root(e, rec);
    for (int32_t i = 0; i < n; i++) p->ids[i] = gbl_mix64(i && chained ? p->ids[i - 1] : root, rec->ids[i]);
    p->n_ids = n;
    p->id_tokens = rec->id_tokens;
    int64_t covered = (int64_t)n * rec->id_tokens, most = rec->goes_on ? rec->input + rec->output : rec->input;
    p->told = covered < most ? covered : most;
    return 0;
}

static int32_t request_new(gbl_engine *e, const gbl_record *rec) {
    int32_t id = request_id(e);
    if (id < 0) return -1;
    gbl_priv *p = &e->priv[id];
    gbl_priv clean = {.ids = p->ids, .ids_room = p->ids_room, .chain = p->chain, .chain_room = p->chain_room, .move = p->move, .scheduled_ns = -1, .first_ns = -1, .last_ns = -1};
    *p = clean;
    if (keep_ids(e, p, rec)) return -1;
    e->req[id] = (gbl_req){.serial = rec->serial, .arrival_ns = rec->arrival_ns, .session = rec->session, .input = (int32_t)rec->input,
                           .output = (int32_t)rec->output, .known = (int32_t)rec->input, .state = GBL_REQ_WAITING, .replica = -1,
                           .tenant = rec->tenant, .priority = rec->priority, .turn = rec->turn, .last = rec->last, .tool = rec->tool,
                           .program = rec->program < 0 ? rec->session : rec->program, .pause_ns = rec->pause_ns};
    return id;
}

static void pull(gbl_engine *e) {
    gbl_record rec;
    int rc = 0;
    while (!e->failed && (rc = gbl_source_next(e->source, &rec, e->err)) == 1) {
        int32_t id = request_new(e, &rec);
        if (id < 0) return;
        gbl_event_at(e, rec.arrival_ns > e->now_ns ? rec.arrival_ns : e->now_ns, GBL_EV_ARRIVAL, id);
        if (!e->closed_loop) return;
    }
    if (rc < 0) gbl_engine_fail(e, GBL_EINPUT);
    e->dry = rc == 0;
}

static void count_in_system(gbl_engine *e, int change) {
    e->m.in_system_ns += (__int128)e->in_system * (e->now_ns - e->m.little_since_ns);
    e->m.little_since_ns = e->now_ns;
    e->in_system += change;
}

static gbl_life life_of(const gbl_engine *e, int32_t id, int status) {
    const gbl_req *q = &e->req[id];
    const gbl_priv *p = &e->priv[id];
    gbl_life life = {.serial = q->serial, .session = q->session, .input = q->input, .output = q->output, .cached = p->first_cached,
                      .turn = q->turn, .tenant = q->tenant, .priority = q->priority, .replica = q->replica, .preemptions = q->preemptions, .arrival_ns = q->arrival_ns,
                      .scheduled_ns = p->scheduled_ns, .first_ns = p->first_ns, .finish_ns = status == 0 ? p->last_ns : -1, .status = status};
    int64_t sum = 0;
    for (int i = 0; i < GBL_PARTS; i++) sum += life.part_ns[i] = p->part_ns[i];
    assert(status != 0 || sum == life.finish_ns - life.arrival_ns); /* every nanosecond has a name */
    return life;
}

void gbl_request_leave(gbl_engine *e, int32_t id, int status) {
    gbl_life life = life_of(e, id, status);
    count_in_system(e, -1);
    e->m.generated += e->req[id].generated;
    e->m.sojourn_ns += e->now_ns - e->req[id].arrival_ns;
    if (status == 0) e->m.last_finish_ns = e->now_ns;
    if (gbl_metrics_leave(&e->m, e->s, &life, e->priv[id].gap_sum, e->priv[id].gap_n, e->opt->itl_per_request, e->err)) gbl_engine_fail(e, GBL_EFAULT);
    if (e->opt->on_request && e->opt->on_request(e->opt->to, &life, e->err)) gbl_engine_fail(e, GBL_EFAULT);
    e->req[id].state = GBL_REQ_DONE;
    e->unused[e->n_unused++] = id;
    e->priv[id].inside = 0;
    gbl_client_stop(e, id);
    if (status == 2 && !e->priv[id].leaving) return; /* the run is over */
    gbl_door_left(e);
    gbl_source_done(e->source, life.serial, e->now_ns);
    if (e->closed_loop) pull(e);
}

/* ---- arrival ---- */

static void check_ids(gbl_engine *e, int32_t id) {
    const gbl_priv *p = &e->priv[id];
    int chunks = (e->s->choice[GBL_PREFIX].policy->flags & GBL_PREFIX_CHUNKS) != 0;
    if (!p->n_ids || p->id_tokens % e->block_size == 0 || (!chunks && e->block_size % p->id_tokens == 0)) return;
    gbl_fail(e->err, GBL_EINPUT, "engine.block_size %d %s the trace's %d-token prefix ids", e->block_size, chunks ? "does not divide" : "neither divides nor is a multiple of", p->id_tokens);
    gbl_where(e->err, "engine.block_size");
    gbl_expected(e->err, "a block size that fits the ids, or policy.prefix \"off\"");
    gbl_engine_fail(e, GBL_EINPUT);
}

/* When a program's first request came; what knows no program is one of its own. */
static void note_program(gbl_engine *e, gbl_req *q) {
    q->program_ns = e->now_ns;
    if (q->program < 0) return;
    int32_t n = gbl_map_get(e->program, (uint64_t)q->program);
    if (n < 0) {
        n = (int32_t)gbl_map_size(e->program);
        if (gbl_grow(&e->program_ns, &e->program_room, (size_t)n + 1, sizeof *e->program_ns) || gbl_map_put(e->program, (uint64_t)q->program, n)) {
            gbl_engine_fail(e, gbl_nomem(e->err, 64));
            return;
        }
        e->program_ns[n] = e->now_ns;
    }
    q->program_ns = e->program_ns[n];
}

static void arrive(gbl_engine *e, int32_t id) {
    gbl_priv *p = &e->priv[id];
    if (p->inside) { /* sent again */
        gbl_client_start(e, id);
        gbl_door_come(e, id);
        return;
    }
    p->inside = 1;
    if (!e->m.injected++) {
        e->m.first_arrival_ns = e->now_ns;
        e->m.measured_from_ns = e->now_ns + (int64_t)(e->s->warmup_s * 1e9);
    }
    count_in_system(e, 1);
    note_program(e, &e->req[id]);
    if (e->closed_loop) gbl_source_reached(e->source, e->now_ns);
    pull(e);
    check_ids(e, id);
    if (e->failed) return;
    gbl_client_start(e, id);
    gbl_door_come(e, id);
}

/* ---- the loop ---- */

static void dispatch(gbl_engine *e, const gbl_event *ev) {
    gbl_replica *r = &e->replica[ev->arg < e->n_replicas ? ev->arg : 0];
    switch ((enum gbl_event_kind)ev->what) {
    case GBL_EV_ARRIVAL: arrive(e, (int32_t)ev->arg); break;
    case GBL_EV_ENQUEUE:
        e->replica[e->req[ev->arg].replica].on_the_way--;
        gbl_replica_enqueue(&e->replica[e->req[ev->arg].replica], (int32_t)ev->arg);
        break;
    case GBL_EV_UP: gbl_scale_up(e, (int32_t)ev->arg); break;
    case GBL_EV_SCALE: gbl_scale_look(e); break;
    case GBL_EV_CLIENT: gbl_client_event(e, (int32_t)ev->arg); break;
    case GBL_EV_DOOR: gbl_door_event(e); break;
    case GBL_EV_NETWORK: gbl_handoff_network(e); break;
    case GBL_EV_LANDED: gbl_handoff_landed(e, (int32_t)ev->arg); break;
    case GBL_EV_FLOW: gbl_replica_account(r, e->now_ns); gbl_replica_flow_end(r); break;
    case GBL_EV_STEP: gbl_replica_step_end(r); break;
    case GBL_EV_PLAN:
        r->plan_event = -1;
        if (r->state == GBL_IDLE) gbl_replica_plan(r);
        break;
    }
}

/* Far from where sums of int64 ns overflow. What lies behind it is a scenario whose rates and pauses are out of proportion. */
static int too_late(gbl_engine *e, const gbl_event *next) {
    static const char *const what[] = {[GBL_EV_FLOW] = "a transfer would end", [GBL_EV_NETWORK] = "a transfer would end", [GBL_EV_LANDED] = "a transfer would end",
                                       [GBL_EV_ARRIVAL] = "a request would arrive", [GBL_EV_CLIENT] = "a client would give up", [GBL_EV_ENQUEUE] = "a request would leave the front end",
                                       [GBL_EV_STEP] = "a step would end", [GBL_EV_DOOR] = "the admit policy would be asked again", [GBL_EV_UP] = "a replica would be ready",
                                       [GBL_EV_SCALE] = "the scale policy would look", [GBL_EV_PLAN] = "a replica would plan"};
    if (next->time_ns >= 0 && (double)next->time_ns <= GBL_TRACE_MOST_NS) return 0;
    gbl_fail(e->err, GBL_EINPUT, "simulated time does not fit: %s later than %.0e s", what[next->what], GBL_TRACE_MOST_NS * 1e-9);
    gbl_where(e->err, "after %.9g s of simulated time", (double)e->now_ns * 1e-9);
    gbl_expected(e->err, "rates, bandwidths and pauses that end sooner, or an earlier run.stop_s");
    gbl_engine_fail(e, GBL_EINPUT);
    return 1;
}

static void loop(gbl_engine *e) {
    gbl_event ev;
    while (!e->failed) {
        const gbl_event *next = gbl_heap_peek(e->heap);
        if (!next && e->door.n) gbl_policy_fault(&e->replica[0], GBL_ADMIT, "it holds requests back though nothing runs");
        if (!next || next->time_ns > e->stop_ns || too_late(e, next)) break;
        if (gbl_engine_tick(e, next->time_ns)) break;
        gbl_heap_pop(e->heap, &ev);
        if (gbl_scale_is_over(e, ev.what)) continue; /* nobody is left to look after */
        assert(ev.time_ns >= e->now_ns);
        e->now_ns = ev.time_ns;
        dispatch(e, &ev);
    }
}

/* ---- the laws ---- */

/* What stop_s caught in the middle counts for the share that was done: transfers, and then the step. Returns the share of the
 * step that is not done as a flow beside others has it, or -1 where it is none. */
static double cut_flows(gbl_replica *r) {
    double undone = -1;
    gbl_fluid_progress(&r->fluid, r->e->now_ns);
    for (size_t i = 0; i < r->fluid.n; i++) {
        const gbl_flow *w = &r->fluid.flow[i];
        if (w->tag == GBL_TAG_STEP) undone = w->left_ns / (double)r->cost.demand.alone_ns;
        for (int k = 0; k < GBL_R_N && w->tag != GBL_TAG_STEP; k++) r->load.busy_ns[k] -= w->left_ns * w->rate[k];
    }
    return undone;
}

static void cut_step(gbl_replica *r) {
    const gbl_engine *e = r->e;
    double alone = (double)r->cost.demand.alone_ns, undone = cut_flows(r);
    if (r->state != GBL_STEPPING || alone <= 0) return;
    if (undone < 0) undone = r->fluid.n ? 0 : 1.0 - (double)(e->now_ns - r->step_start_ns) / alone;
    if (undone <= 0) return;
    for (int k = 0; k < GBL_R_N; k++) r->load.busy_ns[k] -= undone * r->cost.demand.busy_ns[k];
    r->load.power_ns -= undone * fmax(r->cost.demand.busy_ns[GBL_R_SM], r->cost.demand.busy_ns[GBL_R_HBM]);
    r->load.flops -= undone * r->cost.flops;
    r->load.bytes -= undone * r->cost.bytes;
}

static void check_replica(const gbl_engine *e, gbl_replica *r, int64_t end_ns, int drained) {
    gbl_kvpool_check(&r->pool);
    gbl_replica_account(r, end_ns);
    gbl_replica_state(r, r->state);
    assert(r->state_ns[0] + r->state_ns[1] + r->state_ns[2] == end_ns); /* every instant has one state */
    if (!drained) return;
    assert(!r->pool.below || r->pool.below->tier[0].set_aside == 0);
    assert(r->pool.private_blocks == 0 && r->pool.referenced == 0 && r->live_tokens == 0);
    assert(r->view.n_running == 0 && r->waiting.n == 0 && r->view.n_swapped == 0 && r->queued_tokens == 0);
    assert(r->landing.n == 0 && r->joined.n == 0 && r->n_parting == 0 && r->view.n_loading == 0);
    (void)e;
}

/* Sequences caught in the middle by stop_s leave as unfinished; then nothing may be left over. */
static void wind_up(gbl_engine *e) {
    if (gbl_heap_size(e->heap) && !gbl_engine_tick(e, e->stop_ns)) e->now_ns = e->stop_ns;
    int64_t unfinished_tokens = 0, open = 0;
    for (int32_t id = 0; id < e->n_ids; id++) {
        const gbl_req *q = &e->req[id];
        open += q->state != GBL_REQ_DONE && e->priv[id].inside;
    }
    int drained = open == 0;
    for (int32_t i = 0; i < e->n_replicas; i++) {
        gbl_replica *r = &e->replica[i];
        cut_step(r);
        if (r->hold.on) gbl_hold_end(r, r->state == GBL_STEPPING);
        check_replica(e, r, e->now_ns, drained);
    }
    for (int32_t id = 0; id < e->n_ids && !e->failed; id++) {
        const gbl_req *q = &e->req[id];
        if (q->state == GBL_REQ_DONE || !e->priv[id].inside) continue;
        e->priv[id].leaving = GBL_STAY; /* it had no time to go */
        unfinished_tokens += q->computed;
        gbl_request_leave(e, id, 2);
    }
    count_in_system(e, 0);
    gbl_scale_end(e);
    gbl_network_check(&e->net, e->now_ns);
    gbl_shared_check(e->store);
    e->events = gbl_heap_count(e->heap);
    assert(e->failed || e->m.injected == e->m.completed + e->m.rejected + e->m.unfinished);
    assert(e->failed || e->m.in_system_ns == e->m.sojourn_ns); /* Little's law, as integers */
    assert(e->failed || e->m.taken + e->m.reused == e->m.finished_tokens + e->m.dropped + unfinished_tokens);
}

/* ---- one run ---- */

static double wall_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int engine_costs(gbl_engine *e, gbl_err *err) {
    e->cost = gbl_alloc(e->s->n_pools, sizeof *e->cost);
    if (!e->cost) return gbl_nomem(err, e->s->n_pools * sizeof *e->cost);
    int code = 0;
    for (size_t i = 0; i < e->s->n_pools && !code; i++) code = gbl_scenario_cost(e->s, i, &e->cost[i], err);
    return code;
}

static int engine_replicas(gbl_engine *e, gbl_err *err) {
    int32_t made = 0;
    for (size_t pool = 0; pool < e->s->n_pools; pool++)
        for (int64_t i = 0; i < e->s->pool[pool].replicas; i++, made++) {
            int code = gbl_replica_init(&e->replica[made], e, made, pool, err);
            if (code) return code;
        }
    return 0;
}

static int engine_init(gbl_engine *e, const gbl_scenario *s, const gbl_run_options *opt, gbl_err *err) {
    *e = (gbl_engine){.s = s, .opt = opt, .err = err, .n_replicas = (int32_t)s->replicas, .block_size = (int32_t)s->block_size, .stop_ns = INT64_MAX, .net_event = -1, .door_event = -1};
    e->sample_every_ns = 1000000;
    if (!isnan(s->stop_s)) e->stop_ns = (int64_t)(s->stop_s * 1e9);
    int code = engine_costs(e, err);
    if (code) return code;
    e->max_model_len = s->max_model_len != GBL_NULL_INT ? s->max_model_len : gbl_cost_context(e->cost[0]);
    if ((code = gbl_source_open(&e->source, s->trace, (uint64_t)s->seed, err))) return code;
    e->closed_loop = gbl_source_closed(e->source);
    if ((code = gbl_metrics_init(&e->m, s, err))) return code;
    e->heap = gbl_heap_new();
    e->program = gbl_map_new(64);
    e->replica = gbl_alloc((size_t)e->n_replicas, sizeof *e->replica);
    if (!e->heap || !e->program || !e->replica) return gbl_nomem(err, (size_t)e->n_replicas * sizeof *e->replica);
    if ((code = gbl_reuse_init(e, err)) || (code = engine_replicas(e, err)) || (code = gbl_gates_init(e, err)) || (code = gbl_scale_init(e, err)) || (code = gbl_handoff_init(e, err))) return code;
    e->progress = gbl_progress_new(s->name, opt->progress);
    return 0;
}

static void engine_fini(gbl_engine *e) {
    gbl_map_free(e->would_share);
    for (int32_t i = 0; e->replica && i < e->n_replicas; i++) gbl_replica_fini(&e->replica[i]);
    for (int32_t i = 0; i < e->n_ids; i++) {
        gbl_free(e->priv[i].ids);
        gbl_free(e->priv[i].chain);
        if (e->priv[i].move) gbl_free(e->priv[i].move->chain);
        gbl_free(e->priv[i].move);
    }
    gbl_free(e->replica);
    gbl_gates_fini(e);
    gbl_scale_fini(e);
    gbl_free(e->admit_state);
    gbl_free(e->door.a);
    gbl_network_fini(&e->net);
    gbl_shared_free(e->store);
    gbl_free(e->req);
    gbl_free(e->priv);
    gbl_free(e->own);
    gbl_free(e->unused);
    gbl_free(e->sample);
    gbl_heap_free(e->heap);
    gbl_map_free(e->program);
    gbl_free(e->program_ns);
    if (e->source) gbl_source_close(e->source);
    for (size_t i = 0; e->cost && i < e->s->n_pools; i++) gbl_cost_free(e->cost[i]);
    gbl_free(e->cost);
    gbl_metrics_fini(&e->m);
}

static int give_samples(gbl_engine *e) {
    for (size_t i = 0; e->opt->on_sample && i < e->n_sample; i++) {
        int code = e->opt->on_sample(e->opt->to, &e->sample[i], e->err);
        if (code) return gbl_engine_fail(e, code);
    }
    return 0;
}

int gbl_run(gbl_result **out, const gbl_scenario *s, const gbl_run_options *opt, gbl_err *err) {
    static const gbl_run_options plain = {.progress = GBL_PROGRESS_OFF};
    gbl_engine e;
    *out = NULL;
    err->code = 0;
    int code = engine_init(&e, s, opt ? opt : &plain, err);
    if (!code) {
        double began = wall_s();
        pull(&e);
        loop(&e);
        if (e.progress) gbl_progress_end(e.progress);
        if (!e.failed) wind_up(&e);
        if (!e.failed) give_samples(&e);
        code = e.failed ? err->code : gbl_result_new(out, &e, wall_s() - began, err);
    }
    engine_fini(&e);
    return code;
}
