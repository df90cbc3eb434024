/* The statistics against tables, other programs' answers (R 4.2), and luck: an interval must hold the truth as often as it says. */
#include "tests/unit/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "reports/stats.h"

enum { STREAM = 90 };

static double normal(uint64_t series, uint64_t k) { return gbl_q_normal(gbl_draw(4711, STREAM, series, k), 0, 1); }

static void t_is_students(void **state)
{
    (void)state;
    assert_close(gbl_stat_t_quantile(0.975, 9), 2.2621571628540993, 1e-9);
    assert_close(gbl_stat_t_quantile(0.9995, 30), 3.6459586350420214, 1e-9);
    assert_close(gbl_stat_t_above(2.0, 5), 0.05096973941492916, 1e-9);
    const double v[] = {4.1, 5.2, 6.3, 3.9, 5.5};
    gbl_interval i = gbl_stat_student(v, 5, 0.95); /* R: t.test(c(4.1,5.2,6.3,3.9,5.5)) */
    assert_close(i.mean, 5.0, 1e-12);
    assert_close(i.half_width, 1.2416639982037194, 1e-6);
    assert_close(i.low, i.mean - i.half_width, 1e-12);
    assert_true(isnan(gbl_stat_student(v, 1, 0.95).low));
    assert_true(isnan(gbl_stat_student(v, 0, 0.95).mean));
    const double same[] = {0.1, 0.1, 0.1};
    assert_close(gbl_stat_student(same, 3, 0.95).half_width, 0, 0);
}

static void paired_and_welch_agree_with_r(void **state)
{
    (void)state;
    const double a[] = {30.02, 29.99, 30.11, 29.97, 30.01, 29.99}, b[] = {29.89, 29.93, 29.72, 29.98, 30.02, 29.98};
    gbl_test w = gbl_stat_welch(a, 6, b, 6, 0.95); /* the example of Wikipedia's article on Welch's test */
    assert_close(w.p, 0.09077332428566065, 1e-6);
    assert_close(w.difference.mean, -0.095, 1e-9);
    assert_true(w.difference.low < 0 && w.difference.high > 0);
    gbl_test p = gbl_stat_paired(a, b, 6, 0.95);
    double d[6];
    for (int i = 0; i < 6; i++) d[i] = b[i] - a[i];
    gbl_interval s = gbl_stat_student(d, 6, 0.95);
    assert_close(p.difference.low, s.low, 1e-9);
    assert_close(p.difference.high, s.high, 1e-9);
    assert_close(p.effect, gbl_stat_mean(d, 6) / gbl_stat_sd(d, 6), 1e-9);
    assert_close(p.p_above + p.p_below, 1, 1e-12);
    assert_close(p.p, 2 * p.p_below, 1e-12);
}

static void without_luck_a_difference_is_certain(void **state)
{
    (void)state;
    const double a[] = {3, 3, 3}, b[] = {4, 4, 4};
    gbl_test t = gbl_stat_paired(a, b, 3, 0.95), u = gbl_stat_paired(a, a, 3, 0.95);
    assert_close(t.p, 0, 0);
    assert_close(t.p_above, 0, 0);
    assert_close(t.p_below, 1, 0);
    assert_close(u.p, 1, 0);
    assert_close(gbl_stat_welch(a, 3, b, 3, 0.95).p, 0, 0);
    assert_close(gbl_stat_welch(a, 3, a, 3, 0.95).p, 1, 0);
    assert_true(isnan(gbl_stat_paired(a, b, 1, 0.95).p));
    const double odd[] = {1, NAN, 2};
    assert_true(isnan(gbl_stat_paired(odd, b, 3, 0.95).p));
}

static void holm_steps_down(void **state)
{
    (void)state;
    const double p[] = {0.01, 0.04, 0.03, NAN, 0.005, 0.9}, want[] = {0.04, 0.09, 0.09, NAN, 0.025, 0.9}; /* R: p.adjust(p, "holm") */
    double got[6];
    gbl_stat_holm(p, 6, got);
    for (int i = 0; i < 6; i++) {
        if (isnan(want[i])) assert_true(isnan(got[i]));
        else assert_close(got[i], want[i], 1e-12);
    }
    const double ties[] = {0.5, 0.5};
    gbl_stat_holm(ties, 2, got);
    assert_close(got[0], 1, 0);
    assert_close(got[1], 1, 0);
}

/* x(k) = 0.8 x(k-1) + noise: neighbours are alike, so the raw standard error is three times too small. */
static void a_series_knows_less_than_its_length(void **state)
{
    (void)state;
    enum { SERIES = 400, LONG = 6000 };
    static double x[LONG];
    int held = 0, naive = 0, short_ones = 0;
    double worth = 0;
    for (uint64_t s = 0; s < SERIES; s++) {
        double v = normal(s, 0) / 0.6;
        for (uint64_t k = 0; k < LONG; k++) x[k] = v = 0.8 * v + normal(s, k + 1);
        gbl_interval i = gbl_stat_series(x, LONG, 0.95), n = gbl_stat_student(x, LONG, 0.95);
        held += i.low <= 0 && i.high >= 0;
        naive += n.low <= 0 && n.high >= 0;
        worth += (double)i.n / SERIES;
        short_ones += isnan(gbl_stat_series(x, 500, 0.95).low);
    }
    print_message("# of %d autoregressions %d intervals hold the mean (Student's %d); worth %.0f of %d\n", SERIES, held, naive, worth, LONG);
    assert_in_range(held, 368, 392); /* 92 to 98 % */
    assert_true(naive < 260);
    assert_true(worth > 600 && worth < 730); /* (1 - 0.8) / (1 + 0.8) of them: 667 */
    assert_true(short_ones > 390);           /* 500 are worth 56 */
    for (size_t k = 0; k < LONG; k++) x[k] = 3;
    assert_true(isnan(gbl_stat_series(x, LONG, 0.95).low) && gbl_stat_series(x, LONG, 0.95).mean == 3);
}

/* Lindley's recursion: waits of M/M/1, mean load / (1 - load) of a service time of 1. What counts is that an interval that is
 * given may be trusted: at every length either nearly all runs give one, and 92 to 98 % of these hold the truth, or few do. */
static void one_run_of_m_m_1_holds_the_truth_or_is_refused(void **state)
{
    (void)state;
    enum { RUNS = 200, LONGEST = 20000 };
    static const struct { double load; size_t n; int given; } row[] = {{0.5, 4000, 1}, {0.5, 10000, 1}, {0.7, 10000, 1}, {0.8, 20000, 1},
                                                                       {0.5, 300, 0},  {0.7, 1000, 0},  {0.8, 2000, 0},  {0.9, 4000, 0}};
    static double wait[LONGEST];
    for (size_t c = 0; c < sizeof row / sizeof *row; c++) {
        double truth = row[c].load / (1 - row[c].load);
        int given = 0, held = 0;
        for (uint64_t r = 0; r < RUNS; r++) {
            double w = 0;
            for (size_t k = 0; k < row[c].n; k++) {
                wait[k] = w;
                w = fmax(0, w - log(gbl_draw(r, 900 + (uint32_t)c, k, 0)) + log(gbl_draw(r, 900 + (uint32_t)c, k, 1)) / row[c].load);
            }
            gbl_interval i = gbl_stat_series(wait, row[c].n, 0.95);
            given += !isnan(i.low);
            held += i.low <= truth && truth <= i.high;
        }
        print_message("# M/M/1 at %.1f, %zu requests: %d of %d runs give an interval, %d hold the truth\n", row[c].load, row[c].n, given, RUNS, held);
        if (row[c].given) assert_true(given >= RUNS * 95 / 100 && held >= given * 92 / 100 && held <= given * 98 / 100);
        else assert_true(given - held <= RUNS * 8 / 100); /* of all runs, those that mislead */
    }
}

static void bootstrap_holds_the_truth_of_skewed_values(void **state)
{
    (void)state;
    int boot = 0, student = 0, plain = 0;
    double v[12];
    for (uint64_t s = 0; s < 400; s++) {
        for (uint64_t k = 0; k < 12; k++) v[k] = exp(normal(1000 + s, k)); /* lognormal: mean e^0.5 */
        gbl_interval i = gbl_stat_bootstrap(v, 12, 0.95, s), again = gbl_stat_bootstrap(v, 12, 0.95, s), t = gbl_stat_student(v, 12, 0.95);
        assert_memory_equal(&i, &again, sizeof i);
        boot += i.low <= exp(0.5) && i.high >= exp(0.5);
        student += t.low <= exp(0.5) && t.high >= exp(0.5);
        for (uint64_t k = 0; k < 12; k++) v[k] = normal(3000 + s, k);
        i = gbl_stat_bootstrap(v, 12, 0.95, s);
        plain += i.low <= 0 && i.high >= 0;
    }
    print_message("# of 400: skewed %d (Student's %d), normal %d\n", boot, student, plain);
    assert_true(boot > student && boot >= 352); /* no method reaches 95 % with a dozen such values */
    assert_in_range(plain, 368, 392);
}

static void mser_finds_where_the_course_begins(void **state)
{
    (void)state;
    double x[2000];
    int settled;
    for (int k = 0; k < 2000; k++) x[k] = (k < 300 ? 20.0 * (300 - k) / 300 : 0) + normal(7, (uint64_t)k);
    size_t cut = gbl_stat_mser5(x, 2000, &settled);
    assert_true(settled);
    assert_in_range(cut, 230, 320);
    for (int k = 0; k < 2000; k++) x[k] = k;
    gbl_stat_mser5(x, 2000, &settled);
    assert_false(settled);
    for (int k = 0; k < 2000; k++) x[k] = 5;
    assert_int_equal(gbl_stat_mser5(x, 2000, &settled), 0);
    assert_true(settled);
    assert_int_equal(gbl_stat_mser5(x, 3, &settled), 0);
    assert_false(settled);
}

static void blocks_tell_a_shifted_percentile(void **state)
{
    (void)state;
    enum { N = 3000 };
    static double a[N], b[N], c[N], sorted[N];
    static size_t scratch[2 * N];
    for (uint64_t k = 0; k < N; k++) {
        a[k] = sorted[k] = exp(normal(50, k));
        b[k] = a[k] * 1.2;
        c[k] = a[k] + 0.3 * normal(51, k);
    }
    gbl_test t = gbl_stat_block_percentile(a, b, N, 30, 0.99, 0.95, 1, scratch);
    gbl_stat_sort(sorted, N);
    assert_close(t.a, gbl_stat_percentile(sorted, N, 0.99), 1e-12);
    assert_close(t.difference.mean, 0.2 * t.a, 1e-9);
    assert_true(t.p < 0.01 && t.difference.low > 0 && t.difference.low < t.difference.mean && t.difference.high > t.difference.mean);
    gbl_test u = gbl_stat_block_percentile(a, c, N, 30, 0.5, 0.95, 1, scratch);
    assert_true(u.p > 0.05);
    assert_true(isnan(gbl_stat_block_percentile(a, b, 40, 30, 0.5, 0.95, 1, scratch).p));
}

/* A random walk that is pushed, one that is not, and a level that wanders around its mean. */
static void growth_is_told_from_wandering(void **state)
{
    (void)state;
    enum { CELLS = GBL_GROWTH_CELLS, RUNS = 10 };
    double level[RUNS * (CELLS + 1)];
    int called = 0, missed = 0;
    for (uint64_t s = 0; s < 200; s++) {
        for (int push = 0; push < 2; push++) {
            for (uint64_t r = 0; r < RUNS; r++) {
                double v = push ? 60 : 10;
                for (uint64_t c = 0; c <= CELLS; c++) {
                    v = push ? v + 5 + 4 * normal(s, r * 64 + c) : 10 + 0.7 * (v - 10) + 4 * normal(s, 1000 + r * 64 + c);
                    level[r * (CELLS + 1) + c] = v > 0 ? v : 0;
                }
            }
            gbl_growth g = gbl_stat_growth(level, RUNS, CELLS, RUNS * 500);
            called += !push && g.growing != 0;
            missed += push && g.growing != 1;
        }
    }
    assert_int_equal(called, 0);
    assert_int_equal(missed, 0);
    assert_int_equal(gbl_stat_growth(level, RUNS, CELLS, 100).growing, -1);
    assert_int_equal(gbl_stat_growth(level, 0, CELLS, 1000).growing, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(t_is_students),
                                       cmocka_unit_test(paired_and_welch_agree_with_r),
                                       cmocka_unit_test(without_luck_a_difference_is_certain),
                                       cmocka_unit_test(holm_steps_down),
                                       cmocka_unit_test(a_series_knows_less_than_its_length),
                                       cmocka_unit_test(one_run_of_m_m_1_holds_the_truth_or_is_refused),
                                       cmocka_unit_test(bootstrap_holds_the_truth_of_skewed_values),
                                       cmocka_unit_test(mser_finds_where_the_course_begins),
                                       cmocka_unit_test(blocks_tell_a_shifted_percentile),
                                       cmocka_unit_test(growth_is_told_from_wandering)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
