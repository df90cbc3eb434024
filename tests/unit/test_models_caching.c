/* Feature caching: work by hand, the optimum against all subsets, the union, what is refused. */
#include "tests/unit/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/param.h"
#include "models/caching.h"

static gbl_caching made(void) {
    gbl_caching c;
    gbl_err err = {0};
    gbl_arena *a = gbl_arena_new();
    assert_int_equal(gbl_param_defaults(gbl_caching_rows, &c, a, &err), 0);
    gbl_arena_free(a);
    return c;
}

static gbl_caching_sheet sheet_of(gbl_caching c) {
    gbl_caching_sheet s;
    gbl_err err = {0};
    assert_int_equal(gbl_caching_evaluate(&c, &s, &err), 0);
    return s;
}

static void work_by_hand(void **state) {
    (void)state;
    gbl_caching c = made();
    c.self_attention = 0.3, c.cross_attention = 0.2, c.ffn = 0.4, c.steps = 20, c.updates = 5; /* 0.1 is computed always */
    assert_close(sheet_of(c).work, 0.1 + 0.9 * 5 / 20, 1e-12);
    c.overhead = 0.2, c.kernel_speed = 2;
    assert_close(sheet_of(c).speedup, 1 / (0.2 + 0.8 * 0.325 / 2), 1e-12);
    assert_close(sheet_of(c).cached_bytes, 3.0 * 28 * 256 * 1152 * 2, 0);
    c.reused = 0.5;
    assert_close(sheet_of(c).work, 0.1 + 0.45, 1e-12);
    assert_true(isnan(sheet_of(c).likeness));
    c = made();
    c.updates = c.steps; /* nothing is reused */
    assert_close(sheet_of(c).work, 1, 1e-12);
    assert_close(sheet_of(c).likeness, 1, 1e-12);
    assert_close(sheet_of(c).speedup, 1, 1e-12);
}

/* One feed-forward block: the likeness of every subset of 12 steps that has the first and 4 in all. */
static double best_of_all(const gbl_caching *c) {
    double best = 0;
    for (int set = 1; set < 1 << 12; set += 2) {
        double sum = 0, lost = 0;
        if (__builtin_popcount((unsigned)set) != c->updates) continue;
        for (int t = 0; t < 12; t++) {
            double off = ((t + 0.5) / 12 - 0.5) / 0.1;
            lost = set >> t & 1 ? 0 : lost + c->drift * c->ffn_drift * (1 + c->burst * exp(-off * off / 2));
            sum += exp(-lost);
        }
        best = fmax(best, sum / 12);
    }
    return best;
}

static void optimum_is_the_best_of_all(void **state) {
    (void)state;
    gbl_caching c = made();
    c.self_attention = 0, c.ffn = 1, c.blocks = 1, c.steps = 12;
    for (c.updates = 1; c.updates <= 6; c.updates++) {
        c.schedule = GBL_CACHING_UNIFORM;
        double uniform = sheet_of(c).likeness;
        c.schedule = GBL_CACHING_OPTIMAL;
        assert_close(sheet_of(c).likeness, best_of_all(&c), 1e-12);
        assert_close(sheet_of(c).updates, (double)c.updates, 0);
        assert_true(sheet_of(c).likeness >= uniform);
    }
}

static void united_blocks_follow_those_behind(void **state) {
    (void)state;
    gbl_caching c = made();
    c.self_attention = 0, c.ffn = 1, c.blocks = 4, c.steps = 40, c.updates = 4, c.schedule = GBL_CACHING_OPTIMAL;
    double alone = sheet_of(c).updates, alike = sheet_of(c).likeness;
    for (c.unite = 1; c.unite <= 3; c.unite++) {
        gbl_caching_sheet s = sheet_of(c);
        assert_true(s.updates > alone && s.likeness > alike);
        alone = s.updates, alike = s.likeness;
    }
    assert_true(alone < 4 * 4);
    c.schedule = GBL_CACHING_UNIFORM, c.unite = 3; /* all compute at the same steps: nothing to unite */
    assert_close(sheet_of(c).updates, 4, 0);
}

static void refused(void **state) {
    (void)state;
    gbl_caching_sheet s;
    gbl_err err = {0};
    gbl_caching c = made();
    c.ffn = 0.9;
    assert_int_equal(gbl_caching_evaluate(&c, &s, &err), GBL_EINPUT);
    c = made();
    c.updates = 51;
    assert_int_equal(gbl_caching_evaluate(&c, &s, &err), GBL_EINPUT);
    c = made();
    c.unite = 28;
    assert_int_equal(gbl_caching_evaluate(&c, &s, &err), GBL_EINPUT);
    double v;
    assert_false(gbl_caching_value(&s, "speed", &v));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(work_by_hand), cmocka_unit_test(optimum_is_the_best_of_all), cmocka_unit_test(united_blocks_follow_those_behind), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
