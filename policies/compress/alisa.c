/* alisa - sparse attention over KV that is spread over device memory, host memory and nowhere. A step attends a share of the tokens:
 * half of them the last ones, half those with the largest attention sums of late. All KV stays, in three phases that follow from how
 * much there is of it: all on the GPU; then the oldest in host memory, each sequence keeping its equal share of the pool; then the very
 * oldest deleted, and computed again where they are attended - because host memory is full, or because a token is computed again sooner
 * than it is fetched. A token in host memory is attended as often as any other old one, and fetched for the step.
 *
 * With ratio 1 and `offload` given it is the fixed placement of FlexGen: that share of each sequence in host memory, all of it fetched at
 * every step. */
#include "policies/policy.h"

typedef struct alisa {
    double ratio, offload;
    int64_t share;      /* tokens that each sequence may have in device memory, */
    int64_t host_share; /* and in host memory */
} alisa;
typedef struct sequence {
    int64_t share, host_share;
    int64_t low;       /* tokens that are below whatever the share: they were put down under an earlier one */
    int64_t moved, at; /* tokens put down at once, by the step to `at` */
} sequence;

static const gbl_param params[] = {
    {"ratio", GBL_P_REAL, 0, offsetof(alisa, ratio), "0.2", 0.001, 1, "share", NULL, "Tokens attended in a step (paper: 80 percent sparsity)."},
    {"offload", GBL_P_REAL, GBL_P_NULLABLE, offsetof(alisa, offload), "null", 0, 1, "share", NULL,
     "Tokens of each sequence in host memory, from its start on; null: what device memory has no room for."},
    {0}};

static int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t more(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t below(const alisa *s, const sequence *q, int64_t n) {
    return isnan(s->offload) ? more(q->low, n - q->share) : (int64_t)(s->offload * (double)n);
}

/* Of `n` tokens a step attends these. */
static int64_t attended(const alisa *s, int64_t n) { return more(1, llround(s->ratio * (double)n)); }

/* Of the chosen tokens that are not among the last, those that lie among the `old` oldest: any old token is as likely. */
static int64_t chosen_of(int64_t chosen, int64_t last, int64_t old, int64_t n) {
    int64_t among = n - last;
    return among <= 0 || chosen <= 0 ? 0 : less(old, (old * chosen + among - 1) / among);
}

static void decode(const alisa *s, const sequence *q, const gbl_kv_at *at, gbl_kv_piece *out) {
    int64_t n = at->to, down = below(s, q, n), gone = more(0, down - q->host_share), read = attended(s, n), last = read / 2, chosen = read - last;
    out->hbm = n - down;
    out->dram = down - gone;
    int64_t before = below(s, q, n - 1);
    out->down = less(out->dram, down - before + (q->at == n ? q->moved : 0));
    if (read == n) { /* all of them */
        out->again = gone;
        out->up = out->dram;
    } else {
        out->again = chosen_of(chosen, last, gone, n);
        out->up = more(0, last - out->hbm) + chosen_of(chosen, last, less(down, n - last), n) - out->again;
        out->up = more(0, less(out->up, out->dram));
        out->flops = 3 * n; /* a step's scores join the sums, the oldest leave them */
        out->ranked = n;
        out->gathered = read;
    }
    out->read = less(read, out->hbm + out->up + out->again);
}

static int32_t pieces(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at, gbl_kv_piece *out, int32_t most) {
    const alisa *s = state;
    const sequence *q = own;
    (void)most;
    out->layers = h->view->layers;
    out->heads = h->view->kv_heads;
    if (at->to > at->prompt) {
        decode(s, q, at, out);
        return 1;
    }
    int64_t down = below(s, q, at->to), gone = more(0, down - q->host_share);
    out->hbm = at->to - down;
    out->dram = down - gone;
    if (at->settled) return 1;
    out->down = more(0, less(out->dram, down - below(s, q, at->from)));
    out->read = at->from;
    out->up = less(out->dram, below(s, q, at->from));
    if (!down || out->layers == 1) return 1;
    out[1] = *out; /* a layer's KV leaves when it is done: one stands whole */
    out[1].layers = 1;
    out[1].hbm = at->to;
    out->layers--;
    return 2;
}

/* On a line: what is attended is all, or, with all in device memory, stays the same number for a while. */
static int64_t until(const void *state, const void *own, const gbl_host *h, const gbl_kv_at *at) {
    const alisa *s = state;
    const sequence *q = own;
    int64_t n = at->to, share = q->share + q->low, steps = 1;
    (void)h;
    if (!isnan(s->offload) || n < q->at || (s->ratio < 1 && q->low)) return 1;
    while (s->ratio < 1 && steps < 1000 && attended(s, n + 1 + steps) == attended(s, n + 1)) steps++;
    if (s->ratio == 1) steps = INT64_MAX;
    if (n < share) return less(steps, more(share - n, 1));
    if (s->ratio < 1) return 1;
    return n - q->share > q->host_share ? 1 : less(steps, more(q->host_share - (n - q->share), 1));
}

/* ---- phases ---- */

/* Of those whose prompt is not done: a held step changes nothing here. */
static int64_t longest(const gbl_view *v, const int32_t *ids, int64_t n) {
    int64_t most = 0;
    for (int64_t i = 0; i < n; i++)
        if (v->req[ids[i]].known - v->req[ids[i]].computed > 1) most = more(most, v->req[ids[i]].known);
    return most;
}

/* What one sequence may have, and how much of that computing again would be cheaper than fetching. */
static void decide(alisa *s, const gbl_host *h) {
    const gbl_view *v = h->view;
    int64_t seats = less(more(v->max_num_seqs - v->n_running - v->n_loading, 0), v->n_waiting), n = v->n_running + v->n_loading + seats;
    int64_t prompt = more(longest(v, v->running, v->n_running), longest(v, v->waiting, seats));
    int64_t layer = (v->max_num_batched_tokens + prompt) / v->layers + v->block_size; /* of the prompts under way: one begun before, and new ones */
    n = more(n, 1);
    s->share = more(v->kv_tokens - layer, 0) / n / v->block_size * v->block_size;
    double token = v->block_bytes / v->block_size * (double)(v->total_blocks * v->block_size) / (double)more(v->kv_tokens, 1);
    s->host_share = v->dram_tokens == INT64_MAX ? INT64_MAX : v->dram_tokens / (n + v->n_swapped);
    int64_t some = 256, fetched = h->transfer_ns(h, (int64_t)((double)some * token)), computed = h->step_ns(h, 1, v->max_model_len, some, 0) - h->step_ns(h, 1, v->max_model_len, 0, 0);
    if (isnan(s->offload) && computed < fetched) s->host_share = 0;
}

static void init(void *state, const gbl_host *h) { decide(state, h); }

static void begin(const void *state, void *own, const gbl_host *h, int32_t id) {
    const alisa *s = state;
    sequence *q = own;
    (void)h, (void)id;
    *q = (sequence){.share = s->share, .host_share = s->host_share};
}

static int64_t step(void *state, const gbl_host *h) {
    alisa *s = state;
    const gbl_view *v = h->view;
    int64_t steps = INT64_MAX, was = s->share;
    decide(s, h);
    for (int32_t i = 0; i < v->n_running; i++) {
        sequence *q = h->own(h, v->running[i]);
        int64_t n = v->req[v->running[i]].computed;
        if (q->share == s->share && q->host_share == s->host_share) continue;
        q->low = below(s, q, n);
        q->share = s->share;
        q->host_share = s->host_share;
        q->moved = below(s, q, n) - q->low;
        q->at = n + 1;
        steps = 1;
    }
    return s->share == was ? steps : 1;
}

static const gbl_compress_policy alisa_policy = {
    {sizeof(gbl_compress_policy), GBL_COMPRESS, GBL_ABI, "alisa", "Sparse attention over KV in device memory, host memory, and deleted to be computed again.",
     "ALISA (ISCA'24, arXiv 2403.17312), algorithms 1 and 2", params, sizeof(alisa), 0, GBL_COMPRESS_DRAM},
    init, sizeof(sequence), begin, pieces, until, step};
GBL_EXPORT(&alisa_policy.head);
