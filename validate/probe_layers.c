/* probe_layers.c - see probe_layers.h. */
#include "validate/probe_layers.h"

#include <math.h>
#include <string.h>

#include "base/term.h"
#include "models/cost.h"

/* Kernels one after the other and nothing else: no host time, no launches but the kernels' own. */
static const gbl_runtime kernels_alone = {.name = "kernels", .status = "datasheet", .attention_t0 = 1, .fused_dequant = 1, .pinned = 1, .graph_step = 8, .graph_wide_from = 256, .graph_wide_step = 16};

typedef struct shape {
    int64_t layers, hidden, heads, kv_heads, dim, ffn, vocab, batch, tokens;
    const char *phase, *model;
} shape;

static int read_shape(const gbl_node *n, shape *s, gbl_arena *a, gbl_err *err)
{
    const struct { const char *key; int64_t *to; int64_t low; } number[] = {
        {"layers", &s->layers, 1},        {"hidden", &s->hidden, 1}, {"num_heads", &s->heads, 1}, {"num_kv_heads", &s->kv_heads, 1}, {"head_dim", &s->dim, 1},
        {"ffn", &s->ffn, 1}, {"vocab", &s->vocab, 0}, {"batch_size", &s->batch, 1},  {"tokens", &s->tokens, 1}};
    const struct { const char *key; const char **to; } word[] = {{"phase", &s->phase}, {"model", &s->model}};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        const gbl_node *m = gbl_node_get(n, number[i].key);
        if (m && gbl_node_int(m, number[i].to, err)) return err->code;
        if (m && *number[i].to >= number[i].low && *number[i].to <= 1 << 24) continue;
        gbl_fail(err, GBL_EINPUT, m ? "\"%s\" of a stack of layers is no size" : "a stack of layers without \"%s\"", number[i].key);
        return gbl_expected(err, "a whole number from %lld (validate/probe/PROTOCOL.md)", (long long)number[i].low);
    }
    for (size_t i = 0; i < 2; i++) {
        const gbl_node *m = gbl_node_get(n, word[i].key);
        if (!m || gbl_node_kind(m) != GBL_STRING) return gbl_fail(err, GBL_EINPUT, "a stack of layers without \"%s\"", word[i].key);
        if (!(*word[i].to = gbl_arena_text(a, gbl_node_text(m)))) return gbl_nomem(err, 0);
    }
    if (s->heads % s->kv_heads) {
        gbl_fail(err, GBL_EINPUT, "%lld KV heads do not divide %lld heads", (long long)s->kv_heads, (long long)s->heads);
        return gbl_expected(err, "heads that share KV heads evenly");
    }
    if (!strcmp(s->phase, "decode") || !strcmp(s->phase, "prefill")) return 0;
    gbl_fail(err, GBL_EINPUT, "a phase called \"%.40s\"", s->phase);
    return gbl_expected(err, "\"prefill\" or \"decode\"");
}

static int step_us(const shape *s, const gbl_hw *hw, double *us, gbl_err *err)
{
    gbl_llm llm = {.name = s->model, .source = "", .layers = s->layers, .hidden = s->hidden, .heads = s->heads, .kv_heads = s->kv_heads, .head_dim = s->dim,
                   .ffn = s->ffn, .vocab = s->vocab ? s->vocab : 1, .context = s->tokens + 1, .gated = 1, .checkpoint_format = -1};
    gbl_cost_spec spec = {.hw = hw, .llm = &llm, .runtime = &kernels_alone, .tp = 1, .pp = 1, .dp = 1, .ep = 1, .weights = GBL_BF16, .activations = GBL_BF16, .kv = GBL_BF16,
                          .block_size = 32, .memory_utilization = 1, .max_num_seqs = s->batch, .max_num_batched_tokens = s->batch * s->tokens, .kv_blocks = 1 << 20};
    gbl_cost *c = NULL;
    gbl_batch b = {0};
    gbl_step_cost out;
    if (gbl_cost_new(&c, &spec, err)) return err->code;
    for (int64_t i = 0; i < s->batch; i++) {
        if (!strcmp(s->phase, "decode")) gbl_batch_decode(c, &b, s->tokens);
        else gbl_batch_chunk(c, &b, s->tokens, 0, s->vocab > 0);
    }
    if (!s->vocab) b.sampled = 0;
    gbl_cost_step(c, &b, &out);
    gbl_cost_free(c);
    *us = (double)out.demand.alone_ns * 1e-3;
    return 0;
}

static int predict(gbl_layers *l, const gbl_probe_row *r, const char *path, const gbl_hw *hw, gbl_err *err)
{
    gbl_doc *doc = NULL;
    shape s = {0};
    gbl_layers_row row = {.line = r->line, .us = r->us, .noisy = r->noisy};
    int code = gbl_doc_parse(&doc, path, r->shape, strlen(r->shape), err);
    if (!code) code = read_shape(gbl_doc_root(doc), &s, l->arena, err);
    if (!code) code = step_us(&s, hw, &row.modelled_us, err);
    gbl_doc_free(doc);
    if (code) {
        gbl_where(err, "%s:%lld", path, (long long)r->line);
        return code;
    }
    row.model = s.model;
    row.phase = s.phase;
    row.layers = s.layers;
    row.batch = s.batch;
    row.tokens = s.tokens;
    if (gbl_grow(&l->row, &l->room, l->n + 1, sizeof *l->row)) return gbl_nomem(err, l->n * sizeof *l->row);
    l->row[l->n++] = row;
    return 0;
}

static int errors(const gbl_layers *l, const char *phase, gbl_fit_error *out, gbl_err *err)
{
    double *e = gbl_alloc(l->n ? l->n : 1, sizeof *e);
    size_t n = 0;
    if (!e) return gbl_nomem(err, l->n);
    for (size_t i = 0; i < l->n; i++)
        if (!l->row[i].noisy && (!phase || !strcmp(l->row[i].phase, phase))) e[n++] = l->row[i].modelled_us / l->row[i].us - 1;
    gbl_fit_error_of(out, e, NULL, n);
    gbl_free(e);
    return 0;
}

int gbl_layers_predict(gbl_layers *l, const char *path, const char *hardware, gbl_err *err)
{
    gbl_probe_rows rows = {0};
    gbl_hw hw;
    memset(l, 0, sizeof *l);
    if (!(l->arena = gbl_arena_new())) return gbl_nomem(err, 0);
    int code = gbl_probe_rows_init(&rows, err);
    if (!code) code = gbl_hw_load(&hw, hardware, "", l->arena, err);
    if (!code) code = gbl_probe_rows_read(&rows, path, err);
    for (size_t i = 0; !code && i < rows.n; i++)
        if (!strcmp(rows.row[i].probe, "layers")) code = predict(l, &rows.row[i], path, &hw, err);
    gbl_probe_rows_fini(&rows);
    if (!code && !l->n) {
        gbl_fail(err, GBL_EINPUT, "no row of probe \"layers\"");
        gbl_where(err, "%s", path);
        return gbl_expected(err, "rows of a whole probe: gable-probe or gable-probe-host without --only");
    }
    return code || errors(l, "decode", &l->decode, err) || errors(l, "prefill", &l->prefill, err) || errors(l, NULL, &l->all, err) ? err->code : 0;
}

void gbl_layers_fini(gbl_layers *l)
{
    gbl_free(l->row);
    if (l->arena) gbl_arena_free(l->arena);
    memset(l, 0, sizeof *l);
}

int gbl_layers_print(const gbl_layers *l, FILE *to)
{
    gbl_table *t = gbl_table_new("steps of layers that no fit saw");
    const struct { const char *name; const gbl_fit_error *e; } sum[] = {{"prefill", &l->prefill}, {"decode", &l->decode}, {"both", &l->all}};
    if (!t) return -1;
    gbl_table_columns(t, "model", ">layers", "phase", ">sequences", ">tokens", ">measured us", ">modelled us", ">error %", "", (const char *)NULL);
    for (size_t i = 0; i < l->n; i++) {
        const gbl_layers_row *r = &l->row[i];
        gbl_table_cell(t, "%s", r->model);
        gbl_table_cell(t, "%lld", (long long)r->layers);
        gbl_table_cell(t, "%s", r->phase);
        gbl_table_cell(t, "%lld", (long long)r->batch);
        gbl_table_cell(t, "%lld", (long long)r->tokens);
        gbl_table_cell(t, "%.0f", r->us);
        gbl_table_cell(t, "%.0f", r->modelled_us);
        gbl_table_cell(t, "%+.1f", 100 * (r->modelled_us / r->us - 1));
        gbl_table_cell(t, "%s", r->noisy ? "noisy: not counted" : "");
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    for (int i = 0; i < 3; i++)
        if (sum[i].e->n) fprintf(to, "%s: %lld steps, median error %.1f %%, p90 %.1f %%, bias %+.1f %%\n", sum[i].name, (long long)sum[i].e->n, sum[i].e->median, sum[i].e->p90, sum[i].e->bias);
    return 0;
}

void gbl_layers_json(const gbl_layers *l, gbl_json *j)
{
    gbl_json_arr(j, "layers");
    for (size_t i = 0; i < l->n; i++) {
        const gbl_layers_row *r = &l->row[i];
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "model", r->model);
        gbl_json_int(j, "layers", r->layers);
        gbl_json_str(j, "phase", r->phase);
        gbl_json_int(j, "batch_size", r->batch);
        gbl_json_int(j, "tokens", r->tokens);
        gbl_json_num(j, "measured_us", r->us);
        gbl_json_num(j, "modelled_us", r->modelled_us);
        gbl_json_bool(j, "noisy", r->noisy);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    if (l->all.n) gbl_json_num(j, "median_percent", l->all.median);
}
