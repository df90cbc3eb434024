/* llm.c - see llm.h: cards, and the counts that follow from a shape. */
#include "models/llm.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "models/cards.h"
#include "models/llm_config.h"

static const int64_t most = (int64_t)1 << 40;

static int read_int(const gbl_node *root, const char *key, int64_t *out, int required, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(root, key);
    if (!n)
        return required ? gbl_card_missing(root, key, err) : 0;
    if (gbl_node_int(n, out, err))
        return err->code;
    if (*out < 0 || *out > most) {
        gbl_node_fail(n, err, "%s %lld is out of range", key, (long long)*out);
        return gbl_expected(err, "0 .. 2^40");
    }
    return 0;
}

static int read_flag(const gbl_node *root, const char *key, int32_t *out, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(root, key);
    if (!n)
        return 0;
    if (gbl_node_kind(n) != GBL_BOOL) {
        gbl_node_fail(n, err, "%s is not true or false", key);
        return gbl_expected(err, "true or false");
    }
    *out = gbl_node_bool(n);
    return 0;
}

/* {"quant_method": "fp8", "source": ...}: as a config's quantization_config; without it the weights are of 16 bits. */
static int released_as(gbl_llm *m, const gbl_node *root, gbl_arena *a, gbl_err *err)
{
    static const char *const known[] = {"quant_method", "bits", "group_size", "source", NULL};
    const gbl_node *n = gbl_node_get(root, "checkpoint");
    const char *text;
    if (!n)
        return 0;
    if (gbl_node_kind(n) != GBL_OBJECT) {
        gbl_node_fail(n, err, "checkpoint is no object");
        return gbl_expected(err, "{\"quant_method\": \"fp8\", \"source\": ...}");
    }
    if (gbl_node_only(n, known, err) || gbl_card_text(n, "quant_method", 1, &text, a, err) || gbl_card_text(n, "source", 1, &text, a, err))
        return err->code;
    return gbl_llm_checkpoint(m, n, err);
}

static int from_card(gbl_llm *m, const gbl_node *root, gbl_arena *a, gbl_err *err)
{
    static const char *const known[] = {
        "gable", "name", "source", "note", "layers", "hidden", "heads", "kv_heads", "head_dim", "ffn", "vocab", "context",
        "tied", "gated", "qkv_bias", "o_bias", "mlp_bias", "norms_bias", "qk_norm", "experts", "top_k", "moe_ffn",
        "shared_experts", "shared_ffn", "dense_first", "kv_lora", "q_lora", "rope_dim", "nope_dim", "v_dim", "window",
        "window_layers", "linear_layers", "linear_state_B", "ssm_inner", "ssm_state", "ssm_conv", "ssm_dt_rank", "ssm_groups", "positions", "checkpoint", NULL};
    const struct { const char *key; int64_t *out; int required; } ints[] = {
        {"layers", &m->layers, 1}, {"hidden", &m->hidden, 1}, {"heads", &m->heads, 1}, {"kv_heads", &m->kv_heads, 1},
        {"head_dim", &m->head_dim, 1}, {"ffn", &m->ffn, 1}, {"vocab", &m->vocab, 1}, {"context", &m->context, 1},
        {"experts", &m->experts, 0}, {"top_k", &m->top_k, 0}, {"moe_ffn", &m->moe_ffn, 0},
        {"shared_experts", &m->shared_experts, 0}, {"shared_ffn", &m->shared_ffn, 0}, {"dense_first", &m->dense_first, 0},
        {"kv_lora", &m->kv_lora, 0}, {"q_lora", &m->q_lora, 0}, {"rope_dim", &m->rope_dim, 0},
        {"nope_dim", &m->nope_dim, 0}, {"v_dim", &m->v_dim, 0}, {"window", &m->window, 0},
        {"window_layers", &m->window_layers, 0}, {"linear_layers", &m->linear_layers, 0},
        {"linear_state_B", &m->linear_state_B, 0}, {"ssm_inner", &m->ssm_inner, 0}, {"ssm_state", &m->ssm_state, 0}, {"ssm_conv", &m->ssm_conv, 0},
        {"ssm_dt_rank", &m->ssm_dt_rank, 0}, {"ssm_groups", &m->ssm_groups, 0}, {"positions", &m->positions, 0}};
    const struct { const char *key; int32_t *out; } flags[] = {
        {"tied", &m->tied}, {"gated", &m->gated}, {"qkv_bias", &m->qkv_bias}, {"o_bias", &m->o_bias},
        {"mlp_bias", &m->mlp_bias}, {"norms_bias", &m->norms_bias}, {"qk_norm", &m->qk_norm}};
    if (gbl_card_form(root, "llm/1", err) || gbl_node_only(root, known, err) ||
        gbl_card_text(root, "name", 1, &m->name, a, err) || gbl_card_text(root, "source", 1, &m->source, a, err))
        return err->code;
    m->gated = 1;
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        if (read_int(root, ints[i].key, ints[i].out, ints[i].required, err))
            return err->code;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (read_flag(root, flags[i].key, flags[i].out, err))
            return err->code;
    if (m->shared_experts && !m->shared_ffn)
        m->shared_ffn = m->shared_experts * m->moe_ffn;
    if (m->experts)
        m->moe_layers = m->layers - m->dense_first;
    if (m->window && !gbl_node_get(root, "window_layers"))
        m->window_layers = m->layers;
    if (m->linear_layers && !m->linear_state_B)
        return gbl_card_missing(root, "linear_state_B", err);
    return released_as(m, root, a, err);
}

/* At the key that rules it out; a config.json has other names for it, and then it is the whole. */
static int impossible(const gbl_node *root, gbl_err *err, const char *key, const char *what, const char *expected)
{
    const gbl_node *at = gbl_node_get(root, key);
    gbl_node_fail(at ? at : root, err, "impossible model: %s", what);
    return gbl_expected(err, "%s", expected);
}

static int check_ssm(const gbl_llm *m, const gbl_node *root, gbl_err *err)
{
    if (!m->ssm_inner)
        return m->ssm_state || m->ssm_conv || m->ssm_dt_rank || m->ssm_groups ? impossible(root, err, "ssm_state", "a state space needs ssm_inner", "ssm_inner, or none of ssm_state, ssm_conv, ssm_dt_rank and ssm_groups") : 0;
    if (m->ssm_inner > 1000000 || m->ssm_state < 1 || m->ssm_state > 65536 || m->ssm_conv < 1 || m->ssm_conv > 1024 || m->ssm_dt_rank > 1000000 || m->ssm_groups > 65536)
        return impossible(root, err, "ssm_inner", "a state space needs ssm_state and ssm_conv", "ssm_inner up to 1e6, ssm_state 1 .. 65536, ssm_conv 1 .. 1024");
    if (!m->ssm_dt_rank == !m->ssm_groups)
        return impossible(root, err, "ssm_dt_rank", "a state space has ssm_dt_rank (Mamba-1) or ssm_groups (Mamba-2)", "one of the two");
    if (m->linear_layers != m->layers || m->ffn || m->experts || m->kv_lora || m->window || m->positions)
        return impossible(root, err, "linear_layers", "state-space layers are all of the layers (linear_layers), without attention and MLP", "linear_layers equal to layers, ffn 0, and no experts, kv_lora, window or positions");
    if (m->heads * m->head_dim != m->ssm_inner)
        return impossible(root, err, "ssm_inner", "heads x head_dim are not ssm_inner", "ssm_inner = heads x head_dim");
    return 0;
}

static int check_sizes(const gbl_llm *m, const gbl_node *root, gbl_err *err)
{
    const struct { const char *key; int64_t n; } sizes[] = {
        {"layers", m->layers}, {"hidden", m->hidden}, {"heads", m->heads}, {"kv_heads", m->kv_heads}, {"head_dim", m->head_dim}, {"vocab", m->vocab}, {"context", m->context}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].n >= 1 && sizes[i].n <= 100000000) continue;
        impossible(root, err, sizes[i].key, "layers, hidden, heads, kv_heads, head_dim, vocab and context are 1 .. 1e8", "");
        return gbl_expected(err, "%s from 1 to 100000000, not %lld", sizes[i].key, (long long)sizes[i].n);
    }
    if (m->layers > 100000 || m->heads > 65536 || m->head_dim > 65536)
        return impossible(root, err, m->layers > 100000 ? "layers" : m->heads > 65536 ? "heads" : "head_dim", "at most 100000 layers, 65536 heads of at most 65536", "smaller ones");
    if (m->kv_heads > m->heads || (!m->kv_lora && m->heads % m->kv_heads))
        return impossible(root, err, "kv_heads", "the KV heads do not divide the attention heads", "kv_heads that divide heads");
    if (m->ffn > 100000000 || m->moe_ffn > 100000000 || m->shared_ffn > 100000000 || m->experts > 1000000)
        return impossible(root, err, m->ffn > 100000000 ? "ffn" : m->experts > 1000000 ? "experts" : m->moe_ffn > 100000000 ? "moe_ffn" : "shared_ffn", "an MLP of more than 1e8", "at most 1e8, of at most 1e6 experts");
    return 0;
}

int gbl_llm_check(const gbl_llm *m, const gbl_node *root, gbl_err *err)
{
    if (check_sizes(m, root, err))
        return err->code;
    if (m->experts && (m->top_k < 1 || m->top_k > m->experts || m->moe_ffn < 1))
        return impossible(root, err, m->moe_ffn < 1 ? "moe_ffn" : "top_k", "experts need top_k in 1 .. experts and moe_ffn", "top_k from 1 to experts, and moe_ffn above 0");
    if (check_ssm(m, root, err))
        return err->code;
    if (!m->experts && m->ffn < 1 && !m->ssm_inner)
        return impossible(root, err, "ffn", "neither ffn nor experts", "ffn above 0, or experts");
    if (m->moe_layers < 0 || m->moe_layers > m->layers || m->window_layers > m->layers)
        return impossible(root, err, m->window_layers > m->layers ? "window_layers" : "dense_first", "more layers of one kind than layers", "at most as many as layers");
    if ((m->linear_layers >= m->layers && !m->ssm_inner) || m->linear_layers + m->window_layers > m->layers || (m->linear_layers && m->kv_lora) || m->linear_state_B > 8)
        return impossible(root, err, m->linear_state_B > 8 ? "linear_state_B" : "linear_layers", "linear layers leave at least one of softmax attention, not latent, and states have up to 8 bytes an element",
                          "linear_layers and window_layers together below layers, no kv_lora, linear_state_B up to 8");
    if (m->moe_layers < m->layers && m->ffn < 1 && !m->ssm_inner)
        return impossible(root, err, "ffn", "dense layers without ffn", "ffn above 0, or dense_first 0");
    if (m->kv_lora && (m->rope_dim < 0 || m->nope_dim < 1 || m->v_dim < 1 || m->kv_lora > 1000000))
        return impossible(root, err, "kv_lora", "latent attention needs nope_dim and v_dim", "nope_dim and v_dim above 0, rope_dim 0 or more, kv_lora up to 1e6");
    return 0;
}

/* A folder stands for the config.json inside it. */
static const char *config_path(const char *name, const char *folder, gbl_arena *a)
{
    struct stat st;
    if (!strchr(name, '/'))
        return name;
    const char *path = gbl_find_path(a, folder ? folder : "", name);
    if (path && !stat(path, &st) && S_ISDIR(st.st_mode))
        return gbl_arena_printf(a, "%s/config.json", name);
    return name;
}

int gbl_llm_load(gbl_llm *m, const char *name_or_path, const char *folder, gbl_arena *a, gbl_err *err)
{
    gbl_doc *doc = NULL;
    memset(m, 0, sizeof *m);
    m->checkpoint_format = -1;
    const char *path = config_path(name_or_path, folder, a);
    if (!path)
        return gbl_nomem(err, 0);
    int rc = gbl_card_open(&doc, "llm", path, folder, a, err);
    if (!rc) {
        const gbl_node *root = gbl_doc_root(doc);
        if (gbl_node_kind(root) == GBL_OBJECT && !gbl_node_get(root, "gable"))
            rc = gbl_llm_from_config(m, root, a, err);
        else
            rc = from_card(m, root, a, err);
        if (!rc)
            rc = gbl_llm_check(m, root, err);
        if (!rc)
            rc = gbl_card_hash(root, 0, &m->hash, err);
    }
    gbl_doc_free(doc);
    return rc;
}

/* ---- counts: doubles hold integers exactly below 2^53, and a trillion parameters is 2^40 ---- */

static double attention_matrices(const gbl_llm *m)
{
    double H = (double)m->hidden, h = (double)m->heads;
    if (m->kv_lora) {
        double r = (double)m->kv_lora, qk = (double)(m->nope_dim + m->rope_dim), v = (double)m->v_dim;
        double q = m->q_lora ? (double)m->q_lora * (H + h * qk) : H * h * qk;
        return q + H * (r + (double)m->rope_dim) + r * h * ((double)m->nope_dim + v) + h * v * H;
    }
    double d = (double)m->head_dim, g = (double)m->kv_heads;
    return H * (h + 2 * g) * d + h * d * H;
}

static double mlp_matrices(const gbl_llm *m, int64_t ffn)
{
    return (m->gated ? 3.0 : 2.0) * (double)m->hidden * (double)ffn;
}

static double mlp_biases(const gbl_llm *m, int64_t ffn)
{
    return m->mlp_bias ? (m->gated ? 2.0 : 1.0) * (double)ffn + (double)m->hidden : 0;
}

/* Channels that pass through the convolution: the input, and in Mamba-2 also B and C. */
static double conv_channels(const gbl_llm *m)
{
    return (double)(m->ssm_inner + 2 * m->ssm_groups * m->ssm_state);
}

static double ssm_matrices(const gbl_llm *m)
{
    double H = (double)m->hidden, I = (double)m->ssm_inner, N = (double)m->ssm_state, R = (double)m->ssm_dt_rank;
    return 3 * H * I + (R > 0 ? I * (R + 2 * N) + R * I : H * (2 * (double)m->ssm_groups * N + (double)m->heads));
}

/* Convolution with its bias, A, D and the bias of dt; one norm a layer, and Mamba-2's on its way out. */
static double ssm_small(const gbl_llm *m)
{
    double I = (double)m->ssm_inner, own = m->ssm_dt_rank ? I * (double)m->ssm_state + 2 * I : 3 * (double)m->heads + I;
    return (double)m->layers * (conv_channels(m) * (double)(m->ssm_conv + 1) + own + (double)m->hidden) + (double)m->hidden;
}

/* Norms, biases and positions: what is no matrix. */
static double small_parameters(const gbl_llm *m)
{
    if (m->ssm_inner)
        return ssm_small(m);
    double L = (double)m->layers, H = (double)m->hidden, norm = m->norms_bias ? 2 * H : H;
    double layer = 2 * norm;
    if (m->qkv_bias)
        layer += (double)((m->heads + 2 * m->kv_heads) * m->head_dim);
    if (m->o_bias)
        layer += H;
    if (m->qk_norm)
        layer += 2 * (double)m->head_dim;
    if (m->kv_lora)
        layer += (double)(m->kv_lora + m->q_lora);
    double dense = (double)(m->layers - m->moe_layers) * mlp_biases(m, m->ffn);
    return L * layer + norm + dense + (double)m->positions * H;
}

/* `experts`: how many of them are counted. */
static double count(const gbl_llm *m, double experts)
{
    double sparse = (double)m->moe_layers, dense = (double)(m->layers - m->moe_layers);
    double mlp = dense * mlp_matrices(m, m->ffn);
    if (m->moe_layers)
        mlp += sparse * (experts * (mlp_matrices(m, m->moe_ffn) + mlp_biases(m, m->moe_ffn)) + mlp_matrices(m, m->shared_ffn) +
                         (double)m->hidden * (double)m->experts);
    double tables = (double)m->vocab * (double)m->hidden * (m->tied ? 1 : 2), L = (double)m->layers;
    double linear = (double)m->linear_layers, mixers = (L - linear) * attention_matrices(m) + linear * (m->ssm_inner ? ssm_matrices(m) : 5 * (double)m->hidden * (double)(m->heads * m->head_dim));
    return tables + mixers + mlp + small_parameters(m);
}

double gbl_llm_parameters(const gbl_llm *m)
{
    return count(m, (double)m->experts);
}

double gbl_llm_active_parameters(const gbl_llm *m)
{
    return count(m, (double)m->top_k);
}

double gbl_llm_table_parameters(const gbl_llm *m)
{
    double tables = (double)m->vocab * (double)m->hidden * (m->tied ? 1 : 2);
    return tables + small_parameters(m) + (double)m->moe_layers * (double)m->hidden * (double)m->experts;
}

double gbl_llm_matmul_parameters(const gbl_llm *m)
{
    double embedding = m->tied ? 0 : (double)m->vocab * (double)m->hidden;
    return count(m, (double)m->top_k) - embedding - small_parameters(m);
}

double gbl_llm_kv_bytes(const gbl_llm *m, double bytes_per_element)
{
    double layer = m->kv_lora ? (double)(m->kv_lora + m->rope_dim) : 2.0 * (double)m->kv_heads * (double)m->head_dim;
    return (double)(m->layers - m->linear_layers) * layer * bytes_per_element;
}

double gbl_llm_state_bytes(const gbl_llm *m)
{
    if (m->ssm_inner)
        return (double)(m->layers * m->linear_state_B) * ((double)(m->ssm_inner * m->ssm_state) + conv_channels(m) * (double)(m->ssm_conv - 1));
    return (double)(m->linear_layers * m->heads * m->linear_state_B) * (double)(m->head_dim * m->head_dim);
}
