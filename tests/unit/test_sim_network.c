/* The network as a fluid: shares worked by hand, and conservation on random flows. */
#include "tests/unit/check.h"

#include "base/random.h"
#include "sim/network.h"

static gbl_network made(size_t lines, double bps) {
    gbl_network w;
    gbl_err err;
    assert_int_equal(gbl_network_init(&w, lines, &err), 0);
    for (size_t i = 0; i < lines; i++) w.line[i].bps = bps;
    return w;
}

static void start(gbl_network *w, int64_t now, double bytes, int32_t out, int32_t in, double limit, int64_t tag) {
    int32_t lines[] = {out, in};
    gbl_err err;
    assert_int_equal(gbl_network_start(w, now, bytes, lines, 2, limit, tag, &err), 0);
}

static void ends(gbl_network *w, int64_t at, int64_t tag) {
    int64_t got;
    assert_int_equal(gbl_network_next(w), at);
    assert_int_equal(gbl_network_finish(w, at, &got), 1);
    assert_int_equal(got, tag);
}

/* Machine 0 sends on line 0 and receives on line 1, machine 1 on 2 and 3, machine 2 on 4 and 5; 1 byte a ns. */
static void two_share_one_port(void **state) {
    (void)state;
    gbl_network w = made(6, 1e9);
    start(&w, 0, 1000, 0, 3, INFINITY, 7);
    assert_int_equal(gbl_network_next(&w), 1000);
    start(&w, 0, 1000, 0, 5, INFINITY, 8); /* the same sender: each takes twice as long */
    ends(&w, 2000, 7);
    ends(&w, 2000, 8);
    start(&w, 3000, 1000, 0, 3, INFINITY, 1);
    start(&w, 3000, 1000, 2, 1, INFINITY, 2); /* the other way round: not in the way */
    ends(&w, 4000, 1);
    ends(&w, 4000, 2);
    gbl_network_check(&w, 4000);
    gbl_network_fini(&w);
}

/* Two receive on line 3, so each has half; the third takes what is left of line 0. When one ends, the rest speeds up. */
static void max_min_is_fair(void **state) {
    (void)state;
    gbl_network w = made(6, 1e9);
    start(&w, 0, 1000, 0, 3, INFINITY, 0);
    start(&w, 0, 1000, 4, 3, INFINITY, 1);
    start(&w, 0, 900, 0, 5, 0.25e9, 2); /* limited by itself: line 0 is not full */
    ends(&w, 2000, 0);
    ends(&w, 2000, 1);
    ends(&w, 3600, 2);
    start(&w, 4000, 300, 0, 3, INFINITY, 0);
    start(&w, 4000, 600, 0, 5, INFINITY, 1);
    ends(&w, 4600, 0);
    ends(&w, 4900, 1); /* 300 at half speed, 300 alone */
    gbl_network_check(&w, 5000);
    gbl_network_fini(&w);
}

static void the_order_of_starts_does_not_matter(void **state) {
    (void)state;
    for (uint64_t run = 0; run < 200; run++) {
        gbl_network w[2] = {made(8, 1e9), made(8, 1e9)};
        int32_t n = 2 + (int32_t)(gbl_draw_u64(1, 2, run, 0) % 9);
        for (int32_t i = 0; i < n; i++) {
            for (int k = 0; k < 2; k++) {
                uint64_t f = (uint64_t)(k ? n - 1 - i : i);
                start(&w[k], 0, 1.0 + (double)(gbl_draw_u64(1, 3, run, f) % 100000), 2 * (int32_t)(gbl_draw_u64(1, 4, run, f) % 4), 1 + 2 * (int32_t)(gbl_draw_u64(1, 5, run, f) % 4),
                      gbl_draw_u64(1, 6, run, f) % 3 ? INFINITY : 1e8, (int64_t)f);
            }
        }
        int64_t tag[2];
        for (int32_t i = 0; i < n; i++) {
            int64_t at = gbl_network_next(&w[0]);
            assert_int_equal(at, gbl_network_next(&w[1]));
            for (int k = 0; k < 2; k++) assert_int_equal(gbl_network_finish(&w[k], at, &tag[k]), 1);
            assert_int_equal(tag[0], tag[1]);
            gbl_network_check(&w[0], at);
        }
        assert_int_equal(gbl_network_next(&w[0]), INT64_MAX);
        for (int k = 0; k < 2; k++) gbl_network_fini(&w[k]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_share_one_port), cmocka_unit_test(max_min_is_fair), cmocka_unit_test(the_order_of_starts_does_not_matter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
