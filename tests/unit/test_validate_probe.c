/* Rows of a probe: the reader takes the protocol and refuses everything else by place; known parameters come back from
 * synthetic rows; cards are found by a device's name; programs are run and their failures told. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "base/text.h"
#include "validate/calibrate.h"
#include "validate/probe_program.h"

static char folder[64];
static gbl_arena *arena;
static gbl_hw hw;

static const char *place(const char *name)
{
    return gbl_arena_printf(arena, "%s/%s", folder, name);
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

#define ROW(more) "{\"probe\": \"copy\", \"shape\": {\"elements\": 4}, \"median_us\": 2, \"low_us\": 1.5, \"high_us\": 3, \"repetitions\": 9, \"device\": \"D\"" more "}\n"

/* ---- the reader ---- */

static void rows_are_read(void **state)
{
    gbl_probe_rows p;
    gbl_err err = {0};
    (void)state;
    const char *path = write_file("good.jsonl", "{\"gable\": \"probe/1\", \"date\": \"2026-01-02\", \"free\": [1]}\n"
                                  ROW(", \"bytes\": 32, \"flops\": null, \"cold\": true, \"noisy\": true, \"throttle\": [\"power\"], \"driver\": \"1.2\"")
                                  "\n" ROW(", \"kernel\": \"cublaslt\", \"format\": \"fp8_e4m3\", \"power_w\": null, \"checked\": true")
                                  "{\"probe\": \"copy\", \"shape\": {}, \"median_us\": 100, \"low_us\": 97.6, \"high_us\": 102.5, \"repetitions\": 9, \"device\": \"D\"}\n");
    assert_int_equal(gbl_probe_rows_is(path), 1);
    assert_int_equal(gbl_probe_rows_init(&p, &err), 0);
    assert_int_equal(gbl_probe_rows_read(&p, path, &err), 0);
    assert_int_equal(p.n, 3);
    assert_string_equal(p.device, "D");
    assert_string_equal(p.driver, "1.2");
    assert_string_equal(p.date, "2026-01-02");
    assert_string_equal(p.row[0].shape, "{\"elements\":4}");
    assert_string_equal(p.row[0].kernel, "body");
    assert_string_equal(p.row[1].kernel, "cublaslt");
    assert_true(p.row[0].noisy && p.row[0].cold && !p.row[1].cold);
    assert_true(p.row[1].noisy && !p.row[2].noisy); /* by the interval, whatever the row says */
    assert_true(isnan(p.row[0].flops));
    assert_close(p.row[0].bytes, 32, 0);
    assert_int_equal(p.row[1].line, 4);
    gbl_probe_rows_fini(&p);
    gbl_probe_rows_fini(&p);
}

/* What is wrong with a line, and where it says so. */
static const struct { const char *text, *what, *where; } bad[] = {
    {"\n", "no row of a probe", ""},
    {ROW("") "[1]\n", "a line that is no object", ":2:1"},
    {ROW("") "{\"probe\": \n", "", ":2:"},
    {ROW("") ROW(", \"medan\": 1"), "", ":2:"},
    {ROW(", \"checked\": false"), "the time of a kernel whose result was wrong", ":1:"},
    {ROW(", \"noisy\": 1"), "noisy is neither true nor false", ":1:"},
    {ROW(", \"bytes\": -1"), "bytes is -1", ":1:"},
    {ROW(", \"bytes\": 8"), "bytes are 8; a copy of 4 elements moves 32", ":1:"},
    {ROW(", \"kernel\": \"\""), "kernel is no name", ":1:"},
    {ROW(", \"kernel\": \"Own Kernel\""), "kernel is no name", ":1:"},
    {ROW(", \"throttle\": \"no\""), "throttle is no list", ":1:"},
    {ROW(", \"driver\": \"1\"") ROW(", \"driver\": \"2\""), "rows of two machines: driver \"2\" after \"1\"", ":2:"},
    {"{\"gable\": \"scenario/1\"}\n", "a document of another kind", ":1:"},
    {"{\"shape\": {}}\n", "a row without \"probe\"", ":1:1"},
    {"{\"probe\": \"copy\", \"shape\": [], \"device\": \"D\"}\n", "the shape is no object", ":1:"},
    {"{\"probe\": \"copy\", \"shape\": {\"m\": null}, \"device\": \"D\"}\n", "a shape holds numbers, words and truths alone", ":1:"},
    {"{\"probe\": \"copy\", \"shape\": {}, \"median_us\": 0, \"low_us\": 0, \"high_us\": 0, \"repetitions\": 1, \"device\": \"D\"}\n", "median_us is 0", ":1:"},
    {"{\"probe\": \"copy\", \"shape\": {}, \"median_us\": 5, \"low_us\": 6, \"high_us\": 7, \"repetitions\": 1, \"device\": \"D\"}\n", "the median 5 lies outside", ":1:"},
    {"{\"probe\": \"copy\", \"shape\": {}, \"median_us\": 5, \"low_us\": 5, \"high_us\": 5, \"repetitions\": 0, \"device\": \"D\"}\n", "0 repetitions", ":1:"},
    {"{\"probe\": \"copy\", \"shape\": {}, \"median_us\": 5, \"low_us\": 5, \"high_us\": 5, \"repetitions\": 3}\n", "a row without \"device\"", ":1:"},
};

static void other_lines_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gbl_probe_rows p;
        gbl_err err = {0};
        const char *path = write_file("bad.jsonl", bad[i].text);
        assert_int_equal(gbl_probe_rows_init(&p, &err), 0);
        int code = gbl_probe_rows_read(&p, path, &err);
        if (code != GBL_EINPUT || !strstr(err.what, bad[i].what) || strncmp(err.where, path, strlen(path)) || !strstr(err.where, bad[i].where))
            fail_msg("%s-> %d \"%s\" at \"%s\"", bad[i].text, code, err.what, err.where);
        gbl_probe_rows_fini(&p);
    }
}

/* ---- from rows to parameters ---- */

static double noise(uint64_t of, double sd)
{
    return exp(gbl_q_normal(gbl_draw(11, 91, of, 0), 0, sd));
}

static gbl_calib truth(void)
{
    gbl_calib c = *hw.eff;
    c.gemm.t0 = 4e-6;
    c.gemm.e_c = 0.75;
    c.gemm.e_m = 0.82;
    c.dec_t0 = 7e-6;
    c.dec_e_m = 0.7;
    c.small_t0 = 2.5e-6;
    c.small_e_m = 0.88;
    c.copy_e = 0.83;
    c.copy_piece = 1.5e-6;
    return c;
}

static double time_of(const double *v, int class, uint64_t of)
{
    gbl_calib c = truth();
    gbl_machine g = {&hw, &c, 0, 0, 1};
    gbl_krow r = {.class = (uint8_t)class};
    memcpy(r.v, v, sizeof r.v);
    return gbl_krow_time(&g, &r) * 1e6 * noise(of, 0.03);
}

static void put(FILE *f, const char *probe, const char *more, const char *shape, double us)
{
    fprintf(f, "{\"probe\": \"%s\", %s, \"shape\": {%s}, \"median_us\": %.9g, \"low_us\": %.9g, \"high_us\": %.9g, \"repetitions\": 20, \"device\": \"NVIDIA H200\"}\n",
            probe, more, shape, us, us * 0.99, us * 1.01);
}

static void put_products(FILE *f, const char *kernel, double slower)
{
    static const double ms[] = {1, 16, 64, 256, 1024, 4096}, sizes[] = {2048, 3072, 4096, 5120, 8192, 14336};
    uint64_t of = 1000;
    for (int n = 0; n < 6; n++)
        for (int k = 0; k < 6; k++)
            for (int m = 0; m < 6; m++) {
                double v[GBL_KV_MOST] = {ms[m], sizes[n], sizes[k], 6};
                put(f, "gemm", gbl_arena_printf(arena, "\"kernel\": \"%s\", \"format\": \"bf16\", \"cold\": true", kernel),
                    gbl_arena_printf(arena, "\"m\": %g, \"n\": %g, \"k\": %g", ms[m], sizes[n], sizes[k]), slower * time_of(v, GBL_KC_GEMM, of++));
            }
}

static void put_decodes(FILE *f)
{
    static const double batch[] = {1, 4, 16, 64}, kv[] = {64, 1024, 4096, 16384}, heads[][2] = {{8, 8}, {32, 8}, {32, 32}, {64, 8}, {40, 10}, {28, 4}, {24, 8}, {12, 2}};
    uint64_t of = 5000;
    for (int h = 0; h < 8; h++)
        for (int b = 0; b < 4; b++)
            for (int k = 0; k < 4; k++) {
                double v[GBL_KV_MOST] = {batch[b], kv[k], 0, heads[h][0], heads[h][1], 128};
                put(f, "decode", "\"format\": \"bf16\", \"cold\": true",
                    gbl_arena_printf(arena, "\"batch_size\": %g, \"kv_len\": %g, \"num_heads\": %g, \"num_kv_heads\": %g, \"head_dim\": 128", batch[b], kv[k], heads[h][0], heads[h][1]),
                    time_of(v, GBL_KC_DECODE, of++));
            }
}

static void put_copies(FILE *f)
{
    uint64_t of = 9000;
    for (int i = 0; i < 40; i++) {
        double bytes = floor(8192 * pow(1.4, i)), v[GBL_KV_MOST] = {bytes, 2};
        put(f, "copy", gbl_arena_printf(arena, "\"bytes\": %.17g", bytes), gbl_arena_printf(arena, "\"elements\": %g", bytes / 8), time_of(v, GBL_KC_STREAM, of++));
        double pieces = i % 4 ? pow(4, i % 4 + 1) : 1, h[GBL_KV_MOST] = {bytes, pieces, i % 2};
        put(f, "host_copy", "\"kernel\": \"driver\"", gbl_arena_printf(arena, "\"copied_bytes\": %.17g, \"pieces\": %g, \"to_host\": %d, \"pinned\": true", bytes, pieces, i % 2),
            time_of(h, GBL_KC_HOST, of++));
    }
}

static const char *write_rows(void)
{
    const char *path = place("rows.jsonl");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    put_products(f, "cublaslt", 1);
    put_products(f, "body", 9); /* not to be learnt from */
    put_decodes(f);
    put_copies(f);
    put(f, "decode", "\"noisy\": true", "\"batch_size\": 8, \"kv_len\": 8000, \"num_heads\": 8, \"num_kv_heads\": 8, \"head_dim\": 128", 1e6);
    put(f, "decode", "\"format\": \"int4\"", "\"batch_size\": 8, \"kv_len\": 8000, \"num_heads\": 8, \"num_kv_heads\": 8, \"head_dim\": 128", 70);
    put(f, "host_copy", "\"kernel\": \"driver\"", "\"copied_bytes\": 4096, \"pieces\": 1, \"to_host\": 0, \"pinned\": false", 90);
    put(f, "launch", "\"kernel\": \"body\"", "\"kernels\": 1, \"graph\": false", 3);
    assert_int_equal(fclose(f), 0);
    return path;
}

static void recovered(const gbl_calibration *c, const char *group, const char *name, double want, double rel)
{
    for (int i = 0; i < c->fit.n; i++) {
        const gbl_fit_stage *s = &c->fit.stage[i];
        for (int k = 0; k < s->fit.n; k++) {
            if (strcmp(s->group, group) || strcmp(s->fit.par[k].name, name)) continue;
            double se = sqrt(s->fit.covariance[k * s->fit.n + k]);
            if (!(se > 0 && se < rel * want && fabs(s->fit.x[k] - want) < 4 * se)) fail_msg("%s.%s is %g +- %g, not %g", group, name, s->fit.x[k], se, want);
            assert_true(s->held_error.n > 0 && s->held_error.median < 5);
            return;
        }
    }
    fail_msg("%s.%s was not fitted", group, name);
}

static int64_t left_out(const gbl_calibration *c, const char *why)
{
    int64_t n = 0;
    for (int i = 0; i < c->rows.n_rules; i++)
        if (strstr(c->rows.rule[i].what, why)) n += c->rows.rule[i].n;
    return n;
}

static void known_parameters_come_back(void **state)
{
    static gbl_calibration c;
    gbl_err err = {0};
    const char *file[] = {write_rows()};
    (void)state;
    gbl_calibration_ask ask = {.file = file, .n_files = 1, .hardware = "h200-sxm", .date = "2026-01-02"};
    if (gbl_calibration_run(&c, &ask, &err)) fail_msg("%s | %s | %s", err.what, err.where, err.expected);
    recovered(&c, "gemm", "t0_us", 4, 0.2);
    recovered(&c, "gemm", "e_c", 0.75, 0.05);
    recovered(&c, "gemm", "e_m", 0.82, 0.05);
    recovered(&c, "decode", "t0_us", 7, 0.2);
    recovered(&c, "decode", "e_m", 0.7, 0.1);
    recovered(&c, "small", "t0_us", 2.5, 0.05);
    recovered(&c, "small", "e_m", 0.88, 0.05);
    recovered(&c, "copy", "e", 0.83, 0.05);
    recovered(&c, "copy", "piece_us", 1.5, 0.05);
    assert_int_equal(left_out(&c, "noisy"), 1);
    assert_int_equal(left_out(&c, "bodies beside"), 216);
    assert_int_equal(left_out(&c, "no formula"), 2);
    assert_int_equal(left_out(&c, "formats without"), 1);
    assert_int_equal(left_out(&c, "in L2"), (int64_t)c.rows.n_other - 220);
    assert_int_equal(c.rows.n + c.rows.n_other, c.rows.read);
    gbl_calibration_fini(&c);
}

/* Rows taken from memory fit as the same rows of a file do; a shape that cannot be is told by its line. */
static void rows_in_memory_are_the_same(void **state)
{
    static gbl_calibration a, b;
    gbl_err err = {0};
    gbl_probe_rows p;
    const char *file[] = {write_rows()};
    (void)state;
    assert_int_equal(gbl_probe_rows_init(&p, &err), 0);
    assert_int_equal(gbl_probe_rows_read(&p, file[0], &err), 0);
    gbl_calibration_ask from_file = {.file = file, .n_files = 1, .hardware = "h200-sxm"}, from_memory = {.probe = &p, .probe_name = "memory", .hardware = "h200-sxm"};
    assert_int_equal(gbl_calibration_run(&a, &from_file, &err), 0);
    assert_int_equal(gbl_calibration_run(&b, &from_memory, &err), 0);
    gbl_probe_rows_fini(&p); /* nothing of it is referred to any more */
    assert_int_equal(a.fit.n, b.fit.n);
    for (int i = 0; i < a.fit.n; i++) assert_memory_equal(a.fit.stage[i].fit.x, b.fit.stage[i].fit.x, sizeof a.fit.stage[i].fit.x);
    assert_string_equal(b.source, "measured: memory");
    gbl_calibration_fini(&a);
    gbl_calibration_fini(&b);
    const char *bad_file[] = {write_file("half.jsonl", ROW("") "{\"probe\": \"gemm\", \"format\": \"bf16\", \"shape\": {\"m\": 1.5, \"n\": 2, \"k\": 3}, \"median_us\": 2, \"low_us\": 1.98, \"high_us\": 2.02, \"repetitions\": 9, \"device\": \"D\"}\n")};
    gbl_calibration_ask bad_ask = {.file = bad_file, .n_files = 1, .hardware = "h200-sxm"};
    assert_int_equal(gbl_calibration_run(&a, &bad_ask, &err), GBL_EINPUT);
    assert_non_null(strstr(err.where, "half.jsonl:2: {\"k\":3,\"m\":1.5"));
    gbl_calibration_fini(&a);
    const char *more_file[] = {write_file("half.jsonl", "{\"probe\": \"gemm\", \"format\": \"bf16\", \"shape\": {\"m\": 1, \"n\": 2, \"k\": 3}, \"flops\": 24, \"median_us\": 2, \"low_us\": 1.98, \"high_us\": 2.02, \"repetitions\": 9, \"device\": \"D\"}\n")};
    gbl_calibration_ask more_ask = {.file = more_file, .n_files = 1, .hardware = "h200-sxm"};
    assert_int_equal(gbl_calibration_run(&a, &more_ask, &err), GBL_EINPUT);
    assert_string_equal(err.what, "flops of the row are 24; the formula for its shape says 12");
    gbl_calibration_fini(&a);
}

/* Noisy rows and pageable copies are kept under names of their own, which no fit reads; a cold decode teaches whatever its size. */
static void the_store_keeps_what_was_said(void **state)
{
    static gbl_calibration a, b;
    gbl_err err = {0};
    const char *file[] = {write_rows()}, *db[] = {place("kept.db")};
    int64_t kept = 0;
    (void)state;
    gbl_calibration_ask ask = {.file = file, .n_files = 1, .hardware = "h200-sxm"}, again = {.file = db, .n_files = 1, .hardware = "h200-sxm"};
    assert_int_equal(gbl_calibration_run(&a, &ask, &err), 0);
    int noisy = 0, pageable = 0, middle = 0;
    for (size_t i = 0; i < a.rows.n_other; i++) {
        noisy += !strcmp(a.rows.other[i].operation, "decode_noisy");
        pageable += !strcmp(a.rows.other[i].operation, "host_copy_pageable");
    }
    assert_int_equal(noisy, 1);
    assert_int_equal(pageable, 1);
    for (size_t i = 0; i < a.rows.n; i++) {
        const gbl_krow *r = &a.rows.row[i];
        double bytes = r->v[GBL_KA_BATCH] * r->v[GBL_KA_LEN] * r->v[GBL_KA_KV_HEADS] * r->v[GBL_KA_DIM] * 4;
        middle += r->class == GBL_KC_DECODE && bytes >= 2e6 && bytes < 2 * hw.l2_bytes;
    }
    assert_true(middle > 10);
    assert_int_equal(gbl_calibration_keep(&a, db[0], &kept, &err), 0);
    if (gbl_calibration_run(&b, &again, &err)) fail_msg("%s | %s | %s", err.what, err.where, err.expected);
    assert_int_equal(a.rows.n, b.rows.n);
    assert_int_equal(a.fit.n, b.fit.n);
    gbl_calibration_fini(&a);
    gbl_calibration_fini(&b);
}

/* ---- cards and programs ---- */

static void cards_are_found_by_the_device(void **state)
{
    static const char *const device[][2] = {
        {"NVIDIA H100 80GB HBM3", "h100-sxm"}, {"NVIDIA H100 PCIe", "h100-pcie"}, {"NVIDIA H200", "h200-sxm"}, {"NVIDIA A100-SXM4-80GB", "a100-80-sxm"},
        {"NVIDIA A100-SXM4-40GB", "a100-40-sxm"}, {"NVIDIA A100 80GB PCIe", "a100-80-pcie"}, {"NVIDIA A100-PCIE-40GB", "a100-40-pcie"}, {"NVIDIA B200", "b200-sxm"},
        {"NVIDIA L4", "l4"}, {"NVIDIA L40S", "l40s"}, {"NVIDIA A10", "a10"}, {"NVIDIA A40", "a40"}, {"NVIDIA GeForce RTX 4090", "rtx-4090"}, {"NVIDIA RTX A6000", "rtx-a6000"},
        {"NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-6000-server"}, {"NVIDIA GeForce RTX 4070", NULL}, {"NVIDIA RTX 6000 Ada Generation", NULL},
        {"NVIDIA A10G", NULL}, {"Tesla V100", NULL}, {"", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof device / sizeof *device; i++) {
        const char *card = gbl_probe_card(device[i][0], arena);
        if (!card != !device[i][1] || (card && strcmp(card, device[i][1]))) fail_msg("%s is %s, not %s", device[i][0], card ? card : "none", device[i][1] ? device[i][1] : "none");
    }
}

static int run_script(gbl_probe_rows *p, const char *text, gbl_err *err)
{
    static const char *const args[] = {"--quick", NULL};
    const char *path = write_file("probe.sh", text);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(gbl_probe_rows_init(p, err), 0);
    return gbl_probe_program_run(p, path, args, err);
}

static void programs_are_run(void **state)
{
    gbl_probe_rows p;
    gbl_err err = {0};
    (void)state;
    assert_int_equal(run_script(&p, "#!/bin/sh\n[ \"$1\" = --quick ] || exit 9\ncat <<'E'\n" ROW("") ROW("") "E\n", &err), 0);
    assert_int_equal(p.n, 2);
    gbl_probe_rows_fini(&p);
    assert_int_equal(run_script(&p, "#!/bin/sh\necho '" ROW("") "'; exit 2\n", &err), GBL_EINPUT);
    assert_non_null(strstr(err.what, "ended with 2"));
    assert_int_equal(p.n, 0);
    gbl_probe_rows_fini(&p);
    assert_int_equal(run_script(&p, "#!/bin/sh\nexit 1\n", &err), GBL_EFAULT);
    gbl_probe_rows_fini(&p);
    assert_int_equal(run_script(&p, "#!/bin/sh\nkill -9 $$\n", &err), GBL_EFAULT);
    assert_non_null(strstr(err.what, "died of signal 9"));
    gbl_probe_rows_fini(&p);
    assert_int_equal(run_script(&p, "#!/bin/sh\ntrue\n", &err), GBL_EINPUT);
    assert_non_null(strstr(err.what, "measured nothing"));
    gbl_probe_rows_fini(&p);
    assert_int_equal(run_script(&p, "#!/bin/sh\necho; echo '{\"probe\": 3}'\n", &err), GBL_EINPUT);
    assert_non_null(strstr(err.where, "probe.sh:2:11"));
    gbl_probe_rows_fini(&p);
    assert_int_equal(gbl_probe_rows_init(&p, &err), 0);
    static const char *const none[] = {NULL};
    assert_int_equal(gbl_probe_program_run(&p, "./there-is-no-such-program", none, &err), GBL_EINPUT);
    assert_string_equal(err.what, "there is no such program");
    gbl_probe_rows_fini(&p);
}

static int setup(void **state)
{
    gbl_err err = {0};
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/gable-probe-XXXXXX");
    arena = gbl_arena_new();
    return !arena || !mkdtemp(folder) || gbl_hw_load(&hw, "h200-sxm", "", arena, &err);
}

static int teardown(void **state)
{
    (void)state;
    static const char *const made[] = {"good.jsonl", "bad.jsonl", "rows.jsonl", "half.jsonl", "probe.sh", "kept.db"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) unlink(place(made[i]));
    gbl_arena_free(arena);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_read), cmocka_unit_test(other_lines_are_refused), cmocka_unit_test(known_parameters_come_back),
                                       cmocka_unit_test(rows_in_memory_are_the_same), cmocka_unit_test(the_store_keeps_what_was_said), cmocka_unit_test(cards_are_found_by_the_device), cmocka_unit_test(programs_are_run)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
