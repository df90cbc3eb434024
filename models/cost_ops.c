/* cost_ops.c - the operators of a step, with their shapes on one tensor-parallel rank.
 *
 * Tensor parallelism after Megatron-LM: QKV, gate/up and LM head split by columns, O and down by rows, one all-reduce
 * after each of the two blocks of a layer; KV heads fewer than ranks are replicated; latent attention's down
 * projections and its cache are replicated. Experts are split like the MLP they replace (ep 1), or spread whole over ep
 * GPUs; with dp > 1 tokens travel to them and back. */
#include <math.h>
#include <string.h>

#include "models/cost_parts.h"

int gbl_cost_bound(const gbl_kernel *k)
{
    if (k->link_s > k->sm_s && k->link_s > k->hbm_s)
        return 2;
    return k->sm_s > k->hbm_s ? 0 : 1;
}

/* The busiest of ep GPUs under balanced routing, over the mean: m k choices fall on ep GPUs like a multinomial, whose largest
 * count is about mean + sqrt(2 mean (1 - 1/ep) ln ep); no GPU gets a token more than once for each expert it holds. */
static double busiest(const gbl_cost *c, double m)
{
    double ep = c->spec.ep, mean = m * c->top_k;
    if (ep <= 1 || mean <= 0)
        return 1;
    double most = mean + sqrt(2 * mean * (1 - 1 / ep) * log(ep));
    return fmin(most, m * fmin((double)c->spec.llm->top_k, c->experts)) / mean;
}

static gbl_cost_line *next_line(gbl_cost_line *out, int *n, const char *name, double count)
{
    gbl_cost_line *l = &out[(*n)++];
    memset(l, 0, sizeof *l);
    l->name = name;
    l->count = count;
    return l;
}

void gbl_cost_product(const gbl_cost *c, gbl_cost_line *out, int *n, const char *name, double count, double m, double cols, double k)
{
    gbl_cost_line *l = next_line(out, n, name, count);
    gbl_gemm_shape s = {m, cols, k, c->compute, c->weight_bytes, c->act_bytes, 2, c->unfused_bytes,
                        c->act_bytes < 2 && !c->spec.runtime->fused_dequant, c->spec.precision};
    if (c->act_bytes > 2)
        s.out_bytes = c->act_bytes;
    l->weights = cols * k * c->weight_bytes;
    gbl_gemm(&c->g, &s, &l->k);
}

/* Routers and LM head stay in the wide format. */
static void wide_product(const gbl_cost *c, gbl_cost_line *out, int *n, const char *name, double count, double m, double cols, double k)
{
    gbl_cost_line *l = next_line(out, n, name, count);
    gbl_gemm_shape s = {m, cols, k, c->wide, c->wide_bytes, c->wide_bytes, c->wide_bytes, 0, 0, NULL};
    l->weights = cols * k * c->wide_bytes;
    gbl_gemm(&c->g, &s, &l->k);
}

static void projections(const gbl_cost *c, double m, gbl_cost_line *out, int *n)
{
    const gbl_llm *l = c->spec.llm;
    double L = (double)l->layers, H = (double)l->hidden, h = c->heads;
    if (l->ssm_inner) {
        double I = (double)l->ssm_inner / c->spec.tp, N = (double)l->ssm_state, R = (double)l->ssm_dt_rank;
        gbl_cost_product(c, out, n, "ssm_in", L, m, R > 0 ? 2 * I : 2 * I + 2 * (double)l->ssm_groups * N + h, H);
        if (R > 0) {
            gbl_cost_product(c, out, n, "ssm_x", L, m, R + 2 * N, I);
            gbl_cost_product(c, out, n, "ssm_dt", L, m, I, R);
        }
        gbl_cost_product(c, out, n, "ssm_out", L, m, H, I);
        return;
    }
    if (!l->kv_lora) {
        double d = (double)l->head_dim;
        if (l->linear_layers) {
            L -= (double)l->linear_layers;
            gbl_cost_product(c, out, n, "linear_qkvg", (double)l->linear_layers, m, 4 * h * d, H);
            gbl_cost_product(c, out, n, "linear_o", (double)l->linear_layers, m, H, h * d);
        }
        gbl_cost_product(c, out, n, "qkv", L, m, (h + 2 * c->kv_heads) * d, H);
        gbl_cost_product(c, out, n, "o", L, m, H, h * d);
        return;
    }
    double r = (double)l->kv_lora, qk = (double)(l->nope_dim + l->rope_dim), v = (double)l->v_dim;
    double latent = r + (double)l->rope_dim, q = (double)l->q_lora;
    if (q > 0) {
        gbl_cost_product(c, out, n, "q_a_kv_a", L, m, q + latent, H);
        gbl_cost_product(c, out, n, "q_b", L, m, h * qk, q);
    } else {
        gbl_cost_product(c, out, n, "q_kv_a", L, m, h * qk + latent, H);
    }
    /* Absorbed into query and output when decoding, applied to keys and values in prefill: the same product. */
    gbl_cost_product(c, out, n, "kv_b", L, m, h * ((double)l->nope_dim + v), r);
    gbl_cost_product(c, out, n, "o", L, m, H, h * v);
}

static void mlp(const gbl_cost *c, double m, gbl_cost_line *out, int *n)
{
    const gbl_llm *l = c->spec.llm;
    double H = (double)l->hidden;
    if (c->dense_layers <= 0)
        return;
    gbl_cost_product(c, out, n, l->gated ? "gate_up" : "up", c->dense_layers, m, (l->gated ? 2 : 1) * c->ffn, H);
    gbl_cost_product(c, out, n, "down", c->dense_layers, m, H, c->ffn);
}

static void experts(const gbl_cost *c, double m, gbl_cost_line *out, int *n)
{
    const gbl_llm *l = c->spec.llm;
    double H = (double)l->hidden, matrices = l->gated ? 3 : 2;
    gbl_cost_line *e = next_line(out, n, "experts", c->moe_layers);
    gbl_moe_shape s = {c->experts, c->top_k * busiest(c, m), H, c->moe_ffn, matrices, c->compute, c->weight_bytes, c->act_bytes, c->spec.precision};
    gbl_moe(&c->g, &s, m, &e->k);
    e->weights = gbl_moe_distinct(s.experts, s.top_k, m) * matrices * H * c->moe_ffn * c->weight_bytes;
}

static void routing(const gbl_cost *c, double m, gbl_cost_line *out, int *n)
{
    const gbl_llm *l = c->spec.llm;
    wide_product(c, out, n, "router", c->moe_layers, m, (double)l->experts, (double)l->hidden);
    if (c->spec.dp == 1)
        experts(c, m, out, n);
    if (!c->g.ideal)
        next_line(out, n, "routing", c->moe_layers)->k.time_s = c->g.cal->moe_t0;
}

static void mixture(const gbl_cost *c, double m, gbl_cost_line *out, int *n)
{
    const gbl_llm *l = c->spec.llm;
    double H = (double)l->hidden, L = c->moe_layers;
    if (L <= 0)
        return;
    routing(c, m, out, n);
    if (c->shared_ffn <= 0)
        return;
    gbl_cost_product(c, out, n, l->gated ? "shared_gate_up" : "shared_up", L, m, (l->gated ? 2 : 1) * c->shared_ffn, H);
    gbl_cost_product(c, out, n, "shared_down", L, m, H, c->shared_ffn);
}

/* Of dp x tp GPUs each sends its share of the tokens to where their experts are and gets the results back: spread experts
 * (ep > 1) by all-to-all, a token to each GPU that holds one of its experts: ep (1 - (1 - 1/ep)^k) of them; split experts by
 * gathering all tokens everywhere and scattering the sums. Activations go out as multiplied, results come back in 16 bits. */
int gbl_cost_routed_lines(const gbl_cost *c, double tokens, gbl_cost_line *out)
{
    const gbl_llm *l = c->spec.llm;
    int n = 0;
    if (c->spec.dp == 1 || c->moe_layers <= 0)
        return 0;
    int32_t gpus = c->spec.tp * c->spec.dp;
    double H = (double)l->hidden, ep = c->spec.ep, row_out = H * fmin(c->act_bytes, 2), row_back = H * 2;
    experts(c, tokens, out, &n);
    if (ep > 1) {
        double copies = ep * (1 - pow(1 - 1 / ep, (double)l->top_k)) * c->spec.tp * c->spec.dp / ep, held = tokens / gpus * copies;
        gbl_all_to_all(&c->g, held * row_out, gpus, &next_line(out, &n, "dispatch", c->moe_layers)->k);
        gbl_all_to_all(&c->g, held * row_back, gpus, &next_line(out, &n, "combine", c->moe_layers)->k);
    } else {
        gbl_all_gather(&c->g, tokens * row_out, gpus, &next_line(out, &n, "dispatch", c->moe_layers)->k);
        gbl_reduce_scatter(&c->g, tokens * row_back, gpus, &next_line(out, &n, "combine", c->moe_layers)->k);
    }
    return n;
}

static void elementwise(const gbl_cost *c, double m, gbl_cost_line *out, int *n)
{
    const gbl_llm *l = c->spec.llm;
    double hidden = (double)l->hidden, heads = c->heads + 2 * c->kv_heads, d = (double)l->head_dim;
    if (c->g.ideal)
        return; /* fused into their neighbours */
    if (l->ssm_inner) /* norm with residual, convolution and gate: in, out and gate of its channels */
        gbl_small_ops(&c->g, m * 2 * (4 * (double)l->hidden + 6 * (double)l->ssm_inner / c->spec.tp), &next_line(out, n, "norm_conv_gate", (double)l->layers)->k);
    if (c->dense_layers > 0)
        gbl_small_ops(&c->g, gbl_small_bytes(m, hidden, heads, d, c->ffn), &next_line(out, n, "norm_rope_act", c->dense_layers)->k);
    if (c->moe_layers > 0)
        gbl_small_ops(&c->g, gbl_small_bytes(m, hidden, heads, d, c->top_k * c->spec.dp * c->moe_ffn + c->shared_ffn),
                      &next_line(out, n, "norm_rope_act_moe", c->moe_layers)->k);
}

int gbl_cost_token_lines(const gbl_cost *c, double tokens, gbl_cost_line *out)
{
    const gbl_llm *l = c->spec.llm;
    int n = 0;
    projections(c, tokens, out, &n);
    mlp(c, tokens, out, &n);
    mixture(c, tokens, out, &n);
    elementwise(c, tokens, out, &n);
    if (c->spec.tp <= 1)
        return n;
    /* With dp > 1 the combination leaves each rank its share of the tokens' sums: one way is enough there. */
    double bytes = tokens * (double)l->hidden * 2, gathered = c->spec.dp > 1 ? c->moe_layers : 0;
    gbl_all_reduce(&c->g, bytes, c->spec.tp, &next_line(out, &n, "all_reduce", 2 * (double)l->layers - gathered)->k);
    if (gathered > 0)
        gbl_all_gather(&c->g, bytes, c->spec.tp, &next_line(out, &n, "hidden_gather", gathered)->k);
    return n;
}

int gbl_cost_sampled_lines(const gbl_cost *c, double rows, gbl_cost_line *out)
{
    int n = 0;
    if (rows <= 0)
        return 0;
    wide_product(c, out, &n, "lm_head", 1, rows, c->vocab, (double)c->spec.llm->hidden);
    if (c->spec.tp > 1)
        gbl_all_gather(&c->g, rows * c->vocab * c->spec.tp * 2, c->spec.tp, &next_line(out, &n, "logits_gather", 1)->k);
    if (c->spec.runtime->sampler_s > 0)
        next_line(out, &n, "sampler", 1)->k.time_s = c->spec.runtime->sampler_s;
    return n;
}

static void decode_line(const gbl_cost *c, const gbl_batch *b, const char *name, double count, int64_t kv, gbl_cost_line *out, int *n)
{
    gbl_decode_terms room;
    if (count <= 0)
        return;
    gbl_kernel *k = &next_line(out, n, name, count)->k;
    gbl_decode(&c->g, &c->attn, gbl_cost_decode_terms(c, b->dec_n, &room), (double)kv, k);
    gbl_cost_kv_runtime(c, (double)kv, k);
}

/* The chunks' load; with a window the tile-rounded pairs shrink like the exact ones, and each tile still computes the
 * keys that only some of its rows see. */
static gbl_prefill_load load_of(const gbl_cost *c, const gbl_batch *b, int windowed)
{
    gbl_prefill_load l = {(double)b->pre_tokens, (double)b->pre_kv, (double)b->pre_work, (double)b->pre_tiles, (double)b->pre_pairs,
                          (double)b->pre_longest, (double)b->dec_n, (double)b->dec_kv};
    if (!windowed)
        return l;
    double w = (double)c->spec.llm->window;
    double br = (double)c->rows_tile, seen = l.tile_pairs * (double)b->pre_pairs_win / l.pairs + l.tiles * br * br;
    l.tile_pairs = fmin(l.tile_pairs, seen);
    l.pairs = (double)b->pre_pairs_win;
    l.kv = fmin(l.kv, l.tokens + w * (double)b->pre_n);
    l.longest = fmin(l.longest, w + (double)c->rows_tile);
    l.dec_kv = (double)b->dec_kv_win;
    return l;
}

void gbl_cost_prefill_line(const gbl_cost *c, const gbl_batch *b, int windowed, const char *name, double count, gbl_cost_line *out, int *n)
{
    if (count <= 0)
        return;
    gbl_prefill_load l = load_of(c, b, windowed);
    gbl_kernel *k = &next_line(out, n, name, count)->k;
    gbl_prefill(&c->g, &c->attn, &l, k);
    gbl_cost_kv_runtime(c, l.dec_kv + l.kv - l.tokens, k); /* what was cached before */
}

/* Latent attention re-expands the cached latents of a chunk's prefix to full keys and values. */
void gbl_cost_expand_line(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out, int *n)
{
    const gbl_llm *l = c->spec.llm;
    double cached = (double)(b->pre_kv - b->pre_tokens);
    if (!l->kv_lora || cached <= 0)
        return;
    gbl_kernel *k = &next_line(out, n, "kv_b_cached", (double)l->layers)->k;
    k->flops = 2 * cached * c->heads * (double)(l->nope_dim + l->v_dim) * (double)l->kv_lora;
    k->sm_s = k->flops / c->g.hw->flops[c->compute];
    k->time_s = c->g.ideal ? k->sm_s : k->sm_s / (c->g.cal->gemm.e_c * c->g.cal->gemm.phi_c);
}

int gbl_cost_attention_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out)
{
    int n = 0;
    if (c->spec.compress)
        return gbl_cost_compressed_lines(c, b, out);
    if (b->pre_tokens > 0) {
        const char *name = b->dec_n > 0 ? "attention_mixed" : "attention_prefill";
        gbl_cost_prefill_line(c, b, 0, name, c->full_layers, out, &n);
        gbl_cost_prefill_line(c, b, 1, b->dec_n > 0 ? "attention_mixed_window" : "attention_prefill_window", c->window_layers, out, &n);
        gbl_cost_expand_line(c, b, out, &n);
    } else if (b->dec_n > 0) {
        decode_line(c, b, "attention_decode", c->full_layers, b->dec_kv, out, &n);
        decode_line(c, b, "attention_decode_window", c->window_layers, b->dec_kv_win, out, &n);
    }
    return n;
}

int64_t gbl_cost_padded(const gbl_cost *c, const gbl_batch *b)
{
    int64_t m = b->dec_n + b->pre_tokens;
    return b->pre_tokens > 0 || m >= c->n_padded ? m : c->padded[m];
}

/* ---- the sheet ---- */

static const char *const bound_names[] = {"sm", "hbm", "link", "host"};

static void row_of(const gbl_cost_line *l, const char *phase, gbl_op *op)
{
    const gbl_kernel *k = &l->k;
    double roofline = fmax(k->sm_s, fmax(k->hbm_s, k->link_s));
    *op = (gbl_op){l->name, phase, l->part, l->count, k->flops, k->hbm_bytes, k->link_bytes, k->time_s * 1e6, bound_names[gbl_cost_bound(k)],
                   k->time_s > 0 ? roofline / k->time_s : 1};
}

/* A rewritten model's passes through parts of the layers, one after the other. */
static int pass_lines(const gbl_cost *c, const gbl_batch *b, gbl_cost_line *out)
{
    gbl_pass pass[GBL_PASSES];
    int passes = gbl_arch_passes(c, b, pass), n = 0;
    for (int i = 0; i < passes; i++)
        for (int to = n + gbl_cost_token_lines(c, ceil(pass[i].tokens), out + n); n < to; n++) {
            out[n].part = pass[i].part;
            out[n].count *= pass[i].layers;
        }
    return n + gbl_arch_lines(c, b, out + n);
}

/* Rows in device time of one micro-batch's walk through the layers; what the step takes beyond them comes last. */
int gbl_cost_operators(const gbl_cost *c, const gbl_batch *b, const char *phase, gbl_op *out, int most)
{
    gbl_cost_line lines[GBL_OPS_MOST];
    gbl_batch micro, rank;
    int n = 0, rows = 0;
    double device = 0, attention = 0;
    if (b->dec_n + b->pre_tokens <= 0)
        return 0;
    gbl_cost_micro_batch(b, gbl_cost_cut_of(c, b), b->pre_n > 0, &micro);
    gbl_cost_rank_batch(c, &micro, &rank);
    n = c->arch ? pass_lines(c, &rank, lines) : gbl_cost_token_lines(c, (double)gbl_cost_padded(c, &rank), lines);
    n += gbl_cost_routed_lines(c, (double)(micro.dec_n + micro.pre_tokens), lines + n);
    int first = n;
    n += gbl_cost_attention_lines(c, &rank, lines + n);
    int after = n;
    n += gbl_cost_sampled_lines(c, (double)rank.sampled, lines + n);
    for (int i = after; c->arch && i < n; i++)
        lines[i].count *= gbl_arch_sampled_times(c, &rank);
    for (int i = 0; i < n; i++) {
        device += lines[i].count * lines[i].k.time_s;
        attention += i >= first && i < after ? lines[i].count * lines[i].k.time_s : 0;
        if (rows < most)
            row_of(&lines[i], phase, &out[rows++]);
    }
    double host = gbl_cost_host_s(c, &micro, device, attention);
    if (host > 0 && rows < most)
        out[rows++] = (gbl_op){"host", phase, NULL, 1, 0, 0, 0, host * 1e6, "host", 1};
    if (c->spec.pp > 1 && rows < most) { /* sends, and waiting for the other micro-batches */
        gbl_step_cost step;
        gbl_cost_step(c, b, &step);
        out[rows++] = (gbl_op){"pipeline", phase, NULL, 1, 0, 0, 0, fmax(0, (double)step.demand.alone_ns * 1e-3 - (device + host) * 1e6), "link", 1};
    }
    return rows;
}
