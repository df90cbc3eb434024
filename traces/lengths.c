/* lengths.c - how many tokens: distributions by their quantile function, so that one uniform makes one length. */
#include <math.h>
#include <stdlib.h>
#include "base/param.h"
#include "base/random.h"
#include "base/text.h"
#include "traces/generate.h"
#include "traces/reader.h"

enum { FIXED, UNIFORM, LOGNORMAL, GEOMETRIC, HISTOGRAM, COLUMN };
#define AT(FIELD) offsetof(gbl_length, FIELD)
#define MOST ((double)GBL_ROW_TOKENS)

static const gbl_param fixed_params[] = {{"tokens", GBL_P_INT, 0, AT(tokens), "128", 1, MOST, "tokens", NULL, "Tokens of every request."}, {NULL}};
static const gbl_param uniform_params[] = {
    {"low", GBL_P_INT, 0, AT(low), "1", 1, MOST, "tokens", NULL, "Smallest length."},
    {"high", GBL_P_INT, 0, AT(high), "1024", 1, MOST, "tokens", NULL, "Largest length, itself possible."},
    {NULL}};
/* Defaults: mean and deviation of ln(ContextTokens) of the Azure 2023 conversation trace, capped at Llama 3.1's context. */
static const gbl_param lognormal_params[] = {
    {"mu", GBL_P_REAL, 0, AT(mu), "6.63", -20, 20, "ln tokens", NULL, "Mean of the logarithm."},
    {"sigma", GBL_P_REAL, 0, AT(sigma), "0.99", 0, 10, "ln tokens", NULL, "Standard deviation of the logarithm."},
    {"low", GBL_P_INT, 0, AT(low), "1", 1, MOST, "tokens", NULL, "Shorter draws become this."},
    {"high", GBL_P_INT, 0, AT(high), "131072", 1, MOST, "tokens", NULL, "Longer draws become this."},
    {NULL}};
static const gbl_param geometric_params[] = {{"mean", GBL_P_REAL, 0, AT(mean), "128", 1, 1e8, "tokens", NULL, "Mean length; the shortest is 1."}, {NULL}};
static const gbl_param histogram_params[] = {
    {"file", GBL_P_STR, GBL_P_NULLABLE, AT(file), "null", 1, 0, NULL, NULL, "CSV with columns tokens and weight."}, {NULL}};
static const gbl_param column_params[] = {
    {"file", GBL_P_STR, GBL_P_NULLABLE, AT(file), "null", 1, 0, NULL, NULL, "CSV with a header."},
    {"column", GBL_P_STR, 0, AT(column), "\"tokens\"", 1, 0, NULL, NULL, "Column of token counts, each drawn equally often."},
    {NULL}};

const gbl_use gbl_length_kinds[] = {
    [FIXED] = {"fixed", "always the same", fixed_params},
    [UNIFORM] = {"uniform", "whole numbers from low to high, all equally likely", uniform_params},
    [LOGNORMAL] = {"lognormal", "rounded log-normal, clipped to low..high", lognormal_params},
    [GEOMETRIC] = {"geometric", "geometric from 1 on: the discrete memoryless length", geometric_params},
    [HISTOGRAM] = {"histogram", "token counts by weight, from a file", histogram_params},
    [COLUMN] = {"file", "token counts as often as they occur in a column of a file", column_params},
    {NULL}};

int gbl_length_bind(gbl_length *l, const gbl_node *n, const char *dflt, gbl_arena *a, gbl_err *err)
{
    *l = (gbl_length){.low = 1, .high = 1};
    l->kind = gbl_use_bind(gbl_length_kinds, l, "length distribution", n, dflt, a, err);
    if (l->kind < 0) return err->code;
    if (l->low > l->high) {
        gbl_node_fail(n, err, "low %lld is above high %lld", (long long)l->low, (long long)l->high);
        return gbl_expected(err, "low <= high");
    }
    if ((l->kind == HISTOGRAM || l->kind == COLUMN) && !l->file) {
        gbl_node_fail(n, err, "%s needs a file", gbl_length_kinds[l->kind].name);
        return gbl_expected(err, "{\"use\": \"%s\", \"file\": path, ...}", gbl_length_kinds[l->kind].name);
    }
    return 0;
}

/* ---- lengths from files ---- */

typedef struct weighted {
    int64_t value;
    double weight;
} weighted;
typedef struct pile {
    weighted *items;
    size_t n, room;
} pile;

static int take(pile *p, double tokens, double weight, const char **why)
{
    if (!(tokens >= 1 && tokens <= MOST) || floor(tokens) != tokens) *why = "tokens is not a whole number from 1 to 1,000,000,000";
    else if (!(weight >= 0 && weight <= 1e15)) *why = "weight is not between 0 and 1e15";
    if (*why || gbl_grow(&p->items, &p->room, p->n + 1, sizeof *p->items)) return -1;
    p->items[p->n++] = (weighted){(int64_t)tokens, weight};
    return 0;
}
static int take_weighted(void *to, const double *v, const char **why) { return take(to, v[0], v[1], why); }
static int take_one(void *to, const double *v, const char **why) { return take(to, v[0], 1, why); }

static int by_value(const void *a, const void *b)
{
    int64_t x = ((const weighted *)a)->value, y = ((const weighted *)b)->value;
    return (x > y) - (x < y);
}

static int pile_up(gbl_length *l, pile *p, const char *path, gbl_err *err)
{
    double sum = 0;
    for (size_t i = 0; i < p->n; i++) sum += p->items[i].weight;
    if (!(sum > 0)) {
        gbl_fail(err, GBL_EINPUT, "no token counts to draw from");
        gbl_where(err, "%s", path);
        return gbl_expected(err, "a row of tokens, with a weight above 0 in a histogram");
    }
    qsort(p->items, p->n, sizeof *p->items, by_value);
    l->value = gbl_alloc(p->n, sizeof *l->value);
    l->share = gbl_alloc(p->n, sizeof *l->share);
    if (!l->value || !l->share) return gbl_nomem(err, p->n * sizeof *l->value);
    double below = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->items[i].weight <= 0) continue;
        below += p->items[i].weight;
        if (!l->n || l->value[l->n - 1] != p->items[i].value) l->value[l->n++] = p->items[i].value;
        l->share[l->n - 1] = below / sum;
    }
    return 0;
}

int gbl_length_load(gbl_length *l, const gbl_node *n, gbl_arena *a, gbl_err *err)
{
    static const char *const histogram[] = {"tokens", "weight"};
    if (l->kind != HISTOGRAM && l->kind != COLUMN) return 0;
    pile p = {NULL, 0, 0};
    const char *path = gbl_find_path(a, gbl_doc_folder(gbl_node_doc(n)), l->file);
    int rc = !path ? gbl_nomem(err, 0)
             : l->kind == HISTOGRAM ? gbl_columns_read(path, histogram, 2, take_weighted, &p, err)
                                    : gbl_columns_read(path, &l->column, 1, take_one, &p, err);
    if (!rc) rc = pile_up(l, &p, path, err);
    gbl_free(p.items);
    return rc;
}

int gbl_length_varies(const gbl_length *l)
{
    return l->kind != FIXED && !(l->kind == UNIFORM && l->low == l->high) && !(l->kind == LOGNORMAL && l->sigma <= 0) && !(l->kind == GEOMETRIC && l->mean <= 1);
}

void gbl_length_fini(gbl_length *l)
{
    gbl_free(l->value);
    gbl_free(l->share);
    l->value = NULL;
    l->share = NULL;
}

static int64_t look_up(const gbl_length *l, double u)
{
    int64_t low = 0, high = l->n - 1;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (l->share[mid] > u) high = mid;
        else low = mid + 1;
    }
    return l->value[low];
}

static int64_t clip(double v, int64_t low, int64_t high)
{
    return v <= (double)low ? low : v >= (double)high ? high : (int64_t)floor(v + 0.5);
}

int64_t gbl_length_draw(const gbl_length *l, double u)
{
    switch (l->kind) {
    case FIXED: return l->tokens;
    case UNIFORM: return clip(floor(u * (double)(l->high - l->low + 1)) + (double)l->low, l->low, l->high);
    case LOGNORMAL: return clip(gbl_q_lognormal(u, l->mu, l->sigma), l->low, l->high);
    case GEOMETRIC: return clip((double)gbl_q_geometric(u, l->mean), 1, GBL_ROW_TOKENS);
    default: return look_up(l, u);
    }
}

void gbl_length_schema(const char *key, gbl_json *j) { gbl_use_schema(gbl_length_kinds, key, "tokens of a request", j); }
void gbl_length_help(FILE *to) { gbl_use_help(gbl_length_kinds, "length", to); }
void gbl_length_json(const gbl_length *l, const char *key, gbl_json *j)
{
    gbl_json_obj(j, key);
    gbl_json_str(j, "use", gbl_length_kinds[l->kind].name);
    gbl_param_json(gbl_length_kinds[l->kind].params, l, j);
    gbl_json_end(j);
}
