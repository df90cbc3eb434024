/* Keyed draws against published vectors, quantile functions against their distribution functions. */
#include <math.h>
#include "base/random.h"
#include "tests/unit/base_help.h"

/* philox4x32 10, from kat_vectors of Random123 1.09. */
static void philox_known_answers(void **state)
{
    static const uint32_t vectors[][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        gbl_philox(vectors[i], vectors[i] + 4, out);
        assert_memory_equal(out, vectors[i] + 6, sizeof out);
    }
}

/* Each argument matters, none can stand in for another, and 64 bits of each are used. */
static void draws_are_keyed(void **state)
{
    static const uint64_t values[] = {0, 1, 2, 1u << 31, UINT64_C(1) << 32, UINT64_C(1) << 63};
    uint64_t seen[6 * 3 * 6 * 6];
    int n = 0;
    (void)state;
    for (int s = 0; s < 6; s++)
        for (uint32_t t = 0; t < 3; t++)
            for (int e = 0; e < 6; e++)
                for (int k = 0; k < 6; k++) seen[n++] = gbl_draw_u64(values[s], t, values[e], values[k]);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++) assert_true(seen[i] != seen[k]);
    assert_true(gbl_draw_u64(1, 2, 3, 4) == gbl_draw_u64(1, 2, 3, 4));
}

static void uniforms_are_uniform(void **state)
{
    enum { N = 200000, CELLS = 64 };
    int cell[CELLS] = {0};
    double sum = 0, chi = 0, lag = 0, before = 0.5;
    (void)state;
    for (int i = 0; i < N; i++) {
        double u = gbl_draw(1, GBL_STREAM_ARRIVAL, (uint64_t)i, 0);
        assert_true(u > 0 && u < 1);
        cell[(int)(u * CELLS)]++;
        sum += u;
        lag += (u - 0.5) * (before - 0.5);
        before = u;
    }
    for (int i = 0; i < CELLS; i++) chi += (cell[i] - (double)N / CELLS) * (cell[i] - (double)N / CELLS) / ((double)N / CELLS);
    assert_true(fabs(sum / N - 0.5) < 4 * sqrt(1.0 / 12 / N));
    assert_true(chi < 120); /* 63 degrees of freedom: beyond 4.5 standard deviations */
    assert_true(fabs(lag / N) < 4 / 12.0 / sqrt(N));
}

static const double shares[] = {0x1p-53, 1e-9, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1 - 1e-9, 1 - 0x1p-53};
enum { SHARES = sizeof shares / sizeof shares[0] };

static void closed_forms(void **state)
{
    (void)state;
    for (int i = 0; i < SHARES; i++) {
        double u = shares[i], x = gbl_q_exponential(u, 3), w = gbl_q_weibull(u, 2.5, 3), n = gbl_q_normal(u, 0, 1);
        assert_close(-expm1(-x / 3), u, 1e-14);
        assert_close(-expm1(-pow(w / 3, 2.5)), u, 1e-13);
        if (u < 0.5) assert_close(0.5 * erfc(-n / sqrt(2)), u, 1e-12);
        else assert_close(0.5 * erfc(n / sqrt(2)), 1 - u, 1e-7);
        assert_close(gbl_q_normal(u, 5, 2), 5 + 2 * n, 1e-15);
        assert_close(log(gbl_q_lognormal(u, 1, 0.5)), 1 + 0.5 * n, 1e-12);
    }
    assert_close(gbl_q_normal(0.975, 0, 1), 1.959963984540054, 1e-12);
    assert_close(gbl_q_exponential(0.5, 1), 0.6931471805599453, 1e-15);
}

/* Shape 1 is the exponential, shape k the sum of k of them (Erlang), with a closed distribution function. */
static void gamma_inverts(void **state)
{
    static const double shapes[] = {0.01, 0.04, 0.3, 1, 7.5, 400, 1e5};
    (void)state;
    for (int i = 0; i < SHARES; i++) {
        double u = shares[i], x = gbl_q_gamma(u, 3, 2) / 2, none = exp(-x) * (1 + x + x * x / 2);
        assert_close(gbl_q_gamma(u, 1, 4), gbl_q_exponential(u, 4), 1e-6);
        if (u >= 0.001 && u < 0.5) assert_close(1 - none, u, 1e-6);
        else if (u >= 0.5) assert_close(none, 1 - u, 1e-6);
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
            double y = gbl_q_gamma(u, shapes[s], 1);
            assert_true(isfinite(y) && y >= 0);
            if (i > 0) assert_true(y >= gbl_q_gamma(shares[i - 1], shapes[s], 1));
        }
    }
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) { /* mean and variance of the shape itself */
        double sum = 0, squares = 0;
        int n = 20000;
        for (int i = 0; i < n; i++) {
            double y = gbl_q_gamma((i + 0.5) / n, shapes[s], 1);
            sum += y;
            squares += y * y;
        }
        double mean = sum / n;
        assert_close(mean, shapes[s], 0.01);
        assert_close(squares / n - mean * mean, shapes[s], 0.05);
    }
}

/* P(N > n) = (1 - 1/mean)^n, checked on both sides of every answer. */
static void geometric_inverts(void **state)
{
    static const double means[] = {1.0001, 1.5, 2, 210, 1e6, 1e12};
    (void)state;
    for (size_t m = 0; m < sizeof means / sizeof means[0]; m++)
        for (int i = 0; i < SHARES; i++) {
            double u = shares[i], fall = log1p(-1 / means[m]);
            int64_t n = gbl_q_geometric(u, means[m]);
            assert_true(n >= 1);
            assert_true(-expm1((double)n * fall) >= u * (1 - 1e-12));
            if (n > 1) assert_true(-expm1((double)(n - 1) * fall) <= u * (1 + 1e-12));
        }
    assert_int_equal(gbl_q_geometric(0.999999, 1), 1);
    double sum = 0;
    for (int i = 0; i < 100000; i++) sum += (double)gbl_q_geometric((i + 0.5) / 100000, 210);
    assert_close(sum / 100000, 210, 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(philox_known_answers), cmocka_unit_test(draws_are_keyed), cmocka_unit_test(uniforms_are_uniform),
        cmocka_unit_test(closed_forms), cmocka_unit_test(gamma_inverts), cmocka_unit_test(geometric_inverts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
