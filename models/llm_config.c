/* llm_config.c - see llm_config.h. The rules follow the configuration and modelling code of Hugging Face transformers
 * (model_type names an architecture; a key that the file lacks has that architecture's default). */
#include "models/llm_config.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "models/cards.h"

/* Architectures whose shape is fully said by the keys read here. */
typedef struct arch_rule {
    const char *model_type;
    int tied, gated, qkv_bias, o_bias, mlp_bias, norms_bias, qk_norm;
} arch_rule;
static const arch_rule rules[] = {
    /* model_type      tied gated qkv o mlp norm qk */
    {"llama", 0, 1, 0, 0, 0, 0, 0},      {"mistral", 0, 1, 0, 0, 0, 0, 0},     {"mixtral", 0, 1, 0, 0, 0, 0, 0},
    {"qwen2", 0, 1, 1, 0, 0, 0, 0},      {"qwen2_moe", 0, 1, 1, 0, 0, 0, 0},   {"qwen3", 0, 1, 0, 0, 0, 0, 1},
    {"qwen3_moe", 0, 1, 0, 0, 0, 0, 1},  {"deepseek", 0, 1, 0, 0, 0, 0, 0},    {"deepseek_v2", 0, 1, 0, 0, 0, 0, 0},
    {"deepseek_v3", 0, 1, 0, 0, 0, 0, 0}, {"kimi_k2", 0, 1, 0, 0, 0, 0, 0},    {"gpt_oss", 0, 1, 1, 1, 1, 0, 0},
    {"opt", 1, 0, 1, 1, 1, 1, 0},        {"phi", 0, 0, 1, 1, 1, 1, 0},         {"phi3", 0, 1, 0, 0, 0, 0, 0},
    {"phimoe", 0, 1, 1, 1, 0, 1, 0},     {"gemma", 1, 1, 0, 0, 0, 0, 0},       {"gemma2", 1, 1, 0, 0, 0, 0, 0},
    {"gemma3_text", 1, 1, 0, 0, 0, 0, 1}, {"falcon", 1, 0, 0, 0, 0, 1, 0},     {"olmo", 0, 1, 0, 0, 0, 0, 0},
    {"olmo2", 0, 1, 0, 0, 0, 0, 0},      {"olmoe", 0, 1, 0, 0, 0, 0, 0},       {"gptj", 0, 0, 0, 0, 1, 1, 0},
    {"gpt2", 1, 0, 1, 1, 1, 1, 0},       {"gpt_neox", 0, 0, 1, 1, 1, 1, 0},    {"chatglm", 0, 1, 1, 0, 0, 0, 0},
    {"glm4", 0, 1, 1, 0, 0, 0, 0},       {"glm4_moe", 0, 1, 1, 0, 0, 0, 0},    {"starcoder2", 1, 0, 1, 1, 1, 1, 0},
    {"stablelm", 0, 1, 0, 0, 0, 1, 0},   {"internlm2", 0, 1, 0, 0, 0, 0, 0},   {"baichuan", 0, 1, 0, 0, 0, 0, 0},
    {"minicpm", 0, 1, 0, 0, 0, 0, 0},    {"granite", 0, 1, 0, 0, 0, 0, 0},     {"cohere", 1, 1, 0, 0, 0, 0, 0},
    {"exaone", 0, 1, 0, 0, 0, 0, 0},     {"nemotron", 0, 0, 0, 0, 0, 1, 0},
    {"mamba", 1, 0, 0, 0, 0, 0, 0},      {"mamba2", 0, 0, 0, 0, 0, 0, 0},
};

typedef struct config {
    const gbl_node *root, *whole; /* of the language part; of the file */
    const arch_rule *rule;
    gbl_err *err;
} config;

static int is(const config *c, const char *model_type)
{
    return !strcmp(c->rule->model_type, model_type);
}

static const gbl_node *present(const config *c, const char *key)
{
    const gbl_node *n = gbl_node_get(c->root, key);
    return n && gbl_node_kind(n) != GBL_NULL ? n : NULL;
}

/* The first of several names of one thing; `names` is "a|b|c". Absent: 0 when `dflt` >= 0 stands in for it. */
static int pick(const config *c, const char *names, int64_t dflt, int64_t *out)
{
    char key[64];
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, "|");
        snprintf(key, sizeof key, "%.*s", (int)n, p);
        const gbl_node *m = present(c, key);
        if (m) {
            if (gbl_node_int(m, out, c->err))
                return c->err->code;
            if (*out < 0 || *out > ((int64_t)1 << 40))
                return gbl_node_fail(m, c->err, "%s %lld is out of range", key, (long long)*out), gbl_expected(c->err, "a number from 0 to 2^40");
            return 0;
        }
        p += n + (p[n] == '|');
    }
    if (dflt < 0) {
        snprintf(key, sizeof key, "%.*s", (int)strcspn(names, "|"), names);
        gbl_card_missing(c->root, key, c->err);
        return gbl_expected(c->err, "the config.json of a %s model", c->rule->model_type);
    }
    *out = dflt;
    return 0;
}

/* At the first of the names that the file has. */
static int impossible(const config *c, const char *names, const char *what, const char *expected)
{
    const gbl_node *at = NULL;
    for (const char *p = names; *p && !at;) {
        char key[64];
        size_t n = strcspn(p, "|");
        snprintf(key, sizeof key, "%.*s", (int)n, p);
        at = present(c, key);
        p += n + (p[n] == '|');
    }
    gbl_node_fail(at ? at : c->root, c->err, "impossible model: %s", what);
    return gbl_expected(c->err, "%s", expected);
}

static int flag(const config *c, const char *key, int dflt)
{
    const gbl_node *n = present(c, key);
    return n && gbl_node_kind(n) == GBL_BOOL ? gbl_node_bool(n) : dflt;
}

/* Falcon says its KV heads in three ways, by generation. */
static int kv_heads(gbl_llm *m, const config *c)
{
    if (is(c, "falcon")) {
        if (flag(c, "new_decoder_architecture", 0))
            return pick(c, "num_kv_heads|n_head_kv", m->heads, &m->kv_heads);
        m->kv_heads = flag(c, "multi_query", 1) ? 1 : m->heads;
        return 0;
    }
    if (is(c, "chatglm") && flag(c, "multi_query_attention", 0))
        return pick(c, "multi_query_group_num", -1, &m->kv_heads);
    return pick(c, "num_key_value_heads|num_kv_heads|n_head_kv", is(c, "gemma3_text") ? 4 : m->heads, &m->kv_heads);
}

static int trunk(gbl_llm *m, const config *c)
{
    int64_t inner = 0;
    int gemma3 = is(c, "gemma3_text"); /* files leave out what Gemma3TextConfig has as its default: the 4B model's heads, vocabulary and context */
    if (pick(c, "hidden_size|n_embd|d_model", -1, &m->hidden) || pick(c, "num_hidden_layers|n_layer|num_layers", -1, &m->layers) ||
        pick(c, "num_attention_heads|n_head", gemma3 ? 8 : -1, &m->heads) || pick(c, "vocab_size|padded_vocab_size", gemma3 ? 262208 : -1, &m->vocab) ||
        pick(c, "max_position_embeddings|n_positions|seq_length|max_sequence_length", gemma3 ? 131072 : is(c, "falcon") ? 2048 : -1, &m->context))
        return c->err->code;
    if (is(c, "chatglm") && pick(c, "padded_vocab_size|vocab_size", -1, &m->vocab))
        return c->err->code;
    if (m->heads < 1)
        return impossible(c, "num_attention_heads|n_head", "no attention heads", "one head or more");
    if (m->layers > 100000)
        return impossible(c, "num_hidden_layers|n_layer|num_layers", "too many layers", "at most 100000");
    if (kv_heads(m, c) || pick(c, "head_dim|kv_channels", gemma3 ? 256 : m->hidden / m->heads, &m->head_dim))
        return c->err->code;
    int wide = is(c, "falcon") || is(c, "gptj") || is(c, "gpt2");
    if (pick(c, "intermediate_size|ffn_dim|n_inner|ffn_hidden_size", wide ? 4 * m->hidden : -1, &inner))
        return c->err->code;
    m->ffn = inner;
    if (is(c, "opt"))
        m->positions = m->context + 2; /* OPTLearnedPositionalEmbedding: offset 2 */
    if (is(c, "gpt2"))
        m->positions = m->context;
    return 0;
}

/* Defaults of MambaConfig and Mamba2Config; neither says how long a context may be, so it is the longest that the reference names. */
static int state_space(gbl_llm *m, const config *c)
{
    int64_t expand = 2;
    const gbl_node *rank = present(c, "time_step_rank");
    if (pick(c, "hidden_size|d_model", -1, &m->hidden) || pick(c, "num_hidden_layers|n_layer", -1, &m->layers) || pick(c, "vocab_size", -1, &m->vocab) ||
        pick(c, "max_position_embeddings", 131072, &m->context) || pick(c, "expand", 2, &expand) || pick(c, "intermediate_size", 0, &m->ssm_inner) ||
        pick(c, "conv_kernel", 4, &m->ssm_conv) || pick(c, "state_size", is(c, "mamba") ? 16 : 128, &m->ssm_state))
        return c->err->code;
    if (!m->ssm_inner && expand <= 1024)
        m->ssm_inner = expand * m->hidden;
    m->linear_layers = m->layers;
    m->linear_state_B = 2;
    m->kv_heads = 1;
    if (is(c, "mamba")) { /* "auto": a sixteenth of the width */
        m->heads = m->ssm_inner % 64 ? 1 : m->ssm_inner / 64;
        m->head_dim = m->ssm_inner % 64 ? m->ssm_inner : 64;
        return rank && gbl_node_kind(rank) != GBL_STRING ? pick(c, "time_step_rank", -1, &m->ssm_dt_rank) : ((m->ssm_dt_rank = (m->hidden + 15) / 16), 0);
    }
    return pick(c, "num_heads", 128, &m->heads) || pick(c, "head_dim", 64, &m->head_dim) || pick(c, "n_groups", 8, &m->ssm_groups) ? c->err->code : 0;
}

static int latent(gbl_llm *m, const config *c)
{
    if (!present(c, "kv_lora_rank"))
        return 0;
    if (pick(c, "kv_lora_rank", -1, &m->kv_lora) || pick(c, "q_lora_rank", 0, &m->q_lora) ||
        pick(c, "qk_rope_head_dim", -1, &m->rope_dim) || pick(c, "qk_nope_head_dim", -1, &m->nope_dim) ||
        pick(c, "v_head_dim", -1, &m->v_dim))
        return c->err->code;
    m->head_dim = m->rope_dim + m->nope_dim;
    return 0;
}

/* Layers with experts: all but the first few dense ones, every decoder_sparse_step-th, without mlp_only_layers. */
static int sparse_layers(gbl_llm *m, const config *c)
{
    int64_t step = 1, freq = 1;
    const gbl_node *only = present(c, "mlp_only_layers");
    if (pick(c, "first_k_dense_replace", 0, &m->dense_first) || pick(c, "decoder_sparse_step", 1, &step) ||
        pick(c, "moe_layer_freq", 1, &freq))
        return c->err->code;
    if (m->dense_first > m->layers || step < 1 || freq < 1)
        return impossible(c, m->dense_first > m->layers ? "first_k_dense_replace" : step < 1 ? "decoder_sparse_step" : "moe_layer_freq", "sparse layers", "first_k_dense_replace up to the layers, decoder_sparse_step and moe_layer_freq 1 or more");
    for (int64_t i = m->dense_first; i < m->layers; i++)
        m->moe_layers += (i + 1) % step == 0 && i % freq == 0;
    if (only && gbl_node_kind(only) == GBL_ARRAY) {
        int64_t n = (int64_t)gbl_node_size(only);
        m->moe_layers -= n < m->moe_layers ? n : m->moe_layers;
    }
    return 0;
}

static int experts(gbl_llm *m, const config *c)
{
    int64_t shared = 0;
    if (pick(c, "num_local_experts|num_experts|n_routed_experts", 0, &m->experts))
        return c->err->code;
    if (!m->experts)
        return 0;
    if (pick(c, "num_experts_per_tok|experts_per_token|top_k", -1, &m->top_k) ||
        pick(c, "moe_intermediate_size", m->ffn, &m->moe_ffn) || pick(c, "n_shared_experts", 0, &m->shared_experts) ||
        pick(c, "shared_expert_intermediate_size", 0, &shared))
        return c->err->code;
    m->shared_ffn = shared ? shared : m->shared_experts * m->moe_ffn;
    if (shared && !m->shared_experts)
        m->shared_experts = 1;
    return sparse_layers(m, c);
}

/* Layers that slide, among `layer_types` where the file lists them. */
static int64_t listed_sliding(const config *c)
{
    const gbl_node *types = present(c, "layer_types");
    int64_t n = 0;
    if (!types || gbl_node_kind(types) != GBL_ARRAY)
        return -1;
    for (const gbl_node *t = gbl_node_first(types); t; t = gbl_node_next(t))
        n += gbl_node_kind(t) == GBL_STRING && !strcmp(gbl_node_text(t), "sliding_attention");
    return n;
}

static int window(gbl_llm *m, const config *c)
{
    int64_t width = 0, layers = 0, from = 0;
    if (pick(c, "sliding_window", 0, &width))
        return c->err->code;
    int qwen = is(c, "qwen2") || is(c, "qwen2_moe") || is(c, "qwen3") || is(c, "qwen3_moe");
    if (!width || !flag(c, "use_sliding_window", !qwen) || width >= m->context)
        return 0;
    int64_t listed = listed_sliding(c);
    layers = m->layers;
    if (listed >= 0)
        layers = listed;
    else if (is(c, "gpt_oss") || is(c, "gemma2"))
        layers = (m->layers + 1) / 2; /* every other layer, the first one slides */
    else if (is(c, "gemma3_text"))
        layers = m->layers - m->layers / 6; /* five of six */
    else if (qwen) {
        if (pick(c, "max_window_layers", m->layers, &from)) /* the layers from there on slide */
            return c->err->code;
        layers = from < m->layers ? m->layers - from : 0;
    }
    m->window = layers ? width : 0;
    m->window_layers = layers;
    return 0;
}

static int rule_of(config *c)
{
    const gbl_node *n = gbl_node_get(c->root, "model_type");
    const char *type = NULL, *names[sizeof rules / sizeof *rules];
    if (!n) {
        gbl_card_missing(c->root, "model_type", c->err);
        return gbl_expected(c->err, "a card (\"gable\": \"llm/1\") or a Hugging Face config.json");
    }
    if (gbl_node_str(n, &type, c->err))
        return c->err->code;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        names[i] = rules[i].model_type;
        if (!strcmp(type, names[i]))
            c->rule = &rules[i];
    }
    if (c->rule)
        return 0;
    gbl_node_fail(n, c->err, "no rule for the architecture \"%s\"", type);
    gbl_expected(c->err, "a model_type such as llama, mistral, mixtral, qwen3_moe, deepseek_v3, gpt_oss");
    return gbl_nearest(c->err, gbl_near(type, names, sizeof names / sizeof *names));
}

/* "org/name" of _name_or_path, else the architecture. */
static int name_of(gbl_llm *m, const config *c, gbl_arena *a)
{
    const gbl_node *n = present(c, "_name_or_path");
    const char *text = n && gbl_node_kind(n) == GBL_STRING ? gbl_node_text(n) : "";
    const char *slash = strrchr(text, '/');
    if (slash)
        text = slash + 1;
    m->name = gbl_arena_text(a, *text ? text : c->rule->model_type);
    m->source = gbl_arena_text(a, gbl_doc_name(gbl_node_doc(c->root)));
    return m->name && m->source ? 0 : gbl_nomem(c->err, 0);
}

/* Beside the language part or inside it. */
static int quantised(gbl_llm *m, const config *c)
{
    const gbl_node *q = present(c, "quantization_config");
    return gbl_llm_checkpoint(m, q ? q : gbl_node_get(c->whole, "quantization_config"), c->err);
}

int gbl_llm_from_config(gbl_llm *m, const gbl_node *root, gbl_arena *a, gbl_err *err)
{
    const gbl_node *whole = root, *inner = gbl_node_get(root, "text_config");
    if (inner && gbl_node_kind(inner) == GBL_OBJECT && gbl_node_get(inner, "model_type"))
        root = inner; /* a model that also sees: its language part */
    config c = {root, whole, NULL, err};
    if (rule_of(&c) || name_of(m, &c, a))
        return err->code;
    m->gated = c.rule->gated;
    m->tied = flag(&c, "tie_word_embeddings", c.rule->tied);
    m->qkv_bias = flag(&c, "attention_bias", flag(&c, "qkv_bias", flag(&c, "add_qkv_bias", c.rule->qkv_bias)));
    m->o_bias = c.rule->o_bias || (is(&c, "llama") && flag(&c, "attention_bias", 0));
    m->mlp_bias = flag(&c, "mlp_bias", c.rule->mlp_bias);
    m->norms_bias = c.rule->norms_bias;
    m->qk_norm = flag(&c, "use_qk_norm", c.rule->qk_norm);
    if (is(&c, "mamba") || is(&c, "mamba2"))
        return state_space(m, &c) ? err->code : quantised(m, &c);
    const gbl_node *narrow = present(&c, "word_embed_proj_dim"); /* OPT-350m: 7 % of its parameters hang on it */
    if (trunk(m, &c))
        return err->code;
    if (narrow && gbl_node_num(narrow) != (double)m->hidden) {
        gbl_node_fail(narrow, err, "embeddings narrower than the model (%s for %lld) have no rule here", gbl_node_text(narrow), (long long)m->hidden);
        return gbl_expected(err, "%lld", (long long)m->hidden);
    }
    if (latent(m, &c) || experts(m, &c) || window(m, &c))
        return err->code;
    return quantised(m, &c);
}
