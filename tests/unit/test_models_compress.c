/* The compression algebra against the exact rows that follow from the papers' definitions, and against itself. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "models/compress.h"
#include "tests/unit/check.h"

static gbl_llm llama2(void) { return (gbl_llm){.name = "llama-2-7b", .layers = 32, .hidden = 4096, .heads = 32, .kv_heads = 32, .head_dim = 128, .ffn = 11008, .vocab = 32000, .context = 4096}; }

static gbl_arena *arena;

static gbl_kv_plan *plan_of(const char *text) {
    gbl_llm m = llama2();
    gbl_kv_plan *p = NULL;
    gbl_err err = {0};
    if (gbl_kv_plan_text(&p, text, &m, 2, arena, &err)) fail_msg("%s: %s (%s)", text, err.what, err.where);
    return p;
}

static double share_at(const char *text, int64_t p, int64_t n) {
    gbl_kv_plan *plan = plan_of(text);
    double s = gbl_kv_resident_bytes(plan, p, n) / gbl_kv_full_bytes(plan, n);
    gbl_kv_plan_free(plan);
    return s;
}

static void refused(const char *text, const char *part) {
    gbl_llm m = llama2();
    gbl_kv_plan *p = NULL;
    gbl_err err = {0};
    assert_int_equal(gbl_kv_plan_text(&p, text, &m, 2, arena, &err), GBL_EINPUT);
    assert_null(p);
    if (!strstr(err.what, part)) fail_msg("%s: \"%s\" does not speak of \"%s\"", text, err.what, part);
}

static void kivi_keeps_a_residue(void **state) { /* KIVI: K up to R tokens in full, V the last R */
    (void)state;
    const int64_t n[] = {498, 2048, 8192, 32768};
    const double r128[] = {.385, .2129, .1940, .1891}, r32[] = {.228, .1938, .189, .188};
    for (int i = 0; i < 4; i++) {
        assert_close(share_at("kivi-2bit", n[i], n[i]), r128[i], 2e-3);
        assert_close(share_at("kivi{bits=2,residual=32}", n[i], n[i]), r32[i], 3e-3);
    }
}

static void compositions_are_not_products(void **state) {
    (void)state;
    double snap = share_at("snapkv", 16384, 16384), kivi = share_at("kivi-2bit", 16384, 16384), mini = share_at("minicache", 16384, 16384);
    assert_close(snap, .0625, 1e-9);
    assert_close(kivi, .19067, 3e-5);
    assert_close(mini, .75391, 1e-5);
    assert_close(snap * kivi * mini, .00898, 1e-3);
    assert_close(share_at("snapkv{cap=1024},kivi-2bit,minicache{overlap=1}", 16384, 16384), .01141, 5e-4);
    assert_close(share_at("minicache{overlap=1},kivi-2bit,snapkv", 16384, 16384), .01141, 5e-4); /* a set */
}

static void channels_and_bits(void **state) { /* CSKV with 4 bits; the window is extra, so take the slope */
    (void)state;
    gbl_kv_plan *plan = plan_of("cskv,kivi{bits=4,residual=0}");
    double full = gbl_kv_full_bytes(plan, 1000), slope = gbl_kv_resident_bytes(plan, 2000, 2000) - gbl_kv_resident_bytes(plan, 1000, 1000);
    assert_close(slope / full, .0625, 1e-9);
    gbl_kv_plan_free(plan);
    plan = plan_of("cskv,kivi{bits=4,residual=0,group=128}");
    slope = gbl_kv_resident_bytes(plan, 2000, 2000) - gbl_kv_resident_bytes(plan, 1000, 1000);
    assert_close(slope / full, .053125, 1e-9);
    gbl_kv_plan_free(plan);
}

static void codes_of_every_kind(void **state) {
    (void)state;
    assert_close(share_at("fp8_kv", 1000, 1500), .5, 1e-12);
    assert_close(share_at("fp8_kv-token", 1000, 1500), 8.25 / 16, 1e-12);
    assert_close(share_at("int4_kv", 1000, 1500), 4.5 / 16, 1e-12);
    assert_close(share_at("bfp_outliers", 1000, 1500), .5, 1e-12);
    /* GEAR at n = 992, where the buffer holds half its 64 tokens: b + 32/G + s (16 + 16) bits, and 16 r (n + d)/(n d) for all */
    double n = 992, full = 32 / n, rank = 16. * 4 * (n + 128) / (n * 128), codes = 2.5 + .02 * 32;
    assert_close(share_at("gear", 992, 992), ((1 - full) * codes + full * 16 + rank) / 16, 1e-6);
    assert_close(share_at("gear", 992, 992), .256, 1e-2); /* published at n = 1000 with half a buffer */
    assert_close(share_at("gear-l", 992, 992), .217, 1e-2);
    assert_close(share_at("gear-4bit", 992, 992), .377, 1e-2);
    assert_close(share_at("mikv{important=0.5,high_bits=8,low_bits=2}", 1000, 1000), (.5 * 9 + .5 * 3) / 16, 1e-9);
    assert_close(share_at("mikv{important=0.1,high_bits=8,low_bits=4}", 1000, 1000), (.1 * 9 + .9 * 5) / 16, 1e-9);
    assert_close(share_at("think", 1000, 1000), .8 + .2 * 32 / 1000, 1e-9);
    assert_close(share_at("snapkv,think", 16384, 16384) / share_at("snapkv", 16384, 16384), .8 + .2 * 32 / 1024, 1e-9);
    assert_close(share_at("matryoshkakv{budget=0.375}", 1000, 1000), .375, 1e-9);
    assert_close(share_at("compress_kv_heads", 1000, 1000), .5, 1e-12);
    assert_close(share_at("compress_kv_heads-4x", 1000, 1000), .25, 1e-12);
}

static void codebooks_are_kept_once(void **state) { /* CQ: parameters of the codebooks over those of the model */
    (void)state;
    gbl_llm mistral = llama2();
    gbl_kv_plan *plan = NULL;
    gbl_err err = {0};
    mistral.kv_heads = 8;
    assert_int_equal(gbl_kv_plan_text(&plan, "cq-8c8b", &mistral, 2, arena, &err), 0);
    assert_close(plan->model_bytes / 2 / 7.2416e9, .00232, 2e-3);
    gbl_kv_plan_free(plan);
    plan = plan_of("cq-8c10b");
    assert_close(plan->model_bytes / 2 / 6.738e9, .03984, 1e-4);
    assert_close(gbl_kv_resident_bytes(plan, 100, 100) / gbl_kv_full_bytes(plan, 100), 1.25 / 16, 1e-12);
    gbl_kv_plan_free(plan);
}

static void latents_take_codes_alone(void **state) { /* MLA: 576 elements a token and layer, no V */
    (void)state;
    gbl_llm m = {.name = "mla", .layers = 61, .hidden = 7168, .heads = 128, .kv_heads = 128, .head_dim = 192, .kv_lora = 512, .rope_dim = 64, .nope_dim = 128, .v_dim = 128, .context = 163840};
    gbl_kv_plan *plan = NULL;
    gbl_err err = {0};
    assert_int_equal(gbl_kv_plan_text(&plan, "fp8_kv", &m, 2, arena, &err), 0);
    assert_close(gbl_kv_resident_bytes(plan, 1000, 1000), 1000. * 61 * 576, 1e-12);
    assert_true(plan->shareable);
    gbl_kv_plan_free(plan);
    assert_int_equal(gbl_kv_plan_text(&plan, "gear", &m, 2, arena, &err), GBL_EINPUT);
}

/* Work of prompts and steps is summed over the cells it is of: two classes of tokens are coded once, not twice. */
static void classes_are_coded_once(void **state) {
    (void)state;
    gbl_kv_work two[GBL_KV_PARTS], one[GBL_KV_PARTS];
    gbl_kv_plan *a = plan_of("mikv{high_bits=4,low_bits=4}"), *b = plan_of("kivi{bits=4,residual=0}");
    gbl_kv_prefill_work(a, 1000, two);
    gbl_kv_prefill_work(b, 1000, one);
    assert_close(two[GBL_KV_QUANTISE].flops, one[GBL_KV_QUANTISE].flops, 1e-9);
    assert_close(two[GBL_KV_QUANTISE].hbm_bytes, one[GBL_KV_QUANTISE].hbm_bytes, 1e-9);
    gbl_kv_plan_free(a);
    gbl_kv_plan_free(b);
    a = plan_of("fp8_kv"); /* by the kernel that writes the cache */
    gbl_kv_prefill_work(a, 1000, two);
    assert_close(two[GBL_KV_QUANTISE].hbm_bytes + two[GBL_KV_QUANTISE].launches, 0, 1e-12);
    gbl_kv_plan_free(a);
}

static void a_prompt_shrinks_layer_by_layer(void **state) { /* SnapKV at 380,000 tokens */
    (void)state;
    gbl_kv_plan *plan = plan_of("snapkv");
    assert_close(gbl_kv_peak_bytes(plan, 380000, 0) / 1073741824.0, 6.298, 1e-3);
    assert_close(gbl_kv_full_bytes(plan, 380000) / 1073741824.0, 185.547, 1e-5);
    gbl_kv_plan_free(plan);
}

static void eager_scores(void **state) {
    (void)state;
    gbl_kv_plan *plan = plan_of("h2o");
    assert_close(gbl_kv_score_bytes(plan, 65536) / 1073741824.0, 256, 1e-9);
    assert_int_equal((long)gbl_kv_tokens(&plan->cell[0], 2048, 4096), 2 * (2048 / 10));
    gbl_kv_plan_free(plan);
}

static void holes(void **state) {
    (void)state;
    assert_close(gbl_kv_free_pages(.2, 32, 1, 1), .0008, .02);
    assert_close(gbl_kv_free_pages(.2, 32, 7, 1), .298, 2e-3);
    assert_close(gbl_kv_free_pages(.0625, 16, 1, 1), .36, .02);
    assert_close(gbl_kv_free_pages(.0625, 16, 1, 8), .0003, .15);
}

static void what_does_not_compose(void **state) {
    (void)state;
    refused("snapkv,minicache", "rule b");
    refused("snapkv,h2o", "rule e");
    refused("streamingllm,cskv", "rule h");
    refused("snapvk", "unknown compression method");
    refused("snapkv{caps=3}", "unknown parameter");
    refused("snapkv{cap=0}", "out of range");
    refused("snapkv{cap=}", "not a list");
    refused("{\"ordered\": [\"kivi-2bit\", \"snapkv\"]}", "rule a");
    refused("kivi{group=48}", "divide");
}

/* A card of one's own text, checked alone; NULL: it is taken. */
static void card_refused(const char *does, const char *more, const char *what, const char *where) {
    char text[2048];
    gbl_doc *doc = NULL;
    gbl_err err = {0};
    snprintf(text, sizeof text, "{\"gable\": \"compress/1\", \"name\": \"t\", \"title\": \"t\", \"source\": \"s\", \"verdict\": \"card\", \"parameters\": {\"cap\": {\"value\": 9, \"low\": 1, "
             "\"high\": 99, \"unit\": \"tokens\", \"help\": \"h\", \"source\": \"s\"}}, \"does\": [%s]%s}", does, more);
    assert_int_equal(gbl_doc_parse(&doc, "card", text, strlen(text), &err), 0);
    int code = gbl_compress_check(gbl_doc_root(doc), &err);
    if (!what) {
        if (code) fail_msg("%s: %s", text, err.what);
    } else {
        assert_int_equal(code, GBL_EINPUT);
        if (!strstr(err.what, what)) fail_msg("\"%s\" does not speak of \"%s\"", err.what, what);
        if (!strstr(err.where, where)) fail_msg("\"%s\" is not at \"%s\"", err.where, where);
    }
    gbl_doc_free(doc);
}

static void cards_that_are_wrong(void **state) {
    (void)state;
    const char *tok = "{\"tok\": {\"cap_tokens\": \"cap\"}}";
    card_refused(tok, "", NULL, NULL);
    card_refused("{\"tok\": {\"cap_tokens\": [\"cap\", 4]}}", "", NULL, NULL);
    card_refused("{\"tok\": {\"cap\": 9}}", "", "unknown key 'cap'", "does.0.tok"); /* no unit */
    card_refused("{\"tok\": {\"sink_tokens\": 4}}", "", "cap_tokens", "does.0.tok");
    card_refused("{\"tok\": {\"cap_tokens\": \"cup\"}}", "", "no parameter \"cup\"", "does.0.tok.cap_tokens");
    card_refused("{\"tok\": {\"cap_tokens\": [\"cap\", \"cup\"]}}", "", "no parameter \"cup\"", "does.0.tok.cap_tokens");
    card_refused("{\"tok\": {\"cap_tokens\": {\"value\": 9}}}", "", "source", "does.0.tok.cap_tokens");
    card_refused("{\"token\": {\"cap_tokens\": 9}}", "", "unknown generator", "does.0");
    card_refused("{\"bits\": {\"k_bits\": 4}}", "", "v_bits", "does.0.bits");
    card_refused("{\"layers\": [{\"count\": 2}]}", "", "2 to 8 parts", "does.0.layers");
    card_refused(tok, ", \"quality\": [{\"task\": \"LongBanch avg\", \"model\": \"m\", \"setting\": {}, \"value\": 1, \"source\": \"s\"}]", "unknown quality task", "quality.0.task");
    card_refused(tok, ", \"quality\": [{\"task\": \"LongBench avg(16)\", \"model\": \"m\", \"setting\": {\"tokens\": 128}, \"value\": 1, \"source\": \"s\"}]", "no parameter", "quality.0.setting");
    card_refused(tok, ", \"quality\": [{\"task\": \"LongBench\", \"model\": \"m\", \"setting\": {}, \"value\": \"1/2\", \"source\": \"s\"}]", "is a number", "quality.0.value");
    card_refused(tok, ", \"quality\": [{\"task\": \"LongBench\", \"model\": \"m\", \"setting\": {\"cap\": 9}, \"value\": 1}]", "source", "quality.0");
}

/* Every shipped card can be read, composed and named. */
static void shipped_cards(void **state) {
    (void)state;
    size_t n = 0;
    const char **name = gbl_data_list(arena, "policies/cards/compress", &n);
    assert_true(n >= 24);
    for (size_t i = 0; i < n; i++) {
        gbl_doc *doc;
        const char *setting;
        gbl_err err = {0};
        if (gbl_compress_open(&doc, name[i], "", &setting, arena, &err) || gbl_compress_check(gbl_doc_root(doc), &err)) fail_msg("%s: %s (%s)", name[i], err.what, err.where);
        gbl_doc_free(doc);
    }
    refused("attention_sink_empirical", "is no method");
}

static double prefill_flops(const char *text, int64_t p, int part) {
    gbl_kv_work w[GBL_KV_PARTS];
    gbl_kv_plan *plan = plan_of(text);
    gbl_kv_prefill_work(plan, p, w);
    gbl_kv_plan_free(plan);
    return w[part].flops;
}

static void token_cards(void **state) { /* N of each, from its definition */
    (void)state;
    const int64_t p = 8192;
    assert_close(share_at("razorattention", 131072, 131072), (5 + 27 * 261.0 / 131072) / 32, 1e-12); /* 0.15 x 32 heads: 5 */
    assert_close(share_at("razorattention{retrieval=0.25}", 131072, 131072), (8 + 24 * 261.0 / 131072) / 32, 1e-12);
    assert_close(share_at("d2o", p, p), (3 + 29 * 1638.0 / 8192) / 32, 1e-12); /* 2 x floor(0.2 x 8,192 / 2) */
    assert_close(share_at("locret", p, p + 100), 6200 / 8292.0, 1e-12);
    assert_close(share_at("prefixkv", p, p + 1), 4096 / 8193.0, 1e-12);
    assert_close(share_at("scalekv", 6425, 6425), 650 / 6425.0, 1e-12);
    assert_close(share_at("mpcache", p, p), .29992675781 * (1 + .1875 / 2), 1e-6); /* floor(0.3 x 8,192) tokens with an index of K */
    assert_close(share_at("lserve", 65536, 65536), .5 * .5 * 384 / 65536 + .5 * (.5 + .0625), 1e-12);
    assert_close(share_at("scissorhands{share=0.2},kivi{bits=4,group=64,residual=0}", 4096, 4096), 819 / 4096.0 * 4.5 / 16, 1e-12); /* 17.8 times less */
    assert_close(prefill_flops("windowkv", p, GBL_KV_SCORE) * 8, prefill_flops("windowkv{group=1}", p, GBL_KV_SCORE), 1e-12);
    assert_close(share_at("windowkv,minicache", p, p), 1024 / 8192.0 * .75390625, 1e-9); /* layers of a group share the choice: no overlap asked for */
    refused("windowkv{group=3},minicache", "rule b");
    gbl_kv_plan *plan = plan_of("scissorhands{share=1,cap=100,drop=40}"), *all = plan_of("scissorhands{share=1,cap=10,drop=40}");
    double low = 1e9, high = 0;
    for (int64_t n = 101; n < 400; n++) {
        double t = gbl_kv_tokens(&plan->cell[0], 50, n);
        low = fmin(low, t), high = fmax(high, t);
        assert_true(gbl_kv_tokens(&all->cell[0], 5, n) >= 1);
    }
    assert_close(low, 61, 0);
    assert_close(high, 100, 0);
    gbl_kv_plan_free(plan);
    gbl_kv_plan_free(all);
}

static const char *const compositions[] = {"swiftkv{group=4}", "parscale{streams=3}", "mor", "mor{kv_once=1}", "block_transformer", "minimax_m1", "hamburger", "compress_kv_heads,kivi-4bit", "kivi-2bit", "snapkv", "h2o", "streamingllm", "minicache", "cskv", "h2o,kivi-4bit", "streamingllm,kivi{residual=32}",
                                           "snapkv{cap=300},kivi-2bit,minicache{overlap=0.7}", "cskv,minicache", "h2o{ratio=0.37},minicache{overlap=0.5}",
                                           "fp8_kv", "int4_kv", "gear", "mikv", "cq-8c8b-window", "matryoshkakv", "think", "snapkv{cap=200},think,gear", "compress_kv_heads,fp8_kv-token",
                                           "scissorhands{drop=64}", "scissorhands{drop=33},minicache{overlap=0.5}", "keyformer", "windowkv{cap=200},minicache", "d2o", "mpcache", "razorattention{local=99}", "kvmerger,kivi-4bit",
                                           "scalekv", "cake{cap=400}", "kvcrush", "locret{budget=500}", "lserve", "sentencekv{kept=600}", "alisa{offload=0.25}", "quickvideo"};

static void pages_round_up_and_no_more(void **state) {
    (void)state;
    uint64_t x = 12345;
    for (size_t i = 0; i < sizeof compositions / sizeof *compositions; i++) {
        gbl_kv_plan *plan = plan_of(compositions[i]);
        for (int k = 0; k < 400; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            int64_t p = 1 + (int64_t)(x >> 40) % 5000, n = p + (int64_t)(x >> 20) % 700, page = 1 << (x >> 60 & 7);
            double exact = gbl_kv_resident_bytes(plan, p, n), most = exact;
            for (int32_t c = 0; c < plan->n_cells; c++) most += (double)page * (double)(plan->cell[c].layers * plan->cell[c].heads) * 1024;
            int64_t paged = gbl_kv_paged_bytes(plan, p, n, page);
            if ((double)paged < exact - 1 || (double)paged > most)
                fail_msg("%s: p %ld, n %ld, page %ld: %ld paged, %.3f exact, at most %.3f", compositions[i], (long)p, (long)n, (long)page, (long)paged, exact, most);
        }
        gbl_kv_plan_free(plan);
    }
}

static int64_t growth(const gbl_kv_plan *plan, int64_t p, int64_t n, gbl_kv_read *d) {
    gbl_kv_read a = gbl_kv_read_at(plan, p, n), b = gbl_kv_read_at(plan, p, n + 1);
    *d = (gbl_kv_read){b.bytes_q8 - a.bytes_q8, b.link_q8 - a.link_q8, b.attended - a.attended, b.quantised - a.quantised};
    return d->bytes_q8;
}

static void growth_is_what_until_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof compositions / sizeof *compositions; i++) {
        gbl_kv_plan *plan = plan_of(compositions[i]);
        const int64_t prompts[] = {1, 17, 299, 300, 301, 1023, 1024, 1300};
        int64_t longest = 0;
        for (size_t j = 0; j < sizeof prompts / sizeof *prompts; j++)
            for (int64_t p = prompts[j], n = p; n < p + 600;) {
                int64_t m = gbl_kv_until(plan, p, n);
                gbl_kv_read first, d;
                assert_true(m >= 1);
                growth(plan, p, n, &first);
                if (m > 600) m = 600;
                for (int64_t k = 1; k < m; k++) {
                    growth(plan, p, n + k, &d);
                    if (memcmp(&d, &first, sizeof d)) fail_msg("%s: p %ld, n %ld: step %ld of %ld grows otherwise", compositions[i], (long)p, (long)n, (long)k, (long)m);
                }
                if (m > longest) longest = m;
                n += m;
            }
        int parts = 0; /* shares of the tokens are whole tokens: each step may round otherwise */
        for (int32_t c = 0; c < plan->n_cells; c++) parts |= plan->cell[c].class_share < 1 || plan->cell[c].merge < 1 || plan->cell[c].generated < 1;
        if (!parts && longest <= 20) fail_msg("%s: never linear for more than %ld steps", compositions[i], (long)longest);
        gbl_kv_plan_free(plan);
    }
}

static void pages_grow_as_foretold(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof compositions / sizeof *compositions; i++) {
        gbl_kv_plan *plan = plan_of(compositions[i]);
        for (int64_t page = 1; page <= 64; page *= 4)
            for (int64_t p = 1; p < 1500; p += 177)
                for (int64_t n = p; n < p + 400;) {
                    int64_t ring[64] = {0}, m = gbl_kv_until(plan, p, n), each = gbl_kv_growth(plan, p, n, page, ring);
                    for (int64_t k = 0; k < m && k < 400; k++) {
                        int64_t grown = gbl_kv_paged_q8(plan, p, n + k + 1, page) - gbl_kv_paged_q8(plan, p, n + k, page);
                        if (grown != each + ring[k % page])
                            fail_msg("%s: page %ld, p %ld, n %ld, step %ld: %ld, not %ld", compositions[i], (long)page, (long)p, (long)n, (long)k, (long)grown, (long)(each + ring[k % page]));
                    }
                    n += m < 400 ? m : 400;
                }
        gbl_kv_plan_free(plan);
    }
}

static gbl_kv_loss loss_of(const char *text, const char *task) {
    gbl_kv_plan *plan = plan_of(text);
    gbl_kv_loss l = gbl_kv_loss_of(plan, task);
    gbl_kv_plan_free(plan);
    return l;
}

static void published_losses(void **state) { /* the model that loses most; methods add up; no row is no quality */
    (void)state;
    double kivi = (43.54 - 42.43) / 43.54;
    assert_close(gbl_kv_loss_of(NULL, NULL).share, 0, 1e-12);
    assert_close(loss_of("kivi-2bit", "LongBench").share, kivi, 1e-9);
    assert_true(isnan(loss_of("fp8_kv", NULL).share));
    assert_true(isnan(loss_of("kivi-2bit", "GSM8K").share));
    assert_true(isnan(loss_of("kivi-2bit,fp8_kv", "LongBench").share));
    assert_close(loss_of("cq-8c8b", "WikiText-2").share, (8.09 - 5.68) / 5.68, 1e-9); /* lower is better */
    assert_close(loss_of("matryoshkakv{budget=0.875}", NULL).share, 0, 1e-12);        /* a gain is no loss */
    gbl_kv_loss between = loss_of("matryoshkakv{budget=0.4375}", NULL), both = loss_of("matryoshkakv,kivi-2bit", NULL);
    assert_close(between.share, fmax(1 - (59.11 + 56.94) / 2 / 61.16, 1 - (63.75 + 61.29) / 2 / 66.17), 1e-9);
    assert_true(between.interpolated && !between.combined && both.combined);
    assert_close(both.share, kivi + fmax(1 - 60.49 / 61.16, 1 - 64.96 / 66.17), 1e-9);
    assert_non_null(strstr(both.says, "not validated in combination"));
}

static int make_arena(void **state) { (void)state; return !(arena = gbl_arena_new()); }
static int drop_arena(void **state) { (void)state; gbl_arena_free(arena); return 0; }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kivi_keeps_a_residue), cmocka_unit_test(compositions_are_not_products), cmocka_unit_test(channels_and_bits), cmocka_unit_test(codes_of_every_kind), cmocka_unit_test(codebooks_are_kept_once),
        cmocka_unit_test(latents_take_codes_alone), cmocka_unit_test(classes_are_coded_once), cmocka_unit_test(published_losses),
        cmocka_unit_test(a_prompt_shrinks_layer_by_layer), cmocka_unit_test(eager_scores), cmocka_unit_test(holes), cmocka_unit_test(what_does_not_compose),
        cmocka_unit_test(cards_that_are_wrong), cmocka_unit_test(shipped_cards), cmocka_unit_test(token_cards),
        cmocka_unit_test(pages_round_up_and_no_more), cmocka_unit_test(growth_is_what_until_says), cmocka_unit_test(pages_grow_as_foretold)};
    return cmocka_run_group_tests_name("models_compress", tests, make_arena, drop_arena);
}
