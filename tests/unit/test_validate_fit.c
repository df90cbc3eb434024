/* Calibration: parameters behind synthetic measurements come back within their intervals, intervals cover what they say,
 * cards read back what was written, and every kind of bad input is refused by name. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/text.h"
#include "models/interval.h"
#include "validate/calibrate.h"
#include "validate/csv.h"

static char folder[64];

static const char *place(const char *name)
{
    static char path[2][128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[0], "%s/%s", folder, name);
    return path[turn];
}

static const char *write_file(const char *name, const char *text)
{
    const char *path = place(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    return path;
}

static double noise(uint64_t of, double sd)
{
    return exp(gbl_q_normal(gbl_draw(7, 90, of, 0), 0, sd));
}

/* ---- the solver alone: y = a exp(b t) ---- */

typedef struct line {
    double t[400], y[400];
    size_t n;
    int same; /* a and b enter only as their sum */
} line;

static void line_residuals(void *to, const double *x, double *r)
{
    const line *l = to;
    for (size_t i = 0; i < l->n; i++) r[i] = log(x[0]) + (l->same ? log(x[1]) : x[1] * l->t[i]) - log(l->y[i]);
}

static gbl_fitting line_fit(line *l, const uint64_t *shape)
{
    gbl_fitting f = {.n_rows = l->n, .n = 2, .shape = shape, .residuals = line_residuals, .to = l};
    f.par[0] = (gbl_fitting_parameter){"a", 1, 1e-3, 1e3, 1, 0};
    f.par[1] = (gbl_fitting_parameter){"b", 0.1, 0, 5, l->same, 0};
    if (l->same) f.par[1].low = 1e-3;
    return f;
}

static void solver_finds_parameters_despite_outliers(void **state)
{
    static line l;
    uint64_t shape[400];
    gbl_err err = {0};
    (void)state;
    l.n = 400;
    for (size_t i = 0; i < l.n; i++) {
        shape[i] = i;
        l.t[i] = (double)i / 400;
        l.y[i] = 3 * exp(1.5 * l.t[i]) * noise(i, 0.03) * (i % 20 ? 1 : 4); /* 5 % are four times off */
    }
    gbl_fitting f = line_fit(&l, shape);
    assert_int_equal(gbl_fitting_solve(&f, &err), 0);
    double sa = sqrt(f.covariance[0]), sb = sqrt(f.covariance[3]);
    assert_close(f.x[0], 3, 0.03);
    assert_close(f.x[1], 1.5, 0.03);
    assert_true(fabs(f.x[0] - 3) < 4 * sa + 0.03 && fabs(f.x[1] - 1.5) < 4 * sb);
    assert_true(sa > 0 && sb > 0 && sa < 0.1 && sb < 0.1);
    assert_true(f.covariance[1] < 0); /* a steeper line starts lower */
    assert_close(f.covariance[1], f.covariance[2], 1e-9);
}

/* With rows of a shape sharing one error, each shape counts once: errors grow by the root of the rows a shape. */
static void rows_of_a_shape_share_its_luck(void **state)
{
    static line l;
    uint64_t own[400], shared[400];
    gbl_err err = {0};
    (void)state;
    l.n = 400;
    for (size_t i = 0; i < l.n; i++) {
        own[i] = i;
        shared[i] = i / 16;
        l.t[i] = (double)(i / 16) / 25;
        l.y[i] = 3 * exp(1.5 * l.t[i]) * noise(i / 16, 0.03);
    }
    gbl_fitting f = line_fit(&l, own), g = line_fit(&l, shared);
    assert_int_equal(gbl_fitting_solve(&f, &err), 0);
    assert_int_equal(gbl_fitting_solve(&g, &err), 0);
    assert_close(f.x[1], g.x[1], 1e-9);
    assert_close(sqrt(g.covariance[3] / f.covariance[3]), 4, 0.1);
}

static void solver_holds_parameters_at_bounds(void **state)
{
    static line l;
    uint64_t shape[100];
    gbl_err err = {0};
    (void)state;
    l.n = 100;
    for (size_t i = 0; i < l.n; i++) {
        shape[i] = i;
        l.t[i] = (double)i / 100;
        l.y[i] = 3 * exp(-1 * l.t[i]); /* b is at least 0 */
    }
    gbl_fitting f = line_fit(&l, shape);
    assert_int_equal(gbl_fitting_solve(&f, &err), 0);
    assert_int_equal(f.fixed[1], -1);
    assert_close(f.x[1], 0, 1e-12);
    assert_close(f.covariance[3], 0, 1e-12);
    assert_close(f.x[0], 3 * exp(-0.5), 0.05);
}

static void solver_names_what_cannot_be_told_apart(void **state)
{
    static line l;
    uint64_t shape[100];
    gbl_err err = {0};
    (void)state;
    l.n = 100;
    l.same = 1;
    for (size_t i = 0; i < l.n; i++) {
        shape[i] = i;
        l.t[i] = (double)i / 100;
        l.y[i] = 3 * noise(i, 0.01);
    }
    gbl_fitting f = line_fit(&l, shape);
    assert_int_equal(gbl_fitting_solve(&f, &err), GBL_EINPUT);
    assert_non_null(strstr(err.what, "singular"));
    assert_non_null(strstr(err.what, "a, b apart"));
    l.same = 0;
    l.n = 5;
    f = line_fit(&l, shape);
    assert_int_equal(gbl_fitting_solve(&f, &err), GBL_EINPUT);
    assert_string_equal(err.what, "too few points: 5 for 2 parameters");
    assert_string_equal(err.expected, "at least 6");
}

/* ---- synthetic kernels ---- */

static gbl_hw hw;
static gbl_arena *arena;

/* Another machine than any card's. */
static gbl_calib truth(void)
{
    gbl_calib c = *hw.eff;
    c.gemm.t0 = 3.5e-6;
    c.gemm.e_c = 0.7;
    c.gemm.e_m = 0.8;
    c.gemm.l2 = 60;
    c.gemm.t_w = 2e-6;
    c.gemm.q = 0.5;
    c.gemm.p = 3;
    c.dec_t0 = 9e-6;
    c.dec_t_cta = 3e-6;
    c.dec_e_m = 0.75;
    return c;
}

static double time_of(const gbl_calib *c, const double *v, int class, uint64_t of, double sd)
{
    gbl_machine g = {&hw, c, 0, 0, 1};
    gbl_krow r = {.class = (uint8_t)class};
    memcpy(r.v, v, sizeof r.v);
    return gbl_krow_time(&g, &r) * 1e6 * noise(of, sd);
}

static void write_gemm(const char *name, double sd)
{
    static const double ms[] = {1, 2, 8, 16, 40, 64, 100, 200, 256, 500, 1024, 2000, 4096, 8192};
    static const double sizes[] = {2048, 3000, 4096, 5120, 8192, 11000, 14336, 20000};
    gbl_calib c = truth();
    uint64_t of = 0;
    FILE *f = fopen(place(name), "w");
    assert_non_null(f);
    fputs("dtype,m,n,k,latency_us,who\n", f);
    for (size_t n = 0; n < 8; n++)
        for (size_t k = 0; k < 8; k++)
            for (size_t m = 0; m < 14; m++) {
                double v[GBL_KV_MOST] = {ms[m], sizes[n], sizes[k], 6};
                fprintf(f, "bfloat16,%g,%g,%g,%.9g,me\n", ms[m], sizes[n], sizes[k], time_of(&c, v, GBL_KC_GEMM, of++, sd));
            }
    assert_int_equal(fclose(f), 0);
}

static void write_decode(const char *name, double sd)
{
    static const double batch[] = {1, 4, 16, 64, 256}, kv[] = {64, 1024, 4096, 16384}, heads[][2] = {{8, 8}, {32, 8}, {32, 32}, {64, 8}, {16, 1}, {40, 10}, {28, 4}, {24, 8}, {12, 2}, {48, 4}};
    gbl_calib c = truth();
    uint64_t of = 50000;
    FILE *f = fopen(place(name), "w");
    assert_non_null(f);
    fputs("batch_size,kv_len,num_heads,num_kv_heads,head_dim,latency_us\n", f);
    for (size_t h = 0; h < 10; h++)
        for (size_t b = 0; b < 5; b++)
            for (size_t k = 0; k < 4; k++) {
                double v[GBL_KV_MOST] = {batch[b], kv[k], 0, heads[h][0], heads[h][1], 128};
                fprintf(f, "%g,%g,%g,%g,128,%.9g\n", batch[b], kv[k], heads[h][0], heads[h][1], time_of(&c, v, GBL_KC_DECODE, of++, sd));
            }
    assert_int_equal(fclose(f), 0);
}

static const gbl_fit_stage *stage(const gbl_calibration *c, const char *group)
{
    for (int i = 0; i < c->fit.n; i++)
        if (!strcmp(c->fit.stage[i].group, group)) return &c->fit.stage[i];
    fail_msg("no stage %s", group);
    return NULL;
}

/* Within four standard errors, and the standard error no larger than `rel` of it. */
static void recovered(const gbl_fit_stage *s, const char *name, double want, double rel)
{
    for (int i = 0; i < s->fit.n; i++) {
        if (strcmp(s->fit.par[i].name, name)) continue;
        double se = sqrt(s->fit.covariance[i * s->fit.n + i]);
        if (!(se > 0 && se < rel * want && fabs(s->fit.x[i] - want) < 4 * se)) fail_msg("%s is %g +- %g, not %g", name, s->fit.x[i], se, want);
        return;
    }
    fail_msg("%s was not fitted", name);
}

static void known_parameters_come_back(void **state)
{
    static gbl_calibration c;
    gbl_err err = {0};
    char files[2][128];
    const char *file[2] = {files[0], files[1]};
    (void)state;
    write_gemm("gemm.csv", 0.05);
    write_decode("decode.csv", 0.05);
    snprintf(files[0], sizeof files[0], "%s/gemm.csv", folder);
    snprintf(files[1], sizeof files[1], "%s/decode.csv", folder);
    gbl_calibration_ask ask = {.file = file, .n_files = 2, .hardware = "h100-sxm", .date = "2026-01-02"};
    int code = gbl_calibration_run(&c, &ask, &err);
    if (code) print_error("%s\n%s\n", err.what, err.where);
    assert_int_equal(code, 0);
    const gbl_fit_stage *g = stage(&c, "gemm"), *d = stage(&c, "decode");
    recovered(g, "t0_us", 3.5, 0.3);
    recovered(g, "e_c", 0.7, 0.05);
    recovered(g, "e_m", 0.8, 0.05);
    recovered(g, "t_w_us", 2, 0.3);
    recovered(g, "q", 0.5, 0.5);
    recovered(g, "p", 3, 0.3);
    recovered(d, "t0_us", 9, 0.1);
    recovered(d, "e_m", 0.75, 0.05);
    recovered(d, "t_cta_us", 3, 2);
    /* Scatter is the noise put in, and the hold-out shows it. */
    assert_close(g->scatter, 0.05, 0.15);
    assert_close(g->held_error.median, 100 * 0.6745 * 0.05, 0.2);
    assert_true(g->held_error.n > 100);
    assert_true(g->held_error.covered > 90 && g->held_error.covered < 99);
    int64_t products = 0;
    for (size_t i = 0; i < c.rows.n; i++) products += c.rows.row[i].class == GBL_KC_GEMM;
    assert_int_equal(g->rows + g->held, products);
    assert_true(d->rows + d->held < (int64_t)c.rows.n - products); /* of decodes on tiny KV only some */
    gbl_calibration_fini(&c);
}

/* The card's own values do not decide what the rows say. */
static void far_starts_find_the_same(void **state)
{
    static gbl_fit fit;
    gbl_krows k;
    gbl_err err = {0};
    gbl_hw far = hw;
    gbl_calib c = *hw.eff;
    (void)state;
    c.gemm.t0 = 8e-6;
    c.gemm.e_c = 0.5;
    c.gemm.e_m = 0.3;
    c.gemm.l2 = 2000;
    c.gemm.t_w = 2e-5;
    c.gemm.q = 1;
    c.gemm.p = 15;
    far.eff = &c;
    assert_int_equal(gbl_krows_init(&k, &err), 0);
    assert_int_equal(gbl_krows_read(&k, place("gemm.csv"), &hw, &err), 0);
    assert_int_equal(gbl_krows_ready(&k, &err), 0);
    assert_int_equal(gbl_fit_run(&fit, &k, &far, &err), 0);
    recovered(&fit.stage[0], "t0_us", 3.5, 0.3);
    recovered(&fit.stage[0], "e_c", 0.7, 0.05);
    recovered(&fit.stage[0], "e_m", 0.8, 0.05);
    recovered(&fit.stage[0], "p", 3, 0.3);
    /* The same rows as milliseconds, and as those of a slower GPU. */
    for (size_t i = 0; i < k.n; i++) k.row[i].us /= 1000;
    assert_int_equal(gbl_fit_run(&fit, &k, &hw, &err), GBL_EINPUT);
    assert_non_null(strstr(err.what, "faster than the data sheet's peak"));
    assert_non_null(strstr(err.where, "gemm.csv:"));
    assert_non_null(strstr(err.expected, "wrong card or wrong unit?"));
    for (size_t i = 0; i < k.n; i++) k.row[i].us *= 1000;
    assert_int_equal(gbl_hw_load(&far, "a100-80-sxm", "", arena, &err), 0);
    assert_int_equal(gbl_fit_run(&fit, &k, &far, &err), GBL_EINPUT);
    assert_non_null(strstr(err.expected, "wrong card or wrong unit?"));
    gbl_krows_fini(&k);
}

/* What was written reads back as parameters, covariance and scatter, and the rest of the card is untouched. */
static void card_reads_back(void **state)
{
    static gbl_calibration c;
    gbl_err err = {0};
    gbl_hw back;
    char path[128];
    const char *file = path;
    (void)state;
    snprintf(path, sizeof path, "%s/gemm.csv", folder);
    gbl_calibration_ask ask = {.file = &file, .n_files = 1, .hardware = "h200-sxm", .date = "2026-01-02", .source = "me \"here\""};
    assert_int_equal(gbl_calibration_run(&c, &ask, &err), 0);
    snprintf(path, sizeof path, "%s/card.json", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(gbl_calibration_card(&c, f, &err), 0);
    assert_int_equal(fclose(f), 0);
    int code = gbl_hw_load(&back, path, "", arena, &err);
    if (code) print_error("%s\n%s\n", err.what, err.where);
    assert_int_equal(code, 0);
    assert_string_equal(back.calibration, "transferred"); /* products alone make no fitted card */
    assert_string_equal(back.eff_from, "h100-sxm");
    assert_close(back.eff->gemm.e_c, c.fit.cal.gemm.e_c, 1e-4);
    assert_close(back.eff->gemm.t0, c.fit.cal.gemm.t0, 1e-4);
    assert_close(back.eff->dec_e_m, hw.eff->dec_e_m, 0);
    assert_close(back.eff->gemm.phi_c, hw.eff->gemm.phi_c, 1e-5);
    assert_close(back.hbm_bps, c.hw.hbm_bps, 0);
    assert_string_equal(back.spread->group[0].name, "gemm");
    assert_true(back.spread->group[0].n >= 4);
    assert_close(back.spread->group[0].scatter, gbl_fit_scatter(&c.fit, "gemm"), 1e-2);
    const gbl_fitting *fit = &stage(&c, "gemm")->fit;
    assert_close(back.spread->group[0].root[0], sqrt(fit->covariance[0]), 1e-4);
    gbl_calibration_fini(&c);
}

static void refused(const char *name, const char *text, const char *what)
{
    static gbl_calibration c;
    gbl_err err = {0};
    const char *file = write_file(name, text);
    gbl_calibration_ask ask = {.file = &file, .n_files = 1, .hardware = "h100-sxm"};
    int code = gbl_calibration_run(&c, &ask, &err);
    gbl_calibration_fini(&c);
    if (code != GBL_EINPUT || !strstr(err.what, what)) fail_msg("%s: code %d, \"%s\" without \"%s\"", name, code, err.what, what);
    assert_true(err.expected[0] != 0);
}

static void bad_measurements_are_refused(void **state)
{
    (void)state;
    refused("empty.csv", "", "empty");
    refused("class.csv", "a,b,c\n1,2,3\n", "no class of operators");
    refused("column.csv", "dtype,m,n,latency_us\nbfloat16,1,2,3\n", "no column \"k\"");
    refused("time.csv", "dtype,m,n,k\nbfloat16,1,2,3\n", "no column \"latency_us\"");
    refused("twice.csv", "dtype,m,m,n,k,latency_us\n", "twice");
    refused("short.csv", "dtype,m,n,k,latency_us\nbfloat16,1,2,3\n", "a row of 4 fields");
    refused("word.csv", "dtype,m,n,k,latency_us\nbf17,1,2,3,4\n", "\"dtype\" holds \"bf17\"");
    refused("number.csv", "dtype,m,n,k,latency_us\nbf16,1,2x,3,4\n", "\"n\" holds \"2x\"");
    refused("zero.csv", "dtype,m,n,k,latency_us\nbf16,1,4096,4096,0\n", "\"latency_us\" holds \"0\"");
    refused("nan.csv", "dtype,m,n,k,latency_us\nbf16,1,4096,4096,nan\n", "\"latency_us\" holds \"nan\"");
    refused("none.csv", "dtype,m,n,k,latency_us\n", "no row to fit on");
    refused("l2.csv", "dtype,m,n,k,latency_us\nbf16,1,32,32,4\n", "no row to fit on");
    refused("few.csv", "dtype,m,n,k,latency_us\nbf16,1,4096,4096,14\nbf16,1,8192,4096,24\nbf16,1,8192,8192,54\n", "too few points");
    refused("against.csv", "dtype,m,n,k,latency_us\nbf16,1,4096,4096,14\nbf16,1,4096,4096,40\n", "contradict each other");
    refused("heads.csv", "batch_size,kv_len,num_heads,num_kv_heads,head_dim,latency_us\n1,16,4,8,128,10\n", "more KV heads than heads");
}

/* All-reduces of one number of GPUs: a0 + a1 log2 n is one number. */
static void singular_fit_names_parameters(void **state)
{
    static gbl_calibration c;
    gbl_err err = {0};
    const char *path = place("one.csv");
    FILE *f = fopen(path, "w");
    (void)state;
    assert_non_null(f);
    fputs("num_gpus,message_bytes,latency_us\n", f);
    for (int i = 0; i < 60; i++) {
        double v[GBL_KV_MOST] = {4, 1024 * exp(0.15 * i)};
        v[1] = floor(v[1]);
        fprintf(f, "4,%.0f,%.9g\n", v[1], time_of(hw.eff, v, GBL_KC_REDUCE, (uint64_t)i, 0.02));
    }
    assert_int_equal(fclose(f), 0);
    gbl_calibration_ask ask = {.file = &path, .n_files = 1, .hardware = "h100-sxm"};
    assert_int_equal(gbl_calibration_run(&c, &ask, &err), GBL_EINPUT);
    assert_string_equal(err.what, "the fit is singular: these rows cannot tell a0_us, a1_us apart");
    assert_non_null(strstr(err.where, "all_reduce (below 8 MB)"));
    gbl_calibration_fini(&c);
}

static void repetitions_are_merged(void **state)
{
    gbl_krows k;
    gbl_err err = {0};
    (void)state;
    const char *file = write_file("again.csv", "dtype,m,n,k,latency_us\nbf16,1,4096,8192,20\nfp16,1,4096,8192,24.2\nbf16,2,4096,8192,22\n");
    assert_int_equal(gbl_krows_init(&k, &err), 0);
    assert_int_equal(gbl_krows_read(&k, file, &hw, &err), 0);
    assert_int_equal(gbl_krows_ready(&k, &err), 0);
    assert_int_equal(k.n, 2);
    assert_int_equal(k.read, 3);
    assert_int_equal(k.row[0].merged, 2);
    assert_close(k.row[0].us, 22, 1e-12); /* the geometric mean */
    assert_int_equal(k.row[0].held, k.row[1].held); /* one shape of weights */
    gbl_krows_fini(&k);
}

static void quotes_and_blank_lines_in_csv(void **state)
{
    gbl_csv c;
    gbl_err err = {0};
    (void)state;
    const char *file = write_file("quoted.csv", "\xef\xbb\xbf" "a,\"b,\"\"c\"\n\n1,\"x\"\r\n");
    assert_int_equal(gbl_csv_open(&c, file, arena, &err), 0);
    assert_int_equal(c.n_head, 2);
    assert_string_equal(c.head[0], "a");
    assert_string_equal(c.head[1], "b,\"c");
    assert_int_equal(gbl_csv_next(&c, &err), 1);
    assert_string_equal(c.field[1], "x");
    assert_int_equal(gbl_csv_next(&c, &err), 0);
    gbl_csv_close(&c);
    file = write_file("open.csv", "a,b\n1,\"x\n");
    assert_int_equal(gbl_csv_open(&c, file, arena, &err), 0);
    assert_int_equal(gbl_csv_next(&c, &err), -1);
    assert_string_equal(err.what, "a quote is not closed");
    gbl_csv_close(&c);
}

/* Draws: a function of seed and number; their spread is what the card says, and their middle the card's value. */
static void draws_follow_the_covariance(void **state)
{
    enum { N = 4000 };
    static double e_m[N], e_c[N];
    gbl_calib a, b;
    gbl_spread bare = *hw.spread;
    double mean = 0, sd = 0;
    (void)state;
    gbl_calib_sample(hw.eff, hw.eff_se, hw.spread, 5, 3, &a);
    gbl_calib_sample(hw.eff, hw.eff_se, hw.spread, 5, 3, &b);
    assert_memory_equal(&a, &b, sizeof a);
    gbl_calib_sample(hw.eff, hw.eff_se, hw.spread, 6, 3, &b);
    assert_true(memcmp(&a, &b, sizeof a) != 0);
    for (int i = 0; i < GBL_CALIB_GROUPS; i++) bare.group[i].scatter = 0;
    for (int k = 0; k < N; k++) {
        gbl_calib_sample(hw.eff, hw.eff_se, &bare, 1, (uint64_t)k, &a);
        e_m[k] = log(a.gemm.e_m);
        mean += e_m[k] / N;
        gbl_calib_sample(hw.eff, hw.eff_se, hw.spread, 1, (uint64_t)k, &b);
        e_c[k] = log(b.dec_e_m);
    }
    for (int k = 0; k < N; k++) sd += (e_m[k] - mean) * (e_m[k] - mean) / N;
    assert_close(exp(mean), hw.eff->gemm.e_m, 0.001);
    assert_close(sqrt(sd), hw.eff_se->gemm.e_m / hw.eff->gemm.e_m, 0.05);
    gbl_interval i = gbl_interval_of(e_c, N); /* with scatter: a 95 % interval of +- 1.96 times it */
    double scatter = 0;
    for (int g = 0; g < GBL_CALIB_GROUPS && hw.spread->group[g].name; g++)
        if (!strcmp(hw.spread->group[g].name, "decode")) scatter = hw.spread->group[g].scatter;
    assert_true(scatter > 0.02);
    assert_close((i.high - i.low) / 2, 1.96 * scatter, 0.1);
}

static void bad_covariance_is_refused(void **state)
{
    static const struct { const char *covariance, *what; } bad[] = {
        {"{\"parameters\": [\"e_c\"]}", "\"matrix\" is missing"},
        {"{\"parameters\": [\"e_x\"], \"matrix\": [[1]]}", "\"e_x\" is no parameter"},
        {"{\"parameters\": [\"e_c\", \"e_c\"], \"matrix\": [[1], [0, 1]]}", "named twice"},
        {"{\"parameters\": [\"e_c\", \"e_m\"], \"matrix\": [[1], [2]]}", "no lower triangle"},
        {"{\"parameters\": [\"e_c\", \"e_m\"], \"matrix\": [[1], [2, 1]]}", "positive"},
        {"{\"parameters\": [\"e_c\"], \"matrix\": [[-1]]}", "positive"},
        {"[1]", "covariance is an object"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[512];
        gbl_doc *doc = NULL;
        gbl_err err = {0};
        gbl_spread s = {0};
        snprintf(text, sizeof text, "{\"gemm\": {\"source\": \"x\", \"covariance\": %s}}", bad[i].covariance);
        assert_int_equal(gbl_doc_parse(&doc, "card", text, strlen(text), &err), 0);
        int code = gbl_spread_read(gbl_doc_root(doc), &s, &err);
        if (code != GBL_EINPUT || !strstr(err.what, bad[i].what)) fail_msg("%s: \"%s\"", bad[i].covariance, err.what);
        gbl_doc_free(doc);
    }
}

static int set_up(void **state)
{
    gbl_err err = {0};
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/gable-fit-XXXXXX");
    arena = gbl_arena_new();
    return mkdtemp(folder) && arena && !gbl_hw_load(&hw, "h100-sxm", "", arena, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"gemm.csv", "decode.csv", "card.json", "one.csv", "again.csv", "quoted.csv", "open.csv", "empty.csv", "class.csv", "column.csv", "time.csv", "twice.csv", "short.csv", "word.csv", "number.csv", "zero.csv", "nan.csv", "none.csv", "l2.csv", "few.csv", "against.csv", "heads.csv"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(place(names[i]));
    gbl_arena_free(arena);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(solver_finds_parameters_despite_outliers), cmocka_unit_test(rows_of_a_shape_share_its_luck),
        cmocka_unit_test(solver_holds_parameters_at_bounds),        cmocka_unit_test(solver_names_what_cannot_be_told_apart),
        cmocka_unit_test(known_parameters_come_back),               cmocka_unit_test(card_reads_back),
        cmocka_unit_test(far_starts_find_the_same),
        cmocka_unit_test(bad_measurements_are_refused),             cmocka_unit_test(singular_fit_names_parameters),
        cmocka_unit_test(repetitions_are_merged),                   cmocka_unit_test(quotes_and_blank_lines_in_csv),
        cmocka_unit_test(draws_follow_the_covariance),              cmocka_unit_test(bad_covariance_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
