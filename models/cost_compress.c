/* cost_compress.c - a step over a compressed KV cache: attention over what is left of it, and the work that compression adds.
 *
 * Decode attention reads the cells' bytes: the attention kernel's time at as many uncompressed tokens as those bytes are worth,
 * at least the FLOPs of the tokens attended. A runtime without fused kernels first widens what lies in codes (its passes over the
 * widened KV, runtime.h) and then attends all of it in full width. Prompts attend in full, whatever is dropped after them, unless
 * tokens go chunk by chunk.
 * Work beside attention: tensor FLOPs (scores, reconstruction) at the peak x efficiency of large products, vector FLOPs at the fp32
 * peak, bytes at the bandwidth of small kernels, launches at their fixed time (calibration group "small"); the larger of compute and
 * bytes. What is fetched from below HBM comes over PCIe beside attention: the longer of the two counts. */
#include <math.h>
#include <string.h>

#include "models/cost_parts.h"

static int64_t whole(double v) { return v < 9e18 ? llround(v) : INT64_MAX / 4; }

static int is_tensor(int part) { return part == GBL_KV_SCORE || part == GBL_KV_RECONSTRUCT; }

/* FLOPs that grow with what is read are left to the evaluation; the rest is known here. */
void gbl_batch_add_work(gbl_batch *b, const gbl_kv_work w[GBL_KV_PARTS]) {
    double launches = 0;
    for (int i = 0; i < GBL_KV_PARTS; i++) {
        if (is_tensor(i)) b->kv.tensor_flops += whole(w[i].flops);
        else b->kv.vector_flops += whole(w[i].flops);
        b->kv.bytes += whole(w[i].hbm_bytes);
        launches += w[i].launches;
    }
    if (whole(launches) > b->kv.launches) b->kv.launches = whole(launches);
}

static gbl_kv_read less(gbl_kv_read a, gbl_kv_read b) {
    return (gbl_kv_read){a.bytes_q8 - b.bytes_q8, a.link_q8 - b.link_q8, a.attended - b.attended, a.quantised - b.quantised};
}

static void plus(gbl_kv_read *to, gbl_kv_read a) {
    to->bytes_q8 += a.bytes_q8;
    to->link_q8 += a.link_q8;
    to->attended += a.attended;
    to->quantised += a.quantised;
}

void gbl_batch_decode_of(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv) {
    const gbl_kv_plan *plan = c->spec.compress;
    gbl_batch_decode(c, b, kv);
    if (!plan) return;
    if (prompt > kv) prompt = kv;
    gbl_kv_work w[GBL_KV_PARTS];
    gbl_kv_read now = gbl_kv_read_at(plan, prompt, kv);
    plus(&b->kv.read, now);
    plus(&b->kv.grow, less(gbl_kv_read_at(plan, prompt, kv + 1), now));
    gbl_kv_event_work(plan, prompt, kv, w);
    gbl_batch_add_work(b, w);
}

void gbl_batch_forget_events(gbl_batch *b) { b->kv.tensor_flops = b->kv.vector_flops = b->kv.bytes = b->kv.launches = 0; }

void gbl_batch_next_event(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv) {
    gbl_kv_work w[GBL_KV_PARTS];
    gbl_kv_event_work(c->spec.compress, prompt < kv ? prompt : kv, kv + 1, w);
    gbl_batch_add_work(b, w);
}

/* Tokens that a query attends of so many that came before it, as a mean over layers and heads. */
static int64_t left_of(const gbl_kv_plan *plan, int64_t prompt, int64_t tokens) {
    int64_t tensors = plan->shape.layers * plan->shape.kv_heads;
    if (tokens <= 0 || tensors <= 0) return tokens;
    int64_t left = gbl_kv_read_at(plan, prompt, tokens).attended / tensors;
    return left < tokens ? left : tokens;
}

void gbl_batch_chunk_of(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t chunk, int64_t cached, int sampled) {
    const gbl_kv_plan *plan = c->spec.compress;
    if (plan && plan->peak_when == GBL_WHEN_PREFILL_CHUNK) cached = left_of(plan, cached, cached); /* earlier chunks have shrunk already */
    gbl_batch_chunk(c, b, chunk, cached, sampled);
    if (!plan || !sampled) return;
    gbl_kv_work w[GBL_KV_PARTS];
    gbl_kv_prefill_work(plan, prompt, w);
    gbl_batch_add_work(b, w);
    b->kv.last_n++;
    b->kv.last_kv += cached + chunk;
}

void gbl_batch_recursion_of(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t kv, int ends) {
    const gbl_kv_plan *plan = c->spec.compress;
    int64_t passes = (int64_t)plan->arch.recursions + 1; /* twice their mean */
    gbl_kv_read all = gbl_kv_read_at(plan, prompt < kv ? prompt : kv, kv);
    gbl_batch_decode(c, b, kv);
    b->sampled -= !ends;
    b->pass_n++;
    b->pass_ends += ends;
    plus(&b->kv.read, (gbl_kv_read){2 * all.bytes_q8 / passes, 2 * all.link_q8 / passes, 2 * all.attended / passes, 2 * all.quantised / passes});
}

static void span(const gbl_cost *c, gbl_batch *b, int64_t queries, int64_t keys) {
    int64_t br = c->rows_tile, tiles = (queries + br - 1) / br, w = c->spec.llm->window, seen = w > 0 && w < keys ? w : keys;
    b->pre_n++;
    b->pre_tokens += queries;
    b->pre_kv += keys;
    b->pre_pairs += queries * keys;
    b->pre_pairs_win += queries * seen;
    b->pre_tiles += tiles;
    b->pre_work += tiles * br * keys;
    if (keys > b->pre_longest) b->pre_longest = keys;
    b->sampled += queries;
}

/* A choice of tokens is made anew over what it attended, as at the end of a prompt. */
void gbl_batch_span_of(const gbl_cost *c, gbl_batch *b, int64_t prompt, int64_t queries, int64_t keys) {
    const gbl_kv_plan *plan = c->spec.compress;
    if (queries == 1) {
        gbl_batch_decode_of(c, b, prompt, keys);
        return;
    }
    if (plan && keys > queries) {
        int64_t before = keys - queries;
        keys = queries + left_of(plan, prompt < before ? prompt : before, before);
    }
    span(c, b, queries, keys);
    if (!plan) return;
    gbl_kv_work w[GBL_KV_PARTS];
    gbl_kv_prefill_work(plan, keys, w);
    gbl_batch_add_work(b, w);
}

int64_t gbl_batch_slope_of(const gbl_cost *c, int64_t prompt, int64_t kv) {
    int64_t own = gbl_batch_slope(c, kv), then;
    if (!c->spec.compress) return own;
    then = gbl_kv_until(c->spec.compress, prompt < kv ? prompt : kv, kv);
    return then < own ? then : own;
}

/* ---- lines ---- */

double gbl_cost_vector_peak(const gbl_cost *c) {
    const double *f = c->g.hw->flops;
    return f[GBL_FP32] > 0 ? f[GBL_FP32] : f[c->wide] / 16; /* a card without it: a sixteenth of the 16-bit peak (assumed) */
}

/* Uncompressed tokens of one layer and rank that the decodes' reads are worth. */
static double worth(const gbl_cost *c, const gbl_batch *b) {
    double layers = gbl_arch_decode_calls(c, b), quantised = (double)b->kv.read.quantised / layers / c->kv_heads_all;
    double states = c->spec.llm->linear_layers ? (double)b->dec_n * c->spec.compress->const_bytes : 0; /* linear_attention reads them */
    double read = ((double)b->kv.read.bytes_q8 / 256 - states) / (c->kv_plan_layer * c->spec.tp * layers);
    double full = (double)b->kv.read.attended / layers / c->kv_heads_all;
    return c->kv_code_widen_s > 0 && quantised > 0 ? fmax(read, full) : read;
}

static void decode_line(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n) {
    gbl_decode_terms room;
    gbl_kernel scores;
    double layers = gbl_arch_decode_calls(c, b), attended = (double)b->kv.read.attended / layers / c->kv_heads_all;
    if (layers <= 0) return; /* states alone */
    gbl_cost_line *l = &out[(*n)++];
    memset(l, 0, sizeof *l);
    l->name = "attention_decode";
    l->count = layers;
    const gbl_decode_terms *t = gbl_cost_decode_terms(c, b->dec_n * (c->arch ? (int64_t)c->arch->streams : 1), &room);
    gbl_decode(&c->g, &c->attn, t, worth(c, b), &l->k);
    gbl_cost_kv_runtime(c, worth(c, b), &l->k);
    gbl_decode(&c->g, &c->attn, t, attended, &scores);
    l->k.time_s = fmax(l->k.time_s, scores.sm_s);
    l->k.sm_s = scores.sm_s;
    l->k.flops = scores.flops;
    l->k.time_s += (double)b->kv.read.quantised / layers / c->kv_heads_all * c->kv_code_widen_s;
}

static void work_line(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n) {
    const gbl_kv_plan *plan = c->spec.compress;
    gbl_kv_rates rates = gbl_kv_rates_of(plan);
    double tp = c->spec.tp, vector = (double)b->kv.vector_flops + (double)b->kv.read.quantised * rates.dequantise;
    double tensor = (double)b->kv.tensor_flops + (double)b->kv.read.attended * rates.reconstruct;
    double bytes = (double)b->kv.bytes + (b->dec_n > 0 ? rates.weight_bytes : 0);
    if (b->kv.toll) {
        vector += (double)b->kv.toll->vector_flops;
        tensor += (double)b->kv.toll->tensor_flops;
        bytes += (double)b->kv.toll->bytes_q8 / 256;
    }
    if (!(tensor > 0) && !(vector > 0) && !(bytes > 0)) return;
    gbl_cost_line *l = &out[(*n)++];
    memset(l, 0, sizeof *l);
    l->name = "kv_compress";
    l->count = 1;
    double peak = c->g.hw->flops[c->wide], e = c->g.ideal ? 1 : c->g.cal->gemm.e_c, e_m = c->g.ideal ? 1 : c->g.cal->small_e_m;
    l->k.flops = (tensor + vector) / tp;
    l->k.hbm_bytes = bytes / tp;
    l->k.sm_s = tensor / tp / peak + vector / tp / gbl_cost_vector_peak(c);
    l->k.hbm_s = l->k.hbm_bytes / c->g.hw->hbm_bps;
    l->k.time_s = fmax(tensor / tp / (peak * e) + vector / tp / gbl_cost_vector_peak(c), l->k.hbm_s / e_m);
    if (!c->g.ideal) l->k.time_s += (double)b->kv.launches * c->g.cal->small_t0;
}

static double link_of(const gbl_cost *c, int64_t bytes_q8, enum gbl_resource dir, double *busy_s) {
    gbl_demand d = {0};
    if (bytes_q8 > 0) gbl_cost_transfer(c, (double)bytes_q8 / 256, c->spec.llm->layers, dir, &d);
    *busy_s = d.busy_ns[dir] * 1e-9;
    return (double)d.alone_ns * 1e-9;
}

/* What lies below HBM comes over PCIe while the layers run, and what leaves goes the other way; the step waits for what is left of it. */
static void fetch_line(const gbl_cost *c, const gbl_batch *b, double attention_s, gbl_cost_line *out, int *n) {
    int64_t down_q8 = b->kv.toll ? b->kv.toll->down_q8 : 0;
    double up_busy, down_busy;
    if (b->kv.read.link_q8 <= 0 && down_q8 <= 0) return;
    gbl_cost_line *l = &out[(*n)++];
    memset(l, 0, sizeof *l);
    l->name = "kv_fetch";
    l->count = 1;
    double time = fmax(link_of(c, b->kv.read.link_q8, GBL_R_PCIE_H2D, &up_busy), link_of(c, down_q8, GBL_R_PCIE_D2H, &down_busy));
    l->k.link_bytes = (double)(b->kv.read.link_q8 + down_q8) / 256 / c->spec.tp;
    l->k.link_s = fmax(up_busy, down_busy);
    l->k.time_s = fmax(0, time - attention_s);
}

void gbl_cost_fetch_rows(const gbl_cost *c, const gbl_batch *b, gbl_demand *d) {
    double up, down;
    int row = gbl_hw_nvlinked(c->g.hw, (double)c->spec.tp * c->spec.dp) ? GBL_R_NVLINK : GBL_R_PCIE_D2H;
    link_of(c, b->kv.read.link_q8, GBL_R_PCIE_H2D, &up);
    link_of(c, b->kv.toll ? b->kv.toll->down_q8 : 0, GBL_R_PCIE_D2H, &down);
    double most = (double)d->alone_ns, among = fmax(0, d->busy_ns[row] - fmax(up, down) * 1e9); /* the GPUs' own */
    d->busy_ns[row] = among;
    if (row == GBL_R_PCIE_D2H) d->busy_ns[GBL_R_PCIE_H2D] = among;
    d->busy_ns[GBL_R_PCIE_H2D] = fmin(d->busy_ns[GBL_R_PCIE_H2D] + up * 1e9, most);
    d->busy_ns[GBL_R_PCIE_D2H] = fmin(d->busy_ns[GBL_R_PCIE_D2H] + down * 1e9, most);
}

/* Prompts and decodes in one kernel, as without compression: the decodes' part is of the tokens that their bytes are worth. */
static void mixed_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n) {
    gbl_batch mixed = *b;
    mixed.dec_kv = mixed.dec_kv_win = b->dec_n > 0 ? llround(worth(c, b)) : 0;
    gbl_cost_prefill_line(c, &mixed, 0, b->dec_n > 0 ? "attention_mixed" : "attention_prefill", c->full_layers, out, n);
    gbl_cost_prefill_line(c, &mixed, 1, b->dec_n > 0 ? "attention_mixed_window" : "attention_prefill_window", c->window_layers, out, n);
    gbl_cost_expand_line(c, &mixed, out, n);
    double widen = (double)b->kv.read.quantised / c->kv_heads_all * c->kv_code_widen_s;
    if (!(widen > 0)) return;
    gbl_cost_line *l = &out[(*n)++];
    memset(l, 0, sizeof *l);
    l->name = "kv_widen";
    l->count = 1;
    l->k.time_s = l->k.hbm_s = widen;
}

int gbl_cost_compressed_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out) {
    int n = 0;
    double attention_s = 0;
    if (c->arch) {
        gbl_batch prompts = *b;
        if (b->dec_n > 0) decode_line(c, b, out, &n);
        prompts.dec_n = prompts.dec_kv = prompts.dec_kv_win = 0;
        gbl_arch_prompt_lines(c, &prompts, out, &n);
    } else if (b->pre_tokens > 0) mixed_lines(c, b, out, &n);
    else if (b->dec_n > 0) decode_line(c, b, out, &n);
    gbl_arch_linear_line(c, b, out, &n);
    for (int i = 0; i < n; i++) attention_s += out[i].count * out[i].k.time_s;
    work_line(c, b, out, &n);
    fetch_line(c, b, attention_s, out, &n);
    return n;
}
