/* kernels_table.c - see kernels_table.h. */
#include "validate/kernels_table.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/term.h"
#include "reports/measurements.h"

/* The tables that are known: whose they are, and the GPU they were taken on. */
static const struct { const char *hardware, *file, *where; } tables[] = {
    {"a100-80-sxm", "a100_sxm_gemm.csv.gz", NULL},     {"a100-80-sxm", "a100_sxm_ctx_attn.csv.gz", NULL},
    {"a100-80-sxm", "a100_sxm_gen_attn.csv.gz", NULL}, {"a100-80-sxm", "a100_sxm_moe.csv.gz", NULL},
    {"a100-80-sxm", "collectives_a100_h100.csv.gz", "system=a100_sxm"},
    {"h100-sxm", "h100_sxm_gemm.csv.gz", NULL},        {"h100-sxm", "h100_sxm_ctx_attn.csv.gz", NULL},
    {"h100-sxm", "h100_sxm_gen_attn.csv.gz", NULL},    {"h100-sxm", "h100_sxm_moe.csv.gz", NULL},
    {"h100-sxm", "collectives_a100_h100.csv.gz", "system=h100_sxm"},
};
static const char source[] = "aiconfigurator 095f58a";

typedef struct region {
    const char *operation, *name;
    int class, narrow; /* narrow: 0, 1 */
    int (*in)(const gbl_krow *r, double us);
} region;

static int any(const gbl_krow *r, double us) { return r && us > 0; }
static int g1(const gbl_krow *r, double us) { return us > 0 && r->v[GBL_KG_M] <= 32; }
static int g2(const gbl_krow *r, double us) { return us > 0 && r->v[GBL_KG_M] > 32 && r->v[GBL_KG_M] <= 256; }
static int g3(const gbl_krow *r, double us) { return us > 0 && r->v[GBL_KG_M] > 256 && r->v[GBL_KG_M] <= 1024; }
static int g4(const gbl_krow *r, double us) { return us > 0 && r->v[GBL_KG_M] > 1024; }
static int g5(const gbl_krow *r, double us) { return us >= 20 && r->v[GBL_KG_N] >= 1024 && r->v[GBL_KG_K] >= 1024; }
static int head128(const gbl_krow *r) { return fabs(r->v[GBL_KA_DIM] - 128) < 0.5; }
static int p1(const gbl_krow *r, double us) { return us > 0 && head128(r) && r->v[GBL_KA_LEN] < 128; }
static int p2(const gbl_krow *r, double us) { return us > 0 && head128(r) && r->v[GBL_KA_LEN] >= 128 && r->v[GBL_KA_LEN] < 1024; }
static int p3(const gbl_krow *r, double us) { return us > 0 && head128(r) && r->v[GBL_KA_LEN] >= 1024 && r->v[GBL_KA_LEN] <= 4096; }
static int p4(const gbl_krow *r, double us) { return us > 0 && head128(r) && r->v[GBL_KA_LEN] > 4096; }
static int p5(const gbl_krow *r, double us) { return us > 0 && head128(r) && r->v[GBL_KA_LEN] >= 128; }
static int other_head(const gbl_krow *r, double us) { return us > 0 && !head128(r); }
static double kv_bytes(const gbl_krow *r) { return r->v[GBL_KA_BATCH] * r->v[GBL_KA_LEN] * r->v[GBL_KA_KV_HEADS] * r->v[GBL_KA_DIM] * (r->narrow ? 2 : 4); }
static int d1(const gbl_krow *r, double us) { return us > 0 && head128(r) && kv_bytes(r) < 2e6; }
static int d2(const gbl_krow *r, double us) { return us > 0 && head128(r) && kv_bytes(r) >= 2e6 && kv_bytes(r) < 500e6; }
static int d3(const gbl_krow *r, double us) { return us > 0 && head128(r) && kv_bytes(r) >= 500e6; }
static int d4(const gbl_krow *r, double us) { return us > 0 && head128(r) && kv_bytes(r) >= 2e6; }
static int one_gpu(const gbl_krow *r) { return r->v[GBL_KM_EP] < 1.5; }
static int m1(const gbl_krow *r, double us) { return us > 0 && one_gpu(r) && r->v[GBL_KM_TOKENS] <= 32; }
static int m2(const gbl_krow *r, double us) { return us > 0 && one_gpu(r) && r->v[GBL_KM_TOKENS] > 32 && r->v[GBL_KM_TOKENS] <= 1024; }
static int m3(const gbl_krow *r, double us) { return us > 0 && one_gpu(r) && r->v[GBL_KM_TOKENS] > 1024; }
static int m4(const gbl_krow *r, double us) { return us > 0 && one_gpu(r); }
static int m5(const gbl_krow *r, double us) { return us > 0 && !one_gpu(r); }
static int r1(const gbl_krow *r, double us) { return us > 0 && r->v[GBL_KR_BYTES] < 65536; }
static int r2(const gbl_krow *r, double us) { return us > 0 && r->v[GBL_KR_BYTES] >= 65536 && r->v[GBL_KR_BYTES] < 8e6; }
static int r3(const gbl_krow *r, double us) { return us > 0 && r->v[GBL_KR_BYTES] >= 8e6; }

#define GEMM(name, narrow)                                                                                             \
    {name, "all", GBL_KC_GEMM, narrow, any}, {name, "m <= 32", GBL_KC_GEMM, narrow, g1}, {name, "m 33..256", GBL_KC_GEMM, narrow, g2}, \
        {name, "m 257..1024", GBL_KC_GEMM, narrow, g3}, {name, "m > 1024", GBL_KC_GEMM, narrow, g4}, {name, "n, k >= 1024 and t >= 20 us", GBL_KC_GEMM, narrow, g5}
static const region regions[] = {
    GEMM("gemm bf16", 0),
    GEMM("gemm fp8", 1),
    {"prefill bf16", "heads of 128, chunk >= 128", GBL_KC_PREFILL, 0, p5},
    {"prefill bf16", "chunk < 128", GBL_KC_PREFILL, 0, p1},
    {"prefill bf16", "128..1023", GBL_KC_PREFILL, 0, p2},
    {"prefill bf16", "1024..4096", GBL_KC_PREFILL, 0, p3},
    {"prefill bf16", "> 4096", GBL_KC_PREFILL, 0, p4},
    {"prefill bf16", "other head sizes", GBL_KC_PREFILL, 0, other_head},
    {"prefill fp8", "heads of 128, chunk >= 128", GBL_KC_PREFILL, 1, p5},
    {"prefill fp8", "other head sizes", GBL_KC_PREFILL, 1, other_head},
    {"decode bf16", "heads of 128, KV > 2 L2", GBL_KC_DECODE, 0, d4},
    {"decode bf16", "KV < 2 MB", GBL_KC_DECODE, 0, d1},
    {"decode bf16", "2 L2 .. 500 MB", GBL_KC_DECODE, 0, d2},
    {"decode bf16", "> 500 MB", GBL_KC_DECODE, 0, d3},
    {"decode bf16", "other head sizes", GBL_KC_DECODE, 0, other_head},
    {"decode fp8", "heads of 128, KV > 2 L2", GBL_KC_DECODE, 1, d4},
    {"decode fp8", "other head sizes", GBL_KC_DECODE, 1, other_head},
    {"moe bf16", "experts on one GPU", GBL_KC_MOE, 0, m4},
    {"moe bf16", "tokens <= 32", GBL_KC_MOE, 0, m1},
    {"moe bf16", "tokens 33..1024", GBL_KC_MOE, 0, m2},
    {"moe bf16", "tokens > 1024", GBL_KC_MOE, 0, m3},
    {"moe bf16", "expert parallel", GBL_KC_MOE, 0, m5},
    {"all_reduce", "all", GBL_KC_REDUCE, 0, any},
    {"all_reduce", "< 64 KiB", GBL_KC_REDUCE, 0, r1},
    {"all_reduce", "64 KiB .. 8 MB", GBL_KC_REDUCE, 0, r2},
    {"all_reduce", "> 8 MB", GBL_KC_REDUCE, 0, r3},
};

int gbl_kernel_scores_init(gbl_kernel_scores *s, gbl_err *err)
{
    memset(s, 0, sizeof *s);
    s->arena = gbl_arena_new();
    return s->arena ? 0 : gbl_nomem(err, sizeof *s);
}

void gbl_kernel_scores_fini(gbl_kernel_scores *s)
{
    if (s->keep) gbl_measurements_close(s->keep, 0, NULL);
    gbl_free(s->row);
    gbl_free(s->skipped);
    gbl_arena_free(s->arena);
}

/* ---- one table ---- */

typedef struct scored {
    const gbl_hw *hw;
    const gbl_krows *rows;
    double *ratio;    /* model/measured - 1 of each row */
    uint8_t *covered; /* within the card's 95 % interval */
    double *pick;
    uint8_t *picked;
} scored;

static const gbl_spread_group *group_of(const gbl_hw *hw, const gbl_krow *r)
{
    const char *name = r->class == GBL_KC_GEMM ? (r->narrow ? "gemm_fp8" : "gemm") : r->class == GBL_KC_PREFILL ? "prefill" : r->class == GBL_KC_DECODE ? "decode" : r->class == GBL_KC_MOE ? "moe" : hw->nvlink_bps > 0 ? "all_reduce" : "pcie_all_reduce";
    for (int i = 0; i < GBL_CALIB_GROUPS && hw->spread->group[i].name; i++)
        if (!strcmp(hw->spread->group[i].name, name)) return &hw->spread->group[i];
    return NULL;
}

static void score_row(const scored *s, size_t i)
{
    gbl_machine g = {s->hw, s->hw->eff, 0, 0, 1};
    const gbl_krow *r = &s->rows->row[i];
    const gbl_spread_group *of = group_of(s->hw, r);
    double t = gbl_krow_time(&g, r) * 1e6, transfer = s->hw->spread->transfer;
    double variance = of ? gbl_spread_variance(&g, of, r) + of->scatter * of->scatter + transfer * transfer : 0;
    s->ratio[i] = t / r->us - 1;
    s->covered[i] = fabs(log(t / r->us)) <= 1.96 * sqrt(variance);
}

static void pick(const scored *s, const region *w, int held_only, gbl_fit_error *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s->rows->n; i++) {
        const gbl_krow *r = &s->rows->row[i];
        if (r->class != w->class || r->narrow != w->narrow || (held_only && !r->held) || !w->in(r, r->us)) continue;
        s->pick[n] = s->ratio[i];
        s->picked[n++] = s->covered[i];
    }
    gbl_fit_error_of(out, s->pick, s->picked, n);
}

static int add_regions(gbl_kernel_scores *k, const scored *s, gbl_err *err)
{
    const char *name = gbl_arena_text(k->arena, s->hw->name), *calibration = gbl_arena_text(k->arena, s->hw->calibration);
    if (!name || !calibration) return gbl_nomem(err, 0);
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
        gbl_kernel_score w = {name, calibration, regions[i].operation, regions[i].name, source, {0}, {0}};
        pick(s, &regions[i], 0, &w.all);
        pick(s, &regions[i], 1, &w.held);
        if (!w.all.n) continue;
        if (gbl_grow(&k->row, &k->room, k->n + 1, sizeof *k->row)) return gbl_nomem(err, k->n * sizeof *k->row);
        k->row[k->n++] = w;
    }
    return 0;
}

static int keep_rows(gbl_kernel_scores *k, const scored *s, gbl_err *err)
{
    char shape[512];
    for (size_t i = 0; i < s->rows->n; i++) {
        const gbl_krow *r = &s->rows->row[i];
        gbl_measurement m = {s->hw->name, gbl_kclass_name((enum gbl_kclass)r->class), gbl_krow_json(r, shape, sizeof shape), "latency_us", source, r->us, r->us * (1 + s->ratio[i])};
        if (gbl_measurements_add(k->keep, &m, err)) return err->code;
        k->kept++;
    }
    return 0;
}

static int score(gbl_kernel_scores *k, const gbl_hw *hw, const gbl_krows *rows, gbl_err *err)
{
    size_t n = rows->n + 1;
    scored s = {hw, rows, gbl_alloc(n, sizeof(double)), gbl_alloc(n, 1), gbl_alloc(n, sizeof(double)), gbl_alloc(n, 1)};
    int code = s.ratio && s.covered && s.pick && s.picked ? 0 : gbl_nomem(err, n * sizeof(double));
    for (size_t i = 0; !code && i < rows->n; i++) {
        if (k->stop && *k->stop) code = gbl_fail(err, *k->stop == 15 ? GBL_ETERM : GBL_EINTERRUPT, "interrupted");
        else score_row(&s, i);
    }
    if (!code) code = add_regions(k, &s, err);
    if (!code && k->keep) code = keep_rows(k, &s, err);
    gbl_free(s.picked);
    gbl_free(s.pick);
    gbl_free(s.covered);
    gbl_free(s.ratio);
    return code;
}

static int skip(gbl_kernel_scores *k, const char *path, gbl_err *err)
{
    const char *text = gbl_arena_text(k->arena, path);
    if (!text || gbl_grow(&k->skipped, &k->skipped_room, k->n_skipped + 1, sizeof *k->skipped)) return gbl_nomem(err, 0);
    k->skipped[k->n_skipped++] = text;
    return 0;
}

static int table(gbl_kernel_scores *k, size_t i, const char *data, gbl_err *err)
{
    gbl_hw hw;
    gbl_krows rows;
    const char *path = gbl_arena_printf(k->arena, "%s/kernels/%s", data, tables[i].file), *where = tables[i].where;
    if (!path) return gbl_nomem(err, 0);
    if (access(path, R_OK)) return skip(k, path, err);
    if (gbl_hw_load(&hw, tables[i].hardware, "", k->arena, err) || gbl_krows_init(&rows, err)) return err->code;
    rows.where = &where;
    rows.n_where = where ? 1 : 0;
    rows.all = 1;
    int code = gbl_krows_read(&rows, path, &hw, err);
    if (!code) code = gbl_krows_ready(&rows, err);
    if (!code) code = score(k, &hw, &rows, err);
    gbl_krows_fini(&rows);
    return code;
}

int gbl_kernel_validate(gbl_kernel_scores *k, const char *data, const char *db, gbl_err *err)
{
    int code = db ? gbl_measurements_open(&k->keep, db, err) : 0;
    for (size_t i = 0; !code && i < sizeof tables / sizeof *tables; i++) code = table(k, i, data, err);
    if (!code && k->keep) {
        gbl_measurements *m = k->keep;
        k->keep = NULL;
        code = gbl_measurements_close(m, 1, err);
    }
    return code;
}

/* ---- output ---- */

static void cells(gbl_table *t, const gbl_fit_error *e)
{
    gbl_table_cell(t, "%lld", (long long)e->n);
    if (!e->n) {
        for (int i = 0; i < 4; i++) gbl_table_cell(t, "-");
        return;
    }
    gbl_table_cell(t, "%.1f", e->median);
    gbl_table_cell(t, "%.1f", e->p90);
    gbl_table_cell(t, "%+.1f", fabs(e->bias) < 0.05 ? 0.0 : e->bias);
    gbl_table_cell(t, "%.0f", e->covered);
}

int gbl_kernel_print(const gbl_kernel_scores *s, FILE *to)
{
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return -1;
    for (size_t i = 0; i < s->n_skipped; i++) fprintf(to, "skipped: %s is not there\n", s->skipped[i]);
    gbl_table_columns(t, "GPU", "operator", "region", ">rows", ">median %", ">p90 %", ">bias %", ">in 95 %", ">hold-out", ">median %", ">p90 %", ">bias %", ">in 95 %", (const char *)NULL);
    for (size_t i = 0; i < s->n; i++) {
        const gbl_kernel_score *w = &s->row[i];
        if (i && (strcmp(w->operation, s->row[i - 1].operation) || strcmp(w->hardware, s->row[i - 1].hardware))) gbl_table_rule(t);
        gbl_table_cell(t, "%s", w->hardware);
        gbl_table_cell(t, "%s", w->operation);
        gbl_table_cell(t, "%s", w->region);
        cells(t, &w->all);
        cells(t, &w->held);
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    return 0;
}

void gbl_kernel_json(const gbl_kernel_scores *s, gbl_json *j)
{
    gbl_json_arr(j, "skipped");
    for (size_t i = 0; i < s->n_skipped; i++) gbl_json_str(j, NULL, s->skipped[i]);
    gbl_json_end(j);
    gbl_json_arr(j, "kernels");
    for (size_t i = 0; i < s->n; i++) {
        const gbl_kernel_score *w = &s->row[i];
        gbl_json_obj(j, NULL);
        gbl_json_str(j, "hardware", w->hardware);
        gbl_json_str(j, "calibration", w->calibration);
        gbl_json_str(j, "operation", w->operation);
        gbl_json_str(j, "region", w->region);
        gbl_json_str(j, "source", w->source);
        gbl_fit_error_json("all", &w->all, j);
        gbl_fit_error_json("hold_out", &w->held, j);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}
