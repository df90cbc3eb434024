#include "sim/shared.h"

#include <assert.h>
#include <math.h>

#include "base/text.h"
#include "sim/tier_flow.h"

typedef struct entry {
    uint64_t key;
    int32_t older, newer; /* by use; -1 at the ends */
    int32_t put;          /* the flow that brought it */
} entry;

struct gbl_shared {
    gbl_engine *e;
    gbl_map *index;
    entry *entry;
    size_t entry_room;
    int32_t n_entries, unused; /* entries ever made; head of the unused, linked by `newer` */
    int32_t oldest, newest;
    char *arrived; /* by put */
    size_t put_room;
    int32_t n_puts;
    gbl_shared_facts f;
};

/* ---- contents ---- */

static void unlink_entry(gbl_shared *s, int32_t i) {
    entry *x = &s->entry[i];
    if (x->older >= 0) s->entry[x->older].newer = x->newer;
    else s->oldest = x->newer;
    if (x->newer >= 0) s->entry[x->newer].older = x->older;
    else s->newest = x->older;
}

static void link_newest(gbl_shared *s, int32_t i) {
    s->entry[i].older = s->newest;
    s->entry[i].newer = -1;
    if (s->newest >= 0) s->entry[s->newest].newer = i;
    else s->oldest = i;
    s->newest = i;
}

static void evict_oldest(gbl_shared *s) {
    int32_t i = s->oldest;
    unlink_entry(s, i);
    gbl_map_remove(s->index, s->entry[i].key);
    s->entry[i].newer = s->unused;
    s->unused = i;
    s->f.blocks--;
    s->f.evicted++;
}

static int insert(gbl_shared *s, uint64_t key, int32_t put) {
    if (s->f.blocks == s->f.capacity) evict_oldest(s);
    int32_t i = s->unused;
    if (i >= 0) s->unused = s->entry[i].newer;
    else if (gbl_grow(&s->entry, &s->entry_room, (size_t)s->n_entries + 1, sizeof *s->entry)) return -1;
    else i = s->n_entries++;
    s->entry[i] = (entry){.key = key, .put = put};
    link_newest(s, i);
    s->f.inserted++;
    if (++s->f.blocks > s->f.peak) s->f.peak = s->f.blocks;
    return gbl_map_put(s->index, key, i);
}

static void touch(gbl_shared *s, int32_t i) {
    unlink_entry(s, i);
    link_newest(s, i);
}

/* ---- flows ---- */

static int64_t tag_of(const gbl_replica *r, int reads, int32_t slot) {
    return ((int64_t)(reads ? 2 : 1) << GBL_SHARED_TAG_SHIFT) + ((int64_t)slot << 17) + r->index; /* at most 65,536 replicas */
}

static void send(gbl_replica *r, int reads, int64_t blocks, int32_t slot) {
    int32_t lines[] = {2 * r->index + (reads ? 1 : 0), 2 * r->e->n_replicas};
    gbl_network_send(r->e, (double)blocks * r->view.block_bytes, lines, 2, INFINITY, tag_of(r, reads, slot));
}

void gbl_shared_flow_end(gbl_engine *e, int64_t tag) {
    gbl_replica *r = &e->replica[tag & 0x1ffff];
    int32_t slot = (int32_t)(tag >> 17 & 0x7fffffff);
    if (tag >> GBL_SHARED_TAG_SHIFT == 1) {
        e->store->arrived[slot] = 1;
        return;
    }
    gbl_replica_account(r, e->now_ns);
    r->n_fetching--;
    r->disturbed = 1; /* blocks that it held may go again */
    gbl_tier_elsewhere_end(r, slot);
    gbl_replica_wake(r);
}

/* ---- the two ways ---- */

static int32_t full_blocks(const gbl_replica *r, int32_t id) {
    int32_t full = r->e->req[id].computed / r->e->block_size, known = gbl_reuse_known_blocks(r, id);
    return full < known ? full : known;
}

static int new_put(gbl_shared *s) {
    if (gbl_grow(&s->arrived, &s->put_room, (size_t)s->n_puts + 1, 1)) return -1;
    s->arrived[s->n_puts] = 0;
    return s->n_puts++;
}

void gbl_shared_put(gbl_replica *r, int32_t id) {
    gbl_shared *s = r->e->store;
    if (!s || !r->pool.index || !r->e->priv[id].n_ids || (r->e->dry && r->e->in_system <= 1)) return; /* the last has no successor */
    int64_t n = 0;
    int32_t put = -1;
    for (int32_t k = full_blocks(r, id) - 1; k >= 0 && !r->e->failed; k--) {
        uint64_t key = gbl_reuse_key(r, id, k);
        int32_t i = gbl_map_get(s->index, key);
        if (i >= 0) {
            touch(s, i);
            continue;
        }
        if ((put < 0 && (put = new_put(s)) < 0) || insert(s, key, put)) gbl_engine_fail(r->e, gbl_nomem(r->e->err, sizeof(entry)));
        n++;
    }
    if (!n || r->e->failed) return;
    s->f.written += n;
    send(r, 0, n, put);
}

static int32_t found(const gbl_shared *s, const gbl_replica *r, int32_t id, int32_t from) {
    const gbl_req *q = &r->e->req[id];
    int32_t most = gbl_reuse_known_blocks(r, id), cap = (q->known - 1) / r->e->block_size, k = from;
    if (cap < most) most = cap;
    for (; k < most; k++) {
        int32_t i = gbl_map_get(s->index, gbl_reuse_key(r, id, k));
        if (i < 0 || !s->arrived[s->entry[i].put]) break;
    }
    return k - from;
}

static int is_worth(gbl_replica *r, int32_t n, int32_t behind) {
    const gbl_engine *e = r->e;
    int64_t bs = e->block_size;
    if (e->s->store.load == GBL_SHARED_ALWAYS) return 1;
    double bps = fmin(e->net.line[2 * r->index + 1].bps, e->net.line[2 * e->n_replicas].bps);
    double load_ns = (double)n * r->view.block_bytes / bps * 1e9;
    return load_ns < (double)r->host.step_ns(&r->host, 0, 0, n * bs, behind * bs);
}

void gbl_shared_fetch(gbl_replica *r, int32_t id) {
    gbl_engine *e = r->e;
    gbl_shared *s = e->store;
    gbl_priv *p = &e->priv[id];
    if (!s || !r->pool.index || !p->n_ids || p->load) return;
    gbl_match m;
    gbl_replica_refresh(r);
    gbl_reuse_match(r, id, &m);
    int32_t n = e->failed || m.load ? 0 : found(s, r, id, m.blocks); /* what its own tiers have comes from there */
    if (n <= 0 || !is_worth(r, n, m.blocks)) return;
    m = (gbl_match){.blocks = m.blocks};
    if ((n + m.blocks - gbl_reuse_run(r, id, m.blocks, GBL_IN_USE)) * r->unit > gbl_kvpool_free(&r->pool)) return;
    gbl_replica_account(r, e->now_ns);
    for (int32_t k = m.blocks + n - 1; k >= m.blocks; k--) touch(s, gbl_map_get(s->index, gbl_reuse_key(r, id, k)));
    if (gbl_replica_occupy(r, id, &m, (int64_t)(m.blocks + n) * e->block_size)) return;
    e->req[id].blocks = 0; /* it holds them, but not by admission */
    r->live_tokens += (int64_t)n * e->block_size;
    int slot = gbl_tier_load_elsewhere(r, id, n);
    if (slot < 0) return;
    r->n_fetching++;
    if (!p->admitted) p->from_store += n;
    s->f.fetched += n;
    send(r, 1, n, slot);
    gbl_replica_refresh(r);
}

void gbl_shared_credit(gbl_replica *r, int32_t id, int64_t cached) {
    int64_t from = (int64_t)r->e->priv[id].from_store * r->e->block_size;
    if (r->e->store) r->e->store->f.hit_tokens += from < cached ? from : cached;
}

/* ---- life ---- */

int gbl_shared_new(gbl_engine *e, gbl_err *err) {
    const gbl_shared_spec *spec = &e->s->store;
    if (spec->bytes <= 0) return 0;
    double blocks = floor(spec->bytes / e->replica[0].view.block_bytes);
    if (blocks < 1) {
        gbl_fail(err, GBL_EINPUT, "store '%s' holds not even one KV block of %.0f bytes", spec->name, e->replica[0].view.block_bytes);
        gbl_where(err, "tiers");
        return gbl_expected(err, "at least %.0f bytes, or 0 for no such store", ceil(e->replica[0].view.block_bytes));
    }
    gbl_shared *s = e->store = gbl_alloc(1, sizeof *s);
    if (!s) return gbl_nomem(err, sizeof *s);
    *s = (gbl_shared){.e = e, .index = gbl_map_new(1024), .unused = -1, .oldest = -1, .newest = -1};
    s->f.capacity = blocks < 1e9 ? (int64_t)blocks : 1000000000; /* ids are int32 */
    e->net.line[2 * e->n_replicas].bps = isnan(spec->bandwidth_gb_s) ? 1e18 : spec->bandwidth_gb_s * 1e9;
    return s->index ? 0 : gbl_nomem(err, 1024);
}

void gbl_shared_free(gbl_shared *s) {
    if (!s) return;
    gbl_map_free(s->index);
    gbl_free(s->entry);
    gbl_free(s->arrived);
    gbl_free(s);
}

void gbl_shared_check(const gbl_shared *s) {
    if (s) assert(s->f.inserted == s->f.blocks + s->f.evicted && s->f.blocks <= s->f.capacity);
}

gbl_shared_facts gbl_shared_know(const gbl_shared *s) { return s->f; }
