#include "sim/tier.h"

#include <assert.h>
#include <math.h>

double gbl_tier_blocks(const gbl_tier_spec *spec, double block_bytes) { return floor(spec->bytes / block_bytes); }

int gbl_tier_too_small(const gbl_tier_spec *spec, double block_bytes, gbl_err *err) {
    gbl_fail(err, GBL_EINPUT, "tier '%s' of %.0f bytes holds not even one KV block of %.0f bytes", spec->name, spec->bytes, block_bytes);
    gbl_where(err, "tiers");
    return gbl_expected(err, "at least %.0f bytes, or 0 for no such tier", ceil(block_bytes));
}

static uint32_t flags_of(const gbl_tier *t) { return t->evictor.p->head.flags; }

static void set_held(gbl_tier *t, int32_t id, int held) {
    if (t->evictor.p->held) t->evictor.p->held(t->evictor.state, id, held);
}

static void forget(void *owner, int32_t id) {
    gbl_tier *t = owner;
    gbl_kvpool *p = t->all->pool;
    if (!(flags_of(t) & GBL_EVICT_GHOSTS) || id < 0 || id >= p->n_ids || !(p->node[id].ghost >> t->level & 1)) return;
    t->ghosts--;
    gbl_kvpool_unbind(p, id, t->level);
}

/* A block stays its last user's. Here a use is a moment: it comes, or is loaded. */
static gbl_block_info info_of(gbl_tier *t, int32_t id) {
    gbl_kvpool *p = t->all->pool;
    const gbl_kvowner *o = &p->owner[id];
    gbl_kvuse use = {p->now_ns, o->session, o->request, o->class_id, o->last, p->now_ns};
    return gbl_kvpool_info(p, id, t->level, &use);
}

static const gbl_block_info nothing; /* for policies that are blind */

static void use_ends(gbl_tier *t, int32_t id) {
    if (t->evictor.p->released) t->evictor.p->released(t->evictor.state, id, t->all->pool->now_ns);
}

static void touch(gbl_tier *t, int32_t id) {
    if (!t->evictor.p->touch) return;
    if (t->evictor.blind) {
        t->evictor.p->touch(t->evictor.state, id, &nothing);
        return;
    }
    gbl_block_info info = info_of(t, id);
    t->evictor.p->touch(t->evictor.state, id, &info);
    use_ends(t, id);
}

/* ---- out ---- */

static inline void remove_block(gbl_tier *t, int32_t id, enum gbl_gone reason) {
    gbl_kvpool *p = t->all->pool;
    gbl_kvnode *n = &p->node[id];
    int32_t parent = n->parent;
    t->n--;
    int remembered = (flags_of(t) & GBL_EVICT_GHOSTS) != 0;
    n->ghost |= (uint8_t)(remembered << t->level);
    t->ghosts += remembered;
    gbl_kvpool_leave(p, id, t->level);
    if (t->evictor.p->gone) t->evictor.p->gone(t->evictor.state, id, reason);
    if (!remembered && !n->at) gbl_kvpool_unbind(p, id, t->level);
    if (parent >= 0 && gbl_kvpool_is_at(p, parent, t->level) && !gbl_kvpool_kids(p, parent, t->level)) set_held(t, parent, 0);
}

static const char *put_at(gbl_tiers *b, int32_t level, int32_t id, enum gbl_due due);

static inline const char *drop_out(gbl_tier *t, int32_t id, enum gbl_gone reason) {
    gbl_tiers *b = t->all;
    gbl_kvpool *p = b->pool;
    if (id < 0 || id >= p->n_ids || !gbl_kvpool_is_at(p, id, t->level)) return "it proposes a block that its tier does not have";
    if (gbl_kvpool_kids(p, id, t->level)) return "it proposes a block that is held";
    int elsewhere = p->node[id].at & ((1u << t->level) - 1);
    const char *broken = !elsewhere && t->level < b->n ? put_at(b, t->level + 1, id, GBL_DUE_DOWN) : NULL;
    if (broken) return broken;
    t->evicted++;
    remove_block(t, id, reason);
    return t->ghosts > t->capacity ? "it remembers more blocks than its tier has" : NULL;
}

/* ---- in ---- */

static inline const char *make_room(gbl_tier *t) {
    const gbl_evict_policy *e = t->evictor.p;
    int32_t out = -1;
    if (t->n + t->set_aside < t->capacity) return NULL;
    if (e->resize) e->resize(t->evictor.state, t->capacity - t->set_aside - 1);
    if (e->victims(t->evictor.state, 1, &out) != 1) return "it proposes no victim for a full tier";
    return drop_out(t, out, GBL_GONE_EVICTED);
}

static const char *put_at(gbl_tiers *b, int32_t level, int32_t id, enum gbl_due due) {
    gbl_tier *t = &b->tier[level - 1];
    gbl_kvpool *p = b->pool;
    if (gbl_kvpool_is_at(p, id, level)) {
        touch(t, id);
        return NULL;
    }
    const char *broken = make_room(t);
    if (broken) return broken;
    gbl_kvnode *n = &p->node[id];
    gbl_block_info info;
    if (!t->evictor.blind) {
        info = info_of(t, id);
        if (t->evictor.p->miss) t->evictor.p->miss(t->evictor.state, &info);
    }
    t->ghosts -= n->ghost >> level & 1;
    n->ghost &= (uint8_t)~(1u << level);
    gbl_kvpool_enter(p, id, level);
    t->inserted++;
    t->due[due]++;
    if (++t->n + t->set_aside > t->peak) t->peak = t->n + t->set_aside;
    int held = gbl_kvpool_kids(p, id, level) > 0;
    if (held && t->evictor.blind) set_held(t, id, 1);
    if (t->evictor.p->insert) t->evictor.p->insert(t->evictor.state, id, t->evictor.blind ? &nothing : &info);
    if (!t->evictor.blind) use_ends(t, id);
    if (held && !t->evictor.blind) set_held(t, id, 1);
    int32_t parent = n->parent;
    if (parent >= 0 && gbl_kvpool_is_at(p, parent, level) && gbl_kvpool_kids(p, parent, level) == 1) set_held(t, parent, 1);
    return NULL;
}

/* Nobody waits for a tier that is written through: what it has dropped meanwhile is offered again in the background. */
const char *gbl_tiers_receive(gbl_kvpool *p, int32_t id, enum gbl_due due) {
    return put_at(p->below, 1, id, p->below->tier[0].spec->write == GBL_WRITE_THROUGH ? GBL_DUE_LATER : due);
}

const char *gbl_tiers_set_aside(gbl_tiers *b, int64_t blocks) {
    gbl_tier *t = &b->tier[0];
    const char *broken = NULL;
    assert(t->set_aside + blocks < t->capacity);
    t->set_aside += blocks;
    while (!broken && t->n + t->set_aside > t->capacity) broken = make_room(t);
    if (t->n + t->set_aside > t->peak) t->peak = t->n + t->set_aside;
    return broken;
}

void gbl_tiers_rise(gbl_kvpool *p, int32_t id) {
    gbl_tiers *b = p->below;
    for (int32_t level = 1; level <= b->n; level++) {
        gbl_tier *t = &b->tier[level - 1];
        const char *broken = NULL;
        if (!gbl_kvpool_is_at(p, id, level)) broken = t->spec->write == GBL_WRITE_THROUGH ? put_at(b, level, id, GBL_DUE_LATER) : NULL;
        else if (t->spec->promote == GBL_PROMOTE_COPY) touch(t, id);
        else {
            t->moved++;
            remove_block(t, id, GBL_GONE_RESET);
        }
        if (broken) b->broken = broken;
    }
}

const char *gbl_tiers_expire(gbl_kvpool *p) {
    for (int32_t i = 0; i < p->below->n; i++) {
        gbl_tier *t = &p->below->tier[i];
        const gbl_evict_policy *e = t->evictor.p;
        int32_t out[64], n = e->expired ? 1 : 0;
        while (n > 0) {
            n = e->expired(t->evictor.state, p->now_ns, 64, out);
            for (int32_t k = 0; k < n; k++) {
                const char *broken = drop_out(t, out[k], GBL_GONE_EXPIRED);
                if (broken) return broken;
            }
        }
    }
    return NULL;
}

/* ---- life ---- */

int gbl_tiers_new(gbl_tiers **out, gbl_kvpool *p, const gbl_kvpool_spec *spec, int32_t ids, gbl_err *err) {
    gbl_tiers *b = *out = gbl_alloc(1, sizeof *b);
    if (!b) return gbl_nomem(err, sizeof *b);
    b->pool = p;
    int code = 0;
    for (int32_t i = 0; i < spec->n_tiers && !code; i++) {
        gbl_tier *t = &b->tier[i];
        *t = (gbl_tier){.spec = &spec->tier[i], .all = b, .level = i + 1, .capacity = (int64_t)gbl_tier_blocks(&spec->tier[i], spec->host->view->block_bytes)};
        gbl_evictor_spec lend = {.choice = &t->spec->evict, .host = spec->host, .capacity = t->capacity, .ids = ids, .owner = t, .forget = forget};
        code = gbl_evictor_init(&t->evictor, &lend, err);
        b->n = i + 1;
    }
    return code;
}

void gbl_tiers_free(gbl_tiers *b) {
    for (int32_t i = 0; b && i < b->n; i++) gbl_evictor_fini(&b->tier[i].evictor);
    gbl_free(b);
}

int64_t gbl_tiers_with_hbm(const gbl_kvpool *p) {
    int64_t n = p->capacity;
    for (int32_t i = 0; p->below && i < p->below->n; i++) n += p->below->tier[i].capacity;
    return n;
}

void gbl_tiers_check(const gbl_tiers *b) {
    for (int32_t i = 0; i < b->n; i++) {
        const gbl_tier *t = &b->tier[i];
        assert(t->n >= 0 && t->set_aside >= 0 && t->n + t->set_aside <= t->capacity);
        assert(t->inserted == t->n + t->evicted + t->moved);
    }
}
