/* cases.c - see cases.h. Needs come from models/; what a kernel does besides is written here once, beside its launch. */
#include "validate/probe/cases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "models/kernel_move.h"
#include "validate/probe/body_attention.h"
#include "validate/probe/body_gemm.h"
#include "validate/probe/body_layer.h"
#include "validate/probe/body_move.h"

enum { TABLE_BYTES = 4 };
static const gbl_hw unit_hw = {.hbm_bps = 1, .clock_hz = 1, .sms = 1, .flops = {1, 1, 1, 1, 1, 1, 1, 1}};
static const gbl_calib unit_cal = {.small_e_m = 1, .pre_rows = GBL_PREFILL_ROWS};
/* Bytes and FLOPs as the formulas give them to an engine; times of this machine mean nothing. */
static const gbl_machine counting = {&unit_hw, &unit_cal, 0, 0, 0};
static const gbl_machine necessary = {&unit_hw, &unit_cal, 1, 0, 0};

static double up(double x, double to)
{
    return ceil(x / to) * to;
}

static gbl_case_buffer *buffer(gbl_case *c, double bytes, enum gbl_fill fill)
{
    gbl_case_buffer *b = &c->buffer[c->n_buffers++];
    b->bytes = (size_t)bytes;
    b->fill = fill;
    return b;
}

static void written(gbl_case *c, double bytes)
{
    buffer(c, bytes, GBL_FILL_ZERO)->written = 1;
}

static void args(gbl_case *c, int n, const int64_t *v)
{
    c->n_args = n;
    for (int i = 0; i < n; i++) c->arg[i] = (int)v[i];
}

static void need(gbl_case *c, const gbl_kernel *k)
{
    c->flops = k->flops;
    c->bytes = k->hbm_bytes;
}

static int stream_groups(int64_t n)
{
    int64_t each = GBL_STREAM_WORDS * GBL_STREAM;
    return (int)((n + each - 1) / each);
}

/* ---- streams ---- */

static void plan_copy(gbl_case *c, int rows)
{
    double n = (double)c->v[0];
    gbl_kernel k;
    (void)rows;
    c->stream = 1;
    c->groups = stream_groups(c->v[0]);
    buffer(c, 4 * n, GBL_FILL_BYTES);
    written(c, 4 * n);
    args(c, 1, c->v);
    gbl_block_copy(&counting, 4 * n, 0, &k);
    need(c, &k);
    c->loads = c->stores = 4 * n;
}

static void plan_triad(gbl_case *c, int rows)
{
    double n = (double)c->v[0];
    (void)rows;
    c->stream = 1;
    c->groups = stream_groups(c->v[0]);
    buffer(c, 4 * n, GBL_FILL_F32);
    buffer(c, 4 * n, GBL_FILL_F32);
    written(c, 4 * n);
    args(c, 1, c->v);
    c->flops = 2 * n; /* STREAM's own count: no operator of models/ */
    c->bytes = 12 * n;
    c->fma = n;
    c->loads = 8 * n;
    c->stores = 4 * n;
}

/* ---- products ---- */

/* The tile of least work: its rows, and one more for reading a panel of weights. */
static int gemm_rows_for(int64_t m, int most)
{
    static const int rows[] = {1, 2, 4, 8, 12};
    int best = 1;
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && rows[i] <= most; i++) {
        int64_t work = (m + rows[i] - 1) / rows[i] * (rows[i] + 1);
        if (work >= least) continue;
        least = work;
        best = rows[i];
    }
    return best;
}

static void plan_gemm(gbl_case *c, int most)
{
    double m = (double)c->v[0], n = (double)c->v[1], k = (double)c->v[2];
    int rows = gemm_rows_for(c->v[0], most);
    double blocks = ceil(m / rows), panels = n / GBL_WIDTH;
    gbl_gemm_shape s = {m, n, k, GBL_BF16, 2, 2, 2, 0, 0, NULL};
    gbl_kernel need_of;
    snprintf(c->kernel, sizeof c->kernel, "gemm_%d", rows);
    c->groups = (int)(blocks * panels);
    buffer(c, 2 * m * k, GBL_FILL_BF16);
    buffer(c, 2 * n * k, GBL_FILL_BF16);
    written(c, 2 * m * n);
    args(c, 3, c->v);
    gbl_gemm(&necessary, &s, &need_of);
    need(c, &need_of);
    c->fma = blocks * rows * n * k;
    c->loads = 2 * blocks * n * k + 2 * panels * blocks * rows * k * 1.0;
    c->stores = 2 * m * n;
}

/* ---- attention ---- */

static double code_bytes(int format) /* of an element */
{
    return (format == GBL_KV_BF16 ? 2.0 : 1.0) / GBL_PACK(format);
}

/* Keys, values, and scales where there are codes: bytes of a token and KV head. */
static double token_bytes(int format, double d)
{
    return 2 * d * code_bytes(format) + (format == GBL_KV_BF16 ? 0 : 8);
}

static gbl_attn_shape attention_shape(double h, double g, double d, int format)
{
    return (gbl_attn_shape){h, g, 4 * d, 4 * d, g * token_bytes(format, d), 4 * h * d, 1, format != GBL_KV_BF16};
}

static void cache_buffers(gbl_case *c, double blocks, double g, double d, int format)
{
    enum gbl_fill fill = format == GBL_KV_BF16 ? GBL_FILL_BF16 : GBL_FILL_BYTES;
    for (int i = 0; i < 2; i++) buffer(c, blocks * g * GBL_WIDTH * d * code_bytes(format), fill);
}

static void plan_decode(gbl_case *c, int most)
{
    double b = (double)c->v[0], len = (double)c->v[1], h = (double)c->v[2], g = (double)c->v[3], d = (double)c->v[4];
    double held = up(len, GBL_WIDTH), blocks = b * held / GBL_WIDTH;
    int format = gbl_case_kv_format(c->format);
    static const char *const name[] = {"bf16", "int8", "fp8", "int4", "int2"};
    gbl_attn_shape s = attention_shape(h, g, d, format);
    gbl_decode_terms terms;
    gbl_kernel k;
    (void)most;
    snprintf(c->kernel, sizeof c->kernel, "decode_%s_%d", name[format], (int)(h / g));
    c->groups = (int)(b * g);
    buffer(c, b * h * d * 2, GBL_FILL_BF16);
    cache_buffers(c, blocks, g, d, format);
    for (int i = 0; i < 2; i++) buffer(c, format == GBL_KV_BF16 ? 4 : blocks * g * GBL_WIDTH * 4, GBL_FILL_SCALES);
    buffer(c, blocks * TABLE_BYTES, GBL_FILL_TABLE)->range = (int)blocks;
    written(c, b * h * d * 2);
    args(c, 3, (int64_t[]){c->v[1], c->v[3], c->v[4]});
    gbl_decode_prepare(&necessary, &s, b, &terms);
    gbl_decode(&necessary, &s, &terms, b * len, &k);
    need(c, &k);
    c->fma = 2 * d * h * b * held;
    c->aside = b * g * held * TABLE_BYTES; /* every lane reads the table's entry */
    c->loads = b * held * g * token_bytes(format, d) + b * h * d * 2 + c->aside;
    c->stores = b * h * d * 2;
}

/* Tiles' rows times the keys that each walks, over one head. */
static gbl_prefill_load load_of(double b, double chunk, double cached)
{
    double br = GBL_PREFILL_ROWS, tiles = ceil(chunk / br);
    return (gbl_prefill_load){b * chunk, b * (cached + chunk), b * tiles * br * (cached + (chunk + br) / 2), b * tiles,
                              b * (chunk * cached + chunk * (chunk + 1) / 2), cached + chunk, 0, 0};
}

static void plan_prefill(gbl_case *c, int most)
{
    double b = (double)c->v[0], chunk = (double)c->v[1], cached = (double)c->v[2], h = (double)c->v[3], g = (double)c->v[4], d = (double)c->v[5];
    double blocks = b * up(cached + chunk, GBL_WIDTH) / GBL_WIDTH, tiles = ceil(chunk / GBL_PREFILL_ROWS), walked = 0, worked = 0;
    gbl_attn_shape s = attention_shape(h, g, d, GBL_KV_BF16);
    gbl_prefill_load l = load_of(b, chunk, cached);
    gbl_kernel k;
    (void)most;
    c->groups = (int)(b * h * tiles);
    buffer(c, b * chunk * h * d * 2, GBL_FILL_BF16);
    cache_buffers(c, blocks, g, d, GBL_KV_BF16);
    buffer(c, blocks * TABLE_BYTES, GBL_FILL_TABLE)->range = (int)blocks;
    written(c, b * chunk * h * d * 2);
    args(c, 5, &c->v[1]);
    gbl_prefill(&necessary, &s, &l, &k);
    need(c, &k);
    for (double t = 0; t < tiles; t++) {
        double keys = fmin(up(cached + (t + 1) * GBL_PREFILL_ROWS, GBL_WIDTH), up(cached + chunk, GBL_WIDTH));
        walked += keys / GBL_WIDTH;
        worked += keys * fmin(up(chunk - t * GBL_PREFILL_ROWS, GBL_ATTEND_ROWS), GBL_PREFILL_ROWS);
    }
    c->fma = 2 * d * h * b * worked;
    c->tile_flops = h * s.flops_pair * l.tile_pairs;
    c->aside = h * b * walked * TABLE_BYTES * GBL_WIDTH; /* every lane reads the entry */
    c->loads = h * b * worked / GBL_ATTEND_ROWS * token_bytes(GBL_KV_BF16, d) + b * h * up(chunk, GBL_ATTEND_ROWS) * d * 2 + c->aside;
    c->stores = b * chunk * h * d * 2;
}

/* ---- compression ---- */

static void plan_code(gbl_case *c, int most, int narrow)
{
    double n = (double)c->v[0], d = (double)c->v[1], blocks = n / d / GBL_WIDTH;
    int format = gbl_case_kv_format(c->format);
    double code = code_bytes(format), scale = 4 / d;
    static const char *const name[] = {"", "int8", "fp8", "int4", "int2"};
    gbl_kernel k;
    (void)most;
    snprintf(c->kernel, sizeof c->kernel, "%s_%s", c->probe, name[format]);
    c->groups = (int)blocks;
    if (narrow) buffer(c, 2 * n, GBL_FILL_BF16);
    buffer(c, n * code, GBL_FILL_BYTES)->written = narrow;
    buffer(c, n * scale, GBL_FILL_SCALES)->written = narrow;
    if (!narrow) written(c, 2 * n);
    args(c, 1, &c->v[1]);
    gbl_requantise(&counting, n, narrow ? 2 : code + scale, narrow ? code + scale : 2, 1, &k);
    need(c, &k);
    c->loads = narrow ? 4 * n : n * (code + scale);
    c->stores = narrow ? n * (code + scale) : 2 * n;
}

static void plan_quantise(gbl_case *c, int most) { plan_code(c, most, 1); }
static void plan_dequantise(gbl_case *c, int most) { plan_code(c, most, 0); }

static void plan_scores(gbl_case *c, int most)
{
    double n = (double)(c->v[0] * c->v[1]);
    (void)most;
    snprintf(c->kernel, sizeof c->kernel, "score");
    c->stream = 1;
    c->groups = stream_groups(c->v[0] * c->v[1]);
    buffer(c, 4 * n, GBL_FILL_F32);
    buffer(c, 4 * n, GBL_FILL_F32)->written = 1;
    written(c, 4.0 * c->groups);
    args(c, 1, (int64_t[]){c->v[0] * c->v[1]});
    c->bytes = gbl_score_bytes(n);
    c->loads = 8 * n;
    c->aside = 4.0 * c->groups;
    c->stores = 4 * n + c->aside;
}

static void plan_top_k(gbl_case *c, int most)
{
    double rows = (double)c->v[0], n = (double)c->v[1], chosen = (double)c->v[2];
    gbl_kernel k;
    (void)most;
    snprintf(c->kernel, sizeof c->kernel, "select");
    c->stream = 1;
    c->groups = (int)c->v[0];
    buffer(c, 2 * rows * n, GBL_FILL_BYTES);
    written(c, 4 * rows * chosen);
    args(c, 2, &c->v[1]);
    gbl_select(&counting, rows, n, chosen, 2, &k);
    need(c, &k);
    c->loads = 3 * 2 * rows * n;
    c->stores = 4 * rows * chosen;
}

static void plan_gather(gbl_case *c, int most)
{
    double rows = (double)c->v[0], kept = (double)c->v[1], width = (double)c->v[2];
    gbl_kernel k;
    (void)most;
    c->stream = 1;
    c->groups = (int)c->v[1];
    buffer(c, rows * width, GBL_FILL_BYTES);
    buffer(c, 4 * kept, GBL_FILL_INDEX)->range = (int)c->v[0];
    written(c, kept * width);
    args(c, 1, (int64_t[]){c->v[2] / 4});
    gbl_gather_rows(&counting, kept, width, &k);
    need(c, &k);
    c->loads = kept * (width + 4);
    c->stores = kept * width;
}

/* One sequence of `rows` rows, in as many heads as fill the machine: rows are counted over all of them. */
enum { COMPACT_ROWS = 1024 };
static void plan_compact(gbl_case *c, int most)
{
    double rows = (double)c->v[0], kept = (double)c->v[1], width = (double)c->v[2];
    int64_t each = c->v[0] < COMPACT_ROWS ? c->v[0] : COMPACT_ROWS;
    gbl_kernel k;
    (void)most;
    c->stream = 1;
    c->groups = (int)(c->v[0] / each);
    buffer(c, rows * width, GBL_FILL_BYTES)->written = 1;
    gbl_case_buffer *mask = buffer(c, rows, GBL_FILL_MASK);
    mask->range = (int)(c->v[1] / (c->v[0] / each));
    mask->of = (int)each;
    args(c, 2, (int64_t[]){each, c->v[2] / 4});
    gbl_compact_rows(&counting, rows, kept, width, &k);
    need(c, &k);
    c->loads = rows + kept * width;
    c->stores = kept * width;
}

static void plan_merge(gbl_case *c, int most)
{
    double pairs = (double)c->v[0], width = (double)c->v[1];
    (void)most;
    c->groups = (int)c->v[0];
    buffer(c, pairs * width, GBL_FILL_BF16)->written = 1;
    buffer(c, pairs * width, GBL_FILL_BF16);
    args(c, 1, (int64_t[]){c->v[1] / 2});
    c->bytes = gbl_merge_bytes(pairs, width);
    c->flops = gbl_merge_flops(pairs, width / 2);
    c->fma = 4 * pairs * width / 2;
    c->loads = 2 * pairs * width;
    c->stores = pairs * width;
}

/* ---- between products ---- */

static void plan_norm(gbl_case *c, int most)
{
    double tokens = (double)c->v[0], hidden = (double)c->v[1];
    (void)most;
    c->stream = 1;
    c->groups = (int)c->v[0];
    buffer(c, 2 * tokens * hidden, GBL_FILL_BF16);
    buffer(c, 2 * tokens * hidden, GBL_FILL_BF16)->written = 1;
    buffer(c, 2 * hidden, GBL_FILL_BF16);
    written(c, 2 * tokens * hidden);
    args(c, 1, &c->v[1]);
    c->bytes = gbl_small_bytes(tokens, hidden / 2, 0, 0, 0); /* of two norms, one */
    c->aside = 2 * tokens * hidden;
    c->loads = 4 * tokens * hidden + c->aside;
    c->stores = 4 * tokens * hidden;
}

static void plan_rope(gbl_case *c, int most)
{
    double tokens = (double)(c->v[0] * c->v[1]), h = (double)c->v[3], g = (double)c->v[4], d = (double)c->v[5];
    double blocks = (double)c->v[0] * up((double)(c->v[1] + c->v[2]), GBL_WIDTH) / GBL_WIDTH;
    (void)most;
    c->stream = 1;
    c->groups = (int)(tokens * (h + 2 * g));
    buffer(c, 2 * tokens * (h + 2 * g) * d, GBL_FILL_BF16);
    buffer(c, 4 * d * (double)(c->v[1] + c->v[2]), GBL_FILL_TURN)->range = (int)d;
    buffer(c, blocks * TABLE_BYTES, GBL_FILL_TABLE)->range = (int)blocks;
    written(c, 2 * tokens * h * d);
    for (int i = 0; i < 2; i++) written(c, 2 * blocks * GBL_WIDTH * g * d);
    args(c, 5, &c->v[1]);
    c->bytes = gbl_small_bytes(tokens, 0, h + 2 * g, d, 0);
    c->aside = 4 * tokens * (h + g) * d + tokens * 2 * g * TABLE_BYTES * GBL_STREAM_GPU; /* angles, and the table by every lane of a GPU */
    c->loads = 2 * tokens * (h + 2 * g) * d + c->aside;
    c->stores = 2 * tokens * (h + 2 * g) * d;
}

static void plan_activate(gbl_case *c, int most)
{
    double tokens = (double)c->v[0], ffn = (double)c->v[1];
    (void)most;
    c->stream = 1;
    c->groups = (int)c->v[0];
    buffer(c, 4 * tokens * ffn, GBL_FILL_BF16);
    written(c, 2 * tokens * ffn);
    args(c, 1, &c->v[1]);
    c->bytes = gbl_small_bytes(tokens, 0, 0, 0, ffn);
    c->loads = 4 * tokens * ffn;
    c->stores = 2 * tokens * ffn;
}

static const gbl_probe_kind kinds[] = {
    {"copy", {"elements"}, "32-bit words from one array to another", 1, plan_copy},
    {"triad", {"elements"}, "STREAM's a + 3 b", 1, plan_triad},
    {"gemm", {"m", "n", "k"}, "bf16 product, fp32 sums, packed weights", 1, plan_gemm},
    {"prefill", {"batch_size", "isl", "prefix_len", "num_heads", "num_kv_heads", "head_dim"}, "causal attention of prompts", 1, plan_prefill},
    {"decode", {"batch_size", "kv_len", "num_heads", "num_kv_heads", "head_dim"}, "paged attention of single queries", 1, plan_decode},
    {"quantise", {"elements", "group"}, "KV to codes with a scale a token", 0, plan_quantise},
    {"dequantise", {"elements", "group"}, "codes to bf16", 0, plan_dequantise},
    {"scores", {"rows", "keys"}, "scores added up, the least found", 0, plan_scores},
    {"top_k", {"rows", "keys", "k"}, "radix selection of 16-bit keys", 0, plan_top_k},
    {"gather", {"rows", "kept", "row_bytes"}, "rows by index", 0, plan_gather},
    {"compact", {"rows", "kept", "row_bytes"}, "kept rows to the front, in place", 0, plan_compact},
    {"merge", {"pairs", "row_bytes"}, "pairs of rows into one", 0, plan_merge},
    {"norm", {"tokens", "hidden"}, "residual and RMS norm", 0, plan_norm},
    {"rope", {"batch_size", "isl", "prefix_len", "num_heads", "num_kv_heads", "head_dim"}, "turns queries and keys, writes the cache", 0, plan_rope},
    {"activate", {"tokens", "ffn"}, "gated activation", 0, plan_activate},
    {NULL, {NULL}, NULL, 0, NULL},
};

const gbl_probe_kind *gbl_probe_kinds(void)
{
    return kinds;
}

gbl_launch gbl_case_launch(const gbl_case *c)
{
    gbl_launch l = {"", c->groups, c->stream, c->n_buffers, c->n_args, {NULL}, {0}};
    memcpy(l.kernel, c->kernel, sizeof l.kernel);
    memcpy(l.arg, c->arg, sizeof l.arg);
    return l;
}

int gbl_case_kv_format(const char *format)
{
    static const char *const name[] = {"bf16", "int8", "fp8_e4m3", "int4", "int2"};
    for (int i = 0; i < GBL_KV_CODES; i++)
        if (!strcmp(format, name[i])) return i;
    return -1;
}

/* ---- shapes that kernels have ---- */

static const char *impossible(const gbl_case *c)
{
    const int64_t *v = c->v;
    int heads = !strcmp(c->probe, "decode") ? 2 : !strcmp(c->probe, "prefill") || !strcmp(c->probe, "rope") ? 3 : -1;
    for (int i = 0; i < GBL_DIMS_MOST; i++)
        if (v[i] < 0 || v[i] > 1 << 30) return "a dimension below 0 or above 2^30";
    if (!strcmp(c->probe, "gemm") && (v[1] % GBL_WIDTH || v[2] % GBL_GEMM_DEPTH || v[0] < 1)) return "n in 32s, k in 64s";
    if (heads >= 0 && (v[heads + 1] < 1 || v[heads] % v[heads + 1] || v[heads + 2] < GBL_WIDTH || v[heads + 2] > GBL_DIM_MOST || v[heads + 2] % GBL_WIDTH))
        return "KV heads that divide the heads, a head of 32 to 128 elements in 32s";
    if (!strcmp(c->probe, "decode") && v[2] / v[3] != 1 && v[2] / v[3] != 4 && v[2] / v[3] != 8) return "1, 4 or 8 heads a KV head";
    if (strstr(c->probe, "quantise") && (v[1] < GBL_WIDTH || v[1] > GBL_DIM_MOST || v[1] % 4 || v[0] % (v[1] * GBL_WIDTH))) return "whole blocks of 32 rows of `group` elements";
    if (!strcmp(c->probe, "top_k") && v[2] > v[1]) return "no more chosen than there are";
    if ((!strcmp(c->probe, "gather") || !strcmp(c->probe, "compact")) && (v[2] % 4 || v[1] > v[0])) return "rows of whole words, no more kept than there are";
    if (!strcmp(c->probe, "compact") && v[0] > COMPACT_ROWS && (v[0] % COMPACT_ROWS || v[1] % (v[0] / COMPACT_ROWS))) return "whole sequences of 1024 rows, equally many kept of each";
    if (!strcmp(c->probe, "merge") && (v[1] % (2 * GBL_WIDTH) || v[1] > 2 * GBL_DIM_MOST)) return "rows of 32 to 128 bf16 elements in 32s";
    if (!strcmp(c->probe, "norm") && v[1] > GBL_HIDDEN_MOST) return "at most 5120 hidden elements";
    return NULL;
}

int gbl_case_plan(gbl_case *c, const char *probe, const char *format, const int64_t *v, int gemm_rows, gbl_err *err)
{
    const gbl_probe_kind *k = kinds;
    memset(c, 0, sizeof *c);
    while (k->name && strcmp(k->name, probe)) k++;
    if (!k->name) return gbl_fail(err, GBL_EINPUT, "there is no probe \"%.40s\"", probe);
    c->probe = k->name;
    c->format = format;
    for (int i = 0; i < GBL_DIMS_MOST && k->dim[i]; i++) c->v[i] = v[i];
    if (strstr(probe, "quantise") && gbl_case_kv_format(format) < 1) return gbl_fail(err, GBL_EINPUT, "no codes are called \"%.40s\"", format);
    if (!strcmp(probe, "decode") && gbl_case_kv_format(format) < 0) return gbl_fail(err, GBL_EINPUT, "no KV format is called \"%.40s\"", format);
    const char *bad = impossible(c);
    if (bad) {
        gbl_fail(err, GBL_EINPUT, "no kernel of %s has this shape", probe);
        return gbl_expected(err, "%s", bad);
    }
    snprintf(c->kernel, sizeof c->kernel, "%s", k->name);
    k->plan(c, gemm_rows);
    return 0;
}
