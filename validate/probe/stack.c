/* stack.c - see stack.h. */
#include "validate/probe/stack.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "validate/probe/timing.h"
#include "validate/probe/values.h"

typedef struct model {
    const char *name;
    int64_t layers, hidden, heads, kv_heads, dim, ffn, vocab;
} model;

/* Widths of small published models (TinyLlama 1.1B, Qwen2.5-3B's heads), few layers, a short vocabulary. */
static const model models[] = {{"tinyllama-1.1b", 4, 2048, 32, 8, 64, 5632, 8192}, {"narrow", 6, 1024, 8, 2, 128, 2816, 8192}};
static const model tiny = {"tiny", 2, 256, 4, 1, 64, 512, 512};

typedef struct step {
    int decode;
    int64_t batch, tokens; /* sequences; of a prompt, or of context with the new one */
} step;
static const step steps[] = {{0, 1, 128}, {0, 1, 512}, {0, 2, 256}, {1, 1, 512}, {1, 4, 1024}, {1, 16, 1024}, {1, 48, 512}};
static const step tiny_steps[] = {{0, 1, 40}, {1, 2, 40}};

enum { MEMORY_MOST = 128, LAUNCH_MOST = 128 };
typedef struct stack {
    gbl_backend *b;
    const model *m;
    step s;
    gbl_memory *memory[MEMORY_MOST];
    int n_memory;
    gbl_launch launch[LAUNCH_MOST];
    int n;
    gbl_memory *x, *residual, *normed, *qkv, *q, *attended, *gate_up, *active, *table, *turn, *none, *logits;
} stack;

static gbl_memory *hold(stack *k, double bytes, enum gbl_fill fill, int range, gbl_err *err)
{
    gbl_case c = {.n_buffers = 1, .buffer = {{(size_t)bytes, fill, range, 0, 0}}};
    if (k->n_memory == MEMORY_MOST) {
        gbl_fail(err, GBL_EFAULT, "too many layers");
        return NULL;
    }
    gbl_memory *m = k->memory[k->n_memory] = gbl_memory_new(k->b, (size_t)bytes, err);
    void *values = m ? gbl_alloc((size_t)bytes, 1) : NULL;
    if (!m) return NULL;
    k->n_memory++;
    if (!values) {
        gbl_nomem(err, (size_t)bytes);
        return NULL;
    }
    gbl_values_fill(&c, 0, values);
    int code = gbl_memory_write(m, values, (size_t)bytes, err);
    gbl_free(values);
    return code ? NULL : m;
}

/* The launch of a case on these buffers; 0, or the error's code. */
static int add(stack *k, const char *probe, const char *format, const int64_t *v, gbl_memory *const *buffer, gbl_err *err)
{
    gbl_case c;
    if (k->n == LAUNCH_MOST) return gbl_fail(err, GBL_EFAULT, "too many kernels");
    if (gbl_case_plan(&c, probe, format, v, gbl_backend_gemm_rows(k->b), err)) return err->code;
    gbl_launch *l = &k->launch[k->n++];
    *l = gbl_case_launch(&c);
    memcpy(l->buffer, buffer, (size_t)c.n_buffers * sizeof *buffer);
    return 0;
}

static int product(stack *k, gbl_memory *a, gbl_memory *c, int64_t m, int64_t n, int64_t depth, gbl_err *err)
{
    gbl_memory *w = hold(k, 2.0 * (double)n * (double)depth, GBL_FILL_WEIGHTS, 0, err);
    return w ? add(k, "gemm", "bf16", (int64_t[]){m, n, depth, 0, 0, 0}, (gbl_memory *[]){a, w, c}, err) : err->code;
}

static int norm(stack *k, int64_t rows, gbl_err *err)
{
    gbl_memory *w = hold(k, 2.0 * (double)k->m->hidden, GBL_FILL_BF16, 0, err);
    return w ? add(k, "norm", "", (int64_t[]){rows, k->m->hidden, 0, 0, 0, 0}, (gbl_memory *[]){k->x, k->residual, w, k->normed}, err) : err->code;
}

static double cache_tokens(const stack *k)
{
    return (double)(k->s.batch * ((k->s.tokens + 31) / 32 * 32));
}

static int attention(stack *k, gbl_err *err)
{
    const model *m = k->m;
    int64_t chunk = k->s.decode ? 1 : k->s.tokens, from = k->s.tokens - chunk;
    double bytes = 2 * cache_tokens(k) * (double)(m->kv_heads * m->dim);
    gbl_memory *keys = hold(k, bytes, GBL_FILL_BF16, 0, err), *values = keys ? hold(k, bytes, GBL_FILL_BF16, 0, err) : NULL;
    if (!values) return err->code;
    int64_t v[] = {k->s.batch, chunk, from, m->heads, m->kv_heads, m->dim};
    if (add(k, "rope", "", v, (gbl_memory *[]){k->qkv, k->turn, k->table, k->q, keys, values}, err)) return err->code;
    if (!k->s.decode) return add(k, "prefill", "", v, (gbl_memory *[]){k->q, keys, values, k->table, k->attended}, err);
    return add(k, "decode", "bf16", (int64_t[]){k->s.batch, k->s.tokens, m->heads, m->kv_heads, m->dim, 0},
               (gbl_memory *[]){k->q, keys, values, k->none, k->none, k->table, k->attended}, err);
}

static int layer(stack *k, int64_t tokens, gbl_err *err)
{
    const model *m = k->m;
    int64_t wide = m->heads * m->dim;
    return norm(k, tokens, err) || product(k, k->normed, k->qkv, tokens, (m->heads + 2 * m->kv_heads) * m->dim, m->hidden, err) || attention(k, err) ||
                   product(k, k->attended, k->x, tokens, m->hidden, wide, err) || norm(k, tokens, err) ||
                   product(k, k->normed, k->gate_up, tokens, 2 * m->ffn, m->hidden, err) ||
                   add(k, "activate", "", (int64_t[]){tokens, m->ffn, 0, 0, 0, 0}, (gbl_memory *[]){k->gate_up, k->active}, err) ||
                   product(k, k->active, k->x, tokens, m->hidden, m->ffn, err)
               ? err->code
               : 0;
}

static int room(stack *k, double tokens, gbl_err *err)
{
    const model *m = k->m;
    double H = (double)m->hidden, wide = (double)(m->heads * m->dim), all = (double)((m->heads + 2 * m->kv_heads) * m->dim), ffn = (double)m->ffn;
    int blocks = (int)(cache_tokens(k) / 32);
    const struct { gbl_memory **to; double bytes; enum gbl_fill fill; int range; } list[] = {
        {&k->x, 2 * tokens * H, GBL_FILL_BF16, 0},        {&k->residual, 2 * tokens * H, GBL_FILL_BF16, 0}, {&k->normed, 2 * tokens * H, GBL_FILL_ZERO, 0},
        {&k->qkv, 2 * tokens * all, GBL_FILL_ZERO, 0},    {&k->q, 2 * tokens * wide, GBL_FILL_ZERO, 0},     {&k->attended, 2 * tokens * wide, GBL_FILL_ZERO, 0},
        {&k->gate_up, 4 * tokens * ffn, GBL_FILL_ZERO, 0}, {&k->active, 2 * tokens * ffn, GBL_FILL_ZERO, 0}, {&k->table, 4.0 * blocks, GBL_FILL_TABLE, blocks},
        {&k->turn, 4.0 * (double)(k->s.tokens * m->dim), GBL_FILL_TURN, (int)m->dim}, {&k->none, 4, GBL_FILL_ZERO, 0},
        {&k->logits, 2.0 * (double)(k->s.batch * m->vocab), GBL_FILL_ZERO, 0}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (!(*list[i].to = hold(k, list[i].bytes, list[i].fill, list[i].range, err))) return err->code;
    return 0;
}

/* The head multiplies the rows that are sampled: as many as there are sequences, the first ones here. */
static int build(stack *k, gbl_err *err)
{
    int64_t tokens = k->s.batch * (k->s.decode ? 1 : k->s.tokens);
    if (room(k, (double)tokens, err)) return err->code;
    for (int64_t i = 0; i < k->m->layers; i++)
        if (layer(k, tokens, err)) return err->code;
    return norm(k, k->s.batch, err) || product(k, k->normed, k->logits, k->s.batch, k->m->vocab, k->m->hidden, err) ? err->code : 0;
}

static int print_row(const stack *k, const gbl_timing *t, const char *backend, const char *date, gbl_err *err)
{
    const model *m = k->m;
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 0);
    const struct { const char *key; int64_t v; } dim[] = {{"layers", m->layers}, {"hidden", m->hidden}, {"num_heads", m->heads}, {"num_kv_heads", m->kv_heads},
                                                          {"head_dim", m->dim}, {"ffn", m->ffn}, {"vocab", m->vocab}, {"batch_size", k->s.batch}, {"tokens", k->s.tokens}};
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "probe", "layers");
    gbl_json_str(j, "kernel", "body");
    gbl_json_str(j, "format", "bf16");
    gbl_json_obj(j, "shape");
    gbl_json_str(j, "phase", k->s.decode ? "decode" : "prefill");
    gbl_json_str(j, "model", m->name);
    for (size_t i = 0; i < sizeof dim / sizeof *dim; i++) gbl_json_int(j, dim[i].key, dim[i].v);
    gbl_json_end(j);
    gbl_json_num(j, "median_us", t->median_s * 1e6);
    gbl_json_num(j, "low_us", t->low_s * 1e6);
    gbl_json_num(j, "high_us", t->high_s * 1e6);
    gbl_json_int(j, "repetitions", t->repetitions);
    gbl_json_bool(j, "noisy", t->noisy);
    gbl_json_str(j, "backend", backend);
    gbl_json_str(j, "device", gbl_backend_device(k->b));
    gbl_json_str(j, "driver", gbl_backend_driver(k->b));
    gbl_json_str(j, "date", date);
    gbl_json_end(j);
    if (gbl_json_text(j)) printf("%s\n", gbl_json_text(j));
    fflush(stdout);
    gbl_json_free(j);
    return 0;
}

static int measure(gbl_backend *b, const model *m, step s, int quick, const char *backend, const char *date, gbl_err *err)
{
    stack *k = gbl_alloc(1, sizeof *k);
    gbl_timing_ask ask = {.cold = 1, .least = 7, .most = 30, .tight = 0.02, .budget_s = quick ? 0.1 : 4};
    gbl_timing t;
    if (!k) return gbl_nomem(err, sizeof *k);
    k->b = b;
    k->m = m;
    k->s = s;
    int code = build(k, err);
    if (!code) code = gbl_time(b, k->launch, k->n, &ask, &t, err);
    if (!code) code = print_row(k, &t, backend, date, err);
    for (int i = 0; i < k->n_memory; i++) gbl_memory_free(k->memory[i]);
    gbl_free(k);
    return code;
}

int gbl_stack_measure(gbl_backend *b, int quick, const char *backend, const char *date, gbl_err *err)
{
    if (quick)
        return measure(b, &tiny, tiny_steps[0], 1, backend, date, err) || measure(b, &tiny, tiny_steps[1], 1, backend, date, err) ? err->code : 0;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
            if (measure(b, &models[i], steps[s], 0, backend, date, err)) return err->code;
    return 0;
}
