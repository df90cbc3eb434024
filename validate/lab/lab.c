/* lab.c - see lab.h. Two passes: the prompt's rows of all layers make the notes, then, layer by layer, every method at every budget
 * walks the generated rows side by side. */
#include "validate/lab/lab.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/param.h"
#include "reports/stats.h"

/* Of a row's mass: then the head looks at the needle. Assumed; Wu et al. ("Retrieval head", 2024) take the largest weight. */
static const double looks = 0.1;
static const double most_bytes = 0x1p36;

typedef struct track {
    const gbl_cache_method *how;
    const void *opt;
    int units;         /* of a layer */
    gbl_note *note;    /* [layers x units] */
    double *tokens;    /* [budget x layers] */
    gbl_cache *cache;  /* [budget x units], of the layer at hand */
    double *mass;      /* [budget x (layers x heads x generated rows)] */
    double recall[GBL_LAB_BUDGETS];
} track;

typedef struct bench {
    gbl_lab *lab;
    gbl_attention *a;
    gbl_err *err;
    gbl_arena *arena;
    int lost; /* an allocation failed */
    track *track;
    float *row, *mean;  /* [heads x tokens]; [(kv_heads + 1) x tokens]: what the units see, the layer last */
    float *key, *worth; /* [(kv_heads + 1) x tokens x dims]; [tokens] */
    int64_t rows;       /* generated, of all heads and layers */
    double done, total; /* for the progress */
} bench;

static void *take(bench *b, int64_t n, size_t size)
{
    assert(n >= 0);
    void *p = (uint64_t)n < SIZE_MAX / 2 / (size ? size : 1) ? gbl_arena_take(b->arena, n > 0 && size > 0 ? (size_t)n * size : 1) : NULL;
    b->lost |= !p;
    return p;
}

/* ---------------------------------------------------------------- memory ---- */

static void make_notes(bench *b, track *k)
{
    const gbl_attention *a = b->a;
    k->note = take(b, (int64_t)a->layers * k->units, sizeof *k->note);
    for (int i = 0; i < a->layers * k->units && !b->lost; i++) {
        gbl_note *n = &k->note[i];
        *n = (gbl_note){.tokens = a->tokens, .prompt = a->prompt, .last = -1, .seed = b->lab->seed, .opt = k->opt};
        n->id = (uint64_t)a->layer[i / k->units] << 16 | (uint64_t)(i % k->units);
        for (int s = 0; s < GBL_NOTE_ARRAYS; s++) n->sum[s] = take(b, a->tokens, sizeof(double));
        n->extra = take(b, 1, k->how->note_extra ? k->how->note_extra(a->tokens) : 0);
    }
}

static void make_caches(bench *b, track *k)
{
    int64_t tokens = b->a->tokens;
    int n = (int)b->lab->n_budgets * k->units;
    k->cache = take(b, n, sizeof *k->cache);
    for (int i = 0; i < n && !b->lost; i++) {
        gbl_cache *c = &k->cache[i];
        c->in = take(b, tokens, sizeof *c->in);
        c->worth = take(b, tokens, sizeof *c->worth);
        c->into = take(b, tokens, sizeof *c->into);
        c->score = take(b, tokens, sizeof *c->score);
        c->second = take(b, tokens, sizeof *c->second);
        c->extra = take(b, 1, k->how->extra ? k->how->extra(tokens) : 0);
        c->order = i ? k->cache[0].order : take(b, 2 * tokens, sizeof *c->order);
        c->cell = i ? k->cache[0].cell : take(b, tokens, sizeof *c->cell);
    }
}

static const void *defaults(bench *b, const gbl_cache_method *how)
{
    void *opt = how->params ? take(b, 1, how->opt_size) : NULL;
    if (opt && gbl_param_defaults(how->params, opt, b->arena, b->err)) b->lost = 1;
    return opt;
}

static int make(bench *b)
{
    const gbl_attention *a = b->a;
    int64_t made = a->tokens - a->prompt;
    b->rows = made * a->heads * a->layers;
    b->total = (double)a->n_rows * a->layers;
    b->track = take(b, (int64_t)b->lab->n_methods, sizeof *b->track);
    b->row = take(b, a->heads * a->tokens, sizeof *b->row);
    b->mean = take(b, (a->kv_heads + 1) * a->tokens, sizeof *b->mean);
    b->key = take(b, (a->kv_heads + 1) * a->tokens * a->key_dims, sizeof *b->key);
    b->worth = take(b, a->tokens, sizeof *b->worth);
    for (size_t m = 0; m < b->lab->n_methods && !b->lost; m++) {
        track *k = &b->track[m];
        k->how = b->lab->method[m];
        k->units = k->how->sets == GBL_SETS_LAYER ? 1 : a->kv_heads;
        k->opt = b->lab->opt[m] ? b->lab->opt[m] : defaults(b, k->how);
        k->tokens = take(b, (int64_t)b->lab->n_budgets * a->layers, sizeof *k->tokens);
        k->mass = take(b, (int64_t)b->lab->n_budgets * b->rows, sizeof *k->mass);
        if (!b->lost) make_notes(b, k);
        if (!b->lost) make_caches(b, k);
    }
    return b->lost ? gbl_nomem(b->err, (size_t)a->tokens * b->lab->n_methods * 64) : GBL_OK;
}

/* ---------------------------------------------------------------- rows ---- */

/* All heads of a layer at query t, and the means that the units see. */
static int load_row(bench *b, int layer, int64_t t)
{
    gbl_attention *a = b->a;
    int group = a->heads / a->kv_heads;
    float *all = b->mean + a->kv_heads * a->tokens;
    for (int u = 0; u <= a->kv_heads; u++) memset(b->mean + u * a->tokens, 0, (size_t)(t + 1) * sizeof *b->mean);
    for (int h = 0; h < a->heads; h++) {
        float *row = b->row + h * a->tokens, *mean = b->mean + h / group * a->tokens;
        if (a->row(a, layer, h, t, row, b->err)) return b->err->code;
        for (int64_t j = 0; j <= t; j++) mean[j] += row[j] / (float)group, all[j] += row[j] / (float)a->heads;
    }
    gbl_progress_tick(b->lab->progress, ++b->done, b->total, NULL);
    if (!b->lab->stop || !*b->lab->stop) return GBL_OK;
    return gbl_fail(b->err, *b->lab->stop == 15 ? GBL_ETERM : GBL_EINTERRUPT, "interrupted");
}

static gbl_row unit_row(const bench *b, const track *k, int unit, int64_t t, double stands_for)
{
    int at = k->how->sets == GBL_SETS_LAYER ? b->a->kv_heads : unit;
    return (gbl_row){t, b->mean + at * b->a->tokens, stands_for};
}

/* ---------------------------------------------------------------- the prompt ---- */

/* The layer that chooses for this one: the first that is here of its span. */
static int leader(const bench *b, const track *k, int layer)
{
    const int *number = b->a->layer;
    int first = layer, span = k->how->span;
    while (span > 1 && first > 0 && number[first - 1] / span == number[layer] / span) first--;
    return first;
}

static void observe(bench *b, track *k, int layer, int64_t t)
{
    if (!k->how->observe || leader(b, k, layer) != layer) return;
    for (int u = 0; u < k->units; u++) {
        gbl_note *n = &k->note[layer * k->units + u];
        gbl_row row = unit_row(b, k, u, t, (double)(t - n->last));
        k->how->observe(n, &row);
        n->last = t;
        n->rows++;
    }
}

static int read_prompt(bench *b)
{
    for (int l = 0; l < b->a->layers; l++)
        for (int64_t i = 0; i < b->a->n_rows && b->a->rows[i] < b->a->prompt; i++) {
            if (load_row(b, l, b->a->rows[i])) return b->err->code;
            for (size_t m = 0; m < b->lab->n_methods; m++) observe(b, &b->track[m], l, b->a->rows[i]);
        }
    return GBL_OK;
}

static void share_out(bench *b, track *k)
{
    for (size_t i = 0; i < b->lab->n_budgets; i++) {
        double *tokens = k->tokens + (int64_t)i * b->a->layers, budget = b->lab->budget[i] * (double)b->a->prompt;
        gbl_shares s = {b->a->layers, b->a->model_layers, k->units, b->a->layer, k->note, b->a->prompt, budget, k->opt, tokens};
        for (int l = 0; l < b->a->layers; l++) tokens[l] = budget;
        if (k->how->share) k->how->share(&s);
    }
}

/* ---------------------------------------------------------------- what is generated ---- */

static void reset(bench *b, const track *k, gbl_cache *c, size_t budget, int layer, int unit)
{
    const gbl_attention *a = b->a;
    double tokens = floor(k->tokens[(int64_t)budget * a->layers + layer] + 0.5);
    size_t n = (size_t)a->tokens;
    memset(c->in, 0, n * sizeof *c->in);
    memset(c->worth, 0, n * sizeof *c->worth);
    memset(c->score, 0, n * sizeof *c->score);
    memset(c->second, 0, n * sizeof *c->second);
    if (k->how->extra) memset(c->extra, 0, k->how->extra(a->tokens));
    for (size_t j = 0; j < n; j++) c->into[j] = -1;
    c->tokens = a->tokens;
    c->prompt = c->n = a->prompt;
    c->budget = (int64_t)fmin(fmax(tokens, 1), (double)a->prompt);
    c->held = 0;
    c->number = 0;
    int at = k->how->sets == GBL_SETS_LAYER ? a->kv_heads : unit;
    c->key = a->key_dims ? b->key + at * a->tokens * a->key_dims : NULL;
    c->key_dims = a->key_dims;
    c->layer = a->layer[layer];
    c->model_layers = a->model_layers;
    c->seed = b->lab->seed;
    c->opt = k->opt;
    c->unit = unit;
    c->id = (uint64_t)a->layer[layer] << 16 | (uint64_t)unit;
}

/* Keys of all KV heads, and their mean's direction for layers that hold one set. */
static int load_keys(bench *b, int layer)
{
    gbl_attention *a = b->a;
    int64_t n = a->tokens * a->key_dims;
    float *mean = b->key + a->kv_heads * n;
    memset(mean, 0, (size_t)n * sizeof *mean);
    for (int u = 0; u < a->kv_heads && n; u++) {
        if (a->keys(a, layer, u, b->key + u * n, b->err)) return b->err->code;
        for (int64_t i = 0; i < n; i++) mean[i] += b->key[u * n + i];
    }
    for (int64_t t = 0; t < a->tokens && n; t++) {
        double square = 0;
        for (int d = 0; d < a->key_dims; d++) square += (double)mean[t * a->key_dims + d] * (double)mean[t * a->key_dims + d];
        for (int d = 0; d < a->key_dims && square > 0; d++) mean[t * a->key_dims + d] = (float)((double)mean[t * a->key_dims + d] / sqrt(square));
    }
    return GBL_OK;
}

static int choose(bench *b, int layer)
{
    if (load_keys(b, layer)) return b->err->code;
    for (size_t m = 0; m < b->lab->n_methods; m++) {
        track *k = &b->track[m];
        for (size_t i = 0; i < b->lab->n_budgets; i++)
            for (int u = 0; u < k->units; u++) {
                gbl_cache *c = &k->cache[i * (size_t)k->units + (size_t)u];
                reset(b, k, c, i, layer, u);
                k->how->choose(c, &k->note[leader(b, k, layer) * k->units + u]);
            }
    }
    return GBL_OK;
}

/* What is left of the attention to the needle that is asked for now; adds to recall and to the count of heads that looked. */
static void find_needle(const bench *b, const float *row, const float *worth, int64_t t, double *recall, int64_t *n)
{
    for (int64_t i = 0; i < b->a->n_needles; i++) {
        const gbl_needle *d = &b->a->needles[i];
        double there = 0, left = 0;
        if (d->query != t) continue;
        for (int64_t j = d->first; j < (int64_t)d->first + d->count; j++) there += (double)row[j], left += (double)row[j] * (double)worth[j];
        if (there < looks) continue;
        *recall += left / there;
        (*n)++;
    }
}

/* One method at one budget in one unit: the heads that share it look, then it may drop. */
static void walk(bench *b, track *k, size_t budget, int unit, int layer, int64_t t)
{
    const gbl_attention *a = b->a;
    gbl_cache *c = &k->cache[budget * (size_t)k->units + (size_t)unit];
    gbl_lab_cell *cell = &b->lab->cell[k - b->track][budget];
    int heads = a->heads / k->units, first = unit * heads;
    double all = (double)(t + 1) * k->units * (double)(a->tokens - a->prompt) * a->layers, read = 0;
    int64_t seen = 0;
    double merged = 0;
    c->n = t + 1;
    gbl_cache_keep(c, t);
    for (int h = first; h < first + heads; h++) {
        gbl_row row = {t, b->row + h * a->tokens, 1};
        const float *worth = c->worth;
        double mass = 0, sum = 0;
        if (k->how->read) k->how->read(c, &row, b->worth), worth = b->worth;
        for (int64_t j = 0; j <= t; j++) sum += (double)row.a[j], mass += (double)row.a[j] * (double)worth[j];
        for (int64_t j = 0; j <= t && k->how->read; j++) read += (double)worth[j] / heads;
        for (int64_t j = 0; j <= t && k->how->needs_keys; j++)
            if (!c->in[j]) merged += (double)row.a[j] * (double)worth[j];
        k->mass[(int64_t)budget * b->rows + ((int64_t)layer * a->heads + h) * (a->tokens - a->prompt) + t - a->prompt] = mass / sum; /* in single precision a row's sum is not quite 1 */
        find_needle(b, row.a, worth, t, &k->recall[budget], &seen);
    }
    if (k == b->track && budget == 0) b->lab->needles += seen;
    cell->in_place -= merged / (double)b->rows;
    cell->held += (k->how->bytes ? k->how->bytes(c) : (double)c->held) / all;
    cell->read += (k->how->read ? read : (double)c->held) / all;
    gbl_row row = unit_row(b, k, unit, t, 1);
    if (k->how->step) k->how->step(c, &row);
}

static void show(const bench *b, int end)
{
    for (size_t m = 0; m < b->lab->n_methods && b->lab->see; m++)
        for (size_t i = 0; i < b->lab->n_budgets * (size_t)b->track[m].units; i++)
            b->lab->see(b->lab->to, m, i / (size_t)b->track[m].units, &b->track[m].cache[i], end);
}

static int generate(bench *b)
{
    for (int l = 0; l < b->a->layers; l++) {
        if (choose(b, l)) return b->err->code;
        show(b, 0);
        for (int64_t t = b->a->prompt; t < b->a->tokens; t++) {
            if (load_row(b, l, t)) return b->err->code;
            for (size_t m = 0; m < b->lab->n_methods; m++)
                for (size_t i = 0; i < b->lab->n_budgets; i++)
                    for (int u = 0; u < b->track[m].units; u++) walk(b, &b->track[m], i, u, l, t);
        }
        show(b, 1);
    }
    return GBL_OK;
}

/* ---------------------------------------------------------------- results ---- */

static void sum_up(bench *b)
{
    b->lab->rows = b->rows;
    for (size_t m = 0; m < b->lab->n_methods; m++)
        for (size_t i = 0; i < b->lab->n_budgets; i++) {
            gbl_lab_cell *cell = &b->lab->cell[m][i];
            double *mass = b->track[m].mass + (int64_t)i * b->rows;
            cell->mass = gbl_stat_mean(mass, (size_t)b->rows);
            cell->in_place += cell->mass;
            gbl_stat_sort(mass, (size_t)b->rows);
            cell->p5 = gbl_stat_percentile(mass, (size_t)b->rows, 0.05);
            cell->recall = b->lab->needles ? b->track[m].recall[i] / (double)b->lab->needles : NAN;
        }
}

/* What make() will take, but for small change: told before a machine is brought to its knees. */
static int check_memory(const gbl_lab *lab, const gbl_attention *a, gbl_err *err)
{
    double bytes = 0, n = (double)a->tokens;
    for (size_t m = 0; m < lab->n_methods; m++) {
        const gbl_cache_method *how = lab->method[m];
        double units = how->sets == GBL_SETS_LAYER ? 1 : a->kv_heads;
        double note = n * GBL_NOTE_ARRAYS * sizeof(double) + (how->note_extra ? (double)how->note_extra(a->tokens) : 0);
        double cache = n * (1 + sizeof(float) + sizeof(int32_t) + 2 * sizeof(double)) + (how->extra ? (double)how->extra(a->tokens) : 0);
        double mass = (double)(a->tokens - a->prompt) * a->heads * a->layers * sizeof(double);
        bytes += units * (a->layers * note + (double)lab->n_budgets * cache) + (double)lab->n_budgets * mass;
    }
    if (bytes <= most_bytes) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "%s would take %.0f GiB of memory", a->label, bytes / 0x1p30);
    return gbl_expected(err, "at most %.0f: fewer tokens, layers, heads, budgets or methods", most_bytes / 0x1p30);
}

static int check(const gbl_lab *lab, const gbl_attention *a, gbl_err *err)
{
    assert(lab->n_methods >= 1 && lab->n_methods <= GBL_LAB_METHODS && lab->n_budgets >= 1 && lab->n_budgets <= GBL_LAB_BUDGETS);
    for (size_t m = 0; m < lab->n_methods; m++)
        if (lab->method[m]->needs_keys && !a->key_dims) {
            gbl_fail(err, GBL_EINPUT, "%s compares keys, and %s has none", lab->method[m]->name, a->label);
            return gbl_expected(err, "a recording with keys, or other methods");
        }
    return check_memory(lab, a, err);
}

int gbl_lab_run(gbl_lab *lab, gbl_attention *a, gbl_err *err)
{
    bench b = {.lab = lab, .a = a, .err = err};
    if (check(lab, a, err)) return err->code;
    memset(lab->cell, 0, sizeof lab->cell);
    lab->needles = 0;
    if (!(b.arena = gbl_arena_new())) return gbl_nomem(err, 0);
    int code = make(&b);
    if (!code) code = read_prompt(&b);
    for (size_t m = 0; m < lab->n_methods && !code; m++) share_out(&b, &b.track[m]);
    if (!code) code = generate(&b);
    if (!code) sum_up(&b);
    gbl_arena_free(b.arena);
    return code;
}

const char *gbl_lab_name(const gbl_lab *lab, size_t method)
{
    return lab->label[method] ? lab->label[method] : lab->method[method]->name;
}

double gbl_lab_mean(const gbl_lab *lab, size_t method)
{
    double sum = 0;
    for (size_t i = 0; i < lab->n_budgets; i++) sum += lab->cell[method][i].mass;
    return sum / (double)lab->n_budgets;
}

void gbl_lab_order(const gbl_lab *lab, size_t *order)
{
    for (size_t m = 0; m < lab->n_methods; m++) {
        size_t at = m;
        for (; at > 0 && gbl_lab_mean(lab, order[at - 1]) < gbl_lab_mean(lab, m); at--) order[at] = order[at - 1];
        order[at] = m;
    }
}
