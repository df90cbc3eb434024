/* sens_vary.c - a scenario with its inputs multiplied, and its run. */
#include "reports/sens_vary.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/spool.h"
#include "reports/identity.h"
#include "traces/generate.h"

const char *const gbl_sens_input_name[GBL_INPUTS] = {"hbm_bandwidth", "hbm_size",  "sm_flops", "pcie",         "nvlink",     "dram",
                                                     "ssd",           "host_time", "kv_bytes", "arrival_rate", "burstiness", "output_length"};
const char *const gbl_sens_metric[GBL_SENS_METRICS] = {"ttft_ms.p50",  "ttft_ms.p99",  "tpot_ms.p50",      "tpot_ms.p99",
                                                       "e2el_ms.mean", "throughput.output_tok_s", "goodput.request_s"};

/* A stream of its own, beside that of the kept requests. */
enum { STREAM_ROUND = GBL_STREAM_POLICY - 3 };

/* ---------------------------------------------------------------- the trace ---- */

typedef struct shape {
    double power, spread, length; /* gap -> spread x gap^power; output -> length x output */
    uint64_t seed;
} shape;

/* A whole number near x tokens whose mean over requests is x. */
static int64_t tokens(double x, uint64_t seed, int64_t serial)
{
    double v = floor(x + gbl_draw(seed, STREAM_ROUND, (uint64_t)serial, 0));
    return v < 1 ? 1 : (int64_t)v;
}

/* Mooncake lines carry all that a source yields but sessions; ids are of 512 tokens or left out. */
static void put_row(FILE *to, const gbl_record *r, double arrival_ns, int64_t output)
{
    int64_t ns = (int64_t)(arrival_ns + 0.5);
    fprintf(to, "{\"timestamp\": %lld.%06lld, \"input_length\": %lld, \"output_length\": %lld", (long long)(ns / 1000000), (long long)(ns % 1000000), (long long)r->input,
            (long long)output);
    for (int32_t i = 0; i < r->n_ids && r->id_tokens == 512; i++) fprintf(to, "%s%llu", i ? ", " : ", \"hash_ids\": [", (unsigned long long)r->ids[i]);
    fputs(r->n_ids && r->id_tokens == 512 ? "]}\n" : "}\n", to);
}

static int each_row(const gbl_node *trace, int64_t seed, const shape *w, FILE *to, double *sum, double *powered, gbl_err *err)
{
    gbl_source *src = NULL;
    gbl_record r;
    int64_t last = 0;
    double at = 0;
    int got, code = gbl_source_open(&src, trace, (uint64_t)seed, err);
    if (code) return code;
    while ((got = gbl_source_next(src, &r, err)) == 1) {
        double gap = (double)(r.arrival_ns - last) * 1e-9, changed = gap > 0 ? pow(gap, w->power) : 0;
        last = r.arrival_ns;
        *sum += gap;
        *powered += changed;
        at += changed * w->spread * 1e9;
        if (to) put_row(to, &r, at, tokens((double)r.output * w->length, w->seed, r.serial));
    }
    gbl_source_close(src);
    return got < 0 ? err->code : GBL_OK;
}

/* The reshaped trace in an unlinked file, which the document then names by its descriptor. */
static int reshape(FILE **out, gbl_doc *d, int64_t seed, const double *factor, gbl_err *err)
{
    const gbl_node *trace = gbl_node_get(gbl_doc_root(d), "trace");
    shape w = {factor[GBL_IN_BURSTINESS], 1, factor[GBL_IN_OUTPUT_LENGTH], (uint64_t)seed};
    double sum = 0, powered = 0, ignored = 0;
    char text[96];
    FILE *f = *out = gbl_spool_new(err);
    if (!f) return err->code = GBL_EFAULT; /* not this variant's fault: see run_point */
    int code = each_row(trace, seed, &w, NULL, &sum, &powered, err);
    w.spread = powered > 0 ? sum / powered : 1;
    if (!code) code = each_row(trace, seed, &w, f, &ignored, &powered, err);
    if (!code && (fflush(f) || ferror(f))) code = gbl_fail(err, GBL_EFAULT, "cannot write to a temporary file: %s", strerror(errno));
    snprintf(text, sizeof text, "{\"file\": \"/proc/self/fd/%d\", \"format\": \"mooncake\"}", fileno(f));
    return code ? code : gbl_doc_set(d, "trace", text, err);
}

static int faster_trace(gbl_doc *d, double factor, gbl_err *err)
{
    const gbl_node *n = gbl_node_at(gbl_doc_root(d), "trace.rate_scale");
    char text[40];
    gbl_num_text(text, sizeof text, (n && gbl_node_kind(n) == GBL_NUMBER ? gbl_node_num(n) : 1) * factor);
    return gbl_doc_set(d, "trace.rate_scale", text, err);
}

/* Nothing arrives by the clock in a closed loop, and which requests come hangs on the answers: lengths are changed where they
 * are drawn. Whatever the distribution, its quantiles times the factor become a histogram; a length between two whole ones
 * counts for both, so that the mean is that of the quantiles. */
static int scaled_histogram(FILE *to, const gbl_doc *d, double factor, gbl_err *err)
{
    enum { QUANTILES = 10000 };
    const gbl_node *output = gbl_node_at(gbl_doc_root(d), "trace.generate.output");
    gbl_length l = {0};
    gbl_arena *a = gbl_arena_new();
    if (!a) return gbl_nomem(err, 64);
    if (output && gbl_node_kind(output) == GBL_NULL) output = NULL;
    int code = gbl_length_bind(&l, output, "geometric", a, err);
    if (!code) code = gbl_length_load(&l, output, a, err);
    fputs("tokens,weight\n", to);
    for (int k = 0; k < QUANTILES && !code; k++) {
        double x = fmax(1, (double)gbl_length_draw(&l, (k + 0.5) / QUANTILES) * factor), low = floor(x);
        fprintf(to, "%.0f,%.6f\n%.0f,%.6f\n", low, 1 - (x - low), low + 1, x - low);
    }
    gbl_length_fini(&l);
    gbl_arena_free(a);
    if (!code && (fflush(to) || ferror(to))) code = gbl_fail(err, GBL_EFAULT, "cannot write to a temporary file: %s", strerror(errno));
    return code;
}

static int closed_output(FILE **out, gbl_doc *d, double factor, gbl_err *err)
{
    char text[96];
    FILE *f = *out = gbl_spool_new(err);
    if (!f) return err->code = GBL_EFAULT;
    int code = scaled_histogram(f, d, factor, err);
    snprintf(text, sizeof text, "{\"use\": \"histogram\", \"file\": \"/proc/self/fd/%d\"}", fileno(f));
    return code ? code : gbl_doc_set(d, "trace.generate.output", text, err);
}

static int vary_trace(gbl_doc *d, int64_t seed, const double *factor, FILE **spool, gbl_err *err)
{
    const gbl_node *trace = gbl_node_get(gbl_doc_root(d), "trace");
    gbl_source *src = NULL;
    int shaped = factor[GBL_IN_BURSTINESS] != 1 || factor[GBL_IN_OUTPUT_LENGTH] != 1, faster = factor[GBL_IN_ARRIVAL_RATE] != 1;
    int code = gbl_identity_repeats(trace, err);
    if (code || (!shaped && !faster)) return code;
    code = gbl_source_open(&src, trace, (uint64_t)seed, err);
    int closed = code ? 0 : gbl_source_closed(src);
    if (src) gbl_source_close(src);
    if (code || (closed && factor[GBL_IN_OUTPUT_LENGTH] == 1)) return code;
    if (closed) return closed_output(spool, d, factor[GBL_IN_OUTPUT_LENGTH], err);
    if (shaped) code = reshape(spool, d, seed, factor, err);
    return code || !faster ? code : faster_trace(d, factor[GBL_IN_ARRIVAL_RATE], err);
}

/* ---------------------------------------------------------------- the machine ---- */

static void vary_machine(gbl_scenario *s, const double *factor)
{
    s->kv_scale = factor[GBL_IN_KV_BYTES];
    for (size_t i = 0; i < s->n_pools; i++) {
        gbl_hw *hw = &s->pool[i].hw;
        hw->hbm_bps *= factor[GBL_IN_HBM_BANDWIDTH];
        hw->hbm_bytes *= factor[GBL_IN_HBM_SIZE];
        for (int f = 0; f < GBL_FORMATS; f++) hw->flops[f] *= factor[GBL_IN_SM_FLOPS];
        hw->pcie_bps *= factor[GBL_IN_PCIE];
        hw->nvlink_bps *= factor[GBL_IN_NVLINK];
        hw->dram_bps *= factor[GBL_IN_DRAM];
        hw->ssd_bps *= factor[GBL_IN_SSD];
    }
    double host = factor[GBL_IN_HOST_TIME];
    s->runtime.host_step_s *= host;
    s->runtime.host_seq_s *= host;
    s->runtime.host_multi_s *= host;
    s->runtime.launch_s *= host;
    s->runtime.frontend_s *= host;
    s->runtime.frontend_token_s *= host;
}

/* ---------------------------------------------------------------- one run ---- */

static int64_t seed_of(const gbl_doc *d, const gbl_sens_ask *ask)
{
    const gbl_node *n = gbl_node_at(gbl_doc_root(d), "run.seed");
    if (ask->seed != GBL_NULL_INT) return ask->seed;
    return n && gbl_node_kind(n) == GBL_NUMBER ? (int64_t)gbl_node_num(n) : 1;
}

int gbl_sens_base(const gbl_sens_ask *ask, gbl_doc **out, gbl_err *err)
{
    int code = ask->path ? gbl_doc_read(out, ask->path, err) : gbl_doc_parse(out, "default scenario", "{}", 2, err);
    char text[32];
    if (code) return code;
    for (size_t i = 0; i < ask->n_sets && !code; i++) {
        const char *eq = strchr(ask->sets[i], '=');
        char key[256];
        if (eq && eq != ask->sets[i] && (size_t)(eq - ask->sets[i]) < sizeof key) {
            snprintf(key, sizeof key, "%.*s", (int)(eq - ask->sets[i]), ask->sets[i]);
            code = gbl_doc_set(*out, key, eq + 1, err);
        } else {
            gbl_fail(err, GBL_EINPUT, "--set takes a key and a value, not '%.80s'", ask->sets[i]);
            code = gbl_expected(err, "--set a.b=value");
        }
    }
    snprintf(text, sizeof text, "%lld", (long long)seed_of(*out, ask));
    if (!code) code = gbl_doc_set(*out, "run.seed", text, err);
    if (code) gbl_doc_free(*out);
    if (code) *out = NULL;
    return code;
}

int gbl_sens_point(const gbl_doc *base, const gbl_sens_ask *ask, const double *factor, double *metric, gbl_err *err)
{
    gbl_doc *d = NULL;
    gbl_scenario *s = NULL;
    gbl_result *r = NULL;
    FILE *spool = NULL;
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF, .stop = ask->stop};
    int code = gbl_doc_part(&d, gbl_doc_root(base), err);
    if (!code && (code = vary_trace(d, seed_of(base, ask), factor, &spool, err)) != 0) gbl_doc_free(d);
    else if (!code) code = gbl_scenario_bind(&s, d, err);
    if (!code) vary_machine(s, factor);
    if (!code) code = gbl_run(&r, s, &opt, err);
    for (int i = 0; i < GBL_SENS_METRICS && !code; i++) metric[i] = gbl_result_get(r, gbl_sens_metric[i]);
    if (r) gbl_result_free(r);
    gbl_scenario_free(s);
    if (spool) fclose(spool);
    return code;
}

int gbl_sens_run(const gbl_sens_ask *ask, const double factor[GBL_INPUTS], double metric[GBL_SENS_METRICS], gbl_err *err)
{
    gbl_doc *base = NULL;
    int code = gbl_sens_base(ask, &base, err);
    if (!code) code = gbl_sens_point(base, ask, factor, metric, err);
    gbl_doc_free(base);
    return code;
}
