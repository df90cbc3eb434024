/* sheet.c - see sheet.h. */
#include "models/sheet.h"

#include <math.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"

static int64_t either(int64_t v, int64_t dflt)
{
    return v ? v : dflt;
}

static int format_of(const char *what, const char *name, int dflt, int32_t *out, gbl_err *err)
{
    const char *known[GBL_FORMATS];
    *out = dflt;
    if (!name || !strcmp(name, "auto"))
        return 0;
    for (int f = 0; f < GBL_FORMATS; f++)
        known[f] = gbl_format_name((enum gbl_format)f);
    *out = gbl_format_of(name);
    if (*out >= 0)
        return 0;
    gbl_fail(err, GBL_EINPUT, "unknown format \"%s\" of %s", name, what);
    gbl_expected(err, "auto, bf16, fp16, fp8, int8, fp4 or int4");
    return gbl_nearest(err, gbl_near(name, known, GBL_FORMATS));
}

static int check_count(const char *what, int64_t v, int64_t most, gbl_err *err)
{
    if (v >= 0 && v <= most)
        return 0;
    gbl_fail(err, GBL_EINPUT, "%s %lld is out of range", what, (long long)v);
    return gbl_expected(err, "1 .. %lld", (long long)most);
}

static int load(gbl_sheet *s, const gbl_sheet_ask *ask, gbl_arena *a, gbl_err *err)
{
    const char *folder = ask->folder ? ask->folder : "";
    if (gbl_llm_load(&s->llm, ask->llm, folder, a, err) || gbl_hw_load(&s->hw, ask->hardware ? ask->hardware : "h100-sxm", folder, a, err) ||
        gbl_runtime_load(&s->runtime, ask->runtime ? ask->runtime : "vllm", folder, a, err))
        return err->code;
    if (check_count("batch", ask->batch, 1 << 20, err) || check_count("context", ask->context, 1 << 30, err) ||
        check_count("prompt", ask->prompt, 1 << 30, err) || check_count("tp", ask->tp, 1 << 20, err))
        return err->code;
    s->tp = either(ask->tp, 1);
    s->batch = either(ask->batch, 1);
    s->context = either(ask->context, s->llm.context < 4096 ? s->llm.context : 4096);
    s->prompt = either(ask->prompt, s->context);
    int64_t longest = s->prompt > s->context ? s->prompt : s->context;
    if (longest > s->llm.context)
        snprintf(s->warning, sizeof s->warning, "%lld tokens are beyond the context of %s (%lld)", (long long)longest, s->llm.name, (long long)s->llm.context);
    return 0;
}

static int compose(gbl_sheet *s, const gbl_sheet_ask *ask, gbl_arena *a, gbl_err *err)
{
    if ((!ask->compress || !*ask->compress) && !s->llm.linear_layers)
        return 0;
    if (format_of("kv", ask->kv, GBL_BF16, &s->kv, err))
        return err->code;
    return gbl_kv_plan_text(&s->compress, ask->compress ? ask->compress : "", &s->llm, gbl_format_bytes((enum gbl_format)s->kv), a, err);
}

/* A format's name, or a precision card's. */
static int weights_of(gbl_sheet *s, const gbl_sheet_ask *ask, int own, gbl_arena *a, gbl_err *err)
{
    const char *name = ask->weights;
    if (!name || gbl_format_of(name) >= 0 || !strcmp(name, "auto"))
        return format_of("weights", name, own, &s->weights, err);
    s->weights = GBL_BF16;
    return gbl_precision_load(&s->precision, name, ask->folder ? ask->folder : "", a, err);
}

static const char *weights_name(const gbl_sheet *s) { return s->precision.name ? s->precision.name : gbl_format_name((enum gbl_format)s->weights); }

static int open_cost(gbl_cost **c, gbl_sheet *s, const gbl_sheet_ask *ask, gbl_arena *a, gbl_err *err)
{
    int32_t activations;
    int own = s->llm.checkpoint_format >= 0 ? s->llm.checkpoint_format : GBL_BF16;
    if (weights_of(s, ask, own, a, err) || format_of("activations", ask->activations, -1, &activations, err) ||
        format_of("kv", ask->kv, GBL_BF16, &s->kv, err))
        return err->code;
    if (s->precision.name && activations >= 0) {
        gbl_fail(err, GBL_EINPUT, "%s says what activations it multiplies, so activations %s would be read by nothing", s->precision.name, ask->activations);
        gbl_where(err, "--activations");
        return gbl_expected(err, "weights in a format, or no activations");
    }
    gbl_cost_spec spec = {
        .hw = &s->hw, .llm = &s->llm, .runtime = &s->runtime, .tp = (int32_t)s->tp, .pp = 1, .dp = 1, .ep = 1,
        
        .precision = s->precision.name ? &s->precision : NULL, .weights = s->weights, .activations = activations, .kv = s->kv, .block_size = (int32_t)either(ask->block_size, 16),
        .memory_utilization = ask->memory_utilization > 0 ? ask->memory_utilization : 0.9,
        .compress = s->compress, .max_num_seqs = either(ask->max_num_seqs, 256), .max_num_batched_tokens = either(ask->max_num_batched_tokens, 8192), .kv_blocks = -1};
    return gbl_cost_new(c, &spec, err);
}

/* Tokens whose KV a decode step reads, summed over layers: windows clip. */
static double tokens_read(const gbl_sheet *s)
{
    double L = (double)s->llm.layers, slide = s->llm.window ? (double)s->llm.window_layers : 0, C = (double)s->context;
    double within = s->llm.window && (double)s->llm.window < C ? (double)s->llm.window : C;
    return ((L - slide) * C + slide * within) / L;
}

/* Sequences that fit together: their pages, and for one of them what its prompt takes before it shrinks. */
static void compressed_memory(gbl_sheet *s, const gbl_cost *c)
{
    const gbl_kv_plan *plan = s->compress;
    const gbl_cost_spec *spec = gbl_cost_spec_of(c);
    double B = (double)s->batch, copies = plan->shape.layers ? gbl_cost_kv_bytes_per_token(c) / gbl_kv_full_bytes(plan, 1) : 1;
    if (!plan->shape.layers)
        s->kv_pool_bytes = (double)gbl_cost_kv_blocks(c) * plan->const_bytes;
    int64_t p = s->prompt < s->context ? s->prompt : s->context, n = s->context;
    double peak = gbl_kv_peak_bytes(plan, p, spec->max_num_batched_tokens), paged = (double)gbl_kv_paged_bytes(plan, p, n, spec->block_size);
    gbl_kv_read read = gbl_kv_read_at(plan, p, n);
    s->score_bytes = gbl_kv_score_bytes(plan, p);
    s->kv_resident_bytes = gbl_kv_resident_bytes(plan, p, n) * B * copies;
    s->kv_resident_share = plan->shape.layers ? gbl_kv_resident_bytes(plan, p, n) / gbl_kv_full_bytes(plan, n) : 1;
    s->kv_paged_bytes = paged * B * copies;
    s->kv_peak_bytes = fmax(s->kv_resident_bytes, gbl_kv_resident_bytes(plan, p, n) * (B - 1) * copies + peak * copies + s->score_bytes);
    s->kv_read_bytes = (double)read.bytes_q8 / 256 * B * copies;
    s->max_concurrency = paged > 0 ? (int64_t)floor(s->kv_pool_bytes / (paged * copies)) : 0;
    s->kv_capacity_tokens = s->max_concurrency * n;
    gbl_kv_prefill_work(plan, p, s->prefill_work);
    gbl_kv_step_work(plan, p, n, s->step_work);
}

static void memory(gbl_sheet *s, const gbl_cost *c)
{
    double per = gbl_cost_kv_bytes_per_token(c), B = (double)s->batch;
    int64_t size = gbl_cost_spec_of(c)->block_size, blocks = (s->context + size - 1) / size;
    s->kv_bytes_per_token = per;
    s->kv_pool_bytes = (double)(gbl_cost_kv_blocks(c) * size) * per;
    s->kv_resident_share = 1;
    if (s->compress) {
        compressed_memory(s, c);
        return;
    }
    s->kv_resident_bytes = per * B * (double)s->context;
    s->kv_paged_bytes = per * B * (double)(blocks * size);
    s->kv_peak_bytes = s->kv_resident_bytes; /* nothing is ever dropped or rewritten without compression */
    s->kv_read_bytes = per * B * tokens_read(s);
    s->kv_capacity_tokens = gbl_cost_kv_blocks(c) * size;
    s->max_concurrency = gbl_cost_kv_blocks(c) / blocks;
}

static int times(gbl_sheet *s, const gbl_cost *c, gbl_err *err)
{
    static const char *const bounds[] = {"sm", "hbm", "link", "host"};
    gbl_batch prefill = {0}, decode = {0};
    gbl_step_cost cost;
    gbl_batch_chunk_of(c, &prefill, s->prompt, s->prompt, 0, 1);
    gbl_cost_step(c, &prefill, &cost);
    s->prefill_ms = (double)cost.demand.alone_ns / 1e6;
    s->prefill_flops = cost.flops;
    for (int64_t i = 0; i < s->batch; i++)
        gbl_batch_decode_of(c, &decode, s->prompt, s->context);
    gbl_cost_step(c, &decode, &cost);
    s->decode_ms = (double)cost.demand.alone_ns / 1e6;
    s->decode_flops = cost.flops;
    s->bound = bounds[cost.bound];
    s->n_op = gbl_cost_operators(c, &prefill, "prefill", s->op, GBL_OPS_MOST);
    s->n_op += gbl_cost_operators(c, &decode, "decode", s->op + s->n_op, GBL_OPS_MOST);
    s->context_switch_ms = gbl_cost_context_switch_s(c, s->context) * 1e3;

    const gbl_batch *const step[] = {&prefill, &decode};
    gbl_interval interval[2];
    int code = gbl_interval_steps(c, step, 2, 1, interval, err);
    s->prefill = interval[0];
    s->decode = interval[1];
    return code;
}

int gbl_model_sheet(gbl_sheet *out, const gbl_sheet_ask *ask, gbl_arena *a, gbl_err *err)
{
    gbl_cost *c = NULL;
    memset(out, 0, sizeof *out);
    if (load(out, ask, a, err) || compose(out, ask, a, err) || open_cost(&c, out, ask, a, err)) {
        gbl_sheet_free(out);
        return err->code;
    }
    out->parameters = gbl_cost_parameters(c, &out->active_parameters);
    out->weight_bytes = gbl_cost_weight_bytes(c);
    memory(out, c);
    int code = times(out, c, err);
    gbl_cost_free(c);
    if (code)
        gbl_sheet_free(out);
    return code;
}

void gbl_sheet_free(gbl_sheet *s)
{
    gbl_kv_plan_free(s->compress);
    s->compress = NULL;
}

/* ---- what compression adds to the page ---- */

static void work_json(const char *key, const gbl_kv_work *w, gbl_json *j)
{
    gbl_json_arr(j, key);
    for (int i = 0; i < GBL_KV_PARTS; i++) {
        if (!(w[i].flops > 0) && !(w[i].hbm_bytes > 0) && !(w[i].link_bytes > 0))
            continue;
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "part", gbl_kv_part_names[i]);
        gbl_json_num(j, "flops", w[i].flops);
        gbl_json_num(j, "hbm_bytes", w[i].hbm_bytes);
        gbl_json_num(j, "link_bytes", w[i].link_bytes);
        gbl_json_num(j, "launches", w[i].launches);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

static void compress_json(const gbl_sheet *s, gbl_json *j)
{
    const gbl_kv_plan *p = s->compress;
    gbl_json_obj(j, "compress");
    gbl_json_arr(j, "methods");
    for (int32_t i = 0; i < p->n_methods; i++)
        gbl_json_str(j, NULL, p->method[i].name);
    gbl_json_end(j);
    gbl_json_int(j, "cells", p->n_cells);
    gbl_json_bool(j, "prefix_shareable", p->shareable);
    gbl_json_num(j, "model_bytes", p->model_bytes);
    gbl_json_num(j, "score_bytes", s->score_bytes);
    work_json("prefill", s->prefill_work, j);
    work_json("step", s->step_work, j);
    gbl_json_arr(j, "assumptions");
    for (int32_t i = 0; i < p->n_notes; i++)
        gbl_json_str(j, NULL, p->note[i]);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_kv_quality_json(p, "quality", j);
}

static void print_compress(const gbl_sheet *s, FILE *to)
{
    const gbl_kv_plan *p = s->compress;
    char a[32], b[32];
    double full = gbl_kv_full_bytes(p, s->context) * (double)s->batch;
    if (p->const_bytes > 0)
        fprintf(to, "  states          %s a sequence, whatever its length\n", gbl_human_bytes(a, sizeof a, p->const_bytes));
    if (p->n_methods)
        fprintf(to, "  compression    ");
    for (int32_t i = 0; i < p->n_methods; i++)
        fprintf(to, " %s", p->method[i].name);
    if (p->n_methods)
        fprintf(to, ": %.4f of %s; peak %s\n", full > 0 ? s->kv_resident_bytes / full : 1, gbl_human_bytes(a, sizeof a, full), gbl_human_bytes(b, sizeof b, s->kv_peak_bytes));
    for (int32_t i = 0; i < p->n_notes; i++)
        fprintf(to, "                  %s\n", p->note[i]);
    gbl_kv_quality row[64];
    for (int32_t i = 0; i < p->n_methods; i++) {
        int n = gbl_kv_quality_of(p, i, row, 64);
        for (int k = 0; k < n; k++) {
            char of[32] = "";
            if (!isnan(row[k].baseline)) snprintf(of, sizeof of, " of %.4g", row[k].baseline);
            fprintf(to, "  quality         %s: %s %.4g%s (%s%s%s)\n", p->method[i].name, row[k].task, row[k].value, of, row[k].model,
                    row[k].interpolated ? ", between two published budgets" : "", p->n_methods > 1 ? ", alone" : "");
        }
    }
}

static void interval_json(const char *key, const gbl_interval *i, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_num(j, "low", i->low);
    gbl_json_num(j, "high", i->high);
    gbl_json_end(j);
}

void gbl_op_json(const gbl_op *o, gbl_json *j)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "name", o->name);
    gbl_json_str(j, "phase", o->phase);
    if (o->part)
        gbl_json_str(j, "part", o->part);
    gbl_json_num(j, "count", o->count);
    gbl_json_num(j, "flops", o->flops);
    gbl_json_num(j, "hbm_bytes", o->hbm_bytes);
    gbl_json_num(j, "link_bytes", o->link_bytes);
    gbl_json_num(j, "time_us", o->time_us);
    gbl_json_str(j, "bound", o->bound);
    gbl_json_num(j, "efficiency", o->efficiency);
    gbl_json_end(j);
}

void gbl_sheet_json(const gbl_sheet *s, gbl_json *j)
{
    gbl_json_str(j, "model", s->llm.name);
    gbl_json_str(j, "hardware", s->hw.name);
    gbl_json_obj(j, "profile");
    gbl_json_str(j, "runtime", s->runtime.name);
    gbl_json_str(j, "calibration", s->hw.calibration);
    gbl_json_end(j);
    gbl_json_int(j, "tp", s->tp);
    gbl_json_int(j, "batch", s->batch);
    gbl_json_int(j, "context", s->context);
    gbl_json_int(j, "prompt", s->prompt);
    gbl_json_str(j, "weights", weights_name(s));
    gbl_json_num(j, "parameters", s->parameters);
    gbl_json_num(j, "active_parameters", s->active_parameters);
    gbl_json_num(j, "weight_bytes", s->weight_bytes);
    gbl_json_num(j, "memory_bytes", s->hw.hbm_bytes * (double)s->tp);
    gbl_json_obj(j, "kv");
    gbl_json_str(j, "format", gbl_format_name((enum gbl_format)s->kv));
    gbl_json_num(j, "bytes_per_token", s->kv_bytes_per_token);
    gbl_json_num(j, "resident_bytes", s->kv_resident_bytes);
    gbl_json_num(j, "resident_share", s->kv_resident_share);
    gbl_json_num(j, "paged_bytes", s->kv_paged_bytes);
    gbl_json_num(j, "peak_bytes", s->kv_peak_bytes);
    gbl_json_num(j, "read_bytes_per_step", s->kv_read_bytes);
    gbl_json_num(j, "pool_bytes", s->kv_pool_bytes);
    gbl_json_int(j, "capacity_tokens", s->kv_capacity_tokens);
    gbl_json_int(j, "max_concurrency", s->max_concurrency);
    gbl_json_end(j);
    gbl_json_num(j, "prefill_ms", s->prefill_ms);
    gbl_json_num(j, "decode_ms", s->decode_ms);
    gbl_json_num(j, "decode_tok_s", (double)s->batch * (s->compress ? s->compress->arch.tokens_step : 1) / s->decode_ms * 1e3);
    gbl_json_num(j, "prefill_flops", s->prefill_flops);
    gbl_json_num(j, "decode_flops", s->decode_flops);
    gbl_json_num(j, "context_switch_ms", s->context_switch_ms);
    if (s->decode.high > 0) {
        gbl_json_obj(j, "interval");
        gbl_json_num(j, "level", gbl_interval_level);
        interval_json("prefill_ms", &s->prefill, j);
        interval_json("decode_ms", &s->decode, j);
        gbl_json_end(j);
    }
    gbl_json_str(j, "bound", s->bound);
    if (s->compress)
        compress_json(s, j);
    gbl_json_arr(j, "operators");
    for (int i = 0; i < s->n_op; i++)
        gbl_op_json(&s->op[i], j);
    gbl_json_end(j);
}

static void print_operators(const gbl_sheet *s, gbl_table *t)
{
    char flops[32], bytes[32];
    gbl_table_columns(t, "phase", "operator", ">count", ">FLOPs", ">HBM", ">time us", ">share %", "bound", ">of roofline %", (const char *)NULL);
    for (int i = 0; i < s->n_op; i++) {
        const gbl_op *o = &s->op[i];
        double step = !strcmp(o->phase, "prefill") ? s->prefill_ms : s->decode_ms;
        if (i && strcmp(o->phase, s->op[i - 1].phase))
            gbl_table_rule(t);
        gbl_table_cell(t, "%s", o->phase);
        gbl_table_cell(t, o->part ? "%s (%s)" : "%s", o->name, o->part);
        gbl_table_cell(t, o->part ? "%.4g" : "%.0f", o->count);
        gbl_table_cell(t, "%s", gbl_human_si(flops, sizeof flops, o->flops, ""));
        gbl_table_cell(t, "%s", gbl_human_si(bytes, sizeof bytes, o->hbm_bytes, "B"));
        gbl_table_cell(t, "%.2f", o->time_us);
        gbl_table_cell(t, "%.1f", 100 * o->count * o->time_us * 1e-3 / step);
        gbl_table_cell(t, "%s", o->bound);
        gbl_table_cell(t, "%.0f", 100 * o->efficiency);
    }
}

static const char *interval_text(char *out, size_t size, const gbl_interval *i)
{
    if (i->high > 0) snprintf(out, size, "; 95 %%: %.3f to %.3f", i->low, i->high);
    else out[0] = 0;
    return out;
}

static void print_head(const gbl_sheet *s, FILE *to)
{
    char a[64], b[32], c[32], d[32];
    fprintf(to, "%s on %s x %lld, runtime %s (%s calibration)\n", s->llm.name, s->hw.name, (long long)s->tp, s->runtime.name, s->hw.calibration);
    fprintf(to, "  parameters      %.3f B, active %.3f B, %s of weights in %s\n", s->parameters / 1e9, s->active_parameters / 1e9,
            gbl_human_bytes(a, sizeof a, s->weight_bytes), weights_name(s));
    fprintf(to, "  KV cache        %s a token in %s; %lld x %lld tokens hold %s (%s in blocks), a step reads %s\n",
            gbl_human_bytes(a, sizeof a, s->kv_bytes_per_token), gbl_format_name((enum gbl_format)s->kv), (long long)s->batch,
            (long long)s->context, gbl_human_bytes(b, sizeof b, s->kv_resident_bytes), gbl_human_bytes(c, sizeof c, s->kv_paged_bytes),
            gbl_human_si(d, sizeof d, s->kv_read_bytes, "B"));
    if (s->llm.window && s->context > s->llm.window && !s->compress)
        fprintf(to, "  window          %lld tokens in %lld of %lld layers: a step reads them alone, and nothing that they leave behind is freed\n", (long long)s->llm.window,
                (long long)s->llm.window_layers, (long long)s->llm.layers);
    gbl_human_int(a, sizeof a, s->kv_capacity_tokens);
    fprintf(to, "  capacity        %s tokens: %lld sequences of %lld\n", a, (long long)s->max_concurrency, (long long)s->context);
    fprintf(to, "  prefill         %.3f ms for one prompt of %lld tokens%s\n", s->prefill_ms, (long long)s->prompt, interval_text(a, sizeof a, &s->prefill));
    fprintf(to, "  decode          %.3f ms a step of %lld sequences, bound by %s%s\n", s->decode_ms, (long long)s->batch, s->bound, interval_text(a, sizeof a, &s->decode));
    if (s->compress)
        print_compress(s, to);
    fprintf(to, "  context switch  %.3f ms: one sequence to host memory and back\n\n", s->context_switch_ms);
}

int gbl_sheet_print(const gbl_sheet *s, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    if (!t)
        return -1;
    print_head(s, to);
    print_operators(s, t);
    gbl_table_print(t, to);
    gbl_table_free(t);
    return 0;
}
