#include "sim/mrc.h"

#include <math.h>

#include "base/map.h"
#include "base/text.h"

typedef struct life {
    int64_t first_ns, last_ns;
    int32_t at; /* place in the order of last use, from 1; 0 = none yet */
} life;

struct gbl_mrc {
    gbl_mrc_facts know;
    uint64_t below;      /* sampled: hash < below; UINT64_MAX: all */
    gbl_map *dense;
    life *life;
    size_t life_room;
    int32_t n_ids;
    int32_t *who;        /* by place: id + 1, or 0 where the place was left */
    int32_t *tree;       /* Fenwick tree over the places: how many are in use up to here */
    int32_t places, top;
    int64_t *blocks, *tokens; /* hits by the distance that they need; running sums after the pass */
    size_t blocks_room, tokens_room, reach;
    int64_t sampled_blocks, sampled_tokens;
    int32_t *chain;      /* the sampled part of a request: dense ids */
    size_t chain_room;
};

double gbl_mrc_life_s(int k) {
    static const double bound[GBL_MRC_LIVES] = {0, 1, 10, 60, 600, 3600, 86400, INFINITY};
    return bound[k];
}

/* ---- order of last use ---- */

static void count(gbl_mrc *m, int32_t at, int32_t by) {
    for (; at <= m->places; at += at & -at) m->tree[at] += by;
}
static int64_t used_up_to(const gbl_mrc *m, int32_t at) {
    int64_t n = 0;
    for (; at > 0; at -= at & -at) n += m->tree[at];
    return n;
}

/* Room for another place: everybody moves down in order, into twice as many places as there are ids. */
static int renumber(gbl_mrc *m) {
    int64_t places = 2 * (int64_t)m->n_ids + 1024;
    if (places > INT32_MAX / 2) return -1;
    int32_t *who = gbl_alloc((size_t)places + 1, sizeof *who), *tree = gbl_alloc((size_t)places + 1, sizeof *tree), to = 0;
    if (!who || !tree) {
        gbl_free(who);
        gbl_free(tree);
        return -1;
    }
    for (int32_t at = 1; at <= m->top; at++)
        if (m->who[at]) {
            who[++to] = m->who[at];
            m->life[m->who[at] - 1].at = to;
        }
    gbl_free(m->who);
    gbl_free(m->tree);
    m->who = who;
    m->tree = tree;
    m->places = (int32_t)places;
    m->top = to;
    for (int32_t at = 1; at <= to; at++) count(m, at, 1);
    return 0;
}

static int touch(gbl_mrc *m, int32_t id, int64_t now_ns) {
    life *l = &m->life[id];
    if (m->top == m->places && renumber(m)) return -1;
    if (l->at) {
        count(m, l->at, -1);
        m->who[l->at] = 0;
    } else l->first_ns = now_ns;
    l->last_ns = now_ns;
    l->at = ++m->top;
    m->who[l->at] = id + 1;
    count(m, l->at, 1);
    return 0;
}

/* ---- a request ---- */

static int hit(gbl_mrc *m, int64_t distance, int64_t tokens) {
    size_t need = (size_t)distance + 1;
    if (gbl_grow(&m->blocks, &m->blocks_room, need, sizeof *m->blocks) || gbl_grow(&m->tokens, &m->tokens_room, need, sizeof *m->tokens)) return -1;
    for (; m->reach < need; m->reach++) m->blocks[m->reach] = m->tokens[m->reach] = 0;
    m->blocks[distance]++;
    m->tokens[distance] += tokens;
    return 0;
}

static int bucket_of(int64_t distance) {
    int k = 0;
    while (distance >> k) k++;
    return k < GBL_MRC_REACH ? k : GBL_MRC_REACH - 1;
}

static int64_t tokens_of(const gbl_record *r, int32_t i) {
    int64_t from = (int64_t)i * r->id_tokens, to = from + r->id_tokens;
    if (to > r->input) to = r->input;
    return to > from ? to - from : 0;
}

/* Distances when the request comes; *n: its sampled blocks, whose dense ids are left in m->chain. */
static int look(gbl_mrc *m, const gbl_record *r, int32_t *n) {
    int64_t largest = 0, resident = m->places ? used_up_to(m, m->top) : 0;
    int whole = 1;
    *n = 0;
    if (gbl_grow(&m->chain, &m->chain_room, (size_t)r->n_ids, sizeof *m->chain)) return -1;
    for (int32_t i = 0; i < r->n_ids; i++) {
        if (gbl_mix64(r->ids[i], 0) > m->below) continue;
        int32_t id = gbl_map_get(m->dense, r->ids[i]);
        if (id < 0) {
            id = m->n_ids;
            if (gbl_map_put(m->dense, r->ids[i], id) || gbl_grow(&m->life, &m->life_room, (size_t)id + 1, sizeof *m->life)) return -1;
            m->life[m->n_ids++] = (life){0};
        }
        m->chain[(*n)++] = id;
        m->sampled_blocks++;
        m->sampled_tokens += tokens_of(r, i);
        if (!m->life[id].at) {
            m->know.cold++;
            whole = 0;
            continue;
        }
        int64_t distance = resident - used_up_to(m, m->life[id].at);
        m->know.reach[bucket_of((int64_t)((double)distance / m->know.sample))]++;
        if (distance > largest) largest = distance;
        if (whole && hit(m, largest, tokens_of(r, i))) return -1;
    }
    return 0;
}

static int request(gbl_mrc *m, const gbl_record *r, int tail_first, gbl_err *err) {
    int32_t n;
    int bad = look(m, r, &n);
    for (int32_t k = 0; k < n && !bad; k++) bad = touch(m, m->chain[tail_first ? n - 1 - k : k], r->arrival_ns);
    m->know.requests++;
    m->know.total_blocks += r->n_ids;
    m->know.total_tokens += r->input;
    return bad ? gbl_nomem(err, (size_t)m->n_ids * sizeof *m->life) : 0;
}

/* ---- the pass ---- */

static void sum_up(gbl_mrc *m) {
    double share = m->know.sample;
    for (int32_t id = 0; id < m->n_ids; id++) {
        double s = 1e-9 * (double)(m->life[id].last_ns - m->life[id].first_ns);
        int k = 0;
        while (k < GBL_MRC_LIVES - 1 && s > gbl_mrc_life_s(k)) k++;
        m->know.lives[k] += 1 / share;
    }
    m->know.unique_blocks = (double)m->n_ids / share;
    m->know.cold /= share;
    for (int k = 0; k < GBL_MRC_REACH; k++) m->know.reach[k] /= share;
    for (size_t d = 1; d < m->reach; d++) {
        m->blocks[d] += m->blocks[d - 1];
        m->tokens[d] += m->tokens[d - 1];
    }
}

int gbl_mrc_new(gbl_mrc **out, gbl_source *s, double sample, int tail_first, gbl_err *err) {
    gbl_mrc *m = *out = gbl_alloc(1, sizeof *m);
    gbl_record rec;
    int rc = 0, code = 0;
    if (!m || !(m->dense = gbl_map_new(1 << 12))) code = gbl_nomem(err, sizeof *m);
    else {
        m->know.sample = sample;
        m->below = sample < 1 ? (uint64_t)(sample * 0x1p64) : UINT64_MAX;
    }
    while (!code && (rc = gbl_source_next(s, &rec, err)) == 1) code = request(m, &rec, tail_first, err);
    if (!code && rc < 0) code = GBL_EINPUT;
    if (!code && rc == 2) code = gbl_fail(err, GBL_EINPUT, "a closed loop has no order of its own to replay");
    if (!code && !m->know.total_blocks) {
        gbl_fail(err, GBL_EINPUT, "the trace carries no prefix-block ids, so there is nothing to hit");
        code = gbl_expected(err, "a trace with hash_ids, such as Mooncake JSONL");
    }
    if (!code) sum_up(m);
    else {
        gbl_mrc_free(m);
        *out = NULL;
    }
    return code;
}

void gbl_mrc_free(gbl_mrc *m) {
    if (!m) return;
    gbl_map_free(m->dense);
    gbl_free(m->life);
    gbl_free(m->who);
    gbl_free(m->tree);
    gbl_free(m->blocks);
    gbl_free(m->tokens);
    gbl_free(m->chain);
    gbl_free(m);
}

const gbl_mrc_facts *gbl_mrc_know(const gbl_mrc *m) { return &m->know; }

void gbl_mrc_at(const gbl_mrc *m, int64_t blocks, double *hit_blocks, double *hit_tokens) {
    double share = m->know.sample, most = ceil((double)blocks * share);
    *hit_blocks = *hit_tokens = 0;
    if (!m->reach || blocks < 1) return;
    size_t d = most > (double)m->reach ? m->reach : (size_t)most; /* distances below it are resident */
    if (!d) return;
    *hit_blocks = (double)m->blocks[d - 1];
    *hit_tokens = (double)m->tokens[d - 1];
    if (share < 1) { /* what the sample has too much or too little of is what is used most often */
        *hit_blocks = round((*hit_blocks - (double)m->sampled_blocks) / share + (double)m->know.total_blocks);
        *hit_tokens = round((*hit_tokens - (double)m->sampled_tokens) / share + (double)m->know.total_tokens);
    }
    if (*hit_blocks < 0) *hit_blocks = 0;
    if (*hit_tokens < 0) *hit_tokens = 0;
}
