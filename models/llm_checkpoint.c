/* llm_checkpoint.c - the format of a quantised checkpoint's weights: a config.json's quantization_config, or a card's "checkpoint". */
#include <string.h>

#include "models/cards.h"
#include "models/llm_config.h"

/* What a method's name, or modelopt's quant_algo, says alone. The 4-bit formats hold an 8-bit scale for each 32 (MX) or 16 (NV) weights; scales of 8-bit floats are
 * one a tensor, row or block of 128 x 128: nothing beside the weights. */
static const struct { const char *method; int format; double bytes; } named[] = {
    {"fp8", GBL_FP8, 1},   {"fbgemm_fp8", GBL_FP8, 1},          {"mxfp4", GBL_FP4, 0.5 + 1.0 / 32},
    {"FP8", GBL_FP8, 1},   {"FP8_PB_WO", GBL_FP8, 1},           {"FP8_PER_CHANNEL_PER_TOKEN", GBL_FP8, 1},
    {"NVFP4", GBL_FP4, 0.5 + 1.0 / 16}, {"NVFP4_AWQ", GBL_FP4, 0.5 + 1.0 / 16}, {"W4A16_AWQ", GBL_INT4, 0.5 + 2.0 / 128}};

static int is_text(const gbl_node *n, const char *text)
{
    return n && gbl_node_kind(n) == GBL_STRING && !strcmp(gbl_node_text(n), text);
}

static int no_rule(const gbl_node *at, const gbl_node *method, gbl_err *err)
{
    gbl_node_fail(at, err, "quantisation \"%.100s\" has no rule here", gbl_node_text(method));
    return gbl_expected(err, "fp8, mxfp4, modelopt (FP8, NVFP4), compressed-tensors, or a method with bits 4 or 8 (awq, gptq)");
}

static int take(gbl_llm *m, int format, double bytes)
{
    m->checkpoint_format = format;
    m->checkpoint_weight_bytes = bytes;
    return 0;
}

/* Integers hold a 16-bit scale, and a zero of their own width unless they are symmetric, for each group of weights. */
static int integers(gbl_llm *m, int64_t bits, int64_t group, int symmetric)
{
    double beside = group > 0 ? (2 + (symmetric ? 0 : (double)bits / 8)) / (double)group : 0;
    return take(m, bits == 4 ? GBL_INT4 : GBL_INT8, (double)bits / 8 + beside);
}

static int read_int(const gbl_node *of, const char *key, int64_t *out, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(of, key);
    return n && gbl_node_kind(n) != GBL_NULL ? gbl_node_int(n, out, err) : 0;
}

/* compressed-tensors: one group of layers or more, of one format. */
static int config_groups(gbl_llm *m, const gbl_node *q, const gbl_node *method, gbl_err *err)
{
    const gbl_node *groups = gbl_node_get(q, "config_groups");
    if (!groups || gbl_node_kind(groups) != GBL_OBJECT)
        return gbl_card_missing(q, "config_groups", err);
    for (const gbl_node *g = gbl_node_first(groups); g; g = gbl_node_next(g)) {
        const gbl_node *w = gbl_node_get(g, "weights"), *symmetric = gbl_node_get(w, "symmetric");
        int64_t bits = 0, group = 0;
        int floats = is_text(gbl_node_get(w, "type"), "float"), before = m->checkpoint_format;
        if (read_int(w, "num_bits", &bits, err) || read_int(w, "group_size", &group, err))
            return err->code;
        if (bits != 4 && bits != 8)
            return no_rule(g, method, err);
        if (!floats)
            integers(m, bits, group, !symmetric || gbl_node_kind(symmetric) != GBL_BOOL || gbl_node_bool(symmetric));
        else
            take(m, bits == 8 ? GBL_FP8 : GBL_FP4, (double)bits / 8 + (bits == 4 && group > 0 ? 1.0 / (double)group : 0));
        if (before < 0 || before == m->checkpoint_format)
            continue;
        gbl_node_fail(g, err, "groups of layers in different formats have no rule here");
        return gbl_expected(err, "one format for all");
    }
    return m->checkpoint_format < 0 ? gbl_card_missing(groups, "group_0", err) : 0;
}

/* modelopt says its algorithm beside the method, or one level down. */
static const gbl_node *method_of(const gbl_node *q)
{
    const gbl_node *algo = gbl_node_get(q, "quant_algo"), *method = gbl_node_get(q, "quant_method");
    if (!algo)
        algo = gbl_node_get(gbl_node_get(q, "quantization"), "quant_algo");
    return is_text(method, "modelopt") && algo ? algo : method;
}

int gbl_llm_checkpoint(gbl_llm *m, const gbl_node *q, gbl_err *err)
{
    const gbl_node *method = q && gbl_node_kind(q) == GBL_OBJECT ? method_of(q) : NULL;
    int64_t bits = 0, group = 128;
    if (!method || gbl_node_kind(method) != GBL_STRING)
        return 0;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (is_text(method, named[i].method))
            return take(m, named[i].format, named[i].bytes);
    if (is_text(method, "compressed-tensors"))
        return config_groups(m, q, method, err);
    if (read_int(q, gbl_node_get(q, "bits") ? "bits" : "w_bit", &bits, err) || read_int(q, "group_size", &group, err))
        return err->code;
    return bits == 4 || bits == 8 ? integers(m, bits, group, 0) : no_rule(q, method, err);
}
