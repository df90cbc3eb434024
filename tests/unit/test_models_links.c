/* Copies and collectives against public measurements (../shared/data/kernels; skips without them): nccl-tests of A100 and H100,
 * and Vidur's send_recv between two GPUs of a node and of two. Prints median, 90th percentile and bias, and holds the medians. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"
#include "base/mem.h"
#include "models/kernels.h"

static const char *const folders[] = {"../shared/data/kernels", "../../shared/data/kernels"};
static const char *folder;

enum { MOST = 4096 };
typedef struct errors { double v[MOST]; int n; } errors;

static int by_size(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* Prints a line; returns the median of the absolute errors in percent. */
static double report(const char *gpu, const char *what, errors *e)
{
    double sum = 0;
    assert_true(e->n > 50);
    for (int i = 0; i < e->n; i++)
        sum += e->v[i];
    qsort(e->v, (size_t)e->n, sizeof *e->v, by_size);
    double median = 100 * fabs(e->v[e->n / 2]);
    printf("  %-12s %-32s %5d rows  median %5.1f %%  p90 %5.1f %%  mean %+5.1f %%\n", gpu, what, e->n, median,
           100 * fabs(e->v[e->n * 9 / 10]), 100 * sum / e->n);
    return median;
}

typedef struct ask {
    gbl_machine g;
    const char *system, *what, *devices; /* devices: of a node, NULL for nccl-tests */
    errors e;
} ask;

static void one_way_row(ask *a, char **f)
{
    gbl_kernel k;
    if (strcmp(f[0], a->system) || strcmp(f[1], a->what) || strcmp(f[2], "nccl"))
        return;
    double bytes = atof(f[8]), seconds = atof(f[9]) * 1e-6;
    int32_t n = atoi(f[6]);
    if (!strcmp(a->what, "alltoall"))
        gbl_all_to_all(&a->g, bytes, n, &k);
    else if (!strcmp(a->what, "all_gather"))
        gbl_all_gather(&a->g, bytes, n, &k);
    else
        gbl_reduce_scatter(&a->g, bytes, n, &k);
    a->e.v[a->e.n++] = k.time_s / seconds - 1;
}

static void send_row(ask *a, char **f)
{
    gbl_kernel k;
    if (strcmp(f[0], a->system) || strcmp(f[1], "send_recv") || strcmp(f[3], a->devices))
        return;
    gbl_send(&a->g, atof(f[6]), !strcmp(a->devices, "1"), &k);
    a->e.v[a->e.n++] = k.time_s / (atof(f[7]) * 1e-3) - 1;
}

static void read_file(ask *a, const char *name, void (*row)(ask *, char **))
{
    gbl_lines *l = NULL;
    gbl_err err = {0};
    char *line, *field[16], path[256];
    size_t len;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(gbl_lines_open(&l, path, &err), 0);
    while (gbl_lines_next(l, &line, &len, &err) == 1) {
        int n = 0;
        for (char *p = line; n < 16;) {
            field[n++] = p;
            p = strchr(p, ',');
            if (!p)
                break;
            *p++ = 0;
        }
        assert_true(a->e.n < MOST);
        if (n >= 10)
            row(a, field);
    }
    gbl_lines_close(l);
}

static int find_folder(void)
{
    for (size_t i = 0; i < sizeof folders / sizeof *folders && !folder; i++)
        if (!access(folders[i], R_OK))
            folder = folders[i];
    if (!folder)
        printf("  skipped: no ../shared/data/kernels\n");
    return folder != NULL;
}

static void open_machine(gbl_hw *hw, const char *name, gbl_arena *arena, gbl_machine *g)
{
    gbl_err err = {0};
    assert_int_equal(gbl_hw_load(hw, name, "", arena, &err), 0);
    *g = (gbl_machine){hw, hw->eff, 0, 0, 1};
}

static void one_way_collectives(void **state)
{
    static const struct { const char *card, *system, *what; double most; } rows[] = {
        {"a100-80-sxm", "a100_sxm", "all_gather", 7}, {"a100-80-sxm", "a100_sxm", "reduce_scatter", 7}, {"a100-80-sxm", "a100_sxm", "alltoall", 5},
        {"h100-sxm", "h100_sxm", "all_gather", 7},    {"h100-sxm", "h100_sxm", "reduce_scatter", 8},    {"h100-sxm", "h100_sxm", "alltoall", 8}};
    (void)state;
    if (!find_folder())
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gbl_arena *arena = gbl_arena_new();
        gbl_hw hw;
        static ask a;
        memset(&a, 0, sizeof a);
        a.system = rows[i].system;
        a.what = rows[i].what;
        open_machine(&hw, rows[i].card, arena, &a.g);
        read_file(&a, "collectives_a100_h100.csv.gz", one_way_row);
        assert_true(report(rows[i].card, rows[i].what, &a.e) < rows[i].most);
        gbl_arena_free(arena);
    }
}

/* The pair of A100 in two nodes reaches a third of its network card there: printed, not held. */
static void sends(void **state)
{
    static const struct { const char *card, *system, *devices, *what; double most; } rows[] = {
        {"h100-sxm", "h100_dgx", "2", "send inside a node", 5},     {"h100-sxm", "h100_dgx", "1", "send between nodes", 5},
        {"a100-80-sxm", "a100_dgx", "2", "send inside a node", 25}, {"a100-80-sxm", "a100_dgx", "1", "send between nodes", 0}};
    (void)state;
    if (!find_folder())
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gbl_arena *arena = gbl_arena_new();
        gbl_hw hw;
        static ask a;
        memset(&a, 0, sizeof a);
        a.system = rows[i].system;
        a.devices = rows[i].devices;
        open_machine(&hw, rows[i].card, arena, &a.g);
        read_file(&a, "vidur_network_dgx.csv.gz", send_row);
        double median = report(rows[i].card, rows[i].what, &a.e);
        if (rows[i].most > 0)
            assert_true(median < rows[i].most);
        gbl_arena_free(arena);
    }
}

/* A bridge joins two cards: two talk over it, four as if there were none. */
static void bridged_pairs(void **state)
{
    (void)state;
    gbl_arena *arena = gbl_arena_new();
    gbl_hw pairs, plain;
    gbl_machine with, without;
    open_machine(&pairs, "a100-80-pcie-nvlink", arena, &with);
    plain = pairs;
    plain.nvlink_bps = 0;
    without = with;
    without.hw = &plain;
    for (int32_t n = 2; n <= 4; n += 2) {
        gbl_kernel a, b;
        gbl_all_reduce(&with, 64e6, n, &a);
        gbl_all_reduce(&without, 64e6, n, &b);
        if (n == 2) assert_true(b.time_s > 4 * a.time_s);
        else assert_close(a.time_s, b.time_s, 0);
        gbl_all_gather(&with, 64e6, n, &a);
        gbl_all_gather(&without, 64e6, n, &b);
        assert_true(n == 2 ? b.time_s > 3 * a.time_s : b.time_s == a.time_s);
    }
    gbl_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_way_collectives), cmocka_unit_test(sends), cmocka_unit_test(bridged_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
