/* compress_quality.c - published quality of a method at the settings in force: a row of its card, or between two of them. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "models/cards.h"
#include "models/compress.h"

static const gbl_node *first_of(const gbl_node *n) { return n ? gbl_node_first(n) : NULL; }

static const char *text_of(const gbl_node *row, const char *key) {
    const gbl_node *n = gbl_node_get(row, key);
    return n && gbl_node_kind(n) == GBL_STRING ? gbl_node_text(n) : NULL;
}
static double number_of(const gbl_node *row, const char *key) {
    const gbl_node *n = gbl_node_get(row, key);
    return n && gbl_node_kind(n) == GBL_NUMBER ? gbl_node_num(n) : NAN;
}

static double in_force(const gbl_kv_method *m, const char *name) {
    for (int32_t i = 0; i < m->n_values; i++)
        if (!strcmp(m->value[i].name, name)) return m->value[i].value;
    return NAN;
}

/* A parameter that the row does not name was as the card has it. */
static int changed(const gbl_kv_method *m, const gbl_node *row, const char **key) {
    const gbl_node *rows = gbl_node_get(m->root, "parameters"), *named = gbl_node_get(row, "setting");
    int n = 0;
    for (int32_t i = 0; i < m->n_values; i++) {
        const char *name = m->value[i].name;
        if (gbl_node_get(named, name) || m->value[i].value == number_of(gbl_node_get(rows, name), "value")) continue;
        *key = name;
        n++;
    }
    return n;
}

/* How many of the settings that the row was measured at differ from those in force; the last one that does in *key. */
static int differs(const gbl_kv_method *m, const gbl_node *row, const char **key) {
    int n = changed(m, row, key);
    for (const gbl_node *s = first_of(gbl_node_get(row, "setting")); s; s = gbl_node_next(s)) {
        double want = in_force(m, gbl_node_key(s));
        if (gbl_node_kind(s) == GBL_NUMBER && want == gbl_node_num(s)) continue;
        *key = gbl_node_key(s);
        n++;
    }
    return n;
}

static int same(const char *a, const char *b) { return a && b && !strcmp(a, b); }

static gbl_kv_quality as_row(const gbl_node *row) {
    return (gbl_kv_quality){text_of(row, "task"), text_of(row, "model"), gbl_node_key(row), text_of(row, "source"), number_of(row, "value"), number_of(row, "baseline"), NAN, 0,
                            gbl_node_get(row, "lower") && gbl_node_bool(gbl_node_get(row, "lower"))};
}

static int known(const gbl_kv_quality *out, int n, const gbl_kv_quality *q) {
    for (int i = 0; i < n; i++)
        if (same(out[i].task, q->task) && same(out[i].model, q->model)) return 1;
    return 0;
}

/* Between the nearest rows of the same task and model that differ in `key` alone, one on each side. */
static int between(const gbl_kv_method *m, const gbl_node *rows, const gbl_node *of, const char *key, gbl_kv_quality *out) {
    double x = in_force(m, key), low = -INFINITY, high = INFINITY, at_low = NAN, at_high = NAN;
    gbl_kv_quality like = as_row(of);
    for (const gbl_node *r = first_of(rows); r; r = gbl_node_next(r)) {
        const char *k = NULL;
        gbl_kv_quality q = as_row(r);
        if (!same(q.task, like.task) || !same(q.model, like.model) || q.baseline != like.baseline || differs(m, r, &k) != 1 || !same(k, key)) continue;
        double at = number_of(gbl_node_get(r, "setting"), key);
        if (at < x && at > low) low = at, at_low = q.value;
        if (at > x && at < high) high = at, at_high = q.value;
    }
    if (!isfinite(low) || !isfinite(high)) return 0;
    like.value = at_low + (at_high - at_low) * (x - low) / (high - low);
    like.budget = x;
    like.interpolated = 1;
    *out = like;
    return 1;
}

int gbl_kv_quality_of(const gbl_kv_plan *plan, int32_t i, gbl_kv_quality *out, int most) {
    const gbl_kv_method *m = &plan->method[i];
    const gbl_node *rows = gbl_node_get(m->root, "quality");
    const char *key = NULL;
    int n = 0;
    for (const gbl_node *r = first_of(rows); r && n < most; r = gbl_node_next(r))
        if (!differs(m, r, &key)) out[n++] = as_row(r);
    for (const gbl_node *r = first_of(rows); r && n < most; r = gbl_node_next(r)) {
        gbl_kv_quality q = as_row(r);
        if (differs(m, r, &key) == 1 && !isnan(in_force(m, key)) && !known(out, n, &q) && between(m, rows, r, key, &q)) out[n++] = q;
    }
    return n;
}

/* ---- what a card's rows may say ---- */

/* Tasks by their name's beginning: a benchmark, or a quantity. */
static const char *const tasks[] = {
    "LongBench", "RULER", "needle", "GSM8K", "HumanEval", "MBPP", "MMLU", "MATH500", "GPQA", "AIME", "IFEval", "HellaSwag", "PIQA", "ARC", "WinoGrande", "BoolQ",
    "TruthfulQA", "CoQA", "GovReport", "CNN/DM", "LLaVA-Description", "ROUGE-2", "WikiText-2", "C4", "perplexity", "loss", "average of", "average accuracy", "few-shot average", "accuracy",
    "VideoMME", "relative performance", "attention mass", "Sink_1", "FID", "CLIP", "GenEval", "DPG", "RoboMimic"};
enum { TASKS = sizeof tasks / sizeof *tasks };

static int known_task(const char *task) {
    for (int i = 0; i < TASKS; i++) {
        size_t len = strlen(tasks[i]);
        if (!strncmp(task, tasks[i], len) && (!task[len] || strchr(" (,", task[len]))) return 1;
    }
    return 0;
}

int gbl_kv_quality_task(const char *task, gbl_err *err) {
    if (known_task(task)) return 0;
    gbl_fail(err, GBL_EINPUT, "unknown quality task \"%s\"", task);
    gbl_expected(err, "a benchmark or quantity that cards publish, such as LongBench");
    return gbl_nearest(err, gbl_near(task, tasks, TASKS));
}

static int check_row(const gbl_node *root, const gbl_node *row, gbl_err *err) {
    static const char *const keys[] = {"task", "model", "setting", "value", "baseline", "source", "note", "lower" /* is better */, NULL};
    const gbl_node *parameters = gbl_node_get(root, "parameters");
    if (gbl_node_only(row, keys, err)) return err->code;
    for (int i = 0; i < 6; i++)
        if (i != 4 && !gbl_node_get(row, keys[i])) return gbl_card_missing(row, keys[i], err);
    const char *task = text_of(row, "task");
    if (!task || !known_task(task)) {
        gbl_node_fail(gbl_node_get(row, "task"), err, "unknown quality task \"%s\"", task ? task : "");
        gbl_expected(err, "a known benchmark or quantity, then what of it: LongBench avg(16), WikiText-2 perplexity");
        return gbl_nearest(err, task ? gbl_near(task, tasks, TASKS) : NULL);
    }
    if (isnan(number_of(row, "value"))) return gbl_node_fail(gbl_node_get(row, "value"), err, "a published value is a number");
    for (const gbl_node *s = first_of(gbl_node_get(row, "setting")); s; s = gbl_node_next(s)) {
        const char *names[64];
        size_t n = 0;
        if (parameters && gbl_node_get(parameters, gbl_node_key(s))) continue;
        for (const gbl_node *p = first_of(parameters); p && n < 64; p = gbl_node_next(p)) names[n++] = gbl_node_key(p);
        gbl_node_fail_key(s, err, "the row's setting \"%s\" is no parameter of this card", gbl_node_key(s));
        return gbl_nearest(err, gbl_near(gbl_node_key(s), names, n));
    }
    return 0;
}

int gbl_kv_quality_check(const gbl_node *root, gbl_err *err) {
    for (const gbl_node *r = first_of(gbl_node_get(root, "quality")); r; r = gbl_node_next(r))
        if (check_row(root, r, err)) return err->code;
    return 0;
}

void gbl_kv_quality_json(const gbl_kv_plan *p, const char *key, gbl_json *j) {
    gbl_kv_quality row[64];
    gbl_json_arr(j, key);
    for (int32_t i = 0; i < p->n_methods; i++) {
        int n = gbl_kv_quality_of(p, i, row, 64);
        for (int k = 0; k < n; k++) {
            gbl_json_obj(j, NULL);
            gbl_json_str(j, "method", p->method[i].name);
            gbl_json_str(j, "task", row[k].task);
            gbl_json_str(j, "model", row[k].model);
            gbl_json_num(j, "value", row[k].value);
            gbl_json_num(j, "baseline", row[k].baseline);
            gbl_json_str(j, "source", row[k].source);
            gbl_json_bool(j, "interpolated", row[k].interpolated);
            gbl_json_bool(j, "combined", p->n_methods > 1); /* measured alone, used in combination */
            gbl_json_end(j);
        }
    }
    gbl_json_end(j);
}
