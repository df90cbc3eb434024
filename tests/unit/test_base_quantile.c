/* Quantiles: exact against sorting, the sketch within its bound, exact moments, merging. */
#include <math.h>
#include "base/quantile.h"
#include "tests/unit/base_help.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* numpy.percentile's default, on a sorted array. */
static double plain_quantile(const double *sorted, size_t n, double p)
{
    double place = p * (double)(n - 1);
    size_t i = (size_t)place;
    return i + 1 >= n ? sorted[n - 1] : sorted[i] + (sorted[i + 1] - sorted[i]) * (place - (double)i);
}

static const double shares[] = {0, 1e-6, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.999999, 1};
enum { SHARES = sizeof shares / sizeof shares[0] };

/* Several shapes of data: tight, wide, with ties, zeros, subnormals. */
static double sample_value(uint64_t *luck, int shape)
{
    double u = ((double)(luck_next(luck) >> 11) + 0.5) * 0x1p-53;
    switch (shape) {
    case 0: return u;
    case 1: return exp(40 * u - 20);
    case 2: return floor(10 * u);
    case 3: return u < 0.3 ? 0 : -log(u);
    case 4: return 1e9 + 1e3 * u;
    default: return u < 0.5 ? 5e-324 * floor(100 * u) : u * 1e300;
    }
}

static void exact_equals_sorting(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 10, 255, 256, 257, 5000};
    static double values[5000];
    uint64_t luck = 1;
    (void)state;
    for (int shape = 0; shape < 6; shape++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            gbl_quantile *q = gbl_quantile_new(0);
            size_t n = sizes[s];
            for (size_t i = 0; i < n; i++) {
                values[i] = sample_value(&luck, shape);
                assert_int_equal(gbl_quantile_add(q, values[i]), 0);
                if (i == n / 2) gbl_quantile_at(q, 0.5); /* asking in between changes nothing */
            }
            qsort(values, n, sizeof *values, by_value);
            assert_true(gbl_quantile_exact(q));
            for (int p = 0; p < SHARES; p++) { /* two roundings of the interpolation apart; below 1e-307 that is absolute */
                double want = plain_quantile(values, n, shares[p]);
                assert_true(fabs(gbl_quantile_at(q, shares[p]) - want) <= 1e-15 * want + 1e-323);
            }
            assert_true(gbl_quantile_at(q, 0) == values[0] && gbl_quantile_at(q, 1) == values[n - 1] && gbl_quantile_max(q) == values[n - 1]);
            gbl_quantile_free(q);
        }
}

static void numpy_examples(void **state)
{
    gbl_quantile *q = gbl_quantile_new(0);
    (void)state;
    assert_true(isnan(gbl_quantile_mean(q)) && isnan(gbl_quantile_max(q)) && isnan(gbl_quantile_at(q, 0.5)));
    for (int i = 4; i >= 1; i--) gbl_quantile_add_int(q, i, 1);
    assert_true(gbl_quantile_at(q, 0.5) == 2.5 && gbl_quantile_at(q, 0.25) == 1.75 && gbl_quantile_at(q, 0.9) == 3.7 && gbl_quantile_mean(q) == 2.5);
    gbl_quantile_free(q);
}

static void sketch_is_within_its_bound(void **state)
{
    enum { N = 60000 };
    static double values[N];
    uint64_t luck = 2;
    (void)state;
    for (int shape = 0; shape < 5; shape++) {
        gbl_quantile *q = gbl_quantile_new(GBL_Q_SKETCH_ONLY);
        for (int i = 0; i < N; i++) gbl_quantile_add(q, values[i] = sample_value(&luck, shape));
        qsort(values, N, sizeof *values, by_value);
        assert_false(gbl_quantile_exact(q));
        for (int p = 0; p < SHARES; p++) {
            double want = plain_quantile(values, N, shares[p]);
            assert_true(fabs(gbl_quantile_at(q, shares[p]) - want) <= 0.0005 * want);
        }
        assert_true(gbl_quantile_at(q, 0) == values[0] && gbl_quantile_at(q, 1) == values[N - 1] && gbl_quantile_max(q) == values[N - 1]);
        assert_int_equal(gbl_quantile_n(q), N);
        gbl_quantile_free(q);
    }
}

/* The 2^20th value is still stored, the next one moves all into the sketch; nothing known exactly changes. */
static void exact_turns_into_sketch(void **state)
{
    gbl_quantile *q = gbl_quantile_new(0);
    int64_t n = 1 << 20;
    (void)state;
    for (int64_t i = 0; i < n; i++) gbl_quantile_add_int(q, i, 1);
    assert_true(gbl_quantile_exact(q));
    assert_true(gbl_quantile_at(q, 0.5) == (double)(n - 1) / 2);
    gbl_quantile_add_int(q, n, 1);
    assert_false(gbl_quantile_exact(q));
    assert_true(gbl_quantile_n(q) == n + 1 && gbl_quantile_max(q) == (double)n && gbl_quantile_mean(q) == (double)n / 2);
    for (int p = 0; p < SHARES; p++) assert_close(gbl_quantile_at(q, shares[p]), shares[p] * (double)n, shares[p] > 0.01 ? 0.0005 : 1);
    gbl_quantile_free(q);
}

static void runs_count_as_single_values(void **state)
{
    gbl_quantile *a = gbl_quantile_new(0), *b = gbl_quantile_new(0), *c = gbl_quantile_new(GBL_Q_SKETCH_ONLY);
    uint64_t luck = 4;
    (void)state;
    for (int i = 0; i < 300; i++) {
        int64_t v = (int64_t)luck_below(&luck, 1000000), times = (int64_t)luck_below(&luck, 50);
        gbl_quantile_add_int(a, v, times);
        gbl_quantile_add_int(c, v, times);
        for (int64_t k = 0; k < times; k++) gbl_quantile_add_int(b, v, 1);
    }
    for (int p = 0; p < SHARES; p++) {
        assert_true(gbl_quantile_at(a, shares[p]) == gbl_quantile_at(b, shares[p]));
        assert_close(gbl_quantile_at(c, shares[p]), gbl_quantile_at(b, shares[p]), 0.0005);
    }
    assert_true(gbl_quantile_mean(a) == gbl_quantile_mean(c) && gbl_quantile_n(a) == gbl_quantile_n(c));
    gbl_quantile_add_int(a, 7, INT64_C(1) << 40); /* more than could be stored */
    assert_false(gbl_quantile_exact(a));
    assert_true(gbl_quantile_at(a, 0.5) > 6.99 && gbl_quantile_at(a, 0.5) < 7.01);
    gbl_quantile_free(a);
    gbl_quantile_free(b);
    gbl_quantile_free(c);
}

static void sums_are_exact(void **state)
{
    gbl_quantile *q = gbl_quantile_new(GBL_Q_SKETCH_ONLY), *r = gbl_quantile_new(GBL_Q_SKETCH_ONLY), *d = gbl_quantile_new(0);
    (void)state;
    gbl_quantile_add_int(q, INT64_MAX, 4); /* beyond 64 bits, and with a small part that doubles would lose */
    gbl_quantile_add_int(q, 3, 4);
    assert_close(gbl_quantile_mean(q), 4611686018427387905.0, 1e-16);
    gbl_quantile_add_int(r, INT64_C(1) << 60, 1); /* a sum in doubles would stay at 2^60 */
    for (int i = 0; i < 256; i++) gbl_quantile_add_int(r, 1, 1);
    gbl_quantile_add_int(r, 0, 512 - 257);
    assert_true(gbl_quantile_mean(r) == 0x1p51 + 0.5);
    gbl_quantile_add(d, 1e16); /* compensated: the ones would vanish one by one */
    for (int i = 0; i < 1000; i++) gbl_quantile_add(d, 1);
    assert_true(gbl_quantile_mean(d) * 1001 == 1e16 + 1000);
    gbl_quantile_free(q);
    gbl_quantile_free(r);
    gbl_quantile_free(d);
}

/* Parts merged in any order give what one sample of all would: same bits for integers. */
static void merging_is_adding(void **state)
{
    static const int flags[][3] = {{0, 0, 0}, {0, GBL_Q_SKETCH_ONLY, 0}, {GBL_Q_SKETCH_ONLY, 0, GBL_Q_SKETCH_ONLY}, {GBL_Q_SKETCH_ONLY, GBL_Q_SKETCH_ONLY, GBL_Q_SKETCH_ONLY}};
    (void)state;
    for (int f = 0; f < 4; f++) {
        int sketch = flags[f][0] | flags[f][1] | flags[f][2];
        gbl_quantile *all = gbl_quantile_new(sketch), *part[3], *sum[2] = {gbl_quantile_new(0), gbl_quantile_new(0)}, *none = gbl_quantile_new(0);
        uint64_t luck = 9;
        for (int i = 0; i < 3; i++) part[i] = gbl_quantile_new(flags[f][i]);
        for (int i = 0; i < 9000; i++) {
            int64_t v = (int64_t)luck_below(&luck, 1u << 30);
            gbl_quantile_add_int(all, v, 1);
            gbl_quantile_add_int(part[luck_below(&luck, 3)], v, 1);
        }
        for (int i = 0; i < 3; i++) {
            assert_int_equal(gbl_quantile_merge(sum[0], part[i]), 0);
            assert_int_equal(gbl_quantile_merge(sum[1], part[2 - i]), 0);
        }
        gbl_quantile_merge(sum[0], none);
        for (int s = 0; s < 2; s++) {
            assert_true(gbl_quantile_exact(sum[s]) == !sketch);
            assert_true(gbl_quantile_n(sum[s]) == 9000 && gbl_quantile_mean(sum[s]) == gbl_quantile_mean(all));
            for (int p = 0; p < SHARES; p++) assert_true(gbl_quantile_at(sum[s], shares[p]) == gbl_quantile_at(all, shares[p]));
            gbl_quantile_free(sum[s]);
        }
        for (int i = 0; i < 3; i++) gbl_quantile_free(part[i]);
        gbl_quantile_free(all);
        gbl_quantile_free(none);
    }
}

static void large_merge_becomes_a_sketch(void **state)
{
    gbl_quantile *a = gbl_quantile_new(0), *b = gbl_quantile_new(0);
    (void)state;
    for (int64_t i = 0; i < 600000; i++) gbl_quantile_add_int(a, i, 1), gbl_quantile_add_int(b, 600000 + i, 1);
    assert_int_equal(gbl_quantile_merge(a, b), 0);
    assert_false(gbl_quantile_exact(a));
    assert_true(gbl_quantile_n(a) == 1200000 && gbl_quantile_max(a) == 1199999 && gbl_quantile_mean(a) == 599999.5);
    assert_close(gbl_quantile_at(a, 0.5), 599999.5, 0.0005);
    gbl_quantile_free(a);
    gbl_quantile_free(b);
}

/* A failed addition leaves the sample as it was; sorting without memory falls back. */
static void memory_may_run_out(void **state)
{
    (void)state;
    for (int flags = 0; flags < 2; flags++) {
        gbl_quantile *q = gbl_quantile_new(flags ? GBL_Q_SKETCH_ONLY : 0);
        int64_t n = 0;
        for (int i = 0; i < 3000; i++) {
            int fails = i % 7 == 0;
            if (fails) gbl_alloc_fail_at(1);
            n += gbl_quantile_add(q, (double)(i * 37 % 3000)) == 0;
            gbl_alloc_fail_at(0);
        }
        assert_int_equal(gbl_quantile_n(q), n);
        gbl_alloc_fail_at(1);
        double median = gbl_quantile_at(q, 0.5);
        gbl_alloc_fail_at(0);
        assert_close(median, 1500, 0.02);
        gbl_quantile_free(q);
    }
    gbl_quantile *full = gbl_quantile_new(0);
    gbl_quantile_add_int(full, 5, 1 << 20);
    gbl_alloc_fail_at(1);
    assert_int_equal(gbl_quantile_add(full, 1), -1); /* the move into the sketch finds no page */
    gbl_alloc_fail_at(0);
    assert_true(gbl_quantile_exact(full) && gbl_quantile_n(full) == 1 << 20 && gbl_quantile_at(full, 0.5) == 5);
    gbl_quantile_free(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exact_equals_sorting), cmocka_unit_test(numpy_examples), cmocka_unit_test(sketch_is_within_its_bound),
        cmocka_unit_test(exact_turns_into_sketch), cmocka_unit_test(runs_count_as_single_values), cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(merging_is_adding), cmocka_unit_test(large_merge_becomes_a_sketch), cmocka_unit_test(memory_may_run_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
