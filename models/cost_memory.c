/* cost_memory.c - what stays in device memory, and what moves it to the host. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "models/cost_parts.h"

double gbl_cost_weight_bytes(const gbl_cost *c)
{
    double all = gbl_llm_parameters(c->spec.llm), wide = gbl_llm_table_parameters(c->spec.llm);
    return (all - wide) * c->weight_bytes + wide * c->wide_bytes;
}

double gbl_cost_kv_bytes_per_token(const gbl_cost *c)
{
    return c->kv_token_layer * (double)c->spec.llm->layers * c->spec.tp;
}

/* Device memory a rank that is neither weights nor KV: context and libraries, communication buffers, and the peak of
 * the profiling run: hidden states in and out and the MLP's first output for every token of the largest batch, and the
 * logits of every sampled row. */
static double reserve(const gbl_cost *c)
{
    const gbl_runtime *r = c->spec.runtime;
    const gbl_llm *l = c->spec.llm;
    double width = (l->gated ? 2 : 1) * c->ffn, wide_moe = (l->gated ? 2 : 1) * c->moe_ffn * (double)l->top_k;
    double tokens = (double)c->spec.max_num_batched_tokens, rows = (double)c->spec.max_num_seqs;
    double activations = tokens * (2 * (double)l->hidden + fmax(width, wide_moe)) * 2;
    return r->reserve_bytes + (c->spec.tp > 1 ? r->reserve_util_bytes : 0) + r->activation_copies * activations +
           r->logit_bytes * rows * (double)l->vocab;
}

static int no_room(const gbl_cost *c, double weights, double held, double have, gbl_err *err)
{
    const gbl_cost_spec *s = &c->spec;
    gbl_fail(err, GBL_EINPUT, "%s does not fit: %.1f GB of weights a GPU (%s, tp %d) and %.1f GB of reserve leave no KV block in the %.1f GB that %s gives",
             s->llm->name, weights / 1e9, gbl_format_name((enum gbl_format)s->weights), s->tp, held / 1e9, have / 1e9, s->hw->name);
    return gbl_expected(err, "a larger tp, fewer bits a weight, or a GPU with more memory (memory_utilization is %g)", s->memory_utilization);
}

int gbl_cost_fit_memory(gbl_cost *c, gbl_err *err)
{
    const gbl_cost_spec *s = &c->spec;
    double weights = gbl_cost_weight_bytes(c) / s->tp, held = reserve(c), have = s->hw->hbm_bytes * s->memory_utilization;
    double block = c->kv_token_layer * (double)s->llm->layers * s->block_size;
    if (weights > s->hw->hbm_bytes)
        return no_room(c, weights, held, have, err);
    if (s->kv_blocks >= 0) {
        c->blocks = s->kv_blocks;
        return 0;
    }
    double blocks = floor((have - weights - held) / block);
    if (!(blocks >= 1))
        return no_room(c, weights, held, have, err);
    c->blocks = blocks < 1e15 ? (int64_t)blocks : (int64_t)1e15;
    return 0;
}

int64_t gbl_cost_kv_blocks(const gbl_cost *c)
{
    return c->blocks;
}

/* All ranks copy at once, each its share over its own link; small pieces are bound by their number. */
void gbl_cost_transfer(const gbl_cost *c, double bytes, int64_t pieces, enum gbl_resource dir, gbl_demand *out)
{
    const gbl_hw *hw = c->g.hw;
    double own = bytes / c->spec.tp, link = own / hw->pcie_bps, time = link;
    memset(out, 0, sizeof *out);
    if (!(bytes > 0))
        return;
    if (!c->g.ideal)
        time = hw->pcie_latency_s + fmax(link / c->g.cal->copy_e, (double)pieces * c->g.cal->copy_piece);
    double dram = own / hw->dram_bps;
    if (dram > time)
        time = dram;
    double ns = fmin(ceil(time * 1e9), 9e18);
    out->alone_ns = (int64_t)ns;
    /* What the link cannot give to anybody else while this copy runs at its own best. */
    out->busy_ns[dir] = fmin((c->g.ideal ? link : link / c->g.cal->copy_e) * 1e9, ns);
    out->busy_ns[GBL_R_DRAM] = fmin(dram * 1e9, ns);
    out->busy_ns[GBL_R_HBM] = fmin(own / hw->hbm_bps * 1e9, ns);
}

double gbl_cost_context_switch_s(const gbl_cost *c, int64_t tokens)
{
    gbl_demand out, in;
    int64_t blocks = (tokens + c->spec.block_size - 1) / c->spec.block_size, pieces = blocks * 2 * c->spec.llm->layers;
    double bytes = (double)tokens * gbl_cost_kv_bytes_per_token(c);
    gbl_cost_transfer(c, bytes, pieces, GBL_R_PCIE_D2H, &out);
    gbl_cost_transfer(c, bytes, pieces, GBL_R_PCIE_H2D, &in);
    return (double)(out.alone_ns + in.alone_ns) * 1e-9;
}
