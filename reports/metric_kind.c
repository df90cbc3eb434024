#include "reports/metric_kind.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

static const struct { const char *prefix; int worse; } worse[] = {
    {"ttft_ms.n", 0},    {"tpot_ms.n", 0},         {"itl_ms.n", 0},     {"e2el_ms.n", 0},      {"queue_ms.n", 0},
    {"ttft_ms.", 1},     {"tpot_ms.", 1},          {"itl_ms.", 1},      {"e2el_ms.", 1},       {"queue_ms.", 1},
    {"throughput.", -1}, {"goodput.", -1},         {"kv.hit_", -1},     {"kv.preemptions", 1}, {"kv.evicted_blocks", 1},
    {"kv.swapped_", 1},  {"energy.", 1},           {"cost.", 1},        {"mfu", -1},           {"duration_s", 1},
    {"requests.rejected", 1}, {"requests.unfinished", 1}, {"requests.completed", -1}};

int gbl_metric_worse(const char *name)
{
    for (size_t i = 0; i < sizeof worse / sizeof *worse; i++)
        if (strncmp(name, worse[i].prefix, strlen(worse[i].prefix)) == 0) return worse[i].worse;
    return 0;
}

int gbl_metric_latency(const char *name, double *p)
{
    static const struct { const char *stat; double p; } stats[] = {{"mean", NAN}, {"p50", .5}, {"p90", .9}, {"p95", .95}, {"p99", .99}, {"p999", .999}};
    const char *dot = strchr(name, '.');
    for (int k = 0; dot && k < GBL_LATENCIES; k++) {
        if (strlen(gbl_latency_name[k]) != (size_t)(dot - name) || strncmp(name, gbl_latency_name[k], (size_t)(dot - name)) != 0) continue;
        for (size_t i = 0; i < sizeof stats / sizeof *stats; i++) {
            if (strcmp(dot + 1, stats[i].stat) != 0) continue;
            *p = stats[i].p;
            return k;
        }
    }
    return -1;
}

const char *const gbl_metric_compared[] = {
    "ttft_ms.mean", "ttft_ms.p50", "ttft_ms.p99", "tpot_ms.mean", "tpot_ms.p99", "itl_ms.p99", "e2el_ms.mean", "e2el_ms.p99",
    "throughput.output_tok_s", "goodput.request_s", "kv.hit_ratio", "kv.preemptions", "cost.usd_per_mtok_output", NULL};
const char *const gbl_metric_gated[] = {"ttft_ms.mean", "ttft_ms.p99", "tpot_ms.mean", "tpot_ms.p99", "e2el_ms.mean", "e2el_ms.p99",
                                        "throughput.output_tok_s", "goodput.request_s", NULL};
const char *const gbl_metric_kept[] = {
    "requests.completed", "requests.rejected", "requests.unfinished", "duration_s", "throughput.request_s", "throughput.output_tok_s",
    "ttft_ms.mean", "ttft_ms.p50", "ttft_ms.p90", "ttft_ms.p99", "tpot_ms.mean", "tpot_ms.p50", "tpot_ms.p90", "tpot_ms.p99",
    "itl_ms.mean", "itl_ms.p99", "e2el_ms.mean", "e2el_ms.p50", "e2el_ms.p90", "e2el_ms.p99", "queue_ms.mean", "queue_ms.p99",
    "goodput.request_s", "goodput.token_s", "goodput.slo_attainment", "kv.hit_ratio", "kv.preemptions", "kv.evicted_blocks",
    "energy.joule_per_output_tok", "cost.usd_per_mtok_output", NULL};

int gbl_metric_check(const gbl_measures *m, const char *name, const char *flag, gbl_err *err)
{
    enum { MOST = 256 };
    const char *known[MOST];
    size_t n = 0;
    if (gbl_measures_of(m, name)) return GBL_OK;
    for (; n < m->n && n < MOST; n++) known[n] = m->name[n];
    gbl_fail(err, GBL_EINPUT, "unknown metric '%s'", name);
    gbl_where(err, "%s", flag);
    gbl_expected(err, "a number of `gable run --json` outside sim, such as ttft_ms.p99 or throughput.output_tok_s");
    return gbl_nearest(err, gbl_near(name, known, n));
}
