/* cost_memory.c - what stays in device memory, and what moves it to the host. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "models/cost_parts.h"
#include "models/kernel_move.h"

double gbl_cost_weight_bytes(const gbl_cost *c)
{
    double wide = gbl_llm_table_parameters(c->spec.llm);
    return (gbl_cost_parameters(c, NULL) - wide) * c->weight_bytes + wide * c->wide_bytes;
}

double gbl_cost_parameters(const gbl_cost *c, double *active)
{
    double wide = gbl_llm_table_parameters(c->spec.llm);
    if (active)
        *active = (gbl_llm_active_parameters(c->spec.llm) - wide) * c->stored_share + c->joint_parameters + wide;
    return (gbl_llm_parameters(c->spec.llm) - wide) * c->stored_share + c->joint_parameters + wide;
}

double gbl_cost_kv_bytes_per_token(const gbl_cost *c)
{
    return c->kv_token_layer * (double)(c->asked.llm->layers - c->asked.llm->linear_layers) * c->spec.tp;
}

/* Device memory a rank that is neither weights nor KV: context and libraries, communication buffers, and the peak of
 * the profiling run: hidden states in and out and the MLP's first output for every token of the largest batch, and the
 * logits of every sampled row. */
static double reserve(const gbl_cost *c)
{
    const gbl_runtime *r = c->spec.runtime;
    const gbl_llm *l = c->spec.llm;
    double width = (l->gated ? 2 : 1) * c->ffn, wide_moe = (l->gated ? 2 : 1) * c->moe_ffn * c->top_k * c->spec.dp;
    double tokens = (double)c->spec.max_num_batched_tokens, rows = (double)c->spec.max_num_seqs;
    double activations = tokens * (2 * (double)l->hidden + fmax(width, wide_moe)) * 2;
    return r->reserve_bytes + (gbl_cost_gpus(c) > 1 ? r->reserve_util_bytes : 0) + r->activation_copies * activations +
           r->logit_bytes * rows * (double)l->vocab;
}

/* Weights on the fullest GPU: its share of the longest stage's layers and, with pp > 1, the embedding or the LM head (one copy
 * each on the first and the last stage). The experts are spread over all tp x dp GPUs of a stage, the rest over tp. */
static double weights_of_gpu(const gbl_cost *c)
{
    const gbl_llm *l = c->spec.llm;
    double all = gbl_llm_parameters(l), wide = gbl_llm_table_parameters(l), stage = (double)gbl_cost_stage_layers(c) / (double)l->layers;
    double routed = (double)(l->moe_layers * l->experts * (l->gated ? 3 : 2)) * (double)l->hidden * (double)l->moe_ffn;
    double tables = c->spec.pp > 1 && !l->tied ? wide / 2 : wide;
    double body = ((all - wide - routed) * c->stored_share + c->joint_parameters) / c->spec.tp + routed / (c->spec.tp * c->spec.dp);
    double codebooks = c->spec.compress ? c->spec.compress->model_bytes / c->spec.tp : 0;
    return body * stage * c->weight_bytes + tables / c->spec.tp * c->wide_bytes + codebooks;
}

static void shape_text(const gbl_cost_spec *s, char *out, size_t size)
{
    int n = snprintf(out, size, "tp %d", s->tp);
    if (s->pp > 1 && n > 0)
        n += snprintf(out + n, size - (size_t)n, ", pp %d", s->pp);
    if (s->dp > 1 && n > 0)
        n += snprintf(out + n, size - (size_t)n, ", dp %d", s->dp);
    if (s->ep > 1 && n > 0)
        snprintf(out + n, size - (size_t)n, ", ep %d", s->ep);
}

static int no_room(const gbl_cost *c, double weights, double held, double have, gbl_err *err)
{
    const gbl_cost_spec *s = &c->spec;
    char shape[64];
    shape_text(s, shape, sizeof shape);
    gbl_fail(err, GBL_EINPUT, "%s does not fit: %.1f GB of weights a GPU (%s, %s) and %.1f GB of reserve leave no KV block in the %.1f GB that %s gives",
             s->llm->name, weights / 1e9, s->precision ? s->precision->name : gbl_format_name((enum gbl_format)s->weights), shape, held / 1e9, have / 1e9, s->hw->name);
    return gbl_expected(err, "a larger tp, fewer bits a weight, or a GPU with more memory (memory_utilization is %g)", s->memory_utilization);
}

int gbl_cost_fit_memory(gbl_cost *c, gbl_err *err)
{
    const gbl_cost_spec *s = &c->spec;
    double weights = weights_of_gpu(c), held = reserve(c), have = s->hw->hbm_bytes * s->memory_utilization;
    double own = c->asked.llm->linear_layers ? (double)(c->asked.llm->layers - c->asked.llm->linear_layers) : (double)gbl_cost_stage_layers(c);
    double block = own > 0 ? c->kv_token_layer * own * s->block_size : gbl_llm_state_bytes(c->asked.llm) / s->tp; /* without KV: a sequence's states */
    if (weights > s->hw->hbm_bytes)
        return no_room(c, weights, held, have, err);
    if (s->kv_blocks >= 0) {
        c->blocks = s->kv_blocks;
        return 0;
    }
    double blocks = floor((have - weights - held) / block);
    if (!(blocks >= 1))
        return no_room(c, weights, held, have, err);
    blocks *= s->dp; /* each dp rank has a pool of its own */
    c->blocks = blocks < 1e15 ? (int64_t)blocks : (int64_t)1e15;
    return 0;
}

int64_t gbl_cost_kv_blocks(const gbl_cost *c)
{
    return c->blocks;
}

/* The ranks that hold a sequence copy at once, each its share over its own link; small pieces are bound by their number. */
void gbl_cost_transfer(const gbl_cost *c, double bytes, int64_t pieces, enum gbl_resource dir, gbl_demand *out)
{
    gbl_move m;
    double ranks = (double)c->spec.tp * c->spec.pp;
    memset(out, 0, sizeof *out);
    if (!(bytes > 0))
        return;
    gbl_host_copy(&c->g, bytes / ranks, (double)pieces / c->spec.pp, c->spec.runtime->pinned, &m);
    double ns = fmin(ceil(m.time_s * 1e9), GBL_DEMAND_MOST_NS);
    out->alone_ns = (int64_t)ns;
    /* What the link cannot give to anybody else while this copy runs at its own best. */
    out->busy_ns[dir] = fmin(m.pcie_busy_s * 1e9, ns);
    out->busy_ns[GBL_R_DRAM] = fmin(m.dram_s * 1e9, ns);
    out->busy_ns[GBL_R_HBM] = fmin(m.hbm_s * 1e9, ns);
}

double gbl_cost_context_switch_s(const gbl_cost *c, int64_t tokens)
{
    gbl_demand out, in;
    int64_t blocks = (tokens + c->spec.block_size - 1) / c->spec.block_size, pieces = blocks * 2 * c->spec.llm->layers;
    double bytes = (double)tokens * gbl_cost_kv_bytes_per_token(c);
    if (c->spec.compress && !(bytes > 0)) { /* states and the convolution's inputs of each layer */
        bytes = gbl_kv_resident_bytes(c->spec.compress, tokens, tokens);
        pieces = 2 * c->spec.llm->layers;
    } else if (c->spec.compress)
        bytes *= gbl_kv_resident_bytes(c->spec.compress, tokens, tokens) / gbl_kv_full_bytes(c->spec.compress, tokens);
    gbl_cost_transfer(c, bytes, pieces, GBL_R_PCIE_D2H, &out);
    gbl_cost_transfer(c, bytes, pieces, GBL_R_PCIE_H2D, &in);
    return (double)(out.alone_ns + in.alone_ns) * 1e-9;
}
