#include "sim/scale.h"

#include <string.h>

#include "sim/engine.h"

static const gbl_scale_policy *policy_of(const gbl_engine *e) { return (const void *)e->s->choice[GBL_SCALE].policy; }

int gbl_scale_is_over(const gbl_engine *e, int what) { return (what == GBL_EV_UP || what == GBL_EV_SCALE) && e->dry && !e->in_system; }

int gbl_scale_takes(const gbl_replica *r) { return r->power == GBL_ON; }

static void set_power(gbl_replica *r, enum gbl_power power) {
    int64_t now = r->e->now_ns, from = r->power_since_ns > r->e->m.first_arrival_ns ? r->power_since_ns : r->e->m.first_arrival_ns;
    if (r->power != GBL_OFF && now > from) r->held_ns += now - from;
    r->power = power;
    r->power_since_ns = now;
}

static int is_empty(const gbl_replica *r) {
    return !r->view.n_running && !r->view.n_loading && !r->view.n_swapped && !r->waiting.n && !r->on_the_way && !r->fluid.n && r->state == GBL_IDLE;
}

static gbl_scale_view look_at(const gbl_engine *e) {
    gbl_scale_view v = {.now_ns = e->now_ns, .most = e->n_replicas};
    double used = 0, all = 0;
    for (int32_t i = 0; i < e->n_replicas; i++) {
        const gbl_replica *r = &e->replica[i];
        v.up += r->power == GBL_ON;
        v.starting += r->power == GBL_STARTING;
        v.draining += r->power == GBL_DRAINING;
        if (r->power != GBL_ON) continue;
        v.waiting += (int64_t)r->waiting.n;
        v.running += r->view.n_running + r->view.n_loading;
        used += (double)gbl_kvpool_used(&r->pool);
        all += (double)r->capacity;
    }
    v.used_share = all > 0 ? used / all : 0;
    return v;
}

static void more(gbl_engine *e, int32_t n) {
    int64_t delay = policy_of(e)->delay_ns(e->scaler.state);
    for (int32_t i = 0; i < e->n_replicas && n > 0; i++) /* one that was to go can stay */
        if (e->replica[i].power == GBL_DRAINING) set_power(&e->replica[i], GBL_ON), n--;
    for (int32_t i = 0; i < e->n_replicas && n > 0; i++) {
        if (e->replica[i].power != GBL_OFF) continue;
        set_power(&e->replica[i], GBL_STARTING);
        e->scaler.started++;
        gbl_event_at(e, e->now_ns + (delay > 0 ? delay : 0), GBL_EV_UP, i);
        n--;
    }
}

/* The last ones go first: the first keep their caches. */
static void fewer(gbl_engine *e, int32_t n) {
    for (int32_t i = e->n_replicas - 1; i >= 0 && n > 0; i--)
        if (e->replica[i].power == GBL_ON) set_power(&e->replica[i], GBL_DRAINING), n--;
}

static void give_back(gbl_engine *e) {
    for (int32_t i = 0; i < e->n_replicas; i++) {
        gbl_replica *r = &e->replica[i];
        if (r->power != GBL_DRAINING || !is_empty(r)) continue;
        const char *broken = gbl_kvpool_reset(&r->pool);
        if (broken) gbl_policy_fault(r, GBL_EVICT, broken);
        set_power(r, GBL_OFF);
        e->scaler.stopped++;
    }
}

static void look_again(gbl_engine *e) {
    int64_t after = policy_of(e)->interval_ns(e->scaler.state);
    if (!e->dry || e->in_system) gbl_event_at(e, e->now_ns + (after > 0 ? after : 1), GBL_EV_SCALE, 0);
}

void gbl_scale_look(gbl_engine *e) {
    give_back(e);
    gbl_scale_view v = look_at(e);
    int32_t n = policy_of(e)->want(e->scaler.state, &e->gate[GBL_GATE_PROMPT].host, &v), have = v.up + v.starting;
    if (n < 1 || n > v.most) {
        gbl_policy_fault(&e->replica[0], GBL_SCALE, "it wants no replica, or more than the cluster has");
        return;
    }
    if (n > have) more(e, n - have);
    if (n < have && v.up - (have - n) >= 1) fewer(e, have - n);
    look_again(e);
}

void gbl_scale_up(gbl_engine *e, int32_t i) {
    int32_t up = 0;
    set_power(&e->replica[i], GBL_ON);
    for (int32_t k = 0; k < e->n_replicas; k++) up += e->replica[k].power == GBL_ON;
    if (up > e->scaler.most_up) e->scaler.most_up = up;
}

int gbl_scale_init(gbl_engine *e, gbl_err *err) {
    const gbl_choice *c = &e->s->choice[GBL_SCALE];
    const gbl_scale_policy *p = policy_of(e);
    size_t size = c->policy->state_size;
    if (!p->want) return 0;
    if (!(e->scaler.state = gbl_alloc(1, size ? size : 1))) return gbl_nomem(err, size);
    if (size) memcpy(e->scaler.state, c->config, size);
    if (p->init) p->init(e->scaler.state, &e->gate[GBL_GATE_PROMPT].host);
    gbl_scale_view v = {.most = e->n_replicas, .first = 1};
    int32_t n = p->want(e->scaler.state, &e->gate[GBL_GATE_PROMPT].host, &v);
    if (n < 1 || n > e->n_replicas) {
        gbl_fail(err, GBL_EINPUT, "policy.scale starts with %d replicas, and the cluster has %d", n, e->n_replicas);
        gbl_where(err, "policy.scale");
        return gbl_expected(err, "no more than cluster.replicas, which is the most there can be");
    }
    for (int32_t i = n; i < e->n_replicas; i++) e->replica[i].power = GBL_OFF;
    e->scaler.most_up = n;
    look_again(e);
    return 0;
}

void gbl_scale_fini(gbl_engine *e) { gbl_free(e->scaler.state); }

void gbl_scale_end(gbl_engine *e) {
    for (int32_t i = 0; e->scaler.state && i < e->n_replicas; i++) set_power(&e->replica[i], e->replica[i].power);
}
