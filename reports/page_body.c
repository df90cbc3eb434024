/* page_body.c - the sections of the report's page, as plain HTML that needs no script to be read. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "reports/page.h"

/* ---- pieces ---- */

static void put(page *p, const char *html) { fputs(html, p->to); }

static void tile(page *p, const char *label, const page_run *r, const char *path, double scale, const char *unit, const char *note)
{
    char text[64];
    gbl_page_human(text, sizeof text, gbl_page_num(r, path) * scale);
    fprintf(p->to, "<div class=\"tile\"><dt>%s</dt><dd><strong>%s</strong> <span class=\"unit\">%s</span></dd><dd class=\"note\">%s</dd></div>\n", label, text, unit, note);
}

static const char *noted(page *p, const char *before, const page_run *r, const char *path, double scale, const char *after)
{
    char text[64];
    const char *s = gbl_arena_printf(p->arena, "%s%s%s", before, gbl_page_human(text, sizeof text, gbl_page_num(r, path) * scale), after);
    p->no_memory |= !s;
    return s ? s : "";
}

/* ---- head ---- */

static int has_bound(const page_run *r)
{
    return isfinite(gbl_page_slo(r, "ttft_ms")) || isfinite(gbl_page_slo(r, "tpot_ms")) || isfinite(gbl_page_slo(r, "itl_ms")) || isfinite(gbl_page_slo(r, "e2el_ms")) ||
           gbl_page_scenario_text(r, "slo.preset", NULL) || gbl_page_scenario_text(r, "slo", NULL);
}

static void verdict(page *p, const page_run *r)
{
    double attained = gbl_page_num(r, "goodput.slo_attainment"), wanted = gbl_page_slo(r, "attain");
    char a[64], w[64];
    wanted = isfinite(wanted) ? wanted : 0.99;
    gbl_page_human(a, sizeof a, attained * 100);
    gbl_page_human(w, sizeof w, wanted * 100);
    if (!has_bound(r) || !isfinite(attained)) {
        fprintf(p->to, "<p class=\"verdict open\"><strong>No verdict</strong> <span>%s</span></p>\n",
                has_bound(r) ? "no request was measured" : "the scenario sets no bound");
    } else if (attained >= wanted) {
        fprintf(p->to, "<p class=\"verdict good\"><strong>Meets the SLO</strong> <span>%s %% of requests are good, %s %% wanted</span></p>\n", a, w);
    } else {
        fprintf(p->to, "<p class=\"verdict bad\"><strong>Misses the SLO</strong> <span>%s %% of requests are good, %s %% wanted</span></p>\n", a, w);
    }
}

static void fact(page *p, const char *label, const char *text)
{
    p->no_memory |= !text;
    if (text && *text) {
        fprintf(p->to, "<div><dt>%s</dt><dd>", label);
        gbl_page_text(p->to, text);
        put(p, "</dd></div>\n");
    }
}

static const char *machines(page *p, const page_run *r)
{
    const char *hw = gbl_page_scenario_text(r, "cluster.hardware", NULL);
    const char *more = hw ? "" : " and other pools";
    const gbl_node *pools = gbl_node_at(gbl_doc_root(r->scenario), "cluster.pools");
    const char *at = hw ? "cluster" : "cluster.pools.0";
    char path[64];
    snprintf(path, sizeof path, "%s.hardware", at);
    hw = gbl_page_scenario_text(r, path, "?");
    snprintf(path, sizeof path, "%s.replicas", at);
    const char *replicas = gbl_page_scenario_text(r, path, "1");
    snprintf(path, sizeof path, "%s.tp", at);
    const char *tp = gbl_page_scenario_text(r, path, "1");
    if (!pools || gbl_node_kind(pools) != GBL_ARRAY || gbl_node_size(pools) < 2) {
        more = "";
    }
    return gbl_arena_printf(p->arena, "%s \xc3\x97 %s, tp %s%s", replicas, hw, tp, more);
}

static void head(page *p, const page_run *r)
{
    put(p, "<header class=\"page\">\n<div class=\"brand\"><span class=\"mark\">gable</span><span class=\"what\">simulation report</span>"
           "<button type=\"button\" id=\"theme\" hidden>Light / dark</button></div>\n<h1>");
    gbl_page_text(p->to, r->name[0] ? r->name : "unnamed scenario");
    put(p, "</h1>\n");
    verdict(p, r);
    put(p, "<dl class=\"facts\">\n");
    fact(p, "Model", gbl_page_scenario_text(r, "model", ""));
    fact(p, "Machines", machines(p, r));
    fact(p, "Schedule", gbl_page_scenario_text(r, "policy.schedule", ""));
    fact(p, "Evict", gbl_page_scenario_text(r, "policy.evict", ""));
    fact(p, "Runtime", r->runtime);
    fact(p, "Calibration", r->calibration);
    fact(p, "Run", gbl_arena_printf(p->arena, "%" PRId64 " of %" PRId64, r->id, p->runs_stored));
    fact(p, "Started", r->started_utc);
    put(p, "</dl>\n</header>\n");
}

/* ---- numbers of the newest run ---- */

static void tiles(page *p, const page_run *r)
{
    gbl_page_section(p, "overview", "Overview", NULL);
    put(p, "<dl class=\"tiles\">\n");
    tile(p, "TTFT, p99", r, "ttft_ms.p99", 1, "ms", noted(p, "median ", r, "ttft_ms.p50", 1, " ms"));
    tile(p, "TPOT, p99", r, "tpot_ms.p99", 1, "ms", noted(p, "median ", r, "tpot_ms.p50", 1, " ms"));
    tile(p, "E2E, p99", r, "e2el_ms.p99", 1e-3, "s", noted(p, "median ", r, "e2el_ms.p50", 1e-3, " s"));
    tile(p, "Goodput", r, "goodput.request_s", 1, "requests / s", noted(p, "of ", r, "throughput.request_s", 1, " completed a second"));
    tile(p, "Output", r, "throughput.output_tok_s", 1, "tokens / s", noted(p, "", r, "throughput.output_tok_s_per_gpu", 1, " a GPU"));
    tile(p, "Prefix hits", r, "kv.hit_ratio", 100, "%", noted(p, "", r, "kv.hit_tokens", 1, " prompt tokens"));
    tile(p, "Preemptions", r, "kv.preemptions", 1, "", noted(p, "peak of ", r, "kv.peak_blocks", 1, " KV blocks"));
    tile(p, "Cost", r, "cost.usd_per_mtok_output", 1, "USD / Mtok", noted(p, "of output, ", r, "energy.joule_per_output_tok", 1, " J a token"));
    put(p, "</dl>\n</section>\n");
}

static void slo_row(page *p, const page_run *r, const char *label, const char *key, double within)
{
    double bound = gbl_page_slo(r, key);
    char path[64];
    if (!isfinite(bound)) {
        return;
    }
    fprintf(p->to, "<tr><th scope=\"row\">%s</th>", label);
    gbl_page_number(p, bound, 1, "");
    snprintf(path, sizeof path, "%s.p50", key);
    gbl_page_number(p, gbl_page_num(r, path), 1, "");
    snprintf(path, sizeof path, "%s.p99", key);
    gbl_page_number(p, gbl_page_num(r, path), 1, "");
    gbl_page_number(p, within, 100, " %");
    put(p, "</tr>\n");
}

static void slo(page *p, const page_run *r)
{
    const char *const heads[] = {"Metric", ">Bound, ms", ">p50, ms", ">p99, ms", p->sampled ? ">Requests within, from the stored sample" : ">Requests within", NULL};
    if (!has_bound(r)) {
        return;
    }
    gbl_page_section(p, "slo", "Service level", "A request is good when it meets every bound; the share counts all injected requests.");
    gbl_page_table(p, "Bounds and what was reached", heads);
    slo_row(p, r, "TTFT", "ttft_ms", p->within_ttft);
    slo_row(p, r, "TPOT", "tpot_ms", p->within_tpot);
    slo_row(p, r, "ITL, mean of a request", "itl_ms", NAN);
    slo_row(p, r, "E2E", "e2el_ms", p->within_e2el);
    gbl_page_table_end(p);
    put(p, "</section>\n");
}

static void latency(page *p, const page_run *r)
{
    static const char *const heads[] = {"Latency, ms", ">mean", ">p50", ">p90", ">p95", ">p99", ">p99.9", ">max", ">samples", NULL};
    static const char *const stats[] = {"mean", "p50", "p90", "p95", "p99", "p999", "max", "n"};
    static const struct { const char *key, *label; } rows[] = {
        {"queue_ms", "Queue"}, {"ttft_ms", "Time to first token"}, {"tpot_ms", "Time per output token"}, {"itl_ms", "Inter-token gap"}, {"e2el_ms", "End to end"}};
    gbl_page_section(p, "latency", "Latency", NULL);
    gbl_page_figures(p, (const char *const[]){"latency", NULL});
    gbl_page_table(p, "Latencies of the newest run", heads);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fprintf(p->to, "<tr><th scope=\"row\">%s</th>", rows[i].label);
        for (size_t k = 0; k < sizeof stats / sizeof *stats; k++) {
            char path[64];
            snprintf(path, sizeof path, "%s.%s", rows[i].key, stats[k]);
            gbl_page_number(p, gbl_page_num(r, path), 1, "");
        }
        put(p, "</tr>\n");
    }
    gbl_page_table_end(p);
    put(p, "</section>\n");
}

static void without_charts(page *p)
{
    put(p, p->library ? "<noscript><p class=\"hint\">Charts need scripts; the tables hold the numbers without them.</p></noscript>\n"
                      : "<p class=\"hint\">Chart.js was not found when this page was made, so it shows tables only. Install libjs-chart.js and run <code>gable report</code> again.</p>\n");
}

static void over_time(page *p)
{
    if (p->library && (p->run[0].requests || p->run[0].samples)) {
        gbl_page_section(p, "time", "Over time", NULL);
        gbl_page_figures(p, (const char *const[]){"load", "tokens", "batch", "kv", "busy", "ttft", NULL});
        put(p, "</section>\n");
    }
}

static void count_rows(page *p, const page_run *r, const char *const (*rows)[3], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(p->to, "<tr><th scope=\"row\">%s</th>", rows[i][1]);
        gbl_page_number(p, gbl_page_num(r, rows[i][0]), 1, "");
        fprintf(p->to, "<td>%s</td></tr>\n", rows[i][2]);
    }
}

static void counts(page *p, const page_run *r)
{
    static const char *const heads[] = {"Quantity", ">Value", "Unit", NULL};
    static const char *const load[][3] = {
        {"requests.injected", "Injected", "requests"}, {"requests.completed", "Completed", "requests"}, {"requests.rejected", "Rejected", "requests"},
        {"requests.unfinished", "Unfinished", "requests"}, {"duration_s", "Duration", "s"}, {"throughput.request_s", "Requests", "1/s"},
        {"throughput.input_tok_s", "Input", "tokens/s"}, {"throughput.output_tok_s", "Output", "tokens/s"}, {"throughput.total_tok_s", "Total", "tokens/s"},
        {"goodput.request_s", "Good requests", "1/s"}, {"goodput.token_s", "Output of good requests", "tokens/s"}};
    static const char *const kv[][3] = {
        {"kv.capacity_blocks", "Pool", "blocks"}, {"kv.capacity_tokens", "Pool", "tokens"}, {"kv.bytes_per_token", "KV of a token", "bytes"},
        {"kv.peak_blocks", "Peak", "blocks"}, {"kv.mean_blocks", "Mean", "blocks"}, {"kv.prompt_tokens", "Prompts", "tokens"},
        {"kv.hit_tokens", "Found in the prefix cache", "tokens"}, {"kv.evicted_blocks", "Evicted", "blocks"}, {"kv.preemptions", "Preemptions", ""},
        {"kv.swapped_bytes", "Swapped", "bytes"}, {"kv.token_seconds", "Residence", "token s"}};
    put(p, "<div class=\"pair\">\n");
    gbl_page_section(p, "load-table", "Load", NULL);
    gbl_page_table(p, "Requests and throughput", heads);
    count_rows(p, r, load, sizeof load / sizeof *load);
    gbl_page_table_end(p);
    put(p, "</section>\n");
    gbl_page_section(p, "kv-table", "KV cache", NULL);
    gbl_page_table(p, "KV cache", heads);
    count_rows(p, r, kv, sizeof kv / sizeof *kv);
    gbl_page_table_end(p);
    put(p, "</section>\n</div>\n");
}

static void util_row(page *p, const char *label, double v)
{
    if (!isfinite(v)) {
        return;
    }
    double shown = v < 0 ? 0 : v > 1 ? 1 : v;
    fprintf(p->to, "<tr><th scope=\"row\">%s</th>", label);
    gbl_page_number(p, v, 100, " %");
    fprintf(p->to, "<td class=\"bar\" aria-hidden=\"true\"><svg viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\"><rect class=\"track\" width=\"100\" height=\"6\"/><rect class=\"fill\" width=\"%.2f\" height=\"6\"/></svg></td></tr>\n", shown * 100);
}

static void utilisation(page *p, const page_run *r)
{
    static const char *const heads[] = {"Resource", ">Share", "", NULL};
    static const char *const rows[][2] = {
        {"util.sm", "SM"}, {"util.hbm", "HBM"}, {"util.nvlink", "NVLink"}, {"util.pcie_h2d", "PCIe, host to device"}, {"util.pcie_d2h", "PCIe, device to host"},
        {"util.dram", "DRAM"}, {"util.ssd", "SSD"}, {"util.network", "Network"}, {"util.host", "Host"}, {"mfu", "Model FLOPs over peak (MFU)"}, {"mbu", "Necessary bytes over peak (MBU)"}};
    gbl_page_section(p, "utilisation", "Utilisation", "Busy share of each resource, averaged over the machines.");
    gbl_page_table(p, "Utilisation", heads);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        util_row(p, rows[i][1], gbl_page_num(r, rows[i][0]));
    }
    gbl_page_table_end(p);
    put(p, "</section>\n");
}

static void quality(page *p, const page_run *r)
{
    static const char *const heads[] = {"Task", ">Value", ">Baseline", "Source", NULL};
    const gbl_node *list = gbl_node_get(gbl_doc_root(r->result), "quality");
    if (!list || gbl_node_kind(list) != GBL_ARRAY || !gbl_node_size(list)) {
        return;
    }
    gbl_page_section(p, "quality", "Published quality", "What the authors of the compression in use measured; gable does not simulate answers.");
    gbl_page_table(p, "Quality", heads);
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n)) {
        const gbl_node *task = gbl_node_get(n, "task"), *source = gbl_node_get(n, "source"), *v = gbl_node_get(n, "value"), *b = gbl_node_get(n, "baseline");
        put(p, "<tr><th scope=\"row\">");
        gbl_page_text(p->to, task && gbl_node_kind(task) == GBL_STRING ? gbl_node_text(task) : "");
        put(p, "</th>");
        gbl_page_number(p, v && gbl_node_kind(v) == GBL_NUMBER ? gbl_node_num(v) : NAN, 1, "");
        gbl_page_number(p, b && gbl_node_kind(b) == GBL_NUMBER ? gbl_node_num(b) : NAN, 1, "");
        put(p, "<td>");
        gbl_page_text(p->to, source && gbl_node_kind(source) == GBL_STRING ? gbl_node_text(source) : "");
        put(p, "</td></tr>\n");
    }
    gbl_page_table_end(p);
    put(p, "</section>\n");
}

/* ---- runs side by side ---- */

typedef struct column {
    const char *path, *head;
    double scale;
    int better; /* +1 more is better, -1 less is, 0 neither */
} column;

static const column columns[] = {
    {"requests.completed", ">Completed", 1, 0}, {"throughput.request_s", ">Requests/s", 1, 1}, {"throughput.output_tok_s", ">Output tok/s", 1, 1},
    {"ttft_ms.p50", ">TTFT p50, ms", 1, -1}, {"ttft_ms.p99", ">TTFT p99, ms", 1, -1}, {"tpot_ms.p50", ">TPOT p50, ms", 1, -1}, {"tpot_ms.p99", ">TPOT p99, ms", 1, -1},
    {"itl_ms.p99", ">ITL p99, ms", 1, -1}, {"e2el_ms.p99", ">E2E p99, s", 1e-3, -1}, {"goodput.slo_attainment", ">Good, %", 100, 1}, {"kv.hit_ratio", ">Prefix hits, %", 100, 1},
    {"kv.preemptions", ">Preemptions", 1, -1}, {"mfu", ">MFU, %", 100, 1}, {"cost.usd_per_mtok_output", ">USD/M tok", 1, -1}};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Closer than people would call different. */
static int alike(double a, double b)
{
    return fabs(a - b) <= 1e-3 * fabs(b);
}

/* The best value of a column; NaN where all are alike, since then nothing is to be marked. */
static double best_of(const page *p, const column *c)
{
    double best = NAN, first = NAN;
    int differ = 0;
    for (int i = 0; i < p->runs; i++) {
        double v = gbl_page_num(&p->run[i], c->path);
        if (isfinite(v)) {
            first = isfinite(first) ? first : v;
            differ |= !alike(v, first);
            best = !isfinite(best) || (v - best) * c->better > 0 ? v : best;
        }
    }
    return differ && c->better ? best : NAN;
}

static void compare_row(page *p, const page_run *r, const double *best)
{
    fprintf(p->to, "<tr><th scope=\"row\" data-v=\"%" PRId64 "\">%" PRId64 " <span class=\"name\">", r->id, r->id);
    gbl_page_text(p->to, r->name);
    fprintf(p->to, "</span></th><td class=\"n\" data-v=\"%" PRId64 "\">%" PRId64 "</td>", r->seed, r->seed);
    for (int k = 0; k < COLUMNS; k++) {
        double v = gbl_page_num(r, columns[k].path);
        char text[64];
        if (isfinite(v) && isfinite(best[k]) && alike(v, best[k])) {
            gbl_page_human(text, sizeof text, v * columns[k].scale);
            fprintf(p->to, "<td class=\"n best\" data-v=\"%.12g\">%s<span class=\"sr\"> (best)</span></td>", v * columns[k].scale, text);
        } else {
            gbl_page_number(p, v, columns[k].scale, "");
        }
    }
    put(p, "</tr>\n");
}

static void compare(page *p)
{
    const char *heads[COLUMNS + 3] = {"Run", ">Seed"};
    double best[COLUMNS];
    if (p->runs < 2) {
        return;
    }
    for (int k = 0; k < COLUMNS; k++) {
        heads[k + 2] = columns[k].head;
        best[k] = best_of(p, &columns[k]);
    }
    gbl_page_section(p, "runs", "Runs side by side", "The newest runs of the store. The best of a column is marked; a difference between two seeds may be luck: <code>gable compare</code> tells.");
    gbl_page_figures(p, (const char *const[]){"runs-ttft", NULL});
    gbl_page_table(p, "The newest runs", heads);
    for (int i = 0; i < p->runs; i++) {
        compare_row(p, &p->run[i], best);
    }
    gbl_page_table_end(p);
    put(p, "</section>\n");
}

/* ---- provenance ---- */

static void json_details(page *p, const char *title, const gbl_node *n)
{
    char *text = gbl_node_canonical(n);
    p->no_memory |= !text;
    fprintf(p->to, "<details><summary>%s</summary><pre class=\"json\">", title);
    gbl_page_text(p->to, text ? text : "");
    put(p, "</pre></details>\n");
    gbl_free(text);
}

static void card_facts(page *p, const page_run *r, gbl_err *err)
{
    gbl_doc *d = NULL;
    if (gbl_doc_parse(&d, "cards", r->cards, strlen(r->cards), err) != GBL_OK) {
        p->no_memory |= err->code == GBL_EFAULT;
        fact(p, "Cards", r->cards);
        return;
    }
    for (const gbl_node *n = gbl_node_first(gbl_doc_root(d)); n; n = gbl_node_next(n)) {
        put(p, "<div><dt>");
        gbl_page_text(p->to, gbl_node_key(n));
        put(p, "</dt><dd><code>");
        gbl_page_text(p->to, gbl_node_kind(n) == GBL_STRING ? gbl_node_text(n) : "");
        put(p, "</code></dd></div>\n");
    }
    gbl_doc_free(d);
}

static int provenance(page *p, const page_run *r, gbl_err *err)
{
    gbl_page_section(p, "provenance", "Scenario and provenance", "With the scenario below, the same version and the same cards, the same numbers come out again.");
    put(p, "<dl class=\"facts\">\n");
    fact(p, "gable", r->version);
    fact(p, "Seed", gbl_arena_printf(p->arena, "%" PRId64, r->seed));
    fact(p, "Scenario hash", r->scenario_hash);
    fact(p, "Runtime profile", r->runtime);
    fact(p, "Calibration", r->calibration);
    fact(p, "Started", r->started_utc);
    fact(p, "Host", r->host);
    fact(p, "Store", p->path);
    fact(p, "Plug-ins", strcmp(r->plugins, "{}") ? r->plugins : "none");
    card_facts(p, r, err);
    put(p, "</dl>\n");
    json_details(p, "The whole scenario, every default filled in", gbl_doc_root(r->scenario));
    int code = gbl_page_sources(p, err);
    put(p, "</section>\n");
    return code;
}

int gbl_page_body(page *p, gbl_err *err)
{
    const page_run *r = &p->run[0];
    head(p, r);
    put(p, "<main>\n");
    without_charts(p);
    tiles(p, r);
    slo(p, r);
    latency(p, r);
    over_time(p);
    int code = gbl_page_where_section(p, err);
    code = code ? code : gbl_page_roof_section(p, err);
    code = code ? code : gbl_page_configs_section(p, err);
    compare(p);
    code = code || p->runs < 2 ? code : gbl_page_differences(p, err);
    code = code ? code : gbl_page_sens_section(p, err);
    code = code ? code : gbl_page_claims_section(p, err);
    counts(p, r);
    utilisation(p, r);
    quality(p, r);
    code = code ? code : provenance(p, r, err);
    put(p, "</main>\n");
    return code == GBL_OK && p->no_memory ? gbl_nomem(err, 64) : code;
}
