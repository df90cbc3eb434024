/* kernels_columns.c - the columns of each class, their ranges and what their words mean; and the model's time of a row. */
#include "validate/kernels_columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "models/kernel_move.h"

/* How a column's text becomes a row. */
enum kind { NUMBER, DTYPE, KV_DTYPE, WINDOW, OPERATION, MODE, DISTRIBUTION };

typedef struct column {
    const char *name;
    int kind, to; /* to: index of gbl_krow.v */
    int needed;
    double low, high, dflt;
} column;

#define N(name, to, low, high) {name, NUMBER, to, 1, low, high, 0}
#define OPTIONAL(name, to, low, high, dflt) {name, NUMBER, to, 0, low, high, dflt}
#define WORD(name, kind, needed) {name, kind, 0, needed, 0, 0, 0}
#define HEADS N("num_heads", GBL_KA_HEADS, 1, 65536), N("num_kv_heads", GBL_KA_KV_HEADS, 1, 65536), N("head_dim", GBL_KA_DIM, 1, 4096)

static const column gemm[] = {N("m", GBL_KG_M, 1, 1e9), N("n", GBL_KG_N, 1, 1e9), N("k", GBL_KG_K, 1, 1e9),
                              OPTIONAL("copies", GBL_KG_COPIES, 1, 1e6, 6), WORD("dtype", DTYPE, 1), {0}};
static const column prefill[] = {N("batch_size", GBL_KA_BATCH, 1, 1e7), N("isl", GBL_KA_LEN, 1, 1e9),
                                 OPTIONAL("prefix_len", GBL_KA_PREFIX, 0, 1e9, 0), HEADS,
                                 WORD("kv_cache_dtype", KV_DTYPE, 0), WORD("window_size", WINDOW, 0), {0}};
static const column decode[] = {N("batch_size", GBL_KA_BATCH, 1, 1e7), N("kv_len", GBL_KA_LEN, 1, 1e9), HEADS,
                                OPTIONAL("cold", GBL_KA_COLD, 0, 1, 0),
                                WORD("kv_cache_dtype", KV_DTYPE, 0), WORD("window_size", WINDOW, 0), {0}};
static const column moe[] = {N("num_tokens", GBL_KM_TOKENS, 1, 1e9), N("hidden_size", GBL_KM_HIDDEN, 1, 1e7),
                             N("inter_size", GBL_KM_INTER, 1, 1e7), N("topk", GBL_KM_TOPK, 1, 65536),
                             N("num_experts", GBL_KM_EXPERTS, 1, 65536), OPTIONAL("moe_tp_size", GBL_KM_TP, 1, 65536, 1),
                             OPTIONAL("moe_ep_size", GBL_KM_EP, 1, 65536, 1), WORD("dtype", DTYPE, 0),
                             WORD("distribution", DISTRIBUTION, 0), {0}};
static const column reduce[] = {N("num_gpus", GBL_KR_GPUS, 2, 1024), N("message_bytes", GBL_KR_BYTES, 1, 1e13), WORD("op", OPERATION, 0),
                                WORD("mode", MODE, 0), {0}};
static const column stream[] = {N("moved_bytes", GBL_KS_BYTES, 1, 1e15), OPTIONAL("arrays", GBL_KS_ARRAYS, 1, 64, 2), {0}};
static const column host[] = {N("copied_bytes", GBL_KH_BYTES, 1, 1e15), N("pieces", GBL_KH_PIECES, 1, 1e12), N("to_host", GBL_KH_TO_HOST, 0, 1), {0}};

/* The first column that only this class has tells it. */
static const struct { const char *name, *mark; const column *column; } class[GBL_KC_N] = {
    [GBL_KC_GEMM] = {"gemm", "n", gemm},         [GBL_KC_PREFILL] = {"prefill", "isl", prefill},
    [GBL_KC_DECODE] = {"decode", "kv_len", decode}, [GBL_KC_MOE] = {"moe", "num_experts", moe},
    [GBL_KC_REDUCE] = {"all_reduce", "message_bytes", reduce}, [GBL_KC_STREAM] = {"stream", "moved_bytes", stream},
    [GBL_KC_HOST] = {"host_copy", "copied_bytes", host},
};

const char *gbl_kclass_name(enum gbl_kclass c)
{
    return class[c].name;
}

int gbl_kcolumns_find(gbl_kcolumns *c, const gbl_csv *csv, gbl_err *err)
{
    int k = 0;
    while (k < GBL_KC_N && gbl_csv_column(csv, class[k].mark) < 0) k++;
    if (k == GBL_KC_N) {
        gbl_csv_fail(csv, err, "no class of operators has these columns");
        return gbl_expected(err, "one of the columns n (gemm), isl (prefill), kv_len (decode), num_experts (moe), message_bytes (all_reduce), moved_bytes (stream), copied_bytes (host_copy)");
    }
    c->class = (enum gbl_kclass)k;
    for (int i = 0; class[k].column[i].name; i++) {
        const column *what = &class[k].column[i];
        c->at[i] = gbl_csv_column(csv, what->name);
        if (c->at[i] >= 0 || !what->needed) continue;
        gbl_csv_fail(csv, err, "there is no column \"%s\" in a file of %s", what->name, class[k].name);
        gbl_expected(err, "the columns of its class (see gable help calibrate)");
        return gbl_nearest(err, gbl_near(what->name, (const char *const *)csv->head, (size_t)csv->n_head));
    }
    c->time = gbl_csv_column(csv, "latency_us");
    if (c->time >= 0) return 0;
    gbl_csv_fail(csv, err, "there is no column \"latency_us\" in a file of %s", class[k].name);
    gbl_expected(err, "the measured time in microseconds");
    return gbl_nearest(err, gbl_near("latency_us", (const char *const *)csv->head, (size_t)csv->n_head));
}

/* ---- words ---- */

static int one_of(const char *text, const char *const *known, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(text, known[i])) return (int)i;
    return -1;
}

static const char *const sixteen[] = {"bfloat16", "bf16", "float16", "fp16", "half"};
static const char *const eight[] = {"fp8", "float8_e4m3fn", "fp8_e4m3"};
static const char *const other[] = {"fp8_block", "int8", "int8_wo", "int4_wo", "int4", "int2", "w4a16_mxfp4", "w4a8_mxfp4_mxfp8", "mxfp4", "nvfp4", "fp4", "float32", "fp32", "tf32", "sq"};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* 0, or -1 for a word that is unknown: *known are then the words there are. */
static int read_dtype(const char *text, int kind, gbl_krow *r, const char **why)
{
    if (one_of(text, sixteen, COUNT(sixteen)) >= 0) return 0;
    if (one_of(text, eight, COUNT(eight)) >= 0) {
        r->narrow = 1;
        if (r->class == GBL_KC_MOE) *why = "MoE in other formats than 16 bits";
        return 0;
    }
    if (kind == KV_DTYPE && (!strcmp(text, "auto") || !*text)) return 0;
    int i = one_of(text, other, COUNT(other));
    if (i < 0) return -1;
    *why = i == 0 && r->class == GBL_KC_GEMM ? "fp8_block: timed without a CUDA graph" : r->class == GBL_KC_MOE ? "MoE in other formats than 16 bits" : "formats without parameters of their own";
    return 0;
}

/* balanced 0, power_law_A: A. */
static int read_distribution(const char *text, gbl_krow *r)
{
    r->v[GBL_KM_SKEW] = 0;
    if (!strcmp(text, "balanced") || !strcmp(text, "uniform") || !*text) return 0;
    if (strncmp(text, "power_law_", 10)) return -1;
    return gbl_text_real(text + 10, strlen(text + 10), &r->v[GBL_KM_SKEW]);
}

static int read_word(const char *text, const column *what, gbl_krow *r, const char **why)
{
    double window = 0;
    switch (what->kind) {
    case DTYPE:
    case KV_DTYPE: return read_dtype(text, what->kind, r, why);
    case WINDOW:
        if (gbl_text_real(text, strlen(text), &window) || window < 0) return *text ? -1 : 0;
        if (window > 0) *why = "sliding windows";
        return 0;
    case OPERATION:
        if (strcmp(text, "all_reduce")) *why = "collectives other than all_reduce";
        return 0;
    case MODE:
        if (!strstr(text, "graph")) *why = "all-reduces outside a CUDA graph";
        return 0;
    default: return read_distribution(text, r);
    }
}

static const char *words_of(int kind)
{
    switch (kind) {
    case WINDOW: return "tokens of the window, 0 for none";
    case DISTRIBUTION: return "balanced or power_law_A with a number A";
    default: return "bfloat16, float16, fp8, or one of the formats that are left out (fp8_block, int8, int4_wo, nvfp4, ...)";
    }
}

/* One column's text; *range: what it may be when -1 comes back. */
static int take(const char *text, const column *what, gbl_krow *r, const char **why)
{
    if (what->kind != NUMBER) return read_word(text, what, r, why);
    double v;
    if (gbl_text_real(text, strlen(text), &v) || !(v >= what->low && v <= what->high) || v != floor(v)) return -1;
    r->v[what->to] = v;
    return 0;
}

static void start(gbl_krow *r, enum gbl_kclass k)
{
    memset(r, 0, sizeof *r);
    r->class = (uint8_t)k;
    for (const column *c = class[k].column; c->name; c++)
        if (c->kind == NUMBER && !c->needed) r->v[c->to] = c->dflt;
}

static void expect(const column *what, gbl_err *err)
{
    if (what->kind == NUMBER) gbl_expected(err, "a whole number from %g to %g", what->low, what->high);
    else gbl_expected(err, "%s", words_of(what->kind));
}

/* Heads that share KV heads unevenly, experts that do not divide: no such kernel. */
static const char *impossible(const gbl_krow *r)
{
    const double *v = r->v;
    if ((r->class == GBL_KC_PREFILL || r->class == GBL_KC_DECODE) && v[GBL_KA_KV_HEADS] > v[GBL_KA_HEADS]) return "more KV heads than heads";
    if (r->class == GBL_KC_MOE && v[GBL_KM_TOPK] > v[GBL_KM_EXPERTS]) return "topk above num_experts";
    if (r->class == GBL_KC_MOE && (v[GBL_KM_TP] > v[GBL_KM_INTER] || v[GBL_KM_EP] > v[GBL_KM_EXPERTS])) return "more GPUs than parts of the layer";
    return NULL;
}

int gbl_kcolumns_row(const gbl_kcolumns *c, const gbl_csv *csv, gbl_krow *r, const char **why, gbl_err *err)
{
    start(r, c->class);
    r->line = gbl_lines_number(csv->lines);
    for (int i = 0; class[c->class].column[i].name; i++) {
        const column *what = &class[c->class].column[i];
        if (c->at[i] < 0 || !take(csv->field[c->at[i]], what, r, why)) continue;
        gbl_csv_fail(csv, err, "column \"%s\" holds \"%.40s\"", what->name, csv->field[c->at[i]]);
        expect(what, err);
        return err->code;
    }
    const char *us = csv->field[c->time], *cannot = impossible(r);
    if (cannot) {
        gbl_csv_fail(csv, err, "a row that cannot be: %s", cannot);
        return gbl_expected(err, "the shape of a kernel that was run");
    }
    if (!gbl_text_real(us, strlen(us), &r->us) && r->us > 0 && r->us < 1e12) return 0;
    gbl_csv_fail(csv, err, "column \"latency_us\" holds \"%.40s\"", us);
    return gbl_expected(err, "a time above 0, in microseconds");
}

static int stored_column(const gbl_node *n, const column *what, gbl_krow *r, const char **why)
{
    const gbl_node *m = gbl_node_get(n, what->name);
    if (!m) return what->needed ? -1 : 0;
    return gbl_node_kind(m) == GBL_NUMBER || gbl_node_kind(m) == GBL_STRING ? take(gbl_node_text(m), what, r, why) : -1;
}

int gbl_kcolumns_stored(const char *store, int64_t id, const char *operation, const char *shape, double us, gbl_krow *r, const char **why, gbl_err *err)
{
    gbl_doc *doc = NULL;
    int k = 0;
    while (k < GBL_KC_N && strcmp(operation, class[k].name)) k++;
    if (k == GBL_KC_N) return -1;
    start(r, (enum gbl_kclass)k);
    r->line = id;
    r->us = us;
    const column *bad = NULL;
    int code = gbl_doc_parse(&doc, store, shape, strlen(shape), err);
    for (const column *c = class[k].column; !code && !bad && c->name; c++)
        if (stored_column(gbl_doc_root(doc), c, r, why)) bad = c;
    gbl_doc_free(doc);
    if (code) return code;
    if (!bad && !impossible(r) && us > 0 && us < 1e12) return 0;
    gbl_fail(err, GBL_EINPUT, "measurement %lld of %s has %s", (long long)id, operation, bad ? "a shape that cannot be read" : "a shape or time that cannot be");
    gbl_where(err, "%s: %.200s", store, shape);
    if (bad) expect(bad, err);
    return err->code;
}

char *gbl_krow_json(const gbl_krow *r, char *out, size_t size)
{
    size_t at = 0;
    out[0] = 0;
    for (const column *c = class[r->class].column; c->name && at < size; c++) {
        const char *comma = at ? ", " : "{";
        if (c->kind == NUMBER) at += (size_t)snprintf(out + at, size - at, "%s\"%s\": %.15g", comma, c->name, r->v[c->to]);
        else if (c->kind == DTYPE || c->kind == KV_DTYPE)
            at += (size_t)snprintf(out + at, size - at, "%s\"%s\": \"%s\"", comma, c->name, r->narrow ? "fp8" : "bfloat16");
        else if (c->kind == DISTRIBUTION && r->v[GBL_KM_SKEW] > 0)
            at += (size_t)snprintf(out + at, size - at, "%s\"%s\": \"power_law_%.15g\"", comma, c->name, r->v[GBL_KM_SKEW]);
    }
    if (at < size) snprintf(out + at, size - at, "}");
    return out;
}

/* ---- the model's time ---- */

static gbl_attn_shape attention_shape(const gbl_machine *g, const gbl_krow *r)
{
    double h = r->v[GBL_KA_HEADS], kvh = r->v[GBL_KA_KV_HEADS], d = r->v[GBL_KA_DIM];
    return (gbl_attn_shape){h, kvh, 4 * d, 4 * d, (r->narrow ? 2 : 4) * kvh * d, 4 * h * d, g->hw->flops[GBL_BF16], r->narrow};
}

static void prefill_time(const gbl_machine *g, const gbl_krow *r, gbl_kernel *k)
{
    gbl_attn_shape s = attention_shape(g, r);
    double n = r->v[GBL_KA_BATCH], c = r->v[GBL_KA_LEN], x = r->v[GBL_KA_PREFIX], br = g->cal->pre_rows, tiles = ceil(c / br);
    gbl_prefill_load l = {n * c, n * (x + c), n * tiles * br * (x + (c + br) / 2), n * tiles, n * (c * x + c * (c + 1) / 2), x + c, 0, 0};
    gbl_prefill(g, &s, &l, k);
}

static void decode_time(const gbl_machine *g, const gbl_krow *r, gbl_kernel *k)
{
    gbl_attn_shape s = attention_shape(g, r);
    gbl_decode_terms t;
    gbl_decode_prepare(g, &s, r->v[GBL_KA_BATCH], &t);
    gbl_decode(g, &s, &t, r->v[GBL_KA_BATCH] * r->v[GBL_KA_LEN], k);
}

static void gemm_time(const gbl_machine *g, const gbl_krow *r, gbl_kernel *k)
{
    double bytes = r->narrow ? 1 : 2;
    gbl_gemm_shape s = {r->v[GBL_KG_M], r->v[GBL_KG_N], r->v[GBL_KG_K], r->narrow ? GBL_FP8 : GBL_BF16, bytes, bytes, 2, 0, r->narrow};
    gbl_gemm(g, &s, k);
}

int gbl_krow_work(const gbl_machine *g, const gbl_krow *r, double *flops, double *bytes)
{
    gbl_kernel k;
    if (r->class == GBL_KC_GEMM) gemm_time(g, r, &k);
    else if (r->class == GBL_KC_PREFILL) prefill_time(g, r, &k);
    else if (r->class == GBL_KC_DECODE) decode_time(g, r, &k);
    else return -1;
    *flops = k.flops;
    *bytes = k.hbm_bytes;
    return 0;
}

double gbl_krow_time(const gbl_machine *g, const gbl_krow *r)
{
    const double *v = r->v;
    gbl_kernel k;
    double more = 0;
    switch (r->class) {
    case GBL_KC_GEMM: gemm_time(g, r, &k); break;
    case GBL_KC_PREFILL: prefill_time(g, r, &k); break;
    case GBL_KC_DECODE: decode_time(g, r, &k); break;
    case GBL_KC_MOE: {
        /* One rank of an expert-parallel group holds 1/ep of the experts and of each token's choices. */
        double ep = v[GBL_KM_EP];
        gbl_moe_shape s = {v[GBL_KM_EXPERTS] / ep, v[GBL_KM_TOPK] / ep, v[GBL_KM_HIDDEN], v[GBL_KM_INTER] / v[GBL_KM_TP], 3, GBL_BF16, 2, 2};
        gbl_moe(g, &s, v[GBL_KM_TOKENS], &k);
        more = g->cal->moe_t0;
        break;
    }
    case GBL_KC_STREAM: gbl_block_copy(g, v[GBL_KS_BYTES] / 2, 0, &k); break;
    case GBL_KC_HOST: {
        gbl_move m;
        gbl_host_copy(g, v[GBL_KH_BYTES], v[GBL_KH_PIECES], 1, &m);
        return m.time_s;
    }
    default: gbl_all_reduce(g, v[GBL_KR_BYTES], (int32_t)v[GBL_KR_GPUS], &k); break;
    }
    return k.time_s + more;
}
