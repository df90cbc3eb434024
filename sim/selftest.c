/* The oracles. Queues: the real replica under runtime `ideal` with one slot (or c slots) is a queue whose waiting time has a
 * closed form; the measured mean must lie within its confidence interval (batch means, 40 batches, 99.9 %). Schedules: small
 * cases worked by hand, to the nanosecond. */
#include "sim/selftest.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/spool.h"
#include "sim/run.h"

typedef struct waits { /* queue time of each request, in order of arrival */
    double *ns;
    size_t room, n;
    gbl_life last[8];
} waits;

enum { PATH_ROOM = 1024 };

typedef struct bench {
    FILE *to;
    gbl_err *err;
    int failed;
    char flat_model[PATH_ROOM]; /* a card file: a step costs the same whatever its KV and its batch */
} bench;

static int keep_wait(void *to, const gbl_life *l, gbl_err *err) {
    waits *w = to;
    size_t i = (size_t)l->serial;
    if (gbl_grow(&w->ns, &w->room, i + 1, sizeof *w->ns)) return gbl_nomem(err, i);
    w->ns[i] = (double)(l->scheduled_ns - l->arrival_ns);
    if (i >= w->n) w->n = i + 1;
    if (i < 8) w->last[i] = *l;
    return 0;
}

static void verdict(bench *b, int ok, const char *name, const char *fmt, ...) {
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fprintf(b->to, "%-4s %-34s %s\n", ok ? "ok" : "FAIL", name, text);
    b->failed += !ok;
}

/* A file that the engine opens by its name, path[PATH_ROOM]; the caller unlinks it. */
static int write_file(bench *b, char *path, const char *ending, const char *text) {
    FILE *f = gbl_spool_named(path, PATH_ROOM, ending, b->err);
    if (!f) return b->err->code;
    int bad = fputs(text, f) < 0;
    bad |= fclose(f) != 0;
    if (!bad) return 0;
    unlink(path);
    return gbl_fail(b->err, GBL_EINPUT, "cannot write a temporary file");
}

static int open_text(bench *b, gbl_scenario **s, const char *fmt, ...) {
    char text[2048 + PATH_ROOM];
    gbl_doc *doc;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    int code = gbl_doc_parse(&doc, "selftest", text, (size_t)n, b->err);
    return code ? code : gbl_scenario_bind(s, doc, b->err);
}

static int simulate(bench *b, gbl_scenario *s, waits *w, gbl_result **r) {
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .on_request = keep_wait, .to = w};
    return gbl_run(r, s, &opt, b->err);
}

static void mean_and_error(const waits *w, double *mean, double *half) {
    enum { BATCHES = 40 };
    size_t per = w->n / BATCHES;
    double sum = 0, square = 0;
    for (size_t i = 0; i < BATCHES; i++) {
        double m = 0;
        for (size_t k = 0; k < per; k++) m += w->ns[i * per + k];
        m /= (double)per;
        sum += m;
        square += m * m;
    }
    *mean = sum / BATCHES;
    *half = 3.558 * sqrt((square / BATCHES - *mean * *mean) / (BATCHES - 1)); /* t, 39 degrees of freedom, 99.9 % */
}

double gbl_selftest_service_s(const gbl_cost *c, int64_t output) {
    gbl_batch b = {0};
    gbl_step_cost step;
    gbl_batch_chunk(c, &b, 1, 0, 1);
    gbl_cost_step(c, &b, &step);
    double ns = (double)step.demand.alone_ns;
    b = (gbl_batch){0};
    gbl_batch_decode(c, &b, 1);
    for (int64_t i = 1; i < output; i++) {
        gbl_batch_advance(&b);
        gbl_cost_step(c, &b, &step);
        ns += (double)step.demand.alone_ns;
    }
    return ns * 1e-9;
}

static const char *const queue_text =
    "{\"trace\":{\"generate\":{\"requests\":%d,\"arrival\":{\"use\":\"poisson\",\"rate_s\":%.17g},\"input\":{\"use\":\"fixed\",\"tokens\":1},"
    "\"output\":%s}},\"model\":\"%s\",\"engine\":{\"runtime\":\"ideal\",\"max_num_seqs\":%d},\"policy\":{\"prefix\":\"off\"},\"run\":{\"seed\":%d}}";

static void compare(bench *b, const char *name, const waits *w, double theory_s) {
    double mean, half;
    mean_and_error(w, &mean, &half);
    verdict(b, fabs(mean - theory_s * 1e9) <= half, name, "mean wait %.4f ms, theory %.4f ms, +-%.4f ms", mean * 1e-6, theory_s * 1e3, half * 1e-6);
}

static int queue_run(bench *b, const char *name, int requests, double rate, const char *output, int slots, double theory_s) {
    gbl_scenario *s;
    gbl_result *r = NULL;
    waits w = {0};
    int code = open_text(b, &s, queue_text, requests, rate, output, b->flat_model, slots, 7);
    if (code) return code;
    code = simulate(b, s, &w, &r);
    if (!code) compare(b, name, &w, theory_s);
    gbl_result_free(r);
    gbl_scenario_free(s);
    gbl_free(w.ns);
    return code;
}

static int flat_cost(bench *b, gbl_scenario **s, gbl_cost **c) {
    int code = open_text(b, s, queue_text, 1, 1.0, "{\"use\":\"fixed\",\"tokens\":1}", b->flat_model, 1, 7);
    return code ? code : gbl_scenario_cost(*s, 0, c, b->err);
}

/* Pollaczek-Khinchine: W = rate E[S^2] / (2 (1 - rho)). */
static double pk(double rate, double mean, double square) { return rate * square / (2.0 * (1.0 - rate * mean)); }

static int m_d_1(bench *b, const gbl_cost *c) {
    double s = gbl_selftest_service_s(c, 20);
    return queue_run(b, "M/D/1, load 0.7", 300000, 0.7 / s, "{\"use\":\"fixed\",\"tokens\":20}", 1, pk(0.7 / s, s, s * s));
}

static int m_m_1(bench *b, const gbl_cost *c) {
    enum { MEAN = 40 };
    double step = (gbl_selftest_service_s(c, 1001) - gbl_selftest_service_s(c, 1)) / 1000, first = gbl_selftest_service_s(c, 1) - step;
    double m = MEAN * step + first, var = (double)MEAN * (MEAN - 1) * step * step; /* geometric: variance m(m-1) steps */
    return queue_run(b, "M/M/1 (geometric outputs), load 0.6", 300000, 0.6 / m, "{\"use\":\"geometric\",\"mean\":40}", 1, pk(0.6 / m, m, var + m * m));
}

static double erlang_c(int c, double load) {
    double term = 1, sum = 1;
    for (int k = 1; k < c; k++) sum += term *= load / k;
    double last = term * load / c / (1 - load / c);
    return last / (sum + last);
}

/* Arrivals join at step boundaries: while a step runs they wait for its end, half a step on average. */
static int m_m_c(bench *b, const gbl_cost *c) {
    enum { MEAN = 200, SLOTS = 4 };
    double step = (gbl_selftest_service_s(c, 1001) - gbl_selftest_service_s(c, 1)) / 1000, m = MEAN * step, rate = 0.8 * SLOTS / m;
    double wait = erlang_c(SLOTS, rate * m) * m / (SLOTS - rate * m);
    return queue_run(b, "M/M/c, 4 slots, load 0.8", 150000, rate, "{\"use\":\"geometric\",\"mean\":200}", SLOTS, wait + step / 2);
}

/* One decode of Llama-2-7B on an H100 under `ideal`: every weight but the token embedding is read once, the KV of 1,000
 * tokens too, at 3.35 TB/s. 32 layers of 4 h^2 + 3 h f plus the LM head, 2 bytes each; norms and activations are below 0.1 %. */
static int roofline(bench *b) {
    gbl_scenario *s;
    gbl_cost *c;
    int code = open_text(b, &s, "{\"model\":\"llama-2-7b\",\"engine\":{\"runtime\":\"ideal\"}}");
    if (code) return code;
    if (!(code = gbl_scenario_cost(s, 0, &c, b->err))) {
        gbl_batch batch = {0};
        gbl_step_cost step;
        gbl_batch_decode(c, &batch, 1000);
        gbl_cost_step(c, &batch, &step);
        double weights = 2.0 * (32.0 * (4.0 * 4096 * 4096 + 3.0 * 4096 * 11008) + 4096.0 * 32000), kv = 1000.0 * 2 * 32 * 4096 * 2;
        double hand_ms = (weights + kv) / 3.35e12 * 1e3, ms = (double)step.demand.alone_ns * 1e-6;
        verdict(b, fabs(ms / hand_ms - 1) < 0.002, "roofline of a decode by hand", "%.5f ms, by hand %.5f ms", ms, hand_ms);
        gbl_cost_free(c);
    }
    gbl_scenario_free(s);
    return code;
}

static double chunk_ns(const gbl_cost *c, int64_t a, int64_t a_cached, int64_t b, int64_t b_cached, int b_last, int64_t decode_kv) {
    gbl_batch batch = {0};
    gbl_step_cost step;
    if (decode_kv) gbl_batch_decode(c, &batch, decode_kv);
    if (a) gbl_batch_chunk(c, &batch, a, a_cached, a_cached + a == 1000);
    if (b) gbl_batch_chunk(c, &batch, b, b_cached, b_last);
    gbl_cost_step(c, &batch, &step);
    return (double)step.demand.alone_ns;
}

/* Budget 256. A: 1,000 in, 3 out; B: 300 in, 2 out, both at t = 0. Steps: A256 A256 A256 | A232+B24 (A's 1st token) |
 * A decode+B255 | A decode+B21 (A ends, B's 1st) | B decode (B ends). */
static int chunks(bench *b) {
    gbl_scenario *s;
    gbl_result *r = NULL;
    gbl_cost *c = NULL;
    waits w = {0};
    static const char rows[] = "{\"timestamp\":0,\"input_length\":1000,\"output_length\":3}\n{\"timestamp\":0,\"input_length\":300,\"output_length\":2}\n";
    char path[PATH_ROOM];
    int code = write_file(b, path, "", rows);
    if (code) return code;
    code = open_text(b, &s, "{\"trace\":{\"file\":\"%s\"},\"engine\":{\"runtime\":\"ideal\",\"max_num_batched_tokens\":256}}", path);
    if (!code && !(code = gbl_scenario_cost(s, 0, &c, b->err)) && !(code = simulate(b, s, &w, &r))) {
        double t4 = chunk_ns(c, 256, 0, 0, 0, 0, 0) + chunk_ns(c, 256, 256, 0, 0, 0, 0) + chunk_ns(c, 256, 512, 0, 0, 0, 0) + chunk_ns(c, 232, 768, 24, 0, 0, 0);
        double t6 = t4 + chunk_ns(c, 0, 0, 255, 24, 0, 1001) + chunk_ns(c, 0, 0, 21, 279, 1, 1002), t7 = t6 + chunk_ns(c, 0, 0, 0, 0, 0, 301);
        int ok = gbl_result_get(r, "sim.steps") == 7 && w.last[0].first_ns == (int64_t)t4 && w.last[0].finish_ns == (int64_t)t6 &&
                 w.last[1].first_ns == (int64_t)t6 && w.last[1].finish_ns == (int64_t)t7;
        verdict(b, ok, "chunked prefill by hand", "%.0f steps (7), A's first token at %lld ns (%.0f), B done at %lld ns (%.0f)", gbl_result_get(r, "sim.steps"),
                (long long)w.last[0].first_ns, t4, (long long)w.last[1].finish_ns, t7);
    }
    unlink(path);
    if (c) gbl_cost_free(c);
    gbl_result_free(r);
    gbl_scenario_free(s);
    gbl_free(w.ns);
    return code;
}

/* Ten blocks of 16; two requests of 64 in, 40 out. After 17 steps each holds 80 tokens, five blocks; step 18 needs a sixth
 * for A: B gives way with 81 known tokens, returns when A has ended after step 40, is recomputed in step 41 and ends after
 * 22 more decodes, in step 63. */
static int preemption(bench *b) {
    gbl_scenario *s;
    gbl_result *r = NULL;
    waits w = {0};
    int code = open_text(b, &s,
                         "{\"trace\":{\"generate\":{\"requests\":2,\"arrival\":{\"use\":\"closed_loop\",\"concurrency\":2},\"input\":{\"use\":\"fixed\",\"tokens\":64},"
                         "\"output\":{\"use\":\"fixed\",\"tokens\":40}}},\"engine\":{\"runtime\":\"ideal\",\"kv_blocks\":10},\"policy\":{\"prefix\":\"off\"}}");
    if (!code && !(code = simulate(b, s, &w, &r))) {
        double steps = gbl_result_get(r, "sim.steps"), peak = gbl_result_get(r, "kv.peak_blocks"), n = gbl_result_get(r, "kv.preemptions");
        verdict(b, steps == 63 && peak == 10 && n == 1 && w.last[1].preemptions == 1, "preemption by hand", "%.0f steps (63), peak %.0f blocks (10), %.0f preemption (1)", steps, peak, n);
    }
    gbl_result_free(r);
    gbl_scenario_free(s);
    gbl_free(w.ns);
    return code;
}

const char gbl_selftest_flat_model[] =
    "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"num_hidden_layers\":4,\"hidden_size\":4096,\"num_attention_heads\":32,"
    "\"num_key_value_heads\":1,\"head_dim\":16,\"intermediate_size\":14336,\"vocab_size\":128256,\"max_position_embeddings\":131072,\"tie_word_embeddings\":false}";

int gbl_selftest(FILE *to, gbl_err *err) {
    bench b = {.to = to, .err = err};
    gbl_scenario *s = NULL;
    gbl_cost *c = NULL;
    int code = write_file(&b, b.flat_model, ".json", gbl_selftest_flat_model);
    if (!code) code = flat_cost(&b, &s, &c);
    if (!code) code = m_d_1(&b, c);
    if (!code) code = m_m_1(&b, c);
    if (!code) code = m_m_c(&b, c);
    if (!code) code = roofline(&b);
    if (!code) code = chunks(&b);
    if (!code) code = preemption(&b);
    if (!code) verdict(&b, 1, "Little's law, conservation", "held as integers in every run above (the engine asserts them)");
    if (c) gbl_cost_free(c);
    gbl_scenario_free(s);
    unlink(b.flat_model);
    return code ? b.failed + 1 : b.failed;
}
