/* alisa - sparse attention over KV that is spread over device memory, host memory and nowhere. A step attends a share of the tokens:
 * half of them the last ones, half those with the largest attention sums of late. All KV stays, in three phases that follow from how
 * much there is of it: all on the GPU; then the oldest in host memory, so that no sequence has more on the GPU than another that wants it;
 * then the very oldest deleted, and computed again where they are attended - because host memory is full, or because a token is computed again sooner
 * than it is fetched. A token in host memory is attended as often as any other old one, and fetched for the step.
 *
 * With ratio 1 and `offload` given it is the fixed placement of FlexGen: that share of each sequence in host memory, all of it fetched at
 * every step. */
#include "policies/policy.h"

typedef struct alisa {
    double ratio, offload;
    int64_t share;      /* tokens that a sequence may have in device memory, */
    int64_t host_share; /* and in host memory */
} alisa;
typedef struct sequence {
    int64_t share, host_share;
    int64_t most;      /* that leaves room for a layer of its prompt, if it is alone */
    int64_t room, layers; /* tokens that device memory has for it, alone */
    int64_t low, lost; /* tokens that are below, that are gone, whatever the shares: by earlier ones */
    int64_t moved, at; /* tokens put down at once, by the step to `at` */
} sequence;

static const gbl_param params[] = {
    {"ratio", GBL_P_REAL, 0, offsetof(alisa, ratio), "0.2", 0.001, 1, "share", NULL, "Tokens attended in a step (paper: 80 percent sparsity)."},
    {"offload", GBL_P_REAL, GBL_P_NULLABLE, offsetof(alisa, offload), "null", 0, 1, "share", NULL,
     "Tokens of each sequence in host memory, from its start on; null: what device memory has no room for."},
    {0}};

static int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t more(int64_t a, int64_t b) { return a > b ? a : b; }

/* Of `n` tokens a step attends these. */
static int64_t attended(const alisa *s, int64_t n) { return more(1, llround(s->ratio * (double)n)); }

/* Tokens that stand in a layer for its attention alone, with `hbm` of n kept: those fetched or computed again, one or two about to leave. */
static int64_t passing(const alisa *s, int64_t n, int64_t hbm) { return less(n - hbm, attended(s, n) + 2); }

/* The most of n tokens that it may keep if it is alone, so that one layer has room for all of them. */
static int64_t alone(const sequence *q, int64_t n) {
    if (n <= q->room) return n;
    return q->layers > 1 ? more(0, (q->room * q->layers - n) / (q->layers - 1)) : 0;
}

static int64_t below(const alisa *s, const sequence *q, int64_t n) {
    return isnan(s->offload) ? more(q->low, n - less(q->share, alone(q, n))) : (int64_t)(s->offload * (double)n);
}

static int64_t gone_of(const sequence *q, int64_t down) { return less(down, more(q->lost, down - q->host_share)); }

/* Of the chosen tokens that are not among the last, those that lie among the `old` oldest: any old token is as likely. */
static int64_t chosen_of(int64_t chosen, int64_t last, int64_t old, int64_t n) {
    int64_t among = n - last;
    return among <= 0 || chosen <= 0 ? 0 : less(old, (old * chosen + among - 1) / among);
}

/* Returns what stands in device memory of the layer under way. A token that leaves in this step need not be fetched for it. */
static int64_t decode(const alisa *s, const sequence *q, const gbl_kv_at *at, gbl_kv_piece *out) {
    int64_t n = at->to, down = below(s, q, n), before = below(s, q, n - 1), gone = gone_of(q, down), read = attended(s, n), last = read / 2, chosen = read - last;
    out->hbm = n - down;
    out->dram = down - gone;
    out->down = less(out->dram, down - before + (q->at == n ? q->moved : 0));
    if (read == n) { /* all of them */
        out->again = gone;
        out->up = more(0, before - gone);
    } else {
        out->again = chosen_of(chosen, last, gone, n);
        out->up = more(0, last - (n - before)) + chosen_of(chosen, last, less(before, n - last), n) - out->again;
        out->up = more(0, less(out->up, before - gone));
        out->flops = 3 * n; /* a step's scores join the sums, the oldest leave them */
        out->ranked = n;
        out->gathered = read;
    }
    int64_t stands = less(n, n - before + out->up + out->again);
    out->read = less(read, less(stands, out->hbm + out->up + out->down + out->again));
    return stands;
}

/* Layer by layer: what is below comes for one layer and goes again before the next, so one stands with all that it attends. */
static int32_t one_stands(gbl_kv_piece *out, int64_t tokens) {
    if (out->layers == 1) {
        out->hbm = tokens;
        return 1;
    }
    out[1] = *out;
    out[1].layers = 1;
    out[1].hbm = tokens;
    out->layers--;
    return 2;
}

static int32_t pieces(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at, gbl_kv_piece *out, int32_t most) {
    const alisa *s = state;
    const sequence *q = own;
    (void)most;
    out->layers = h->view->layers;
    out->heads = h->view->kv_heads;
    if (at->to > at->prompt) return one_stands(out, decode(s, q, at, out));
    int64_t down = below(s, q, at->to), gone = gone_of(q, down), before = below(s, q, at->from);
    out->hbm = at->to - down;
    out->dram = down - gone;
    if (at->settled) return 1;
    out->down = more(0, less(out->dram, down - before));
    out->read = at->from;
    out->up = less(out->dram, before - gone_of(q, before));
    return down ? one_stands(out, at->to) : 1;
}

/* On a line: with all in device memory, while what is attended is all or stays the same number. */
static int64_t until(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at) {
    const alisa *s = state;
    const sequence *q = own;
    int64_t n = at->to, steps = 1;
    (void)h;
    if (!isnan(s->offload) || n < q->at || q->low || n >= q->share) return 1;
    while (s->ratio < 1 && steps < 1000 && attended(s, n + 1 + steps) == attended(s, n + 1)) steps++;
    return s->ratio == 1 ? q->share - n : less(steps, q->share - n);
}

/* ---- phases ---- */

/* Of those whose prompt is not done: a held step changes nothing here. */
static int64_t longest(const gbl_view *v, const int32_t *ids, int64_t n) {
    int64_t most = 0;
    for (int64_t i = 0; i < n; i++)
        if (v->req[ids[i]].known - v->req[ids[i]].computed > 1) most = more(most, v->req[ids[i]].known);
    return most;
}

/* Device memory for what is not a prompt's layer under way: one prompt begun before, new ones, and pages that are not full. */
static int64_t room_of(const gbl_view *v, int64_t prompt, int64_t sequences) {
    int64_t layer = (v->max_num_batched_tokens + prompt) / v->layers + v->block_size;
    return more(v->kv_tokens - layer - sequences * v->block_size, 0);
}

/* Tokens that the sequences would have under these shares in device memory, and behind it in host memory. Those that run have their next one. */
typedef struct total { int64_t hbm, dram; } total;
static void add(total *t, const alisa *s, int64_t n, const sequence *q, int64_t share, int64_t host_share) {
    int64_t hbm = more(less(n - q->low, less(share, less(q->most, alone(q, n)))), 0);
    t->hbm += hbm + (passing(s, n, hbm) + q->layers - 1) / q->layers;
    t->dram += less(more(n - hbm - q->lost, 0), host_share);
}
static sequence fresh_of(const gbl_view *v, int32_t id) {
    return (sequence){.most = room_of(v, v->req[id].known, 1), .room = more(v->kv_tokens - v->block_size, 0), .layers = v->layers};
}
static total sum(const alisa *s, const gbl_host *h, int64_t seats, int64_t share, int64_t host_share) {
    const gbl_view *v = h->view;
    total t = {0, 0};
    for (int32_t i = 0; i < v->n_running; i++) add(&t, s, v->req[v->running[i]].known + 1, h->own(h, v->running[i]), share, host_share);
    for (int64_t i = 0; i < seats; i++) {
        const sequence fresh = fresh_of(v, v->waiting[i]);
        add(&t, s, v->req[v->waiting[i]].known + 1, &fresh, share, host_share);
    }
    return t;
}

/* The largest share at which all of them have room. */
static int64_t share_of(const alisa *s, const gbl_host *h, int64_t seats, int64_t room) {
    int64_t low = 0, high = room;
    while (low < high) {
        int64_t middle = high - (high - low) / 2;
        if (sum(s, h, seats, middle, 0).hbm <= room) low = middle;
        else high = middle - 1;
    }
    return low;
}
static int64_t host_share_of(const alisa *s, const gbl_host *h, int64_t seats, int64_t share, int64_t room) {
    int64_t low = 0, high = room;
    while (low < high) {
        int64_t middle = high - (high - low) / 2;
        if (sum(s, h, seats, share, middle).dram <= room) low = middle;
        else high = middle - 1;
    }
    return low;
}

/* A token is computed again sooner than it is fetched. */
static int computes(const gbl_host *h) {
    const gbl_view *v = h->view;
    double token = v->block_bytes * (double)v->total_blocks / (double)more(v->kv_tokens, 1);
    int64_t some = 256, fetched = h->transfer_ns(h, (int64_t)((double)some * token));
    return h->step_ns(h, 1, v->max_model_len, some, 0) - h->step_ns(h, 1, v->max_model_len, 0, 0) < fetched;
}

/* Who waits and finds a seat is given room beforehand. Returns for how many steps this stands: as long as all fit, or one. */
static int64_t decide(alisa *s, const gbl_host *h) {
    const gbl_view *v = h->view;
    int64_t seats = less(more(v->max_num_seqs - v->n_running - v->n_loading, 0), v->n_waiting), n = v->n_running + v->n_loading + seats;
    int64_t room = room_of(v, more(longest(v, v->running, v->n_running), longest(v, v->waiting, seats)), n), others = v->n_loading + v->n_swapped;
    total all = sum(s, h, seats, INT64_MAX, 0);
    s->host_share = computes(h) && isnan(s->offload) ? 0 : v->dram_tokens;
    s->share = room;
    if (isnan(s->offload) && all.hbm <= room && !v->n_loading && (s->host_share == INT64_MAX || sum(s, h, seats, room, s->host_share).dram == 0)) return v->n_running ? (room - all.hbm) / v->n_running + 1 : INT64_MAX;
    room -= room / more(n, 1) * v->n_loading;
    s->share = share_of(s, h, seats, room);
    if (s->host_share == INT64_MAX || !s->host_share) return 1;
    s->host_share = host_share_of(s, h, seats, isnan(s->offload) ? s->share : 0, v->dram_tokens / more(n + others, 1) * more(n - v->n_loading, 1));
    return 1;
}

static void init(void *state, const gbl_host *h) { decide(state, h); }

static void begin(const void *state, void *own, const gbl_host *h, int32_t id) {
    const alisa *s = state;
    sequence *q = own;
    *q = fresh_of(h->view, id);
    q->share = less(s->share, q->most);
    q->host_share = s->host_share;
}

static int64_t step(void *state, const gbl_host *h) {
    alisa *s = state;
    const gbl_view *v = h->view;
    int64_t steps = decide(s, h);
    for (int32_t i = 0; i < v->n_running; i++) {
        sequence *q = h->own(h, v->running[i]);
        int64_t n = v->req[v->running[i]].computed, share = less(s->share, q->most);
        if (q->share == share && q->host_share == s->host_share) continue;
        q->low = below(s, q, n);
        q->lost = gone_of(q, q->low);
        q->share = share;
        q->host_share = s->host_share;
        q->moved = below(s, q, n) - q->low;
        q->at = n + 1;
        steps = 1;
    }
    return steps;
}

static const gbl_compress_policy alisa_policy = {
    {sizeof(gbl_compress_policy), GBL_COMPRESS, GBL_ABI, "alisa", "Sparse attention over KV in device memory, host memory, and deleted to be computed again.",
     "ALISA (ISCA'24, arXiv 2403.17312), algorithms 1 and 2", params, sizeof(alisa), 0, GBL_COMPRESS_DRAM},
    init, sizeof(sequence), begin, pieces, until, step};
GBL_EXPORT(&alisa_policy.head);
