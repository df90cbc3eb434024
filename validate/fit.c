/* fit.c - stages of a calibration; see fit.h. */
#include "validate/fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantile.h"
#include "base/text.h"

enum { COLUMNS = GBL_FITTING_PARAMETERS };
static const double custom_most = 8e6; /* bytes: another all-reduce kernel from here on */

static const double hold_out_most = 30; /* median error in percent; the shipped cards' worst is 22 */
static const double peak_most = 1.2;    /* of a data sheet's peak: the upper bound of every efficiency */
static const double peak_rows = 0.01;   /* share of rows above it that are taken for slips */

typedef struct stage_def {
    const char *group, *what;
    int (*bears)(const gbl_krow *r, const gbl_hw *hw, double main_dim);
    const char *key[COLUMNS];
    double start[GBL_FITTING_STARTS][COLUMNS]; /* whatever the card says: round numbers near a quick GPU and a slow one, by judgement */
} stage_def;

static int is_gemm(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)hw, (void)d;
    return r->class == GBL_KC_GEMM && !r->narrow;
}
static int is_gemm8(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)hw, (void)d;
    return r->class == GBL_KC_GEMM && r->narrow;
}
static int is_decode(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)hw;
    return r->class == GBL_KC_DECODE && !r->narrow && fabs(r->v[GBL_KA_DIM] - d) < 0.5;
}
static int is_decode8(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)hw;
    return r->class == GBL_KC_DECODE && r->narrow && fabs(r->v[GBL_KA_DIM] - d) < 0.5;
}
static int is_prefill(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)hw;
    return r->class == GBL_KC_PREFILL && !r->narrow && fabs(r->v[GBL_KA_DIM] - d) < 0.5;
}
static int is_prefill_dim(const gbl_krow *r, const gbl_hw *hw, double d)
{
    return r->class == GBL_KC_PREFILL && !r->narrow && !is_prefill(r, hw, d) && r->v[GBL_KA_DIM] <= 256;
}
static int is_prefill8(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)hw;
    return r->class == GBL_KC_PREFILL && r->narrow && fabs(r->v[GBL_KA_DIM] - d) < 0.5;
}
static int is_moe(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)hw, (void)d;
    return r->class == GBL_KC_MOE;
}
static int is_reduce(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)d;
    return r->class == GBL_KC_REDUCE && hw->nvlink_bps > 0 && r->v[GBL_KR_BYTES] < custom_most;
}
static int is_reduce_big(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)d;
    return r->class == GBL_KC_REDUCE && hw->nvlink_bps > 0 && r->v[GBL_KR_BYTES] >= custom_most;
}
static int is_reduce_pcie(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)d;
    return r->class == GBL_KC_REDUCE && hw->nvlink_bps <= 0;
}

static int is_stream(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)hw, (void)d;
    return r->class == GBL_KC_STREAM;
}
static int is_host(const gbl_krow *r, const gbl_hw *hw, double d)
{
    (void)hw, (void)d;
    return r->class == GBL_KC_HOST;
}

/* In this order: later stages hold what earlier ones found. Decodes of many heads a KV head are bound by prefill's e_c. */
static const stage_def stages[] = {
    {"gemm", "16 bits", is_gemm, {"t0_us", "e_c", "e_m", "l2_B_clock_sm", "t_w_us", "q", "p"}, {{3, 0.8, 0.85, 60, 1, 0.5, 4}, {6, 0.5, 0.6, 200, 4, 0.9, 2}}},
    {"gemm_fp8", "fp8", is_gemm8, {"t0_us", "e_c", "e_m", "l2_B_clock_sm", "t_w_us", "q", "p", "quant_passes", "dispatch_us_per_M", "odd_rows_GB_s"}, {{3, 0.7, 0.85, 60, 1, 0.5, 4, 2, 20, 200}, {6, 0.4, 0.6, 200, 4, 0.9, 2, 1, 5, 50}}},
    {"prefill", "16-bit KV", is_prefill, {"t0_us", "e_c", "e_m", "q", "kv_B_element", "t_w_us", "droop"}, {{8, 0.7, 0.7, 0.5, 2, 1, 0.1}, {15, 0.4, 0.4, 0.9, 6, 4, 0}}},
    {"decode", "16-bit KV", is_decode, {"t0_us", "t_cta_us", "e_m", "g", "p", "combine_us", "transpose_us"}, {{8, 2, 0.85, 3, 4, 2, 2}, {4, 6, 0.6, 1.5, 2, 4, 4}}},
    {"decode", "8-bit KV", is_decode8, {"fp8_t0_us", "fp8_e_m"}, {{8, 0.8}, {4, 0.5}}},
    {"prefill", "other head sizes", is_prefill_dim, {"softmax"}, {{0.3}, {1}}},
    {"prefill", "8-bit KV", is_prefill8, {"fp8_e_c"}, {{0.7}, {0.4}}},
    {"moe", "16 bits", is_moe, {"e_c", "e_m", "activation_passes", "p", "routing_us"}, {{0.6, 0.8, 2, 3, 20}, {0.3, 0.5, 6, 2, 50}}},
    {"all_reduce", "below 8 MB", is_reduce, {"a0_us", "a1_us", "e1", "a2_us", "e2"}, {{5, 1, 0.5, 5, 0.8}, {10, 3, 0.3, 10, 0.5}}},
    {"all_reduce", "8 MB and more", is_reduce_big, {"big_a_us", "big_rank_us", "big_sqrt_us", "big_e", "big_gain"}, {{10, 2, 10, 0.8, 0}, {30, 5, 3, 0.5, 0.3}}},
    {"pcie_all_reduce", "PCIe", is_reduce_pcie, {"a_us", "rank_us", "e"}, {{10, 2, 0.8}, {30, 5, 0.4}}},
    {"small", "copies on the device", is_stream, {"t0_us", "e_m"}, {{2, 0.85}, {5, 0.6}}},
    {"copy", "host and device, pinned", is_host, {"e", "piece_us"}, {{0.85, 1}, {0.5, 5}}},
};

/* Does any row bear on a parameter that only some shapes show? */
static int shows(const char *group, const char *key, const gbl_krow *r, const gbl_hw *hw)
{
    const double *v = r->v;
    /* Kernels of a GPU beside the attention, and processors that one sequence cannot fill. */
    if (!strcmp(hw->arch, "cpu") && (!strcmp(key, "transpose_us") || !strcmp(key, "combine_us") || !strcmp(key, "g"))) return 0;
    if (!strcmp(group, "gemm_fp8")) {
        if (!strcmp(key, "dispatch_us_per_M")) return v[GBL_KG_M] > 128 && v[GBL_KG_M] <= 256;
        if (!strcmp(key, "odd_rows_GB_s")) return v[GBL_KG_M] > 256 && fmod(v[GBL_KG_M], 16) != 0;
    }
    if (!strcmp(group, "decode") && !strcmp(key, "transpose_us")) return v[GBL_KA_HEADS] > v[GBL_KA_KV_HEADS] && v[GBL_KA_KV_HEADS] > 1 && v[GBL_KA_BATCH] > 1;
    if (!strcmp(group, "decode") && !strcmp(key, "combine_us")) return v[GBL_KA_LEN] > 128;
    if (!strcmp(key, "q")) return hw->sms > 1; /* one processor has no wave that is not full */
    if (!strcmp(key, "piece_us")) return v[GBL_KH_PIECES] > 1;
    return 1;
}

/* The head size with most rows, 128 where it is among them. */
static double main_dim(const gbl_krows *k, int class)
{
    struct { double d; size_t n; } seen[64] = {{0, 0}};
    size_t dims = 0, best = 0;
    for (size_t i = 0; i < k->n; i++) {
        double d = k->row[i].v[GBL_KA_DIM];
        size_t at = 0;
        if (k->row[i].class != class) continue;
        if (fabs(d - 128) < 0.5) return d;
        while (at < dims && fabs(seen[at].d - d) >= 0.5) at++;
        if (at == 64) continue;
        if (at == dims) seen[dims++].d = d;
        if (++seen[at].n > seen[best].n) best = at;
    }
    return seen[best].d;
}

/* ---- errors ---- */

void gbl_fit_error_of(gbl_fit_error *out, double *e, const uint8_t *covered, size_t n)
{
    *out = (gbl_fit_error){(int64_t)n, NAN, NAN, NAN, NAN};
    if (!n) return;
    size_t in = 0;
    for (size_t i = 0; covered && i < n; i++) in += covered[i];
    if (covered) out->covered = 100 * (double)in / (double)n;
    gbl_sort_reals(e, n);
    out->bias = 100 * gbl_sorted_at(e, n, 0.5);
    for (size_t i = 0; i < n; i++) e[i] = fabs(e[i]);
    gbl_sort_reals(e, n);
    out->median = 100 * gbl_sorted_at(e, n, 0.5);
    out->p90 = 100 * gbl_sorted_at(e, n, 0.9);
}

void gbl_fit_error_json(const char *key, const gbl_fit_error *e, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_int(j, "rows", e->n);
    gbl_json_num(j, "median_percent", e->median);
    gbl_json_num(j, "p90_percent", e->p90);
    gbl_json_num(j, "bias_percent", e->bias);
    gbl_json_num(j, "covered_percent", e->covered);
    gbl_json_end(j);
}

/* ---- one stage ---- */

typedef struct stage_run {
    gbl_fit *f;
    gbl_fit_stage *s;
    const gbl_krow **row; /* fitted rows, then the held ones */
    uint64_t *shape;
    double *r;
    size_t n, held;
} stage_run;

static void log_errors(const stage_run *t, const gbl_calib *cal, size_t from, size_t n, double *out)
{
    gbl_machine g = {t->f->hw, cal, 0, 0, 1};
    for (size_t i = 0; i < n; i++) out[i] = log(gbl_krow_time(&g, t->row[from + i]) * 1e6 / t->row[from + i]->us);
}

static void with(const stage_run *t, const double *x, gbl_calib *out)
{
    const gbl_calib_row *rows = gbl_calib_rows();
    *out = t->f->cal;
    for (int i = 0; i < t->s->fit.n; i++) *gbl_calib_at(out, &rows[t->s->row[i]]) = x[i] * rows[t->s->row[i]].unit;
}

static void residuals(void *to, const double *x, double *r)
{
    const stage_run *t = to;
    gbl_calib cal;
    with(t, x, &cal);
    log_errors(t, &cal, 0, t->n, r);
}

static void choose_parameters(stage_run *t, const stage_def *d)
{
    const gbl_calib_row *rows = gbl_calib_rows();
    gbl_fit_stage *s = t->s;
    for (int k = 0; k < COLUMNS && d->key[k]; k++) {
        int any = 0, row = gbl_calib_find(d->group, d->key[k]);
        for (size_t i = 0; i < t->n && !any; i++) any = shows(d->group, d->key[k], t->row[i], t->f->hw);
        if (!any) {
            if (s->n_kept < GBL_FIT_KEPT) s->kept[s->n_kept++] = d->key[k];
            continue;
        }
        const gbl_calib_row *r = &rows[row];
        s->row[s->fit.n] = row;
        for (int i = 0; i < GBL_FITTING_STARTS; i++) s->fit.start[i][s->fit.n] = d->start[i][k];
        s->fit.par[s->fit.n++] = (gbl_fitting_parameter){r->key, gbl_calib_get(&t->f->cal, r), r->low, r->high, r->low > 0 && r->time < 0, !strcmp(r->key, "l2_B_clock_sm")};
    }
}

/* Interval of one row: the parameters' covariance through its slopes, and the scatter of single shapes. */
static double half_width(const stage_run *t, const gbl_krow *row)
{
    const gbl_fitting *f = &t->s->fit;
    double slope[COLUMNS], v = 0;
    gbl_machine g = {t->f->hw, NULL, 0, 0, 1};
    for (int i = 0; i < f->n; i++) {
        gbl_calib cal;
        double x[COLUMNS], step = 1e-4 * fmax(fabs(f->x[i]), 1e-3);
        memcpy(x, f->x, sizeof x);
        double by[2];
        for (int side = 0; side < 2; side++) {
            x[i] = f->x[i] + (side ? step : -step);
            with(t, x, &cal);
            g.cal = &cal;
            by[side] = log(gbl_krow_time(&g, row));
        }
        slope[i] = f->fixed[i] ? 0 : (by[1] - by[0]) / (2 * step);
    }
    for (int i = 0; i < f->n; i++)
        for (int j = 0; j < f->n; j++) v += slope[i] * slope[j] * f->covariance[i * f->n + j];
    return 1.96 * sqrt(fmax(v, 0) + t->s->scatter * t->s->scatter);
}

static void errors_of(const stage_run *t, size_t from, size_t n, gbl_fit_error *out, uint8_t *covered)
{
    log_errors(t, &t->f->cal, from, n, t->r);
    for (size_t i = 0; i < n; i++) {
        covered[i] = fabs(t->r[i]) <= half_width(t, t->row[from + i]);
        t->r[i] = expm1(t->r[i]);
    }
    gbl_fit_error_of(out, t->r, covered, n);
}

static int judge(stage_run *t, gbl_err *err)
{
    uint8_t *covered = gbl_alloc(t->n + t->held, 1);
    if (!covered) return gbl_nomem(err, t->n + t->held);
    log_errors(t, &t->f->cal, 0, t->n, t->r);
    for (size_t i = 0; i < t->n; i++) t->r[i] = fabs(t->r[i]);
    gbl_sort_reals(t->r, t->n);
    t->s->scatter = gbl_sorted_at(t->r, t->n, 0.95) / 1.96;
    errors_of(t, 0, t->n, &t->s->fitted_error, covered);
    errors_of(t, t->n, t->held, &t->s->held_error, covered);
    gbl_free(covered);
    return 0;
}

/* Decodes on KV below 2 MB all tell the same, the launch: of such rows one in four is enough, or they outvote the rest. */
static int is_crowd(const gbl_krow *r)
{
    if (r->class != GBL_KC_DECODE || r->v[GBL_KA_BATCH] * r->v[GBL_KA_LEN] * r->v[GBL_KA_KV_HEADS] * r->v[GBL_KA_DIM] * (r->narrow ? 2 : 4) >= 2e6) return 0;
    return gbl_hash64(r->v, sizeof r->v, 1) % 4 != 0;
}

static void collect(stage_run *t, const stage_def *d, const gbl_krows *k, double dim, int held)
{
    for (size_t i = 0; i < k->n; i++) {
        const gbl_krow *r = &k->row[i];
        if (r->held != held || !d->bears(r, t->f->hw, dim) || (!held && is_crowd(r))) continue;
        t->row[t->n + t->held] = r;
        t->shape[t->n + t->held] = r->shape;
        if (held) t->held++;
        else t->n++;
    }
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int64_t count_shapes(const stage_run *t)
{
    uint64_t *copy = gbl_alloc(t->n ? t->n : 1, sizeof *copy);
    int64_t n = t->n > 0;
    if (!copy) return -1;
    memcpy(copy, t->shape, t->n * sizeof *copy);
    qsort(copy, t->n, sizeof *copy, by_hash);
    for (size_t i = 1; i < t->n; i++) n += copy[i] != copy[i - 1];
    gbl_free(copy);
    return n;
}

/* Says which stage failed, and how many of its rows went to the hold-out. */
static int in_stage(const stage_run *t, const stage_def *d, gbl_err *err)
{
    return gbl_where(err, "%s (%s): %zu rows to fit on, %zu kept out", d->group, d->what, t->n, t->held);
}

/* A fit may end well and say nothing: an efficiency above what silicon has, or shapes that it cannot tell. */
static int believe(const gbl_fit_stage *s, gbl_err *err)
{
    double median = s->held_error.n ? s->held_error.median : s->fitted_error.median;
    int all = 0, high = 0; /* one alone may be: attention that reads KV from L2 */
    for (int i = 0; i < s->fit.n; i++) {
        const char *name = s->fit.par[i].name;
        if (strcmp(name, "e_c") && strcmp(name, "e_m")) continue;
        all++;
        high += s->fit.fixed[i] == 1;
    }
    if (all == 2 && high == 2) {
        gbl_fail(err, GBL_EINPUT, "e_c and e_m run past their upper bounds: faster than the data sheet allows");
        return gbl_expected(err, "rows of the GPU on the card, in microseconds: wrong card or wrong unit?");
    }
    if (!(median > hold_out_most)) return 0;
    gbl_fail(err, GBL_EINPUT, "the fit misses %s by %.4g %% in the median", s->held_error.n ? "the shapes kept out" : "its own rows", median);
    return gbl_expected(err, "at most %g %%: rows that agree with each other and with the card's data sheet", hold_out_most);
}

static int run_stage(stage_run *t, const stage_def *d, gbl_err *err)
{
    gbl_fit_stage *s = t->s;
    s->group = d->group;
    s->what = d->what;
    s->rows = (int64_t)t->n;
    s->held = (int64_t)t->held;
    s->shapes = count_shapes(t);
    if (s->shapes < 0) return gbl_nomem(err, t->n * sizeof *t->shape);
    choose_parameters(t, d);
    if (!s->fit.n) {
        gbl_fail(err, GBL_EINPUT, "too few points: every row is kept out of the fit");
        gbl_expected(err, "at least %d to fit on; 30 %% of the shapes are kept out", 3);
        return in_stage(t, d, err);
    }
    s->fit.n_rows = t->n;
    s->fit.n_starts = GBL_FITTING_STARTS;
    s->fit.shape = t->shape;
    s->fit.residuals = residuals;
    s->fit.to = t;
    if (gbl_fitting_solve(&s->fit, err)) return err->code == GBL_EINPUT ? in_stage(t, d, err) : err->code;
    with(t, s->fit.x, &t->f->cal);
    s->fit.to = NULL;
    s->fit.shape = NULL;
    if (judge(t, err)) return err->code;
    return believe(s, err) ? in_stage(t, d, err) : 0;
}

static int try_stage(gbl_fit *f, const stage_def *d, const gbl_krows *k, double dim, gbl_err *err)
{
    stage_run t = {.f = f, .s = &f->stage[f->n]};
    t.row = gbl_alloc(k->n + 1, sizeof *t.row);
    t.shape = gbl_alloc(k->n + 1, sizeof *t.shape);
    t.r = gbl_alloc(k->n + 1, sizeof *t.r);
    int code = t.row && t.shape && t.r ? 0 : gbl_nomem(err, k->n * sizeof *t.row);
    if (!code) {
        collect(&t, d, k, dim, 0);
        collect(&t, d, k, dim, 1);
        if (t.n + t.held) {
            code = run_stage(&t, d, err);
            f->n++;
        }
    }
    gbl_free(t.r);
    gbl_free(t.shape);
    gbl_free(t.row);
    return code;
}

/* Rows quicker than the data sheet's peaks: each by itself impossible on the GPU of the card. */
static int check_peak(const gbl_krows *k, const gbl_hw *hw, gbl_err *err)
{
    gbl_calib bare = *hw->eff;
    gbl_machine g = {hw, &bare, 1, 0, 1};
    const gbl_krow *first = NULL;
    size_t n = 0;
    bare.moe_t0 = 0; /* routing is no work */
    for (size_t i = 0; i < k->n; i++) {
        const gbl_krow *r = &k->row[i];
        if (!(r->us * peak_most < gbl_krow_time(&g, r) * 1e6)) continue;
        n++;
        if (!first || r->file < first->file || (r->file == first->file && r->line < first->line)) first = r;
    }
    if (!first || (double)n <= peak_rows * (double)k->n) return 0;
    gbl_fail(err, GBL_EINPUT, "%zu of %zu shapes are faster than the data sheet's peak of %s", n, k->n, hw->name);
    gbl_where(err, "%s:%lld: %g us, at peak %.4g us", k->file[first->file], (long long)first->line, first->us, gbl_krow_time(&g, first) * 1e6);
    return gbl_expected(err, "microseconds, measured on the GPU of the card: wrong card or wrong unit?");
}

int gbl_fit_run(gbl_fit *f, const gbl_krows *k, const gbl_hw *hw, gbl_err *err)
{
    double decode = main_dim(k, GBL_KC_DECODE), prefill = main_dim(k, GBL_KC_PREFILL);
    memset(f, 0, sizeof *f);
    f->hw = hw;
    f->cal = *hw->eff;
    if (!k->n) {
        gbl_fail(err, GBL_EINPUT, "no row to fit on: all %lld are left out by rule", (long long)k->read);
        if (k->n_rules) gbl_where(err, "%lld rows: %s", (long long)k->rule[0].n, k->rule[0].what);
        return gbl_expected(err, "rows that bear on %s", hw->name);
    }
    if (check_peak(k, hw, err)) return err->code;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (try_stage(f, &stages[i], k, strcmp(stages[i].group, "decode") ? prefill : decode, err)) return err->code;
    if (f->n) return 0;
    gbl_fail(err, GBL_EINPUT, "nothing is fitted: too few shapes of kernels are used, %zu of %lld rows", k->n, (long long)k->read);
    if (k->n_rules) gbl_where(err, "%lld rows are left out: %s", (long long)k->rule[0].n, k->rule[0].what);
    return gbl_expected(err, "rows of a whole probe (--quick measures few), or files with the rows that validate/README.md asks for");
}

double gbl_fit_scatter(const gbl_fit *f, const char *group)
{
    for (int i = 0; i < f->n; i++)
        if (!strcmp(f->stage[i].group, group)) return f->stage[i].scatter;
    return 0;
}

double gbl_spread_variance(const gbl_machine *g, const gbl_spread_group *of, const gbl_krow *row)
{
    const gbl_calib_row *rows = gbl_calib_rows();
    double base = log(gbl_krow_time(g, row)), v = 0;
    for (int j = 0; j < of->n; j++) { /* column j of the root: one standard normal's effect */
        gbl_calib cal = *g->cal;
        gbl_machine moved = *g;
        for (int i = j; i < of->n; i++) *gbl_calib_at(&cal, &rows[of->row[i]]) += of->root[i * (i + 1) / 2 + j] * rows[of->row[i]].unit;
        moved.cal = &cal;
        double by = log(gbl_krow_time(&moved, row)) - base;
        v += isfinite(by) ? by * by : 0;
    }
    return v;
}
