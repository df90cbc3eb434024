/* The lab: rows are distributions whatever the parameters, recordings come back and are refused when they lie, and every method keeps
 * its accounts at random shapes and budgets. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/param.h"
#include "base/random.h"
#include "reports/stats.h"
#include "validate/lab/alike.h"
#include "validate/lab/lab.h"
#include "validate/lab/process.h"
#include "validate/lab/recording.h"

static uint64_t any(uint64_t seed, uint64_t k, uint64_t n)
{
    return gbl_draw_u64(seed, 91, 0, k) % n;
}

/* ---------------------------------------------------------------- the process ---- */

static gbl_process usual(void)
{
    gbl_process p;
    gbl_err err;
    gbl_arena *a = gbl_arena_new();
    assert_int_equal(gbl_param_defaults(gbl_process_params, &p, a, &err), 0);
    gbl_arena_free(a);
    p.name = p.source = "test";
    return p;
}

static gbl_attention *open_process(const gbl_process *p, gbl_process_shape shape)
{
    gbl_attention *a;
    gbl_err err;
    assert_int_equal(gbl_process_open(&a, p, &shape, &err), 0);
    return a;
}

static void test_rows_are_distributions(void **state)
{
    float row[300];
    gbl_err err;
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        gbl_process p = usual();
        p.anchor = (double)any(seed, 1, 99) / 100, p.floor = (double)(1 + any(seed, 2, 98)) / 100, p.zipf = (double)any(seed, 3, 300) / 100 + 0.01;
        p.heavy_share = (double)(1 + any(seed, 4, 100)) / 100, p.noise = (double)any(seed, 5, 300) / 100, p.persistence = (double)any(seed, 6, 101) / 100;
        p.streaming = (double)any(seed, 7, 101) / 100, p.retrieval_heads = (double)any(seed, 8, 101) / 100, p.spike_rate = (double)any(seed, 9, 101) / 100;
        gbl_attention *a = open_process(&p, (gbl_process_shape){2, 3, 32, 300, 250, seed});
        for (int h = 0; h < 6; h++)
            for (int64_t t = 0; t < 300; t += 1 + (int64_t)any(seed, 100 + (uint64_t)h, 7)) {
                double sum = 0;
                assert_int_equal(a->row(a, h / 3, h % 3, t, row, &err), 0);
                for (int64_t j = 0; j <= t; j++) {
                    assert_true(row[j] >= 0);
                    sum += (double)row[j];
                }
                assert_close(sum, 1, 1e-4);
            }
        gbl_attention_close(a);
    }
}

/* A row depends on its key, not on which rows were asked for before; another seed, layer or head gives another. */
static void test_rows_are_keyed(void **state)
{
    gbl_process p = usual();
    gbl_process_shape shape = {2, 2, 32, 256, 200, 5};
    gbl_attention *a = open_process(&p, shape), *b = open_process(&p, shape);
    float x[256], y[256];
    gbl_err err;
    (void)state;
    for (int64_t t = 0; t < 256; t++) a->row(a, 1, 1, t, x, &err);
    b->row(b, 1, 1, 255, y, &err);
    assert_memory_equal(x, y, sizeof x);
    b->row(b, 1, 0, 255, y, &err);
    assert_memory_not_equal(x, y, sizeof x);
    b->row(b, 0, 1, 255, y, &err);
    assert_memory_not_equal(x, y, sizeof x);
    gbl_attention_close(b);
    shape.seed = 6;
    b = open_process(&p, shape);
    b->row(b, 1, 1, 255, y, &err);
    assert_memory_not_equal(x, y, sizeof x);
    gbl_attention_close(a);
    gbl_attention_close(b);
}

/* With everything on the first four tokens and the neighbours, that is where it is. */
static void test_parts_have_their_mass(void **state)
{
    gbl_process p = usual();
    float row[1000];
    double sinks = 0, near = 0;
    gbl_err err;
    (void)state;
    p.anchor = 0.6, p.sink_share = 0.5, p.retrieval_heads = 1, p.spike_rate = 0, p.local_tokens = 8, p.contrast = 0;
    gbl_attention *a = open_process(&p, (gbl_process_shape){1, 1, 32, 1000, 999, 1});
    a->row(a, 0, 0, 999, row, &err);
    for (int j = 0; j < 4; j++) sinks += (double)row[j];
    for (int j = 900; j < 1000; j++) near += (double)row[j];
    assert_true(sinks > 0.3 && sinks < 0.4);
    assert_true(near > 0.3 && near < 0.4);
    gbl_attention_close(a);
}

/* ---------------------------------------------------------------- recordings ---- */

enum { WORDS = 14, LAYERS = 2, HEADS = 2, TOKENS = 24, PROMPT = 16, DIMS = 3, WINDOW = 5 };
static char path[64];

typedef struct image {
    uint8_t byte[1 << 16];
    size_t n, data; /* where the numbers begin */
} image;

static void put(image *f, uint32_t v)
{
    for (int i = 0; i < 4; i++) f->byte[f->n++] = (uint8_t)(v >> 8 * i);
}

static void put_float(image *f, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    put(f, bits);
}

static float weight(int head, int t, int j, int from)
{
    double sum = 0;
    for (int k = from; k <= t; k++) sum += 1 + (k * 7 + head) % 5;
    return (float)((1 + (j * 7 + head) % 5) / sum);
}

/* Layer 3 whole, layer 4 with a window of 5; all rows; one needle. */
static image recorded(void)
{
    image f = {.n = 0};
    uint32_t head[WORDS] = {1, 256, LAYERS, HEADS, 1, DIMS, TOKENS, TOKENS, 0, PROMPT, 1, 6, 6, 0};
    memcpy(f.byte, "GBLATTN", 8);
    f.n = 8;
    for (int i = 0; i < WORDS; i++) put(&f, head[i]);
    put(&f, 3), put(&f, 0), put(&f, 4), put(&f, WINDOW);
    for (uint32_t t = 0; t < TOKENS; t++) put(&f, t);
    put(&f, 20), put(&f, 2), put(&f, 3);
    memcpy(f.byte + f.n, "model\n", 6);
    f.n = f.data = 256;
    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < TOKENS * DIMS; i++) put_float(&f, (float)(i % 4) - 1.5f);
        for (int h = 0; h < HEADS; h++)
            for (int t = 0; t < TOKENS; t++)
                for (int from = l && t >= WINDOW ? t - WINDOW + 1 : 0, j = from; j <= t; j++) put_float(&f, weight(h, t, j, from));
    }
    return f;
}

static int open_image(gbl_attention **a, const image *f, int all, gbl_err *err)
{
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_int_equal(fwrite(f->byte, 1, f->n, to), f->n);
    assert_int_equal(fclose(to), 0);
    return gbl_recording_open(a, path, all, err);
}

static void test_recording_comes_back(void **state)
{
    image f = recorded();
    gbl_attention *a;
    gbl_err err;
    float row[TOKENS], key[TOKENS * DIMS];
    (void)state;
    assert_int_equal(open_image(&a, &f, 0, &err), 0);
    assert_int_equal(a->layers, 1);
    assert_int_equal(a->layer[0], 3);
    gbl_attention_close(a);
    assert_int_equal(open_image(&a, &f, 1, &err), 0);
    assert_string_equal(a->label, "recorded: model");
    assert_int_equal(a->layers, 2);
    assert_int_equal(a->needles[0].first, 2);
    for (int l = 0; l < LAYERS; l++)
        for (int h = 0; h < HEADS; h++)
            for (int t = 0; t < TOKENS; t += 3) {
                int from = l && t >= WINDOW ? t - WINDOW + 1 : 0;
                assert_int_equal(a->row(a, l, h, t, row, &err), 0);
                for (int j = 0; j <= t; j++) assert_close((double)row[j], j < from ? 0 : (double)weight(h, t, j, from), 1e-5);
            }
    assert_int_equal(a->keys(a, 1, 0, key, &err), 0);
    assert_close((double)(key[0] * key[0] + key[1] * key[1] + key[2] * key[2]), 1, 1e-6);
    gbl_attention_close(a);
}

/* Every word of header and tables at every bad value, and every length: refused with its place, or read without harm. */
static void test_lies_are_refused(void **state)
{
    static const uint32_t bad[] = {0, 1, 2, 7, 255, 4096, 0x7fffffff, 0x80000000u, 0xffffffffu};
    const image good = recorded();
    gbl_err err;
    float row[1 << 20 >> 4];
    int refused = 0;
    (void)state;
    for (size_t at = 8; at < good.data; at += 4)
        for (size_t v = 0; v < sizeof bad / sizeof *bad; v++) {
            image f = good;
            gbl_attention *a;
            for (int i = 0; i < 4; i++) f.byte[at + (size_t)i] = (uint8_t)(bad[v] >> 8 * i);
            if (open_image(&a, &f, 1, &err)) {
                assert_int_equal(err.code, GBL_EINPUT);
                assert_true(err.what[0] && err.where[0]);
                refused++;
                continue;
            }
            for (int64_t i = 0; i < a->n_rows; i++) a->row(a, 0, 0, a->rows[i], row, &err);
            gbl_attention_close(a);
        }
    assert_true(refused > 200);
    for (size_t n = 0; n < good.n; n += n < 300 ? 1 : 97) {
        image f = good;
        gbl_attention *a;
        f.n = n;
        assert_int_equal(open_image(&a, &f, 1, &err), GBL_EINPUT);
    }
}

static void test_bad_weights_are_refused(void **state)
{
    static const float bad[] = {-0.1f, NAN, INFINITY, 2.0f};
    const image good = recorded();
    gbl_lab lab = {.method = {gbl_cache_find("h2o")}, .budget = {0.5}, .n_methods = 1, .n_budgets = 1};
    (void)state;
    for (size_t v = 0; v < sizeof bad / sizeof *bad; v++) {
        image f = good;
        gbl_attention *a;
        gbl_err err;
        f.n = good.data + (TOKENS * DIMS + 40) * 4;
        put_float(&f, bad[v]);
        f.n = good.n;
        assert_int_equal(open_image(&a, &f, 0, &err), 0);
        assert_int_equal(gbl_lab_run(&lab, a, &err), GBL_EINPUT);
        assert_non_null(strstr(err.where, "byte"));
        gbl_attention_close(a);
    }
}

static void test_methods_that_need_keys_say_so(void **state)
{
    image f = recorded();
    gbl_attention *a;
    gbl_err err;
    gbl_lab lab = {.method = {gbl_cache_find("d2o")}, .budget = {0.5}, .n_methods = 1, .n_budgets = 1};
    (void)state;
    assert_int_equal(open_image(&a, &f, 0, &err), 0);
    a->key_dims = 0;
    assert_int_equal(gbl_lab_run(&lab, a, &err), GBL_EINPUT);
    gbl_attention_close(a);
}

/* ---------------------------------------------------------------- methods ---- */

static size_t all_methods(gbl_lab *lab)
{
    for (lab->n_methods = 0; gbl_cache_methods[lab->n_methods]; lab->n_methods++) lab->method[lab->n_methods] = gbl_cache_methods[lab->n_methods];
    return lab->n_methods;
}

/* Places and worth agree, merged tokens point at held ones, and who has a fixed budget keeps it. */
static void check_cache(void *to, size_t method, size_t budget, const gbl_cache *c, int end)
{
    const gbl_lab *lab = to;
    const char *name = lab->method[method]->name;
    int64_t held = 0;
    (void)budget;
    for (int64_t j = 0; j < c->tokens; j++) {
        assert_true(c->worth[j] >= 0 && c->worth[j] <= 1);
        assert_true(j < c->n || (!c->in[j] && c->worth[j] == 0));
        assert_true(!c->in[j] || c->worth[j] > 0);
        assert_true(c->into[j] < 0 ? c->in[j] || c->worth[j] == 0 : !c->in[j] && c->in[c->into[j]]);
        held += c->in[j];
    }
    assert_int_equal(held, c->held);
    assert_int_equal(c->n, end ? c->tokens : c->prompt);
    static const char *const fixed[] = {"random", "streamingllm", "h2o", "scissorhands", "keyformer", "d2o", "cake"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(name, fixed[i]) == 0 && held > c->budget && c->budget < c->prompt) fail_msg("%s holds %ld of %ld", name, (long)held, (long)c->budget);
    if (!end && strcmp(name, "full") && strcmp(name, "oracle") && strcmp(name, "mikv") && strcmp(name, "kvmerger")) assert_int_equal(held, c->budget);
    if (!end && strcmp(name, "kvmerger") == 0) assert_true(held <= c->budget);
}

static void test_methods_keep_their_accounts(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        gbl_lab *lab = test_calloc(1, sizeof *lab);
        gbl_process p = usual();
        gbl_err err;
        int64_t prompt = 1 + (int64_t)any(seed, 1, seed % 2 ? 400 : 40), made = 1 + (int64_t)any(seed, 2, 90);
        gbl_attention *a = open_process(&p, (gbl_process_shape){1 + (int)any(seed, 3, 4), 1 + (int)any(seed, 4, 3), 4 + (int)any(seed, 5, 29), prompt + made, prompt, seed});
        size_t n = all_methods(lab);
        lab->seed = seed;
        lab->n_budgets = 3;
        lab->budget[0] = 1e-9, lab->budget[1] = (double)(1 + any(seed, 6, 99)) / 100, lab->budget[2] = 1;
        lab->see = check_cache;
        lab->to = lab;
        assert_int_equal(gbl_lab_run(lab, a, &err), 0);
        for (size_t m = 0; m < n; m++)
            for (size_t i = 0; i < 3; i++) {
                const gbl_lab_cell *c = &lab->cell[m][i];
                assert_true(c->mass >= 0 && c->mass <= 1 + 1e-9 && c->p5 <= 1 + 1e-9 && c->in_place <= c->mass + 1e-9);
                assert_true(c->held > 0 && c->held <= 1 + 1e-9 && c->read > 0 && c->read <= 1 + 1e-9);
            }
        for (size_t i = 0; i < 3; i++) assert_close(lab->cell[0][i].mass, 1, 1e-9);
        gbl_attention_close(a);
        test_free(lab);
    }
}

/* The oracle reads the largest weights of every row: nobody who holds no more and neither merges nor rounds leaves more. */
static void test_oracle_is_the_bound(void **state)
{
    static const char *const below[] = {"oracle", "random", "streamingllm", "h2o", "scissorhands", "keyformer"};
    gbl_lab lab = {.n_methods = 6, .n_budgets = 2, .budget = {0.1, 0.4}};
    gbl_process p = usual();
    gbl_err err;
    (void)state;
    for (size_t i = 0; i < 6; i++) lab.method[i] = gbl_cache_find(below[i]);
    gbl_attention *a = open_process(&p, (gbl_process_shape){2, 2, 32, 600, 500, 3});
    assert_int_equal(gbl_lab_run(&lab, a, &err), 0);
    for (size_t m = 1; m < 6; m++)
        for (size_t i = 0; i < 2; i++) {
            /* one more: a row's own token is in before another goes */
            assert_true(lab.cell[m][i].mass < lab.cell[0][i].mass + 0.02);
            assert_true(lab.cell[m][i].mass < lab.cell[m][1].mass || i == 1);
        }
    assert_true(lab.cell[1][0].mass < lab.cell[3][0].mass); /* random below h2o */
    gbl_attention_close(a);
}

static void test_whole_layers_of_d2o(void **state)
{
    gbl_lab lab = {.method = {gbl_cache_find("d2o")}, .n_methods = 1, .n_budgets = 1, .budget = {0.1}};
    gbl_process p = usual();
    gbl_err err;
    (void)state;
    gbl_attention *a = open_process(&p, (gbl_process_shape){3, 1, 3, 300, 250, 3}); /* layers 0, 1 and the last */
    assert_int_equal(gbl_lab_run(&lab, a, &err), 0);
    assert_close(lab.cell[0][0].mass, 1, 1e-9);
    assert_close(lab.cell[0][0].held, 1, 1e-9);
    gbl_attention_close(a);
}

/* E(largest - least) of 32 standard normals = integral of 1 - F^32 - (1 - F)^32; the rest is mikv's own formula. */
static void test_what_bits_are_worth(void **state)
{
    double range = 0;
    gbl_lab lab = {.method = {gbl_cache_find("mikv")}, .n_methods = 1, .n_budgets = 1, .budget = {3.0 / 16}};
    gbl_process p = usual();
    gbl_err err;
    (void)state;
    for (double x = -8; x < 8; x += 1e-3) {
        double f = 0.5 * erfc(-x / sqrt(2));
        range += 1e-3 * (1 - pow(f, 32) - pow(1 - f, 32));
    }
    gbl_attention *a = open_process(&p, (gbl_process_shape){1, 1, 32, 300, 250, 3});
    assert_int_equal(gbl_lab_run(&lab, a, &err), 0);
    assert_close(lab.cell[0][0].held, 3.0 / 16, 0.02); /* all at 2 bits and their scales */
    double coarse = 1 - range * range / 9 / 12; /* a row's own token is not coarse yet */
    assert_true(lab.cell[0][0].p5 > coarse && lab.cell[0][0].p5 < coarse + 0.02);
    gbl_attention_close(a);
}

/* Three far ahead make two sides agree whose middles are each other's reverse; and bytes put off against budgets change nothing at equal bytes. */
static void test_alike_without_the_ends_and_at_equal_bytes(void **state)
{
    static const char *const name[] = {"kvmerger", "mikv", "d2o", "h2o", "snapkv", "keyformer", "cake", "prefixkv", "mpcache", "full"};
    enum { N = sizeof name / sizeof *name };
    gbl_lab lab[2] = {{.n_methods = N, .n_budgets = 2, .budget = {0.4, 0.1}}};
    (void)state;
    for (size_t m = 0; m < N; m++) lab[0].method[m] = gbl_cache_find(name[m]);
    lab[1] = lab[0];
    for (size_t m = 0; m < N; m++) {
        double a = 0.9 - 0.05 * (double)m, b = m < 3 ? a : 0.1 + 0.05 * (double)m;
        for (size_t i = 0; i < 2; i++) {
            double off = m == 8 ? 0.3 : 0; /* the last one holds too much at both budgets */
            lab[0].cell[m][i] = (gbl_lab_cell){.mass = a + 0.1 * lab[0].budget[i], .held = lab[0].budget[i] + off};
            lab[1].cell[m][i] = (gbl_lab_cell){.mass = b + 0.1 * lab[1].budget[i], .held = lab[1].budget[i]};
        }
    }
    gbl_alike r = {.recorded = &lab[0], .process = &lab[1]};
    gbl_alike_make(&r);
    assert_int_equal(r.n_ranked, 9); /* without the baseline */
    assert_int_equal(r.all.n, 9);
    assert_close(r.all.mean, 1 - 6.0 * 70 / 720, 1e-12); /* ranks of the last six reversed: 2 (25 + 9 + 1) */
    assert_int_equal(r.rest.n, 6);
    assert_close(r.rest.mean, -1, 1e-12);
    assert_int_equal(r.middle.n, 3);
    assert_close(r.middle.mean, -1, 1e-12);
    assert_int_equal(r.n_held, 1);
    assert_close(r.held[0], 0.2, 1e-12);
    assert_int_equal(r.at_held[0].n, 8);
    assert_close(r.at_held[0].mean, 1 - 6.0 * 40 / 504, 1e-12); /* of five: 2 (16 + 4) */
    lab[1].cell[7][0].mass = 0.81, lab[1].cell[7][0].held = 0.3; /* the line between, not the budgets: 0.46 at 0.1, 0.81 at 0.3 */
    lab[1].cell[6][0].mass = 0.95; /* more at its budget, less at 0.2: 0.41 at 0.1, 0.95 at 0.4 */
    r = (gbl_alike){.recorded = &lab[0], .process = &lab[1]};
    gbl_alike_make(&r);
    assert_close(r.at_held[0].mean, 1 - 6.0 * 40 / 504, 1e-12);
}

static void test_memory_that_runs_out(void **state)
{
    gbl_process p = usual();
    gbl_err err = {0};
    int failed = 0;
    (void)state;
    for (long n = 1; n < 400; n++) {
        gbl_lab *lab = test_calloc(1, sizeof *lab);
        gbl_attention *a = NULL;
        gbl_process_shape shape = {1, 2, 32, 80, 60, 1};
        all_methods(lab);
        lab->n_budgets = 1, lab->budget[0] = 0.3;
        gbl_alloc_fail_at(n);
        int code = gbl_process_open(&a, &p, &shape, &err);
        if (!code) code = gbl_lab_run(lab, a, &err);
        gbl_alloc_fail_at(0);
        assert_true(code == 0 || code == GBL_EFAULT);
        failed += code != 0;
        gbl_attention_close(a);
        test_free(lab);
    }
    assert_true(failed > 10);
}

/* ---------------------------------------------------------------- ranks ---- */

static void test_spearman(void **state)
{
    static const double a[] = {1, 2, 3, 4, 5}, b[] = {5, 6, 7, 8, 7}, same[] = {2, 2, 2, 2, 2};
    (void)state;
    gbl_interval i = gbl_stat_spearman(a, b, 5, 0.95); /* SciPy's example: 0.8207826816681233 */
    assert_close(i.mean, 0.8207826816681233, 1e-12);
    double wide = 1.959963984540054 * sqrt((1 + i.mean * i.mean / 2) / 2);
    assert_close(i.low, tanh(atanh(i.mean) - wide), 1e-9);
    assert_close(i.high, tanh(atanh(i.mean) + wide), 1e-9);
    assert_close(gbl_stat_spearman(a, a, 5, 0.95).mean, 1, 1e-12);
    assert_true(isnan(gbl_stat_spearman(a, same, 5, 0.95).mean));
    assert_true(isnan(gbl_stat_spearman(a, b, 1, 0.95).mean));
    assert_true(isnan(gbl_stat_spearman(a, b, 4, 0.95).low));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_distributions), cmocka_unit_test(test_rows_are_keyed), cmocka_unit_test(test_parts_have_their_mass),
        cmocka_unit_test(test_recording_comes_back),   cmocka_unit_test(test_lies_are_refused), cmocka_unit_test(test_bad_weights_are_refused),
        cmocka_unit_test(test_methods_that_need_keys_say_so), cmocka_unit_test(test_methods_keep_their_accounts),
        cmocka_unit_test(test_oracle_is_the_bound),    cmocka_unit_test(test_whole_layers_of_d2o), cmocka_unit_test(test_what_bits_are_worth),
        cmocka_unit_test(test_memory_that_runs_out),   cmocka_unit_test(test_spearman),
        cmocka_unit_test(test_alike_without_the_ends_and_at_equal_bytes)};
    snprintf(path, sizeof path, "/tmp/gbl_lab_XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
