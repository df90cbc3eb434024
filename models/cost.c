/* cost.c - a cost model made of its parts: formats, shards, tables. */
#include "models/cost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/cost_parts.h"

enum { TOKENS_MOST = 1 << 16, SEQS_MOST = 1 << 14 }; /* rows of a table; beyond them a step is worked out each time */

static const double int4_bytes = 0.5 + 2.5 / 128; /* AWQ, GPTQ: a 16-bit scale and a 4-bit zero each 128 weights */

static int check_limits(const gbl_cost_spec *s, gbl_err *err)
{
    if (s->block_size < 1)
        return gbl_fail(err, GBL_EINPUT, "block_size %d is not positive", s->block_size);
    if (!(s->memory_utilization > 0 && s->memory_utilization <= 1)) {
        gbl_fail(err, GBL_EINPUT, "memory_utilization %g is out of range", s->memory_utilization);
        return gbl_expected(err, "above 0, at most 1");
    }
    if (s->max_num_seqs < 1 || s->max_num_batched_tokens < 1)
        return gbl_fail(err, GBL_EINPUT, "max_num_seqs and max_num_batched_tokens are at least 1");
    return 0;
}

static int no_format(const gbl_cost_spec *s, const char *what, int f, gbl_err *err)
{
    gbl_fail(err, GBL_EINPUT, "%s in %s are not possible on %s", what, gbl_format_name((enum gbl_format)f), s->hw->name);
    return gbl_expected(err, "bf16, fp16, fp8, int8, fp4 or int4 weights; activations in the weights' format where the GPU has it, else in 16 bits");
}

/* In which format are these weights multiplied? -1: not at all. */
static int compute_format(const gbl_cost_spec *s)
{
    int w = s->weights, a = s->activations;
    int wide = a == GBL_BF16 || a == GBL_FP16;
    switch (w) {
    case GBL_BF16:
    case GBL_FP16:
        return a < 0 || wide ? w : -1;
    case GBL_FP32:
        return a < 0 || a == GBL_FP32 ? (s->hw->flops[GBL_TF32] > 0 ? GBL_TF32 : GBL_FP32) : -1;
    case GBL_FP8:
    case GBL_INT8:
    case GBL_FP4:
        if (s->hw->flops[w] > 0 && (a < 0 || a == w))
            return w;
        return a < 0 ? GBL_BF16 : wide ? a : -1;
    case GBL_INT4:
        return a < 0 ? GBL_BF16 : wide ? a : -1;
    default:
        return -1;
    }
}

static int no_card(const gbl_cost_spec *s, gbl_err *err)
{
    gbl_fail(err, GBL_EINPUT, "%s multiplies in what %s has not", s->precision->name, s->hw->name);
    return gbl_expected(err, "another GPU or another precision (gable explain %s)", s->precision->name);
}

/* Bytes of the layers' matrices and of what multiplies them. */
static void element_bytes(gbl_cost *c)
{
    const gbl_cost_spec *s = &c->spec;
    const gbl_precision *p = s->precision;
    c->weight_bytes = p ? p->weight_bytes : s->weights == GBL_INT4 ? int4_bytes : gbl_format_bytes((enum gbl_format)s->weights);
    if (!p && s->llm->checkpoint_format == s->weights && s->llm->checkpoint_weight_bytes > 0)
        c->weight_bytes = s->llm->checkpoint_weight_bytes;
    c->act_bytes = p ? p->act_bytes : gbl_format_bytes((enum gbl_format)c->compute);
}

static int resolve_formats(gbl_cost *c, gbl_err *err)
{
    const gbl_cost_spec *s = &c->spec;
    int f = s->precision ? gbl_precision_compute(s->precision, s->hw) : compute_format(s);
    if (f < 0 && s->precision)
        return no_card(s, err);
    if (f < 0 || s->hw->flops[f] <= 0)
        return no_format(s, s->activations < 0 ? "weights" : "these weights and activations", s->activations < 0 ? s->weights : s->activations, err);
    if (s->kv != GBL_BF16 && s->kv != GBL_FP16 && s->kv != GBL_FP8 && s->kv != GBL_INT8 && s->kv != GBL_FP32) {
        gbl_fail(err, GBL_EINPUT, "KV in this format is not modelled");
        return gbl_expected(err, "bf16, fp16, fp8, int8 or fp32");
    }
    c->compute = f;
    element_bytes(c);
    c->wide = s->weights == GBL_FP32 ? f : GBL_BF16;
    c->wide_bytes = gbl_format_bytes((enum gbl_format)c->wide);
    if (!s->precision && c->act_bytes > gbl_format_bytes((enum gbl_format)s->weights) && !s->runtime->fused_dequant)
        c->unfused_bytes = c->act_bytes * 2; /* written wide, read again */
    return 0;
}

static void shard(gbl_cost *c)
{
    const gbl_llm *m = c->spec.llm;
    double tp = c->spec.tp;
    c->heads = (double)m->heads / tp;
    c->kv_heads = m->kv_lora ? 1 : fmax((double)m->kv_heads / tp, 1);
    c->ffn = (double)m->ffn / tp;
    c->moe_ffn = (double)m->moe_ffn * c->spec.ep / (tp * c->spec.dp);
    c->experts = (double)m->experts / c->spec.ep;
    c->top_k = (double)m->top_k / c->spec.ep;
    c->shared_ffn = m->moe_layers ? (double)m->shared_ffn / tp : 0;
    c->vocab = ceil((double)m->vocab / tp);
    c->moe_layers = (double)m->moe_layers;
    c->dense_layers = m->ffn || m->moe_layers ? (double)(m->layers - m->moe_layers) : 0;
    c->window_layers = m->window ? (double)m->window_layers : 0;
    c->full_layers = (double)(m->layers - m->linear_layers) - c->window_layers;
}

/* Eager launches; runtimes whose attention is no single kernel. */
static void shape_runtime(gbl_cost *c)
{
    const gbl_runtime *r = c->spec.runtime;
    double hbm = c->g.hw->hbm_bps, wide = c->attn.kv_bytes / gbl_format_bytes((enum gbl_format)c->spec.kv) * 2;
    c->host_step_s = r->host_step_s + (gbl_cost_gpus(c) > 1 ? r->host_multi_s : 0);
    c->launches_s = (double)c->spec.llm->layers * r->layer_launches * r->launch_s;
    if (c->g.ideal)
        return;
    if (r->kv_share > 0) /* of what it walks: the widened copy when it has to make one */
        c->kv_floor_s = (r->fused_dequant ? c->attn.kv_bytes : fmax(wide, c->attn.kv_bytes)) / (hbm * r->kv_share);
    if (gbl_format_bytes((enum gbl_format)c->spec.kv) < 2 && !r->fused_dequant)
        c->kv_widen_s = r->kv_dequant_passes * wide / hbm;
    if (!r->fused_dequant)
        c->kv_code_widen_s = r->kv_dequant_passes * wide / hbm;
}

/* The cache is written in codes, which every attention reads: as an engine's 8-bit formats. */
static int coded(const gbl_kv_plan *p)
{
    int bits = 0;
    for (int32_t i = 0; p && i < p->n_gens; i++)
        bits += p->gen[i].kind == GBL_GEN_BITS && p->gen[i].u.bits.fused && p->gen[i].split < 0;
    return bits > 0;
}

/* Latent attention: in prefill full heads, in decode every head reads the one shared latent. */
static void shape_attention(gbl_cost *c)
{
    const gbl_llm *m = c->spec.llm;
    double kvb = gbl_format_bytes((enum gbl_format)c->spec.kv), d = (double)m->head_dim, h = c->heads;
    gbl_attn_shape *s = &c->attn;
    s->heads = h;
    s->kv_heads = c->kv_heads;
    s->compute_flops = c->g.hw->flops[c->wide]; /* 8-bit KV is no faster: measured on FlashAttention 3 */
    s->narrow_kv = kvb < 2 || coded(c->spec.compress);
    if (m->kv_lora) {
        double latent = (double)(m->kv_lora + m->rope_dim), qk = (double)(m->nope_dim + m->rope_dim), v = (double)m->v_dim;
        s->flops_pair = 2 * (qk + v);
        s->decode_flops = 2 * (latent + (double)m->kv_lora);
        s->kv_bytes = latent * kvb;
        s->qo_bytes = 2 * h * (qk + v);
    } else {
        s->flops_pair = s->decode_flops = 4 * d;
        s->kv_bytes = 2 * c->kv_heads * d * kvb;
        s->qo_bytes = 4 * h * d;
    }
    c->kv_plan_layer = s->kv_bytes;
    if (c->spec.kv_scale > 0)
        s->kv_bytes *= c->spec.kv_scale;
    c->kv_token_layer = !c->arch || m->kv_lora ? s->kv_bytes : s->kv_bytes / c->kv_heads * fmax((double)c->asked.llm->kv_heads / c->spec.tp, 1);
    c->kv_heads_all = m->kv_lora ? 1 : (double)m->kv_heads;
    shape_runtime(c);
    c->rows_tile = (int64_t)c->g.cal->pre_rows / 2 * 2;
    c->pair_flops = (double)m->heads * s->flops_pair;
    c->flops_row = 2 * (double)m->vocab * (double)m->hidden;
    c->flops_token = 2 * gbl_llm_matmul_parameters(m) - c->flops_row;
}

/* Captured sizes: 1, 2, 4, then by steps. */
static int64_t captured(const gbl_runtime *r, int64_t m)
{
    int64_t step = m <= r->graph_wide_from ? r->graph_step : r->graph_wide_step, up = m <= 4 ? 4 : (m + step - 1) / step * step;
    return m < 3 || up > r->graph_max ? m : up;
}

static int make_padding(gbl_cost *c, gbl_err *err)
{
    const gbl_runtime *r = c->spec.runtime;
    c->n_padded = r->graphs ? r->graph_max + 1 : 1;
    c->padded = gbl_alloc((size_t)c->n_padded, sizeof *c->padded);
    if (!c->padded)
        return gbl_nomem(err, (size_t)c->n_padded * sizeof *c->padded);
    for (int64_t m = 0; m < c->n_padded; m++)
        c->padded[m] = (int32_t)captured(r, m);
    return 0;
}

static int make_tables(gbl_cost *c, gbl_err *err)
{
    const gbl_cost_spec *s = &c->spec;
    int64_t seqs = s->max_num_seqs < SEQS_MOST ? s->max_num_seqs : SEQS_MOST;
    int64_t tokens = s->max_num_batched_tokens < TOKENS_MOST ? s->max_num_batched_tokens : TOKENS_MOST;
    c->n_tokens = tokens + seqs + s->runtime->graph_step + s->runtime->graph_wide_step; /* padding goes that far above */
    c->n_sampled = c->n_decodes = seqs + 1;
    c->tokens = gbl_alloc((size_t)c->n_tokens, sizeof *c->tokens);
    c->sampled = gbl_alloc((size_t)c->n_sampled, sizeof *c->sampled);
    c->decodes = gbl_alloc((size_t)c->n_decodes, sizeof *c->decodes);
    c->n_routed = s->dp > 1 ? (c->n_tokens < TOKENS_MOST / s->dp ? c->n_tokens * s->dp : TOKENS_MOST) : 0;
    if (s->dp > 1)
        c->routed = gbl_alloc((size_t)c->n_routed, sizeof *c->routed);
    return c->tokens && c->sampled && c->decodes && (s->dp == 1 || c->routed) ? 0 : gbl_nomem(err, (size_t)c->n_tokens * sizeof *c->tokens);
}

int gbl_cost_new(gbl_cost **out, const gbl_cost_spec *spec, gbl_err *err)
{
    *out = NULL;
    if (check_limits(spec, err) || gbl_cost_check_parallel(spec, err))
        return err->code;
    gbl_cost *c = gbl_alloc(1, sizeof *c);
    if (!c)
        return gbl_nomem(err, sizeof *c);
    c->spec = c->asked = *spec;
    gbl_arch_init(c);
    c->g = (gbl_machine){spec->hw, spec->hw->eff, spec->runtime->ideal, 1, spec->runtime->attention_t0};
    if (resolve_formats(c, err))
        goto failed;
    shard(c);
    shape_attention(c);
    gbl_arch_shape(c);
    if (gbl_cost_fit_memory(c, err) || make_tables(c, err) || make_padding(c, err))
        goto failed;
    *out = c;
    return 0;
failed:
    gbl_cost_free(c);
    return err->code;
}

void gbl_cost_free(gbl_cost *c)
{
    if (!c)
        return;
    gbl_free(c->tokens);
    gbl_free(c->sampled);
    gbl_free(c->routed);
    gbl_free(c->padded);
    gbl_free(c->decodes);
    gbl_free(c);
}

int64_t gbl_cost_context(const gbl_cost *c)
{
    return c->spec.llm->context;
}

int32_t gbl_cost_gpus(const gbl_cost *c)
{
    return c->spec.tp * c->spec.pp * c->spec.dp;
}

const gbl_cost_spec *gbl_cost_spec_of(const gbl_cost *c)
{
    return &c->asked;
}

double gbl_cost_peak_flops(const gbl_cost *c)
{
    return (c->spec.precision ? gbl_precision_peak(c->spec.precision, c->g.hw) : c->g.hw->flops[c->compute]) * gbl_cost_gpus(c);
}

double gbl_cost_peak_hbm(const gbl_cost *c)
{
    return c->g.hw->hbm_bps * gbl_cost_gpus(c);
}

int64_t gbl_cost_frontend_ns(const gbl_cost *c, int64_t input, int64_t running)
{
    const gbl_runtime *r = c->spec.runtime;
    double s = r->frontend_s + r->frontend_token_s * (double)input + r->frontend_running_s * (double)running;
    return (int64_t)fmin(ceil(s * 1e9), GBL_DEMAND_MOST_NS);
}
