/* plan_read.c - the document "plan/1": keys, SLO, choices. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "reports/plan_parts.h"

const char *const gbl_plan_series[GBL_PLAN_SERIES] = {"ttft", "tpot", "itl", "e2el", "queue"};
const char *const gbl_plan_stats[GBL_PLAN_STATS] = {"mean", "p50", "p90", "p95", "p99", "p999"};

#define AT(field) offsetof(gbl_planner, field)
static const gbl_param rows[] = {
    {"gable", GBL_P_STR, 0, AT(document), "\"plan/1\"", 0, 0, NULL, NULL, "What kind of document this is."},
    {"name", GBL_P_STR, 0, AT(name), "\"plan\"", 0, 0, NULL, NULL, "What the answer calls itself."},
    {"scenario", GBL_P_NODE, 0, AT(scenario), "null", 0, 0, NULL, NULL, "The scenario, or the path of one; left out: the shipped default."},
    {"slo", GBL_P_NODE, 0, AT(slo), "null", 0, 0, NULL, NULL, "Bounds, above the scenario's: an object, or a preset's name."},
    {"find", GBL_P_CHOICE, 0, AT(find), "\"rate\"", 0, 0, NULL, "rate|fleet", "The largest sustainable rate, or the smallest fleet for the trace."},
    {"choices", GBL_P_NODE, 0, AT(choices), "null", 0, 0, NULL, NULL, "Keys of the scenario with the values to choose among."},
    {"mix", GBL_P_NODE, 0, AT(mix), "null", 0, 0, NULL, NULL,
     "Kinds of pools behind one router, counted each: {\"hardware\": [cards], \"pools\": [{\"hardware\": ..., \"tp\": 2, \"replicas\": [0, 1, 2]}], \"most_replicas\": 8}."},
    {"quality", GBL_P_NODE, 0, AT(quality), "null", 0, 0, NULL, NULL, "Quality held fixed: {\"task\": \"LongBench\", \"most_loss\": 0.01} rules out compression whose published rows lose more, or that has none."},
    {"minimize", GBL_P_CHOICE, 0, AT(minimize), "\"auto\"", 0, 0, NULL, "auto|usd|gpus", "What the smallest fleet has least of, the other where equal; auto: dollars where every card has a price, else GPUs.", "find=fleet"},
    {"granularity", GBL_P_REAL, 0, AT(granularity), "0.025", 0.0001, 1, "share", NULL, "Step of the rates that are tried.", "find=rate"},
    {"replications", GBL_P_INT, GBL_P_NULLABLE, AT(replications), "null", 1, 1000, "runs", NULL, "Seeds a configuration; null: 3 for generated requests, 1 for a file."},
    {"max_replicas", GBL_P_INT, 0, AT(max_replicas), "256", 1, 4096, "replicas", NULL, "Largest fleet tried where choices name no replicas.", "find=fleet"},
    {"rule", GBL_P_CHOICE, 0, AT(rule), "\"slo\"", 0, 0, NULL, "slo|sarathi", "sarathi: p99 ITL within itl_ms (else tpot_ms), median queueing <= 2 s, 2,048 requests."},
    {0}};

/* ---------------------------------------------------------------- SLO ---- */

static double *each_of(gbl_slo *s, int i)
{
    double *at[GBL_PLAN_EACH] = {&s->ttft_ms, &s->tpot_ms, &s->itl_ms, &s->e2el_ms};
    return at[i];
}

const char *const gbl_plan_find_name[2] = {"rate", "fleet"};
const char *const gbl_plan_each_key[GBL_PLAN_EACH] = {"ttft_ms", "tpot_ms", "itl_ms", "e2el_ms"};

/* "ttft_p99_ms": 1 and its place; 0 for another key. */
static int statistic(const char *key, int *series, int *stat)
{
    char name[32];
    for (*series = 0; *series < GBL_PLAN_SERIES; ++*series)
        for (*stat = 0; *stat < GBL_PLAN_STATS; ++*stat) {
            snprintf(name, sizeof name, "%s_%s_ms", gbl_plan_series[*series], gbl_plan_stats[*stat]);
            if (strcmp(name, key) == 0) return 1;
        }
    return 0;
}

/* The members of an SLO that a scenario knows, as text; the statistics go to b. */
static int split_slo(const gbl_node *n, gbl_json *j, gbl_bounds *b, int *statistics, gbl_err *err)
{
    gbl_json_obj(j, NULL);
    for (const gbl_node *c = n ? gbl_node_first(n) : NULL; c; c = gbl_node_next(c)) {
        int series, stat;
        if (!statistic(gbl_node_key(c), &series, &stat)) {
            char *text = gbl_node_canonical(c);
            if (!text) return gbl_nomem(err, 0);
            gbl_json_raw(j, gbl_node_key(c), text);
            gbl_free(text);
            continue;
        }
        double v = NAN;
        if (gbl_node_kind(c) != GBL_NULL && gbl_node_real(c, &v, err)) return err->code;
        if (v < 0) {
            gbl_node_fail(c, err, "%s is below zero", gbl_node_key(c));
            return gbl_expected(err, "milliseconds, 0 or more, or null for no bound");
        }
        b->stat[series][stat] = v;
        *statistics = 1;
    }
    gbl_json_end(j);
    return GBL_OK;
}

/* Lets the scenario's own reader judge an SLO: presets, defaults, unknown keys. */
static int bind_slo(gbl_slo *out, const char *json, const gbl_node *at, gbl_err *err)
{
    gbl_doc *doc = NULL;
    gbl_scenario *s = NULL;
    int code = gbl_doc_parse(&doc, "slo", "{}", 2, err);
    if (!code && (code = gbl_doc_set(doc, "slo", json, err)) != 0) gbl_doc_free(doc);
    else if (!code) code = gbl_scenario_bind(&s, doc, err);
    if (!code) *out = s->slo;
    gbl_scenario_free(s);
    if (code && at) {
        gbl_err place;
        gbl_node_fail(at, &place, "%s", "");
        gbl_where(err, "%s", place.where);
        size_t n = strlen(err->expected);
        if (strncmp(err->what, "unknown key", 11) == 0) snprintf(err->expected + n, sizeof err->expected - n, "; or SERIES_STAT_ms such as ttft_p99_ms");
    }
    return code;
}

/* A member that somebody wrote: in the object, or through its preset. */
static int given(const gbl_node *slo, const char *key)
{
    if (gbl_node_kind(slo) == GBL_STRING) return 1;
    const gbl_node *preset = gbl_node_get(slo, "preset");
    return gbl_node_get(slo, key) || (preset && gbl_node_kind(preset) == GBL_STRING);
}

static int overlay(gbl_planner *p, const gbl_node *base, int statistics, const char *json, gbl_err *err)
{
    gbl_slo mine, theirs;
    char *text = base ? gbl_node_canonical(base) : NULL;
    int code = base && !text ? gbl_nomem(err, 0) : bind_slo(&theirs, text ? text : "{}", base, err);
    gbl_free(text);
    if (!code) code = bind_slo(&mine, json, p->slo, err);
    if (code) return code;
    for (int i = 0; i < GBL_PLAN_EACH; i++) {
        int here = p->slo && given(p->slo, gbl_plan_each_key[i]), there = base && given(base, gbl_plan_each_key[i]);
        p->bounds.each[i] = here ? *each_of(&mine, i) : there || !statistics ? *each_of(&theirs, i) : NAN;
    }
    p->bounds.attain = p->slo && gbl_node_kind(p->slo) == GBL_OBJECT && gbl_node_get(p->slo, "attain") ? mine.attain : theirs.attain;
    return GBL_OK;
}

/* Sarathi-Serve (OSDI'24, section 5): capacity is the largest rate with P99 TBT within the SLO and a median scheduling
 * delay of at most 2 s. */
static void sarathi_rule(gbl_bounds *b)
{
    double tbt = isnan(b->each[2]) ? b->each[1] : b->each[2];
    for (int i = 0; i < GBL_PLAN_EACH; i++) b->each[i] = NAN;
    b->stat[2][4] = tbt;
    b->stat[4][1] = 2000;
}

static int slo_json(gbl_planner *p, gbl_err *err)
{
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    for (int i = 0; i < GBL_PLAN_EACH; i++) gbl_json_num(j, gbl_plan_each_key[i], p->bounds.each[i]);
    gbl_json_num(j, "attain", p->bounds.attain);
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    p->slo_text = text ? gbl_arena_text(p->arena, text) : NULL;
    gbl_json_free(j);
    return p->slo_text ? GBL_OK : gbl_nomem(err, 0);
}

static int read_slo(gbl_planner *p, const gbl_node *base, gbl_err *err)
{
    for (int i = 0; i < GBL_PLAN_SERIES; i++)
        for (int k = 0; k < GBL_PLAN_STATS; k++) p->bounds.stat[i][k] = NAN;
    if (p->slo && gbl_node_kind(p->slo) != GBL_OBJECT && gbl_node_kind(p->slo) != GBL_STRING) {
        gbl_node_fail(p->slo, err, "'slo' must be an object or a preset's name");
        return gbl_expected(err, "{\"ttft_ms\": 500, \"tpot_ms\": 30, \"attain\": 0.99}");
    }
    int statistics = 0, code = GBL_OK;
    char *preset = p->slo && gbl_node_kind(p->slo) == GBL_STRING ? gbl_node_canonical(p->slo) : NULL;
    gbl_json *j = gbl_json_new(0);
    if (!j) code = gbl_nomem(err, 0);
    if (!code && !preset) code = split_slo(p->slo, j, &p->bounds, &statistics, err);
    const char *text = code ? NULL : preset ? preset : gbl_json_text(j);
    if (!code) code = text ? overlay(p, base, statistics, text, err) : gbl_nomem(err, 0);
    gbl_json_free(j);
    gbl_free(preset);
    if (!code && p->rule == GBL_RULE_SARATHI) sarathi_rule(&p->bounds);
    return code ? code : slo_json(p, err);
}

/* ---------------------------------------------------------------- choices ---- */

static int check_key(const gbl_node *n, gbl_err *err)
{
    static const char *const may[] = {"model", "cluster", "engine", "policy"};
    const char *key = gbl_node_key(n);
    size_t head = strcspn(key, ".");
    for (size_t i = 0; i < sizeof may / sizeof *may; i++)
        if (strlen(may[i]) == head && strncmp(may[i], key, head) == 0) return GBL_OK;
    gbl_node_fail_key(n, err, "'%s' is no choice: it belongs to the question", key);
    return gbl_expected(err, "a key of the model, cluster, engine or policy, like cluster.hardware or engine.max_num_seqs");
}

static int read_axis(gbl_planner *p, const gbl_node *n, gbl_axis *a, gbl_err *err)
{
    if (check_key(n, err)) return err->code;
    if (gbl_node_kind(n) != GBL_ARRAY || !gbl_node_size(n)) {
        gbl_node_fail(n, err, "the choices of '%s' are no list", gbl_node_key(n));
        return gbl_expected(err, "a non-empty array of values");
    }
    *a = (gbl_axis){.key = gbl_node_key(n), .at = n};
    a->value = gbl_arena_take(p->arena, gbl_node_size(n) * sizeof *a->value);
    if (!a->value) return gbl_nomem(err, gbl_node_size(n) * sizeof *a->value);
    for (const gbl_node *c = gbl_node_first(n); c; c = gbl_node_next(c)) {
        char *text = gbl_node_canonical(c);
        a->value[a->n++] = text ? gbl_arena_text(p->arena, text) : NULL;
        gbl_free(text);
        if (!a->value[a->n - 1]) return gbl_nomem(err, 0);
    }
    return GBL_OK;
}

/* "cluster.replicas" or "cluster.pools.N.replicas". */
static int counts_replicas(const char *key)
{
    size_t n = strlen("cluster.pools.");
    if (strcmp(key, "cluster.replicas") == 0) return 1;
    if (strncmp(key, "cluster.pools.", n)) return 0;
    size_t digits = strspn(key + n, "0123456789");
    return digits > 0 && strcmp(key + n + digits, ".replicas") == 0;
}

static int read_choice(gbl_planner *p, const gbl_node *c, int *pools, gbl_err *err)
{
    const char *key = gbl_node_key(c);
    *pools |= strncmp(key, "cluster.pools", 13) == 0;
    if (p->find != GBL_FIND_FLEET || !counts_replicas(key)) return read_axis(p, c, &p->axis[p->n_axes++], err);
    gbl_axis *a = &p->dim[p->n_dims++];
    *a = (gbl_axis){.key = key, .at = c};
    return gbl_plan_counts(p, c, a, 1, err);
}

static int count_grid(gbl_planner *p, gbl_err *err)
{
    enum { CELLS_MOST = 10000, FLEETS_MOST = 1 << 20 };
    p->n_cells = 1;
    p->n_fleets = 1;
    for (size_t k = 0; k < p->n_axes; k++) {
        p->n_cells *= p->axis[k].n;
        if (p->n_cells <= CELLS_MOST) continue;
        gbl_node_fail(p->choices, err, "the choices make more than %d combinations besides the replicas", CELLS_MOST);
        return gbl_expected(err, "fewer values");
    }
    for (size_t k = 0; k < p->n_dims; k++) {
        p->n_fleets *= (int64_t)p->dim[k].n;
        if (p->n_fleets * (int64_t)p->n_cells <= FLEETS_MOST) continue;
        gbl_node_fail(p->mix ? p->mix : p->choices, err, "the grid has more than %d fleets", FLEETS_MOST);
        return gbl_expected(err, "fewer values or kinds, or a smaller most_replicas");
    }
    return GBL_OK;
}

static int read_choices(gbl_planner *p, int pools, gbl_err *err)
{
    if (p->choices && gbl_node_kind(p->choices) != GBL_OBJECT) {
        gbl_node_fail(p->choices, err, "'choices' must be an object");
        return gbl_expected(err, "{\"cluster.hardware\": [\"h100-sxm\", \"l4\"], ...}");
    }
    size_t n = p->choices ? gbl_node_size(p->choices) : 0;
    p->axis = gbl_arena_take(p->arena, (n + 1) * sizeof *p->axis);
    p->dim = gbl_arena_take(p->arena, (n + 1) * sizeof *p->dim);
    if (!p->dim || !p->axis) return gbl_nomem(err, n * sizeof *p->dim);
    for (const gbl_node *c = n ? gbl_node_first(p->choices) : NULL; c; c = gbl_node_next(c))
        if (read_choice(p, c, &pools, err)) return err->code;
    if (p->mix && gbl_node_kind(p->mix) == GBL_NULL) p->mix = NULL;
    if (p->mix && p->n_dims) {
        gbl_node_fail_key(p->dim[0].at, err, "'%s' beside a mix would be read by nothing", p->dim[0].key);
        return gbl_expected(err, "counts in the mix: most_replicas, or replicas in its pools");
    }
    if (p->mix && gbl_plan_read_mix(p, err)) return err->code;
    if (p->find == GBL_FIND_FLEET && !p->n_dims && !pools) { /* 1, 2, ... of the flat cluster */
        p->dim[p->n_dims++] = (gbl_axis){.key = "cluster.replicas"};
        if (gbl_plan_range(p, &p->dim[0], 1, p->max_replicas, err)) return err->code;
    } else if (!gbl_param_is_default(gbl_param_find(rows, "max_replicas"), p)) {
        gbl_node_fail(gbl_node_get(gbl_doc_root(p->doc), "max_replicas"), err, "the choices say how many replicas there may be, so 'max_replicas' would be read by nothing");
        return gbl_expected(err, "256, or no replicas among the choices");
    }
    return count_grid(p, err);
}

/* ---------------------------------------------------------------- all of it ---- */

static int check_scenario(const gbl_planner *p, gbl_err *err)
{
    if (!p->scenario || gbl_node_kind(p->scenario) == GBL_OBJECT || gbl_node_kind(p->scenario) == GBL_STRING) return GBL_OK;
    gbl_node_fail(p->scenario, err, "'scenario' must be an object or a path");
    return gbl_expected(err, "{...} or \"chat.json\"");
}

int gbl_plan_read(gbl_planner *p, gbl_err *err)
{
    const gbl_node *root = gbl_doc_root(p->doc);
    if (gbl_node_kind(root) != GBL_OBJECT) {
        gbl_node_fail(root, err, "a plan is a JSON object");
        return gbl_expected(err, "{\"gable\": \"plan/1\", ...}");
    }
    if (gbl_param_defaults(rows, p, p->arena, err) || gbl_param_bind(rows, p, root, NULL, p->arena, err)) return err->code;
    if (strcmp(p->document, "plan/1") != 0) {
        gbl_node_fail(gbl_node_get(root, "gable"), err, "this is a '%s' document", p->document);
        return gbl_expected(err, "\"plan/1\"");
    }
    gbl_doc *base = NULL;
    if (check_scenario(p, err) || gbl_plan_base(p, &base, err)) return err->code;
    const gbl_node *s = gbl_doc_root(base);
    int code = read_slo(p, gbl_node_get(s, "slo"), err);
    if (!code) code = gbl_plan_read_quality(p, err);
    if (!code) code = read_choices(p, gbl_node_at(s, "cluster.pools") != NULL, err);
    const gbl_node *generate = gbl_node_at(s, "trace.generate"), *seed = gbl_node_at(s, "run.seed");
    p->seed = p->ask.seed != GBL_NULL_INT ? p->ask.seed : 1;
    if (!code && p->ask.seed == GBL_NULL_INT && seed) code = gbl_node_int(seed, &p->seed, err);
    if (p->replications == GBL_NULL_INT) p->replications = generate && gbl_node_kind(generate) == GBL_OBJECT ? 3 : 1;
    gbl_doc_free(base);
    return code;
}

void gbl_plan_schema(gbl_json *j)
{
    gbl_param_schema_document(rows, "gable plan/1", NULL, j);
    gbl_json_raw(j, "allOf", "[{\"properties\":{\"gable\":{\"const\":\"plan/1\"},\"scenario\":{\"type\":[\"object\",\"string\"]},\"slo\":{\"type\":[\"object\",\"string\"]},"
                 "\"choices\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":{\"type\":\"array\",\"minItems\":1}},"
                 "\"mix\":{\"anyOf\":[{\"type\":\"null\"},{\"$ref\":\"#/$defs/mix\"}]},\"quality\":{\"anyOf\":[{\"type\":\"null\"},{\"$ref\":\"#/$defs/quality\"}]}}}]");
    gbl_json_obj(j, "$defs");
    gbl_plan_mix_schema(j);
    gbl_plan_quality_schema(j);
    gbl_json_end(j);
    gbl_json_end(j);
}
