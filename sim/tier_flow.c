/* What moves between HBM and the tiers below it, as flows of the replica.
 *
 * Down: blocks that leave HBM because their place is wanted at once are written before the step that wants it (as swapped ones
 * are); what is written through, and what falls from tier to tier, goes in the background: one flow a tier and source at a
 * time, the next carrying all that has piled up.
 *
 * Up: a load is one flow a tier. Layer by layer (all tiers concerned must say so) it has two legs: the first layer's share,
 * which the request waits for, and the rest, which runs beside the step; that step ends when both have ended, and where the load
 * was last, a layer's compute later. So load and prompt take about max(load, compute) + one layer. */
#include "sim/tier_flow.h"

#include <assert.h>
#include <math.h>

static gbl_below link_of(const gbl_tier_spec *t) {
    return (gbl_below){t->kind == GBL_TIER_SSD, t->bandwidth_gb_s * 1e9, t->latency_us * 1e-6, t->piece_bytes, t->iops};
}

/* share: of the blocks' bytes that move. */
static void demand_of(const gbl_replica *r, int32_t tier, int64_t blocks, double share, enum gbl_resource dir, gbl_demand *out) {
    gbl_below b = link_of(&r->e->s->tier[tier]);
    gbl_cost_tier(r->price, &b, (double)blocks * r->view.block_bytes * share, blocks * 2 * r->e->s->llm.layers, dir, out);
}

static int start(gbl_replica *r, const gbl_demand *d, int64_t tag) {
    for (int i = 0; i < GBL_R_N; i++) r->load.busy_ns[i] += d->busy_ns[i];
    if (gbl_fluid_start(&r->fluid, r->e->now_ns, d, tag, r->e->err)) return gbl_engine_fail(r->e, GBL_EFAULT);
    gbl_replica_arm_flows(r);
    return 0;
}

void gbl_tier_ready(gbl_replica *r) {
    gbl_tiers *b = r->pool.below;
    for (int32_t i = 0; b && i < b->n; i++) {
        gbl_demand d;
        demand_of(r, i, 1, 1, GBL_R_PCIE_H2D, &d);
        b->reload_s[i] = (double)d.alone_ns * 1e-9;
    }
}

/* ---- down ---- */

static int64_t write_tag(int32_t tier, enum gbl_due due) { return GBL_TAG_WRITE - (tier * (int32_t)GBL_DUES + (int32_t)due); }

/* A background writer that stands idle takes what has piled up. Nothing is started for a run whose work is done. */
static void write_on(gbl_replica *r, int32_t tier, enum gbl_due due) {
    gbl_tier *t = &r->pool.below->tier[tier];
    int64_t n = t->due[due];
    if (!n || r->writing[tier * GBL_DUES + due] || (r->e->dry && !r->e->in_system)) return;
    gbl_demand d;
    demand_of(r, tier, n, 1, due == GBL_DUE_DOWN ? GBL_R_N : GBL_R_PCIE_D2H, &d);
    t->due[due] = 0;
    t->written += n;
    r->writing[tier * GBL_DUES + due] = 1;
    start(r, &d, write_tag(tier, due));
}

void gbl_tier_write_now(gbl_replica *r) {
    gbl_tiers *b = r->pool.below;
    for (int32_t i = 0; b && i < b->n && !r->e->failed; i++) {
        gbl_tier *t = &b->tier[i];
        if (t->due[GBL_DUE_NOW]) {
            gbl_demand d;
            demand_of(r, i, t->due[GBL_DUE_NOW], 1, GBL_R_PCIE_D2H, &d);
            t->written += t->due[GBL_DUE_NOW];
            t->due[GBL_DUE_NOW] = 0;
            r->outs++;
            start(r, &d, GBL_TAG_OUT);
        }
        write_on(r, i, GBL_DUE_DOWN);
    }
}

void gbl_tier_write_later(gbl_replica *r) {
    for (int32_t i = 0; r->pool.below && i < r->pool.below->n; i++) {
        write_on(r, i, GBL_DUE_LATER);
        write_on(r, i, GBL_DUE_DOWN);
    }
}

/* ---- up ---- */

static int new_load(gbl_replica *r) {
    size_t i = 0;
    while (i < r->n_loads && r->loads[i].legs) i++;
    if (i == r->n_loads && gbl_grow(&r->loads, &r->loads_room, ++r->n_loads, sizeof *r->loads)) {
        r->n_loads--;
        gbl_engine_fail(r->e, gbl_nomem(r->e->err, sizeof *r->loads));
        return -1;
    }
    return (int)i;
}

/* Both legs together take what one would: the latency is paid once, the rest follows in its stream. */
static void split(const gbl_replica *r, const gbl_demand *all, enum gbl_leg leg, gbl_demand *out) {
    double share = 1.0 / (double)r->e->s->llm.layers, part = leg == GBL_LEG_ALL ? 1 : leg == GBL_LEG_FIRST ? share : 1 - share;
    int64_t first = (int64_t)ceil((double)all->alone_ns * share);
    *out = *all;
    if (leg != GBL_LEG_ALL) out->alone_ns = leg == GBL_LEG_FIRST ? first : all->alone_ns - first;
    for (int i = 0; i < GBL_R_N; i++) out->busy_ns[i] = fmin(all->busy_ns[i] * part, (double)out->alone_ns);
}

static void start_leg(gbl_replica *r, int slot, enum gbl_leg leg) {
    gbl_load *l = &r->loads[slot];
    l->leg = leg;
    for (int32_t i = 0; i < r->pool.below->n && !r->e->failed; i++) {
        gbl_demand all, d;
        if (!l->blocks[i]) continue;
        demand_of(r, i, l->blocks[i], l->share, GBL_R_PCIE_H2D, &all);
        split(r, &all, leg, &d);
        r->loads[slot].legs++;
        start(r, &d, GBL_TAG_LOAD - slot);
    }
}

int gbl_tier_layerwise(const gbl_replica *r, const int32_t blocks[GBL_TIERS]) {
    for (int32_t i = 0; i < r->pool.below->n; i++)
        if (blocks[i] && !r->e->s->tier[i].layerwise) return 0;
    return r->e->s->llm.layers > 1;
}

int64_t gbl_tier_load_ns(const gbl_replica *r, const int32_t blocks[GBL_TIERS]) {
    int64_t longest = 0; /* tiers load side by side; they meet on PCIe, whose share is known only in the fluid */
    for (int32_t i = 0; i < r->pool.below->n; i++) {
        gbl_demand d;
        demand_of(r, i, blocks[i], 1, GBL_R_PCIE_H2D, &d);
        if (d.alone_ns > longest) longest = d.alone_ns;
    }
    return longest;
}

int gbl_tier_load(gbl_replica *r, int32_t id, const int32_t blocks[GBL_TIERS], double share, int layerwise) {
    int slot = new_load(r);
    if (slot < 0) return -1;
    r->loads[slot] = (gbl_load){.serial = r->e->req[id].serial, .id = id, .share = share};
    for (int32_t i = 0; i < r->pool.below->n; i++) {
        gbl_tier *t = &r->pool.below->tier[i];
        r->loads[slot].blocks[i] = blocks[i];
        t->loaded += share * blocks[i];
        t->hit_blocks += blocks[i];
    }
    r->e->priv[id].load = slot + 1;
    start_leg(r, slot, layerwise ? GBL_LEG_FIRST : GBL_LEG_ALL);
    return slot;
}

int gbl_tier_load_elsewhere(gbl_replica *r, int32_t id, int32_t blocks) {
    int slot = new_load(r);
    if (slot < 0) return -1;
    r->loads[slot] = (gbl_load){.serial = r->e->req[id].serial, .id = id, .legs = 1, .leg = GBL_LEG_ALL, .blocks = {blocks}};
    r->e->priv[id].load = slot + 1;
    return slot;
}

int32_t gbl_tier_load_blocks(const gbl_replica *r, int32_t id) {
    const gbl_load *l = &r->loads[r->e->priv[id].load - 1];
    int32_t n = 0;
    for (int32_t i = 0; i < GBL_TIERS; i++) n += l->blocks[i];
    return n;
}

/* Whose load it was, or -1 where that request lost its place meanwhile. */
static int32_t owner_of(const gbl_replica *r, int slot) {
    const gbl_load *l = &r->loads[slot];
    const gbl_req *q = &r->e->req[l->id];
    return q->serial == l->serial && q->replica == r->index && q->state != GBL_REQ_DONE && r->e->priv[l->id].load == slot + 1 ? l->id : -1;
}

void gbl_tier_flow_end(gbl_replica *r, int64_t tag) {
    if (tag > GBL_TAG_LOAD) { /* a background write */
        int at = (int)(GBL_TAG_WRITE - tag);
        r->writing[at] = 0;
        write_on(r, at / GBL_DUES, (enum gbl_due)(at % GBL_DUES));
        return;
    }
    int slot = (int)(GBL_TAG_LOAD - tag);
    if (--r->loads[slot].legs) return;
    int32_t id = owner_of(r, slot);
    enum gbl_leg leg = (enum gbl_leg)r->loads[slot].leg;
    if (id < 0) return;
    if (leg == GBL_LEG_FIRST) {
        start_leg(r, slot, GBL_LEG_REST);
        gbl_replica_loaded(r, id);
        return;
    }
    r->e->priv[id].load = 0;
    if (leg == GBL_LEG_ALL) gbl_replica_loaded(r, id);
    else if (r->e->req[id].scheduled) r->late--;
}

void gbl_tier_elsewhere_end(gbl_replica *r, int slot) {
    int32_t id = owner_of(r, slot);
    r->loads[slot].legs = 0;
    if (id < 0) return;
    r->e->priv[id].load = 0;
    gbl_replica_loaded(r, id);
}

/* Loads that run beside the step which is about to begin, for requests that are part of it. */
int32_t gbl_tier_beside(const gbl_replica *r) {
    int32_t n = 0;
    for (int32_t i = 0; i < r->plan.n && r->pool.below; i++) n += r->e->priv[r->item[i]].load > 0;
    return n;
}
