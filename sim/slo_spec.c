/* The scenario's "slo": bounds, a preset's name, or a list by class and tenant. */
#include "sim/scenario_parts.h"

#include <math.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"

#define AT(field) offsetof(gbl_slo, field)

static const gbl_param rows[] = {
    {"preset", GBL_P_STR, GBL_P_NULLABLE, AT(preset), "null", 0, 0, NULL, NULL, "MLPerf limits: llama2-70b, llama2-70b-interactive, llama3.1-405b, ..."},
    {"ttft_ms", GBL_P_REAL, GBL_P_NULLABLE, AT(ttft_ms), "500", 0, 1e12, "ms", NULL, "Largest time to first token; null: no bound."},
    {"tpot_ms", GBL_P_REAL, GBL_P_NULLABLE, AT(tpot_ms), "30", 0, 1e12, "ms", NULL, "Largest mean time per output token after the first; null: no bound."},
    {"itl_ms", GBL_P_REAL, GBL_P_NULLABLE, AT(itl_ms), "null", 0, 1e12, "ms", NULL, "Largest mean inter-token gap of a request."},
    {"e2el_ms", GBL_P_REAL, GBL_P_NULLABLE, AT(e2el_ms), "null", 0, 1e12, "ms", NULL, "Largest end-to-end latency."},
    {"attain", GBL_P_REAL, 0, AT(attain), "0.99", 0, 1, "share", NULL, "Share of the injected requests that must be good."},
    {0}};
static const struct { const char *name; double ttft_ms, tpot_ms; } presets[] = { /* MLPerf Inference server limits, p99 */
    {"llama2-70b", 2000, 200}, {"llama2-70b-interactive", 450, 40},     {"llama3.1-405b", 6000, 175}, {"llama3.1-405b-interactive", 4500, 80},
    {"llama3.1-8b", 2000, 100}, {"llama3.1-8b-interactive", 500, 30},   {"mixtral-8x7b", 2000, 200},  {"deepseek-r1", 2000, 80},
    {"deepseek-r1-interactive", 1500, 15}, {"gpt-oss-120b", 3000, 80}, {"gpt-oss-120b-interactive", 2000, 15}};
enum { PRESETS = sizeof presets / sizeof *presets };

static int bind_bounds(gbl_slo *b, const gbl_node *n, const char *const *skip, gbl_arena *a, gbl_err *err) {
    const gbl_node *at = n;
    int code = gbl_param_defaults(rows, b, a, err);
    if (code) return code;
    if (n && gbl_node_kind(n) == GBL_STRING) b->preset = gbl_node_text(n);
    else if ((code = gbl_part_object(n, err)) || (code = gbl_param_bind(rows, b, n, skip, a, err))) return code;
    if (!b->preset) return 0;
    const char *names[PRESETS];
    for (int i = 0; i < PRESETS; i++) {
        names[i] = presets[i].name;
        if (strcmp(b->preset, names[i])) continue;
        if (!gbl_node_get(n, "ttft_ms")) b->ttft_ms = presets[i].ttft_ms;
        if (!gbl_node_get(n, "tpot_ms")) b->tpot_ms = presets[i].tpot_ms;
        return 0;
    }
    if (gbl_node_kind(n) == GBL_OBJECT) at = gbl_node_get(n, "preset");
    gbl_node_fail(at, err, "unknown SLO preset '%s'", b->preset);
    gbl_expected(err, "a preset's name such as llama2-70b or llama3.1-8b-interactive");
    return gbl_nearest(err, gbl_near(b->preset, names, PRESETS));
}

/* One for whoever the class (a request's priority) and the tenant name. */
static int bind_class(gbl_slo_class *c, const gbl_node *n, gbl_arena *a, gbl_err *err) {
    static const char *const who[] = {"class", "tenant", NULL};
    int64_t *const to[] = {&c->priority, &c->tenant};
    int code = bind_bounds(&c->slo, n, who, a, err);
    for (int i = 0; i < 2 && !code; i++) {
        const gbl_node *key = gbl_node_get(n, who[i]);
        *to[i] = GBL_NULL_INT;
        if (key && gbl_node_kind(key) != GBL_NULL) code = gbl_node_int(key, to[i], err);
    }
    return code;
}

static int covers(const gbl_slo_class *a, const gbl_slo_class *b) {
    return (a->priority == GBL_NULL_INT || a->priority == b->priority) && (a->tenant == GBL_NULL_INT || a->tenant == b->tenant);
}

/* The first that fits counts, so who stands behind one that fits all of its requests is never looked at. */
static int check_order(const gbl_scenario *s, const gbl_node *n, gbl_err *err) {
    const gbl_slo_class *last = &s->slo_class[s->n_slo_classes - 1];
    for (const gbl_slo_class *c = s->slo_class; c < last; c++) {
        if (!covers(c, last)) continue;
        gbl_node_fail(n, err, "slo.%d fits every request that this entry is for, and the first that fits counts, so it would be read by nothing", (int)(c - s->slo_class));
        return gbl_expected(err, "entries for a class or a tenant first, the one for all others last");
    }
    return 0;
}

int gbl_slo_spec_bind(gbl_scenario *s, gbl_err *err) {
    const gbl_node *n = s->slo_node;
    if (!n || gbl_node_kind(n) != GBL_ARRAY) return bind_bounds(&s->slo, n, NULL, s->arena, err);
    if (!gbl_node_size(n)) {
        gbl_node_fail(n, err, "a list of SLOs must not be empty");
        return gbl_expected(err, "[{\"class\": 0, \"ttft_ms\": 200}, {\"ttft_ms\": 1000}]");
    }
    gbl_slo_class *list = gbl_arena_take(s->arena, gbl_node_size(n) * sizeof *list);
    if (!list) return gbl_nomem(err, gbl_node_size(n) * sizeof *list);
    s->slo_class = list;
    for (const gbl_node *e = gbl_node_first(n); e; e = gbl_node_next(e)) {
        int code = bind_class(&list[s->n_slo_classes++], e, s->arena, err);
        if (!code) code = check_order(s, e, err);
        if (code) return code;
    }
    int any = gbl_scenario_slo_class(s, GBL_NULL_INT, GBL_NULL_INT);
    s->slo = any >= 0 ? list[any].slo : (gbl_slo){NULL, NAN, NAN, NAN, NAN, list[0].slo.attain};
    return 0;
}

int gbl_scenario_slo_class(const gbl_scenario *s, int64_t priority, int64_t tenant) {
    for (size_t i = 0; i < s->n_slo_classes; i++) {
        const gbl_slo_class *c = &s->slo_class[i];
        if ((c->priority == GBL_NULL_INT || c->priority == priority) && (c->tenant == GBL_NULL_INT || c->tenant == tenant)) return (int)i;
    }
    return -1;
}

void gbl_slo_spec_json(const gbl_scenario *s, gbl_json *j) {
    if (!s->n_slo_classes) {
        gbl_param_json_part("slo", rows, &s->slo, j);
        return;
    }
    gbl_json_arr(j, "slo");
    for (size_t i = 0; i < s->n_slo_classes; i++) {
        const gbl_slo_class *c = &s->slo_class[i];
        gbl_json_obj(j, NULL);
        if (c->priority != GBL_NULL_INT) gbl_json_int(j, "class", c->priority);
        if (c->tenant != GBL_NULL_INT) gbl_json_int(j, "tenant", c->tenant);
        gbl_param_json(rows, &c->slo, j);
        gbl_json_end(j);
    }
    gbl_json_end(j);
}

void gbl_slo_spec_schema(gbl_json *j) {
    gbl_json_obj(j, "slo");
    gbl_json_arr(j, "anyOf");
    gbl_param_schema_part(NULL, rows, NULL, j);
    gbl_json_end(j);
    gbl_json_raw(j, NULL, "{\"type\":\"string\"}");
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "type", "array");
    gbl_json_int(j, "minItems", 1);
    gbl_json_str(j, "description", "Bounds by class (priority) and tenant: the first that fits a request counts.");
    gbl_param_schema_open("items", j);
    gbl_json_raw(j, "class", "{\"description\":\"Priority of the requests that it is for; null: any.\",\"type\":[\"integer\",\"null\"],\"default\":null}");
    gbl_json_raw(j, "tenant", "{\"description\":\"Their tenant; null: any.\",\"type\":[\"integer\",\"null\"],\"default\":null}");
    gbl_param_schema(rows, j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
    gbl_json_end(j);
}
