/* cache.c - see cache.h. */
#include "validate/lab/cache.h"

#include <assert.h>
#include <string.h>

extern const gbl_cache_method gbl_cache_full, gbl_cache_random, gbl_cache_oracle, gbl_cache_streamingllm, gbl_cache_h2o, gbl_cache_scissorhands,
    gbl_cache_keyformer, gbl_cache_snapkv, gbl_cache_d2o, gbl_cache_mikv, gbl_cache_kvmerger, gbl_cache_elastic, gbl_cache_prefixkv,
    gbl_cache_mpcache, gbl_cache_windowkv, gbl_cache_cake;

const gbl_cache_method *const gbl_cache_methods[] = {
    &gbl_cache_full,   &gbl_cache_oracle,   &gbl_cache_random,  &gbl_cache_streamingllm, &gbl_cache_h2o,      &gbl_cache_scissorhands,
    &gbl_cache_keyformer, &gbl_cache_snapkv, &gbl_cache_d2o,    &gbl_cache_mikv,         &gbl_cache_kvmerger, &gbl_cache_elastic,
    &gbl_cache_prefixkv, &gbl_cache_mpcache, &gbl_cache_windowkv, &gbl_cache_cake,       NULL};

const gbl_cache_method *gbl_cache_find(const char *name)
{
    for (size_t i = 0; gbl_cache_methods[i]; i++)
        if (strcmp(gbl_cache_methods[i]->name, name) == 0) return gbl_cache_methods[i];
    return NULL;
}

void gbl_cache_keep(gbl_cache *c, int64_t j)
{
    assert(!c->in[j]);
    c->in[j] = 1;
    c->worth[j] = 1;
    c->held++;
}

void gbl_cache_evict(gbl_cache *c, int64_t j)
{
    assert(c->in[j]);
    c->in[j] = 0;
    c->worth[j] = 0;
    c->held--;
    for (int64_t i = 0; i < c->n; i++)
        if (c->into[i] == j) c->worth[i] = 0, c->into[i] = -1;
}

void gbl_cache_merge(gbl_cache *c, int64_t j, int64_t into, double worth)
{
    assert(!c->in[j] && c->in[into] && worth >= 0 && worth <= 1.001);
    c->into[j] = (int32_t)into;
    c->worth[j] = (float)fmin(worth, 1);
}

void gbl_cache_keep_all(gbl_cache *c)
{
    for (int64_t j = 0; j < c->n; j++) gbl_cache_keep(c, j);
}

/* ---------------------------------------------------------------- choosing ---- */

static int before(const double *score, int64_t a, int64_t b)
{
    return score[a] > score[b] || (score[a] == score[b] && a < b);
}

/* Quickselect (Hoare 1961): afterwards the k best are in front. The order is total, so the set is one, whatever the pivots. */
static void select_best(const double *score, int64_t *order, int64_t n, int64_t k)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        int64_t pivot = order[low + (high - low) / 2], i = low, j = high;
        while (i <= j) {
            while (before(score, order[i], pivot)) i++;
            while (before(score, pivot, order[j])) j--;
            if (i > j) break;
            int64_t swap = order[i];
            order[i++] = order[j];
            order[j--] = swap;
        }
        if (k - 1 <= j) high = j;
        else if (k - 1 >= i) low = i;
        else return;
    }
}

void gbl_cache_top(const double *score, int64_t low, int64_t high, int64_t k, int64_t *order, uint8_t *mark)
{
    int64_t n = high > low ? high - low : 0;
    if (k > n) k = n;
    for (int64_t i = 0; i < n; i++) order[i] = low + i;
    if (k > 0 && k < n) select_best(score, order, n, k);
    for (int64_t i = 0; i < k; i++) mark[order[i]] = 1;
}

void gbl_cache_keep_top(gbl_cache *c, const double *score, int64_t low, int64_t high, int64_t k)
{
    int64_t n = high > low ? high - low : 0;
    if (k > n) k = n;
    for (int64_t i = 0; i < n; i++) c->order[i] = low + i;
    if (k > 0 && k < n) select_best(score, c->order, n, k);
    for (int64_t i = 0; i < k; i++) gbl_cache_keep(c, c->order[i]);
}

int64_t gbl_cache_least(const gbl_cache *c, const double *score, int64_t low, int64_t high)
{
    int64_t least = -1;
    for (int64_t j = low; j < high; j++)
        if (c->in[j] && (least < 0 || score[j] < score[least])) least = j;
    return least;
}

int64_t gbl_cache_recent(const gbl_cache *c, int64_t recent)
{
    int64_t j = c->n;
    while (j > 0 && recent > 0) recent -= c->in[--j];
    return j;
}

/* ---------------------------------------------------------------- scores ---- */

double gbl_cache_mass(const gbl_cache *c, const gbl_row *row)
{
    double sum = 0;
    for (int64_t j = 0; j <= row->t; j++)
        if (c->in[j]) sum += (double)row->a[j];
    return sum;
}

void gbl_cache_gather(gbl_cache *c, const gbl_row *row)
{
    double mass = gbl_cache_mass(c, row);
    if (!(mass > 0)) return;
    for (int64_t j = 0; j <= row->t; j++)
        if (c->in[j]) c->score[j] += (double)row->a[j] / mass;
}

/* Eight sums side by side: the compiler may not reorder one. */
double gbl_cache_alike(const gbl_cache *c, int64_t a, int64_t b)
{
    const float *x = c->key + a * c->key_dims, *y = c->key + b * c->key_dims;
    float part[8] = {0}, sum = 0;
    int d = 0;
    for (; d + 8 <= c->key_dims; d += 8)
        for (int i = 0; i < 8; i++) part[i] += x[d + i] * y[d + i];
    for (; d < c->key_dims; d++) sum += x[d] * y[d];
    for (int i = 0; i < 8; i++) sum += part[i];
    return sum > 1 ? 1 : sum > 0 ? (double)sum : 0;
}

void gbl_note_sums(gbl_note *n, const gbl_row *row)
{
    for (int64_t j = 0; j <= row->t; j++) n->sum[0][j] += row->stands_for * (double)row->a[j];
}
