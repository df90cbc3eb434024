/* Kernels that move KV: hand-worked bytes and times, growth, and the data sheet on an ideal machine. */
#include "tests/unit/check.h"

#include <string.h>

#include "base/mem.h"
#include "models/kernel_move.h"

static gbl_hw hw;
static gbl_arena *arena;
static gbl_machine g, ideal;

static int set_up(void **state)
{
    gbl_err err = {0};
    (void)state;
    arena = gbl_arena_new();
    if (!arena || gbl_hw_load(&hw, "h100-sxm", "", arena, &err))
        return -1;
    g = (gbl_machine){&hw, hw.eff, 0, 1, 1};
    ideal = g;
    ideal.ideal = 1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gbl_arena_free(arena);
    return 0;
}

static double streamed(double bytes, double launches)
{
    return launches * hw.eff->small_t0 + bytes / (3350e9 * hw.eff->small_e_m);
}

static void block_copies(void **state)
{
    gbl_kernel k;
    (void)state;
    gbl_block_copy(&g, 1 << 20, 16, &k); /* 16 pieces of 64 KiB */
    assert_close(k.hbm_bytes, 2 << 20, 0);
    assert_close(k.time_s, streamed(2 << 20, 1), 1e-12);
    gbl_block_copy(&g, 1000, 10, &k); /* pieces of 100 B touch two granules each */
    assert_close(k.hbm_bytes, 2 * 10 * 128, 0);
    gbl_block_copy(&ideal, 1000, 10, &k);
    assert_close(k.time_s, 2000 / 3350e9, 1e-12);
    gbl_block_copy(&g, 0, 0, &k);
    assert_close(k.time_s, 0, 0);
}

/* PCIe 5: 64 GB/s at the card's share, 10 us of latency; DRAM 76.8 GB/s. */
static void host_copies(void **state)
{
    gbl_move m;
    double e = hw.eff->copy_e, piece = hw.eff->copy_piece;
    (void)state;
    gbl_host_copy(&g, 1e9, 1, 1, &m);
    assert_close(m.time_s, fmax(10e-6 + 1e9 / (64e9 * e), 1e9 / 76.8e9), 1e-12);
    assert_close(m.dram_s, 1e9 / 76.8e9, 1e-12);
    gbl_host_copy(&g, 1e6, 10000, 1, &m);
    assert_close(m.time_s, 10e-6 + 10000 * piece, 1e-12);
    gbl_host_copy(&g, 1e9, 1, 0, &m); /* through the driver's buffer */
    assert_close(m.time_s, 10e-6 + 1e9 / (64e9 * e) + 0.1, 1e-12);
    assert_close(m.dram_s, 3e9 / 76.8e9, 1e-12);
    gbl_host_copy(&ideal, 1e9, 1e6, 0, &m);
    assert_close(m.time_s, 1e9 / 64e9, 1e-12);
    gbl_host_copy(&g, 0, 5, 1, &m);
    assert_close(m.time_s, 0, 0);
}

static void requantisation(void **state)
{
    gbl_kernel k;
    (void)state;
    gbl_requantise(&g, 1e6, 2, 0.5, 1, &k); /* bf16 read for the range, again for the values, 4 bits written */
    assert_close(k.hbm_bytes, 4.5e6, 0);
    assert_close(k.time_s, streamed(4.5e6, 1), 1e-12);
    gbl_requantise(&g, 1e6, 0.5, 2, 1, &k);
    assert_close(k.hbm_bytes, 2.5e6, 0);
    gbl_requantise(&g, 1e6, 0.5, 2, 5, &k); /* five eager kernels */
    assert_close(k.time_s, streamed(12.5e6, 5), 1e-12);
    gbl_requantise(&ideal, 1e6, 2, 0.5, 1, &k);
    assert_close(k.time_s, 2.5e6 / 3350e9, 1e-12);
}

static void selection(void **state)
{
    gbl_kernel k;
    (void)state;
    gbl_select(&g, 8, 16384, 1024, 2, &k); /* 16-bit scores: two histograms, one collection */
    assert_close(k.hbm_bytes, 8 * (16384 * 2 * 3 + 4 * 1024), 0);
    assert_close(k.time_s, streamed(8 * (16384 * 2 * 3 + 4 * 1024), 3), 1e-12);
    gbl_select(&g, 8, 100, 1024, 2, &k); /* no more than there are */
    assert_close(k.hbm_bytes, 8 * (100 * 2 * 3 + 4 * 100), 0);
}

static void gathering(void **state)
{
    gbl_kernel k;
    (void)state;
    gbl_gather_rows(&g, 1000, 256, &k);
    assert_close(k.hbm_bytes, 1000 * (256 + 256 + 4), 0);
    gbl_gather_rows(&g, 1000, 16, &k); /* 16 bytes out of 64 each */
    assert_close(k.hbm_bytes, 1000 * (64 + 16 + 4), 0);
    gbl_compact_rows(&g, 4096, 1024, 256, &k);
    assert_close(k.hbm_bytes, 4096 + 1024 * 512, 0);
    assert_close(k.time_s, streamed(4096 + 1024 * 512, 2), 1e-12);
    gbl_compact_rows(&g, 1000, 5000, 256, &k); /* all of them stay */
    assert_close(k.hbm_bytes, 1000 + 1000 * 512, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(block_copies), cmocka_unit_test(host_copies), cmocka_unit_test(requantisation),
                                       cmocka_unit_test(selection), cmocka_unit_test(gathering)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
